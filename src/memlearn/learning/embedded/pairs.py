"""What is bought with and after what, over all users; sums of one shard, added up like the population's.

Pairs are counted on a sample of users that is chosen by their stable hash, so that the work stays bounded; the same
users are chosen whatever the shards.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import CATEGORY, NO_KEY, Annotated
from memlearn.learning.embedded.population import sum_parts

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
    chosen = (rows.users["user_hash"].to_numpy() % np.uint64(modulus) == 0)[rows.user] if len(rows) else np.zeros(0, dtype=np.bool_)
    at = chosen & rows.purchase & (rows.month < boundary) & (dimension.codes != NO_KEY)
    days = pl.DataFrame({"u": rows.user[at], "day": rows.day[at], "key": dimension.codes[at]}).unique().sort("u", "day", "key")
    days = days.filter(pl.int_range(pl.len()).over("u", "day") < MOST_PER_DAY)
    visits = days.select("u", "day").unique().sort("u", "day").with_columns(pl.col("day").shift(-1).over("u").alias("next"))
    placed = days.join(visits, on=["u", "day"])
    with_same = days.join(days, on=["u", "day"], suffix="_other").filter(pl.col("key") < pl.col("key_other"))
    after = (
        placed.drop_nulls("next").select("u", "key", pl.col("next").alias("day")).join(days.rename({"key": "key_other"}), on=["u", "day"])
    )
    labels = pl.DataFrame({"label": dimension.labels.cast(pl.String)}).with_row_index("key").with_columns(pl.col("key").cast(pl.Int64))
    singles = days.group_by("key").agg(pl.len().alias("n"), pl.col("u").n_unique().alias("users")).join(labels, on="key")
    whole = pl.DataFrame({"label": [""], "n": [len(visits)], "users": [visits["u"].n_unique()]})
    base = pl.concat([singles.select("label", "n", "users").cast({"n": pl.Int64, "users": pl.Int64}), whole])
    parts = [
        base.select(
            pl.lit("").alias("kind"),
            pl.lit(dimension.name).alias("dim"),
            pl.col("label").alias("key"),
            pl.lit("").alias("other"),
            "n",
            "users",
        ).cast(SCHEMA)
    ]
    for kind, table in (("with", with_same), ("after", after.filter(pl.col("key") != pl.col("key_other")))):
        counted = table.group_by("key", "key_other").agg(pl.len().alias("n"), pl.col("u").n_unique().alias("users"))
        named = counted.join(labels, on="key").join(labels.rename({"key": "key_other", "label": "other"}), on="key_other")
        parts.append(
            named.select(
                pl.lit(kind).alias("kind"), pl.lit(dimension.name).alias("dim"), pl.col("label").alias("key"), "other", "n", "users"
            ).cast(SCHEMA)
        )
    return pl.concat(parts)


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
