"""Claims that give a number of rows as they are: how many, how much, an average, the largest; or that something is there at all."""

from __future__ import annotations

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, in_currency, judge, show_number, what
from memlearn.grounding.freetext.view import Mask

_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours, el.Clock)
_AGGREGATES = ("total", "mean", "median", "max", "min")
_MONTH = 365.25 / 12


def read_values(clause: Clause) -> list[Finding] | None:
    """`53 purchases`, `seven times`, `€176.56 in total`, `about 33 euros per visit`, `was there in June`."""
    tags = {*_AGGREGATES, "and", "foreign", "above", "below", "both", "number", "city", "category", "usual"}
    if not clause.only((*_LIMITS, el.Count, el.Times, el.Money, el.Per), tags):
        return None
    counts = [value.quantity for value in (*clause.of(el.Count), *clause.of(el.Times))]
    money = clause.of(el.Money)
    if len(counts) > 1:
        return _several(clause, counts) if not money else None
    if len(money) > 1:
        return None
    if money and counts and clause.tags & {"above", "below"}:
        return _beyond(clause, counts[0], money[0])
    if money:
        return _money(clause, money[0], counts[0] if counts else None)
    if counts:
        return _count(clause, counts[0])
    return _there(clause)


def _count(clause: Clause, said: el.Quantity) -> list[Finding] | None:
    if clause.tags & set(_AGGREGATES) - {"total"} or clause.of(el.Per) or clause.tags & {"above", "below", "foreign", "usual"}:
        return None
    if clause.tags & {"merchant", "city", "category"} and not clause.tags & {"event", "buy"} and not clause.of(el.Times):
        return None
    mask = clause.filtered()
    if clause.tags & {"spend"} and not clause.of(el.Times) and not clause.tags & {"event", "buy"}:
        return None
    return [judge(float(mask.sum()), said, mask, f"the number of {what(clause)}")]


def _several(clause: Clause, counts: list[el.Quantity]) -> list[Finding] | None:
    """`5 purchases in December, 3 the following month`: each number with the period after it."""
    periods = clause.of(el.Period)
    if len(periods) != len(counts) or clause.tags & set(_AGGREGATES):
        return None
    whole = clause.filtered(skip=(el.Period,))
    found = []
    for said, period in zip(counts, periods, strict=True):
        mask = whole & (clause.view.day >= period.start) & (clause.view.day <= period.end)
        found.append(judge(float(mask.sum()), said, mask, f"the number of {what(clause)}"))
    return found


def _beyond(clause: Clause, said: el.Quantity, money: el.Money) -> list[Finding] | None:
    """`Three purchases above 100 euros`."""
    mask = in_currency(clause.view, clause.filtered(), money.currency)
    if mask is None or clause.tags & set(_AGGREGATES):
        return None
    limit = money.quantity.value
    hit = mask & (np.abs(clause.view.amount) > limit if "above" in clause.tags else np.abs(clause.view.amount) < limit)
    return [judge(float(hit.sum()), said, mask, f"the number of such {what(clause)}")]


def _money(clause: Clause, money: el.Money, count: el.Quantity | None) -> list[Finding] | None:
    if clause.tags & {"above", "below", "usual"} and not clause.tags & set(_AGGREGATES):
        return None
    whole = clause.filtered()
    mask = in_currency(clause.view, whole, money.currency)
    if mask is None:
        return None
    aggregate = _aggregate(clause)
    if aggregate is None:
        return None
    if count is not None and count.value == 1 and count.form == "exact" and aggregate in ("plain", "total"):
        return [_single(clause, mask, money)]
    if aggregate == "plain" and not clause.of(el.Per) and _is_single(clause):
        return [_single(clause, mask, money)]
    if (mask != whole).any() and mask.any():
        # Some of it is in another currency, and whether that counts is not said.
        return None
    counted = [] if count is None else [judge(float(whole.sum()), count, whole, f"the number of {what(clause)}")]
    return [*counted, _sum(clause, mask, money, aggregate)]


def _aggregate(clause: Clause) -> str | None:
    """Which figure of the amounts is meant; None where two are named."""
    named = [tag for tag in _AGGREGATES if tag in clause.tags]
    per = clause.of(el.Per)
    if named == ["mean"] and per and per[0].days:
        return "plain"
    if any(value.days is None for value in per):
        return "mean" if set(named) <= {"mean"} else None
    return None if len(named) > 1 else named[0] if named else "plain"


