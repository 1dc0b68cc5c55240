"""Columns of categories against the plain values they stand for."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.records.coded import code_integers, fresh_categories, number_strings, plain_strings

LOWEST, HIGHEST = -(2**63), 2**63 - 1


@given(words=st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "", "Käse"])), max_size=30), unused=st.booleans())
def test_numbers_stand_for_the_distinct_strings(words: list[str | None], *, unused: bool) -> None:
    column = pl.Series("word", ["never", *words] if unused else words, dtype=pl.String).cast(fresh_categories())
    column = column.slice(1) if unused else column
    numbers, strings = number_strings(column)
    assert strings.cast(pl.String).gather(numbers).to_list() == words
    assert sorted(strings.to_list()) == sorted({word for word in words if word is not None})


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int64, pl.UInt8, pl.UInt64, pl.Int128])
@given(numbers=st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=30))
def test_whole_numbers_are_written_as_ever(dtype: type[pl.DataType], numbers: list[int | None]) -> None:
    column = pl.Series("n", numbers, dtype=dtype)
    coded = code_integers(column)
    assert coded is None or coded.cast(pl.String).equals(column.cast(pl.String), check_names=True, null_equal=True)


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [([LOWEST, LOWEST + 1, None], pl.Int64), ([HIGHEST, HIGHEST - 1], pl.Int64), ([-3, -1, -2, -3], pl.Int16), ([250, 255] * 9, pl.UInt8)],
)
def test_numbers_at_the_ends_of_their_type_are_coded(numbers: list[int | None], dtype: type[pl.DataType]) -> None:
    coded = code_integers(pl.Series("n", numbers, dtype=dtype))
    assert coded is not None
    assert coded.to_list() == [None if number is None else str(number) for number in numbers]


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [([1, 1000], pl.Int64), ([2**64 - 1] * 5, pl.UInt64), ([LOWEST, HIGHEST], pl.Int64), ([None, None], pl.Int64), ([], pl.Int64)],
)
def test_numbers_spread_wide_are_not_coded(numbers: list[int | None], dtype: type[pl.DataType]) -> None:
    assert code_integers(pl.Series("n", numbers, dtype=dtype)) is None


def test_categories_of_every_kind_become_strings() -> None:
    frame = pl.DataFrame(
        {"a": pl.Series(["x", None], dtype=pl.Enum(["x"])), "b": pl.Series(["y", "z"], dtype=fresh_categories()), "c": [1, 2]}
    )
    assert plain_strings(frame).schema == {"a": pl.String, "b": pl.String, "c": pl.Int64}
    assert plain_strings(frame).rows() == frame.rows()
