"""Ids of rows as text, and the lists of them that statements cite."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.embedded.render.row_ids import cited, hexadecimal

ID = st.none() | st.integers(0, 2**64 - 1) | st.integers(0, 3)


@given(st.lists(ID))
def test_an_id_is_written_in_16_digits(ids: list[int | None]) -> None:
    written = hexadecimal(pl.Series("row_id", ids, dtype=pl.UInt64))
    assert written.name == "row_id"
    assert written.to_list() == [None if number is None else f"{number:016x}" for number in ids]


@given(st.lists(st.tuples(ID, ID)))
def test_a_line_cites_each_of_its_rows_once(pairs: list[tuple[int | None, int | None]]) -> None:
    first, last = (pl.Series([pair[place] for pair in pairs], dtype=pl.UInt64) for place in (0, 1))
    rows = cited(first, last)
    assert rows.dtype == pl.List(pl.String)
    assert rows.to_list() == [[f"{number:016x}" for number in dict.fromkeys(pair) if number is not None] for pair in pairs]
