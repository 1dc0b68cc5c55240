"""Claims that set one side against another: more often than, twice as many as, earlier than, up from … to, moved from … to."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, in_currency, name_mask, show_number, what
from memlearn.grounding.freetext.elements import Part, Quantity
from memlearn.grounding.freetext.view import Mask, UserView

_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours)
_AS_OFTEN = 1.6
_TAGS = {
    "more", "fewer", "many", "than", "as", "outnumber", "higher", "lower", "equal", "much", "mean", "usual", "total", "and", "number", "outnumbered", "exceed", "important", "sized",
}  # fmt: skip
_DEARER = frozenset(
    {
        "cheaper",
        "dearer",
        "pricier",
        "more expensive",
        "costlier",
        "less expensive",
        "more costly",
        "less costly",
        "expensive",
        "costly",
        "pricey",
        "dear",
    }
)
_MORE, _FEWER, _SAME = el.above(1), el.below(1), el.exactly(1)
_EXCHANGED = ("swap", "trade", "exchange", "replace")
_TURNS = frozenset({"up", "down", "double", "triple", "halve", "upfrom", "downfrom"})
_CHANGES = {"double": el.about(2), "triple": el.about(3), "halve": el.about(0.5)}


def read_comparison(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`Goes to A more often than to B`, `twice as many as in January`, `A purchases outnumber B ones`."""
    months = "month" in clause.tags and len(clause.of(el.Period)) > 1 and bool(clause.tags & {"higher", "lower", "busiest", "quietest"})
    if not clause.only((*_LIMITS, el.Times, el.Share, el.Count, el.Per, el.Money), _TAGS | ({"month"} if months else set())):
        return None
    pivot = _pivot(clause)
    factor = _factor(clause)
    if pivot is None or factor is None:
        return None
    sides = _contrast(_side(clause, clause.parts[:pivot]), _side(clause, clause.parts[pivot:]))
    if sides is None:
        return None
    left, right = sides
    masks = left.filtered(), right.filtered()
    measure = _measure(clause)
    if measure is None:
        return None
    needs = masks[0] | masks[1]
    ours, theirs = (measure(clause, mask) for mask in masks)
    if ours is None or theirs is None:
        return None if all(mask.any() for mask in masks) else [Finding(ok=False, needs=needs, message="one of the two is not there at all")]
    if _by_how_much(clause):
        return _difference(clause, ours, theirs, needs, counted=measure is _count)
    if clause.of(el.Money):
        return None
    findings = [_compared(ours, theirs, factor, needs)]
    if right.of(el.Count):
        return None
    for count in left.of(el.Count):
        findings.append(  # noqa: PERF401
            Finding(ok=count.quantity.holds(masks[0].sum()), needs=needs, message=f"the number of {what(left)} is {int(masks[0].sum())}")
        )
    return findings


def _by_how_much(clause: Clause) -> bool:
    """Whether a number stands right before `more`: three more visits than."""
    for part, after in itertools.pairwise(clause.parts):
        if isinstance(part.value, el.Count | el.Money) and isinstance(after.value, el.Word) and after.value.tag in ("more", "fewer"):
            return True
    return False


def _difference(clause: Clause, ours: float, theirs: float, needs: Mask, *, counted: bool) -> list[Finding] | None:
    said = [value.quantity for value in (clause.of(el.Count) if counted else clause.of(el.Money))]
    if len(said) != 1 or len(clause.of(el.Count)) + len(clause.of(el.Money)) != 1:
        return None
    gap = ours - theirs if "more" in clause.tags else theirs - ours
    return [Finding(ok=said[0].holds(gap), needs=needs, message=f"the two sides are {show_number(ours)} and {show_number(theirs)}")]


def _pivot(clause: Clause) -> int | None:
    """Where the second side begins."""
    at = clause.find("outnumber", "outnumbered", "than") or (clause.find("exceed") if not clause.has(el.Money, el.Count) else None)
    if at is not None:
        return at
    marks = [n for n, part in enumerate(clause.parts) if isinstance(part.value, el.Word) and part.value.tag in ("as", "equal")]
    return marks[-1] if len(marks) > 1 else None


