"""The bounded table of item facts: what ranking knows of a user's items and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from memlearn.learning.embedded.render.bounds import NUMBER_BYTES
from memlearn.learning.embedded.render.runs import Ints, order_by, place_in_run, sum_in_run

if TYPE_CHECKING:
    from memlearn.learning.embedded.render.render import RenderInput

# Numbers of a row: counts, days, times, strength, lift, answers, stance.
_NUMBERS = 10
# Of the rows allowed, so many go to single items and merchants first; coarser keys take the rest.
SINGLE_SHARE = 0.6
SINGLE = ("item", "merchant")
# Weights are compared at so many decimal places.
_DECIMALS = 6

COLUMNS = [
    "user_id",
    "dim",
    "key",
    "n",
    "days",
    "first_us",
    "last_us",
    "every_days",
    "strength",
    "lift",
    "shown",
    "answered",
    "stance",
    "stance_until_us",
]


def item_facts(facts: pl.DataFrame, given: RenderInput, used: pl.DataFrame) -> pl.DataFrame:
    """Choose and scale each user's most telling facts, within the number and the bytes allowed.

    Args:
        facts: candidates: counts, recency-weighted strength and answers of single keys; a user's rows together, by dimension and key.
        given: base rates, stances and bounds.
        used: user_id, used: bytes that the user's blocks already take.
    """
    chosen = _described(_within_number(facts, given.item_facts), given)
    ranked = _with_stances(chosen, _stances(given, facts))
    size = (ranked["dim"].str.len_bytes() + ranked["key"].str.len_bytes()).cast(pl.Int64) + _NUMBERS * NUMBER_BYTES
    sizes = sum_in_run(_users(ranked), size.to_numpy())
    others = ranked.select("user_id").join(used, on="user_id", how="left", maintain_order="left")["used"].fill_null(0)
    # What an operator stated excludes and raises items, so it is kept whatever the statements take.
    kept = (others + pl.Series(sizes) <= given.memory_bytes) | ranked["stance"].is_not_null()
    counts = [pl.col(name).fill_null(0).cast(pl.Int64) for name in ("n", "shown", "answered")]
    return ranked.filter(kept).with_columns(*counts, pl.col("days").fill_null(0).cast(pl.Int32)).select(COLUMNS)


def _within_number(facts: pl.DataFrame, most: int) -> pl.DataFrame:
    """The heaviest rows of each user, by weight: single items first up to their share, then whatever is heaviest.

    Adds `scaled`, the share of the user's strength in the dimension, and `weight`.
    """
    user, dim = _users(facts), _dimensions(facts)
    weighed = _weighed(facts, user * (int(dim.max(initial=0)) + 1) + dim)
    weight = (weighed["weight"] * 10**_DECIMALS).round().cast(pl.Int64).to_numpy()
    light = weight.max(initial=0) - weight
    coarse = (~facts["dim"].is_in(list(SINGLE))).to_numpy().astype(np.int64)
    order = order_by(user, coarse, light)
    late = np.ones(len(facts), dtype=np.int64)
    late[order[(place_in_run(user[order] * 2 + coarse[order]) < int(most * SINGLE_SHARE)) & (coarse[order] == 0)]] = 0
    order = order_by(user, late, light, coarse)
    kept = np.sort(order[place_in_run(user[order]) < most])
    return weighed[kept[order_by(user[kept], light[kept], dim[kept])]]


def _weighed(facts: pl.DataFrame, group: Ints) -> pl.DataFrame:
    """Add `scaled` and `weight`; `group` tells the rows of a user and dimension."""
    # Sums of integers below 2**53 are exact in floating point.
    totals = np.bincount(group, weights=facts["strength"].fill_null(0).to_numpy())
    scaled = (pl.col("strength") / pl.Series(totals[group])).round(_DECIMALS).fill_null(0.0)
    # A key counts by what was bought of it, and by what its offers tell.
    weight = pl.col("scaled") + pl.col("shown").fill_null(0).clip(0, 20) * 0.004
    return facts.with_columns(scaled.alias("scaled")).with_columns(weight.round(_DECIMALS).alias("weight"))


def _users(facts: pl.DataFrame) -> Ints:
    """Each row's user, numbered from 0."""
    return facts["user_id"].rle_id().to_numpy().astype(np.int64)


def _dimensions(facts: pl.DataFrame) -> Ints:
    """Each row's dimension, numbered by name."""
    return facts["dim"].cast(pl.Enum(facts["dim"].unique().sort())).to_physical().to_numpy().astype(np.int64)


def _described(facts: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    """The columns of a release, and `weight`."""
    net = (pl.col("n") - pl.col("returned")).clip(0).fill_null(0)
    base = given.base.select("dim", "label", "base")
    share = pl.col("n") / pl.col("user_n")
    lift = pl.when(pl.col("base") > 0).then((share / pl.col("base")).round(3)).otherwise(None)
    return facts.join(base, on=["dim", "label"], how="left", maintain_order="left").select(
        "user_id",
        "dim",
        pl.col("label").alias("key"),
        net.alias("n"),
        "days",
        "first_us",
        "last_us",
        pl.col("median_gap").cast(pl.Float64).alias("every_days"),
        pl.col("scaled").alias("strength"),
        lift.alias("lift"),
        "shown",
        "answered",
        "weight",
    )


def _with_stances(chosen: pl.DataFrame, stances: pl.DataFrame) -> pl.DataFrame:
    """Add what operators stated of keys, in front of each user's rows."""
    if stances.is_empty():
        return chosen.with_columns(pl.lit(None, pl.String).alias("stance"), pl.lit(None, pl.Int64).alias("stance_until_us"))
    users = stances.select("user_id").unique()
    plain = chosen.join(users, on="user_id", how="anti", maintain_order="left")
    stated = chosen.join(users, on="user_id", how="semi").join(stances, on=["user_id", "dim", "key"], how="full", coalesce=True)
    ranked = stated.sort("user_id", pl.col("stance").is_null(), -pl.col("weight").fill_null(0), "dim", "key")
    return pl.concat([plain, ranked], how="diagonal")


def _stances(given: RenderInput, facts: pl.DataFrame) -> pl.DataFrame:
    if given.statements.is_empty():
        return given.statements.select("user_id", "dim", "key", "stance", pl.col("until_us").alias("stance_until_us"))
    mine = given.statements.join(facts.select("user_id").unique(), on="user_id", how="semi", maintain_order="left")
    latest = mine.unique(["user_id", "dim", "key"], keep="last", maintain_order=True)
    return latest.select("user_id", "dim", "key", "stance", pl.col("until_us").alias("stance_until_us"))
