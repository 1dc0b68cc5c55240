"""Names and numbers of a line that could not be verified: each must stand in what is cited, or follow from it.

This is no proof that a line is true, so the line stays a hypothesis; it keeps out what nothing shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from memlearn.errors import EditError
from memlearn.grounding.freetext import UserView
from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import limit_mask, name_mask
from memlearn.grounding.freetext.lexicon import PHRASES
from memlearn.grounding.freetext.reader import Reading
from memlearn.grounding.freetext.tokens import Token, fold_words, tokenise
from memlearn.grounding.freetext.view import Mask
from memlearn.learning.agent.figures import Figures, tell_cited

_NUMBERS = frozenset({"number", "iso", "date", "clock"})
# What somebody does who is named first; the user goes without a name.
_ACTS = frozenset(
    [
        "likes",
        "loves",
        "buys",
        "visits",
        "goes",
        "shops",
        "prefers",
        "enjoys",
        "wants",
        "told",
        "says",
        "lives",
        "works",
        "pays",
        "drinks",
        "eats",
        "travels",
        "hates",
        "avoids",
        "needs",
        "bought",
        "visited",
        "paid",
    ]
)
_SPANS = ("before", "until", "after", "since", "from")


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a line stands on.

    Args:
        view: the user's rows.
        cited: rows that count as cited.
        texts: cited rows as shown, passages, verified lines and attributes that are cited, word for word.
        numbers: of the statistics that are cited.
    """

    view: UserView
    cited: Mask
    texts: tuple[str, ...]
    numbers: tuple[float, ...]

    def words(self) -> frozenset[str]:
        """All words of the texts and of the cited rows' texts."""
        rows = (word for row in np.flatnonzero(self.cited).tolist() for word in self.view.text[row])
        return frozenset(rows) | {word for text in self.texts for word in fold_words(text)}

    def holds(self, words: Sequence[str]) -> bool:
        """Whether words stand one after another in a text."""
        wanted = f" {' '.join(words)} "
        rows = (self.view.text[row] for row in np.flatnonzero(self.cited).tolist())
        return any(wanted in f" {' '.join(text)} " for text in (*map(fold_words, self.texts), *rows))


def require_founded(reading: Reading, ground: Ground) -> None:
    """Every name and every number of a text is in what is cited, or follows from it.

    Raises:
        EditError: one does not; it says which, and what the evidence holds.
    """
    _require_names(reading, ground)
    _require_proper_nouns(reading, ground)
    _require_numbers(reading, ground)


def names_of(reading: Reading) -> list[el.Name]:
    """The names of a text."""
    return [part.value for part in reading.parts if isinstance(part.value, el.Name)]


def absent_name(reading: Reading) -> str | None:
    """A name of the catalogue that no row of the user has; a plain word that is also such a name does not count."""
    return next((name.text for name in names_of(reading) if not name.masks and not _is_plain(name)), None)


def _is_plain(name: el.Name) -> bool:
    return name.text.islower() and fold_words(name.text) in PHRASES


def _require_names(reading: Reading, ground: Ground) -> None:
    absent = absent_name(reading)
    if absent is not None and not ground.holds(fold_words(absent)):
        raise EditError(f"No row of this user has {absent!r}. Name only what the cited rows hold.", "name")
    for name in names_of(reading):
        if name.masks and not (name_mask(name, ground.view) & ground.cited).any() and not ground.holds(fold_words(name.text)):
            raise EditError(f"Nothing that is cited is of {name.text!r}. Cite rows or the statistic of it, or leave it out.", "name")


def _require_proper_nouns(reading: Reading, ground: Ground) -> None:
    unknown = set(reading.unknown)
    known: frozenset[str] | None = None
    for at, token in enumerate(reading.tokens):
        if token.text in unknown and _is_proper(reading.tokens, at, unknown):
            known = ground.words() if known is None else known
            if not known.issuperset(fold_words(token.text)):
                raise EditError(f"{token.text!r} stands in nothing that is cited. Name only what the cited rows hold.", "name")
    for part in reading.parts:
        if isinstance(part.value, el.Quote) and not ground.holds(part.value.words):
            raise EditError(f"The words {part.value.text!r} stand in nothing that is cited. Quote rows word for word.", "name")


