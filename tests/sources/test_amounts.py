from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.sources.amounts import NumberReader, parse_number
from memlearn.sources.config import MoneyConfig
from memlearn.sources.currencies import MINOR_DIGITS
from memlearn.sources.money import convert, minor_digits, read_currencies


def reads(values: list[object] | pl.Series, digits: int = 2, currency: str | None = None, mark: str = "auto") -> list[int | str | None]:
    column = values if isinstance(values, pl.Series) else pl.Series(values)
    codes = None if currency is None else pl.Series([currency] * len(column))
    minor, bad = NumberReader(mark, lambda: iter([column])).read(column, digits, codes)
    return ["bad" if wrong else number for number, wrong in zip(minor.to_list(), bad.to_list(), strict=True)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.50", "12.50"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("12,5", "12.5"),
        ("1.234.567", "1234567"),
        ("1'234.50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("(12.50)", "-12.50"),
        ("12.50-", "-12.50"),
        ("\u221212.50", "-12.50"),
        ("-$12.50", "-12.50"),
        ("$-12.50", "-12.50"),
        ("12.50 USD", "12.50"),
        ("USD 12.50", "12.50"),
        (".5", "0.5"),
        ("12,50 €", None),
        ("12.50 EUR", None),
        ("1,234", None),
        ("1,23,456.00", None),
        ("1.234,567.8", None),
        ("--5", None),
        ("(5", None),
        ("5 apples", None),
        ("", None),
        ("1.2.3", None),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: str | None) -> None:
    assert parse_number(text, lambda: "none", "USD") == (None if value is None else Decimal(value))


def test_the_file_decides_what_a_lone_mark_means() -> None:
    assert reads(["1,234", "5,50"]) == [123, 550]
    assert reads(["1,234", "5.50"]) == [123_400, 550]
    assert reads(["1.234", "5,50"]) == [123_400, 550]
    assert reads(["1.234", "5"]) == [123, 500]
    assert reads(["1,234", "5"]) == ["bad", 500]
    assert reads(["1,234", "1.5", "1,5"]) == ["bad", 150, 150]
    assert reads(["1,234"], mark=",") == [123]
    assert reads(["1,234"], mark=".") == [123_400]


def test_what_is_no_amount_is_bad_and_what_is_missing_is_not() -> None:
    assert reads(["x", "", None, "nan", "12 EUR"], currency="USD") == ["bad", None, None, None, "bad"]
    assert reads([float("inf"), float("nan"), None, 1e300]) == ["bad", None, None, "bad"]
    assert reads([True, False]) == ["bad", "bad"]
    assert reads([2**62, 5], digits=3) == ["bad", 5000]


def test_rounding_is_half_even_on_the_decimal_writing() -> None:
    values = [2.675, 1.005, 1.015, 0.1, -2.5, 1234567.89]
    expected = [268, 100, 102, 10, -250, 123_456_789]
    assert reads(values) == expected
    assert reads([str(value) for value in values]) == expected
    assert reads(pl.Series([Decimal("2.675"), Decimal("1.005")], dtype=pl.Decimal(10, 3))) == [268, 100]


@settings(deadline=None)
@given(
    st.lists(st.decimals(-(10**9), 10**9, places=4), min_size=1, max_size=10),
    st.integers(0, 3),
    st.sampled_from(["float", "text", "comma", "decimal"]),
)
def test_every_writing_of_a_number_gives_the_exact_minor_units(values: list[Decimal], digits: int, writing: str) -> None:
    expected = [int(value.scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for value in values]
    column = {
        "float": lambda: pl.Series([float(value) for value in values], dtype=pl.Float64),
        "text": lambda: pl.Series([f"{value:f}" for value in values]),
        "comma": lambda: pl.Series([f"{value:,f}".replace(",", " ").replace(".", ",") for value in values]),
        "decimal": lambda: pl.Series(values, dtype=pl.Decimal(20, 4)),
    }[writing]()
    assert reads(column, digits) == expected


def test_currencies_have_their_own_decimals() -> None:
    codes = pl.Series(["EUR", "JPY", "KWD"])
    minor, bad = NumberReader("auto", lambda: iter([])).read(pl.Series([12.5, 1250.0, 1.2345]), minor_digits(codes), codes)
    assert minor.to_list() == [1250, 1250, 1234]
    assert not bad.any()
    assert (MINOR_DIGITS["ISK"], MINOR_DIGITS["TND"], MINOR_DIGITS["USD"]) == (0, 3, 2)


def test_currency_codes_and_signs() -> None:
    column = pl.Series(["eur", " USD ", "€", "$", "£", "XYZ", None, ""])
    assert read_currencies(column, "EUR", 8).to_list() == ["EUR", "USD", "EUR", None, "GBP", None, "EUR", "EUR"]
    assert read_currencies(pl.Series(["$"]), "CAD", 1).to_list() == ["CAD"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD", "EUR"])), min_size=1, max_size=10),
    st.dictionaries(st.sampled_from(["USD", "JPY", "KWD"]), st.floats(0.001, 1000).map(lambda rate: round(rate, 6)), min_size=3),
)
def test_conversion_is_exact_and_half_even(amounts: list[tuple[int, str]], rates: dict[str, float]) -> None:
    frame = pl.DataFrame(amounts, schema={"amount": pl.Int64, "currency": pl.String}, orient="row")
    converted = convert(frame["amount"], frame["currency"], MoneyConfig(convert_to="EUR", rates=rates))
    known = {code: Fraction(str(rate)) for code, rate in rates.items()} | {"EUR": Fraction(1)}
    expected = [round(amount * known[code] * Fraction(10) ** (2 - MINOR_DIGITS[code])) for amount, code in amounts]
    assert converted.to_list() == expected
