"""What a sentence of a document says, as far as words show it: its numbers with their units, its names, its content, its direction. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[%€$£]|[^\W\d_]+(?:['’][^\W\d_]+)?")
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905 - reads better as text
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905 - reads better as text
_NUMBER_WORDS = {
    **{word: str(number) for number, word in enumerate(_ONES)},
    **{word: str(20 + 10 * at) for at, word in enumerate(_TENS)},
    "once": "1",
    "twice": "2",
    "thrice": "3",
    "dozen": "12",
    "hundred": "100",
    "thousand": "1000",
    "half": "0.5",
    "first": "1",
    "second": "2",
    "third": "3",
}
UNITS = {
    **dict.fromkeys(("second", "seconds"), "second"),
    **dict.fromkeys(("minute", "minutes"), "minute"),
    **dict.fromkeys(("hour", "hours", "hourly"), "hour"),
    **dict.fromkeys(("day", "days", "daily"), "day"),
    **dict.fromkeys(("week", "weeks", "weekly"), "week"),
    **dict.fromkeys(("month", "months", "monthly"), "month"),
    **dict.fromkeys(("quarter", "quarters", "quarterly"), "quarter"),
    **dict.fromkeys(("year", "years", "yearly", "annual", "annually"), "year"),
    **dict.fromkeys(("percent", "%"), "%"),
    **dict.fromkeys(("euro", "euros", "eur", "€"), "€"),
    **dict.fromkeys(("dollar", "dollars", "usd", "$"), "$"),
    **dict.fromkeys(("pound", "pounds", "gbp", "£"), "£"),
}
SMALL_WORDS = frozenset(
    "a an the and or but of to in on at by for from with into onto as is are was were be been being it its this that these those there here we our us "  # noqa: SIM905 - reads better as text
    "you your they their them he she his her i my me who whom which what do does did has have had will would so than then also any all each every "
    "such per up out over about if when where while because not no never only must shall may can cannot unless except should".split()
)
# A line may begin with who it is about, or with what is to be done, whatever the sentence calls it.
_BEGINNINGS = frozenset(
    "customer user member client buyer shopper guest subscriber staff employee agent team company people person everyone nobody writer author "  # noqa: SIM905 - reads better as text
    "use avoid write keep make address choose ask say give tell show send offer refund include check prefer do don't never always only follow limit "
    "mention explain start end put call treat let ensure provide please policy guideline rule".split()
)
_MONTHS = "january|february|march|april|june|july|august|september|october|november|december"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_DATES = re.compile(rf"\b(?:{_MONTHS}|{_DAYS})\b|\bmay(?= \d)|(?<=\d )may\b", re.IGNORECASE)
_SUFFIXES = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "edly", "ed", "es", "ers", "er", "ly", "s", "y")
_SHORTEST = 3
# Words between a number and its unit at most, as in "two marketing emails in any one week".
_NEAR = 6

_UPPER = (
    r"no more than|not more than|no later than|not exceed\w*|never exceed\w*|up to|at most|maximum(?: of)?|at the latest|no longer than|fewer than|less than"
    r"|under|within|limited to|below"
)
_LOWER = r"at least|no less than|no fewer than|not less than|minimum(?: of)?|no earlier than|more than|over|above|exceed\w*"
_BOUNDS = re.compile(rf"\b(?:(?P<upper>{_UPPER})|(?P<lower>{_LOWER}))\b", re.IGNORECASE)
_ORDER = re.compile(r"\b(before|after|until|since|instead of|rather than)\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|cannot|avoid\w*|prohibit\w*|forbid\w*|forbidden|banned|disallow\w*|refus\w*|ineligible)\b"
    r"|n['’]t\b|\binstead of\b|\brather than\b",
    re.IGNORECASE,
)
_OBLIGED = re.compile(r"\b(?:must|shall|required?|requires|mandatory|obliged|ha(?:s|ve) to|needs? to)\b", re.IGNORECASE)
_ADVISED = re.compile(r"\b(?:should|ought to|recommend\w*)\b", re.IGNORECASE)
_PERMITTED = re.compile(r"\b(?:may(?! \d)|can|could|might|allowed|permitted|entitled|optional\w*|eligible)\b", re.IGNORECASE)
_ALWAYS = re.compile(r"\b(?:always|every|all|any|everyone|each)\b", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|solely|exclusively)\b", re.IGNORECASE)
_UNLESS = re.compile(r"\b(?:unless|except\w*|other than|apart from)\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|when|whenever|where|once|provided|in case|as long as|only|unless|except)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way a sentence points.

    Args:
        negations: how many words deny.
        only, unless, condition: whether it is limited, has an exception, holds under a condition.
        obliged, advised, permitted, always: how strongly it speaks.
    """

    negations: int
    only: bool
    unless: bool
    condition: bool
    obliged: bool
    advised: bool
    permitted: bool
    always: bool


def direction_of(text: str) -> Direction:
    """The direction of a text; "no more than" is a bound and denies nothing."""
    bare = _BOUNDS.sub(" ", text)
    return Direction(
        len(_NEGATED.findall(bare)),
        *(bool(pattern.search(bare)) for pattern in (_ONLY, _UNLESS, _IF, _OBLIGED, _ADVISED, _PERMITTED, _ALWAYS)),
    )


