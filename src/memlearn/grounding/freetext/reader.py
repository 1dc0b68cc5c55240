"""Reads a line into typed parts, from left to right, the longest and most particular reading first."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from memlearn.grounding.freetext import dates, lexicon, numbers, times
from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.contextual import read_contextual, tell_offers
from memlearn.grounding.freetext.seasons import read_recurring
from memlearn.grounding.freetext.tokens import Token, tokenise
from memlearn.grounding.freetext.view import Mask, UserView

_OPENING, _CLOSING = '“"„«‘', '”"“»’'
Tokens = Sequence[Token]


@dataclass(slots=True)
class Reading:
    """A line, read.

    Args:
        tokens: its words.
        text: as written.
        parts: what they stand for, in order.
        unknown: words that nothing explains.
    """

    tokens: Tokens
    text: str
    parts: list[el.Part] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def read_text(text: str, view: UserView) -> Reading:
    """Everything in a line that can be understood, and what cannot."""
    text = unicodedata.normalize("NFC", text)
    tokens = tokenise(text)
    reading = Reading(tokens, text)
    at = 0
    known: el.Period | None = None
    while at < len(tokens):
        values, end = _read(reading, at, view, known)
        if not values:
            part = _part_of_name(tokens, at, view)
            if part is not None:
                reading.parts.append(el.Part(at, at + 1, part))
            elif tokens[at].low not in _HARMLESS_SIGNS:
                reading.unknown.append(tokens[at].text)
            at += 1
            continue
        for value in values:
            reading.parts.append(el.Part(at, end, value))
            known = value if isinstance(value, el.Period) else known
        at = end
    reading.parts = times.settle_hours(tell_offers(reading.parts), tokens)
    return reading


# Words that belong to the number after them, not to the phrase before.
_BOUNDS = frozenset({"between", "over", "under", "above", "below"})
_SPREAD = frozenset({"spread", "distributed", "split", "divided"})
_RANK_FIRST = frozenset(words[0] for words in lexicon.RANK_PHRASES)
_FEWEST_LETTERS = 4
_HARMLESS_SIGNS = frozenset("“\"„«‘”»’'*~*")


def _read(reading: Reading, at: int, view: UserView, known: el.Period | None) -> tuple[list[el.Value], int]:  # noqa: C901, PLR0911
    tokens = reading.tokens
    quoted = _quote(reading, at, view)
    if quoted is not None:
        return [quoted[0]], quoted[1]
    named = read_name(tokens, at, view)
    if named is not None:
        return [named[0]], named[1]
    recurring = read_recurring(tokens, at, view)
    if recurring is not None:
        return [recurring[0]], recurring[1]
    ranked = _rank(tokens, at, view, known)
    if ranked is not None:
        return [ranked[0]], ranked[1]
    hours = times.read_hours(tokens, at)
    if hours is not None:
        return hours
    for read in _READERS:
        found = read(tokens, at)
        if found is not None:
            return [found[0]], found[1]
    period = dates.read_period(tokens, at, view.last_day, known)
    if period is not None:
        return [period[0]], period[1]
    currency = numbers.read_currency(tokens, at)
    if currency is not None and currency[0] is not None:
        return [el.Currency(currency[0])], currency[2]
    number = _number(tokens, at)
    if number is not None and tokens[at].low == "over" and reading.parts and isinstance(reading.parts[-1].value, el.Money):
        # 88 euros over 13 visits: in so many of them.
        number = _number(tokens, at + 1)
    if number is not None:
        return [number[0]], number[1]
    counted = bool(reading.parts) and isinstance(reading.parts[-1].value, el.Count) and reading.parts[-1].end == at
    return _word(tokens, at, counted=counted, before=reading.parts)


_READERS: tuple[Callable[[Tokens, int], tuple[el.Value, int] | None], ...] = (
    numbers.read_money,
    numbers.read_share,
    times.read_rate,
    numbers.read_out_of,
    times.read_weekdays,
    times.read_per,
    times.read_duration,
    numbers.read_times,
)


def _number(tokens: Tokens, at: int) -> tuple[el.Value, int] | None:
    """A bare number; `one` and `some` alone are no counts of anything unless something that is counted follows."""
    found = numbers.read_quantity(tokens, at)
    if found is None or tokens[found[2] - 1].suffix in ("st", "nd", "rd", "th"):
        return None
    return el.Count(found[0]), found[2]


def _quote(reading: Reading, at: int, view: UserView) -> tuple[el.Value, int] | None:
    tokens = reading.tokens
    if tokens[at].low not in _OPENING:
        return None
    for end in range(at + 1, len(tokens)):
        if tokens[end].low in _CLOSING:
            words = _name_words(tokens[at + 1 : end])
            masks = view.names.get(words)
            if masks is not None or words in view.foreign:
                return el.Name(" ".join(words), masks or {}), end + 1
            written = " ".join(reading.text[tokens[at].start + 1 : tokens[end].start].split())
            return (el.Quote(words, written), end + 1) if words else None
    return None


def _name_words(tokens: Tokens) -> tuple[str, ...]:
    return tuple(piece for token in tokens if token.sort != "sign" for piece in token.low.replace("'", "").replace(".", " ").split())


def read_name(tokens: Tokens, at: int, view: UserView) -> tuple[el.Name, int] | None:
    """The longest name of the user's rows or of a catalogue that stands here."""
    if tokens[at].sort not in ("word", "number"):
        return None
    words: list[str] = []
    best: tuple[el.Name, int] | None = None
    end = at
    while end < len(tokens) and len(words) < view.longest_name:
        token = tokens[end]
        if token.sort == "sign" and (token.low not in "-&'%+./(" or not words):
            break
        end += 1
        if token.sort == "sign":
            continue
        words += _name_words((token,))
        if token.suffix:
            words[-1] += token.suffix
        found = _lookup(tuple(words), view)
        if found is not None:
            text = " ".join(token.text for token in tokens[at:end])
            # A name with a word in brackets: dolce (burro).
            end += "(" in text and end < len(tokens) and tokens[end].low == ")"
            best = el.Name(text, found), end
    return best


