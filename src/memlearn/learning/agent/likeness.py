"""Do two lines say the same? By what they claim, whatever the words that add nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.reader import Reading
from memlearn.grounding.freetext.tokens import fold_words

_SILENT = frozenset({"skip", "amount", "verb", "comma", "colon", "open", "close", "stop_sign", "dash", "buy", "event"})
# Which way matters between two names only.
_WAYS = frozenset({("word", "to"), ("word", "from")})
# What contracted forms are read as: `can't` as can and not.
_CONTRACTED = frozenset({"not", "can", "will", "shall", "have", "are", "would"})
Claims = tuple[tuple[str, Hashable], ...]


def claims_of(reading: Reading) -> Claims | None:
    """What a line claims, comparable; None where it was not understood, or claims nothing that could be compared."""
    if reading.unknown:
        return None
    found: list[tuple[str, Hashable]] = []
    for part in reading.parts:
        match part.value:
            case el.Word(tag=tag):
                if tag not in _SILENT:
                    found.append(("word", tag))
            case el.Name(text=text):
                found.append(("name", fold_words(text)))
            case el.Count(quantity=said) | el.Times(quantity=said):
                found.append(("number", (said.low, said.high)))
            case el.Period(start=start, end=end, role=role, days=days):
                found.append(("period", (start, end, "" if role == "in" else role.removeprefix("bare"), days)))
            case other:
                found.append((type(other).__name__, other))
    if not any(sort != "word" for sort, _ in found):
        return None
    # Of one name and one number each, the order says nothing; of two of a sort it does.
    ordered = max(Counter(sort for sort, _ in found if sort != "word").values()) > 1
    return tuple(found) if ordered else tuple(sorted((claim for claim in found if claim not in _WAYS), key=repr))


def may_claim(text: str, claims: Claims) -> bool:
    """Whether a line can claim the same, by the letters of it alone; most lines that do not need not be read.

    Args:
        text: the line.
        claims: of another line.
    """
    letters = "".join(fold_words(text))
    return all(word in letters for sort, words in claims if sort == "name" and isinstance(words, tuple) for word in words if word not in _CONTRACTED)
