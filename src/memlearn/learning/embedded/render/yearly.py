"""How all users' purchases of a key lie over the months of the year."""

from __future__ import annotations

import polars as pl

YEARLY_SCHEMA = {"dim": pl.String, "label": pl.String, "month": pl.Int64, "share": pl.Float64}


def yearly_shares(population: pl.DataFrame, min_users: int) -> pl.DataFrame:
    """Fold the population's months into one year.

    Args:
        population: sums over all users, by key and month.
        min_users: keys of fewer users are left out.

    Returns:
        dim, label, month (1..12), share of the key's purchases in it.
    """
    known = population.filter(pl.col("month").is_null() & (pl.col("users") >= min_users)).select("dim", "label")
    months = population.filter(pl.col("month").is_not_null()).join(known, on=["dim", "label"], how="semi")
    folded = months.group_by("dim", "label", (pl.col("month") % 12 + 1).cast(pl.Int64).alias("month")).agg(pl.col("n").sum())
    shares = folded.with_columns((pl.col("n") / pl.col("n").sum().over("dim", "label")).alias("share"))
    return shares.select(*YEARLY_SCHEMA).sort("dim", "label", "month")
