"""The state of a shard's users: joined statistics with the names of their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import month_numbers
from memlearn.learning.embedded.blocks import month_blocks
from memlearn.learning.embedded.pieces import Pieces

WHOLE = ""
# Gaps of more days count as so many.
LONGEST = (1 << 20) - 2

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

    def pack(self, frame: pl.DataFrame, users: int) -> Ints:
        """One integer for each (dim, u, key) of a frame, ordered as these are.

        Args:
            frame: has u, dim and key.
            users: number of users.
        """
        sizes = np.array([len(labels) for labels in self.labels], dtype=np.int64)
        starts = (np.cumsum(sizes) - sizes) * users
        u, dim, key = (frame[name].to_numpy() for name in ("u", "dim", "key"))
        packed: Ints = u.astype(np.int64)
        if (dim[1:] < dim[:-1]).any():
            packed = starts[dim] + packed * sizes[dim]
        else:
            # What is sorted by dimension needs no look-up row by row.
            ends = np.searchsorted(dim, np.arange(len(sizes) + 1))
            for number, (size, start) in enumerate(zip(sizes, starts, strict=True)):
                part = packed[ends[number] : ends[number + 1]]
                part *= size
                part += start
        packed += key
        return packed

    def names(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Names of the dimension and of the key of each row."""
        starts = np.cumsum([0, *(len(labels) for labels in self.labels)], dtype=np.int64)
        dim = frame["dim"].to_numpy()
        # In one piece, names are looked up several times as fast.
        everything = pl.concat([labels.cast(pl.String) for labels in self.labels], rechunk=True)
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
        keys: rows of `counts` with the columns of `State.whole`, sorted by (u, dim, key).
        of_key: purchases of each row by month; shape (rows, months).
        users: all purchases of each user by month; shape (users, months).
        owner: which of the users each row belongs to, ascending.
        first: the month of the first column.
    """

    keys: pl.DataFrame
    of_key: Ints
    users: Ints
    owner: Ints
    first: int

    @property
    def of_user(self) -> Ints:
        """All purchases of each row's user by month; shape (rows, months)."""
        return self.users[self.owner]

    def count_chosen(self, at: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """For each row how many of its user's rows `at` chooses."""
        counts: NDArray[np.uint32] = np.bincount(self.owner[at], minlength=len(self.users)).astype(np.uint32)[self.owner]
        return counts

    def take(self, at: NDArray[np.bool_], **columns: NDArray[np.generic]) -> Monthly:
        """The rows where `at` is true, with more columns of `keys`, given for all rows."""
        kept = np.flatnonzero(at)
        keys = self.keys[kept].with_columns(pl.Series(name, values[kept]) for name, values in columns.items())
        return Monthly(keys, self.of_key[kept], self.users, self.owner[kept], self.first)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps between the purchase days of chosen keys, by key and size.

    Args:
        row: which of the chosen keys each gap belongs to, ascending.
        gap: days, ascending within a key.
        n: how often the key has that gap.
        ends: gaps of chosen key i are at ends[i] to ends[i + 1].
    """

    row: Ints
    gap: Ints
    n: Ints
    ends: Ints


@dataclass(frozen=True, slots=True)
class State:
    """The joined statistics of a shard's users.

    Counts, gaps and months are sorted by (dim, u, key), so that what belongs to a row of `counts` is a slice.

    Args:
        users: user_hash, user_id by user index.
        keys: names of dimensions and keys.
        tables: the statistics; no chunks; `counts` has a column `row`, its own index.
        gap_ends: gaps of row i of `counts` are at gap_ends[i] to gap_ends[i + 1].
        month_ends: the same of months.
    """

    users: pl.DataFrame
    keys: Keys
    tables: Pieces
    gap_ends: Ints
    month_ends: Ints

    @staticmethod
    def of(users: pl.DataFrame, keys: Keys, joined: Pieces) -> State:
        """Put joined pieces in order."""
        counts, of_counts = _in_order(joined.counts, keys, len(users))
        gaps, of_gaps = _in_order(joined.gaps, keys, len(users), "gap")
        months, of_months = _in_order(joined.months, keys, len(users), "month")
        tables = replace(joined, counts=counts.with_row_index("row"), gaps=gaps, months=months)
        return State(users, keys, tables, _slice_ends(of_counts, of_gaps), _slice_ends(of_counts, of_months))

    @staticmethod
    def of_numbered(users: pl.DataFrame, keys: Keys, counted: Pieces) -> State:
        """The state where every user is one chunk: tables as `count_numbered` gives them, which are in order already."""
        size = len(counted.counts)
        gap_ends, month_ends = (
            np.concatenate(([0], np.cumsum(np.bincount(table["row"].to_numpy(), minlength=size))))
            for table in (counted.gaps, counted.months)
        )
        tables = {name: table.drop("chunk", "row", strict=False) for name, table in counted.tables().items()}
        tables["counts"] = tables["counts"].with_row_index("row")
        return State(users, keys, Pieces(**tables), gap_ends, month_ends)

    @property
    def counts(self) -> pl.DataFrame:
        """Purchases of every (dim, u, key)."""
        return self.tables.counts

    def by_user(self, rows: Ints, columns: Sequence[str] = ()) -> pl.DataFrame:
        """Rows of `counts`, given ascending, sorted by (u, dim, key); all columns of it, or these."""
        users = self.counts["u"].to_numpy()[rows]
        counts = self.counts.select(columns) if columns else self.counts
        return counts[rows[np.argsort(users, kind="stable")]]

    def whole(self) -> pl.DataFrame:
        """Counts of each user as a whole: u, user_n, user_days, and the first and last purchase (day, row)."""
        names = {
            "n": "user_n",
            "days": "user_days",
            **{name: f"user_{name}" for name in ("first_day", "last_day", "first_row", "last_row")},
        }
        return self.wholes().select("u", *(pl.col(old).alias(new) for old, new in names.items()))

    def wholes(self) -> pl.DataFrame:
        """The rows of `counts` about users as a whole, by user; of those that bought anything."""
        return self.counts.filter((pl.col("dim") == self.keys.index(WHOLE)) & (pl.col("n") > 0))

    def with_whole(self, chosen: pl.DataFrame) -> pl.DataFrame:
        """Rows of keys that were bought, with the columns of `whole` of their users."""
        whole = self.whole()
        place = np.searchsorted(whole["u"].to_numpy(), chosen["u"].to_numpy())
        return chosen.hstack(whole.drop("u")[place])

    def gaps_of(self, chosen: pl.DataFrame) -> Gaps:
        """Gaps of chosen rows of `counts`; of keys bought three times or more."""
        row, at, ends = slices(self.gap_ends, chosen["row"].to_numpy())
        gap, n = (self.tables.gaps[name].to_numpy().take(at, mode="clip").astype(np.int64) for name in ("gap", "n"))
        return Gaps(row, np.minimum(gap, LONGEST), n, ends)

    def monthly(self, chosen: pl.DataFrame) -> Iterator[Monthly]:
        """Lay the purchases of chosen keys out by month, a block of users at a time.

        Args:
            chosen: rows of `counts`, sorted by (u, dim, key).
        """
        keys, wholes = self.with_whole(chosen), self.wholes()
        owner = keys["u"].to_numpy()
        ends = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), len(keys))
        starts = ends[:-1]
        low, high = (month_numbers(keys[name].to_numpy()[starts]) for name in ("user_first_day", "user_last_day"))
        place = np.searchsorted(wholes["u"].to_numpy(), owner[starts])
        for users in month_blocks(low, high, np.diff(ends)):
            of, at, _ = slices(ends, users)
            first = int(low[users].min(initial=high.max(initial=0)))
            width = int(high[users].max(initial=first)) - first + 1
            # One block of all users is the usual case.
            chosen = keys if len(users) == len(starts) else keys[at]
            yield Monthly(chosen, self._months_of(chosen, first, width), self._months_of(wholes[place[users]], first, width), of, first)

    def purchases_by_month(self, chosen: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
        """Row of `chosen`, month and purchases, for each month in which a chosen key was bought."""
        row, at, _ = slices(self.month_ends, chosen["row"].to_numpy())
        month, n = (self.tables.months[name].to_numpy().take(at, mode="clip").astype(np.int64) for name in ("month", "n"))
        # What counts tell alone has no rows by month: keys bought in one month, and those bought twice.
        low, high = (month_numbers(chosen[name].to_numpy()) for name in ("first_day", "last_day"))
        number = chosen["n"].to_numpy().astype(np.int64)
        alone, twice = np.flatnonzero(low == high), np.flatnonzero((number == 2) & (low != high))
        row, month = np.concatenate((row, alone, twice, twice)), np.concatenate((month, low[alone], low[twice], high[twice]))
        return row, month, np.concatenate((n, number[alone], np.ones(2 * len(twice), dtype=np.int64)))

    def _months_of(self, chosen: pl.DataFrame, first: int, width: int) -> Ints:
        matrix = np.zeros(len(chosen) * width, dtype=np.int64)
        row, month, n = self.purchases_by_month(chosen)
        matrix[row * width + (month - first)] = n
        return matrix.reshape(-1, width)


def _in_order(table: pl.DataFrame, keys: Keys, users: int, last: str | None = None) -> tuple[pl.DataFrame, Ints]:
    """A table sorted by (dim, u, key) and one more column, and its packed keys; freshly counted ones are sorted already."""
    packed = keys.pack(table, users)
    step = np.diff(packed)
    rises = step > 0
    if last is not None:
        rises |= (step == 0) & (np.diff(table[last].to_numpy()) > 0)
    if rises.all():
        return table, packed
    order = np.lexsort((packed,) if last is None else (table[last].to_numpy(), packed))
    return table[order], packed[order]


def _slice_ends(rows: Ints, owners: Ints) -> Ints:
    """Where the slice of each row begins in a table, and at last where the table ends; both sorted.

    Args:
        rows: packed key of each row.
        owners: packed key of each line of the table.
    """
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    sizes = np.zeros(len(rows) + 1, dtype=np.int64)
    sizes[np.searchsorted(rows, owners[starts]) + 1] = np.diff(np.append(starts, len(owners)))
    return np.cumsum(sizes)


def slices(ends: Ints, rows: NDArray[np.generic]) -> tuple[Ints, Ints, Ints]:
    """The lines in the slices of some rows: which of the rows each belongs to, its position, and the new ends."""
    at: Ints = rows.astype(np.int64, copy=False)
    starts = ends.take(at, mode="clip")
    sizes = ends.take(at + 1, mode="clip") - starts
    new = np.concatenate(([0], np.cumsum(sizes)))
    owner = np.repeat(np.arange(len(rows), dtype=np.int64), sizes)
    lines = (starts - new[:-1]).take(owner, mode="clip")
    lines += np.arange(new[-1], dtype=np.int64)
    return owner, lines, new
