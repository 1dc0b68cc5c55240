"""What was sent to users, as a release holds it: one row for a user."""

from __future__ import annotations

import polars as pl

from memlearn.learning.embedded.render.bounds import bound_bought


def list_offered(offered: pl.DataFrame, used: pl.DataFrame, memory_bytes: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put each user's sends into one row, the latest ones where there is no room for all.

    Args:
        offered: user_id, item_id, sent, answered; a user's rows together, in order of time.
        used: user_id, used: bytes that each user's statements take.
        memory_bytes: most bytes for a user.

    Returns:
        The columns of the table `offered`; and `used` with them.
    """
    placed = offered.with_columns(pl.int_range(pl.len() - 1, -1, -1, dtype=pl.Int32).over("user_id").alias("place"))
    kept, used = bound_bought(placed, used, memory_bytes)
    lists = kept.group_by("user_id", maintain_order=True).agg(pl.col("item_id").alias("items"), "sent", "answered")
    return lists.sort("user_id", maintain_order=True), used
