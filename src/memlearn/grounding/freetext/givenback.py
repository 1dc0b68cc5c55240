"""Claims about how much of what was bought was given back: `returned 3 of the 5 shoes`, `half of the orders at X were cancelled`."""

from __future__ import annotations

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding
from memlearn.grounding.freetext.shares import QUANTIFIERS

_WORDS = frozenset({"all", "mostly", "most", "almostall", "half"})
# What a quantifier before it is of, rather than of what was bought: most refunds.
_NOUNS = ("refund", "refunds", "returns", "cancellation", "reversal", "reimbursement", "repayment", "chargeback", "credit note")


def read_given_back(clause: Clause) -> list[Finding] | None:
    """A part of the purchases, told by numbers or as most of them, and that it was given back."""
    if "refund" not in clause.tags or not clause.only((el.Name, el.OutOf, el.Share), {"total", *_WORDS}) or clause.kinds() != ("refund", "cancellation"):
        return None
    told = [part.value for part in clause.parts if isinstance(part.value, el.Word) and part.value.tag == "refund"]
    words = [part.value.tag for part in clause.parts if isinstance(part.value, el.Word) and part.value.tag in _WORDS]
    outs = clause.of(el.OutOf)
    shares = [share.quantity for share in clause.of(el.Share)] + [QUANTIFIERS[word] for word in words]
    if len(told) != 1 or len(outs) + len(shares) != 1 or not (clause.has(el.Name) or clause.tags & {"event", "buy"}):
        return None
    if words and (told[0].text.startswith(_NOUNS) or not clause.has(el.Name)):
        return None
    bought, back = clause.filtered(kinds=("purchase",)), clause.filtered(kinds=("refund", "cancellation"))
    of = int(bought.sum())
    # A refund that names no purchase counts as one all the same.
    readings = [int((bought & clause.view.returned).sum()), int(back.sum())]
    message = f"{readings[0]} of {of} purchases were given back, in {readings[1]} refunds"
    needs = bought | back
    if outs or not of:
        ok = bool(of) and outs[0].whole.holds(of) and any(map(outs[0].hits.holds, readings))
        return [Finding(ok=ok, needs=needs, message=message)]
    right = [shares[0].holds(min(n / of, 1.0)) for n in readings]
    return [Finding(ok=all(right) if any(right) == all(right) else None, needs=needs, message=message)]
