"""Claims that something was there at all: in June, on 3 and 5 May, since March, from May to July, on Saturdays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, limit_mask, name_groups, name_mask, period_groups, what
from memlearn.grounding.freetext.view import Mask

_BESIDE = 3
_AGGREGATES = frozenset({"total", "mean", "median", "max", "min"})


def read_presence(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """That there was something at all: needs a name or a kind beside a time, or two names."""
    if clause.tags & {*_AGGREGATES, "above", "below", "number", "usual", "per"} or clause.of(el.Per):
        return None
    names, limits = clause.of(el.Name), [*clause.of(el.Period), *clause.of(el.Clock), *clause.of(el.Currency)]
    if "both" in clause.tags and "and" not in clause.tags:
        return None
    own = {"event", "buy", "redeem", "show", "refund", "message", "spend", "verb"} | ({"saw"} if "offer" in clause.tags else set())
    said = (clause.tags | {part.value.tag for part in clause.inherited if isinstance(part.value, el.Word)}) & own
    listed = bool(limits or names) or clause.kinds() != ("purchase",)
    if not said or not listed:
        return None
    if clause.has(el.Weekdays, el.Hours) and not _is_one_day(clause):
        stretches = [limit for limit in limits if not (isinstance(limit, el.Period) and limit.role in ("in", "bare", "from"))]
        return _habitual(clause) if not stretches else None
    if any(period.role == "since" for period in limits if isinstance(period, el.Period)):
        return _since(clause, _later(clause))
    if any(period.role == "until" for period in limits if isinstance(period, el.Period)):
        return _until(clause)
    ranges = [period for period in limits if isinstance(period, el.Period) and period.parts]
    if ranges:
        return _throughout(clause, ranges)
    hits = _listed(clause)
    if "again" in clause.tags and not _was_before(clause):
        return [Finding(ok=False, needs=clause.filtered(skip=(el.Period,)), message=f"there are no {what(clause)} before that")]
    return _cited_there(clause, hits, timed=bool(limits))


def _was_before(clause: Clause) -> bool:
    """Again on 5 May: there was something before."""
    start = max(period.base[0] for period in clause.of(el.Period))
    return bool((clause.filtered(skip=(el.Period,)) & (clause.view.day < start)).any())


def _cited_there(clause: Clause, hits: list[Mask], *, timed: bool) -> list[Finding] | None:
    """Each of what is named is among what is cited."""
    if not timed and clause.kinds() == ("purchase",) and any(mask.sum() < 2 for mask in hits):  # noqa: PLR2004
        return None
    if all((mask & clause.cited).any() for mask in hits):
        return [Finding(ok=True, needs=clause.view.none())]
    return [Finding(ok=False, needs=clause.view.none(), message=f"the cited rows hold no {what(clause)} then")]


def _until(clause: Clause) -> list[Finding]:
    """There until then, and not after; whether it was meant so is open where it went on."""
    mine, ever = clause.filtered(), clause.filtered(skip=(el.Period,))
    if not mine.any():
        return [Finding(ok=False, needs=ever, message=f"there are no {what(clause)} until then")]
    return [Finding(ok=True if int(clause.view.day[ever].max()) == int(clause.view.day[mine].max()) else None, needs=ever)]


def _is_one_day(clause: Clause) -> bool:
    """`On 1 March, a Sunday`."""
    periods = clause.of(el.Period)
    return bool(periods) and all(period.start == period.end for period in periods)


def _throughout(clause: Clause, ranges: list[el.Period]) -> list[Finding]:
    """There from one time to another: at both ends, else it is open what is meant."""
    mine = clause.filtered()
    if not (mine & clause.cited).any():
        return [Finding(ok=False, needs=mine, message=f"the cited rows hold no {what(clause)} then")]
    days = clause.view.day[mine]
    ends = [(days.min(), period.parts[0]) for period in ranges] + [(days.max(), period.parts[-1]) for period in ranges]
    held = all(part.start <= day <= part.end for day, part in ends)
    # Days right beside it belong to the same stay.
    around = clause.filtered(skip=(el.Period,)) & ~mine
    beside = [
        np.abs(clause.view.day[around] - edge) <= _BESIDE for period in ranges for edge in (period.start, period.end) if _of_days(period)
    ]
    return [Finding(ok=True if held and not any(near.any() for near in beside) else None, needs=mine)]


def _of_days(period: el.Period) -> bool:
    return any(part.start == part.end for part in period.parts)


def _since(clause: Clause, later: Clause) -> list[Finding]:
    """There since then, and not before; whether it was meant so is open where it began at another time."""
    mine, ever = later.filtered(), clause.filtered(skip=(el.Period,))
    if not mine.any():
        return [Finding(ok=False, needs=ever, message=f"there are no {what(clause)} since then")]
    first = int(clause.view.day[ever].min())
    begun = all(period.base[0] <= first <= period.base[1] for period in clause.of(el.Period))
    return [Finding(ok=True if begun else None, needs=ever)]


def _habitual(clause: Clause) -> list[Finding]:
    """`Goes to X on Saturdays`: mostly, if at all."""
    whole, hit = clause.filtered(skip=(el.Weekdays, el.Hours)), clause.filtered()
    n, of = int(hit.sum()), int(whole.sum())
    ok = None if 0 < n <= of / 2 else n > 2  # noqa: PLR2004
    return [Finding(ok=ok, needs=whole, message=f"that is so of {n} of {of}")]


def _later(clause: Clause) -> Clause:
    """`Since` a day leaves open that day itself."""
    parts = tuple(
        replace(part, value=replace(part.value, start=part.value.base[1] + 1))
        if isinstance(part.value, el.Period) and part.value.role == "since" and part.value.base[0] == part.value.base[1]
        else part
        for part in clause.parts
    )
    return replace(clause, parts=parts)


def _listed(clause: Clause) -> list[Mask]:
    """Names and periods that are listed must each be there."""
    hits = [clause.filtered()]
    for group in name_groups(clause.parts):
        if "or" not in clause.tags and len(group) > 1:
            hits += [hits[0] & name_mask(name, clause.view) for name in group]
    for periods in period_groups(clause.parts):
        if "or" not in clause.tags and len(periods) > 1:
            hits += [hits[0] & limit_mask(period, clause.view) for period in periods]
    return hits
