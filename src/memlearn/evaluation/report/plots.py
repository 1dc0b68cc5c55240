"""Plots as inline SVG, narrow enough for a phone: rows of bars or points with their intervals, and lines over cuts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from memlearn.evaluation.report.markup import Html, element, marked, plain, text

WIDTH = 400
_SIDE = 6
_ROW = 36
_AXIS = 30
_LONGEST = 38
_HIGH = 220
# With more cuts than this, figures stand above and below in turn; with more than that they would stand one over the other.
_ABOVE, _LABELLED = 5, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a plot.

    Args:
        title: whose figure it is.
        label: the figure as the table has it, or why there is none.
        mean: where it stands; none where there is none.
        low: lower end of its interval.
        high: upper end; both none where there is no interval.
        ours: whether to mark it.
    """

    title: str
    label: str
    mean: float | None
    low: float | None = None
    high: float | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places, and the values to write at the axis."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float, start: float, length: float) -> float:
        """The place of a value on an axis."""
        return round(start + length * (value - self.low) / (self.high - self.low), 2)


def scale(values: Sequence[float], parts: int = 4) -> Scale:
    """A scale that holds all values, its ends at round numbers."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if not high > low:
        low, high = min(low, 0.0), max(high, 0.0)
    span = high - low or 1.0
    raw = span / parts
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return Scale(first * step, last * step, tuple(number * step for number in range(first, last + 1)))


def bars(anchor: str, title: str, told: str, rows: Sequence[Bar], *, percent: bool = False) -> Html:
    """A row for each figure: a bar from zero with a whisker for its interval; points instead of bars where zero is the reference.

    Args:
        anchor: unique on the page.
        title: what the plot shows.
        told: the same in a sentence, with the figures, for who cannot see it.
        rows: from top to bottom.
        percent: values are changes in percent: points beside a line at zero.
    """
    known = [value for row in rows for value in (row.mean, row.low, row.high) if value is not None]
    across = scale([0.0, *known])
    height = _ROW * len(rows) + _AXIS
    bottom = height - _AXIS
    length = WIDTH - 2 * _SIDE
    start = float(_SIDE)
    parts = [_tick(across.at(value, start, length), bottom, value, percent=percent) for value in across.ticks]
    zero = across.at(0.0, start, length)
    parts.append(element("line", {"class": "zero", "x1": zero, "x2": zero, "y1": 0, "y2": bottom}))
    for place, row in enumerate(rows):
        parts += _bar(row, place * _ROW, across, start, length, percent=percent)
    return _svg(anchor, title, told, height, parts)


def _bar(row: Bar, top: float, across: Scale, start: float, length: float, *, percent: bool) -> list[Html]:
    kind = "ours" if row.ours else "other"
    middle = top + 25
    shown = plain(row.title)
    name = marked(shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…", ours=row.ours)
    parts = [
        element("text", {"class": f"name {kind}", "x": _SIDE + 4, "y": top + 14}, text(name)),
        element("text", {"class": f"value {kind}", "x": WIDTH - _SIDE - 4, "y": top + 14, "text-anchor": "end"}, text(row.label)),
    ]
    if row.mean is None:
        return parts
    place, zero = across.at(row.mean, start, length), across.at(0.0, start, length)
    if percent:
        parts.append(element("circle", {"class": kind, "cx": place, "cy": middle, "r": 5}))
    else:
        box = {"x": min(place, zero), "y": middle - 5, "width": round(abs(place - zero), 2), "height": 10}
        parts.append(element("rect", {"class": kind, **box}))
    if row.low is not None and row.high is not None:
        ends = across.at(row.low, start, length), across.at(row.high, start, length)
        parts.append(element("line", {"class": "whisker", "x1": ends[0], "x2": ends[1], "y1": middle, "y2": middle}))
        parts += [element("line", {"class": "whisker", "x1": end, "x2": end, "y1": middle - 4, "y2": middle + 4}) for end in ends]
    return parts


def _tick(place: float, bottom: float, value: float, *, percent: bool) -> Html:
    said = (f"{value:+.6g} %" if value else "0 %") if percent else f"{value:.6g}"
    line = element("line", {"class": "grid", "x1": place, "x2": place, "y1": 0, "y2": bottom})
    anchor = "start" if place < 3 * _SIDE else "end" if place > WIDTH - 3 * _SIDE else "middle"
    edge = {"start": _SIDE, "end": WIDTH - _SIDE}.get(anchor, place)
    label = said.replace("-", "\N{MINUS SIGN}")
    return Html(line + element("text", {"class": "tick", "x": edge, "y": bottom + 18, "text-anchor": anchor}, text(label)))


@dataclass(frozen=True, slots=True)
class Line:
    """One method over cuts.

    Args:
        title: whose line it is.
        kind: `ours`, `rival` or `other`, by which it is drawn.
        bars: its figure at each cut.
    """

    title: str
    kind: str
    bars: Sequence[Bar]


def lines(anchor: str, title: str, told: str, drawn: Sequence[Line]) -> Html:
    """A line for each method over the cuts; ours comes last, so that it lies above, with its intervals and figures.

    Args:
        anchor: unique on the page.
        title: what the plot shows.
        told: the same in a sentence.
        drawn: the lines, each with as many bars as there are cuts.
    """
    known = [value for line in drawn for bar in line.bars for value in (bar.mean, *_ends(line, bar)) if value is not None]
    up = scale([0.0, *known])
    cuts = max((len(line.bars) for line in drawn), default=1)
    left, top, length = 44.0, 16.0, WIDTH - 44.0 - 26.0
    places = [round(left + length * (number + 0.5) / cuts, 2) for number in range(cuts)]
    parts: list[Html] = []
    for value in up.ticks:
        y = round(top + _HIGH - up.at(value, 0, _HIGH), 2)
        parts.append(element("line", {"class": "grid", "x1": left, "x2": WIDTH - _SIDE, "y1": y, "y2": y}))
        parts.append(element("text", {"class": "tick", "x": left - 6, "y": y + 4, "text-anchor": "end"}, text(f"{value:.6g}")))
    for number, place in enumerate(places, start=1):
        parts.append(element("text", {"class": "tick", "x": place, "y": top + _HIGH + 18, "text-anchor": "middle"}, text(number)))
    for line in drawn:
        parts += _line(line, up, places, top)
    return _svg(anchor, title, told, int(top + _HIGH + _AXIS), parts)


def _ends(line: Line, bar: Bar) -> tuple[float | None, float | None]:
    return (bar.low, bar.high) if line.kind == "ours" else (None, None)


def _line(line: Line, up: Scale, places: Sequence[float], top: float) -> list[Html]:
    def y(value: float) -> float:
        return round(top + _HIGH - up.at(value, 0, _HIGH), 2)

    seen = [(place, bar) for place, bar in zip(places, line.bars, strict=True) if bar.mean is not None]
    points = " ".join(f"{place},{y(bar.mean or 0.0)}" for place, bar in seen)
    parts = [element("polyline", {"class": f"line {line.kind}", "points": points})]
    for place, bar in seen:
        for low, high in [(bar.low, bar.high)] if line.kind == "ours" else []:
            if low is not None and high is not None:
                parts.append(element("line", {"class": "whisker", "x1": place, "x2": place, "y1": y(low), "y2": y(high)}))
        parts.append(element("circle", {"class": line.kind, "cx": place, "cy": y(bar.mean or 0.0), "r": 4 if line.kind == "ours" else 2.5}))
    if line.kind == "ours" and len(seen) <= _LABELLED:
        parts += [_label(bar, place, y, below=len(seen) > _ABOVE and number % 2 == 1) for number, (place, bar) in enumerate(seen)]
    return parts


def _label(bar: Bar, place: float, y: Callable[[float], float], *, below: bool) -> Html:
    """A figure above its interval, or below it."""
    end = (bar.low if below else bar.high) if bar.low is not None else bar.mean
    at = y(end or 0.0) + (15 if below else -5)
    return element("text", {"class": "value ours", "x": place, "y": at, "text-anchor": "middle"}, text(bar.label))


def _svg(anchor: str, title: str, told: str, height: int, parts: Sequence[Html]) -> Html:
    named = {"viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-labelledby": f"{anchor}-title {anchor}-told"}
    heads = element("title", {"id": f"{anchor}-title"}, text(title)), element("desc", {"id": f"{anchor}-told"}, text(told))
    picture = element("svg", named, *heads, *parts)
    return element("figure", None, element("figcaption", None, text(title)), picture)