def _factor(clause: Clause) -> Quantity | None:
    """What the one side over the other must be."""
    tags = clause.tags
    if "exceed" in tags and not tags & {"more", "fewer", "higher", "lower", "than"} and not clause.has(el.Times, el.Share):
        return _MORE
    ups, downs = tags & {"more", "higher", "outnumber"}, tags & {"fewer", "lower", "outnumbered"}
    times = clause.said(el.Times, el.Share)
    if clause.has(el.Share) and len(times) == 1 and bool(ups) != bool(downs) and "than" in tags:
        # 20 percent more than.
        more = times[0].loosened(0.1)
        low, high = (1 + more.low, 1 + more.high) if ups else (1 - more.high, 1 - more.low)
        return Quantity(low, high, (low + high) / 2, "about")
    if len(times) > 1 or (ups and downs) or "exceed" in tags:
        return None
    if times:
        return None if ups or downs or "than" in tags or not tags & {"as", "equal"} else times[0].loosened(0.1)
    if ups or downs:
        return _MORE if ups else _FEWER
    return _SAME if "equal" in tags else None


def _side(clause: Clause, parts: tuple[Part, ...]) -> Clause:
    return replace(clause, parts=parts, inherited=tuple(part for part in clause.parts if isinstance(part.value, el.Word)))


def _contrast(left: Clause, right: Clause) -> tuple[Clause, Clause] | None:
    """What one side leaves out it shares with the other; the sides must differ in something."""
    both = []
    differs = False
    for sort in _LIMITS:
        ours = [part for part in left.parts if isinstance(part.value, sort)]
        theirs = [part for part in right.parts if isinstance(part.value, sort)]
        differs = differs or bool(ours and theirs)
        both.append((ours, theirs))
    if not differs:
        return None
    add_left = [part for ours, theirs in both if not ours for part in theirs]
    add_right = [part for ours, theirs in both if not theirs for part in ours]
    names = [part for part in left.parts if isinstance(part.value, el.Name)]
    rights = [part for part in right.parts if isinstance(part.value, el.Name)]
    if len(names) > 1 and len(rights) == 1:
        # A was used more often in X than in Y: A stands for both sides.
        dims = rights[0].value.masks.keys() if isinstance(rights[0].value, el.Name) else set()
        shared = [part for part in names if isinstance(part.value, el.Name) and part.value.masks and not part.value.masks.keys() & dims]
        if len(shared) != len(names) - 1:
            return None
        add_right = [*add_right, *shared]
    return replace(left, parts=(*left.parts, *add_left)), replace(right, parts=(*right.parts, *add_right))


def _measure(clause: Clause) -> Callable[[Clause, Mask], float | None] | None:  # noqa: PLR0911
    """What is compared: how many, how much, or how much each time."""
    tags = clause.tags
    if "month" in tags or _of_months(clause):
        # A dear month is one of much money.
        return None if tags & {"event", "buy", "mean", "cost"} else _total
    if any(per.days is None for per in clause.of(el.Per)):
        return _mean
    if (
        "many" not in tags
        and "cost" not in tags
        and "event" not in tags
        and "spend" not in tags
        and _pays(clause)
        and not clause.of(el.Times)
    ):
        return None
    if tags & {"mean", "usual"} or ("cost" in tags and "spend" not in tags):
        return _mean
    if "total" in tags:
        return _total
    if tags & {"higher", "lower", "sized"}:
        if any(isinstance(part.value, el.Word) and part.value.text in _DEARER for part in clause.parts):
            return _mean
        return _mean if tags & {"event", "amount"} else _total if "spend" in tags else None
    if "spend" in tags and "many" in tags - {"event"} and not clause.of(el.Times):
        return _count
    return _total if "spend" in tags and "event" not in tags else _count


def _of_months(clause: Clause) -> bool:
    """`July was more expensive than June`."""
    periods = clause.of(el.Period)
    dearer = any(isinstance(part.value, el.Word) and part.value.text in _DEARER for part in clause.parts)
    bare = not clause.of(el.Name) and not any(isinstance(part.value, el.Name) for part in clause.inherited)
    return dearer and bare and len(periods) == 2 and not clause.tags & {"event", "buy", "cost", "mean", "amount"}  # noqa: PLR2004


def _pays(clause: Clause) -> bool:
    """`Pays more at A`: each time or in all is open."""
    return any(isinstance(part.value, el.Word) and part.value.tag == "buy" and part.value.text.startswith("pa") for part in clause.parts)


def _count(_clause: Clause, mask: Mask) -> float:
    return float(mask.sum())


def _total(clause: Clause, mask: Mask, currency: str | None = None) -> float | None:
    priced = in_currency(clause.view, mask, currency)
    return None if priced is None else float(amounts(clause.view, priced).sum())


def _mean(clause: Clause, mask: Mask) -> float | None:
    priced = in_currency(clause.view, mask, None)
    return None if priced is None or not priced.any() else float(amounts(clause.view, priced).mean())


