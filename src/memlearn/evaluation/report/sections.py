"""The sections with figures of methods: each has its plot and the table with the same figures."""

from __future__ import annotations

from collections.abc import Sequence

from memlearn.evaluation.report import figures
from memlearn.evaluation.report.markup import Cell, Html, Row, element, joined, paragraph, section, table
from memlearn.evaluation.report.plots import Bar, Line, bars, lines
from memlearn.evaluation.report.words import BETTER, FEW_USERS, WORSE, outcome, strongest
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Cut, Evaluation, Figure, Figures, MethodResult, Missing

_EMPTY = Html("")
_CLAIMS = {BETTER: "better", WORSE: "worse"}


def bar(title: str, figure: Figure, metric: str, *, ours: bool) -> Bar:
    """A figure as a row of a plot, with the label that the table has."""
    if isinstance(figure, Missing):
        return Bar(title, figures.NO_FIGURE, None, ours=ours)
    # Coverage has no interval: both its ends are the figure itself.
    low, high = (figure.low, figure.high) if figure.low < figure.high else (None, None)
    return Bar(title, figures.number(figure.mean, metric), figure.mean, low, high, ours)


def told(rows: Sequence[Bar]) -> str:
    """The figures of a plot in words, for who cannot see it."""
    return "; ".join(f"{row.title}: {row.label}" for row in rows) + "."


def _cell(figure: Figure, metric: str) -> Cell:
    return Cell(figures.figure_main(figure, metric), figures.figure_under(figure, metric))


def _intervals(evaluation: Evaluation) -> str:
    return f"in brackets the {figures.level_name(evaluation.protocol.level)} interval over users"


def _plot(evaluation: Evaluation, anchor: str, title: str, found: Sequence[tuple[MethodResult, Figure]], metric: str) -> Html:
    rows = [bar(one.title, figure, metric, ours=one.name == evaluation.ours) for one, figure in found]
    return bars(anchor, title, told(rows), rows)


def _metrics_table(evaluation: Evaluation, caption: str, names: Sequence[str], found: Sequence[tuple[MethodResult, Figures]]) -> Html:
    rows = [
        Row(one.title, [_cell(own.get(name, Missing("not measured")), name) for name in names], one.name == evaluation.ours)
        for one, own in found
    ]
    return table(caption, ["Method", *map(figures.metric_title, names)], rows)


def quality(evaluation: Evaluation) -> Html:
    """How good every method is over all users."""
    main = evaluation.protocol.main
    name = figures.metric_title(main)
    plot = _plot(
        evaluation,
        "plot-quality",
        f"{name} of every method",
        [(one, one.metrics.get(main, Missing(""))) for one in evaluation.methods],
        main,
    )
    tables = []
    for k in evaluation.protocol.ks:
        names = [metric for metric in evaluation.methods[0].metrics if metric.endswith(f"@{k}")] if evaluation.methods else []
        caption = f"Every metric at {k} places, all users; {_intervals(evaluation)}"
        tables.append(_metrics_table(evaluation, caption, names, [(one, one.metrics) for one in evaluation.methods]))
    words = f"The longer the bar, the better; the whisker is the {figures.level_name(evaluation.protocol.level)} interval."
    if evaluation.comparisons:
        words += " ◆ marks ours. Whiskers of two methods may overlap though one is better for the same users: the next section compares user by user."
    return section("quality", "How good every method is", paragraph(words), plot, *tables)


