"""Claims that give a number of rows as they are: how many, how much, an average, the largest; or that something is there at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import (
    Clause,
    Finding,
    amounts,
    in_currency,
    judge,
    limit_mask,
    name_groups,
    name_mask,
    period_groups,
    show_number,
    what,
)
from memlearn.grounding.freetext.elements import Quantity
from memlearn.grounding.freetext.order import told_of_it
from memlearn.grounding.freetext.presence import read_presence
from memlearn.grounding.freetext.rhythm import months_of, read_rate
from memlearn.grounding.freetext.sums import judge_sum
from memlearn.grounding.freetext.view import Mask

_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours, el.Clock, el.Currency)
_BESIDE = 3
_AGGREGATES = ("total", "mean", "median", "max", "min")


def read_values(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`53 purchases`, `seven times`, `€176.56 in total`, `about 33 euros per visit`, `was there in June`."""
    tags = {*_AGGREGATES, "and", "foreign", "above", "below", "both", "number", "usual", "per"}
    tags |= {"than"} if len(clause.said(el.Count, el.Times)) > 1 else set()
    counts = clause.said(el.Count, el.Times)
    money = clause.of(el.Money)
    if _says_each(clause) and (len(money) == 1 or (len(counts) == 1 and not money)):
        tags |= {"all"}
    if len(money) == 1 and any(isinstance(part.value, el.Word) and part.value.text == "dates from" for part in clause.parts):
        tags |= {"start"}
    tags |= {"again"} if clause.of(el.Period) else set()
    tags |= {"habit"} if money else set()
    tags |= {"more"} if len(counts) > 1 and _one_more(clause) else set()
    clause = _of_all_so_many(clause)
    if not clause.only((*_LIMITS, el.Count, el.Times, el.Money, el.Per), tags):
        return None
    if len(counts) > 1:
        return _several(clause, counts) if not money else None
    if len(money) > 1:
        return None
    bound = bool(money) and money[0].quantity.form in ("over", "under") and "total" not in clause.tags
    if money and counts and (clause.tags & {"above", "below"} or bound):
        return _beyond(clause, counts[0], money[0])
    if money:
        return _money(clause, money[0], counts[0] if counts else None)
    if counts:
        return _of_each(clause, counts[0]) if "all" in clause.tags else _count(clause, counts[0])
    return read_presence(clause)


def _one_more(clause: Clause) -> bool:
    """`Four in 2025 and five more in 2026`."""
    return "than" not in clause.tags and all(
        isinstance(clause.parts[at - 1].value, el.Count)
        for at, part in enumerate(clause.parts)
        if at and isinstance(part.value, el.Word) and part.value.tag == "more"
    )


def _of_all_so_many(clause: Clause) -> Clause:
    """`Across all 56 purchases`: the number says which all."""
    pairs = zip(clause.parts, (*clause.parts[1:], None), strict=True)
    told = clause.of(el.Money) and clause.tags & {"total", "mean", "median"}
    kept = tuple(
        part
        for part, after in pairs
        if not (
            told
            and isinstance(part.value, el.Word)
            and part.value.text == "all"
            and after is not None
            and isinstance(after.value, el.Count)
        )
    )
    return replace(clause, parts=kept)


def _count(clause: Clause, said: el.Quantity) -> list[Finding] | None:
    if clause.tags & set(_AGGREGATES) - {"total"} or clause.of(el.Per) or clause.tags & {"above", "below", "foreign", "usual"}:
        return None
    if clause.tags & {"merchant", "city", "category"} and not clause.tags & {"event", "buy"} and not clause.of(el.Times):
        return None
    if any(
        _noun_after(clause, at) in ("merchant", "city", "category", "day")
        for at, part in enumerate(clause.parts)
        if isinstance(part.value, el.Count)
    ):
        return None
    mask = clause.filtered()
    if clause.tags & {"spend"} and not clause.of(el.Times) and not clause.tags & {"event", "buy"}:
        return None
    return [judge(float(mask.sum()), said, mask, f"the number of {what(clause)}{_when(clause)}"), *_each_period(clause)]


def _when(clause: Clause) -> str:
    """For a message: that not all are counted."""
    timed = clause.has(el.Period, el.Weekdays, el.Hours, el.Clock) or any(isinstance(part.value, el.Period) for part in clause.inherited)
    return " in the time that is named" if timed else ""


def _of_each(clause: Clause, said: Quantity) -> list[Finding] | None:
    """`A and B were visited once each`."""
    listed = next((group for group in name_groups(clause.parts) if len(group) > 1), None)
    last = (
        clause.parts[-1].value
        if not isinstance(clause.parts[-1].value, el.Word) or clause.parts[-1].value.tag != "stop_sign"
        else clause.parts[-2].value
    )
    if listed is None or "and" not in clause.tags or not (isinstance(last, el.Word) and last.tag == "all"):
        return None
    whole = clause.filtered()
    masks = [whole & name_mask(name, clause.view) for name in listed]
    return [
        judge(float(mask.sum()), said, mask, f"the number of purchases of {name.text}") for name, mask in zip(listed, masks, strict=True)
    ]


