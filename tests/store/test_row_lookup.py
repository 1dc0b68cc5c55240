"""Rows of a shard by their ids, against the shard read whole."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import DamagedError
from memlearn.store.row_lookup import find_rows
from memlearn.store.rows import read_rows

COLUMNS = ["row_id", "kind", "time_us", "attr_store"]
ROWS = st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(0, 9), st.booleans())
FILES = st.lists(st.lists(ROWS, max_size=8, unique_by=lambda row: row[:2]), min_size=1, max_size=4)


def _write(folder: Path, files: list[list[tuple[int, int, int, bool]]]) -> list[str]:
    names = []
    for number, rows in enumerate(files):
        frame = pl.DataFrame(
            {
                "user_hash": pl.Series([user for user, *_ in rows], dtype=pl.UInt64),
                "user_id": pl.Series([f"u{user}" for user, *_ in rows], dtype=pl.String),
                "time_us": pl.Series([time for _, _, time, _ in rows], dtype=pl.Int64),
                "seq": pl.Series([0] * len(rows), dtype=pl.Int64),
                "row_id": pl.Series([row for _, row, _, _ in rows], dtype=pl.UInt64),
                "kind": pl.Series(["purchase"] * len(rows), dtype=pl.String),
                "tombstone": pl.Series([gone for *_, gone in rows], dtype=pl.Boolean),
            }
        )
        names.append(f"{number}.parquet")
        frame.write_parquet(folder / names[-1])
    return names


@given(FILES, st.lists(st.integers(0, 7), unique=True))
def test_found_is_what_the_whole_shard_holds_of_the_ids(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[int, int, int, bool]]], wanted: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("shard")
    names = _write(folder, files)
    ids = pl.Series("row_id", wanted, dtype=pl.UInt64)
    found = find_rows(folder, names, ids, COLUMNS)
    whole = read_rows(folder, names, None, COLUMNS).filter(pl.col("row_id").is_in(ids.implode()))
    columns = ["user_id", "row_id", "kind", "time_us"]
    assert found.select(columns).sort(columns).equals(whole.select(columns).sort(columns))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    names = _write(tmp_path, [[(0, 1, 2, False)]])
    (tmp_path / names[0]).write_bytes(b"PAR1 no more")
    with pytest.raises(DamagedError, match=r"0\.parquet' is damaged"):
        find_rows(tmp_path, names, pl.Series([1], dtype=pl.UInt64), COLUMNS)
