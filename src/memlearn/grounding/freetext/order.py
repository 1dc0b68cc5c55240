"""Claims about one row that its place picks: the first, the last, the second-highest; and how such rows compare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, in_currency, judge, limit_mask, name_mask, names_mask, what
from memlearn.grounding.freetext.spans import day_of
from memlearn.grounding.freetext.view import Mask

_SAID = (el.Name, el.Period, el.Weekdays, el.Hours, el.Clock, el.Money, el.Count, el.Rank, el.Times)
_SUPERLATIVES = {"max": -1, "min": 1, "themost": -1, "least": 1}


def read_selected(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`First purchase at X: 19 November`, `the smallest bill was €3.78, on 18 July at 08:45`, `the last of 5 visits took place on …`."""
    if not clause.only(_SAID, {"max", "min", "themost", "least", "all", "start", "and"}):
        return None
    picks = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.Rank) or _superlative(part.value)]
    if len(picks) != 1 or len(clause.of(el.Money)) > 1 or clause.of(el.Times):
        return None
    if "start" in clause.tags and not clause.of(el.Rank):
        return None
    if clause.tags & {"themost", "least"} and not _pays_most(clause):
        return None
    at = picks[0]
    turn = next((n for n in range(at, len(clause.parts)) if _turns(clause.parts[n].value)), at)
    if turn == at and not any(isinstance(part.value, _SAID) for part in clause.parts[at + 1 :]) and not clause.has(el.Money, el.Period):
        return None
    if _own_claim_before(clause, at) or (_superlative(clause.parts[at].value) and _of_names(clause, at)):
        return None
    scope, said = _scope(clause, at, turn)
    rows = clause.base() & scope
    wider = told_of_it(clause, at) if turn == at or _superlative(clause.parts[at].value) else []
    counted = [judge(float(rows.sum()), value.quantity, rows, f"the number of {what(clause)}") for value in clause.of(el.Count)]
    if not said:
        return None
    picked = _picked(clause, rows, at, said)
    if (
        wider
        and picked.ok
        and not _picked(
            clause, clause.base() & _scope(clause.without_parts(wider), 0, 0)[0], at, [*said, *(part.value for part in wider)]
        ).ok
    ):
        # 12 euros at X was the largest purchase: of all, or of those at X?
        picked = Finding(ok=None, needs=rows)
    value = clause.parts[at].value
    if isinstance(value, el.Rank) and value.place == -1 and not value.by_amount and any(isinstance(told, el.Period) for told in said):
        # Since then there has been none.
        picked = replace(picked, ended=True)
    return [*counted, picked]


def _pays_most(clause: Clause) -> bool:
    """`Paid the most on that day` is of one payment; the most of a month is not, nor the most purchases."""
    pays = any(isinstance(part.value, el.Word) and part.value.text.startswith("pa") for part in clause.parts) or "spend" in clause.tags
    days = all(period.base[0] == period.base[1] for period in clause.of(el.Period))
    return pays and days and bool(clause.of(el.Period) or clause.of(el.Money)) and not clause.of(el.Weekdays) and not clause.of(el.Hours)


def _own_claim_before(clause: Clause, at: int) -> bool:
    """Whether a comma cuts off an amount or a number from the place that is named after it."""
    commas = [n for n, part in enumerate(clause.parts[:at]) if isinstance(part.value, el.Word) and part.value.tag in ("comma", "and")]
    head = clause.parts[: commas[-1]] if commas else ()
    return any(isinstance(part.value, el.Money | el.Count | el.Times | el.Clock) for part in head)


def _of_names(clause: Clause, at: int) -> bool:
    """`The top merchant` is no single purchase."""
    noun = next((part.value for part in clause.parts[at + 1 :] if isinstance(part.value, el.Word)), None)
    return noun is not None and noun.tag in ("merchant", "category", "item", "city")


def _superlative(value: el.Value) -> bool:
    return isinstance(value, el.Word) and value.tag in _SUPERLATIVES


def _turns(value: el.Value) -> bool:
    """Whether what follows is said of the row, and does not pick it."""
    return isinstance(value, el.Word) and value.tag in ("verb", "colon")


