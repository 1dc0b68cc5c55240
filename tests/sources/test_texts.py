"""Columns of any type as text."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pyarrow as pa
import pytest

from memlearn.sources.texts import clean_attributes, clean_names


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pl.Series([timedelta(days=1, seconds=5), None]), ["P1DT5S", None]),
        (pl.Series([[timedelta(seconds=5)], None]), ["PT5S", None]),
        (pl.Series(pl.from_arrow(pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())))), ['{"k": 1}', None]),
    ],
    ids=["durations", "lists of durations", "maps"],
)
def test_columns_that_cannot_be_cast_are_text_all_the_same(values: pl.Series, text: list[str | None]) -> None:
    assert clean_attributes(values).to_list() == text


def test_a_name_that_means_missing_is_none() -> None:
    assert clean_names(pl.Series(["Milk", " n/a ", "N/A", "", "null", "7.0", None])).to_list() == ["Milk", None, None, None, None, "7.0", None]
