"""Cited rows: is each one there, is it the user's, and is it among those that the fact is about."""

from __future__ import annotations

import polars as pl

from memlearn.duck import Connection, fetch
from memlearn.grounding.events import register

_BOUGHT = ("habit", "likes", "season", "started", "stopped", "moved")
_OFFERS = ("offer_answers", "offer_ignores")
_WHOLE = ("activity", "time_habit", "discounts")
_MONEY = ("spending", "spending_change")


def check_citations(connection: Connection, claims: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Look up the rows that claims cite.

    Args:
        connection: holds the tables `event`, `claim` and `hit`.
        claims: with `rows`, ids of 16 hexadecimal digits.
        kept: user_id, row_id of rows that were there when they were cited.

    Returns:
        claim, missing_row (cited, and unknown), gone_row (cited and kept, but gone from the rows), foreign_row (the user's, but not
        what the fact is about); each the first such id or null.
    """
    cited = claims.select("claim", "user_id", pl.col("rows").alias("row")).explode("row").drop_nulls("row")
    known = cited.join(
        kept.select("user_id", pl.col("row_id").alias("row"), pl.lit(value=True).alias("kept")).unique(), on=["user_id", "row"], how="left"
    )
    numbered = known.with_columns(
        pl.col("row").str.to_integer(base=16, dtype=pl.UInt64, strict=False).alias("row_id"), pl.col("kept").fill_null(value=False)
    )
    register(connection, "cited", numbered)
    about = f"""case
        when c.kind in {_BOUGHT} then h.row_id is not null and e.purchase
        when c.kind = 'returns' then h.row_id is not null and (e.purchase or e.returned)
        when c.kind in {_OFFERS} then h.row_id is not null and (e.exposure or e.answer)
        when c.kind in {_WHOLE} then e.purchase
        when c.kind in {_MONEY} then (e.purchase or e.returned) and e.currency = c.key
        else true end"""
    return fetch(
        connection,
        f"""
        with looked_up as (
            select c.claim, r.row, r.kept, e.row_id is not null as found, {about} as about
            from cited r join claim c using (claim)
            left join event e on c.user_hash = e.user_hash and r.row_id = e.row_id
            left join (select distinct claim, row_id from hit) h on h.claim = c.claim and h.row_id = r.row_id
        )
        select claim, min(row) filter (not found and not kept) as missing_row, min(row) filter (not found and kept) as gone_row,
            min(row) filter (found and not about) as foreign_row
        from looked_up group by claim
        """,
    )