def _is_proper(tokens: Sequence[Token], at: int, unknown: set[str]) -> bool:
    """A name rather than a word: a capital inside the sentence, or a first word that acts, goes on in capitals or is written in them."""
    token = tokens[at]
    if token.sort != "word" or not token.capital:
        return False
    if at and tokens[at - 1].low not in (".", "!", "?", ":"):
        return True
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    named = following is not None and (following.low in _ACTS or (following.capital and following.text in unknown))
    return named or (len(token.text) > 1 and token.text[1:] != token.text[1:].lower())


def _require_numbers(reading: Reading, ground: Ground) -> None:
    tokens = reading.tokens
    literal = {float(value) for value in _numbers_in(ground.texts)} | set(ground.numbers)
    unread = set(reading.unknown)
    dates = {token.low for text in ground.texts for token in tokenise(text) if token.sort in _NUMBERS}
    for token in tokens:
        if token.sort in _NUMBERS and token.text in unread and token.low not in dates:
            raise _unfounded(token.text, ground)
    figures: Figures | None = None
    for part in reading.parts:
        if isinstance(part.value, el.Name | el.Word | el.Quote | el.Rank | el.Per):
            continue
        figures = figures or Figures.of(ground.view, ground.cited, _limits(reading, ground))
        if not _follows(part.value, figures, literal, ground):
            raise _unfounded(" ".join(token.text for token in tokens[part.start : part.end]), ground)


def _unfounded(shown: str, ground: Ground) -> EditError:
    told = tell_cited(ground.view, ground.cited)
    return EditError(f"{shown!r} is not in what is cited and does not follow from it: {told}. Correct it, or leave it out.", "number")


def _limits(reading: Reading, ground: Ground) -> list[Mask]:
    """Rows that each name, period, weekday or hour of the text picks."""
    masks = [name_mask(name, ground.view) for name in names_of(reading) if name.masks]
    limits = (part.value for part in reading.parts if isinstance(part.value, el.Period | el.Weekdays | el.Hours))
    return masks + [limit_mask(value, ground.view) for value in limits]


def _numbers_in(texts: Iterable[str]) -> list[float]:
    tokens = (token.low.replace(",", "") for text in texts for token in tokenise(text) if token.sort == "number")
    return [float(low) for low in tokens if low.count(".") <= 1]


def _follows(value: el.Value, figures: Figures, literal: set[float], ground: Ground) -> bool:  # noqa: C901, PLR0911
    """Whether a number agrees with a figure of its sort."""
    match value:
        case el.Count(quantity=said) | el.Times(quantity=said):
            return any(map(said.holds, figures.counts)) or any(map(said.holds, literal)) or _is_bare_money(said, figures)
        case el.OutOf(hits=hits, whole=whole):
            return any(map(hits.holds, figures.counts)) and any(map(whole.holds, figures.counts))
        case el.Money(quantity=said, currency=currency):
            amounts = (amount for code, found in figures.amounts.items() if currency in (None, code) for amount in found)
            return any(map(said.holds, amounts)) or any(said.holds(number * 100) for number in literal)
        case el.Share(quantity=said):
            return any(map(said.holds, figures.shares()))
        case el.Duration(quantity=said, unit=unit):
            loose = said.loosened(max(0.12, 0.6 * unit / max(said.value, 1e-9) if unit > 1 else 0.0))
            return any(map(loose.holds, figures.durations)) or any(map(said.holds, literal))
        case el.Rate(gap=gap):
            return any(0.75 * gap <= found <= 1.35 * gap for found in figures.rhythms)
        case el.Period(base=(start, end), role=role):
            view = ground.view
            inside = (view.day >= start) & (view.day <= end) & ground.cited
            return bool(inside.any()) or role in _SPANS or start <= view.last_day <= end
        case el.Weekdays() | el.Hours():
            return bool((limit_mask(value, ground.view) & ground.cited).any())
        case el.Clock(second=second):
            return bool((ground.cited & (ground.view.second // 60 == second // 60)).any())
        case el.Currency(code=code):
            return bool((ground.cited & (ground.view.currency == code)).any())
    return True


def _is_bare_money(said: el.Quantity, figures: Figures) -> bool:
    """`Coffee: 42.00`, without a currency."""
    return said.value != int(said.value) and any(said.scaled(100).holds(amount) for found in figures.amounts.values() for amount in found)