def _each_period(clause: Clause) -> list[Finding]:
    """Of several periods in a list each must have some, or it is named for nothing."""
    whole = clause.filtered(skip=(el.Period,))
    listed = [period for group in period_groups(clause.parts) if len(group) > 1 for period in group]
    empty = [period for period in listed if not (whole & limit_mask(period, clause.view)).any()]
    return [Finding(ok=False, needs=whole, message=f"there are no {what(clause)} in one of those times")] if empty else []


def _noun_after(clause: Clause, at: int) -> str:
    """Tag of the first word behind a part, names apart."""
    return next((part.value.tag for part in clause.parts[at + 1 :] if isinstance(part.value, el.Word)), "")


def read_days(clause: Clause) -> list[Finding] | None:
    """`Made purchases on 60 different days`."""
    said = clause.of(el.Duration)
    month = {"different", "month"} <= clause.tags
    counts = clause.of(el.Count) if {"different", "day"} <= clause.tags or month or _of_weekdays(clause) else []
    if (
        not clause.only((*_LIMITS, el.Duration, el.Count), {"different", *({"month"} if month else ())})
        or len(said) + len(counts) != 1
        or any(value.unit != 1 for value in said)
    ):
        return None
    quantity = (said or counts)[0].quantity
    if len(clause.of(el.Count)) != len(counts):
        return None
    if "spend" in clause.tags or not clause.tags & {"event", "buy"}:
        return None
    mask = clause.filtered()
    if month:
        months = np.unique(clause.view.day[mask].astype("datetime64[D]").astype("datetime64[M]"))
        return [judge(float(len(months)), quantity, mask, f"the number of months with {what(clause)}")]
    return [judge(float(len(np.unique(clause.view.day[mask]))), quantity, mask, f"the number of days with {what(clause)}")]


def _of_weekdays(clause: Clause) -> bool:
    """`On 13 different Mondays`."""
    return "different" in clause.tags and len(clause.of(el.Weekdays)) == 1 and len(clause.of(el.Weekdays)[0].days) == 1


def _several(clause: Clause, counts: list[el.Quantity]) -> list[Finding] | None:
    """`5 purchases in December, 3 the following month`: each number with the period after it."""
    periods = clause.of(el.Period)
    if len(counts) == len(periods) + 1 and any(
        isinstance(part.value, el.Word) and part.value.text.split()[-1] == "into" for part in clause.parts
    ):
        # The nine visits split into four in 2025 and five in 2026.
        whole = clause.filtered(skip=(el.Period,))
        parted = _several(clause, counts[1:]) if counts else None
        return None if parted is None else [judge(float(whole.sum()), counts[0], whole, f"the number of {what(clause)}"), *parted]
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
    if {"above", "below"} <= clause.tags or (clause.tags & {"above", "below"} and money.quantity.form in ("over", "under")):
        return None
    limit, amount = money.quantity, np.abs(clause.view.amount)
    if limit.form in ("over", "under"):
        hit = mask & (amount >= limit.low) & (amount <= limit.high)
    else:
        hit = mask & (amount > limit.value if "above" in clause.tags else amount < limit.value)
    return [judge(float(hit.sum()), said, mask, f"the number of such {what(clause)}")]


def _money(clause: Clause, money: el.Money, count: el.Quantity | None) -> list[Finding] | None:  # noqa: PLR0911
    if (clause.tags & {"above", "below"} and not clause.tags & set(_AGGREGATES)) or (money.quantity.form == "between" and _goes(clause)):
        return None
    whole = clause.filtered()
    mask = in_currency(clause.view, whole, money.currency)
    if mask is None:
        return None
    aggregate = _aggregate(clause)
    if aggregate is None:
        return None
    if aggregate in ("max", "min") and not _is_edge_of_all(clause, aggregate, money):
        return [Finding(ok=None, needs=whole)]
    if count is not None and count.value == 1 and count.form == "exact" and aggregate in ("plain", "total"):
        once = clause.has(el.Times) and int(whole.sum()) != 1
        return [_single(clause, mask, money), *([Finding(ok=None, needs=whole)] if once else [])]
    if count is not None and aggregate == "plain" and _is_single(clause):
        return None
    if aggregate == "plain" and "all" in clause.tags:
        aggregate = "each"
    if aggregate == "plain" and not clause.of(el.Per) and _is_single(clause):
        return [_single(clause, mask, money)]
    if (mask != whole).any() and mask.any():
        # Some of it is in another currency, and whether that counts is not said.
        return None
    counted = [] if count is None else [judge(float(whole.sum()), count, whole, f"the number of {what(clause)}")]
    return [*counted, judge_sum(clause, mask, money, aggregate)]


