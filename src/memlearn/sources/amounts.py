"""Numbers with decimals as exact integers of a smaller unit: from floats, integers, decimals and text in any usual writing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.sources.currencies import MINOR_DIGITS, SYMBOLS
from memlearn.sources.texts import clean_ids

Mark = Literal[".", ",", "none", "mixed"]
"""What separates decimals in a file: a mark, never shown, or contradictory."""

_NEAR_HALF = 1e-3
_EXACT_BELOW = 2.0**43
_LARGEST = 2**62
_GROUP = 3
_NUMBER = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[+\-\u2212])?\s*(?P<before>[^\d\s.,()+\-\u2212]{1,3}|[A-Z]{3})?\s*(?P<late>[+\-\u2212])?\s*"
    r"(?P<digits>\d[\d.,'\u2019\s\u00a0\u202f]*|[.,]\d+)\s*(?P<after>[^\d\s.,()+\-\u2212]{1,3})?\s*(?P<trail>[\-\u2212])?\s*(?P<close>\))?"
)
_GAPS = re.compile(r"['\u2019\s\u00a0\u202f]")
_PLAIN = r"^[+-]?\d+(?:\.(?:\d{1,2}|\d{4,9}))?$"


class NumberReader:
    """Reads one column of one delivery; the decimal mark of its texts is decided once over the whole column, when first needed."""

    def __init__(self, mark: Literal["auto", ".", ","], scan: Callable[[], Iterator[pl.Series]]) -> None:
        """Set up with the configured mark, and what reads the whole column again in pieces."""
        self._mark: Mark | None = None if mark == "auto" else mark
        self._scan = scan

    def mark(self) -> Mark:
        """What separates decimals in this column."""
        if self._mark is None:
            self._mark = _decide_mark(self._scan())
        return self._mark

    def read(self, values: pl.Series, digits: int | pl.Series, currency: pl.Series | None = None) -> tuple[pl.Series, pl.Series]:
        """Read numbers as integers of 10^-digits units, rounded half to even on their decimal writing.

        Args:
            values: numbers or texts.
            digits: decimals of the smaller unit, one for all or one per value.
            currency: code per value; a text that names another currency is not read.

        Returns:
            The integers, null where missing or unreadable; and whether a value is there that cannot be read.
        """
        if values.dtype == pl.String:
            return self._texts(clean_ids(values), digits, currency)
        if values.dtype == pl.Boolean or values.dtype.is_temporal() or values.dtype.is_nested():
            return pl.repeat(None, len(values), dtype=pl.Int64, eager=True), values.is_not_null()
        if values.dtype.is_integer():
            return _from_integers(values, digits)
        return _from_floats(values, digits)

    def _texts(self, text: pl.Series, digits: int | pl.Series, currency: pl.Series | None) -> tuple[pl.Series, pl.Series]:
        plain = text.str.contains(_PLAIN)
        if (plain | text.is_null()).all():
            return _from_floats(text, digits)
        frame = pl.DataFrame({"text": text, "plain": plain.fill_null(True)}).with_columns(
            digits=pl.lit(digits) if isinstance(digits, int) else digits,
            currency=pl.lit(None, dtype=pl.String) if currency is None else currency,
        )
        odd = frame.filter(~pl.col("plain")).select("text", "digits", "currency").unique(maintain_order=True)
        read = [self._one(value, places, code) for value, places, code in odd.rows()]
        odd = odd.with_columns(odd=pl.Series(read, dtype=pl.Int64))
        usual = text.set(~frame["plain"], None)
        minor, bad = _from_floats(usual, digits)
        joined = frame.join(odd, on=["text", "digits", "currency"], how="left", nulls_equal=True, maintain_order="left")["odd"]
        result = minor.zip_with(frame["plain"], joined)
        return result, bad | (~frame["plain"] & result.is_null())

    def _one(self, text: str, digits: int | None, currency: str | None) -> int | None:
        # Nobody knows the smaller unit of a currency that nobody knows.
        value = None if digits is None else parse_number(text, self.mark, currency)
        return None if value is None or digits is None else to_minor(value, digits)


def parse_number(text: str, mark: Callable[[], Mark], currency: str | None = None) -> Decimal | None:
    """Read a number as people write it: "1.234,56", "$12.50", "(12.50)", "12,50 EUR", "1 234.5", "12.50-".

    Args:
        text: the number.
        mark: gives the decimal mark of the file; asked only where the text alone is ambiguous, as "1,234" is.
        currency: what the amount is in; a sign or code of another currency makes the text unreadable.

    Returns:
        The number; None where the text is not one, is ambiguous, or names another currency.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    signs = [sign for sign in (match["sign"], match["late"], match["trail"]) if sign]
    if len(signs) + bool(match["open"]) > 1 or not all(_fits(unit, currency) for unit in (match["before"], match["after"]) if unit):
        return None
    digits = _plain_digits(_GAPS.sub("", match["digits"]), mark)
    if digits is None:
        return None
    negative = bool(match["open"]) or (bool(signs) and signs[0] != "+")
    return -Decimal(digits) if negative else Decimal(digits)