def _is_single(clause: Clause) -> bool:
    """Whether one payment is spoken of: a day, a clock time, and no word of spending in all."""
    days = [period for period in clause.of(el.Period) if period.role in ("in", "bare") and (period.start == period.end or period.days)]
    return bool(days or clause.of(el.Clock)) and not clause.tags & {"total"}


def _single(clause: Clause, mask: Mask, money: el.Money) -> Finding:
    """One payment of that amount among the cited rows."""
    mine = mask & clause.cited
    held = [money.quantity.holds(float(amount)) for amount in amounts(clause.view, mine)]
    if any(held):
        return Finding(ok=True, needs=clause.view.none())
    there = ", ".join(show_number(amount / 100) for amount in amounts(clause.view, mine)[:3].tolist())
    return Finding(
        ok=False, needs=clause.view.none(), message=f"no cited row is a payment of that amount; the amounts there are {there or 'none'}"
    )


def _sum(clause: Clause, mask: Mask, money: el.Money, aggregate: str) -> Finding:
    values = amounts(clause.view, mask)
    named = {"plain": "total", "mean": "average"}.get(aggregate, aggregate)
    label = f"the {named} of the {what(clause)}"
    if not len(values):
        return Finding(ok=False, needs=mask, message=f"there are no {what(clause)} in that currency and time")
    per = next((value.days for value in clause.of(el.Per) if value.days), None)
    if per is not None and aggregate in ("plain", "total"):
        return judge(float(values.sum()) / _units(clause, per), money.quantity, mask, f"{label} for each such time", 100)
    if money.quantity.form == "under" and aggregate == "plain" and not _of_spending(clause):
        return judge(float(values.max()), money.quantity, mask, f"the largest of the {what(clause)}", 100)
    figure = {
        "mean": values.mean, "median": lambda: np.median(values), "max": values.max, "min": values.min,
    }.get(aggregate, values.sum)  # fmt: skip
    return judge(float(figure()), money.quantity, mask, label, 100)


def _of_spending(clause: Clause) -> bool:
    return "event" not in clause.tags


def _units(clause: Clause, days: float) -> float:
    """How many days, weeks or months the rows of the user, or the periods named, span."""
    view = clause.view
    periods = [period for period in clause.of(el.Period) if period.role in ("in", "from", "bare")]
    start, end = (periods[0].start, periods[0].end) if periods else (int(view.day.min()), view.last_day)
    length = (end - start + 1) / days
    return round(length) if days >= _MONTH and abs(length - round(length)) < 0.2 and length > 1 else length  # noqa: PLR2004


def months_of(clause: Clause, days: float) -> float:
    """Units of so many days over which the rows of the user extend."""
    return _units(clause, days)


def _there(clause: Clause) -> list[Finding] | None:
    """That there was something at all: needs a name or a kind beside a time, or two names."""
    if clause.tags & {*_AGGREGATES, "above", "below", "city", "category", "number", "usual", "both"} or clause.of(el.Per):
        return None
    names, limits = clause.of(el.Name), [*clause.of(el.Period), *clause.of(el.Clock)]
    said = clause.tags & {"event", "buy", "redeem", "show", "refund", "message", "spend", "verb"}
    if not said or not (limits or names) or clause.of(el.Weekdays) or clause.of(el.Hours):
        return None
    hits = [_one_there(clause, group) for group in _alternatives(clause)]
    if not limits and clause.kinds() == ("purchase",) and any(mask.sum() < 2 for mask in hits):  # noqa: PLR2004 - once is no habit
        return None
    if all((mask & clause.cited).any() for mask in hits):
        return [Finding(ok=True, needs=clause.view.none())]
    return [Finding(ok=False, needs=clause.view.none(), message=f"the cited rows hold no {what(clause)} then")]


def _alternatives(clause: Clause) -> list[list[el.Name]]:
    """Names listed with `and` must each be there."""
    groups = clause.groups()
    if "and" in clause.tags and groups and len(groups[0]) > 1:
        return [[name] for name in groups[0]]
    return [[]]


def _one_there(clause: Clause, names: list[el.Name]) -> Mask:
    mask = clause.filtered(skip=(el.Name,)) if names else clause.filtered()
    for name in names:
        any_of = clause.view.none()
        for rows in name.masks.values():
            any_of = any_of | rows
        mask = mask & any_of
    return mask
