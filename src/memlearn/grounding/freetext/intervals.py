"""Claims about how long after one thing another one came: redeemed two days after it was shown, returned four days later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, names_mask, periods_mask
from memlearn.grounding.freetext.elements import Part
from memlearn.grounding.freetext.view import Mask

_KINDS = {
    "redeem": ("redemption",),
    "show": ("exposure",),
    "refund": ("refund", "cancellation"),
    "buy": ("purchase",),
    "event": ("purchase",),
}
_FOLLOWS = {"redeem": frozenset({"show"}), "refund": frozenset({"event", "buy"})}


def read_interval(clause: Clause) -> list[Finding] | None:
    """`Redeemed two days after it was first shown`, `returned eight days later`."""
    if _is_after(clause.parts[:1]) and "later" in clause.tags:
        # After being shown it, redeemed it two days later.
        clause = replace(clause, parts=tuple(part for n, part in enumerate(clause.parts) if n and not _tagged(part, "after")))
    durations = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.Duration)]
    tags = {"after", "later"} & clause.tags
    if not tags:
        return _spanned(clause)
    if tags == {"after"} and len(durations) == 1 and _is_after(clause.parts[durations[0] - 1 : durations[0]]):
        return _spanned(replace(clause, parts=tuple(part for part in clause.parts if not _is_after((part,)))), told=True)
    known = clause.only((el.Name, el.Period, el.Duration, el.Money, el.Rank), {"after", "later", "and"})
    if len(durations) != 1 or len(tags) != 1 or not known:
        return None
    return _told(clause, durations[0], next(iter(tags)))


def _told(clause: Clause, at: int, tag: str) -> list[Finding] | None:
    """The claim of a clause with one stretch of time, and `after` or `later` right behind it."""
    turn = clause.parts[at + 1 : at + 2]
    if not turn or not _tagged(turn[0], tag):
        return None
    if tag == "after" and _kinds(clause.parts[:at]) is None:
        return _told_first(clause, at)
    before, behind = clause.parts[:at], clause.parts[at + 2 :] if tag == "after" else clause.inherited
    if tag == "later" and _kinds(before) is None:
        # Shown on 3 May, redeemed two days later: both told here.
        told = [n for n, part in enumerate(before) if isinstance(part.value, el.Word) and part.value.tag in _KINDS]
        behind, before = (before[: told[-1]], before[told[-1] :]) if told else (behind, before)
    kinds, since = _kinds(before), _kinds(behind, last=tag == "later")
    if kinds is None or since is None or kinds == since or any(isinstance(part.value, el.Rank) for part in before):
        return None
    ranks = [part.value for part in behind if isinstance(part.value, el.Rank)]
    if any(abs(rank.place) != 1 or rank.by_amount for rank in ranks):
        return None
    ours = _rows(clause, kinds, before)
    theirs = _rows(clause, since, behind)
    if "refund" in kinds and (theirs & clause.view.returned).any():
        theirs = theirs & clause.view.returned
    said = clause.parts[at].value
    assert isinstance(said, el.Duration)
    return [_apart(clause, ours, theirs, said, first=bool(ranks) and ranks[0].place == 1)]


def _is_after(parts: Sequence[Part]) -> bool:
    return bool(parts) and _tagged(parts[0], "after")


def _tagged(part: Part, tag: str) -> bool:
    return isinstance(part.value, el.Word) and part.value.tag == tag


def _spanned(clause: Clause, *, told: bool = False) -> list[Finding] | None:
    """`It took three days from seeing the offer to redeeming it`, `two days between the display and its redemption`."""
    said = clause.of(el.Duration)
    tags = [part.value.tag for part in clause.parts if isinstance(part.value, el.Word) and part.value.tag in _KINDS]
    telling = [tag for tag in dict.fromkeys(tags) if tag not in ("buy", "event")]
    took = any(isinstance(part.value, el.Word) and part.value.text.startswith(("took", "take")) for part in clause.parts)
    told = told or (len(said) == 1 and said[0].quantity.form == "under")
    if len(said) != 1 or not (took or told or "pass" in clause.tags):
        return None
    if not clause.only((el.Name, el.Duration, *((el.Period,) if told else ())), {"pass", "and", "lasted"}):
        return None
    later = next((tag for tag in telling if tag in _FOLLOWS), None)
    if later is None or set(telling) - {later, *_FOLLOWS[later]}:
        return None
    if not _FOLLOWS[later] & set(tags) and not (took and later == "redeem"):
        # To redeem it took three days: from its being shown.
        return None
    dated = [part for part in clause.parts if isinstance(part.value, el.Period)]
    if len(dated) > 1 or (dated and _FOLLOWS[later].isdisjoint(tags)):
        return None
    ours, theirs = _rows(clause, _KINDS[later], ()), _rows(clause, _KINDS[min(_FOLLOWS[later])], dated)
    if later == "refund" and (theirs & clause.view.returned).any():
        theirs = theirs & clause.view.returned
    return [_apart(clause, ours, theirs, said[0], first=False)]


def _told_first(clause: Clause, at: int) -> list[Finding] | None:
    """`One day after it was shown, it was redeemed`."""
    commas = [n for n, part in enumerate(clause.parts) if isinstance(part.value, el.Word) and part.value.tag == "comma"]
    if at or len(commas) != 1 or _kinds(clause.parts[commas[0] :]) is None:
        return None
    return read_interval(replace(clause, parts=(*clause.parts[commas[0] + 1 :], *clause.parts[: commas[0]])))


def _kinds(parts: Sequence[Part], *, last: bool = False) -> tuple[str, ...] | None:
    """Of which events a side speaks; `a purchase was refunded` speaks of the refund."""
    tags = [part.value.tag for part in parts if isinstance(part.value, el.Word) and part.value.tag in _KINDS]
    telling = [tag for tag in tags if tag not in ("buy", "event")] or tags
    return None if not telling or (len(set(telling)) > 1 and not last) else _KINDS[telling[-1]]


def _rows(clause: Clause, kinds: tuple[str, ...], parts: Sequence[Part]) -> Mask:
    """Rows of one side: by the names of the whole clause, and the times and amounts of its own."""
    named = tuple(part for part in clause.parts if isinstance(part.value, el.Name)) or clause.inherited
    mask = clause.view.of_kinds(kinds) & names_mask(named, clause.view) & periods_mask(parts, clause.view)
    for part in parts:
        if isinstance(part.value, el.Money):
            money = part.value
            priced = mask & clause.view.priced & ((clause.view.currency == money.currency) if money.currency else True)
            mask = clause.view.none()
            mask[np.flatnonzero(priced)] = [money.quantity.holds(float(amount)) for amount in amounts(clause.view, priced)]
    return mask


def _apart(clause: Clause, ours: Mask, theirs: Mask, said: el.Duration, *, first: bool) -> Finding:
    """The days from the last one before, or from the first one of all where it says so."""
    needs = ours | theirs
    starts = clause.view.day[theirs]
    right: list[bool | None] = []
    for day in clause.view.day[ours].tolist():
        earlier = starts[starts <= day]
        if not len(earlier):
            return Finding(ok=False, needs=needs, message="nothing of it came before")
        quantity = said.quantity if said.unit == 1 else said.quantity.loosened(0.3 * said.unit / said.quantity.value)
        latest, earliest = (quantity.holds(float(day - earlier[at])) for at in (-1, 0))
        right.append(earliest if first else latest or (None if earliest else False))
    if not right:
        return Finding(ok=False, needs=needs, message="there is nothing of the kind")
    ok = True if all(right) else False if set(right) == {False} else None
    return Finding(ok=ok, needs=needs, message="it was not so many days")
