"""The state of a shard's users: joined statistics with the names of their keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.pieces import Pieces

WHOLE = ""

Ints = NDArray[np.int64]


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
        """All keys: dim (index), key (index), dim_name, label."""
        frames = [
            pl.DataFrame({"key": np.arange(len(labels), dtype=np.int32), "label": labels.cast(pl.String)}).select(
                pl.lit(number, pl.Int16).alias("dim"), "key", pl.lit(name).alias("dim_name"), "label"
            )
            for number, (name, labels) in enumerate(zip(self.dims, self.labels, strict=True))
        ]
        return pl.concat(frames)

    def index(self, name: str) -> int | None:
        """Index of a dimension, None where the shard has none of that name."""
        return self.dims.index(name) if name in self.dims else None

    def pack(self, frame: pl.DataFrame) -> Ints:
        """One integer for each (u, dim, key) of a frame, ordered as these are."""
        sizes = [len(labels) for labels in self.labels]
        starts = np.cumsum([0, *sizes], dtype=np.int64)
        u, dim, key = (frame[name].to_numpy() for name in ("u", "dim", "key"))
        packed: Ints = u.astype(np.int64) * starts[-1] + starts[dim] + key
        return packed

    def names(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Names of the dimension and of the key of each row."""
        starts = np.cumsum([0, *(len(labels) for labels in self.labels)], dtype=np.int64)
        dim = frame["dim"].to_numpy()
        everything = pl.concat([labels.cast(pl.String) for labels in self.labels])
        return pl.Series(self.dims, dtype=pl.String).gather(dim), everything.gather(starts[dim] + frame["key"].to_numpy())

    @property
    def broad(self) -> list[int]:
        """Dimensions that group purchases: all but the whole and single items; items where there is nothing else."""
        groups = [number for number, name in enumerate(self.dims) if name not in (WHOLE, "item")]
        return groups or [number for number, name in enumerate(self.dims) if name == "item"]


@dataclass(frozen=True, slots=True)
class Monthly:
    """Keys of users with their purchases by month.

    Args:
        keys: rows of `counts` joined with `State.whole`, sorted by (u, dim, key).
        of_key: purchases of each row by month; shape (rows, months).
        of_user: all purchases of the row's user by month; same shape.
        first: the month of the first column.
    """

    keys: pl.DataFrame
    of_key: Ints
    of_user: Ints
    first: int

    def take(self, at: NDArray[np.bool_]) -> Monthly:
        """The rows where `at` is true."""
        return Monthly(self.keys.filter(pl.Series(at)), self.of_key[at], self.of_user[at], self.first)


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

    def rows_of(self, chosen: pl.DataFrame, table: pl.DataFrame) -> tuple[Ints, NDArray[np.bool_]]:
        """Which row of `chosen` each row of a table belongs to, by (u, dim, key).

        Returns:
            The row for each row of the table that has one, and whether it has.
        """
        wanted = self.keys.pack(chosen)
        order = np.argsort(wanted, kind="stable")
        packed = self.keys.pack(table)
        if len(wanted) == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(len(packed), dtype=np.bool_)
        place = np.minimum(np.searchsorted(wanted, packed, sorter=order), len(wanted) - 1)
        row = order[place]
        known = wanted[row] == packed
        return row[known], known

    def monthly(self, chosen: pl.DataFrame) -> Monthly:
        """Lay the purchases of chosen keys out by month.

        Args:
            chosen: rows of `counts` joined with `whole`.
        """
        keys = chosen.sort("u", "dim", "key")
        totals = self.counts.filter(
            (pl.col("dim") == self.keys.index(WHOLE)) & (pl.col("n") > 0) & pl.col("u").is_in(keys["u"].unique().implode())
        ).sort("u")
        first, width = _month_range(totals)
        of_user = self._months_of(totals, first, width)
        row_of = np.zeros(len(self.users), dtype=np.int64)
        row_of[totals["u"].to_numpy()] = np.arange(len(totals))
        return Monthly(keys, self._months_of(keys, first, width), of_user[row_of[keys["u"].to_numpy()]], first)

    def purchases_by_month(self, chosen: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
        """Row of `chosen`, month and purchases, for each month in which a chosen key was bought."""
        months = self.tables.months
        row, known = self.rows_of(chosen, months)
        month, n = (months[name].to_numpy()[known].astype(np.int64) for name in ("month", "n"))
        # What counts tell alone has no rows by month: keys bought in one month, and those bought twice.
        low, high = (month_numbers(chosen[name].to_numpy()) for name in ("first_day", "last_day"))
        number = chosen["n"].to_numpy().astype(np.int64)
        alone, twice = np.flatnonzero(low == high), np.flatnonzero((number == 2) & (low != high))
        row, month = np.concatenate((row, alone, twice, twice)), np.concatenate((month, low[alone], low[twice], high[twice]))
        return row, month, np.concatenate((n, number[alone], np.ones(2 * len(twice), dtype=np.int64)))

    def _months_of(self, chosen: pl.DataFrame, first: int, width: int) -> Ints:
        matrix = np.zeros((len(chosen), width), dtype=np.int64)
        row, month, n = self.purchases_by_month(chosen)
        matrix[row, month - first] = n
        return matrix


def month_numbers(days: NDArray[np.generic]) -> Ints:
    """Calendar month (year * 12 + month - 1) of day numbers."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12


def _month_range(totals: pl.DataFrame) -> tuple[int, int]:
    if totals.is_empty():
        return 0, 1
    ends = month_numbers(np.array([totals["first_day"].min(), totals["last_day"].max()]))
    return int(ends[0]), int(ends[1] - ends[0]) + 1
