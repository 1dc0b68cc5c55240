"""A clause of a line: its typed parts, the rows that they are about, and what a claim about them came to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.elements import Part
from memlearn.grounding.freetext.view import Mask, UserView

T = TypeVar("T")
_DAY = 86_400
# Words that give a clause its shape, or only its kind of event.
FILLER = frozenset(
    [
        "skip",
        "amount",
        "verb",
        "comma",
        "colon",
        "open",
        "close",
        "stop_sign",
        "dash",
        "buy",
        "event",
        "to",
        "offer",
        "merchant",
        "spend",
        "redeem",
        "show",
        "refund",
        "message",
        "said",
        "from",
        "day",
        "category",
        "city",
        "item",
        "cost",
        "with",
        "saw",
        "spread",
    ]
)
_JOINTS = frozenset({"comma", "and", "or", "nor", "neither", "both"})
_KINDS = {"message": ("message",), "redeem": ("redemption",), "show": ("exposure",), "refund": ("refund", "cancellation")}
_BUYING = ("buy", "bought", "purchas", "acquir", "order", "shop", "pay", "paid")
_NOUNS = frozenset({"refund", "return", "cancellation", "redemption", "exposure", "message", "reversal"})
_USED = frozenset({"use", "uses", "used", "using"})
KIND_WORDS = {
    ("purchase",): "purchases",
    ("redemption",): "redemptions",
    ("exposure",): "times an offer was shown",
    ("refund", "cancellation"): "refunds",
    ("message",): "messages",
}


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What a claim came to.

    Args:
        ok: True where the rows bear it out, False where they contradict it, None where they cannot tell.
        needs: rows that the evidence must hold for the claim to follow from it.
        message: what the rows say instead.
        ended: where it is about whether something has ended: True that there has been none since a time that is told, False that it is over.
    """

    ok: bool | None
    needs: Mask
    message: str = ""
    ended: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """Parts that are read together.

    Args:
        parts: in order, without words that add nothing.
        view: the user's rows.
        cited: rows that the line cites.
        net: purchases given back do not count.
        inherited: what is said before of names, periods and kinds, for a clause that has none of its own.
    """

    parts: tuple[Part, ...]
    view: UserView
    cited: Mask
    net: bool = False
    inherited: tuple[Part, ...] = field(default=())
    _tags: frozenset[str] | None = field(init=False, default=None)

    def of(self, sort: type[T]) -> list[T]:
        """The values of one type, in order."""
        return [part.value for part in self.parts if isinstance(part.value, sort)]

    def has(self, *sorts: type) -> bool:
        """Whether there is a value of one of these types."""
        return any(isinstance(part.value, sorts) for part in self.parts)

    def said(self, *sorts: type[el.Quantified]) -> list[el.Quantity]:
        """The numbers of all values of these types."""
        return [part.value.quantity for sort in sorts for part in self.parts if isinstance(part.value, sort)]

    @property
    def tags(self) -> frozenset[str]:
        """Tags of all words; nearly every frame asks for them."""
        if self._tags is None:
            object.__setattr__(self, "_tags", frozenset(part.value.tag for part in self.parts if isinstance(part.value, el.Word)))
        assert self._tags is not None
        return self._tags

    def only(self, sorts: tuple[type, ...], tags: Collection[str] = ()) -> bool:
        """Whether nothing else stands in the clause, words that give it shape apart."""
        # Words first: they are told at once, and most clauses have one that a frame does not know.
        if any(tag not in FILLER and tag not in tags for tag in self.tags):
            return False
        kinds = (el.Word, *sorts)
        return all(isinstance(part.value, kinds) for part in self.parts)

    def find(self, *tags: str) -> int | None:
        """Position of the first word with one of these tags."""
        return next((at for at, part in enumerate(self.parts) if isinstance(part.value, el.Word) and part.value.tag in tags), None)

    def cut(self, start: int, end: int | None = None) -> Clause:
        """Some of the parts, with the kind of event of all of them."""
        return replace(self, parts=self.parts[start:end])

    def without_parts(self, parts: Sequence[Part]) -> Clause:
        """The clause without some of its parts."""
        return replace(self, parts=tuple(part for part in self.parts if part not in parts))

    def without(self, *sorts: type) -> Clause:
        """The clause without the parts of some types."""
        return replace(self, parts=tuple(part for part in self.parts if not isinstance(part.value, sorts)))

    def kinds(self) -> tuple[str, ...]:
        """Which events the clause is about: purchases unless it says otherwise."""
        if not self.tags & _KINDS.keys() and self._is_of_offers() and _says_used(self.parts):
            return ("redemption",)
        before = () if self._buys() else self.inherited
        for parts in (self.parts, before):
            tags = {part.value.tag for part in parts if isinstance(part.value, el.Word)}
            if {"saw", "offer"} <= tags:
                # Summer saw five visits; who sees an offer is shown it.
                return ("exposure",) if not tags & {"redeem", "unused"} else ("redemption",)
            for tag, kinds in _KINDS.items():
                if tag in tags:
                    return kinds
            if "offer" in tags and _says_used(parts):
                return ("redemption",)
        if "offer" in self.tags and not self.tags & {"buy", "event", "spend", "amount", "cost", "unused", "kept"}:
            return ("exposure",)
        return ("purchase",)

    def _is_of_offers(self) -> bool:
        return any(isinstance(part.value, el.Word) and part.value.tag in ("offer", "show") for part in (*self.parts, *self.inherited))

    def _buys(self) -> bool:
        """Whether a verb of its own says that something is bought, whatever was said before."""
        return any(
            isinstance(part.value, el.Word) and part.value.tag == "buy" and part.value.text.startswith(_BUYING) for part in self.parts
        )

    def is_mixed(self) -> bool:
        """Whether something is bought that is no purchase: a refund, a showing, a redemption."""
        words = [part.value for part in self.parts if isinstance(part.value, el.Word)]
        bought = next((at for at, word in enumerate(words) if word.tag == "buy" and word.text.startswith(_BUYING)), None)
        if bought is None or not self.tags & _KINDS.keys():
            return False
        # `The shoes bought at X were sent back` tells of the return.
        said = [at for at, word in enumerate(words) if at > bought and word.tag in _KINDS and word.text not in _NOUNS]
        named = isinstance(self.parts[0].value, el.Name | el.Count) or words[0].tag in ("event", "everything", "all")
        return not (named and said and words[said[0] - 1].tag == "verb")

    def base(self, kinds: tuple[str, ...] | None = None) -> Mask:
        """All rows of the kinds that the clause is about."""
        kinds = kinds or self.kinds()
        mask = self.view.of_kinds(kinds)
        return mask & ~self.view.returned if self.net and kinds == ("purchase",) else mask

    def filtered(self, *, kinds: tuple[str, ...] | None = None, skip: tuple[type, ...] = ()) -> Mask:
        """Rows that the clause's names, periods, days and hours pick; what an own part does not say is taken from what was said before."""
        mask = self.base(kinds)
        has_name = any(isinstance(part.value, el.Name) for part in self.parts)
        has_period = any(isinstance(part.value, el.Period) for part in self.parts)
        has_day = any(isinstance(part.value, el.Weekdays | el.Hours) for part in self.parts)
        extra = [
            part for part in self.inherited
            if (isinstance(part.value, el.Name) and not has_name) or (isinstance(part.value, el.Weekdays | el.Hours | el.Currency) and not (has_period or has_day))
        ]  # fmt: skip
        if el.Name not in skip:
            mask = mask & names_mask(tuple(extra) if not has_name else self.parts, self.view)
            if has_name and self._picks_on():
                # Two bakery purchases, one in Essen: of another sort than the names before, it picks among them.
                mask = mask & names_mask(self._names_before(), self.view)
        if el.Period not in skip:
            mask = mask & periods_mask(self.parts if has_period else self.inherited, self.view)
        for part in (*self.parts, *extra):
            if not isinstance(part.value, (*skip, el.Period, el.Word)):
                mask = mask & limit_mask(part.value, self.view)
        return mask

    def _picks_on(self) -> bool:
        """Whether names are told to pick among those before: `one in Essen`, or `four times in New York` after `twice in Hamburg`."""
        if isinstance(self.parts[0].value, el.Count | el.Times | el.OutOf | el.Share):
            return True
        own = {dim for part in self.parts if isinstance(part.value, el.Name) for dim in part.value.masks}
        before = [part.value.masks.keys() for part in self.inherited if isinstance(part.value, el.Name)]
        return (
            not self.tags & {"event", "buy", "spend"}
            and self.has(el.Times)
            and any(own & dims for dims in before)
            and not all(own & dims for dims in before)
        )

    def _names_before(self) -> tuple[Part, ...]:
        own = {dim for part in self.parts if isinstance(part.value, el.Name) for dim in part.value.masks}
        return tuple(part for part in self.inherited if not isinstance(part.value, el.Name) or not own & part.value.masks.keys())

    def groups(self) -> list[list[el.Name]]:
        """Names of the clause, those that are listed together in one group."""
        return name_groups(self.parts)


