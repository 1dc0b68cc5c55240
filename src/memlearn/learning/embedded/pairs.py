"""What is bought with and after what, over all users; sums of one shard, added up like the population's.

Pairs are counted on a sample of users that is chosen by their stable hash, so that the work stays bounded; the same
users are chosen whatever the shards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import CATEGORY, NO_KEY, Annotated, Dimension
from memlearn.learning.embedded.population import sum_parts
from memlearn.learning.embedded.state import Ints, slices

SAMPLE_USERS = 5_000
MOST_KEYS = 400
# Of a day with more different keys than this only the first ones by name are paired.
MOST_PER_DAY = 30
LEAST_COUNT = 10

SCHEMA = pl.Schema({"kind": pl.String, "dim": pl.String, "key": pl.String, "other": pl.String, "n": pl.Int64, "users": pl.Int64})


def sample_modulus(users: int) -> int:
    """One user in so many is sampled."""
    return max(1, -(-users // SAMPLE_USERS))


def sum_pairs(rows: Annotated, boundary: int, modulus: int, dim: str) -> pl.DataFrame:
    """Count pairs of keys of one user bought on one day (`with`), and on a day and the user's next one (`after`).

    A row with an empty `other` holds how many days the key was bought on, one with both empty how many days there are.

    Args:
        rows: a shard's rows.
        boundary: months before this one count.
        modulus: one user in so many is sampled.
        dim: the dimension whose keys are paired.
    """
    dimension = next((dimension for dimension in rows.dimensions if dimension.name == dim), None)
    if dimension is None:
        return pl.DataFrame(schema=SCHEMA)
    chosen = rows.users["user_hash"].to_numpy() % np.uint64(modulus) == 0
    days = _days_of(
        rows, np.flatnonzero(chosen[rows.user] & rows.purchase & (rows.month < boundary) & (dimension.codes != NO_KEY)), dimension
    )
    row, other, _ = slices(days.ends, days.visit)
    first, second = row[other > row], other[other > row]
    # The visit after a user's last one is another user's, if any.
    followed = np.flatnonzero(np.append(days.user[1:] == days.user[:-1], False)[days.visit]) if len(days.visit) else days.visit
    row, later, _ = slices(days.ends, days.visit[followed] + 1)
    row = followed[row]
    differ = days.key[row] != days.key[later]
    keys, labels = len(dimension.labels), dimension.labels.cast(pl.String)
    parts = [_named("", dimension.name, labels.extend_constant("", 1).rechunk(), *_count_days(days, keys))]
    for kind, one, another in (("with", first, second), ("after", row[differ], later[differ])):
        codes, n, users = _count_users(days.key[one] * keys + days.key[another], days.user[days.visit[one]])
        parts.append(_named(kind, dimension.name, labels, codes // keys, n, users, codes % keys))
    return pl.concat(parts)


@dataclass(frozen=True, slots=True)
class _Days:
    """The different keys of each user's days, by user, day and key; a visit is a user's day.

    Args:
        key: of each row.
        visit: of each row, ascending.
        ends: rows of visit i are at ends[i] to ends[i + 1].
        user: of each visit.
    """

    key: Ints
    visit: Ints
    ends: Ints
    user: Ints


def _days_of(rows: Annotated, at: Ints, dimension: Dimension) -> _Days:
    """The keys of some rows, each once a day, and of a day no more than `MOST_PER_DAY`."""
    keys, day = max(len(dimension.labels), 1), rows.day[at]
    low = int(day.min(initial=0))
    span = int(day.max(initial=0)) - low + 1
    place, key = rows.user[at] * span + (day - low), dimension.codes[at]
    # Rows are in order of time, which is that of days but where a user's time zone changes.
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        place, key = place[order], key[order]
    starts = np.flatnonzero(_changes(place))
    packed = (np.cumsum(_changes(place)) - 1) * keys + key
    packed.sort()
    visit, key = np.divmod(packed[_changes(packed)], keys)
    first = np.flatnonzero(_changes(visit))
    kept = np.arange(len(visit)) - first[visit] < MOST_PER_DAY
    sizes = np.bincount(visit[kept], minlength=len(starts))
    return _Days(key[kept], visit[kept], np.concatenate(([0], np.cumsum(sizes))), place[starts] // span)


def _changes(values: Ints) -> NDArray[np.bool_]:
    """True where a value differs from the one before; the first one counts as different."""
    changed: NDArray[np.bool_] = np.diff(values, prepend=-1) != 0
    return changed


def _count_days(days: _Days, keys: int) -> tuple[Ints, Ints, Ints]:
    """On how many days each key was bought, and by how many users; at last the number of days and users, as that of key `keys`."""
    codes, n, users = _count_users(days.key, days.user[days.visit])
    return np.append(codes, keys), np.append(n, len(days.user)), np.append(users, np.count_nonzero(_changes(days.user)))


def _count_users(codes: Ints, user: Ints) -> tuple[Ints, Ints, Ints]:
    """The different codes, ascending, how often each is there, and of how many users."""
    size = int(user.max(initial=0)) + 1
    packed = codes * size + user
    packed.sort()
    codes, each = packed // size, _changes(packed)
    starts = np.flatnonzero(_changes(codes))
    n = np.diff(np.append(starts, len(codes)))
    users = np.add.reduceat(each.astype(np.int64), starts) if len(starts) else starts
    return codes[starts], n, users


def _named(kind: str, dim: str, labels: pl.Series, key: Ints, n: Ints, users: Ints, other: Ints | None = None) -> pl.DataFrame:
    others = pl.Series("", [""]).new_from_index(0, len(key)) if other is None else labels.gather(other)
    numbers = pl.DataFrame({"key": labels.gather(key), "other": others, "n": n, "users": users})
    return numbers.select(pl.lit(kind).alias("kind"), pl.lit(dim).alias("dim"), "key", "other", "n", "users").cast(SCHEMA)


def pair_dimension(levels: dict[str, int]) -> str:
    """The dimension to pair: the level with the most keys up to `MOST_KEYS`, else the category of merchants.

    Args:
        levels: number of keys of each catalogue level, coarse to fine.
    """
    fitting = {name: keys for name, keys in levels.items() if 1 < keys <= MOST_KEYS}
    return max(fitting, key=lambda name: fitting[name]) if fitting else CATEGORY


def add_pairs(parts: Iterable[pl.DataFrame], min_users: int) -> pl.DataFrame:
    """Pairs of enough users with their lift: how much more often than by chance the two come together.

    Returns:
        kind, dim, key, other, n, users, lift; sorted.
    """
    summed = sum_parts(parts, ["kind", "dim", "key", "other"], ["n", "users"])
    single = summed.filter((pl.col("kind") == "") & (pl.col("key") != "")).select("dim", "key", pl.col("n").alias("key_n"))
    whole = summed.filter((pl.col("kind") == "") & (pl.col("key") == "")).select("dim", pl.col("n").alias("days"))
    pairs = summed.filter((pl.col("kind") != "") & (pl.col("users") >= min_users) & (pl.col("n") >= LEAST_COUNT))
    known = (
        pairs.join(single, on=["dim", "key"])
        .join(single.rename({"key": "other", "key_n": "other_n"}), on=["dim", "other"])
        .join(whole, on="dim")
    )
    lift = pl.col("n") * pl.col("days") / (pl.col("key_n") * pl.col("other_n"))
    return (
        known.with_columns(lift.round(4).alias("lift"))
        .select("kind", "dim", "key", "other", "n", "users", "lift")
        .sort("kind", "dim", "key", "other")
    )
