"""Periods told from another one, or from the end of the data: the following month, the last three weeks, this year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from memlearn.grounding.freetext.elements import Period
from memlearn.grounding.freetext.numbers import lows, read_figure
from memlearn.grounding.freetext.spans import day_of, month_span, number
from memlearn.grounding.freetext.tokens import Token

Tokens = Sequence[Token]
_LATEST = frozenset({"last", "past", "recent", "final", "latest", "these", "previous", "preceding"})
_WITHIN = frozenset({"over", "during", "throughout", "within", "across", "in"})


def read_relative(tokens: Tokens, at: int, today: int, known: Period | None) -> tuple[Period, int] | None:  # noqa: PLR0911
    """`the following month`, `the six months before that`, `the last three months`, `last month`, `this year`."""
    start = at + (lows(tokens, at, 1) == ("the",))
    head = (lows(tokens, start, 1) or ("",))[0]
    if (
        known is not None
        and head in ("that", "same")
        and lows(tokens, start + 1, 1) in (("day",), ("month",), ("year",), ("season",), ("period",), ("week",))
    ):
        return Period(known.base[0], known.base[1], base=known.base), start + 2
    now = day_of(today)
    if lows(tokens, start, 2) in (("this", "year"), ("last", "year")) and (head == "this" or start == at):
        return month_span(now.year - (head == "last"), 1, 0, 12).period(), start + 2
    whole = _whole_year(tokens, at, start, now)
    if whole is not None:
        return whole
    if lows(tokens, start, 2) in (("this", "month"), ("last", "month")):
        back = now.replace(day=1) - timedelta(head == "last")
        return month_span(back.year, back.month, 0).period(), start + 2
    if head in ("following", "next", "previous", "preceding") and known is not None:
        return _beside(tokens, start + 1, known, later=head in ("following", "next"))
    start += head in _LATEST and lows(tokens, start + 1, 1) in (("full",), ("whole",), ("available",))
    figure = read_figure(tokens, start + (head in _LATEST))
    unit_end = figure.end + 1 if figure is not None else start
    if (
        head in _LATEST
        and figure is not None
        and not (lows(tokens, unit_end, 1) in (("of",), ("in",)) and unit_end + 1 < len(tokens) and tokens[unit_end + 1].sort == "number")
    ):
        return _to_the_end(tokens, figure.end, int(figure.value), now)
    count, unit_at = (int(figure.value), figure.end) if figure else (1, start)
    if lows(tokens, unit_at, 2) == ("half", "year"):
        # The half-year before.
        count, unit_at = 6, unit_at + 1
    if (
        lows(tokens, unit_at, 1) in (("month",), ("months",), ("year",))
        and (count == 6 or tokens[unit_at].low != "year")  # noqa: PLR2004
        and lows(tokens, unit_at + 1, 1) in (("before",), ("after",))
        and known is not None
    ):
        later = tokens[unit_at + 1].low == "after"
        end = unit_at + 2 + (lows(tokens, unit_at + 2, 1) in (("that",), ("it",), ("this",)))
        return _months_beside(known, count, later=later), end
    return None


def _whole_year(tokens: Tokens, at: int, start: int, now: date) -> tuple[Period, int] | None:
    """`Over the past year`, `over the year`: twelve months to the end of the data; of `the last year` it is open which."""
    head = lows(tokens, start, 1)
    end = start + (head in (("past",), ("last",), ("full",), ("whole",), ("entire",)))
    if start == at or lows(tokens, end, 1) != ("year",) or lows(tokens, end + 1, 1) in (("before",), ("after",), ("of",), ("earlier",)):
        return None
    if end == start and (tokens[at - 1].low not in _WITHIN or (end + 1 < len(tokens) and tokens[end + 1].sort == "number")):
        return None
    first = number(now) - 364
    other = month_span(now.year - 1, 1, 0, 12).period().base if head == ("last",) else None
    return Period(first, number(now), base=(first, number(now)), other=other), end + 1


def _beside(tokens: Tokens, at: int, known: Period, *, later: bool) -> tuple[Period, int] | None:
    figure = read_figure(tokens, at)
    count, unit_at = (int(figure.value), figure.end) if figure else (1, at)
    if lows(tokens, unit_at, 1) not in (("month",), ("months",)):
        return None
    return _months_beside(known, count, later=later), unit_at + 1


def _months_beside(known: Period, count: int, *, later: bool) -> Period:
    edge = day_of(known.base[1]) + timedelta(1) if later else day_of(known.base[0])
    month = edge.month - 1 + (0 if later else -count)
    return month_span(edge.year + month // 12, month % 12 + 1, 0, count).period()


def _to_the_end(tokens: Tokens, at: int, count: int, now: date) -> tuple[Period, int] | None:
    unit = (lows(tokens, at, 1) or ("",))[0].rstrip("s")
    if unit in ("day", "week"):
        start = number(now) - count * (7 if unit == "week" else 1) + 1
        return Period(start, number(now), base=(start, number(now))), at + 1
    if unit == "month":
        month = now.month - count
        return month_span(now.year + month // 12, month % 12 + 1, 0, count).period(), at + 1
    return None
