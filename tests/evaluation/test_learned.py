"""How large a user's memory is, which is what RAG may retrieve."""

from __future__ import annotations

import polars as pl

from memlearn.evaluation.learned import memory_bytes
from memlearn.store import open_release
from memlearn.store.layout import StoreLayout
from memlearn.store.tables import USER_TABLES
from memlearn.wiring.load import LoadedConfig


def test_every_value_of_a_user_counts(learned_samples: LoadedConfig) -> None:
    with open_release(StoreLayout(learned_samples.config.store)) as release:
        found = memory_bytes(release)
        users = release.users()["user_id"].to_list()
        tables = {name: release.table(name, users[:3]) for name in USER_TABLES}
    assert found["user_id"].to_list() == users
    for user in users[:3]:
        frames = [frame.filter(pl.col("user_id") == user).drop("user_id") for frame in tables.values()]
        columns = [column for frame in frames for column in frame]
        assert dict(found.iter_rows())[user] == sum(size(value, column.dtype) for column in columns for value in column.to_list())
    # The bound of the design is 8 KiB a user, and nobody's memory is next to nothing.
    assert found["bytes"].min() > 200


def size(value: object, dtype: pl.DataType) -> int:
    """Text in UTF-8, none for a text that is missing; eight bytes for each number, missing or not."""
    if isinstance(dtype, pl.List):
        return sum(size(one, dtype.inner) for one in value or ())
    return len((value or "").encode()) if dtype == pl.String else 8