def _scope(clause: Clause, at: int, turn: int) -> tuple[Mask, list[el.Value]]:
    """The rows to pick from, and what is said of the one picked: what stands behind the verb, and any time where there is no verb."""
    head = clause.parts[:turn] if turn > at else clause.parts
    picking = [part for part in head if isinstance(part.value, el.Name)]
    said: list[el.Value] = []
    tail = clause.parts[turn:] if turn > at else ()
    for part in clause.parts:
        value = part.value
        if isinstance(value, el.Money | el.Clock):
            said.append(value)
        elif isinstance(value, el.Period | el.Weekdays | el.Hours):
            if part in tail or turn == at or _apposed(clause, at, part):
                said.append(value)
        elif isinstance(value, el.Name) and part not in picking:
            said.append(value)
    own = tuple(part for part in clause.inherited if isinstance(part.value, el.Name)) if not picking else ()
    mask = names_mask((*picking, *own), clause.view)
    for part in head:
        if isinstance(part.value, el.Period | el.Weekdays | el.Hours) and part.value not in said:
            mask = mask & limit_mask(part.value, clause.view)
    return mask, said


def told_of_it(clause: Clause, at: int) -> list[el.Part]:
    """What is said of the row that a superlative at a place picks.

    Names and days before the verb or the comma that a superlative stands behind, and days that stand first: said of the row picked,
    and not where it is picked from.
    """
    if not _superlative(clause.parts[at].value):
        return []
    turns = [n for n, part in enumerate(clause.parts[:at]) if isinstance(part.value, el.Word) and part.value.tag in ("verb", "comma")]
    end = (
        turns[-1]
        if turns and (_is_verb(clause.parts[turns[-1]]) or any(isinstance(part.value, el.Money) for part in clause.parts[: turns[-1]]))
        else 0
    )
    told = [part for part in clause.parts[:end] if isinstance(part.value, el.Name | el.Period | el.Weekdays | el.Hours)]
    days = [
        part for part in clause.parts[:at] if isinstance(part.value, el.Period) and part.value.start == part.value.end and part not in told
    ]
    return [*told, *days]


def _is_verb(part: el.Part) -> bool:
    return isinstance(part.value, el.Word) and part.value.tag == "verb"


def _apposed(clause: Clause, at: int, part: el.Part) -> bool:
    """`The first purchase, on 10 June, was at X`: the day is said of it, between commas."""
    marks = [
        n
        for n, other in enumerate(clause.parts)
        if n > at and isinstance(other.value, el.Word) and other.value.tag in ("comma", "open", "close")
    ]
    place = clause.parts.index(part)
    return place > at and any(n < place for n in marks)


def _picked(clause: Clause, rows: Mask, at: int, said: list[el.Value]) -> Finding:
    """Whether everything said holds of the row, or of one of those that share its place."""
    places = pick(clause, rows, clause.parts[at].value)
    if not len(places):
        return Finding(ok=False, needs=rows, message=f"there are not so many {what(clause)} among the rows")
    if all(any(_fits(clause, int(row), value) for row in places) for value in said) and any(
        all(_fits(clause, int(row), value) for value in said) for row in places
    ):
        return Finding(ok=True, needs=rows)
    row = int(places[0])
    shown = f"on {day_of(int(clause.view.day[row]))}"
    if clause.view.priced[row]:
        shown += f", {abs(int(clause.view.amount[row])) / 100:.2f} {clause.view.currency[row]}"
    return Finding(ok=False, needs=rows, message=f"that one of the {what(clause)} was {shown}")


def pick(clause: Clause, rows: Mask, value: el.Value) -> NDArray[np.intp]:
    """Positions of the row at a place, with those that share its amount or, by time, its instant's day and second."""
    by_amount = _superlative(value) or (isinstance(value, el.Rank) and value.by_amount)
    place = value.place if isinstance(value, el.Rank) else _SUPERLATIVES[value.tag] if isinstance(value, el.Word) else 1
    if by_amount:
        priced = np.flatnonzero(rows & clause.view.priced)
        if len(np.unique(clause.view.currency[priced])) > 1 or abs(place) > len(priced):
            return np.empty(0, dtype=np.intp)
        values = np.abs(clause.view.amount[priced])
        wanted = np.sort(values)[place - 1 if place > 0 else place]
        return np.flatnonzero(np.isin(np.arange(clause.view.size), priced[values == wanted]))
    found = np.flatnonzero(rows)
    if abs(place) > len(found):
        return np.empty(0, dtype=np.intp)
    return found[[place - 1 if place > 0 else place]]


