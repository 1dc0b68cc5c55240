"""Months that come back: `in June to August of any year`, `every summer`, `each December`; and what is claimed of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, what
from memlearn.grounding.freetext.dates import MONTHS, SEASONS
from memlearn.grounding.freetext.numbers import lows
from memlearn.grounding.freetext.shares import read_share
from memlearn.grounding.freetext.tokens import Token
from memlearn.grounding.freetext.view import Mask, UserView

YEARLY, ANY_YEAR = "yearly", "any year"
"""Roles of a period that comes back: there in each year, or in whichever."""

_EVERY = {("every", "year"), ("each", "year"), ("every", "single", "year"), ("all", "years"), ("both", "years")}
_ANY = {("any", "year")}
_LEADS = ("in", "during", "from", "between", "over")
_INTRODUCED = {(lead,) for lead in _LEADS}
_BEGINNINGS = frozenset({*_LEADS, "the", "every", "each", *MONTHS, *SEASONS, *(f"{season}s" for season in SEASONS)})
_RANGE = (("to",), ("until",), ("till",), ("through",), ("-",), ("–",))
_JOINTS = (("and",), ("or",), (",",), ("&",))
_SEASON_MONTHS = 3
_FEWEST = 2
_EPOCH_YEAR = 1970


def read_recurring(tokens: Sequence[Token], at: int, view: UserView) -> tuple[el.Period, int] | None:
    """Months or seasons of every year, or of any year; None where a year is meant that is not said."""
    if tokens[at].low not in _BEGINNINGS:
        return None
    start = at + (tokens[at].low in _LEADS)
    introduced = start > at
    start += lows(tokens, start, 1) == ("the",)
    every = lows(tokens, start, 1) in (("every",), ("each",))
    if every and lows(tokens, start + 1, 1) == ("year",):
        # Every year in June.
        start += 2 + (lows(tokens, start + 2, 1) == (",",))
        if lows(tokens, start, 1) not in _INTRODUCED:
            return None
        start += lows(tokens, start + 1, 1) == ("the",)
    found = _months(tokens, start + every)
    if found is None or not view.size:
        return None
    months, end, several = found
    marked = (YEARLY, end) if every else _mark(tokens, end)
    if marked is None and several and introduced:
        # In summers.
        marked = (ANY_YEAR, end)
    return None if marked is None else (_period(months, marked[0], view), marked[1])


def _mark(tokens: Sequence[Token], end: int) -> tuple[str, int] | None:
    """What says behind months that they come back, and where it ends."""
    start = end + (lows(tokens, end, 1) in (("of",), ("in",), (",",)))
    for count in (3, 2):
        words = lows(tokens, start, count)
        if words in _EVERY:
            return YEARLY, start + count
        if words in _ANY:
            return ANY_YEAR, start + count
    return None


def _months(tokens: Sequence[Token], at: int) -> tuple[frozenset[int], int, bool] | None:
    """Months from 0 to 11, where they end, and whether they are told in the plural."""
    first = _one(tokens, at)
    if first is None:
        return None
    months, end, several = first
    if lows(tokens, end, 1) in _RANGE:
        last = _one(tokens, end + 1)
        if last is not None and len(months) == len(last[0]) == 1:
            (low,), (high,) = months, last[0]
            return frozenset((low + step) % 12 for step in range((high - low) % 12 + 1)), last[1], False
        return None
    found = set(months)
    while True:
        joint = end
        while lows(tokens, joint, 1) in _JOINTS:
            joint += 1
        other = _one(tokens, joint) if joint > end else None
        if other is None:
            return frozenset(found), end, several
        found |= other[0]
        end, several = other[1], several and other[2]


def _one(tokens: Sequence[Token], at: int) -> tuple[frozenset[int], int, bool] | None:
    words = lows(tokens, at, 1)
    if not words:
        return None
    word, single = words[0], words[0].removesuffix("s")
    if word in MONTHS:
        return frozenset({MONTHS[word] - 1}), at + 1, False
    name = word if word in SEASONS else single if single in SEASONS else None
    if name is None:
        return None
    months = frozenset((SEASONS[name] - 1 + step) % 12 for step in range(_SEASON_MONTHS))
    if lows(tokens, at + 1, 1) == ("months",):
        return months, at + 2, True
    return months, at + 1, word != name


def _period(months: frozenset[int], role: str, view: UserView) -> el.Period:
    first, last = int(view.day.min()), max(int(view.day.max()), view.last_day)
    days = np.arange(first, last + 1, dtype=np.int64)
    inside = days[np.isin(_month_of(days), sorted(months))]
    return el.Period(first, last, role, (first, last), days=tuple(inside.tolist()) or (-1,))


def _month_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    months: NDArray[np.int64] = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return months


def comes_back(clause: Clause) -> bool:
    """Whether a period of the clause comes back, which only `read_seasonal` reads."""
    return any(period.role in (YEARLY, ANY_YEAR) for period in clause.of(el.Period))


def read_seasonal(clause: Clause) -> list[Finding] | None:
    """How much of something lies in months that come back; and that it was there each time where every year is told."""
    periods = clause.of(el.Period)
    if len(periods) != 1:
        return None
    found = read_share(clause)
    if found is None and not (clause.only((el.Name, el.Period)) and clause.has(el.Name) and clause.kinds() == ("purchase",)):
        return None
    rows = clause.filtered(skip=(el.Period,))
    if found is not None and (periods[0].role == ANY_YEAR or not (rows & np.isin(clause.view.day, periods[0].days)).any()):
        return found
    return [*(found or []), _each_time(clause, periods[0], rows)]


def _each_time(clause: Clause, period: el.Period, rows: Mask) -> Finding:
    """There, each time that the months came back within the user's rows; those at the ends may be cut off."""
    days = np.array(period.days, dtype=np.int64)
    starts = np.flatnonzero(np.diff(days, prepend=-2) != 1)
    spans = [(int(part[0]), int(part[-1])) for part in np.split(days, starts[1:])]
    first, last = period.base
    bought = clause.view.day[rows]
    there = [bool(((bought >= low) & (bought <= high)).any()) for low, high in spans]
    whole = [met for met, (low, high) in zip(there, spans, strict=True) if low > first and high < last]
    message = f"{what(clause)} fall into {sum(there)} of the {len(there)} times that these months came"
    needed = _FEWEST if period.role == YEARLY else 1
    if not any(there) or not all(whole):
        return Finding(ok=False if period.role == YEARLY or not any(there) else None, needs=rows, message=message)
    return Finding(ok=True if sum(there) >= needed else None, needs=rows, message=message)
