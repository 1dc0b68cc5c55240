"""The bounded table of item facts: what ranking knows of a user's items and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from memlearn.learning.embedded.render.bounds import NUMBER_BYTES, statement_sizes

if TYPE_CHECKING:
    from memlearn.learning.embedded.render.render import RenderInput

# Numbers of a row: counts, days, times, strength, lift, answers, stance.
_NUMBERS = 10
# Of the rows allowed, so many go to single items and merchants first; coarser keys take the rest.
SINGLE_SHARE = 0.6
SINGLE = ("item", "merchant")

COLUMNS = ["user_id", "dim", "key", "n", "days", "first_us", "last_us", "every_days", "strength", "lift", "shown", "answered", "stance", "stance_until_us"]


def item_facts(facts: pl.DataFrame, given: RenderInput, statements: pl.DataFrame) -> pl.DataFrame:
    """Choose and scale each user's most telling facts, within the number and the bytes allowed.

    Args:
        facts: candidates: counts, recency-weighted strength and answers of single keys.
        given: base rates, stances and bounds.
        statements: what the user's blocks already take.
    """
    scaled = _scaled(facts, given)
    chosen = _within_number(scaled, given.item_facts)
    merged = chosen.join(_stances(given, facts), on=["user_id", "dim", "key"], how="full", coalesce=True)
    ranked = merged.sort("user_id", pl.col("stance").is_null(), -pl.col("weight").fill_null(0), "dim", "key")
    size = (pl.col("dim").str.len_bytes() + pl.col("key").str.len_bytes()).cast(pl.Int64) + _NUMBERS * NUMBER_BYTES
    used = statement_sizes(statements).group_by("user_id").agg(pl.col("size").sum().alias("used"))
    placed = ranked.with_columns(size.cum_sum().over("user_id").alias("size")).join(used, on="user_id", how="left", maintain_order="left")
    # What an operator stated excludes and raises items, so it is kept whatever the statements take.
    kept = (pl.col("size") + pl.col("used").fill_null(0) <= given.memory_bytes) | pl.col("stance").is_not_null()
    counts = [pl.col(name).fill_null(0).cast(pl.Int64) for name in ("n", "shown", "answered")]
    return placed.filter(kept).with_columns(*counts, pl.col("days").fill_null(0).cast(pl.Int32)).select(COLUMNS)


def _within_number(scaled: pl.DataFrame, most: int) -> pl.DataFrame:
    """The heaviest rows of each user: single items first up to their share, then whatever is heaviest."""
    # Rows come by (user, dim, key), so a stable sort over numbers breaks ties as names would.
    numbered = scaled.with_columns(pl.col("user_id").rle_id().alias("number"), pl.col("dim").is_in(SINGLE).alias("single"))
    ordered = numbered.sort("number", "single", "weight", descending=[False, True, True], maintain_order=True)
    early = pl.col("single") & (_place(ordered["number"], ordered["single"]) < int(most * SINGLE_SHARE))
    first = ordered.with_columns(early.alias("first")).sort("number", "first", "weight", descending=[False, True, True], maintain_order=True)
    return first.filter(_place(first["number"]) < most).drop("number", "single", "first")


def _place(*groups: pl.Series) -> pl.Series:
    """Position of each row inside its run of equal groups, from 0."""
    run = pl.select(pl.struct(*(group.alias(str(number)) for number, group in enumerate(groups))).rle_id()).to_series().to_numpy()
    starts = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1]))) if len(run) else np.zeros(0, dtype=np.int64)
    return pl.Series(np.arange(len(run)) - starts[run] if len(run) else starts)


def _scaled(facts: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    net = (pl.col("n") - pl.col("returned")).clip(0).fill_null(0)
    totals = facts.group_by("user_id", "dim").agg(pl.col("strength").sum().alias("total"))
    base = given.base.select("dim", "label", "base")
    joined = facts.join(totals, on=["user_id", "dim"], how="left", maintain_order="left").join(base, on=["dim", "label"], how="left", maintain_order="left")
    scaled = (pl.col("strength") / pl.col("total")).round(6).fill_null(0.0)
    share = pl.col("n") / pl.col("user_n")
    lift = pl.when(pl.col("base") > 0).then((share / pl.col("base")).round(3)).otherwise(None)
    # A key counts by what was bought of it, and by what its offers tell.
    weight = scaled + pl.col("shown").fill_null(0).clip(0, 20) * 0.004
    return joined.select(
        "user_id",
        "dim",
        pl.col("label").alias("key"),
        net.alias("n"),
        "days",
        "first_us",
        "last_us",
        pl.col("median_gap").cast(pl.Float64).alias("every_days"),
        scaled.alias("strength"),
        lift.alias("lift"),
        "shown",
        "answered",
        weight.round(6).alias("weight"),
    )


def _stances(given: RenderInput, facts: pl.DataFrame) -> pl.DataFrame:
    users = facts.select("user_id").unique()
    mine = given.statements.join(users, on="user_id", how="semi", maintain_order="left")
    latest = mine.unique(["user_id", "dim", "key"], keep="last", maintain_order=True)
    return latest.select("user_id", "dim", "key", "stance", pl.col("until_us").alias("stance_until_us"))
