"""The sections beside the methods' figures: the memory itself, how it was judged, and every setting that was tried."""

from __future__ import annotations

from collections.abc import Mapping

from memlearn.evaluation.report import figures
from memlearn.evaluation.report.markup import Cell, Html, Row, definitions, element, marked, paragraph, section, table, text
from memlearn.evaluation.report.plots import Bar, bars
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Evaluation, Figure, MemoryQuality, Missing, Setting, Tuning

_EMPTY = Html("")


def memory(evaluation: Evaluation) -> Html:
    """The memory itself, where it was looked at."""
    held = evaluation.memory
    if held is None:
        return _EMPTY
    pairs = [("Statements", _facts(held)), ("Age", _staleness(held))]
    found = held.contradictions
    pairs.append(
        (
            "Contradictions",
            f"not known: {found.reason}" if isinstance(found, Missing) else f"{found:,} pairs of statements that cannot both hold",
        )
    )
    for what, figure in held.future.items():
        said = (
            f"not known: {figure.reason}"
            if isinstance(figure, Missing)
            else f"{figures.percent(figure.mean)} ({figures.percent(figure.low)} to {figures.percent(figure.high)})"
        )
        pairs.append((f"Of what came next, memory holds {what}", said))
    pairs.append(("Changes", _changes(held)))
    rows = [Row(one.label, [figures.percent(one.users_share), figures.percent(one.filled_share)]) for one in held.blocks]
    used = table("Use of each block", ["Block", "Users with anything in it", "How full it is then"], rows) if rows else _EMPTY
    return section("memory", "The memory itself", definitions(pairs), used)


def _facts(held: MemoryQuality) -> str:
    if isinstance(held.facts, Missing):
        return f"not known: {held.facts.reason}"
    return f"{held.facts.verified:,} verified, {held.facts.contradicted:,} contradicted, {held.facts.hypotheses:,} hypotheses that cannot be checked"


def _staleness(held: MemoryQuality) -> str:
    if isinstance(held.staleness, Missing):
        return f"not known: {held.staleness.reason}"
    one = held.staleness
    return f"median {one.median_days:.0f} days since the newest evidence; {figures.percent(one.stale_share)} older than {one.limit_days:.0f} days"


def _changes(held: MemoryQuality) -> str:
    if isinstance(held.changes, Missing):
        return f"not known: {held.changes.reason}"
    one = held.changes
    return f"since {one.since}: {one.added:,} statements added, {one.removed:,} removed, {one.users:,} users touched"


def protocol(evaluation: Evaluation) -> Html:
    """Everything that must be known to repeat it."""
    how, users = evaluation.protocol, evaluation.users
    left = "; ".join(f"{count:,} for {reason}" for reason, count in users.left_out.items() if count) or "none"
    pairs = [
        ("Catalogue", f"{how.catalogue:,} items, all of them ranked for every user"),
        ("Ties", how.ties),
        ("NDCG", how.idcg),
        ("Users judged", f"{users.judged:,}, in {users.rows:,} lists; a user's lists at several cuts are averaged within the user"),
        ("Users left out", left),
        (
            "Intervals",
            f"{figures.level_name(how.level)} percentile intervals of a paired bootstrap over users, {how.draws:,} draws, seed {how.seed}, "
            "the same draws for every method; not adjusted for the number of methods",
        ),
        ("p-values", "two-sided by the sign of the drawn differences; adjusted by Holm over all methods within each table"),
        ("Cold users", f"at most {how.cold_baskets} baskets before the cut"),
        *((f"Note {place}", note) for place, note in enumerate(how.notes, start=1)),
    ]
    rows = [Row(one.name, [one.as_of, one.until, one.release or figures.NO_FIGURE]) for one in evaluation.subject.cuts]
    cuts = table(
        "The cuts: what lies before the first instant was seen, what lies from it on was predicted",
        ["Cut", "As of", "Until", "Release"],
        rows,
    )
    return section("protocol", "How it was judged", definitions(pairs), cuts if rows else _EMPTY, _tiers(evaluation))


def _tiers(evaluation: Evaluation) -> Html:
    rows = [
        Row(one.title, [tier, f"{count:,}"], one.name == evaluation.ours)
        for one in evaluation.methods
        for tier, count in (one.tiers or {}).items()
    ]
    return table("Which way of ranking the lists came from", ["Method", "Tier", "Lists"], rows) if rows else _EMPTY