def _compared(ours: float, theirs: float, factor: Quantity, needs: Mask) -> Finding:
    message = f"the two sides are {show_number(ours)} and {show_number(theirs)}"
    if factor is _MORE or factor is _FEWER:
        return Finding(ok=ours > theirs if factor is _MORE else ours < theirs, needs=needs, message=message)
    return Finding(ok=theirs > 0 and factor.holds(ours / theirs) if factor is not _SAME else ours == theirs, needs=needs, message=message)


def read_earlier(clause: Clause) -> list[Finding] | None:
    """`Payments were made in Hamburg earlier than in Dresden`, `was at A before ever going to B`, `only tried A after B`."""
    if not clause.only((el.Name, el.Rank), {"earlier", "later", "before", "after", "than", "only", "then", "and"}):
        return None
    pivot = clause.find("earlier", "later", "before", "after", "then")
    if pivot is not None and "later" in clause.tags and "than" not in clause.tags and not clause.cut(pivot).of(el.Name):
        # A came first, B followed later.
        commas = [
            at for at, part in enumerate(clause.parts[:pivot]) if isinstance(part.value, el.Word) and part.value.tag in ("comma", "and")
        ]
        parts = tuple(part for part in clause.parts if not (isinstance(part.value, el.Word) and part.value.tag == "later"))
        later = replace(clause.parts[pivot], value=el.Word("later", "later"))
        return read_earlier(replace(clause, parts=(*parts[: commas[-1]], later, *parts[commas[-1] :]))) if commas else None
    if pivot is None or any(rank.place != 1 for rank in clause.of(el.Rank)) or ("then" in clause.tags and not clause.of(el.Rank)):
        return None
    left, right = clause.cut(0, pivot), clause.cut(pivot)
    if not left.of(el.Name) or not right.of(el.Name):
        return None
    masks = left.filtered(), right.filtered()
    needs = masks[0] | masks[1]
    if not (masks[0].any() and masks[1].any()):
        return [Finding(ok=False, needs=needs, message="one of the two is not there at all")]
    ours, theirs = (int(np.flatnonzero(mask)[0]) for mask in masks)
    word = clause.parts[pivot].value
    # First A, later B.
    before = isinstance(word, el.Word) and (
        word.tag in ("earlier", "before", "then") or (word.tag == "later" and "than" not in clause.tags)
    )
    return [Finding(ok=ours < theirs if before else ours > theirs, needs=needs, message="it was the other way round")]


def read_shift(clause: Clause) -> list[Finding] | None:
    """`Everyday payments shifted from A to B around January`: A before that month, B after it."""
    names = clause.of(el.Name)
    periods = clause.of(el.Period)
    if (
        not clause.only((el.Name, el.Period), {"shift", "from", "to", "city", "replaced", "with"})
        or len(clause.tags & {"shift", "replaced"}) != 1
    ):
        return None
    if len(names) != 2 or len(periods) != 1:  # noqa: PLR2004
        return None
    names = _old_and_new(clause, names)
    if not names:
        return None
    view, (start, end) = clause.view, periods[0].base
    old, new = (clause.base() & name_mask(name, view) for name in names)
    before, after = view.day < start, view.day > end
    counts = [int((mask & side).sum()) for mask in (old, new) for side in (before, after)]
    message = f"{counts[0]} of the old before and {counts[1]} after, {counts[2]} of the new before and {counts[3]} after"
    ok = min(counts[0], counts[3]) >= 3 and counts[1] + counts[2] <= 0.08 * (counts[0] + counts[3])  # noqa: PLR2004
    alike = not ok or _alike(view, old, new, names)
    return [Finding(ok=ok if alike else None, needs=view.none() if not ok else _telling(clause, old, new), message=message)]


def _alike(view: UserView, old: Mask, new: Mask, names: list[el.Name]) -> bool:
    """What takes the place of another thing comes about as often; of places that is no matter."""
    if any("city" in name.masks for name in names):
        return True
    gaps = [float(np.median(np.diff(np.unique(view.day[mask])))) for mask in (old, new)]
    return max(gaps) <= _AS_OFTEN * min(gaps)