def against(evaluation: Evaluation) -> Html:
    """Ours against every other method."""
    if evaluation.ours is None or not evaluation.comparisons:
        return _EMPTY
    main, ours = evaluation.protocol.main, evaluation.method(evaluation.ours)
    rows = []
    for name, one in evaluation.compared("all", main).items():
        title = evaluation.method(name).title
        if isinstance(one.ratio, Missing):
            rows.append(Bar(title, figures.NO_FIGURE, None))
        else:
            mean, low, high = (100 * (value - 1) for value in (one.ratio.mean, one.ratio.low, one.ratio.high))
            rows.append(Bar(title, figures.change(one.ratio.mean), mean, low, high))
    name = f"{figures.metric_title(main)} of {ours.title} against each other method, more or less in percent"
    plot = bars("plot-against", name, told(rows), rows, percent=True)
    words = (
        f"Right of the line {ours.title} is better, left of it worse; where the whisker crosses the line, neither can be said. “Claimed” "
        f"says what holds after Holm's adjustment over all methods of a table, and only with {FEW_USERS} users or more."
    )
    parts = {"all": "all purchases", "repeat": "what was bought again", "explore": "what was new to the user"}
    shown = [
        _against_table(evaluation, part, main, f"{ours.title} by {figures.metric_title(main)}, {said}") for part, said in parts.items()
    ]
    others = [
        _against_table(evaluation, one.part, one.metric, f"{ours.title} by {figures.metric_title(one.metric)}, {parts[one.part]}")
        for one in evaluation.comparisons
        if one.metric != main
    ]
    more = element("details", None, element("summary", None, Html("The same by the other metrics")), joined(others))
    return section("against", "Ours against the others, user by user", paragraph(words), plot, *shown, more if others else _EMPTY)


def _against_table(evaluation: Evaluation, part: str, metric: str, caption: str) -> Html:
    level = evaluation.protocol.level
    rows = []
    for name, one in evaluation.compared(part, metric).items():
        ratio = (
            Cell(figures.NO_FIGURE, one.ratio.reason)
            if isinstance(one.ratio, Missing)
            else Cell(figures.change(one.ratio.mean), figures.changes(one.ratio))
        )
        effect = Cell(figures.NO_FIGURE, one.effect.reason) if isinstance(one.effect, Missing) else Cell(figures.effect(one.effect))
        gap = Cell(figures.signed(one.difference.mean), f"[{figures.signed(one.difference.low)}, {figures.signed(one.difference.high)}]")
        claim = _CLAIMS.get(outcome(one, level), "nothing")
        cells: list[Cell | str] = [gap, ratio, effect, figures.p_value(one.p_value), figures.p_value(one.p_holm), claim, f"{one.users:,}"]
        rows.append(Row(evaluation.method(name).title, cells))
    columns = ["Other method", "Difference", "More or less", "Effect size (Cohen's d)", "p", "p after Holm", "Claimed", "Users"]
    return table(f"{caption}; {_intervals(evaluation)}", columns, rows) if rows else _EMPTY


_SPLITS = {
    "repeat": (
        "Bought again, and new",
        "Finding what somebody will buy again and finding what is new to them are different problems. The lists are the same; only what "
        "counts as right differs, so the two figures are shares of different things and over different users.",
        (("repeat", "what users bought again"), ("explore", "what was new to users")),
    ),
    "cold": (
        "Users with few baskets, and the others",
        "A cold user had at most {cold} baskets before the cut.",
        (("cold", "cold users"), ("warm", "the other users")),
    ),
}


def parts(evaluation: Evaluation, which: str) -> Html:
    """Repeat against explore, or cold against warm users: `repeat` or `cold`."""
    title, words, halves = _SPLITS[which]
    k = evaluation.protocol.main.partition("@")[2]
    metric = f"recall@{k}" if which == "repeat" else evaluation.protocol.main
    drawn, tables = [], []
    for half, said in halves:
        own = [
            (one, {"repeat": one.repeat, "explore": one.explore, "cold": one.cold, "warm": one.warm}[half]) for one in evaluation.methods
        ]
        users = max((part.users for _, part in own), default=0)
        name = f"{figures.metric_title(metric)}, {said} ({users:,} users)"
        drawn.append(_plot(evaluation, f"plot-{half}", name, [(one, part.metrics.get(metric, Missing(""))) for one, part in own], metric))
        caption = f"Metrics over {said}, {users:,} users; {_intervals(evaluation)}"
        names = list(own[0][1].metrics) if own else []
        tables.append(_metrics_table(evaluation, caption, names, [(one, part.metrics) for one, part in own]))
    told_users = words.format(cold=evaluation.protocol.cold_baskets)
    return section(which, title, paragraph(told_users), element("div", {"class": "pair"}, *drawn), *tables)


