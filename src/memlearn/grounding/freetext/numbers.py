"""Numbers in figures and words, how exactly they are meant, and what they are of: money, shares, times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar, cast

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.tokens import Token, TokenLine
from memlearn.sources.currencies import MINOR_DIGITS

Tokens = Sequence[Token]
Found = TypeVar("Found")

_UNITS = dict(zip(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"], range(20), strict=True))  # fmt: skip
_TENS = dict(zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True))
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "k": 1000, "m": 1_000_000}
_SPECIAL = {("a", "dozen"): 12, ("half", "a", "dozen"): 6, ("two", "dozen"): 24, ("three", "dozen"): 36, ("a", "couple", "of"): 2, ("a", "couple"): 2, ("a", "pair", "of"): 2, ("dozen",): 12, ("a", "single"): 1, ("a", "sole"): 1, ("a", "hundred"): 100, ("a", "thousand"): 1000, ("a", "score", "of"): 20}  # fmt: skip
_SPECIAL_FIRST = frozenset(words[0] for words in _SPECIAL)
_BEFORE: dict[tuple[str, ...], str] = {
    tuple(words.split()): form
    for form, phrases in {
        "about": "about, around, roughly, approximately, approx, circa, ca, some, close to, just about, in the region of, an estimated, on the order of, somewhere around, something like, ~, more or less, well about, ≈, approximate, an approximate, a rough, plus or minus",
        "nearly": "nearly, barely, almost, not quite, just under, just below, just short of, close on",
        "over": "longer than, higher than, larger than, greater than, bigger than, dearer than, more expensive than, over, more than, above, upwards of, in excess of, exceeding, well over, a good, just over, slightly over, slightly more than, a little over, north of, a bit more than, a little more than",
        "least": "at least, no fewer than, no less than, not less than, not fewer than, a minimum of",
        "most": "within, at most, up to, no more than, not more than, a maximum of, as much as, as many as, at the most",
        "under": "shorter than, lower than, smaller than, cheaper than, under, below, less than, fewer than, well under, south of",
        "exact": "exactly, precisely, a total of, just, only, all of, as few as, as little as, a mere",
    }.items()
    for words in phrases.split(", ")
}  # fmt: skip
_LONGEST = max(len(words) for words in _BEFORE)
_BEFORE_FIRST = frozenset(words[0] for words in _BEFORE)
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CURRENCIES = {
    "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "pound": "GBP", "pounds": "GBP", "yen": "JPY", "franc": "CHF", "francs": "CHF",
    "zloty": "PLN", "bucks": "USD", "sterling": "GBP",
}  # fmt: skip
_FRACTIONS = {
    ("half",): 1 / 2, ("a", "half"): 1 / 2, ("one", "half"): 1 / 2, ("a", "third"): 1 / 3, ("one", "third"): 1 / 3, ("two", "thirds"): 2 / 3, ("a", "quarter"): 1 / 4,
    ("one", "quarter"): 1 / 4, ("three", "quarters"): 3 / 4, ("a", "fifth"): 1 / 5, ("one", "fifth"): 1 / 5, ("two", "fifths"): 2 / 5, ("three", "fifths"): 3 / 5,
    ("four", "fifths"): 4 / 5, ("a", "sixth"): 1 / 6, ("a", "tenth"): 1 / 10, ("one", "tenth"): 1 / 10, ("three", "tenths"): 3 / 10, ("nine", "tenths"): 9 / 10,
    ("an", "eighth"): 1 / 8, ("one", "sixth"): 1 / 6, ("five", "sixths"): 5 / 6,
}  # fmt: skip

_FIRST_YEAR = 1990
_YEARS = range(_FIRST_YEAR, 2101)
_FRACTION_FIRST = frozenset(words[0] for words in _FRACTIONS)
_NTHS = {"second": 2, "other": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10}
_COUNTED = frozenset({"purchase", "payment", "visit", "transaction", "order", "bill", "euro"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written: its value, and the step that it was rounded to."""

    value: float
    step: float
    end: int


def lows(tokens: Tokens, at: int, count: int) -> tuple[str, ...]:
    """The next words, folded."""
    return tokens.lows[at : at + count] if isinstance(tokens, TokenLine) else tuple(token.low for token in tokens[at : at + count])