def _says_used(parts: Sequence[Part]) -> bool:
    return any(isinstance(part.value, el.Word) and part.value.text in _USED for part in parts)


def name_groups(parts: Sequence[Part]) -> list[list[el.Name]]:
    """Names in order; a comma, `and` or `or` between two of the same dimension makes them one list."""
    groups: list[list[el.Name]] = []
    joint, other = False, True
    for part in parts:
        value = part.value
        if isinstance(value, el.Name):
            if groups and joint and not other and share_a_dimension(groups[-1][-1], value):
                groups[-1].append(value)
            else:
                groups.append([value])
            joint, other = False, False
        elif isinstance(value, el.Word) and value.tag in _JOINTS:
            joint = True
        elif not (isinstance(value, el.Word) and value.tag in ("skip", "event", "merchant", "to", "offer", "from")):
            other = True
    return groups


def share_a_dimension(one: el.Name, other: el.Name) -> bool:
    """Whether two names may be of one sort: two merchants, two categories."""
    return not one.masks or not other.masks or bool(one.masks.keys() & other.masks.keys())


def name_mask(name: el.Name, view: UserView) -> Mask:
    """Rows that a name stands for, in any dimension."""
    mask = view.none()
    for rows in name.masks.values():
        mask = mask | rows
    return mask


