"""Words, numbers and signs of a line, folded for comparison; nothing is understood here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"(?P<iso>\d{4}-\d{2}-\d{2})"
    r"|(?P<date>\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}/\d{4})(?![\d])"
    r"|(?P<clock>\d{1,2}:\d{2}(?::\d{2})?)"
    r"|(?P<number>\d+(?:[.,]\d+)*)(?P<suffix>(?:st|nd|rd|th|[kKmM])\b)?"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)"
    r"|(?P<sign>[^\w\s]|_)"
)
_ALIKE = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "’": "'"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign.

    Args:
        sort: iso, date, clock, number, word or sign.
        text: as written.
        low: folded: small, without accents.
        suffix: of a number: st, nd, rd, th, k or m.
        capital: True where it starts with a capital letter.
        start: where it stands in the line, in characters.
    """

    sort: str
    text: str
    low: str
    suffix: str = ""
    capital: bool = False
    start: int = 0


class TokenLine(tuple[Token, ...]):  # noqa: SLOT001 -- a tuple takes no slots of its own
    """The tokens of a line, and their folded texts by themselves, which are looked up over and over.

    Args:
        lows: folded text of each token.
        read: what was read at a place already, by who read it; several readers look for the same number first.
    """

    lows: tuple[str, ...]
    read: dict[tuple[str, int], object]

    @classmethod
    def of(cls, tokens: Iterable[Token]) -> TokenLine:
        """A line of these tokens."""
        line = cls(tokens)
        line.lows = tuple(token.low for token in line)
        line.read = {}
        return line


def fold(text: str) -> str:
    """Small letters without accents."""
    small = text.casefold().translate(_ALIKE)
    if small.isascii():
        return small
    return "".join(letter for letter in unicodedata.normalize("NFKD", small) if not unicodedata.combining(letter))


@lru_cache(maxsize=65_536)
def fold_words(text: str) -> tuple[str, ...]:
    """Letters and digits of a name, in words, as names are compared; apostrophes vanish."""
    return tuple(re.findall(r"[^\W_]+", fold(text).replace("'", "")))


def tokenise(text: str) -> TokenLine:
    """Cut a line into tokens; contracted negations become words of their own, possessives vanish."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(text):
        sort = found.lastgroup if found.lastgroup != "suffix" else "number"
        whole = found[0]
        start = found.start()
        if whole == "-" and _within_word(text, start):
            continue
        if sort == "word":
            tokens += _word(whole, start=start)
        elif sort == "number":
            tokens.append(Token("number", whole, found["number"], (found["suffix"] or "").lower(), start=start))
        else:
            tokens.append(Token(sort or "sign", whole, whole, start=start))
    return TokenLine.of(tokens)


def _within_word(text: str, at: int) -> bool:
    """A hyphen between letters: `second-highest` is two words."""
    return 0 < at < len(text) - 1 and text[at - 1].isalpha() and text[at + 1].isalpha()


def _word(text: str, *, start: int) -> list[Token]:
    low = fold(text)
    capital = text[:1].isupper()
    if low.endswith("n't"):
        stem = {"can't": "can", "won't": "will", "shan't": "shall"}.get(low, low[:-3])
        return [Token("word", text, stem, capital=capital, start=start), Token("word", text, "not")]
    stem, _, ending = low.partition("'")
    if ending in {"s", ""} or len(stem) > 1:
        plain = {"ve": "have", "re": "are", "ll": "will", "d": "would"}.get(ending)
        head = Token("word", text, stem, capital=capital, start=start)
        return [head, Token("word", text, plain)] if plain else [head]
    return [Token("word", text, low.replace("'", ""), capital=capital, start=start)]