def _once(read: Callable[[Tokens, int], Found]) -> Callable[[Tokens, int], Found]:
    """Read at each place of a line once."""
    name = read.__name__

    @wraps(read)
    def kept(tokens: Tokens, at: int) -> Found:
        if not isinstance(tokens, TokenLine):
            return read(tokens, at)
        key = (name, at)
        if key not in tokens.read:
            tokens.read[key] = read(tokens, at)
        return cast("Found", tokens.read[key])

    return kept


@_once
def read_figure(tokens: Tokens, at: int) -> Figure | None:
    """A number without what it is of."""
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.sort == "number" and token.suffix in ("", "k", "m"):
        found = _digits(token)
        scale = (
            _SCALES.get(tokens[at + 1].low) if at + 1 < len(tokens) and tokens[at + 1].low in ("hundred", "thousand", "million") else None
        )
        return found if found is None else _scaled(found, token.suffix, scale, at + (2 if scale else 1))
    for words, value in _SPECIAL.items() if token.low in _SPECIAL_FIRST else ():
        if lows(tokens, at, len(words)) == words:
            return Figure(value, 0, at + len(words))
    return _words(tokens, at)


def _digits(token: Token) -> tuple[float, float] | None:
    text = token.low
    head, _, tail = text.rpartition(",")
    if "," in text and "." not in text and len(tail) != 3:  # noqa: PLR2004
        text = f"{head.replace(',', '')}.{tail}"
    text = text.replace(",", "")
    if text.count(".") > 1:
        return None
    decimals = len(text.partition(".")[2])
    return float(text), 10.0**-decimals if decimals else 1.0


def _scaled(found: tuple[float, float], suffix: str, scale: int | None, end: int) -> Figure:
    factor = _SCALES.get(suffix, 1) * (scale or 1)
    return Figure(found[0] * factor, found[1] * factor, end)


def _words(tokens: Tokens, at: int) -> Figure | None:
    total = current = 0
    end = at
    while end < len(tokens):
        word = tokens[end].low
        if word in _UNITS and (end == at or current % 10 == 0):
            current += _UNITS[word]
        elif word in _TENS and (end == at or current % 100 == 0):
            current += _TENS[word]
        elif word in ("hundred", "thousand") and end > at:
            total, current = (total, current * 100) if word == "hundred" else (total + current * 1000, 0)
        elif word in ("-", "and") and _goes_on(tokens, end, current, at):
            pass
        else:
            break
        end += 1
    return Figure(total + current, 1, end) if end > at else None


def _goes_on(tokens: Tokens, at: int, current: int, start: int) -> bool:
    """A hyphen in `twenty-two`, an `and` in `two hundred and four`."""
    if at == start or at + 1 >= len(tokens) or tokens[at + 1].low not in _UNITS | _TENS:
        return False
    return tokens[at - 1].low == "hundred" if tokens[at].low == "and" else current % 10 == 0 and current > 0 and tokens[at - 1].low in _TENS


@_once
def read_form(tokens: Tokens, at: int) -> tuple[str, int]:
    """How exactly the number that follows is meant."""
    if at >= len(tokens) or tokens[at].low not in _BEFORE_FIRST:
        return "exact", at
    for count in range(min(_LONGEST, len(tokens) - at), 0, -1):
        form = _BEFORE.get(lows(tokens, at, count))
        if form:
            # ca. 20
            return form, at + count + (lows(tokens, at + count, 1) == (".",) and tokens[at].low in ("ca", "approx"))
    return "exact", at


def formed(form: str, figure: Figure) -> el.Quantity:  # noqa: PLR0911
    """A number with its tolerance."""
    value, step = figure.value, figure.step
    match form:
        case "about":
            return el.about(value, step)
        case "nearly":
            return el.Quantity(value * 0.9, value + 1e-9, value, "about")
        case "over":
            return el.above(value)
        case "least":
            return el.at_least(value)
        case "most":
            return el.at_most(value)
        case "under":
            return el.below(value)
    return el.exactly(value, 0 if step == 1 else step)


