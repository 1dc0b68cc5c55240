"""Count what does not go by key: hours of the week, money, offers, activity. The smaller tables of a piece."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import NO_KEY, Annotated
from memlearn.learning.embedded.bands import SLOTS

Flags = NDArray[np.bool_]


def count_slots(rows: Annotated, at: Flags) -> pl.DataFrame:
    """Purchases at each hour of the week, for each (u, chunk)."""
    user, chunk, slot = rows.user[at], rows.chunk[at], rows.slot[at]
    if len(user) == 0:
        return pl.DataFrame(schema=dict.fromkeys(("u", "chunk", "slot", "n"), pl.Int32))
    starts = np.ones(len(user), dtype=np.bool_)
    starts[1:] = (user[1:] != user[:-1]) | (chunk[1:] != chunk[:-1])
    place = np.cumsum(starts) - 1
    counts = np.bincount(place * SLOTS + slot)
    cells = np.flatnonzero(counts)
    of = cells // SLOTS
    return pl.DataFrame({"u": user[starts][of], "chunk": chunk[starts][of], "slot": cells % SLOTS, "n": counts[cells]})


def count_money(rows: Annotated, at: Flags) -> pl.DataFrame:
    """Amounts spent, for each (u, chunk, currency, month)."""
    at = at & (rows.currency.codes != NO_KEY)
    frame = pl.DataFrame(
        {
            "u": pl.Series(rows.user[at]).cast(pl.Int32),
            "chunk": pl.Series(rows.chunk[at]).cast(pl.Int32),
            "key": pl.Series(rows.currency.codes[at]).cast(pl.Int32),
            "month": pl.Series(rows.month[at]).cast(pl.Int32),
            "amount": rows.amount[at],
            "bought": rows.purchase[at],
        }
    )
    sums = frame.group_by("u", "chunk", "key", "month").agg(pl.col("bought").sum().cast(pl.Int32).alias("n"), pl.col("amount").sum())
    return sums.sort("u", "chunk", "key", "month")


def count_offers(rows: Annotated, selected: Flags) -> pl.DataFrame:
    """Offers shown and answered, for each (u, chunk, item)."""
    item = next((dimension for dimension in rows.dimensions if dimension.name == "item"), None)
    at = selected & (rows.exposure | rows.answer)
    at = at & (item.codes != NO_KEY) if item is not None else np.zeros(len(rows), dtype=np.bool_)
    frame = pl.DataFrame(
        {
            "u": pl.Series(rows.user[at]).cast(pl.Int32),
            "chunk": pl.Series(rows.chunk[at]).cast(pl.Int32),
            "key": pl.Series(item.codes[at] if item is not None else np.zeros(0, dtype=np.int64)).cast(pl.Int32),
            "answer": rows.answer[at],
            "weak": rows.weak_exposure[at],
            "time_us": rows.time_us[at],
            "row": rows.row_id[at],
        }
    )
    answers, shown = pl.col("answer"), ~pl.col("answer")
    return (
        frame.group_by("u", "chunk", "key", maintain_order=True)
        .agg(
            shown.sum().cast(pl.Int32).alias("shown"),
            pl.col("weak").sum().cast(pl.Int32),
            answers.sum().cast(pl.Int32).alias("answered"),
            pl.col("time_us").filter(shown).max().alias("shown_us"),
            pl.col("time_us").filter(answers).max().alias("answered_us"),
            pl.col("row").filter(shown).last().alias("shown_row"),
            pl.col("row").filter(answers).last().alias("answered_row"),
        )
        .sort("u", "chunk", "key")
    )


def count_activity(rows: Annotated, selected: Flags) -> pl.DataFrame:
    """Events of each (u, chunk), and purchases with a price and with a discount."""
    frame = pl.DataFrame(
        {
            "u": pl.Series(rows.user[selected]).cast(pl.Int32),
            "chunk": pl.Series(rows.chunk[selected]).cast(pl.Int32),
            "priced": (rows.priced & rows.purchase)[selected],
            "discounted": (rows.discounted & rows.purchase)[selected],
            "time_us": rows.time_us[selected],
        }
    )
    return (
        frame.group_by("u", "chunk", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int32).alias("events"),
            pl.col("priced").sum().cast(pl.Int32),
            pl.col("discounted").sum().cast(pl.Int32),
            pl.col("time_us").first().alias("first_us"),
            pl.col("time_us").last().alias("last_us"),
        )
        .sort("u", "chunk")
    )
