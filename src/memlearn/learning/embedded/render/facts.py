"""The bounded table of item facts: what ranking knows of a user's items and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from memlearn.learning.embedded.render.render import RenderInput

# What a row, a statement and a cited row take beside their texts, in bytes.
FACT_BYTES = 72
STATEMENT_BYTES = 90
CITED_BYTES = 160

COLUMNS = ["user_id", "dim", "key", "n", "days", "first_us", "last_us", "every_days", "strength", "lift", "shown", "answered", "stance", "stance_until_us"]


def item_facts(facts: pl.DataFrame, offers: pl.DataFrame, given: RenderInput, statements: pl.DataFrame) -> pl.DataFrame:
    """Choose and scale each user's most telling facts, within the number and the bytes allowed.

    Args:
        facts: candidates: counts, recency-weighted strength and answers of single keys.
        offers: unused answers are already part of `facts`; kept for their schema.
        given: base rates, stances and bounds.
        statements: what the user's blocks already take.
    """
    del offers
    scaled = _scaled(facts, given)
    stated = _stances(given, facts)
    merged = scaled.join(stated, on=["user_id", "dim", "key"], how="full", coalesce=True)
    ranked = merged.sort("user_id", pl.col("stance").is_null(), -pl.col("weight").fill_null(0), "dim", "key")
    size = (pl.col("dim").str.len_bytes() + pl.col("key").str.len_bytes() + FACT_BYTES).cast(pl.Int64)
    used = statements.group_by("user_id").agg(
        (pl.col("text").str.len_bytes() + pl.col("fact").str.len_bytes() + STATEMENT_BYTES + CITED_BYTES * pl.col("rows").list.len()).sum().cast(pl.Int64).alias("used")
    )
    placed = ranked.join(used, on="user_id", how="left", maintain_order="left").with_columns(
        size.cum_sum().over("user_id").alias("size"), pl.int_range(pl.len()).over("user_id").alias("place")
    )
    room = (pl.col("size") + pl.col("used").fill_null(0)) <= given.memory_bytes
    counts = [pl.col(name).fill_null(0).cast(pl.Int64) for name in ("n", "shown", "answered")]
    # What an operator stated excludes and raises items, so it is kept whatever the statements take.
    kept = (room & (pl.col("place") < given.item_facts)) | pl.col("stance").is_not_null()
    return placed.filter(kept).with_columns(*counts, pl.col("days").fill_null(0).cast(pl.Int32)).select(COLUMNS)


def _scaled(facts: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    net = (pl.col("n") - pl.col("returned")).clip(0).fill_null(0)
    totals = pl.col("strength").sum().over("user_id", "dim")
    joined = facts.join(given.base.select("dim", "label", "base"), on=["dim", "label"], how="left").with_columns(
        net.alias("net"), (pl.col("strength") / totals).round(6).alias("scaled")
    )
    share = pl.col("n") / pl.col("user_n")
    lift = pl.when(pl.col("base") > 0).then((share / pl.col("base")).round(3)).otherwise(None)
    shown = pl.col("shown").fill_null(0)
    # Single items count by what was bought, coarser keys by what they tell of offers too.
    weight = pl.col("scaled").fill_null(0.0) * pl.when(pl.col("dim").is_in(["item", "merchant"])).then(2.0).otherwise(1.0) + shown.clip(0, 20) * 0.004
    return joined.select(
        "user_id",
        "dim",
        pl.col("label").alias("key"),
        pl.col("net").alias("n"),
        "days",
        "first_us",
        "last_us",
        pl.col("median_gap").cast(pl.Float64).alias("every_days"),
        pl.col("scaled").fill_null(0.0).alias("strength"),
        lift.alias("lift"),
        "shown",
        "answered",
        weight.round(6).alias("weight"),
    )


def _stances(given: RenderInput, facts: pl.DataFrame) -> pl.DataFrame:
    users = facts.select("user_id").unique()
    mine = given.statements.join(users, on="user_id", how="semi")
    return mine.select("user_id", "dim", "key", "stance", pl.col("until_us").alias("stance_until_us")).unique(["user_id", "dim", "key"], keep="last", maintain_order=True)