@_once
def read_quantity(tokens: Tokens, at: int) -> tuple[el.Quantity, float, int] | None:
    """A number with how it is meant; its step; the end."""
    form, start = read_form(tokens, at)
    if form == "exact" and lows(tokens, start, 1) == ("between",):
        form, start = "between", start + 1
    figure = read_figure(tokens, start)
    if figure is None:
        return None
    ranged = _range(tokens, figure, form)
    if ranged is not None:
        return ranged
    if form == "between":
        return None
    if lows(tokens, figure.end, 2) in (("or", "more"), ("or", "so")):
        form = "least" if tokens[figure.end + 1].low == "more" else "about"
        return formed(form, figure), figure.step, figure.end + 2
    return formed(form, figure), figure.step, figure.end


def _range(tokens: Tokens, figure: Figure, form: str) -> tuple[el.Quantity, float, int] | None:
    joint = lows(tokens, figure.end, 1)
    wanted = {"between": ("and",), "exact": ("to", "-", "–"), "about": ("to", "-", "–")}.get(form, ())
    if not joint or joint[0] not in wanted:
        return None
    other = read_figure(tokens, figure.end + 1)
    if other is not None and joint[0] == "to" and _is_year(tokens, figure, other):
        # The other five to 2026.
        return None
    if other is None or other.value <= figure.value or (form != "between" and tokens[figure.end + 1].sort != "number"):
        return None
    return el.between(figure.value, other.value), figure.step, other.end


def _is_year(tokens: Tokens, figure: Figure, other: Figure) -> bool:
    low = tokens[other.end - 1].low
    return figure.value < _FIRST_YEAR and low.isdigit() and int(low) in _YEARS and read_currency(tokens, other.end) is None


@_once
def read_currency(tokens: Tokens, at: int) -> tuple[str | None, float, int] | None:
    """A currency and how many minor units it has: EUR, euros, US dollars, cents."""
    word = lows(tokens, at, 1)
    if not word:
        return None
    if word[0] == "us" and lows(tokens, at + 1, 1) in (("dollars",), ("dollar",)):
        return "USD", 100, at + 2
    if word[0] in ("british", "sterling") and lows(tokens, at + 1, 1) == ("pounds",):
        return "GBP", 100, at + 2
    if word[0] in ("cent", "cents", "ct"):
        return None, 1, at + 1
    code = _SYMBOLS.get(word[0]) or _CURRENCIES.get(word[0])
    if code is None and tokens[at].text.isupper() and tokens[at].text in MINOR_DIGITS:
        code = tokens[at].text
    return None if code is None else (code, 10.0 ** MINOR_DIGITS[code], at + 1)


def read_money(tokens: Tokens, at: int) -> tuple[el.Money, int] | None:
    """An amount of money, its currency before or after the number."""
    form, start = read_form(tokens, at)
    if lows(tokens, start, 1) in (("between",), ("from",)):
        form, start = "between", start + 1
    ahead = read_currency(tokens, start) if start < len(tokens) and (tokens[start].sort == "sign" or tokens[start].text.isupper()) else None
    figure = read_figure(tokens, ahead[2] if ahead else start)
    if figure is None or (ahead is not None and ahead[0] is None):
        return None
    second: Figure | None = None
    end = figure.end
    if not ahead and form in ("between", "exact"):
        # 21.85 EUR to 56.66 EUR: the currency stands behind each.
        first = read_currency(tokens, end)
        last = (
            read_figure(tokens, first[2] + 1)
            if first
            and lows(tokens, first[2], 1) in (("and",) if lows(tokens, at, 1) == ("between",) else ("to",), ("to",), ("-",), ("–",))
            else None
        )
        again = read_currency(tokens, last.end) if last else None
        if first and again and again[:2] == first[:2] and last and last.value > figure.value:
            return el.Money(_amount(form, figure, last, first[1]), first[0]), again[2]
    if (
        lows(tokens, end, 1)
        and tokens[end].low in ("and", "to", "-", "–")
        and (tokens[end].low != "and" or lows(tokens, at, 1) == ("between",))
    ):
        repeated = read_currency(tokens, end + 1)
        second = read_figure(tokens, repeated[2] if repeated else end + 1)
        end = second.end if second else end
    behind = ahead or read_currency(tokens, end)
    if behind is None or (form == "between" and second is None):
        return None
    end = end if ahead else behind[2]
    if lows(tokens, end, 2) == ("or", "so"):
        form, end = "about", end + 2
    return el.Money(_amount(form, figure, second, behind[1]), behind[0]), end


