"""Over which time the rows reach: the newest instant, rows by month, and which rows are stray ones of an impossible future.

Without an as-of instant, today is the newest event, never the wall clock. So one row dated 2099 would make everybody's
habits look long given up. Rows behind a year without any events, when they are few, are therefore taken for errors: they are kept in the
row store and not learned, until enough others fill the gap or join them.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import month_of_us
from memlearn.learning.job import Job
from memlearn.store.rows import read_times

_DAY_US = 86_400_000_000
# By so much a local month begins before that of UTC at most. What an instant that early loses of a month is no more than half a day.
_EAST_US = 14 * 3600 * 1_000_000
# So many calendar months without a single event of anybody set rows apart, if they are at most one row in so many.
STRAY_MONTHS = 12
STRAY_SHARE = 100


@dataclass(frozen=True, slots=True)
class Strays:
    """Rows that lie apart from all others.

    Args:
        rows: how many.
        month: the month of the one nearest to the others (year * 12 + month - 1).
    """

    rows: int
    month: int

    @property
    def from_us(self) -> int:
        """Where the month begins."""
        return month_start_us(self.month)


@dataclass(frozen=True, slots=True)
class Extent:
    """What the rows that count reach over.

    Args:
        newest_us: the newest row.
        months: rows of each month, in UTC.
        users: users that have rows.
        late: rows of an impossible future, which do not count; None without any.
        early: rows that lie as far before all others; they count.
        as_of_us: the instant that rows had to lie before; None where there was none.
    """

    newest_us: int
    months: Mapping[int, int]
    users: int
    late: Strays | None = None
    early: Strays | None = None
    as_of_us: int | None = None

    @property
    def boundary(self) -> int:
        """The newest month, unless most events lie in it: then the month after, so that all count.

        The newest month is that of the as-of instant where there is one, also where nobody has a row in it: the months before it are whole.
        """
        newest = max(self.months)
        if self.as_of_us is not None:
            newest = max(newest, int(month_of_us(np.array([self.as_of_us + _EAST_US]))[0]))
        before = sum(n for month, n in self.months.items() if month < newest)
        return newest if 2 * before >= sum(self.months.values()) else newest + 1


def measure_extent(job: Job, files: Mapping[int, tuple[str, ...]]) -> Extent | None:
    """Measure the rows that count: those before the as-of instant, and without one those of no impossible future.

    Args:
        job: what is learned.
        files: row files of each shard, oldest first.

    Returns:
        None where there are none.
    """
    whole = _measure(job, files, job.as_of_us)
    if whole is None:
        return None
    early, late = find_strays(whole.months)
    if late is None or job.as_of_us is not None:
        return replace(whole, early=early)
    kept = _measure(job, files, late.from_us)
    assert kept is not None, "strays are fewer than the rows before them"
    return replace(kept, early=early, late=late)


def find_strays(months: Mapping[int, int]) -> tuple[Strays | None, Strays | None]:
    """The few rows that years without events set apart, before all others and after them.

    Args:
        months: rows of each month that has any (year * 12 + month - 1).
    """
    most = sum(months.values()) // STRAY_SHARE
    early = late = None
    for before, after in pairwise(sorted(months)):
        if after - before <= STRAY_MONTHS:
            continue
        older = sum(n for month, n in months.items() if month <= before)
        newer = sum(months.values()) - older
        if older <= most:
            early = Strays(older, before)
        elif newer <= most and late is None:
            late = Strays(newer, after)
    return early, late


def _measure(job: Job, files: Mapping[int, tuple[str, ...]], until_us: int | None) -> Extent | None:
    def measure(shard: int) -> tuple[int | None, dict[int, int], int]:
        rows = read_times(job.layout.rows / f"{shard:04d}", files[shard])
        if until_us is not None:
            rows = rows.filter(pl.col("time_us") < until_us)
        if rows.is_empty():
            return None, {}, 0
        newest = rows["time_us"].max()
        assert isinstance(newest, int)
        return newest, _count_months(rows["time_us"].to_numpy()), rows["user_hash"].n_unique()

    with ThreadPoolExecutor(job.learning.workers) as pool:
        parts = list(pool.map(measure, sorted(files)))
    newest = [part[0] for part in parts if part[0] is not None]
    if not newest:
        return None
    months: dict[int, int] = {}
    for _, counts, _ in parts:
        for month, n in counts.items():
            months[month] = months.get(month, 0) + n
    return Extent(max(newest), months, sum(part[2] for part in parts), as_of_us=job.as_of_us)


def _count_months(time_us: NDArray[np.int64]) -> dict[int, int]:
    """Rows of each month: counted by day first, of which there are few."""
    days = time_us // _DAY_US
    first = int(days.min())
    counts = np.bincount(days - first)
    there = np.flatnonzero(counts)
    months = pl.DataFrame({"month": month_of_us((there + first) * _DAY_US), "n": counts[there]})
    return dict(months.group_by("month").agg(pl.col("n").sum()).iter_rows())


def month_start_us(month: int) -> int:
    """Where a month (year * 12 + month - 1) begins, microseconds UTC."""
    return int(_first_day(month)) * _DAY_US


def _first_day(month: int) -> np.int64:
    day: np.int64 = np.datetime64(f"{month // 12:04d}-{month % 12 + 1:02d}", "D").astype(np.int64)
    return day
