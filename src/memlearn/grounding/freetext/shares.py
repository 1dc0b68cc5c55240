"""Claims about how much of something is so: all, most, half, 75 percent, hardly any, never."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import (
    Clause,
    Finding,
    in_currency,
    limit_mask,
    name_mask,
    names_mask,
    periods_mask,
    show_number,
    what,
)
from memlearn.grounding.freetext.elements import Part, Quantity
from memlearn.grounding.freetext.view import Mask

_MOST, _FEW, _NEARLY = Quantity(0.5 + 1e-6, 1, 0.75), Quantity(0, 0.2, 0.1), Quantity(0.8, 1, 0.9)
QUANTIFIERS = {
    "all": Quantity(1, 1, 1), "wherever": Quantity(1, 1, 1), "nootherwise": Quantity(1, 1, 1), "only": Quantity(1, 1, 1), "mostly": _MOST, "most": _MOST, "tend": _MOST,
    "usual": _MOST, "rarely": _FEW, "never": Quantity(0, 0, 0), "almostall": _NEARLY, "half": Quantity(0.45, 0.55, 0.5), "usedall": Quantity(1, 1, 1),
    "some": Quantity(1e-6, 1, 0.5),
    "both": Quantity(1, 1, 1), "mostoften": _MOST,
}  # fmt: skip
_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours, el.Clock, el.Currency)
_PLAIN_TAGS = {
    *QUANTIFIERS, "sharenoun", "not", "exceed", "above", "below", "stay_below", "and", "or", "more", "than", "city", "category", "day", "both",
}  # fmt: skip
_DIMS = {"city": "city", "category": "merchant_category", "merchant": "merchant"}


def read_share(clause: Clause) -> list[Finding] | None:  # noqa: C901, PLR0911, PLR0912
    """A quantifier, what it ranges over, and what is said of that."""
    of_total = {"total"} if clause.of(el.Share) and "spend" in clause.tags and not clause.of(el.Money) else set()
    if not clause.only((*_LIMITS, el.Share, el.OutOf, el.Money, el.Count), _PLAIN_TAGS | of_total):
        return None
    found = _quantifier(clause)
    if found is None or len(clause.of(el.Money)) > 1:
        return None
    at, bounds = found
    if "not" in clause.tags and (_tag(clause.parts[at]) != "not" or len([part for part in clause.parts if _tag(part) == "not"]) > 1):
        return None
    if _tag(clause.parts[at]) == "mostoften" and not clause.has(el.Hours):
        return None
    if clause.kinds() == ("redemption",) and not clause.of(el.Money) and not _of_redemptions(clause, at):
        return _redeemed(clause, bounds)
    if clause.kinds()[0] == "refund" and clause.tags & {"verb", "event"}:
        return _returned(clause, at, bounds)
    following = next((_tag(part) or "other" for part in clause.parts[at + 1 :]), "")
    if _tag(clause.parts[at]) == "most" and following not in ("event", "spend", "other", "offer"):
        return None
    timed = clause.has(el.Weekdays, el.Hours, el.Period)
    if clause.of(el.Money) and timed and not clause.tags & {"exceed", "stay_below"}:
        # Whether the amount is said of the time or the time of the amount is open.
        return None
    if "some" in clause.tags and any(period.role == "since" and period.base[0] == period.base[1] for period in clause.of(el.Period)):
        # Whether that day itself counts is open.
        return None
    if _every_time(clause, at) or _of_claim_before(clause, at):
        return None
    picking, said = _sides(clause, at)
    whole = _mask(clause, picking, over=True)
    hit = _mask(clause, said, over=False)
    if whole is None or hit is None or not (said or clause.has(el.Money)):
        return None
    silent = whole & (clause.view.second < 0) if any(isinstance(part.value, el.Hours | el.Clock) for part in said) else clause.view.none()
    if silent.any() and np.array_equal(silent, whole):
        return [Finding(ok=None, needs=whole, message="the rows do not tell the time of the day")]
    # What has no time of the day is no evidence of when it was.
    whole = whole & ~silent
    paid = [money.currency for money in clause.of(el.Money) if money.currency]
    if paid and whole.any() and not (whole & (clause.view.currency == paid[0])).any():
        return [Finding(ok=False, needs=whole, message=f"none of the {what(clause)} is in {paid[0]}")]
    return _outcome(clause, whole, whole & hit, bounds, picking)


def _quantifier(clause: Clause) -> tuple[int, Quantity] | None:
    """The one quantifier of a clause; `usually` and `the day for` belong to another one."""
    shares = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.Share)]
    quantifiers = QUANTIFIERS.keys() - {"both"} if "and" in clause.tags else QUANTIFIERS.keys()
    words = [at for at, part in enumerate(clause.parts) if _tag(part) in quantifiers]
    outs = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.OutOf)]
    counts = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.Count)]
    if shares and [clause.parts[at].value.text for at in words] == ["all"]:  # type: ignore[union-attr]
        # 30 percent of all purchases.
        words = []
    if (
        not shares
        and not words
        and (clause.tags & {"exceed", "above", "below"} or any(money.quantity.form in ("over", "under") for money in clause.of(el.Money)))
    ):
        # No purchase was above 20 euros.
        words = [
            at
            for at, part in enumerate(clause.parts[:-1])
            if _tag(part) == "not" and "event" in [_tag(other) for other in clause.parts[at + 1 : at + 3]]
        ]
    if len(shares) + len(words) > 1 or len(counts) > (not shares):
        return None
    if shares:
        value = clause.parts[shares[0]].value
        return (shares[0], value.quantity) if isinstance(value, el.Share) else None
    if words:
        value = clause.parts[words[0]].value
        return (words[0], QUANTIFIERS.get(value.tag, QUANTIFIERS["never"])) if isinstance(value, el.Word) else None
    if outs:
        value = clause.parts[outs[0]].value
        return (outs[0], Quantity(0, 1, 0.5)) if isinstance(value, el.OutOf) else None
    if counts and (
        clause.tags & {"exceed", "stay_below"}
        or ("verb" in clause.tags and any(money.quantity.form in ("over", "under") for money in clause.of(el.Money)))
    ):
        value = clause.parts[counts[0]].value
        return (counts[0], Quantity(0, 1, 0.5)) if isinstance(value, el.Count) else None
    return None


def _every_time(clause: Clause, at: int) -> bool:
    """`Every Saturday` is of all Saturdays, and not of all purchases."""
    word, after = clause.parts[at].value, clause.parts[at + 1 : at + 2]
    named = isinstance(word, el.Word) and word.text.split()[0] in ("every", "each", "nearly", "almost", "most")
    return named and bool(after) and isinstance(after[0].value, el.Weekdays | el.Hours | el.Period)


def _of_redemptions(clause: Clause, at: int) -> bool:
    """`Two of three redemptions`: of what was redeemed, not of what was shown."""
    noun = next((part.value for part in clause.parts[at + 1 :] if isinstance(part.value, el.Word)), None)
    if noun is None or not noun.text.startswith(("redemption", "redeemed")):
        return False
    # Three of the five redeemed offers were for groceries.
    after = [part for part in clause.parts[at + 1 :] if isinstance(part.value, el.Word)]
    return noun.text.startswith("redemption") or "offer" in noun.text or (len(after) > 1 and after[1].value.tag == "offer")  # type: ignore[union-attr]


def _of_claim_before(clause: Clause, at: int) -> bool:
    """`Five payments, all in June`: the number is a claim of its own, and the quantifier speaks of what it counted."""
    if at == 0 or _tag(clause.parts[at - 1]) not in ("comma", "dash", "open", "colon"):
        return False
    return any(isinstance(part.value, el.Count | el.Times | el.Money) for part in clause.parts[:at])


def _tag(part: Part) -> str:
    return part.value.tag if isinstance(part.value, el.Word) else ""


def _sides(clause: Clause, at: int) -> tuple[list[Part], list[Part]]:  # noqa: PLR0911
    """What the quantifier ranges over, and what is said of it."""
    parts = [part for part in clause.parts if isinstance(part.value, _LIMITS)]
    noun_at = clause.find("sharenoun")
    if noun_at is not None:
        # Coffee's share of the purchases at X is 23 percent.
        said = [part for part in clause.parts[:noun_at] if isinstance(part.value, _LIMITS)]
        if not said and any(isinstance(part.value, el.Name) for part in parts) and at > noun_at:
            # The share of coffee purchases is 23 percent.
            said = [part for part in clause.parts[noun_at:at] if isinstance(part.value, el.Name)]
        return ([part for part in parts if part not in said], said) if said else _by_sort(parts, priced=False)
    after = clause.parts[at + 1 :]
    verb = next(
        (n for n, part in enumerate(after) if isinstance(part.value, el.Word) and part.value.tag in ("verb", "exceed", "stay_below")), None
    )
    value = clause.parts[at].value
    tag = value.tag if isinstance(value, el.Word) else ""
    noun = next((part.value for part in after if _tag(part) not in ("skip", "all", "total") and not isinstance(part.value, el.Count)), None)
    nominal = isinstance(noun, el.Name) or (
        isinstance(noun, el.Word) and noun.tag in ("event", "spend", "offer", "redeem", "refund", "merchant")
    )
    before, behind = ([part for part in parts if part in side] for side in (clause.parts[:at], after))
    if tag == "only" and before and behind:
        # In May, shopped only at X.
        return before, behind
    if tag in ("never", "rarely", "all", "mostly") and all(
        any(isinstance(part.value, el.Name) for part in side) for side in (before, behind)
    ):
        # Bread is bought only at X.
        return before, behind
    if tag in ("nootherwise", "usual", "tend", "rarely", "only", "wherever") and not (tag == "rarely" and nominal and verb is not None):
        return _by_sort(parts, priced=bool(clause.of(el.Money)))
    if nominal and noun is not None:
        end = len(after) if verb is None else verb
        ranged = [part for part in after[:end] if isinstance(part.value, _LIMITS)]
        said = [part for part in parts if part not in ranged]
        early = [part for part in clause.parts[:at] if isinstance(part.value, el.Period)]
        if early and len(said) > len(early):
            # Since January, most payments …
            ranged, said = [*early, *ranged], [part for part in said if part not in early]
        money = next((n for n, part in enumerate(after) if isinstance(part.value, el.Money)), -1)
        if money > end:
            # At X, every bill was above 60 euros: the amount is what is said.
            return parts, []
        if said or clause.has(el.Money):
            return ranged, said
    return _by_sort(parts, priced=bool(clause.of(el.Money)))


def _by_sort(parts: Sequence[Part], *, priced: bool) -> tuple[list[Part], list[Part]]:
    """Amounts are said of anything, times are said of names, the merchant is said of the category."""
    if priced:
        return list(parts), []
    for sorts in ((el.Hours, el.Weekdays, el.Clock, el.Currency), (el.Period,)):
        said = [part for part in parts if isinstance(part.value, sorts)]
        if said:
            return [part for part in parts if part not in said], said
    names = [part for part in parts if isinstance(part.value, el.Name)]
    fine = [part for part in names if isinstance(part.value, el.Name) and not part.value.masks.keys() & {"merchant_category", "category"}]
    if fine and len(fine) < len(names):
        return [part for part in parts if part not in fine], fine
    return (list(parts), []) if len(names) == 1 and not fine else ([part for part in parts if part not in names], names)


def _mask(clause: Clause, parts: list[Part], *, over: bool) -> Mask | None:
    """The rows that one side picks."""
    named = tuple(part for part in parts if isinstance(part.value, el.Name))
    if over and not named:
        named = tuple(part for part in clause.inherited if isinstance(part.value, el.Name))
    order = tuple(part for part in clause.parts if part in named or isinstance(part.value, el.Word))
    mask = names_mask(order if set(named) <= set(clause.parts) else named, clause.view)
    periods = tuple(part for part in clause.parts if part in parts or isinstance(part.value, el.Word))
    mask = mask & periods_mask(periods, clause.view)
    for part in parts:
        if not isinstance(part.value, el.Period):
            mask = mask & limit_mask(part.value, clause.view)
    if over:
        mask = mask & clause.base()
        if not clause.of(el.Name):
            for part in clause.inherited:
                if isinstance(part.value, el.Currency):
                    mask = mask & limit_mask(part.value, clause.view)
            if not clause.of(el.Period):
                mask = mask & periods_mask(clause.inherited, clause.view)
        if "wherever" in clause.tags:
            dim = next((dim for tag, dim in _DIMS.items() if tag in clause.tags), None)
            return None if dim is None or dim not in clause.view.columns else mask & (clause.view.columns[dim] != "")
        return mask
    return _with_amount(clause, mask)


def _with_amount(clause: Clause, mask: Mask) -> Mask | None:
    money = clause.of(el.Money)
    if not money:
        return mask if not clause.tags & {"exceed", "stay_below", "above", "below"} else None
    view, said = clause.view, money[0]
    same = view.priced & ((view.currency == said.currency) if said.currency else True)
    limit, amount = said.quantity.value, np.abs(view.amount)
    if said.quantity.form in ("over", "under", "between") and not clause.tags & {"exceed", "above", "stay_below", "below"}:
        return mask & same & (amount >= said.quantity.low - 1e-9) & (amount <= said.quantity.high + 1e-9)
    if said.quantity.form == "between":
        return None
    if clause.tags & {"exceed", "above"} or said.quantity.form == "over":
        return mask & same & (amount > limit)
    if clause.tags & {"stay_below", "below"} or said.quantity.form == "under":
        return mask & same & (amount < limit)
    return None


def _redeemed(clause: Clause, bounds: Quantity) -> list[Finding] | None:
    """How many of the offers shown were redeemed: each showing counts, or each offer once."""
    if (clause.tags & {"and", "or"} and len(clause.of(el.Name)) > 1) or clause.of(el.Count):
        return None
    if len([part for part in clause.parts if _tag(part) == "redeem"]) > 1:
        return None
    hit, shown = clause.filtered(kinds=("redemption",)), clause.filtered(kinds=("exposure",))
    items = clause.view.columns.get("item")
    whole = shown & ~clause.view.unseen
    if shown.any() and not whole.any():
        return [Finding(ok=None, needs=hit | shown, message="nobody can tell which of the offers were seen")]
    if items is not None and (shown & clause.view.unseen).any():
        # What was redeemed of offers that nobody can tell were seen is no part of those that were.
        hit = hit & np.isin(items, items[whole])
    readings = [(int(hit.sum()), int(whole.sum()))]
    if items is not None:
        shown = np.unique(items[whole])
        readings.append((int(np.isin(shown, items[hit]).sum()), len(shown)))
    message = f"{readings[0][0]} redemptions stand against {readings[0][1]} times that an offer was shown"
    needs = hit | whole
    outs, right = clause.of(el.OutOf), []
    for n, of in readings:
        exact = all(out.hits.holds(n) and out.whole.holds(of) for out in outs)
        right.append(bool(of > 0 and exact and (bool(outs) or bounds.holds(min(n / of, 1.0)))))
    if outs or all(right) or not any(right):
        return [Finding(ok=any(right), needs=needs, message=message)]
    return [Finding(ok=None, needs=needs, message=message)]


def _returned(clause: Clause, at: int, bounds: Quantity) -> list[Finding] | None:
    """`One of the two purchases at X was returned`: of the purchases, those that were given back."""
    verbs = [n for n, part in enumerate(clause.parts) if _tag(part) == "verb"]
    told = [n for n, part in enumerate(clause.parts) if _tag(part) == "refund"]
    if (
        len(told) != 1
        or not verbs
        or not at < verbs[-1] < told[0]
        or clause.of(el.Money)
        or not clause.tags & {"event", "buy", "everything"}
    ):
        return None
    if any(isinstance(part.value, _LIMITS) for part in clause.parts[verbs[-1] :]):
        return None
    whole = clause.filtered(kinds=("purchase",))
    return _outcome(clause, whole, whole & clause.view.returned, bounds, ())


def _outcome(clause: Clause, whole: Mask, hit: Mask, bounds: Quantity, picking: Sequence[Part]) -> list[Finding] | None:
    view = clause.view
    n, of = float(hit.sum()), float(whole.sum())
    if "spend" in clause.tags and not clause.of(el.Money):
        # A share of the money, not of the purchases.
        priced = in_currency(view, whole, None)
        if priced is None:
            return None
        n, of = float(np.abs(view.amount[hit & priced]).sum()), float(np.abs(view.amount[priced]).sum())
    if of == 0:
        return [Finding(ok=False, needs=whole, message=f"there are no {what(clause)} in that time")]
    share = n / of
    message = f"that is so of {int(hit.sum())} of {int(whole.sum())} ({show_number(100 * share)} %)"
    # Hardly ever is not never.
    ok = None if bounds is _FEW and share == 0 else bounds.holds(share)
    known = _known(clause, whole, picking)
    findings = [Finding(ok=ok, needs=whole if ok is False else known, message=message)]
    for out in clause.of(el.OutOf):
        right = out.whole.holds(whole.sum()) or out.whole.holds(known.sum())
        findings.append(Finding(ok=out.hits.holds(hit.sum()) and right, needs=known, message=message))
    for count in clause.of(el.Count):
        # All 14 visits; three of the visits.
        counted = whole if any(_tag(part) in QUANTIFIERS for part in clause.parts) else hit
        findings.append(Finding(ok=count.quantity.holds(counted.sum()), needs=whole, message=message))
    if "both" in clause.tags and "and" not in clause.tags:
        findings.append(Finding(ok=int(whole.sum()) == 2, needs=whole, message=f"there are {int(whole.sum())} of them"))  # noqa: PLR2004
    names = [part.value for part in clause.parts if isinstance(part.value, el.Name) and part not in picking]
    if len(names) > 1 and bounds.low == 1:
        # All of it is one of these: each of them must be there, or it is named for nothing.
        each = all(bool((whole & name_mask(name, view)).any()) for name in names)
        findings.append(Finding(ok=each, needs=whole, message=message))
    return findings


def _known(clause: Clause, whole: Mask, picking: Sequence[Part]) -> Mask:
    """The rows that can say anything of what is told: a payment without a place is no evidence of where payments are made."""
    names = [part.value for part in clause.parts if isinstance(part.value, el.Name) and part not in picking and part.value.masks]
    if not names or any(name.masks.keys() != {"city"} for name in names) or "city" not in clause.view.columns:
        return whole
    return whole & np.asarray(clause.view.columns["city"] != "", dtype=np.bool_)
