"""What the figures allow one to say, and what not: sentences computed from the intervals, claiming no more than these.

Better and worse are said only where the interval of the difference lies on one side of zero, the p-value after Holm's adjustment is below
the level, and there are users enough for an interval to mean anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from memlearn.evaluation.report.figures import change, changes, level_name, metric_title, number, p_value, percent, signed
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Against, Evaluation, MethodResult, Missing

FEW_USERS = 20
"""With fewer users a bootstrap interval is too narrow to claim anything by."""

BETTER, WORSE, UNCLEAR = "better", "worse", "unclear"


def outcome(against: Against, level: float) -> str:
    """What may be claimed of ours against another method."""
    if against.users < FEW_USERS or against.p_holm >= 1 - level:
        return UNCLEAR
    if against.difference.low > 0:
        return BETTER
    return WORSE if against.difference.high < 0 else UNCLEAR


def strongest(evaluation: Evaluation, part: str = "all", metric: str | None = None) -> MethodResult | None:
    """The method that is not ours with the highest mean; of equal ones the first. None where no other has a mean."""
    name = metric or evaluation.protocol.main
    found: MethodResult | None = None
    for one in evaluation.methods:
        if one.name != evaluation.ours and _mean(one, part, name) > (-1.0 if found is None else _mean(found, part, name)):
            found = one
    return found


def _mean(method: MethodResult, part: str, metric: str) -> float:
    figures = {"all": method.metrics, "repeat": method.repeat.metrics, "explore": method.explore.metrics}[part]
    figure = figures.get(metric, Missing(""))
    return -1.0 if isinstance(figure, Missing) else figure.mean


def summary(evaluation: Evaluation) -> tuple[str, ...]:
    """The sentences at the top: what was found, where it comes from, and what cannot be said."""
    return tuple(part for part in (verdict(evaluation), sources(evaluation), unseen(evaluation)) if part)


def verdict(evaluation: Evaluation) -> str:
    """Ours against the strongest of the others, and against all of them."""
    leader = strongest(evaluation)
    if leader is None:
        return "There is nothing to compare: no other method has a figure."
    main, level = metric_title(evaluation.protocol.main), evaluation.protocol.level
    against = evaluation.compared("all", evaluation.protocol.main)
    if evaluation.ours is None or leader.name not in against:
        return (
            f"{leader.title} has the highest {main}, {number(_mean(leader, 'all', evaluation.protocol.main))}; "
            "no method is marked as ours, so none is claimed to be better than another."
        )
    ours, one = evaluation.method(evaluation.ours), against[leader.name]
    figures = (
        f"{main} is {number(_mean(ours, 'all', evaluation.protocol.main))} against "
        f"{number(_mean(leader, 'all', evaluation.protocol.main))} ({_gap(one, level)})"
    )
    kind = {name: outcome(other, level) for name, other in against.items()}
    if kind[leader.name] == UNCLEAR:
        start = (
            f"{ours.title} cannot be told from {leader.title}, the strongest of the others: {figures}; {_why(one, level, len(against))}."
        )
    else:
        start = f"{ours.title} ranks {kind[leader.name]} than {leader.title}, the strongest of the others: {figures}."
    return f"{start} {_others(evaluation, kind)}".strip()


def _gap(one: Against, level: float) -> str:
    if isinstance(one.ratio, Interval):
        return f"{change(one.ratio.mean)}, {level_name(level)} interval {changes(one.ratio)}"
    gap = one.difference
    return f"a difference of {signed(gap.mean)}, {level_name(level)} interval {signed(gap.low)} to {signed(gap.high)}"


def _why(one: Against, level: float, methods: int) -> str:
    if one.users < FEW_USERS:
        return f"{one.users} users are too few to claim anything by"
    if not one.difference.low < one.difference.high and not one.difference.mean:
        return "both have the same figure for every user"
    if one.difference.low <= 0 <= one.difference.high:
        return "no difference at all lies within the interval"
    return f"adjusted for {methods} comparisons the p-value is {p_value(one.p_holm)}, not below {1 - level:.2g}"


def _others(evaluation: Evaluation, kind: dict[str, str]) -> str:
    """How many of the other methods ours is better and worse than, where that is more than one."""
    if len(kind) < 2:  # noqa: PLR2004 the strongest was spoken of
        return ""
    better = [name for name, own in kind.items() if own == BETTER]
    if len(better) == len(kind):
        return f"It is better than each of the {len(kind)} methods it was compared with."
    named = [
        f"{words} {_names(evaluation, names)}"
        for words, own in (("better than", BETTER), ("worse than", WORSE), ("not to be told from", UNCLEAR))
        if (names := [name for name, found in kind.items() if found == own])
    ]
    return f"Of {len(kind)} methods, it is {'; '.join(named)}."


def _names(evaluation: Evaluation, names: Sequence[str]) -> str:
    return ", ".join(evaluation.method(name).title for name in names)


def sources(evaluation: Evaluation) -> str:
    """How much of what users bought again, and of what was new to them, is found."""
    shown = None if evaluation.ours is None else evaluation.method(evaluation.ours)
    if shown is None:
        return ""
    k = evaluation.protocol.main.partition("@")[2]
    metric, level = f"recall@{k}", evaluation.protocol.level
    repeat, explore = shown.repeat.metrics.get(metric), shown.explore.metrics.get(metric)
    said = [
        f"{percent(figure.mean)} ({percent(figure.low)} to {percent(figure.high)}) of what {words}"
        for words, figure in (("a user bought again", repeat), ("was new to them", explore))
        if isinstance(figure, Interval)
    ]
    if not said:
        return ""
    found = f"On average its first {k} places hold {' and '.join(said)}."
    rival = strongest(evaluation, "explore", metric)
    one = None if rival is None else evaluation.compared("explore", metric).get(rival.name)
    if rival is None or one is None:
        return found
    words = {BETTER: "better than", WORSE: "worse than", UNCLEAR: "not to be told from"}[outcome(one, level)]
    return f"{found} On what is new it is {words} {rival.title}, the strongest of the others there ({_gap(one, level)})."


def unseen(evaluation: Evaluation) -> str:
    """Which differences so many users cannot show."""
    users, leader = evaluation.users.judged, strongest(evaluation)
    one = None if leader is None else evaluation.compared("all", evaluation.protocol.main).get(leader.name)
    if users < FEW_USERS:
        return f"Only {users} users could be judged; with fewer than {FEW_USERS} nothing can be claimed."
    if leader is None or one is None:
        return f"{users:,} users were judged."
    reach = (one.difference.high - one.difference.low) / 2
    if not reach:
        return f"{users:,} users were judged; the difference from {leader.title} is the same for all of them, so they cannot say how far it reaches."
    mean = _mean(leader, "all", evaluation.protocol.main)
    share = f", {percent(reach / mean)} of its figure," if mean > 0 else ""
    main = metric_title(evaluation.protocol.main)
    return (
        f"With {users:,} users, a difference from {leader.title} below about {number(reach)} in {main}{share} cannot be told from chance."
    )


def cautions(evaluation: Evaluation) -> tuple[str, ...]:
    """What no figure here says."""
    look = (
        "This is a look at the test period. It is worth what it says only the first time: whoever changes settings after it needs another period."
        if evaluation.subject.final
        else "This is validation: settings were chosen on this or a like period, which flatters. Only a look at the test period decides."
    )
    tuned = [one.title for one in evaluation.methods if one.tuning is None and one.name != evaluation.ours]
    bare = f" Not tuned, or with nothing to tune: {', '.join(tuned)}." if tuned else ""
    return (
        f"{look}{bare}",
        "The figures say how well what users bought by themselves was foreseen. They do not say that showing an item makes anybody buy it.",
    )