def tried(evaluation: Evaluation) -> Html:
    """Every setting of every method that was tuned."""
    parts = [
        element(
            "details",
            None,
            element(
                "summary",
                None,
                text(
                    f"{marked(one.title, ours=one.name == evaluation.ours)}: {len(one.tuning.tries)} tried, chosen {said(one.tuning.settings)}"
                ),
            ),
            _tries(one.title, one.tuning),
        )
        for one in evaluation.methods
        if one.tuning is not None
    ]
    if not parts:
        return _EMPTY
    words = "Settings were chosen on validation by the metric in each table; the same number of tries was allowed to each method, and one with fewer settings tried them all."
    return section("tried", "Settings that were tried", paragraph(words), *parts)


def _tries(title: str, tuning: Tuning) -> Html:
    best = next((place for place, one in enumerate(tuning.tries) if one.settings == tuning.settings), None)
    rows = [
        Row(said(one.settings), [figures.number(one.value), "chosen" if place == best else ""]) for place, one in enumerate(tuning.tries)
    ]
    return table(f"{title}: {figures.metric_title(tuning.metric)} on validation", ["Settings", "Value", "Chosen"], rows)


def said(settings: Mapping[str, Setting]) -> str:
    """Settings in one line."""
    return ", ".join(f"{name} {value}" for name, value in settings.items()) or "nothing to set"


def offers(evaluation: Evaluation) -> Html:
    """What was found about offers, where any were sent."""
    held = evaluation.offers
    if held is None:
        return _EMPTY
    title = "Offers: other choices, and who answers"
    if isinstance(held, Missing):
        return section("offers", title, paragraph(f"Nothing can be said: {held.reason}."))
    words = (
        f"{held.sends:,} offers were sent to {held.users:,} users in the judged periods; the share that was answered is {_share(held.logged)}. "
        f"The chances with which offers were sent are {held.basis}."
    )
    parts = [paragraph(words)]
    ways = {"replay": "Replay", "snips": "SNIPS", "doubly_robust": "Doubly robust"}
    first = held.policies[0].snips if held.policies else Missing("no way of choosing was judged")
    refused = first.reason if isinstance(first, Missing) else None
    if refused is not None:
        parts.append(paragraph(f"What another choice would have brought is not said. {refused}", "caution"))
    else:
        bars_of = [
            Bar(one.title, figures.figure_main(one.snips), one.snips.mean, one.snips.low, one.snips.high, ours=place == 0)
            for place, one in enumerate(held.policies)
            if isinstance(one.snips, Interval)
        ]
        name = "Share of sends answered under each way of choosing, SNIPS"
        parts.append(bars("plot-offers", name, "; ".join(f"{one.title}: {one.label}" for one in bars_of) + ".", bars_of))
        rows = [
            Row(
                one.title,
                [
                    *(_figure(figure) for figure in (one.replay, one.snips, one.doubly_robust)),
                    figures.NO_FIGURE if one.effective is None else f"{one.effective:,.0f}",
                ],
                place == 0,
            )
            for place, one in enumerate(held.policies)
        ]
        rows.append(Row("ours less the best before", [*(_figure(held.against[way]) for way in ways), ""]))
        parts.append(table("Share of sends answered, estimated", ["Choice", *ways.values(), "Effective sends"], rows))
    models = [
        Row(
            one.title,
            [
                *(_figure(figure) for figure in (one.auc, one.average_precision, one.ndcg)),
                Cell(figures.NO_FIGURE, one.calibration_error.reason)
                if isinstance(one.calibration_error, Missing)
                else figures.number(one.calibration_error),
            ],
            place == 0,
        )
        for place, one in enumerate(held.models)
    ]
    parts.append(
        table("Which sends are answered", ["By", "AUC", "Average precision", "NDCG@10 within a user", "Calibration error"], models)
    )
    note = "AUC and average precision are over all sends, for which knowing who answers anything is enough; NDCG within a user says whether the right offer is found for somebody."
    return section("offers", title, *parts, paragraph(note))


def _figure(figure: Figure) -> Cell:
    return Cell(figures.figure_main(figure), figures.figure_under(figure))


def _share(figure: Figure) -> str:
    return f"not known ({figure.reason})" if isinstance(figure, Missing) else figures.percent(figure.mean)
