"""Figures that stand beside a name or a time: `A (9 visits) more than B (6)`, `7 versus 2 purchases`; each is a claim of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, name_mask
from memlearn.grounding.freetext.elements import Part
from memlearn.sources.currencies import MINOR_DIGITS

_FIGURES = (el.Count, el.Times, el.Money, el.OutOf)
_LIMITS = (el.Name, el.Period, el.Weekdays)
_NOUNS = frozenset({"event", "spend", "total", "skip", "mean", "redeem", "show", "refund", "amount", "buy", "offer", "per", "all"})
_ENDS = frozenset({"comma", "stop_sign", "and", "runnerup", "than", "close", "semicolon"})
_VERSUS = frozenset({"versus", "vs", "vs .", "against", "compared with", "compared to", "to", "as against"})
_CARRIED = frozenset({"redeem", "show", "refund", "offer", "mean", "median", "message"})
_TWO = 2


def apart(clause: Clause) -> tuple[Clause, list[Clause]] | None:
    """The clause without the figures beside its names and times, and each of them with its figure; None where there are none.

    Args:
        clause: one that cannot be read as it is.
    """
    return _versus(clause) or _beside(clause)


def _beside(clause: Clause) -> tuple[Clause, list[Clause]] | None:
    """Figures in brackets, or told by `with`, right behind what they are of."""
    taken: set[int] = set()
    found: list[tuple[int, list[Part]]] = []
    if len(clause.parts) > _TWO and isinstance(clause.parts[0].value, el.Money) and _is(clause.parts[1], "comma"):
        # At 424.97 EUR, January was the most expensive month.
        first = next((at for at, part in enumerate(clause.parts) if isinstance(part.value, _LIMITS)), None)
        if first is not None and len([part for part in clause.parts if isinstance(part.value, _LIMITS)]) == 1 and "month" in clause.tags:
            found, taken = [(first, [clause.parts[0]])], {0, 1}
    for at, part in enumerate(clause.parts):
        if at in taken or not (isinstance(part.value, el.Word) and part.value.tag in ("open", "with", "total", "colon")):
            continue
        end = _figure_end(clause.parts, at)
        anchor = _anchor(clause.parts, at)
        if end is None or anchor is None:
            continue
        found.append((anchor, [inner for inner in clause.parts[at + 1 : end] if not _is(inner, "open", "close")]))
        taken |= set(range(at, end + (end < len(clause.parts) and _is(clause.parts[end], "close"))))
    if not found:
        return None
    if any(_cut_off(clause.parts, anchor, taken) for anchor, _ in found):
        return None
    main = replace(clause, parts=tuple(part for at, part in enumerate(clause.parts) if at not in taken))
    return main, [_side(main, clause.parts[anchor], figure) for anchor, figure in found]


def is_list(clause: Clause) -> bool:
    """Whether nothing is left but names and times: `A: 9 visits, B: 6 visits`."""
    return all(isinstance(part.value, _LIMITS) or _is(part, "comma", "and", "stop_sign", "semicolon", "colon") for part in clause.parts)


def _cut_off(parts: Sequence[Part], anchor: int, taken: set[int]) -> bool:
    """Whether a figure that stays behind stands before a comma, and so belongs to what was named earlier."""
    figures = [at for at in range(anchor) if at not in taken and isinstance(parts[at].value, (*_FIGURES, el.OutOf))]
    return any(_is(part, "comma") for at in figures for part in parts[at:anchor])


def _figure_end(parts: Sequence[Part], at: int) -> int | None:
    """Where a figure with its noun ends that begins behind a mark; None where something else stands there too."""
    end, figures = at + 1, 0
    while end < len(parts) and not _is(parts[end], *_ENDS):
        value = parts[end].value
        if not (isinstance(value, _FIGURES) or (isinstance(value, el.Word) and value.tag in _NOUNS)):
            return None
        figures += isinstance(value, _FIGURES)
        end += 1
    return end if figures == 1 else None


def _anchor(parts: Sequence[Part], at: int) -> int | None:
    """The name or time right before, a word of what is bought there apart."""
    for n in range(at - 1, -1, -1):
        if isinstance(parts[n].value, _LIMITS):
            return n
        if not (isinstance(parts[n].value, el.Word) and not _is(parts[n], "than", "as", "comma", "and")):
            return None
    return None


def _versus(clause: Clause) -> tuple[Clause, list[Clause]] | None:
    """`7 versus 2 purchases`, behind the two that are compared."""
    parts = clause.parts
    for at in range(1, len(parts) - 1):
        word = parts[at].value
        pair = parts[at - 1].value, parts[at + 1].value
        if not (isinstance(word, el.Word) and word.text in _VERSUS):
            continue
        if not all(isinstance(value, el.Count | el.Times | el.Money) for value in pair):
            continue
        first = _as_other(parts[at - 1], pair[1])
        if isinstance(first.value, el.Money) != isinstance(pair[1], el.Money):
            continue
        start, end = at - 1, at + 2
        while start and _is(parts[start - 1], "open", "colon", "comma", "with", "by", "dash"):
            start -= 1
        while end < len(parts) and isinstance(parts[end].value, el.Word) and (_is(parts[end], "close") or parts[end].value.tag in _NOUNS):  # type: ignore[union-attr]
            end += 1
        main = replace(clause, parts=(*parts[:start], *parts[end:]))
        nouns = [part for part in parts[at + 2 : end] if not _is(part, "close")]
        sides = _opposed(main)
        if sides is None:
            return None
        return main, [_side(main, anchor, [figure, *nouns]) for anchor, figure in zip(sides, (first, parts[at + 1]), strict=True)]
    return None


def _as_other(part: Part, other: el.Value) -> Part:
    """`142.79 versus 60.00 EUR`: both are amounts."""
    value = part.value
    if not isinstance(value, el.Count) or not isinstance(other, el.Money):
        return part
    return replace(part, value=el.Money(value.quantity.scaled(10.0 ** MINOR_DIGITS.get(other.currency or "", 2)), other.currency))


def _opposed(main: Clause) -> tuple[Part, Part] | None:
    """The two names, times or weekdays that a clause sets against each other, in the order told."""
    for sort in (el.Name, el.Period, el.Weekdays):
        found = [part for part in main.parts if isinstance(part.value, sort)]
        pairs = [(one, other) for n, one in enumerate(found) for other in found[n + 1 :] if _compete(main, one, other)]
        if len(pairs) == 1:
            return pairs[0]
    return None


def _compete(clause: Clause, one: Part, other: Part) -> bool:
    """Whether two limits are of one sort and no row has both."""
    if isinstance(one.value, el.Name) and isinstance(other.value, el.Name):
        return not (name_mask(one.value, clause.view) & name_mask(other.value, clause.view)).any()
    return type(one.value) is type(other.value)


def _side(main: Clause, anchor: Part, figure: Sequence[Part]) -> Clause:
    """One figure as a claim: of what it stands beside, within whatever else limits the clause."""
    limits = [
        part
        for part in main.parts
        if part is anchor or (isinstance(part.value, (*_LIMITS, el.Hours, el.Currency)) and not _compete(main, anchor, part))
    ]
    words = [part for part in main.parts if isinstance(part.value, el.Word) and part.value.tag in _CARRIED]
    if any(isinstance(part.value, el.OutOf) for part in figure):
        # Mondays see the most purchases (13 of 44): so many of all within the other limits.
        noun, verb = (replace(anchor, value=el.Word(tag, "")) for tag in ("event", "verb"))
        ranged = [part for part in limits if part is not anchor]
        numbers = [part for part in figure if isinstance(part.value, el.OutOf)]
        told = [part for part in figure if _is(part, "redeem", "show", "refund")] or words or [noun]
        return replace(main, parts=(*numbers, *told, *ranged, verb, anchor), inherited=())
    own = {part.value.tag for part in figure if isinstance(part.value, el.Word)}
    money = any(isinstance(part.value, el.Money) for part in figure)
    if money and not own & {"mean", "total"}:
        dearer = main.tags & {"sized", "higher", "lower", "cost"} and not main.tags & {"month", "spend"} and bool(main.of(el.Name))
        words.append(replace(anchor, value=el.Word("mean" if dearer else "total", "")))
    if not money and not own & _CARRIED and not words:
        words.append(replace(anchor, value=el.Word("event", "")))
    return replace(
        main, parts=(*limits, *words, *figure), inherited=tuple(part for part in main.inherited if not _inherits_same(part, limits))
    )


def _inherits_same(part: Part, limits: Sequence[Part]) -> bool:
    return isinstance(part.value, el.Word) or any(type(part.value) is type(limit.value) for limit in limits)


def _is(part: Part, *tags: str) -> bool:
    return isinstance(part.value, el.Word) and part.value.tag in tags
