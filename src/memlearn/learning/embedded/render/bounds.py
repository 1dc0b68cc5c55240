"""Keep all that a release stores of a user within its bound: statements, the rows they cite, and item facts.

Sizes are UTF-8 bytes of texts, and 8 bytes for a number. Statements and the rows they cite come first, taken in turn
from every block, but leave room for some item facts; then come bought items, and item facts fill what is left.
"""

from __future__ import annotations

import polars as pl

# What is left for item facts, whatever the statements take.
FACTS_RESERVED = 1024
# A cited row: its id, name of the source, time, kind, label, amount, currency and quantity.
CITED_BYTES = 128
NUMBER_BYTES = 8
ROW_ID_BYTES = 16
# Of a bought item: visits, the first and the last day, and visits weighed in three ways.
BOUGHT_NUMBERS = 6

_LINE = ["user_id", "label", "line"]


def bound_statements(statements: pl.DataFrame, memory_bytes: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Drop each user's least telling lines where all of them with their rows would take too much.

    Args:
        statements: columns of a release; `line` numbers the lines of each block from 1, most telling first.
        memory_bytes: most bytes for a user.

    Returns:
        The statements that are kept, sorted; and user_id, used: bytes that each user's take.
    """
    used = _used(statement_sizes(statements))
    over = used.filter(pl.col("used") > memory_bytes - FACTS_RESERVED).select("user_id")
    if over.is_empty():
        return statements, used
    crowded = statements.join(over, on="user_id", how="semi", maintain_order="left")
    kept = _fitting(crowded.sort("user_id", "line", "label"), memory_bytes - FACTS_RESERVED)
    fitting = kept.sort(_LINE).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("user_id", "label").alias("line"))
    rest = statements.join(over, on="user_id", how="anti", maintain_order="left")
    others = used.join(over, on="user_id", how="anti")
    return pl.concat([rest, fitting]).sort(_LINE), pl.concat([others, _used(statement_sizes(fitting))])


def _fitting(ordered: pl.DataFrame, room: int) -> pl.DataFrame:
    """The lines that fit, in order; one that does not takes no room of those after it."""
    while True:
        sizes = statement_sizes(ordered).with_columns(pl.col("size").cum_sum().over("user_id"))
        first = sizes.filter(pl.col("size") > room).unique("user_id", keep="first", maintain_order=True)
        if first.is_empty():
            return ordered
        ordered = ordered.join(first, on=_LINE, how="anti", maintain_order="left")


def _used(sizes: pl.DataFrame) -> pl.DataFrame:
    return sizes.group_by("user_id").agg(pl.col("size").sum().alias("used"))


def bound_bought(bought: pl.DataFrame, used: pl.DataFrame, memory_bytes: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Drop each user's bought items that weigh least where there is no room for all.

    Args:
        bought: user_id, item_id, place (0 for the item that weighs most) and others; a user's rows together.
        used: user_id, used: bytes that each user's statements take.
        memory_bytes: most bytes for a user.

    Returns:
        The items that are kept; and `used` with them.
    """
    if bought.is_empty():
        return bought, used
    size = pl.col("item_id").str.len_bytes().cast(pl.Int64) + BOUGHT_NUMBERS * NUMBER_BYTES
    sized = bought.select("user_id", "place", size.alias("size")).join(used, on="user_id", how="left", maintain_order="left")
    filled = sized.select("user_id", pl.col("used").fill_null(0) + pl.col("size").cum_sum().over("user_id", order_by="place"))
    kept = filled["used"] <= memory_bytes
    most = filled.filter(kept).group_by("user_id").agg(pl.col("used").max().alias("filled"))
    both = used.join(most, on="user_id", how="full", coalesce=True)
    return bought.filter(kept), both.select("user_id", pl.coalesce("filled", "used").alias("used"))


def statement_sizes(statements: pl.DataFrame) -> pl.DataFrame:
    """user_id, label, line, size: bytes of each line, with those of the rows that no line before it cites."""
    rows = statements.select(*_LINE, "rows").explode("rows").drop_nulls("rows").filter(pl.struct("user_id", "rows").is_first_distinct())
    cited = rows.group_by(_LINE).agg((pl.len() * CITED_BYTES).cast(pl.Int64).alias("cited"))
    text = pl.sum_horizontal(pl.col(name).str.len_bytes().fill_null(0).cast(pl.Int64) for name in ("label", "text", "fact", "statistic"))
    own = text + pl.col("rows").list.len().cast(pl.Int64) * ROW_ID_BYTES + NUMBER_BYTES
    joined = statements.select(*_LINE, own.alias("own")).join(cited, on=_LINE, how="left", maintain_order="left")
    return joined.select(*_LINE, (pl.col("own") + pl.col("cited").fill_null(0)).alias("size"))