def _part_of_name(tokens: Tokens, at: int, view: UserView) -> el.Name | None:
    """`Milk` of those who buy oat milk and whole milk, `Klara` for Drogerie Klara: a word that stands for nothing else."""
    token = tokens[at]
    if token.sort != "word" or len(token.low) < _FEWEST_LETTERS:
        return None
    forms = {token.low, token.low.removesuffix("s"), token.low + "s"}
    named = [words for words in view.names if forms & set(words)]
    dims = {dim for words in named for dim in view.names[words]}
    if dims == {"item"} and all(words[-1] in forms for words in named):
        mask = view.none()
        for words in named:
            mask = mask | view.names[words]["item"]
        return el.Name(token.text, {"item": mask})
    alone = len(named) == 1 and token.capital and not any(token.low in words for words in view.foreign if words != named[0])
    return el.Name(token.text, dict(view.names[named[0]])) if alone and "merchant" in dims else None


def _lookup(words: tuple[str, ...], view: UserView) -> dict[str, Mask] | None:
    variants = [words]
    if len(words) == 1 and len(words[0]) > 2:  # noqa: PLR2004
        word = words[0]
        variants += [(word + "s",), (word[:-1] + "ies",)] if not word.endswith("s") else [(word[:-1],), (word[:-3] + "y",)]
        variants.append((lexicon.EXONYMS.get(word, word),))
    for variant in variants:
        if variant in view.names:
            return dict(view.names[variant])
        if variant in view.foreign:
            return {}
    return None


def _rank(tokens: Tokens, at: int, view: UserView, known: el.Period | None) -> tuple[el.Rank, int] | None:
    """`the first`, `most recently`, `second-highest`; not the first week of June."""
    start = at + (tokens[at].low == "the")
    if start >= len(tokens):
        return None
    place, end = None, start
    for words, rank in lexicon.RANK_PHRASES.items() if tokens[start].low in _RANK_FIRST else ():
        if numbers.lows(tokens, start, len(words)) == words and len(words) > end - start:
            place, end = rank, start + len(words)
    token = tokens[start]
    if place is None and token.low in lexicon.RANKS:
        place, end = lexicon.RANKS[token.low], start + 1
    elif place is None and token.suffix in ("st", "nd", "rd", "th") and token.low.isdigit():
        place, end = int(token.low), start + 1
    if place is None or dates.read_period(tokens, at, view.last_day, known) is not None:
        return None
    next_at = end + (numbers.lows(tokens, end, 1) == ("-",))
    for tag in ("max", "min"):
        for count in (2, 1):
            if place > 1 and lexicon.PHRASES.get(numbers.lows(tokens, next_at, count)) == tag:
                return el.Rank(-place if tag == "max" else place, by_amount=True), next_at + count
    return el.Rank(place), end


def _word(tokens: Tokens, at: int, *, counted: bool, before: Sequence[el.Part]) -> tuple[list[el.Value], int]:
    told = read_contextual(tokens, at, before)
    if told is not None:
        return [told[0]], told[1]
    for count in range(min(lexicon.LONGEST_PHRASE, len(tokens) - at), 0, -1):
        words = numbers.lows(tokens, at, count)
        tag = lexicon.PHRASES.get(words)
        last = at + count - 1
        if (
            count > 1
            and words[-1] in _BOUNDS
            and words[0] not in _SPREAD
            and (numbers.read_quantity(tokens, last) or numbers.read_money(tokens, last)) is not None
        ):
            continue
        if words[-1] == "sent" and numbers.lows(tokens, at + count, 1) == ("back",):
            # Were sent back: given back, and not shown.
            continue
        if words == ("shops",) and counted:
            tag = "merchant"
        if (
            words == ("as", "much", "as")
            and numbers.read_quantity(tokens, at + count) is None
            and numbers.read_money(tokens, at + count) is None
        ):
            # Twice as much as at X.
            continue
        if tag == "buy" and words[-1] == "by" and numbers.read_share(tokens, at + count) is not None:
            # Not a visit: it dropped by a third.
            return [el.Word("down", words[0])], at + 1
        if tag is not None:
            # The largest single purchase.
            single = tag in ("max", "min") and numbers.lows(tokens, at + count, 1) == ("single",)
            return [el.Word(tag, " ".join(words))], at + count + single
    return [], at
