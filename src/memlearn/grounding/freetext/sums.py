"""What amounts come to: in all, on average, in the middle, each of them, from the least to the most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, judge, show_number, what
from memlearn.grounding.freetext.elements import Quantity
from memlearn.grounding.freetext.rhythm import months_of
from memlearn.grounding.freetext.view import Mask


def judge_sum(clause: Clause, mask: Mask, money: el.Money, aggregate: str) -> Finding:  # noqa: PLR0911
    """What some amounts come to, by an aggregate: plain (in all), mean, median, max, min, usual, or each of them."""
    values = amounts(clause.view, mask)
    named = {"plain": "total", "mean": "average"}.get(aggregate, aggregate)
    label = f"the {named} of the {what(clause)}"
    if not len(values):
        return Finding(ok=False, needs=mask, message=f"there are no {what(clause)} in that currency and time")
    per = next((value.days for value in clause.of(el.Per) if value.days), None)
    if per is not None and aggregate in ("plain", "total"):
        return judge(float(values.sum()) / months_of(clause, per), money.quantity, mask, f"{label} for each such time", 100)
    if (
        money.quantity.form == "between"
        and aggregate in ("plain", "mean")
        and "mean" not in clause.tags
        and (clause.tags & {"event", "amount", "spread", "cost"} or aggregate == "mean")
    ):
        return _spread(values, money.quantity, mask, clause)
    if money.quantity.form in ("over", "under") and aggregate == "plain" and not _of_spending(clause):
        edge, which = (values.max(), "largest") if money.quantity.form == "under" else (values.min(), "smallest")
        return judge(float(edge), money.quantity, mask, f"the {which} of the {what(clause)}", 100)
    if (
        money.quantity.form in ("over", "under")
        and aggregate == "plain"
        and "spend" not in clause.tags
        and not money.quantity.holds(_edge(values, money))
    ):
        # At least so much: in all, or each of them?
        return Finding(
            ok=None if money.quantity.holds(float(values.sum())) else False,
            needs=mask,
            message=f"{label} is {show_number(values.sum() / 100)}",
        )
    if (
        money.quantity.form in ("over", "under")
        and aggregate == "mean"
        and "mean" not in clause.tags
        and not money.quantity.holds(_edge(values, money))
    ):
        # More than so much per visit: of each visit, or on average?
        return Finding(ok=None, needs=mask)
    if aggregate == "usual":
        return _usual(values, money.quantity, mask, label)
    if aggregate == "each":
        return _each(values, money.quantity, mask, clause)
    # An average has more digits than money has.
    said = (
        money.quantity
        if aggregate not in ("mean", "median")
        else replace(money.quantity, low=money.quantity.low - 0.5, high=money.quantity.high + 0.5)
    )
    return judge(_figure(values, aggregate), said, mask, label, 100)


def _spread(values: NDArray[np.int64], said: Quantity, mask: Mask, clause: Clause) -> Finding:
    """From the least to the most: all amounts lie between, and both ends are met as nearly as they were told."""
    held = [judge(float(edge), said, mask, f"one of the {what(clause)}", 100) for edge in (values.min(), values.max())]
    wrong = next((finding for finding in held if not finding.ok), None)
    if wrong is not None:
        return wrong
    # Told in cents it is the very amount; in whole units it may be rounded outwards.
    slack = 0.51 if said.low % 1 else max(100.0, 0.1 * said.high)
    met = values.min() - said.low <= slack and said.high - values.max() <= slack
    shown = f"from {show_number(values.min() / 100)} to {show_number(values.max() / 100)}"
    return Finding(ok=True if met else None if slack > 1 else False, needs=mask, message=f"the {what(clause)} go {shown}")


def _each(values: NDArray[np.int64], said: Quantity, mask: Mask, clause: Clause) -> Finding:
    """What is paid each time: exactly that, or open where it is so on average only, or in all."""
    if said.form == "between":
        return _spread(values, said, mask, clause)
    if said.holds(float(values.min())) and said.holds(float(values.max())):
        return Finding(ok=True, needs=mask)
    near = replace(said, low=said.low - 0.5, high=said.high + 0.5)
    if any(near.holds(float(value)) for value in (values.mean(), np.median(values), values.sum())):
        return Finding(ok=None, needs=mask)
    shown = f"{show_number(values.min() / 100)} to {show_number(values.max() / 100)}"
    return Finding(ok=False, needs=mask, message=f"the {what(clause)} cost {shown} each")


def _usual(values: NDArray[np.int64], said: Quantity, mask: Mask, label: str) -> Finding:
    """Typically so much: in the middle and on average, else it is open what is meant."""
    near = replace(said, low=said.low - 0.5, high=said.high + 0.5)
    right = [near.holds(float(value)) for value in (np.median(values), values.mean())]
    message = f"{label} is {show_number(float(values.mean()) / 100)}, not {show_number(said.value / 100)}"
    return Finding(ok=all(right) if any(right) == all(right) else None, needs=mask, message=message)


def _edge(values: NDArray[np.int64], money: el.Money) -> float:
    """The amount that a bound is tried on: the largest under an upper one, the smallest under a lower one."""
    return float(values.max() if money.quantity.form == "under" else values.min())


def _figure(values: NDArray[np.int64], aggregate: str) -> float:
    match aggregate:
        case "mean":
            return float(values.mean())
        case "median":
            return float(np.median(values))
        case "max":
            return float(values.max())
        case "min":
            return float(values.min())
    return float(values.sum())


def _of_spending(clause: Clause) -> bool:
    """Whether an amount is of all purchases together, and not of each of them."""
    return "spend" in clause.tags or not clause.tags & {"event", "buy", "amount"}
