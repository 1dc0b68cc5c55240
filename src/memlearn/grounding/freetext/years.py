"""Years, and what is told by them alone: quarters, halves and holidays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from memlearn.grounding.freetext.numbers import lows
from memlearn.grounding.freetext.spans import Span, day_of, month_span, number
from memlearn.grounding.freetext.tokens import Token

Tokens = Sequence[Token]
_HOLIDAYS = {
    ("new", "year", "eve"): (12, 31, 1), ("new", "year", "day"): (1, 1, 1), ("christmas", "eve"): (12, 24, 1), ("christmas", "day"): (12, 25, 1),
    ("boxing", "day"): (12, 26, 1), ("valentine", "day"): (2, 14, 1), ("halloween",): (10, 31, 1),
}  # fmt: skip
_FEASTS = frozenset((words[0],) for words in _HOLIDAYS)
_YEARS = range(1990, 2101)


def year_at(tokens: Tokens, at: int) -> int | None:
    """A number that is a year."""
    if at < len(tokens) and tokens[at].sort == "number" and tokens[at].low.isdigit() and not tokens[at].suffix:
        return int(tokens[at].low) if int(tokens[at].low) in _YEARS else None
    return None


def read_holiday(tokens: Tokens, at: int, today: int) -> Span | None:
    """`New Year's Eve 2025`, `over Christmas`."""
    found = next((words for words in _HOLIDAYS if lows(tokens, at, len(words)) == words), None) if lows(tokens, at, 1) in _FEASTS else None
    if found is None:
        return None
    (month, day, days), end = _HOLIDAYS[found], at + len(found)
    year = year_at(tokens, end)
    guess = date(year or day_of(today).year, month, day)
    if year is None and number(guess) > today:
        guess = guess.replace(year=guess.year - 1)
    return Span(guess, guess + timedelta(days - 1), end + (year is not None), year is not None)


def read_quarter(tokens: Tokens, at: int) -> Span | None:
    """`Q1 2026`, `H2 of 2025`, `2026 Q1`."""
    year = year_at(tokens, at)
    start = at + (year is not None)
    months = {"q": 3, "h": 6}.get((lows(tokens, start, 1) or ("",))[0])
    which = lows(tokens, start + 1, 1)
    if (
        months is None
        or not which
        or not which[0].isdigit()
        or not 1 <= int(which[0]) <= 12 // months
        or tokens[start].start + 1 != tokens[start + 1].start
    ):
        return None
    end = start + 2
    if year is None:
        end += lows(tokens, end, 1) in (("of",), ("/",), (",",), ("in",))
        year = year_at(tokens, end)
        end += 1
    return None if year is None else month_span(year, (int(which[0]) - 1) * months + 1, end, months)