def _amount(form: str, figure: Figure, second: Figure | None, unit: float) -> el.Quantity:
    if second is not None:
        return el.between(figure.value, second.value, min(figure.step, second.step)).scaled(unit)
    if form == "exact":
        return el.exactly(figure.value, 0 if figure.step * unit <= 1 else figure.step).scaled(unit)
    return formed(form, figure).scaled(unit)


def read_share(tokens: Tokens, at: int) -> tuple[el.Share, int] | None:  # noqa: PLR0911
    """A percentage or a fraction."""
    form, start = read_form(tokens, at)
    first = tokens[start].low if start < len(tokens) else ""
    if first == "half" and any(lows(tokens, start, len(words)) == words for words in _SPECIAL if words[0] == "half"):
        return None
    for words, value in _FRACTIONS.items() if first in _FRACTION_FIRST else ():
        if lows(tokens, start, len(words)) == words:
            return el.Share(_fraction(form, value), "fraction"), start + len(words)
    if (
        lows(tokens, start, 1) == ("every",)
        and lows(tokens, start + 1, 1)
        and lows(tokens, start + 2, 1)
        and tokens[start + 2].low in _COUNTED
    ):
        nth = _NTHS.get(tokens[start + 1].low)
        return None if nth is None else (el.Share(_fraction(form, 1 / nth), "fraction"), start + 2)
    figure = read_figure(tokens, start)
    if figure is None:
        return None
    if lows(tokens, figure.end, 1) in (("in",), ("out",)):
        return _ratio(tokens, form, figure)
    for words in (("%",), ("percent",), ("per", "cent"), ("pct",)):
        if lows(tokens, figure.end, len(words)) == words:
            quantity = formed(form, figure) if form != "exact" else el.exactly(figure.value, figure.step)
            return el.Share(quantity.scaled(0.01), "percent"), figure.end + len(words)
    return None


def _fraction(form: str, value: float) -> el.Quantity:
    figure = Figure(value, 0, 0)
    return el.about(value) if form == "exact" else formed(form, figure)


def _ratio(tokens: Tokens, form: str, figure: Figure) -> tuple[el.Share, int] | None:
    """`One in five`; `six out of eight` is read as what it counts."""
    if tokens[figure.end].low != "in" or figure.value < 1 or tokens[figure.end - 1].sort == "number":
        return None
    every = read_figure(tokens, figure.end + 1 + (lows(tokens, figure.end + 1, 1) == ("every",)))
    if every is None or every.value <= figure.value or every.value > 20 or tokens[every.end - 1].sort == "number":  # noqa: PLR2004
        return None
    return el.Share(_fraction(form, figure.value / every.value), "fraction"), every.end


def read_out_of(tokens: Tokens, at: int) -> tuple[el.OutOf, int] | None:
    """`6 out of 8`, `six of the eight`."""
    found = read_quantity(tokens, at)
    if found is None:
        return None
    for words in (
        ("out", "of"),
        ("out", "of", "the"),
        ("out", "of", "all"),
        ("of", "all", "the"),
        ("of", "all"),
        ("of", "the"),
        ("of", "those"),
        ("of", "these"),
        ("of",),
    ):
        if lows(tokens, found[2], len(words)) == words:
            whole = read_figure(tokens, found[2] + len(words))
            if whole is not None and read_currency(tokens, whole.end) is None and whole.value >= found[0].value:
                return el.OutOf(found[0], el.exactly(whole.value)), whole.end
    return None


def read_times(tokens: Tokens, at: int) -> tuple[el.Times, int] | None:
    """`twice`, `seven times`, `more than once`."""
    form, start = read_form(tokens, at)
    word = lows(tokens, start, 1)
    if word in (("once",), ("twice",), ("thrice",)):
        value = {"once": 1, "twice": 2, "thrice": 3}[word[0]]
        return el.Times(formed(form, Figure(value, 0.5, start + 1))), start + 1
    found = read_quantity(tokens, at)
    if found is not None and lows(tokens, found[2], 1) in (("times",), ("x",), ("×",)):
        return el.Times(found[0]), found[2] + 1
    return None
