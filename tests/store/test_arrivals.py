"""Who lost a row, against a plain dictionary of who holds which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import DamagedError
from memlearn.store.arrivals import Arrivals

# Some differ in their last bits only, so that one of them makes the others look as if they had arrived.
IDS = st.sampled_from([1, 2, 3, 1 << 63, (1 << 63) + 1, (1 << 64) - 1])
BATCHES = st.lists(st.lists(st.tuples(IDS, st.integers(1, 4)), min_size=1, max_size=6), max_size=4)
# Files of two shards; a shard's users are odd or even ones: user, id, deleted.
FILES = st.lists(
    st.lists(st.tuples(st.integers(0, 1), IDS, st.booleans()), max_size=5, unique_by=lambda row: row[:2]), min_size=1, max_size=3
)


def _store(folder: Path, shard: int, files: list[list[tuple[int, int, bool]]]) -> tuple[Path, list[str]]:
    place = folder / f"{shard}"
    place.mkdir()
    for number, rows in enumerate(files):
        columns = {
            "user_hash": pl.Series([2 * half + shard + 1 for half, *_ in rows], dtype=pl.UInt64),
            "row_id": pl.Series([row_id for _, row_id, _ in rows], dtype=pl.UInt64),
            "tombstone": pl.Series([gone for *_, gone in rows], dtype=pl.Boolean),
        }
        pl.DataFrame(columns).write_parquet(place / f"{number}.parquet")
    return place, [f"{number}.parquet" for number in range(len(files))]


@given(batches=BATCHES, shards=st.lists(FILES, max_size=2), buckets=st.integers(1, 3))
def test_everybody_but_the_last_loses_the_row(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[int, int]]],
    shards: list[list[list[tuple[int, int, bool]]]],
    buckets: int,
) -> None:
    folder = tmp_path_factory.mktemp("arrivals")
    arrivals = Arrivals(folder, buckets)
    # Batches are worked on side by side, so any of them may be written first.
    for number, batch in reversed(list(enumerate(batches))):
        ids, users = (np.array(column, dtype=np.uint64) for column in zip(*batch, strict=True))
        arrivals.add(ids, users, number)
    places = {shard: _store(folder, shard, files) for shard, files in enumerate(shards)}
    found = arrivals.find_moved(places, 2)
    last = {row_id: user for batch in batches for row_id, user in batch}
    deleted = {(2 * half + shard + 1, row_id): gone for shard, files in enumerate(shards) for rows in files for half, row_id, gone in rows}
    had = {(user, row_id) for batch in batches for row_id, user in batch} | {place for place, gone in deleted.items() if not gone}
    assert sorted(found.rows()) == sorted((user, row_id) for user, row_id in had if last.get(row_id, user) != user)


def test_where_no_key_arrived_nothing_is_read(tmp_path: Path) -> None:
    assert Arrivals(tmp_path, 3).find_moved({0: (tmp_path, ["missing.parquet"])}, 1).is_empty()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path, 1)
    arrivals.add(np.array([1], dtype=np.uint64), np.array([2], dtype=np.uint64), 0)
    with pytest.raises(DamagedError, match=r"missing\.parquet' is damaged"):
        arrivals.find_moved({0: (tmp_path, ["missing.parquet"])}, 1)
