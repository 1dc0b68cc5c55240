"""Claims about prices over time: got more expensive in March, went up from 6.50 to 7.20, was 6.50 until February and 7.20 since."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, in_currency, judge, what
from memlearn.grounding.freetext.elements import Quantity

_UP, _DOWN = frozenset({"up", "dearer"}), frozenset({"down", "cheapened"})
_PRICED = ("price", "prices", "cost", "costs")


def read_price(clause: Clause) -> list[Finding] | None:
    """`The price of X went up from 6.50 to 7.20 EUR`, `coffee got dearer in March`: of what is paid each time."""
    if not clause.only((el.Name, el.Period, el.Money, el.Rank, el.Count), {*_UP, *_DOWN, "and"}) or not _is_of_price(clause):
        return None
    up, down = bool(clause.tags & _UP), bool(clause.tags & _DOWN)
    periods = clause.of(el.Period)
    if up == down or len(periods) > 1 or clause.of(el.Rank) or "spend" in clause.tags:
        return None
    ends = _ends(clause)
    currency = next((money.currency for money in clause.of(el.Money) if money.currency), None)
    rows = in_currency(clause.view, clause.filtered(skip=(el.Period,)), currency)
    if ends is None or rows is None or not (clause.of(el.Name) or clause.inherited):
        return None
    if int(rows.sum()) < 2:  # noqa: PLR2004
        return [Finding(ok=False, needs=rows, message=f"there are {int(rows.sum())} {what(clause)}, too few to tell")]
    if periods and periods[0].role not in ("in", "bare", "since"):
        return None
    values, days = amounts(clause.view, rows), clause.view.day[rows]
    ok = _turned(values, days, periods[0] if periods else None, ends, up=up)
    found = Finding(ok=ok, needs=rows, message=f"the amounts go from {values[0] / 100:.2f} to {values[-1] / 100:.2f}")
    return [found, *(judge(float(rows.sum()), count.quantity, rows, f"the number of {what(clause)}") for count in clause.of(el.Count))]


def _is_of_price(clause: Clause) -> bool:
    """`Got more expensive`, or a price that goes up."""
    if clause.tags & {"dearer", "cheapened"}:
        return True
    return any(isinstance(part.value, el.Word) and part.value.text in _PRICED for part in clause.parts) and bool(
        clause.tags & {"up", "down"}
    )


def _ends(clause: Clause) -> tuple[Quantity, ...] | None:
    """From what to what; nothing where no amounts are told."""
    money = clause.of(el.Money)
    if len(money) == 1 and money[0].quantity.form == "between":
        low, high = money[0].quantity.low, money[0].quantity.high
        # A range is as wide as it was rounded.
        return el.Quantity(low, low + 1, low), el.Quantity(high - 1, high, high)
    if len(money) not in (0, 2) or len({value.currency for value in money} - {None}) > 1:
        return None
    said = [value.quantity for value in money]
    if said and said[0].value < 100 <= said[1].value and money[0].currency is None:  # noqa: PLR2004
        return None
    return tuple(said)


def _turned(
    values: NDArray[np.int64], days: NDArray[np.int64], period: el.Period | None, ends: tuple[Quantity, ...], *, up: bool
) -> bool | None:
    sign = 1 if up else -1
    if period is None:
        steps = np.diff(values) * sign
        if ends:
            met = ends[0].holds(float(values[0])) and ends[1].holds(float(values[-1])) and (values[-1] - values[0]) * sign > 0
            return met if (steps >= 0).all() or not met else None
        return bool((steps >= 0).all() and steps.any()) or (None if (values[-1] - values[0]) * sign > 0 else False)
    start, end = period.base
    before, inside, later = values[days < start], values[(days >= start) & (days <= end)], values[days >= start]
    if not len(inside):
        return False
    across = bool(len(before)) and bool((inside.min() - before.max() > 0) if up else (before.min() - inside.max() > 0))
    within = len(inside) > 1 and bool((np.diff(inside) * sign >= 0).all()) and (inside[-1] - inside[0]) * sign > 0
    stayed = bool((later.min() > before.max()) if up else (later.max() < before.min())) if len(before) else False
    if ends:
        first = across and ends[0].holds(float(before[-1])) and all(ends[1].holds(float(value)) for value in inside)
        second = within and ends[0].holds(float(inside[0])) and ends[1].holds(float(inside[-1]))
        return bool(first or second)
    if across and stayed:
        return True
    wrong = len(before) and (float(inside.mean()) - float(before.mean())) * sign < 0
    return False if wrong else None
