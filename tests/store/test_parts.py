"""Parts hold what was written, whatever the columns are coded as."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from memlearn.store.parts import read_part, write_part


@pytest.mark.parametrize("table", ["users", "statements", "item_facts", "cited_rows", "persons", "bought", "offered"])
def test_parts_are_read_as_they_were_written(frames_of: Callable[..., dict[str, pl.DataFrame]], table: str, tmp_path: Path) -> None:
    frame = frames_of({"u1": ["tea", "rye bread"], "u2": [], "ä": ["milk", ""]})[table]
    coded = frame.with_columns(pl.col("user_id").cast(pl.Enum(["ä", "u3", "u2", "u1"])))
    for number, rows in enumerate((frame, coded, coded.clear())):
        write_part(rows, tmp_path / f"{number}.arrow")
        assert_frame_equal(read_part(tmp_path / f"{number}.arrow"), rows.cast({pl.Enum: pl.String}))


def test_ids_that_are_missing_stay_so(tmp_path: Path) -> None:
    ids = pl.Enum(["a", "b"])
    frame = pl.DataFrame({"user_id": pl.Series(["b", None], dtype=ids), "other": pl.Series([None, None], dtype=ids)})
    write_part(frame, tmp_path / "part.arrow")
    assert_frame_equal(read_part(tmp_path / "part.arrow"), frame.cast(pl.String))
