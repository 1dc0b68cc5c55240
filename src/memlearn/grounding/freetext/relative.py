"""Periods told from another one, or from the end of the data: the following month, the last three weeks, this year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from memlearn.grounding.freetext.elements import Period
from memlearn.grounding.freetext.numbers import lows, read_figure
from memlearn.grounding.freetext.spans import day_of, month_span, number
from memlearn.grounding.freetext.tokens import Token

Tokens = Sequence[Token]


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
    if lows(tokens, start, 2) in (("this", "year"), ("last", "year")):
        return month_span(now.year - (head == "last"), 1, 0, 12).period(), start + 2
    if lows(tokens, start, 2) in (("this", "month"), ("last", "month")):
        back = now.replace(day=1) - timedelta(head == "last")
        return month_span(back.year, back.month, 0).period(), start + 2
    if head in ("following", "next", "previous", "preceding") and known is not None:
        return _beside(tokens, start + 1, known, later=head in ("following", "next"))
    figure = read_figure(tokens, start + (head in ("last", "past", "recent", "final")))
    if head in ("last", "past", "recent", "final") and figure is not None:
        return _to_the_end(tokens, figure.end, int(figure.value), now)
    count, unit_at = (int(figure.value), figure.end) if figure else (1, start)
    if (
        lows(tokens, unit_at, 1) in (("month",), ("months",))
        and lows(tokens, unit_at + 1, 1) in (("before",), ("after",))
        and known is not None
    ):
        later = tokens[unit_at + 1].low == "after"
        end = unit_at + 2 + (lows(tokens, unit_at + 2, 1) in (("that",), ("it",), ("this",)))
        return _months_beside(known, count, later=later), end
    return None


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
