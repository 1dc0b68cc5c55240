"""Claims about the month or the day of the week that has the most or the least of something: purchases, or money."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, in_currency, what
from memlearn.grounding.freetext.groups import is_unbeaten
from memlearn.grounding.freetext.view import Mask

_MOST = frozenset({"busiest", "favourite", "mostoften", "themost", "most", "important", "max", "thanany"})
_LEAST = frozenset({"quietest", "min", "least", "leastoften"})
_WORDS = frozenset({"month", "any", "number", "many", "byspend", "total"})
_SPENDING = frozenset({"spending", "spendings", "expenses", "expenditure", "outgoings"})
_MONTH_DAYS = range(27, 31)


def read_busiest(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`Friday is the most common day for X`, `December was the busiest month`, `spent more in May than in any other month`."""
    beaten = is_unbeaten(clause)
    words = _MOST | _LEAST | _WORDS | ({"nootherwise", "not", "more", "than", "thanany", "equal", "as", "higher"} if beaten else set())
    least = bool(clause.tags & _LEAST)
    if not clause.only((el.Name, el.Period, el.Weekdays, el.Currency), words) or least == (beaten or bool(clause.tags & _MOST)):
        return None
    days, periods = _target(clause)
    if len(days) + len(periods) != 1 or not _is_told(clause, beaten=beaten, least=least):
        return None
    own = replace(clause, inherited=tuple(part for part in clause.inherited if not isinstance(part.value, el.Period | el.Weekdays)))
    rows = own.filtered(skip=(el.Period, el.Weekdays))
    money = _of_money(clause)
    if money:
        priced = in_currency(clause.view, rows, None)
        if priced is None:
            return None
        rows = priced
    if days:
        if len(days[0].days) != 1 or not (clause.tags & {"day", "mostoften", "thanany"} or _sees(clause)):
            return None
        keys, wanted = (clause.view.day[rows] + 3) % 7, next(iter(days[0].days))
        every = np.arange(7)
    else:
        start, end = periods[0].base
        if end - start not in _MONTH_DAYS or periods[0].role not in ("in", "bare"):
            return None
        if "month" not in clause.tags and (clause.of(el.Name) or not clause.tags & {"busiest", "themost", "quietest", "spend", "thanany"}):
            return None
        keys, wanted = _months(clause.view.day[rows]), int(_months(np.array([start]))[0])
        every = np.unique(_months(np.arange(int(clause.view.day.min()), clause.view.last_day + 1)))
    return [_judged(clause, rows, keys, every, wanted, money=money, least=least)]


def read_peak(clause: Clause) -> list[Finding] | None:
    """`The highest monthly spending was 424.97 EUR in January`, `spending peaked in May at 87 EUR`: the month, and what it came to."""
    money, periods, rates = clause.of(el.Money), clause.of(el.Period), clause.of(el.Rate)
    if (
        len(money) != 1
        or len(periods) > 1
        or len(rates) > 1
        or not clause.tags & {"spend", "total"}
        or not clause.tags & {"max", "min", "busiest"}
    ):
        return None
    monthly = bool(rates) and not rates[0].counted and round(rates[0].gap) == 30  # noqa: PLR2004
    if (rates and not monthly) or not (monthly or "month" in clause.tags or (periods and _is_peak(clause))):
        return None
    if not clause.only((el.Name, el.Period, el.Money, el.Rate, el.Currency), {"max", "min", "busiest", "month", "any", "total"}):
        return None
    rows = in_currency(clause.view, clause.filtered(skip=(el.Period,)), money[0].currency)
    if rows is None or not rows.any():
        return None
    months = _months(clause.view.day[rows])
    sums = np.array([int(amounts(clause.view, rows)[months == month].sum()) for month in np.unique(months)])
    edge = int(sums.min() if "min" in clause.tags else sums.max())
    found = [Finding(ok=money[0].quantity.holds(float(edge)), needs=rows, message=f"that month came to {edge / 100:.2f}")]
    if periods:
        start, end = periods[0].base
        if end - start not in _MONTH_DAYS:
            return None
        wanted = np.unique(months)[sums == edge]
        same = len(wanted) == 1 and int(wanted[0]) == int(_months(np.array([start]))[0])
        found.append(Finding(ok=same, needs=rows, message="it was another month"))
    return found


