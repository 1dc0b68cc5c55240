"""Connections of DuckDB: nothing of theirs reaches standard output."""

from __future__ import annotations

from pathlib import Path

import pytest

from memlearn.duck import fetch, open_database


@pytest.mark.parametrize("name", [None, "held.duckdb"])
def test_no_progress_bar_gets_among_the_output(tmp_path: Path, name: str | None) -> None:
    with open_database(tmp_path / name if name else None) as connection:
        assert not fetch(connection, "select current_setting('enable_progress_bar') as shown").item()
