"""Claims that divide something up, look back, or tell of the only one: the other two in 2026, not so before, the only purchase."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, in_currency, judge, limit_mask, names_mask, periods_mask, what
from memlearn.grounding.freetext.elements import Part
from memlearn.grounding.freetext.view import Mask

_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours)
_SOLE = {"event": ("purchase",), "redeem": ("redemption",), "show": ("exposure",), "refund": ("refund", "cancellation")}
_NO = frozenset({"not", "never", "nothing", "without"})


def read_rest(clause: Clause) -> list[Finding] | None:
    """`Four of the purchases at X belong to 2025, the other two to 2026`, `5 of 9 were in 2025; the rest are from 2026`."""
    turn = clause.find("rest")
    if turn is None or not clause.only((*_LIMITS, el.Count, el.OutOf, el.Times), {"rest", "and", "semicolon", "while", "but"}):
        return None
    head, tail = clause.parts[:turn], clause.parts[turn:]
    said = [part.value for part in head if isinstance(part.value, el.Count | el.OutOf | el.Times)]
    others = [part.value.quantity for part in tail if isinstance(part.value, el.Count | el.Times)]
    if len(said) != 1 or len(others) > 1 or any(isinstance(part.value, el.OutOf) for part in tail):
        return None
    ours = _told(head)
    theirs = [part for part in tail if isinstance(part.value, _LIMITS)]
    if not ours or not theirs or not all(_same_sort(ours, theirs)):
        return None
    scope = [part for part in head if isinstance(part.value, _LIMITS) and part not in ours]
    whole = replace(clause, parts=(*(part for part in clause.parts if isinstance(part.value, el.Word)), *scope)).filtered()
    one, other = (whole & _mask(clause, side) for side in (ours, theirs))
    number = said[0].hits if isinstance(said[0], el.OutOf) else said[0].quantity
    findings = [judge(float(one.sum()), number, whole, f"the number of {what(clause)} of the first sort")]
    if isinstance(said[0], el.OutOf):
        findings.append(judge(float(whole.sum()), said[0].whole, whole, f"the number of {what(clause)}"))
    findings += [judge(float(other.sum()), quantity, whole, f"the number of the other {what(clause)}") for quantity in others]
    right = not (one & other).any() and bool(((one | other) == whole).all()) and bool(other.any())
    return [
        *findings,
        Finding(ok=right, needs=whole, message=f"{int((whole & ~one & ~other).sum())} are neither of the one nor of the other sort"),
    ]


def _told(head: tuple[Part, ...]) -> list[Part]:
    """What is said of the first lot: what stands behind the verb, or the last limit named."""
    verb = next((n for n, part in enumerate(head) if isinstance(part.value, el.Word) and part.value.tag == "verb"), None)
    behind = [part for part in head[verb:] if isinstance(part.value, _LIMITS)] if verb is not None else []
    limits = [part for part in head if isinstance(part.value, _LIMITS)]
    return behind or limits[-1:]


def _same_sort(ours: list[Part], theirs: list[Part]) -> list[bool]:
    return [type(one.value) is type(other.value) for one in ours for other in theirs]


def _mask(clause: Clause, parts: list[Part]) -> Mask:
    mask = names_mask(parts, clause.view) & periods_mask(parts, clause.view)
    for part in parts:
        if isinstance(part.value, el.Weekdays | el.Hours):
            mask = mask & limit_mask(part.value, clause.view)
    return mask


def read_looking_back(clause: Clause) -> list[Finding] | None:
    """`Which was not the case before`, `although it was used before`: before the time that was named."""
    if not clause.only((el.Name,), {"before", "any", *_NO}) or "before" not in clause.tags or len(clause.tags & _NO) > 1:
        return None
    last = clause.parts[-1] if not _is_stop(clause.parts[-1]) else clause.parts[-2]
    if not (isinstance(last.value, el.Word) and last.value.tag == "before"):
        return None
    periods = [part.value for part in clause.inherited if isinstance(part.value, el.Period)]
    if len(periods) != 1 or not any(isinstance(part.value, el.Name) for part in (*clause.parts, *clause.inherited)):
        return None
    rows = clause.filtered(kinds=("purchase",) if "buy" in clause.tags else None, skip=(el.Period,))
    earlier = rows & (clause.view.day < periods[0].base[0])
    if clause.tags & _NO:
        return [Finding(ok=not earlier.any(), needs=rows, message=f"there are {int(earlier.sum())} {what(clause)} before")]
    ever = earlier if periods[0].role != "after" else rows & (clause.view.day <= periods[0].base[1])
    return [Finding(ok=bool(ever.any()), needs=ever, message=f"there are no {what(clause)} before")]


def _is_stop(part: Part) -> bool:
    return isinstance(part.value, el.Word) and part.value.tag == "stop_sign"


def read_unsurpassed(clause: Clause) -> list[Finding] | None:
    """`No purchase was larger than the one of 135.24 EUR in February`: it is there, and none is larger."""
    if not clause.only((el.Name, el.Period, el.Money), {"not", "never", "higher", "lower", "than"}) or len(clause.of(el.Money)) != 1:
        return None
    turn, denial = clause.find("than"), clause.find("not", "never")
    if turn is None or denial is None or denial > turn or ("higher" in clause.tags) == ("lower" in clause.tags) or "spend" in clause.tags:
        return None
    if clause.of(el.Money)[0].quantity.form != "exact" or not clause.tags & {"event", "buy", "amount"}:
        return None
    head = clause.cut(0, turn)
    rows = in_currency(clause.view, head.filtered(), clause.of(el.Money)[0].currency)
    if rows is None or not rows.any():
        return None
    values = amounts(clause.view, rows)
    edge = int(values.max() if "higher" in clause.tags else values.min())
    mine = (
        rows
        & (np.abs(clause.view.amount) == edge)
        & _mask(clause, [part for part in clause.parts[turn:] if isinstance(part.value, _LIMITS)])
    )
    ok = clause.of(el.Money)[0].quantity.holds(float(edge)) and bool(mine.any())
    return [Finding(ok=ok, needs=rows, message=f"the amount that no other one goes beyond is {edge / 100:.2f}")]


def read_sole(clause: Clause) -> list[Finding] | None:
    """`The only purchase at X cost 18.31 EUR`, `the sole visit to X was on 3 May`: there is one, and that is said of it."""
    turn = clause.find("only")
    if turn is None or not clause.only((*_LIMITS, el.Money, el.Clock), {"only"}):
        return None
    verb = next((n for n in range(turn, len(clause.parts)) if _turns(clause.parts[n])), None)
    noun = next((part.value for part in clause.parts[turn + 1 :] if isinstance(part.value, el.Word)), None)
    if verb is None or noun is None or noun.tag not in _SOLE or turn > 1:
        return None
    head, tail = clause.cut(0, verb), clause.parts[verb:]
    if clause.kinds() != _SOLE[noun.tag]:
        return None
    said = [part.value for part in tail if not isinstance(part.value, el.Word)]
    if not said or any(isinstance(part.value, el.Money | el.Clock) for part in head.parts):
        return None
    rows = head.filtered()
    findings = [judge(float(rows.sum()), el.exactly(1), rows, f"the number of {what(head)}")]
    mask = rows & _mask(clause, [part for part in tail if isinstance(part.value, _LIMITS)])
    for value in said:
        if isinstance(value, el.Clock):
            mask = mask & limit_mask(value, clause.view)
        if isinstance(value, el.Money):
            held = np.array([value.quantity.holds(float(abs(amount))) for amount in clause.view.amount.tolist()], dtype=np.bool_)
            mask = mask & clause.view.priced & held & ((clause.view.currency == value.currency) if value.currency else True)
    return [*findings, Finding(ok=bool(mask.any()), needs=rows, message=f"that is not so of the only one of the {what(head)}")]


def _turns(part: Part) -> bool:
    return isinstance(part.value, el.Word) and part.value.tag in ("verb", "cost", "comma", "colon", "open", "dash")
