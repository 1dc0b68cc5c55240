"""What users bought or answered, day by day, from a row store: the one source of truth and of the baselines' histories.

A visit is a day, in local time, on which a user has at least one item. What counts is what learning counts: purchases (or another kind),
but not of sources that are no evidence for preferences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.store.rows import read_rows, user_hash

Ints = NDArray[np.int64]
Codes32 = NDArray[np.int32]

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Who had what on which day; one row for each user, day and item, sorted by them.

    Args:
        users: ids, sorted.
        items: ids of the items that may be recommended, sorted.
        user: code of each row's user.
        day: local day of each row, days since 1970-01-01.
        item: code of each row's item.
        time_us: the first time on that day, microseconds UTC.
        outside: rows that were left out because their item may not be recommended or is in no source of items.
        moved: whether days were moved from user to user; see `align`.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    user: Codes32
    day: Codes32
    item: Codes32
    time_us: Ints
    outside: int
    moved: bool = False

    def __len__(self) -> int:
        return len(self.user)


def read_visits(
    rows: Path,
    files: Mapping[int, Sequence[str]],
    items: Sequence[str],
    *,
    kinds: Sequence[str],
    weak: Mapping[str, Sequence[str]],
    until_us: int | None = None,
) -> Visits:
    """Read a row store.

    Args:
        rows: folder of the row store.
        files: row files of each shard, oldest first.
        items: ids of the items that may be recommended.
        kinds: kinds of events that count.
        weak: source → what it is no evidence for.
        until_us: rows at or after this instant do not count.
    """
    known = pl.DataFrame({"item_id": sorted(items)}, schema={"item_id": pl.String}).with_row_index("item")
    ignored = [source for source, cannot in weak.items() if "preferences" in cannot]
    parts = [_read_shard(rows / f"{shard:04d}", names, known, kinds, ignored, until_us) for shard, names in sorted(files.items())]
    frames = [frame for frame, _ in parts if len(frame)]
    outside = sum(number for _, number in parts)
    if not frames:
        none = np.zeros(0, dtype=np.int32)
        return Visits((), tuple(known["item_id"].to_list()), none, none, none, none.astype(np.int64), outside)
    whole = pl.concat(frames)
    users = whole["user_id"].unique().sort()
    codes = pl.DataFrame({"user_id": users}).with_row_index("user")
    coded = whole.join(codes, on="user_id", how="left").sort("user", "day", "item")
    return Visits(
        tuple(users.to_list()),
        tuple(known["item_id"].to_list()),
        coded["user"].to_numpy().astype(np.int32),
        coded["day"].to_numpy().astype(np.int32),
        coded["item"].to_numpy().astype(np.int32),
        coded["time_us"].to_numpy(),
        outside,
    )


def _read_shard(
    folder: Path, names: Sequence[str], known: pl.DataFrame, kinds: Sequence[str], ignored: Sequence[str], until_us: int | None
) -> tuple[pl.DataFrame, int]:
    """user_id, day, item, time_us of a shard; and how many rows name an item that is not known."""
    held = read_rows(folder, names, columns=["user_id", "offset_s", "kind", "source", "item_id"])
    counted = held.filter(pl.col("kind").cast(pl.String).is_in(list(kinds)), pl.col("item_id").is_not_null())
    if ignored:
        counted = counted.filter(~pl.col("source").cast(pl.String).is_in(ignored))
    if until_us is not None:
        counted = counted.filter(pl.col("time_us") < until_us)
    day = (pl.col("time_us") // 1_000_000 + pl.col("offset_s").cast(pl.Int64)) // _DAY_SECONDS
    plain = counted.select(pl.col("user_id", "item_id").cast(pl.String), day.cast(pl.Int32).alias("day"), "time_us")
    found = plain.join(known, on="item_id", how="inner")
    visits = found.group_by("user_id", "day", "item").agg(pl.col("time_us").min())
    return visits, len(plain) - len(found)


def sampled(users: Sequence[str], most: int) -> NDArray[np.bool_]:
    """Of users at most so many, always the same ones: those whose ids have the smallest hashes; shape (users,)."""
    chosen = np.ones(len(users), dtype=np.bool_)
    if len(users) > most:
        order = np.argsort(user_hash(pl.Series(users, dtype=pl.String)), kind="stable")
        chosen[order[most:]] = False
    return chosen


def is_order(visits: Visits) -> bool:
    """Whether the days are only numbers: every user's visits follow each other day by day from one common day on.

    Nobody shops so: it takes at least ten users, the longest of them with at least three visits.
    """
    if len(visits.users) < 10:  # noqa: PLR2004 by few users it could be chance
        return False
    place, day = _visit_days(visits)
    first = np.concatenate(([True], place[1:] != place[:-1]))
    starts = day[first]
    steps = np.diff(day)[~first[1:]]
    return bool((starts == starts[0]).all() and len(steps) and (steps == 1).all() and np.bincount(place).max() > 2)  # noqa: PLR2004


def align(visits: Visits, number: int) -> tuple[Visits, Ints, int]:
    """Move each user's days so that their last visit but so many lies on one day for all.

    Args:
        visits: all visits.
        number: 1 for the last visit, 2 for the one before it, and so on; of a user with fewer visits the first one is taken.

    Returns:
        The visits, their times counted in UTC; by how many days each user was moved, shape (users,); and the day: the first of a month, since
        what all users do is learned from whole months.
    """
    user, day = _visit_days(visits)
    starts = np.searchsorted(user, np.arange(len(visits.users) + 1))
    place = np.maximum(starts[1:] - number, starts[:-1])
    newest = np.datetime64(int(day.max()), "D")
    common = int((newest.astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64))
    moved = common - day[place].astype(np.int64)
    days = visits.day + moved[visits.user]
    return replace(visits, day=days.astype(np.int32), time_us=days * _DAY_SECONDS * 1_000_000, moved=True), moved, common


def _visit_days(visits: Visits) -> tuple[Codes32, Codes32]:
    """User and day of each visit, in order."""
    new = np.ones(len(visits), dtype=np.bool_)
    new[1:] = (visits.user[1:] != visits.user[:-1]) | (visits.day[1:] != visits.day[:-1])
    return visits.user[new], visits.day[new]
