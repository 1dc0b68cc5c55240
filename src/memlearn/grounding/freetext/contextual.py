"""Words whose meaning the words beside them decide: alone, together, back, seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.elements import Part
from memlearn.grounding.freetext.numbers import lows
from memlearn.grounding.freetext.spans import month_span
from memlearn.grounding.freetext.tokens import Token
from memlearn.grounding.freetext.years import year_at

Tokens = Sequence[Token]
_SUMMED = frozenset(
    [
        "account",
        "accounts",
        "accounted",
        "make",
        "makes",
        "made",
        "come",
        "comes",
        "came",
        "add",
        "adds",
        "amount",
        "amounts",
        "amounted",
        "total",
        "totals",
        "receive",
        "receives",
        "received",
        "cost",
        "costs",
        "get",
        "gets",
        "got",
        "take",
        "takes",
        "took",
        "represent",
        "represents",
        "saw",
        "see",
        "cover",
        "covers",
        "for",
        "worth",
    ]
)
_NUMBERED = frozenset({"purchases", "payments", "visits", "transactions", "orders", "times", "eur", "euros", "bills", "redemptions"})
_OWNED = frozenset({"the", "a", "user", "customer", "client", "their", "his", "her", "main"})
_GOTTEN = frozenset({"received", "receives", "receive", "earned", "earns"})
_REFUNDS = frozenset({"refund", "refunds", "reimbursement", "reimbursements", "back"})
_FELL = frozenset({"fell", "fall", "falls", "fallen", "falling"})
# What a count of events that fell on a day may stand beside; with money, prices or means it is they that fell.
_COUNTED = frozenset({"event", "skip", "all", "to", "about"})
_BEEN = frozenset({"was", "were", "been", "be", "is", "are", "being", "got", "it", "them"})
_MOVED = frozenset({"been", "come", "came", "comes", "coming", "gone", "went", "go", "goes", "going"})
_OFFERED = frozenset({"offer", "offers", "coupon", "coupons", "voucher", "vouchers", "deal", "deals", "promotion", "promotions"})
_SEEN, _USED = frozenset({"seen", "seeing", "viewed", "viewing", "noticed", "receiving"}), frozenset({"used", "using", "use", "uses"})
_OF_ONE = frozenset({"from", "on", "in", "at", "with", "made", "dated", "dating"})
_OPEN_ENDS = frozenset({".", ",", ";", ")", "!", "–", "—", ":"})


def read_contextual(tokens: Tokens, at: int, before: Sequence[Part]) -> tuple[el.Word | el.Period, int] | None:  # noqa: C901, PLR0911
    """A word by what stands beside it.

    Args:
        tokens: the line.
        at: where to read.
        before: what was read of it so far.
    """
    low, after = tokens[at].low, lows(tokens, at + 1, 1)
    last = before[-1].value if before and before[-1].end == at else None
    if low == "alone" and isinstance(last, el.Period | el.Name):
        # In May alone; five visits to X alone. Without a number it may mean that there is nothing else.
        return el.Word("skip" if isinstance(last, el.Period) or _has_figure(before, tokens, at) else "only", low), at + 1
    if low == "go" and after == ("to",) and at and tokens[at - 1].low in _OWNED:
        return el.Word("favourite", "go-to"), at + 2
    if (
        low in _GOTTEN
        and not _is_of_offers(tokens)
        and not _REFUNDS & {token.low for token in tokens}
        and not any(isinstance(part.value, el.Name) for part in before)
    ):
        # Who receives money without a shop's being named first is the user, and nothing tells of that.
        return el.Word("unreadable", low), at + 1
    if low in _FELL:
        fell = _fell(tokens, at, before)
        return None if fell is None else (fell, at + 1)
    if low == "together" and (
        (after and (after[0] in _SUMMED or (after == (",",) and not at))) or (at and tokens[at - 1].low in _NUMBERED)
    ):
        return el.Word("total", low), at + 1
    if low == "back" and at and tokens[at - 1].low in _MOVED:
        # Has been back, which is no refund.
        return el.Word("buy", low), at + 1 + (after in (("to",), ("at",)))
    if low in ("returned", "return", "returning") and after == ("to",) and not (at and tokens[at - 1].low in _BEEN):
        # Has not returned to X, which is no refund either.
        return el.Word("buy", low), at + 2
    if low == "of" and after in (("all",), ("them",)) and (at + 2 >= len(tokens) or tokens[at + 2].low in _OPEN_ENDS):
        # The highest amount of all.
        return el.Word("skip", "of all"), at + 2
    if low == "the" and after == ("one",) and lows(tokens, at + 2, 1) and tokens[at + 2].low in _OF_ONE:
        # The one on 3 May: not a number.
        return el.Word("skip", "the one"), at + 2
    if low in ("to", "into") and _belongs(last, before):
        year = year_at(tokens, at + 1)
        if year is not None and (at + 2 >= len(tokens) or tokens[at + 2].low in _OPEN_ENDS | {"and"}):
            return month_span(year, 1, 0, 12).period(), at + 2
    if low in _SEEN and _is_of_offers(tokens):
        return el.Word("show", low), at + 1
    return None


def _belongs(last: el.Value | None, before: Sequence[Part]) -> bool:
    """`Belong to 2025, the other two to 2026`: a year, and no number."""
    if isinstance(last, el.Word):
        return last.tag == "verb" and last.text.startswith(("belong", "date", "fall", "fell"))
    return isinstance(last, el.Count) and any(isinstance(part.value, el.Word) and part.value.tag == "rest" for part in before)


def _fell(tokens: Tokens, at: int, before: Sequence[Part]) -> el.Word | None:
    """`Fell from 7 to 3 euros` is no verb of when it took place; `four visits fell on a Monday` is none of a decline."""
    low, after = tokens[at].low, lows(tokens, at + 1, 1)
    if after in (("from",), ("by",), ("to",)) and at + 2 < len(tokens) and tokens[at + 2].sort in ("number", "sign"):
        return el.Word("down", low)
    if after in (("in",), ("on",), ("into",)) and _is_count(before):
        return el.Word("verb", low)
    return None


def _is_count(before: Sequence[Part]) -> bool:
    """So many events and nothing else: `13 of 44 purchases`, `all three coffee purchases`."""
    values = [part.value for part in before]
    counted = any(isinstance(value, el.Count | el.OutOf | el.Share) for value in values)
    return counted and all(
        value.tag in _COUNTED if isinstance(value, el.Word) else isinstance(value, el.Count | el.OutOf | el.Share | el.Name)
        for value in values
    )


def _has_figure(before: Sequence[Part], tokens: Tokens, at: int) -> bool:
    return any(isinstance(part.value, el.Quantified | el.OutOf) for part in before) or any(token.sort == "number" for token in tokens[at:])


def _is_of_offers(tokens: Tokens) -> bool:
    return any(token.low in _OFFERED for token in tokens)


def tell_offers(parts: Sequence[Part]) -> list[Part]:
    """What happens to an offer some days after it was shown: `used` is redeemed there, and no visit."""
    words = [part.value for part in parts if isinstance(part.value, el.Word)]
    shown = any(word.tag == "show" for word in words)
    if not (shown and any(word.tag in ("offer", "show") for word in words)) or any(word.tag == "redeem" for word in words):
        return list(parts)
    return [
        replace(part, value=el.Word("redeem", part.value.text)) if isinstance(part.value, el.Word) and part.value.text in _USED else part
        for part in parts
    ]