def _is_peak(clause: Clause) -> bool:
    """`Spending peaked in May`, `spending was highest in May`."""
    return _is_highest(clause) or any(isinstance(part.value, el.Word) and part.value.text.startswith("peak") for part in clause.parts)


def _target(clause: Clause) -> tuple[list[el.Weekdays], list[el.Period]]:
    """The day or the month that is spoken of, which may have been named before."""
    days, periods = clause.of(el.Weekdays), clause.of(el.Period)
    superlative = clause.tags & {"mostoften", "themost", "max", "thanany"} and not clause.of(el.Name)
    if not days and not periods and ("mostoften" in clause.tags or superlative):
        before = [part.value for part in clause.inherited]
        days = [value for value in before if isinstance(value, el.Weekdays) and "day" in clause.tags]
        periods = [value for value in before if isinstance(value, el.Period) and "month" in clause.tags]
    return days, periods


def _is_told(clause: Clause, *, beaten: bool, least: bool) -> bool:
    """Whether the words say that something comes first or last of all."""
    tags = clause.tags
    if beaten or tags & {"busiest", "favourite", "mostoften", "quietest", "leastoften"} or {"themost", "important"} <= tags:
        return True
    if "spend" in tags and tags & {"max", "min"} and _is_highest(clause):
        return True
    if {"themost", "spend"} <= tags or {"least", "spend"} <= tags:
        return True
    return "month" in tags and bool(tags & ({"min"} if least else {"max", "themost", "most"}))


def _is_highest(clause: Clause) -> bool:
    """`Spending was highest in May`: of all that was spent then, and not of one expense."""
    words = [part.value for part in clause.parts if isinstance(part.value, el.Word)]
    return any(word.text in ("highest", "lowest") for word in words) and any(word.text in _SPENDING for word in words)


def _sees(clause: Clause) -> bool:
    """`Mondays see the most purchases`."""
    return "saw" in clause.tags or any(isinstance(part.value, el.Word) and part.value.text.startswith("the most") for part in clause.parts)


def _of_money(clause: Clause) -> bool:
    """`The most expensive month` and the one with the highest spending are told by money, a busy one by purchases."""
    own = clause.tags & {"event", "buy", "spend", "max", "min", "byspend", "number"}
    told = clause.tags if own else {part.value.tag for part in clause.inherited if isinstance(part.value, el.Word)}
    if not own:
        return "spend" in told and "event" not in told
    if "event" in clause.tags or clause.tags & {"busiest", "quietest", "number", "many"}:
        return "byspend" in clause.tags
    return "spend" in clause.tags or bool(clause.tags & {"max", "min", "byspend"})


def _months(days: NDArray[np.int64]) -> NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _judged(
    clause: Clause, rows: Mask, keys: NDArray[np.int64], every: NDArray[np.int64], wanted: int, *, money: bool, least: bool
) -> Finding:
    weights = amounts(clause.view, rows) if money else np.ones(len(keys), dtype=np.int64)
    sums = np.array([int(weights[keys == key].sum()) for key in every])
    mine = int(sums[every == wanted].sum())
    edge = int(sums.min() if least else sums.max())
    if mine != edge or (not least and not mine):
        shown = f"{mine / 100:.2f} then, and {edge / 100:.2f}" if money else f"{mine} {what(clause)} then, and {edge}"
        return Finding(ok=False, needs=rows, message=f"there are {shown} at another time")
    return Finding(ok=True if int((sums == edge).sum()) == 1 else None, needs=rows)
