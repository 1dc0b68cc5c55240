"""Clauses of which several things are said: names that no row has together, two events each with its time, a number out of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import name_groups, name_mask, share_a_dimension
from memlearn.grounding.freetext.elements import Part
from memlearn.grounding.freetext.view import Mask, UserView

_USED = frozenset({"use", "uses", "used", "using"})


def join_out_of(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """`Three were redeemed out of twelve`, `of twelve shown, three were redeemed`: one number of the other."""
    counts = [at for at, part in enumerate(parts) if isinstance(part.value, el.Count)]
    marks = [at for at, part in enumerate(parts) if isinstance(part.value, el.Word) and part.value.tag == "outof"]
    if len(marks) != 1 or len(counts) != 2 or marks[0] + 1 not in counts:  # noqa: PLR2004
        return parts
    whole = parts[marks[0] + 1].value
    at = counts[0] if marks[0] + 1 == counts[1] else counts[1]
    hits = parts[at].value
    if not isinstance(whole, el.Count) or not isinstance(hits, el.Count) or hits.quantity.value > whole.quantity.value:
        return parts
    joined = replace(parts[at], value=el.OutOf(hits.quantity, whole.quantity))
    return tuple(joined if n == at else part for n, part in enumerate(parts) if n not in (marks[0], marks[0] + 1))


def join_all_of(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """`Redeemed all four coupons`, `used both vouchers`: so many of so many."""
    told = [part.value.tag if isinstance(part.value, el.Word) else "" for part in parts]
    at = next((n for n, tag in enumerate(told) if tag in ("all", "both")), None)
    answered = at is not None and any(
        isinstance(part.value, el.Word) and (part.value.tag == "redeem" or part.value.text in _USED) for part in parts[:at]
    )
    if at is None or not answered or "offer" not in told[at:] or "and" in told[at:]:
        return parts
    if told[at] == "both":
        whole, end = el.exactly(2), at + 1
    elif at + 1 < len(parts) and isinstance(count := parts[at + 1].value, el.Count) and count.quantity.form == "exact":
        whole, end = count.quantity, at + 2
    else:
        return parts
    return (*parts[:at], replace(parts[at], end=parts[end - 1].end, value=el.OutOf(whole, whole)), *parts[end:])


def is_torn(parts: Sequence[Part], view: UserView) -> bool:
    """Whether names stand apart that no row has together, or two weekdays: what is said of them are several claims."""
    groups = [group for group in name_groups(parts) if any(name.masks for name in group)]
    for at, group in enumerate(groups):
        for other in groups[at + 1 :]:
            if share_a_dimension(group[-1], other[-1]) and not (_any_of(group, view) & _any_of(other, view)).any():
                return True
    return len([part for part in parts if isinstance(part.value, el.Weekdays)]) > 1 or _tells_twice(parts)


def _tells_twice(parts: Sequence[Part]) -> bool:
    """`Shown on 3 May and redeemed on 5 May`: two things, each with its time."""
    told: list[str] = []
    word = ""
    for part in parts:
        if isinstance(part.value, el.Word) and part.value.tag in ("show", "redeem", "refund", "buy", "saw", "unused"):
            word = "show" if part.value.tag == "saw" else part.value.tag
        elif isinstance(part.value, el.Period) and word and word not in told:
            told.append(word)
    return len(told) > 1


def _any_of(group: Sequence[el.Name], view: UserView) -> Mask:
    mask = view.none()
    for name in group:
        mask = mask | name_mask(name, view)
    return mask
