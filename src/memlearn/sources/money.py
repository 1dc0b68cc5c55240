"""Currencies of rows, and conversion by a given table with exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from memlearn.errors import ConfigError
from memlearn.sources.config import MoneyConfig
from memlearn.sources.currencies import MINOR_DIGITS, SYMBOLS
from memlearn.sources.texts import clean_ids

UNKNOWN_CURRENCY = "unknown currency"
NO_RATE = "no rate for the currency"


def read_currencies(values: pl.Series | None, default: str, height: int) -> pl.Series:
    """Codes of a column, in capitals; the default where missing; null where unknown.

    A sign such as € counts where it can mean the default currency or only one.
    """
    if values is None:
        return pl.repeat(default, height, dtype=pl.String, eager=True)
    distinct = values.head(1).cast(pl.String) if _is_constant(values) else values.cast(pl.String).unique(maintain_order=True)
    if distinct.is_in(list(MINOR_DIGITS)).all() and not distinct.null_count():
        return values.cast(pl.String)
    codes = [_code(value, default) for value in clean_ids(distinct).to_list()]
    table = pl.DataFrame({"raw": distinct, "code": pl.Series(codes, dtype=pl.String)})
    frame = values.cast(pl.String).alias("raw").to_frame()
    return frame.join(table, on="raw", how="left", nulls_equal=True, maintain_order="left")["code"]


def minor_digits(currency: pl.Series) -> int | pl.Series:
    """Decimals of each row's currency; one number where all agree."""
    distinct = currency.head(1) if _is_constant(currency) else currency.unique().drop_nulls()
    digits = {MINOR_DIGITS[code] for code in distinct}
    if len(digits) <= 1:
        return digits.pop() if digits else 2
    return currency.replace_strict(MINOR_DIGITS, default=None, return_dtype=pl.Int64)


def convert(amount: pl.Series, currency: pl.Series, money: MoneyConfig) -> pl.Series:
    """Convert minor units to the configured currency's, by exact ratios, rounded half to even.

    Args:
        amount: minor units.
        currency: code per row; each must have a rate, see `has_rate`.
        money: what to convert to and the rates.
    """
    if money.convert_to is None:
        return amount
    frame = pl.DataFrame({"amount": amount.cast(pl.Int128), "currency": currency})
    expression: pl.Expr = pl.lit(None, dtype=pl.Int128)
    for code in sorted(set(currency.unique().drop_nulls())):
        if code == money.convert_to or code in money.rates:
            ratio = Fraction(1) if code == money.convert_to else _ratio(code, money)
            expression = pl.when(pl.col("currency") == code).then(_times(pl.col("amount"), ratio)).otherwise(expression)
    return frame.select(expression.cast(pl.Int64, strict=False).alias("amount")).to_series()


def has_rate(currency: pl.Series, money: MoneyConfig) -> pl.Series:
    """Whether amounts of each row's currency can be kept or converted."""
    if money.convert_to is None:
        return pl.repeat(True, len(currency), eager=True)
    return currency.is_in([money.convert_to, *money.rates])


def _is_constant(values: pl.Series) -> bool:
    """Whether all values are the same and none is missing, which costs less to see than the distinct values."""
    return len(values) > 0 and not values.null_count() and bool((values == values[0]).all())


def _ratio(code: str, money: MoneyConfig) -> Fraction:
    assert money.convert_to is not None
    # The shortest decimal writing of the rate is what the config says; its binary value is not.
    ratio = Fraction(str(money.rates[code])) * Fraction(10) ** (MINOR_DIGITS[money.convert_to] - MINOR_DIGITS[code])
    if max(ratio.numerator, ratio.denominator) > 10**18:
        raise ConfigError(f"Rate {money.rates[code]!r} of currency {code!r} has too many digits; give at most 12.")
    return ratio


def _times(amount: pl.Expr, ratio: Fraction) -> pl.Expr:
    whole = pl.lit(ratio.denominator, dtype=pl.Int128)
    product = amount * pl.lit(ratio.numerator, dtype=pl.Int128)
    floor = product // whole
    twice = (product - floor * whole) * 2
    up = (twice > whole) | ((twice == whole) & (floor % 2 != 0))
    return floor + up.cast(pl.Int128)


def _code(text: str | None, default: str) -> str | None:
    if text is None:
        return default
    if text.upper() in MINOR_DIGITS:
        return text.upper()
    meant = SYMBOLS.get(text, frozenset())
    if default in meant:
        return default
    first = {"€": "EUR", "£": "GBP"}
    return first.get(text) or (next(iter(meant)) if len(meant) == 1 else None)