def _old_and_new(clause: Clause, names: list[el.Name]) -> list[el.Name]:
    """From A to B; A gave way to B; B replaced A."""
    turn, origin = clause.find("shift", "replaced"), clause.find("from")
    places = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.Name)]
    apart = turn is not None and places[0] < turn < places[1]
    word = clause.parts[turn].value if turn is not None else None
    text = word.text if isinstance(word, el.Word) else ""
    if turn is not None and turn < places[0] and text.startswith(_EXCHANGED) and "to" not in clause.tags:
        # Swapped A for B, replaced A with B.
        return names if origin is None else []
    if "replaced" in clause.tags:
        return names[::-1] if apart and origin is None else []
    if origin is not None:
        if places[0] < origin < places[1]:
            # Switched to B from A.
            return names[::-1] if turn is not None and turn < places[0] and "to" in clause.tags else []
        return names if origin < places[0] else []
    return names if apart and text.startswith(("gave way", "gives way")) else []


def _telling(clause: Clause, old: Mask, new: Mask) -> Mask:
    """A move is borne out by rows of both; all of them would be too many to cite."""
    enough = all((mask & clause.cited).sum() >= min(3, mask.sum()) for mask in (old, new))
    return clause.view.none() if enough else old | new


def read_change(clause: Clause) -> list[Finding] | None:
    """`Doubled from June to July`, `went up from about €14 in … to about €217 in …`, `dropped by a third`."""
    tags = {*_TURNS, "and", "total", "mean"}
    monthly = [rate for rate in clause.of(el.Rate) if not rate.counted and round(rate.gap) == 30]  # noqa: PLR2004
    if monthly and "spend" in clause.tags and all(27 <= span.end - span.start <= 30 for span in clause.of(el.Period)):  # noqa: PLR2004
        clause = clause.without(el.Rate)
    if not clause.only((*_LIMITS, el.Money, el.Count, el.Share), tags):
        return None
    clause = _both_ends(clause)
    turn = clause.tags & _TURNS or ({"went"} if _goes(clause) else frozenset())
    spans = [
        part for period in clause.of(el.Period) for part in (period.parts if period.parts and len(clause.of(el.Period)) == 1 else (period,))
    ]
    if len(turn) != 1 or len(spans) != 2 or "mean" in clause.tags:  # noqa: PLR2004
        return None
    whole = clause.filtered(skip=(el.Period,))
    masks = [whole & (clause.view.day >= span.start) & (clause.view.day <= span.end) for span in spans]
    money = "spend" in clause.tags or bool(clause.of(el.Money))
    currencies = {value.currency for value in clause.of(el.Money)} - {None}
    if len(currencies) > 1:
        return None
    values = [_total(clause, mask, next(iter(currencies), None)) if money else float(mask.sum()) for mask in masks]
    first, last = values
    back = bool(turn & {"upfrom", "downfrom"})
    if first is None or last is None or (spans[0].start > spans[1].start) != back:
        return None
    needs = masks[0] | masks[1]
    message = f"it went from {show_number(first / (100 if money else 1))} to {show_number(last / (100 if money else 1))}"
    said = clause.said(el.Money, el.Count)
    if len(said) not in (0, 2):
        return None
    ok = all(quantity.holds(value) for quantity, value in zip(said, (first, last), strict=False))
    first, last = (last, first) if back else (first, last)
    return [
        Finding(ok=ok and _turned(next(iter(turn)).removesuffix("from"), first, last, clause.of(el.Share)), needs=needs, message=message)
    ]


def _goes(clause: Clause) -> bool:
    """`Went from 60 EUR in June to 143 EUR in July`: which way is in the numbers."""
    words = [part.value.text.split()[0] for part in clause.parts if isinstance(part.value, el.Word)]
    return (
        {"from", "to"} <= clause.tags
        and bool({"went", "moved", "developed", "passed", "goes", "changed"} & set(words))
        and len(clause.said(el.Money, el.Count)) == 2  # noqa: PLR2004
    )


def _both_ends(clause: Clause) -> Clause:
    """`Rose from 60 to 143 EUR`: two amounts, and no range."""
    parts: list[Part] = []
    for part in clause.parts:
        value = part.value
        if isinstance(value, el.Money) and value.quantity.form == "between":
            low, high = value.quantity.low, value.quantity.high
            ends = el.Quantity(low, low + 1, low), el.Quantity(high - 1, high, high)
            parts += [replace(part, value=el.Money(end, value.currency)) for end in ends]
        else:
            parts.append(part)
    return replace(clause, parts=tuple(parts))


def _turned(turn: str, first: float, last: float, by: list[el.Share]) -> bool:
    if turn == "went":
        return not by
    if turn in _CHANGES:
        return not by and first > 0 and _CHANGES[turn].holds(last / first)
    if by:
        change = (last - first) / first if first else 0.0
        return by[0].quantity.loosened(0.1).holds(change if turn == "up" else -change)
    return last > first if turn == "up" else last < first