def names_mask(parts: Sequence[Part], view: UserView) -> Mask:
    """Rows that all groups of names pick, any name of a group."""
    return _any_of_each(name_groups(parts), name_mask, view)


def _any_of_each(groups: Iterable[Iterable[T]], mask_of: Callable[[T, UserView], Mask], view: UserView) -> Mask:
    """Rows that every group picks, by any of its members."""
    mask = np.ones(view.size, dtype=np.bool_)
    for group in groups:
        any_of = view.none()
        for one in group:
            any_of = any_of | mask_of(one, view)
        mask = mask & any_of
    return mask


def period_groups(parts: Sequence[Part]) -> list[list[el.Period]]:
    """Periods in order; a comma, `and` or `or` between two that share no day makes them one list: in June and in August."""
    groups: list[list[el.Period]] = []
    joint, other = False, True
    for part in parts:
        value = part.value
        if isinstance(value, el.Period):
            listed = groups and joint and not other and all(_apart(value, known) for known in groups[-1])
            if listed:
                groups[-1].append(value)
            else:
                groups.append([value])
            joint, other = False, False
        elif isinstance(value, el.Word) and value.tag in _JOINTS:
            joint = True
        elif not (isinstance(value, el.Word) and value.tag in ("skip", "oncemore", "again")):
            other = True
    return groups


def _apart(one: el.Period, other: el.Period) -> bool:
    named = one.role in ("in", "bare") and other.role in ("in", "bare") and not (one.days or other.days)
    return named and (one.end < other.start or other.end < one.start)


def periods_mask(parts: Sequence[Part], view: UserView) -> Mask:
    """Rows that all groups of periods pick, any period of a group."""
    return _any_of_each(period_groups(parts), limit_mask, view)


def limit_mask(value: el.Value, view: UserView) -> Mask:  # noqa: PLR0911
    """Rows in a period, on days of the week, or at times of the day; all rows for anything else."""
    match value:
        case el.Period(days=days) if days:
            return np.asarray(np.isin(view.day, days), dtype=np.bool_)
        case el.Period(start=start, end=end):
            return (view.day >= start) & (view.day <= end)
        case el.Weekdays(days=days):
            return np.asarray(np.isin((view.day + 3) % 7, sorted(days)), dtype=np.bool_)
        case el.Hours(start=start, end=end):
            # What is after midnight belongs to the night before.
            known = view.second >= 0
            return known & (((view.second >= start) & (view.second < end)) | (view.second < end - _DAY))
        case el.Currency(code=code):
            return np.asarray(view.currency == code, dtype=np.bool_)
        case el.Clock(second=second):
            return np.asarray((view.second // 60) == second // 60, dtype=np.bool_)
    return np.ones(view.size, dtype=np.bool_)


def amounts(view: UserView, mask: Mask) -> NDArray[np.int64]:
    """Amounts of rows in minor units; what was given back counts as positive too."""
    return np.abs(view.amount[mask])


def in_currency(view: UserView, mask: Mask, currency: str | None) -> Mask | None:
    """The rows in a currency; None where no currency is named and the rows have several."""
    priced = mask & view.priced
    if currency is None:
        return priced if len(np.unique(view.currency[priced])) <= 1 else None
    return priced & np.asarray(view.currency == currency, dtype=np.bool_)


def show_number(value: float) -> str:
    """A number for a message."""
    return f"{value:.0f}" if abs(value - round(value)) < 0.005 else f"{value:.2f}"  # noqa: PLR2004


def show_quantity(quantity: el.Quantity) -> str:
    """What was said, for a message."""
    words = {"over": "more than ", "under": "at most ", "about": "about ", "between": "around "}
    return words.get(quantity.form, "") + show_number(quantity.value)


def judge(found: float, said: el.Quantity, needs: Mask, what: str, scale: float = 1.0, unit: str = "") -> Finding:
    """A number that was claimed against the one that the rows give."""
    if said.holds(found):
        return Finding(ok=True, needs=needs)
    shown = f"{show_number(found / scale)}{unit}, not {show_quantity(said.scaled(1 / scale))}{unit}"
    return Finding(ok=False, needs=needs, message=f"{what} is {shown}")


def what(clause: Clause) -> str:
    """What the clause counts, in words: purchases at Green Market."""
    names = [name.text for name in clause.of(el.Name) or [part.value for part in clause.inherited if isinstance(part.value, el.Name)]]
    noun = KIND_WORDS.get(clause.kinds(), "rows")
    return f"{noun} of {', '.join(dict.fromkeys(names))}" if names else noun
