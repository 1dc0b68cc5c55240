"""Figures that follow from cited rows: counts, amounts, gaps, shares, of all of them and of those that a line speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from memlearn.grounding.freetext import UserView
from memlearn.grounding.freetext.view import Mask
from memlearn.sources.currencies import MINOR_DIGITS

_EPOCH = date(1970, 1, 1).toordinal()
# Limits of a line that are combined; more would be another line.
_MOST_LIMITS = 4
_TOLD = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What cited rows come to.

    Args:
        counts: of rows, days, weeks, months and different keys.
        amounts: currency → single amounts, sums, means and medians, in minor units.
        durations: gaps, spans and times since, in days.
        rhythms: days from one to the next, as a rule.
        totals: counts and sums that shares may be of.
    """

    counts: frozenset[float]
    amounts: dict[str, frozenset[float]]
    durations: frozenset[float]
    rhythms: frozenset[float]
    totals: tuple[tuple[float, ...], ...]

    @staticmethod
    def of(view: UserView, cited: Mask, limits: Sequence[Mask]) -> Figures:
        """The figures of the cited rows, and of those that some limits pick among them."""
        counts: set[float] = set()
        amounts: dict[str, set[float]] = {}
        durations: set[float] = set()
        rhythms: set[float] = set()
        rows_of: list[float] = []
        sums: dict[str, list[float]] = {}
        for rows in _subsets(view, cited, limits):
            counts.update(_counts(view, rows))
            rows_of.append(float(rows.sum()))
            days = np.unique(view.day[rows])
            gaps = np.diff(days)
            durations.update((float(view.last_day - days[-1]), float(days[-1] - days[0]), float(days[-1] - days[0] + 1)))
            if len(gaps):
                usual = (float(np.median(gaps)), float(gaps.mean()))
                durations.update((*usual, float(gaps.min()), float(gaps.max())))
                rhythms.update((*usual, float(days[-1] - days[0]) / len(gaps)))
            for code in np.unique(view.currency[rows & view.priced]).tolist():
                paid = view.amount[rows & view.priced & (view.currency == code)]
                amounts.setdefault(code, set()).update(map(float, (*np.unique(paid), paid.sum(), paid.mean(), np.median(paid))))
                sums.setdefault(code, []).append(float(paid.sum()))
        return Figures(
            frozenset(counts),
            {code: frozenset(found) for code, found in amounts.items()},
            frozenset(durations),
            frozenset(rhythms),
            (tuple(rows_of), *(tuple(found) for found in sums.values())),
        )

    def shares(self) -> Iterator[float]:
        """Every share of one of the totals in another."""
        for found in self.totals:
            distinct = sorted({value for value in found if value > 0})
            yield from (one / whole for one in distinct for whole in distinct if one <= whole)


def _subsets(view: UserView, cited: Mask, limits: Sequence[Mask]) -> Iterator[Mask]:
    """The cited rows, the purchases among them, and those that any of the limits pick together; none is empty or comes twice."""
    bought = cited & view.of_kinds(("purchase",))
    seen: set[bytes] = set()
    chosen = [subset for count in range(min(len(limits), _MOST_LIMITS) + 1) for subset in combinations(limits[: 2 * _MOST_LIMITS], count)]
    for base in (cited, bought, bought & ~view.returned):
        for subset in chosen:
            rows = base
            for limit in subset:
                rows = rows & limit
            key = rows.tobytes()
            if rows.any() and key not in seen:
                seen.add(key)
                yield rows


def _counts(view: UserView, rows: Mask) -> Iterator[float]:
    days = view.day[rows]
    yield float(rows.sum())
    yield float(len(np.unique(days)))
    yield float(len(np.unique((days + 3) // 7)))
    yield float(len(np.unique(days.astype("datetime64[D]").astype("datetime64[M]"))))
    for column in view.columns.values():
        keys = np.unique(column[rows])
        yield float((keys != "").sum())


def tell_cited(view: UserView, cited: Mask) -> str:
    """What is cited, in a few words with its numbers, for who wrote the line."""
    if not cited.any():
        return "no rows are cited"
    days = np.unique(view.day[cited])
    first, last = (date.fromordinal(int(day) + _EPOCH).isoformat() for day in (days[0], days[-1]))
    when = f"on {first}" if len(days) == 1 else f"on {len(days)} days from {first} to {last}"
    told = [f"{int(cited.sum())} cited row(s) {when}"]
    bought = cited & view.of_kinds(("purchase",))
    for code in np.unique(view.currency[bought & view.priced]).tolist()[:_TOLD]:
        paid = view.amount[bought & view.priced & (view.currency == code)]
        digits = MINOR_DIGITS.get(code, 2)
        total, mean = (f"{value / 10**digits:.{digits}f}" for value in (paid.sum(), paid.mean()))
        told.append(f"{len(paid)} payment(s) of {total} {code} in all, {mean} on average".replace("  ", " "))
    return "; ".join(told)