def turned(line: Direction, source: Direction) -> str | None:
    """How a line points another way than the sentence it is taken from; None: it does not."""
    alone = "stands in one of them alone"
    # "May not" and "never" are the same; without a denial, leave to do something is no order to do it.
    found = (
        (line.negations > source.negations, "it denies what the sentence does not deny"),
        (line.negations < source.negations, "it leaves out what the sentence denies"),
        (line.only != source.only, f"'only' {alone}"),
        (line.unless != source.unless, f"an exception ('unless', 'except') {alone}"),
        (source.condition and not line.condition, "it leaves out the condition of the sentence"),
        (line.obliged and not source.obliged, "the sentence does not say 'must'"),
        (line.advised and not (source.advised or source.obliged), "the sentence does not say 'should'"),
        (not line.negations and line.permitted != source.permitted, f"'may' {alone}"),
        (line.always and not (source.always or source.obliged), "the sentence does not say that of all or always"),
    )
    return next((reason for differs, reason in found if differs), None)


@dataclass(frozen=True, slots=True)
class Said:
    """The parts of a text.

    Args:
        numbers: each as it would be written in digits.
        measures: a number and its unit, or a unit alone.
        bounds: `upper`, `lower`, and words that put things in order.
        dates: names of months and days of the week.
        names: capitalised words, folded.
        content: stems of the words that carry meaning, in order.
    """

    numbers: frozenset[str]
    measures: frozenset[tuple[str, str]]
    bounds: frozenset[str]
    dates: frozenset[str]
    names: tuple[str, ...]
    content: tuple[str, ...]


def read_said(text: str) -> Said:
    """Take a text apart."""
    tokens = _TOKEN.findall(text)
    numbers = [number_of(token) for token in tokens]
    bounds = {name for found in _BOUNDS.finditer(text) for name, held in found.groupdict().items() if held}
    return Said(
        frozenset(number for number in numbers if number is not None),
        frozenset(_measures(tokens, numbers)),
        frozenset(bounds | {found.casefold() for found in _ORDER.findall(text)}),
        frozenset(found.casefold() for found in _DATES.findall(text)),
        tuple(_names(text)),
        tuple(stem(token) for token in tokens if token.casefold() not in SMALL_WORDS and token[0].isalpha() and number_of(token) is None),
    )


def lacking(wanted: Said, sources: Sequence[Said], also: Iterable[str] = ()) -> str | None:
    """What of a text stands in none of its sources, in words; None: nothing.

    Args:
        wanted: the text.
        sources: sentences that it cites.
        also: further words that it may take names from, as those of headings.
    """

    def joined(name: str) -> set[str]:
        return {one for source in sources for one in getattr(source, name)}

    for number in sorted(wanted.numbers - joined("numbers")):
        return f"the number {number}"
    measures = {one for source in sources for one in source.measures}
    units = {("", unit) for _, unit in measures}
    for number, unit in sorted(wanted.measures - measures - units):
        return f"{number} {unit}".strip()
    for date in sorted(wanted.dates - joined("dates")):
        return f"the date {date!r}"
    for bound in sorted(wanted.bounds - joined("bounds")):
        return {"upper": "an upper bound ('at most')", "lower": "a lower bound ('at least')"}.get(bound, f"{bound!r}")
    known = joined("content") | {stem(word) for word in also}
    name = next((name for name in wanted.names if stem(name) not in known), None)
    return None if name is None else f"the name {name!r}"


def share_of_content(wanted: Said, known: Iterable[str]) -> tuple[int, int]:
    """How many different words of a text are among the known stems, and of how many."""
    there = set(known)
    words = set(wanted.content)
    return len(words & there), len(words)


def supporting(wanted: Said, sources: Sequence[Said]) -> int:
    """The source that shares most with a text; the first of equals."""
    shared = [sum((Counter(wanted.content) & Counter(source.content)).values()) for source in sources]
    return shared.index(max(shared))


def stem(word: str) -> str:
    """A word without its ending, roughly, so that its forms are alike."""
    plain = word.casefold().replace("’", "'").removesuffix("'s")
    if not plain.isascii():
        return plain
    for suffix in _SUFFIXES:
        if plain.endswith(suffix) and len(plain) - len(suffix) >= _SHORTEST:
            plain = plain[: -len(suffix)]
            break
    if len(plain) > _SHORTEST and plain[-1] == plain[-2]:
        plain = plain[:-1]
    return plain.removesuffix("e") if len(plain) > _SHORTEST else plain


def words_of(text: str) -> list[str]:
    """The words and numbers of a text."""
    return _TOKEN.findall(text)


def same_words(part: str, whole: str) -> bool:
    """True where words stand in a text one after another, whatever the blanks and letters' case."""
    return f" {' '.join(words_of(part.casefold()))} " in f" {' '.join(words_of(whole.casefold()))} "


def number_of(token: str) -> str | None:
    """A number as it would be written in digits; None: the token is none."""
    if token[0].isdigit():
        plain = token.replace(",", "")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain.lstrip("0") or "0"
    return _NUMBER_WORDS.get(token.casefold())


def _measures(tokens: Sequence[str], numbers: Sequence[str | None]) -> Iterable[tuple[str, str]]:
    units = [UNITS.get(token.casefold()) for token in tokens]
    for at, (unit, number) in enumerate(zip(units, numbers, strict=True)):
        if unit is not None and number is None:
            before = next((numbers[place] for place in range(at - 1, max(at - 1 - _NEAR, -1), -1) if numbers[place] is not None), None)
            after = numbers[at + 1] if at + 1 < len(numbers) and unit in "€$£" else None
            yield (after or before or "", unit)


def _names(text: str) -> Iterable[str]:
    """Capitalised words; the first one only where it is no usual beginning."""
    for number, found in enumerate(_TOKEN.finditer(text)):
        token = found.group()
        if not token[0].isupper() or token.casefold() in SMALL_WORDS or number_of(token) is not None:
            continue
        begins = number == 0 or text[: found.start()].rstrip().endswith((".", ":", "!", "?"))
        if not (begins and (stem(token) in _PLAIN or token.casefold() in _BEGINNINGS)):
            yield token.casefold()


_PLAIN = frozenset(stem(word) for word in _BEGINNINGS)