def to_minor(value: Decimal, digits: int) -> int | None:
    """A number as an integer of 10^-digits units, rounded half to even; None where it is too large to keep."""
    minor = int(value.scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) if abs(value) < _LARGEST else _LARGEST
    return minor if abs(minor) < _LARGEST else None


def _fits(unit: str, currency: str | None) -> bool:
    """Whether a sign or code beside a number may stand for the currency."""
    if unit in SYMBOLS:
        return currency in SYMBOLS[unit]
    return unit.upper() in MINOR_DIGITS and unit.upper() == currency


def _plain_digits(text: str, mark: Callable[[], Mark]) -> str | None:
    """Digits with one dot at most; None where marks contradict each other."""
    marks = [character for character in text if character in ".,"]
    if not marks:
        return text
    last = marks[-1]
    whole, _, fraction = text.rpartition(last)
    if len(set(marks)) > 1:
        other = "," if last == "." else "."
        grouped = marks.count(last) == 1 and _grouped(whole, other)
        return f"{whole.replace(other, '')}.{fraction}" if grouped and fraction else None
    if len(marks) > 1:
        return text.replace(last, "") if _grouped(text, last) else None
    if len(fraction) != _GROUP or not 0 < len(whole) <= _GROUP or whole.startswith("0"):
        return f"{whole or '0'}.{fraction or '0'}"
    # "1.234" and "1,234": thousands or decimals, as the file has it elsewhere; a dot alone is a decimal point.
    decided = mark()
    if decided == "mixed" or (decided == "none" and last == ","):
        return None
    return f"{whole}.{fraction}" if decided in (last, "none") else whole + fraction


def _grouped(text: str, mark: str) -> bool:
    first, *groups = text.split(mark)
    return 0 < len(first) <= _GROUP and all(len(group) == _GROUP for group in groups)


def _decide_mark(pieces: Iterator[pl.Series]) -> Mark:
    dot = comma = False
    for values in pieces:
        text = clean_ids(values)
        dot |= bool(text.str.contains(r"\.(?:\d{1,2}|\d{4,})\D*$|,\d{3}\.|(?:^|\D)0\.\d{3}\D*$").any())
        comma |= bool(text.str.contains(r",(?:\d{1,2}|\d{4,})\D*$|\.\d{3},|(?:^|\D)0,\d{3}\D*$").any())
    if dot and comma:
        return "mixed"
    return "." if dot else "," if comma else "none"


def _from_integers(values: pl.Series, digits: int | pl.Series) -> tuple[pl.Series, pl.Series]:
    factor = 10**digits if isinstance(digits, int) else pl.Series(10 ** digits.cast(pl.Int64).fill_null(0).to_numpy(), dtype=pl.Int64)
    limit = _LARGEST // 10**4
    wide = values.cast(pl.Int64, strict=False)
    fits = wide.is_between(-limit, limit)
    bad = values.is_not_null() & ~fits.fill_null(False)
    return wide.set(bad, None) * factor, bad


def _from_floats(values: pl.Series, digits: int | pl.Series) -> tuple[pl.Series, pl.Series]:
    """From floats, decimals or plain texts; what a float cannot settle exactly is rounded on its decimal writing."""
    floats = values.cast(pl.Float64)
    if floats.is_nan().any():
        floats = floats.fill_nan(None)
    plain = floats.fill_null(0.0).to_numpy() if floats.null_count() else floats.to_numpy()
    factor: float | NDArray[np.float64] = (
        10.0**digits if isinstance(digits, int) else 10.0 ** digits.fill_null(0).cast(pl.Float64).to_numpy()
    )
    scaled = plain * factor
    rounded = np.rint(scaled)
    with np.errstate(invalid="ignore"):
        hard = ~((np.abs(scaled - rounded) < 0.5 - _NEAR_HALF) & (np.abs(scaled) < _EXACT_BELOW))
    if not hard.any():
        minor = pl.Series(rounded.astype(np.int64), dtype=pl.Int64)
        return (minor.set(floats.is_null(), None) if floats.null_count() else minor), pl.repeat(False, len(values), eager=True)
    return _settle_hard(values, digits, floats, np.where(hard, 0.0, rounded), pl.Series(hard))


def _settle_hard(
    values: pl.Series, digits: int | pl.Series, floats: pl.Series, rounded: NDArray[np.float64], hard: pl.Series
) -> tuple[pl.Series, pl.Series]:
    exact = values if values.dtype == pl.String or values.dtype.is_decimal() else floats
    places = pl.repeat(digits, len(values), eager=True) if isinstance(digits, int) else digits.fill_null(0)
    indices = hard.arg_true()
    found = [_exact_minor(value, place) for value, place in zip(exact.gather(indices), places.gather(indices), strict=True)]
    minor = pl.Series(rounded.astype(np.int64), dtype=pl.Int64).scatter(indices, pl.Series(found, dtype=pl.Int64))
    minor = minor.set(floats.is_null(), None)
    return minor, floats.is_not_null() & minor.is_null()


def _exact_minor(value: str | float | Decimal, digits: int) -> int | None:
    number = Decimal(str(value))
    return to_minor(number, digits) if number.is_finite() else None
