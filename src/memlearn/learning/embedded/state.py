"""The state of a shard's users: joined statistics with the names of their keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.join import with_single_months
from memlearn.learning.embedded.pieces import Pieces

WHOLE = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of the dimensions and of the keys in them, by index.

    Args:
        dims: names of the dimensions.
        labels: for each dimension its keys, sorted.
        currencies: currency codes, sorted.
    """

    dims: tuple[str, ...]
    labels: tuple[pl.Series, ...]
    currencies: pl.Series

    def table(self) -> pl.DataFrame:
        """Dim (index), key (index), dim_name, label."""
        frames = [
            pl.DataFrame({"key": np.arange(len(labels), dtype=np.int32), "label": labels.cast(pl.String).to_list()}).select(
                pl.lit(number, pl.Int16).alias("dim"), "key", pl.lit(name).alias("dim_name"), pl.col("label").cast(pl.String)
            )
            for number, (name, labels) in enumerate(zip(self.dims, self.labels, strict=True))
        ]
        return pl.concat(frames)

    def index(self, name: str) -> int | None:
        """Index of a dimension, None where the shard has none of that name."""
        return self.dims.index(name) if name in self.dims else None

    @property
    def broad(self) -> list[int]:
        """Dimensions that group purchases: all but the whole and single items; items where there is nothing else."""
        groups = [number for number, name in enumerate(self.dims) if name not in (WHOLE, "item")]
        return groups or [number for number, name in enumerate(self.dims) if name == "item"]


@dataclass(frozen=True, slots=True)
class State:
    """The joined statistics of a shard's users.

    Args:
        users: user_hash, user_id by user index.
        keys: names of dimensions and keys.
        tables: the statistics; no chunks.
    """

    users: pl.DataFrame
    keys: Keys
    tables: Pieces

    @property
    def counts(self) -> pl.DataFrame:
        """Purchases of every (u, dim, key)."""
        return self.tables.counts

    def whole(self) -> pl.DataFrame:
        """Counts of each user as a whole: u, user_n, user_days, and the first and last purchase (day, row)."""
        number = self.keys.index(WHOLE)
        names = {
            "n": "user_n",
            "days": "user_days",
            **{name: f"user_{name}" for name in ("first_day", "last_day", "first_row", "last_row")},
        }
        return self.counts.filter((pl.col("dim") == number) & (pl.col("n") > 0)).select(
            "u", *(pl.col(old).alias(new) for old, new in names.items())
        )

    def months_of(self, chosen: pl.DataFrame) -> tuple[NDArray[np.int64], int]:
        """Purchases of chosen keys by month.

        Args:
            chosen: rows of `counts`.

        Returns:
            A matrix of shape (rows of `chosen`, months), and the month of its first column.
        """
        key = ["u", "dim", "key"]
        numbered = chosen.select(*key, "n", "first_day", "last_day").with_row_index("row")
        months = self.tables.months.join(numbered.select("row", *key), on=key)
        full = with_single_months(numbered, months.select("row", *key, "month", "n"))
        return spread(full["row"].to_numpy(), full["month"].to_numpy(), full["n"].to_numpy(), len(chosen))


def spread(row: NDArray[np.generic], month: NDArray[np.generic], value: NDArray[np.generic], rows: int) -> tuple[NDArray[np.int64], int]:
    """Lay (row, month, value) triples out as a matrix; returns it and the month of its first column."""
    if len(month) == 0:
        return np.zeros((rows, 1), dtype=np.int64), 0
    first = int(month.min())
    width = int(month.max()) - first + 1
    matrix = np.zeros((rows, width), dtype=np.int64)
    np.add.at(matrix, (row.astype(np.int64), month.astype(np.int64) - first), value.astype(np.int64))
    return matrix, first
