"""What users bought, as a release holds it: one row for a user."""

from __future__ import annotations

import polars as pl


def list_bought(bought: pl.DataFrame, buyers: pl.DataFrame) -> pl.DataFrame:
    """Put each user's bought items into one row.

    Args:
        bought: user_id, item_id, visits, first_day, last_day, faded of each item; a user's rows together.
        buyers: user_id, visits, purchases, different, first_day, last_day, last_size.

    Returns:
        The columns of the table `bought`; a user whose items found no room has empty lists.
    """
    lists = (
        bought.sort("user_id", "item_id")
        .group_by("user_id", maintain_order=True)
        .agg(
            pl.col("item_id").alias("items"),
            pl.col("visits").alias("item_visits"),
            pl.col("first_day").alias("item_first_day"),
            pl.col("last_day").alias("item_last_day"),
            pl.col("faded").explode().alias("item_faded"),
        )
    )
    joined = buyers.join(lists, on="user_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("items", "item_visits", "item_first_day", "item_last_day", "item_faded").fill_null([]))