def _of_lists(method: MethodResult) -> dict[str, Figure]:
    found: dict[str, Figure] = {name: Interval(value, value, value) for name, value in method.coverage.items()}
    return found | dict(method.beyond)


def beyond(evaluation: Evaluation) -> Html:
    """Coverage, novelty, share of repeats and calibration."""
    k = evaluation.protocol.main.partition("@")[2]
    shown = [(one, _of_lists(one)) for one in evaluation.methods]
    names = list(shown[0][1]) if shown else []
    drawn = [
        _plot(
            evaluation,
            f"plot-{family}",
            f"{figures.metric_title(f'{family}@{k}')}: {said}",
            [(one, own.get(f"{family}@{k}", Missing(""))) for one, own in shown],
            f"{family}@{k}",
        )
        for family, said in (
            ("coverage", "share of the catalogue shown to anybody"),
            ("novelty", "how rare what is shown is among buyers"),
            ("repeats", "share of places with what was bought before"),
            ("miscalibration", "how far categories shown are from those bought; 0 is none"),
        )
        if any(isinstance(own.get(f"{family}@{k}"), Interval) for _, own in shown)
    ]
    rows = [
        Row(one.title, [_cell_of(name, own.get(name, Missing("not measured"))) for name in names], one.name == evaluation.ours)
        for one, own in shown
    ]
    caption = f"Coverage, novelty, repeats and calibration; {_intervals(evaluation)}, coverage has none"
    words = "More is not better here: these say what kind of list a method gives, not how right it is."
    columns = ["Method", *map(figures.metric_title, names)]
    return section(
        "beyond", "What kind of lists they are", paragraph(words), element("div", {"class": "pair"}, *drawn), table(caption, columns, rows)
    )


def _cell_of(name: str, figure: Figure) -> Cell:
    return Cell(figures.figure_main(figure, name)) if name.startswith("coverage@") else _cell(figure, name)


def by_cut(evaluation: Evaluation) -> Html:
    """The main metric at each cut, where there are several."""
    main = evaluation.protocol.main
    count = max((len(one.cuts) for one in evaluation.methods), default=0)
    if count < 2:  # noqa: PLR2004 one cut is what the rest of the page shows
        return _EMPTY
    rival = strongest(evaluation)
    drawn: list[Line] = []
    for one in evaluation.methods:
        kind = "ours" if one.name == evaluation.ours else "rival" if one is rival else "other"
        drawn.append(Line(one.title, kind, [bar(one.title, part.metrics[main], main, ours=kind == "ours") for part in one.cuts]))
    drawn.sort(key=lambda line: ("other", "rival", "ours").index(line.kind))
    name = f"{figures.metric_title(main)} at each cut"
    spoken = " ".join(f"{line.title}: {', '.join(own.label for own in line.bars)}." for line in reversed(drawn))
    words = "The thick line with circles and intervals is ours (◆)" if evaluation.ours else "No method is ours"
    words += (
        "."
        if rival is None
        else f", the dashed one {rival.title}, the strongest of the others; thin grey lines are the rest, named in the table."
    )
    users = evaluation.methods[0].cuts
    columns = [
        "Method",
        *(
            f"{place}. {own.name} ({part.users:,} users)"
            for place, (own, part) in enumerate(zip(_cuts(evaluation, count), users, strict=True), start=1)
        ),
    ]
    rows = [
        Row(one.title, [_cell(part.metrics[main], main) for part in one.cuts], one.name == evaluation.ours) for one in evaluation.methods
    ]
    return section(
        "cuts",
        "Cut by cut",
        paragraph(words),
        lines("plot-cuts", name, spoken, drawn),
        table(f"{name}; {_intervals(evaluation)}", columns, rows),
    )


def _cuts(evaluation: Evaluation, count: int) -> list[Cut]:
    """The subject's cuts; those that it does not name are numbered."""
    known = list(evaluation.subject.cuts[:count])
    return known + [Cut(f"cut {place}", "", "") for place in range(len(known) + 1, count + 1)]