def _goes(clause: Clause) -> bool:
    """From one amount to another in order of time, which is no range."""
    words = [part.value.text.split()[0] for part in clause.parts if isinstance(part.value, el.Word) and part.value.tag == "verb"]
    return any(word in ("went", "goes", "moved", "came", "fell", "falls", "passed", "developed") for word in words)


def _is_edge_of_all(clause: Clause, aggregate: str, money: el.Money) -> bool:
    """`Paid 12 euros at X on 3 May, the lowest amount of all`: of all, and not of those at X on that day."""
    at = clause.find(aggregate)
    wider = told_of_it(clause, at) if at is not None else []
    if not wider:
        return True
    every = in_currency(clause.view, clause.without_parts(wider).filtered(), money.currency)
    if every is None or not every.any():
        return False
    paid = amounts(clause.view, every)
    return money.quantity.holds(float(paid.max() if aggregate == "max" else paid.min()))


def _aggregate(clause: Clause) -> str | None:  # noqa: PLR0911
    """Which figure of the amounts is meant; None where two are named."""
    named = [tag for tag in _AGGREGATES if tag in clause.tags]
    per = clause.of(el.Per)
    if named == ["mean"] and per and per[0].days:
        return "plain"
    if named == ["mean", "median"] and any(
        isinstance(part.value, el.Word) and part.value.text.startswith("typical") for part in clause.parts
    ):
        return "median"
    if not named and "usual" in clause.tags:
        return "usual"
    inherited = {part.value.tag for part in clause.inherited if isinstance(part.value, el.Word)}
    if not named and not per and ("cost" in clause.tags or ("cost" in inherited and "spend" not in clause.tags | inherited)):
        return "each"
    if not named and not per and _pays_now(clause):
        return "each"
    if not named and not per and any(isinstance(part.value, el.Rate) for part in clause.inherited):
        # Beside a rhythm, an amount is what is paid each time.
        return "mean"
    if any(value.days is None for value in per) or "per" in clause.tags:
        return "mean" if set(named) <= {"mean"} else None
    return None if len(named) > 1 else named[0] if named else "plain"


def _pays_now(clause: Clause) -> bool:
    """`Pays 4.80 EUR for bread`: each time."""
    pays = any(
        isinstance(part.value, el.Word) and part.value.tag == "buy" and part.value.text in ("pays", "pays for", "pay")
        for part in clause.parts
    )
    return (
        pays and bool(clause.of(el.Name)) and not clause.has(el.Count, el.Times) and "spend" not in clause.tags and not clause.of(el.Period)
    )


def _is_single(clause: Clause) -> bool:
    """Whether one payment is spoken of: a day, a clock time, and no word of spending in all."""
    days = [period for period in clause.of(el.Period) if period.role in ("in", "bare") and (period.start == period.end or period.days)]
    return (
        bool(days or clause.of(el.Clock))
        and not clause.tags & {"total"}
        and (bool(clause.of(el.Clock)) or bool(clause.tags & {"buy", "event"}) or "spend" not in clause.tags)
    )


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


def _says_each(clause: Clause) -> bool:
    """Whether each of them is spoken of: `each`, `each time`, `every visit`, `always`."""
    return all(
        part.value.text.split()[0] in ("each", "every", "always", "invariably", "consistently")
        for part in clause.parts
        if isinstance(part.value, el.Word) and part.value.tag == "all"
    )


def read_paced(clause: Clause) -> list[Finding] | None:
    """An amount with a rhythm: `monthly spending of €80` is a sum for each month, `€12.99 every month` is paid each time."""
    rates, money = clause.of(el.Rate), clause.of(el.Money)
    if not clause.only((el.Name, el.Period, el.Rate, el.Money), {"mean", "usual"}) or len(rates) != 1 or len(money) != 1:
        return None
    rate = rates[0]
    priced = in_currency(clause.view, clause.filtered(), money[0].currency)
    if rate.times.value != 1 or priced is None:
        return None
    if not priced.any():
        return [Finding(ok=False, needs=priced, message=f"there are no {what(clause)} in that currency")]
    values = amounts(clause.view, priced)
    each = judge(float(values.mean()), money[0].quantity, priced, f"the average of the {what(clause)}", 100)
    spent = judge(
        float(values.sum()) / months_of(clause, rate.days), money[0].quantity, priced, f"the sum of the {what(clause)} each time", 100
    )
    if "spend" in clause.tags and "event" not in clause.tags:
        return [spent]
    rhythm = read_rate(clause.without(el.Money))
    return None if rhythm is None else [each, *rhythm]
