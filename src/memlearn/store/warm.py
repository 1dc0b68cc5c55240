"""All users of a release held in memory, for readers that answer many requests; derived from the segments, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl


class WarmUsers:
    """The users and their tables as columns, with the place where each user's rows begin."""

    def __init__(self, users: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> None:
        """Take over frames that are sorted by `user_id`."""
        self._users = users.drop("user_id")
        self._numbers = {user_id: number for number, user_id in enumerate(users["user_id"].to_list())}
        self._tables = {name: frame.drop("user_id") for name, frame in tables.items()}
        self._starts = {name: _starts(users, frame) for name, frame in tables.items()}

    def find(self, user_id: str) -> int | None:
        """The user's number; None for an unknown one."""
        return self._numbers.get(user_id)

    def user(self, number: int) -> tuple[Any, ...]:
        """The user's row of `users`."""
        return self._users.row(number)

    def rows(self, table: str, number: int) -> list[tuple[Any, ...]]:
        """The user's rows of a table."""
        starts = self._starts[table]
        start = int(starts[number])
        return self._tables[table].slice(start, int(starts[number + 1]) - start).rows()


def _starts(users: pl.DataFrame, frame: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    counts = users.select("user_id").join(frame.group_by("user_id").len(), on="user_id", how="left", maintain_order="left")
    return np.concatenate([np.zeros(1, np.int64), counts["len"].fill_null(0).cast(pl.Int64).cum_sum().to_numpy()])
