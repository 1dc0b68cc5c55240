"""Whether every word of a line is accounted for: it was checked, or it stands where it only gives the line its shape.

What a line is made of is read in `reader` and checked by the frames; they pass over words of shape. Here each of those is looked at
in its place, and what stands in none of its places (`neutral`) keeps the line from being verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import FILLER
from memlearn.grounding.freetext.elements import Part
from memlearn.grounding.freetext.neutral import EDGES, PLACES, SILENT, Place
from memlearn.grounding.freetext.reader import Reading
from memlearn.grounding.freetext.tokens import fold_words
from memlearn.grounding.freetext.view import UserView

Signs = frozenset[str]
Told = Sequence[tuple[Signs, el.Value]]
_NOTHING: Signs = frozenset()
_EDGE: Signs = frozenset({"|"})
_MEANT: Signs = frozenset({"meant"})
_RANK: Signs = frozenset({"rank"})
_NAMES: Signs = frozenset({"merchant", "thing", "city"})
_TYPES: dict[type, Signs] = {
    el.Period: frozenset({"period"}),
    el.Money: frozenset({"money"}),
    el.Count: frozenset({"number"}),
    el.Times: frozenset({"number", "times"}),
    el.OutOf: frozenset({"number", "share"}),
    el.Share: frozenset({"share"}),
    el.Duration: frozenset({"duration"}),
    el.Rate: frozenset({"rate"}),
    el.Per: frozenset({"per"}),
    el.Weekdays: frozenset({"weekday"}),
    el.Hours: frozenset({"hour"}),
    el.Clock: frozenset({"hour"}),
    el.Currency: frozenset({"currency"}),
    el.Quote: frozenset({"quote"}),
}
# Tags of words that frames pass over, or take for the same as others of their tag.
_GATED = FILLER | {"skip", "start", "stop"}
# They say something only before those who are not the user: a client bought it.
_ARTICLES = frozenset({"a", "an"})
_CATEGORIES = frozenset({"merchant_category", "category"})
_CITIES = frozenset({"city", "town", "region", "state", "country", "place", "location"})
# What a sign that ends an inserted phrase begins with.
_OPENED = {"close": "open", "comma": "comma", "dash": "dash"}


def unaccounted(reading: Reading, view: UserView) -> str | None:
    """The first word of shape that stands where it may say something; None where there is none.

    Args:
        reading: of the line.
        view: the user's rows.
    """
    parts = reading.parts
    told = [(signs, part.value) for at, part in enumerate(parts) if (signs := _signs(part, reading, parts[at + 1 : at + 2]))]
    for at, (signs, value) in enumerate(told):
        after = told[at + 1][0] if at + 1 < len(told) else _EDGE
        if "times" in signs and after & _NAMES:
            # Five times the coffee: so much of it, and not so often.
            return "times"
        if not isinstance(value, el.Word) or value.tag not in _GATED or value.tag in EDGES:
            continue
        before = _before(told, at)
        if not any(
            place.before & before and place.after & after and _is_fit(place, told, parts, view) for place in PLACES.get(value.text, ())
        ):
            return value.text
    return None


def _before(told: Told, at: int) -> Signs:
    """What stands before a word; behind a bracket or a second comma also what stands before the first."""
    if not at:
        return _EDGE
    last = told[at - 1][1]
    opened = _OPENED.get(last.tag, "") if isinstance(last, el.Word) else ""
    first = next((n for n in range(at - 2, 0, -1) if isinstance(word := told[n][1], el.Word) and word.tag == opened), 0)
    return told[at - 1][0] | (told[first - 1][0] if first else _NOTHING)


def _is_fit(place: Place, told: Told, parts: Sequence[Part], view: UserView) -> bool:
    """Whether the line holds what the place asks for, and nothing that it excludes."""
    if place.without and any(place.without & signs for signs, _ in told):
        return False
    if place.beside and not any(place.beside & signs for signs, _ in told):
        return False
    return not place.kinds or bool(place.kinds & _sorts(parts, view))


def _sorts(parts: Sequence[Part], view: UserView) -> frozenset[str]:
    """Words of the names and of the categories of their rows."""
    names = [part.value for part in parts if isinstance(part.value, el.Name)]
    columns = [keys for dim, keys in view.columns.items() if dim in _CATEGORIES]
    found = {key for name in names for mask in name.masks.values() for keys in columns for key in keys[mask].tolist()}
    return frozenset(word for text in (*found, *(name.text for name in names)) for word in fold_words(text))


def _signs(part: Part, reading: Reading, following: Sequence[Part]) -> Signs:
    """What a part is to its neighbours; nothing where it says nothing anywhere."""
    value = part.value
    if isinstance(value, el.Word):
        if value.text in _ARTICLES and not (following and "user" in _signs(following[0], reading, ())):
            return _NOTHING
        return _of_word(value.tag, value.text)
    if isinstance(value, el.Name):
        return _of_name(tuple(value.masks))
    if isinstance(value, el.Rank):
        return _RANK if reading.tokens[part.start].low == "the" else _RANK | {"bare_rank"}
    return _TYPES.get(type(value), _MEANT)


@lru_cache(maxsize=4096)
def _of_word(tag: str, text: str) -> Signs:
    if tag in EDGES:
        return frozenset({EDGES[tag]})
    if tag not in _GATED:
        return _MEANT
    if text in SILENT:
        return _NOTHING
    return frozenset(place.sign for place in PLACES.get(text, ())) or frozenset({"?"})


@lru_cache(maxsize=256)
def _of_name(dims: tuple[str, ...]) -> Signs:
    if not dims:
        return _NAMES
    return frozenset("merchant" if dim == "merchant" else "city" if dim in _CITIES else "thing" for dim in dims)
