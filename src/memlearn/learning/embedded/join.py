"""Join the pieces of users' chunks, in order, into their states."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.pieces import Pieces

_KEY = ["u", "dim", "key"]


def join(pieces: Pieces) -> Pieces:
    """Join all chunks of every user into one; associative, so chunk boundaries do not matter.

    Returns:
        Tables as in `pieces`, without the column `chunk`, in no particular order.
    """
    several = _users_of_several_chunks(pieces.activity)
    if several is None:
        return Pieces(**{name: table.drop("chunk") for name, table in pieces.tables().items()})
    masks = {name: pl.Series(several[table["u"].to_numpy()]) for name, table in pieces.tables().items()}
    single = {name: table.filter(~masks[name]).drop("chunk") for name, table in pieces.tables().items()}
    parts = {name: table.filter(masks[name]) for name, table in pieces.tables().items()}
    counts, seams = _join_counts(parts["counts"])
    many = counts.filter(pl.col("n") > 2).select(_KEY)
    joined = {
        "counts": counts,
        "gaps": _sum(pl.concat([with_single_gaps(parts["counts"], parts["gaps"]).drop("chunk"), seams]), [*_KEY, "gap"]).join(
            many, on=_KEY, how="semi"
        ),
        "months": _join_months(parts["counts"], parts["months"]).join(many, on=_KEY, how="semi"),
        "slots": _sum(parts["slots"].drop("chunk"), ["u", "slot"]),
        "money": _sum(parts["money"].drop("chunk"), ["u", "key", "month"]),
        "prices": _sum(parts["prices"].drop("chunk"), [*_KEY, "currency", "month"]),
        "offers": _join_offers(parts["offers"]),
        "activity": _join_activity(parts["activity"]),
    }
    return Pieces(**{name: pl.concat([table, joined[name].select(table.columns).cast(table.schema)]) for name, table in single.items()})


def with_single_gaps(counts: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps of every key, the one gap of two purchases on two days included."""
    key = [name for name in gaps.columns if name not in ("gap", "n")]
    two = counts.filter((pl.col("n") == 2) & (pl.col("days") == 2))
    return pl.concat(
        [
            gaps,
            two.select(*key, (pl.col("last_day") - pl.col("first_day")).alias("gap"), pl.lit(1, pl.Int32).alias("n")).select(gaps.columns),
        ]
    )


def with_single_months(counts: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Purchases of every key and month, those that `months` leaves out included.

    Args:
        counts: counts of the keys.
        months: purchases by month, with the same key columns, without what `counts` tells alone.
    """
    key = [name for name in months.columns if name not in ("month", "n")]
    ends = counts.filter(pl.col("n") > 0).with_columns(
        month_of(pl.col("first_day")).alias("first"), month_of(pl.col("last_day")).alias("last")
    )
    one = ends.filter(pl.col("first") == pl.col("last")).select(*key, pl.col("first").alias("month"), "n")
    two = ends.filter((pl.col("first") != pl.col("last")) & (pl.col("n") == 2))
    halves = [two.select(*key, pl.col(end).alias("month"), pl.lit(1, pl.Int32).alias("n")) for end in ("first", "last")]
    return pl.concat([months, *(part.select(months.columns) for part in (one, *halves))])


def month_of(day: pl.Expr) -> pl.Expr:
    """Calendar month (year * 12 + month - 1) of a day number."""
    date = day.cast(pl.Date)
    return (date.dt.year() * 12 + date.dt.month().cast(pl.Int32) - 1).cast(pl.Int32)


def _users_of_several_chunks(activity: pl.DataFrame) -> NDArray[np.bool_] | None:
    """For each user index whether the user has several chunks; None where nobody has."""
    chunks = np.bincount(activity["u"].to_numpy()) if len(activity) else np.zeros(0, dtype=np.int64)
    return chunks > 1 if (chunks > 1).any() else None


def _sum(table: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    return table.group_by(key).agg(pl.all().sum())


def _join_months(counts: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Sum the months of each key; keys that stay within one month are left out again."""
    summed = _sum(with_single_months(counts, months).drop("chunk"), [*_KEY, "month"])
    return summed.filter(pl.len().over(_KEY) > 1)


def _join_counts(counts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sum the counts of each key over its chunks; the days between two chunks become gaps of their own."""
    parts = counts.sort(*_KEY, "chunk")
    bought = parts.filter(pl.col("n") > 0)
    before = pl.col("last_day").shift(1).over(_KEY)
    seams = bought.select(*_KEY, (pl.col("first_day") - before).alias("gap")).drop_nulls()
    same_day = seams.filter(pl.col("gap") == 0).group_by(_KEY).agg(pl.len().cast(pl.Int32).alias("shared"))
    sums = parts.group_by(_KEY).agg(pl.col("n", "loose", "returned", "days").sum())
    ends = bought.group_by(_KEY, maintain_order=True).agg(
        *(pl.col(f"first_{name}").first() for name in ("us", "day", "row")),
        *(pl.col(f"last_{name}").last() for name in ("us", "day", "row")),
    )
    joined = sums.join(ends, on=_KEY, how="left").join(same_day, on=_KEY, how="left")
    joined = joined.with_columns(pl.col("days") - pl.col("shared").fill_null(0)).drop("shared")
    joined = joined.with_columns(pl.col("^(first|last)_.*$").fill_null(0))
    real = seams.filter(pl.col("gap") > 0).with_columns(pl.lit(1, pl.Int32).alias("n"))
    return joined, real


def _join_offers(offers: pl.DataFrame) -> pl.DataFrame:
    ordered = offers.sort("u", "key", "chunk")
    return ordered.group_by("u", "key", maintain_order=True).agg(
        pl.col("shown", "weak", "answered").sum(),
        pl.col("shown_us", "answered_us").max(),
        pl.col("shown_row", "answered_row").drop_nulls().last(),
    )


def _join_activity(activity: pl.DataFrame) -> pl.DataFrame:
    ordered = activity.sort("u", "chunk")
    return ordered.group_by("u", maintain_order=True).agg(
        pl.col("events", "priced", "discounted").sum(), pl.col("first_us").first(), pl.col("last_us").last()
    )