def _fits(clause: Clause, row: int, value: el.Value) -> bool:
    view = clause.view
    match value:
        case el.Money(quantity=quantity, currency=currency):
            return bool(view.priced[row]) and currency in (None, view.currency[row]) and quantity.holds(float(abs(view.amount[row])))
        case el.Name():
            return bool(name_mask(value, view)[row])
    return bool(limit_mask(value, view)[row])


def read_history(clause: Clause) -> list[Finding] | None:
    """`From the first payment (€6.25) to the latest (€3.30), the bill shrank`."""
    if (
        not clause.only((el.Name, el.Rank, el.Money), {"up", "down"})
        or len(clause.of(el.Rank)) != 2  # noqa: PLR2004
        or len(clause.of(el.Money)) not in (0, 2)
    ):
        return None
    turned = bool(clause.tags & {"up", "down"})
    if {"up", "down"} <= clause.tags or not (turned or clause.of(el.Money)):
        return None
    rows = clause.filtered()
    ends = [pick(clause, rows, rank) for rank in clause.of(el.Rank)]
    if not all(len(found) for found in ends):
        return None
    first, last = (int(found[0]) for found in ends)
    money = clause.of(el.Money)
    right = all(_fits(clause, row, value) for row, value in zip((first, last), money, strict=False))
    before, after = abs(int(clause.view.amount[first])), abs(int(clause.view.amount[last]))
    ok = right and (not turned or (after > before if "up" in clause.tags else after < before))
    return [Finding(ok=ok, needs=rows, message=f"it went from {before / 100:.2f} to {after / 100:.2f}")]


def read_previous(clause: Clause) -> list[Finding] | None:
    """`The second bill, €22.30, was higher than the one before it`, `the last one was cheaper than the first`."""
    if not clause.only((el.Name, el.Rank, el.Money), {"higher", "lower", "than", "previous"}) or not clause.of(el.Rank):
        return None
    ranks = clause.of(el.Rank)
    if len(ranks) == 2 and not clause.of(el.Money):  # noqa: PLR2004
        return _two_ranks(clause)
    if "previous" not in clause.tags:
        return None
    rows = in_currency(clause.view, clause.filtered(), None)
    if rows is None or len(ranks) != 1 or ranks[0].by_amount or ("higher" in clause.tags) == ("lower" in clause.tags):
        return None
    place = ranks[0].place
    found = np.flatnonzero(rows)
    at = place - 1 if place > 0 else len(found) + place
    if not 1 <= at < len(found):
        return [Finding(ok=False, needs=rows, message=f"there is no such pair of {what(clause)}")]
    this, before = (abs(int(clause.view.amount[found[n]])) for n in (at, at - 1))
    right = all(_fits(clause, int(found[at]), value) for value in clause.of(el.Money))
    ok = right and (this > before if "higher" in clause.tags else this < before)
    return [Finding(ok=ok, needs=rows, message=f"it was {this / 100:.2f} after {before / 100:.2f}")]


def _two_ranks(clause: Clause) -> list[Finding] | None:
    """One bill against another, each by its place."""
    rows = in_currency(clause.view, clause.filtered(), None)
    if rows is None or "than" not in clause.tags or ("higher" in clause.tags) == ("lower" in clause.tags):
        return None
    found = [pick(clause, rows, rank) for rank in clause.of(el.Rank)]
    if not all(len(places) for places in found):
        return [Finding(ok=False, needs=rows, message=f"there are not so many {what(clause)}")]
    this, other = (abs(int(clause.view.amount[places[0]])) for places in found)
    ok = this > other if "higher" in clause.tags else this < other
    return [Finding(ok=ok, needs=rows, message=f"they are {this / 100:.2f} and {other / 100:.2f}")]
