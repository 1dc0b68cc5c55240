"""Count what does not go by key: hours of the week, money, prices, offers, activity. The smaller tables of a piece."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import NO_KEY, Annotated
from memlearn.learning.embedded.bands import SLOTS
from memlearn.learning.embedded.counting import changes, pick_rows

Flags = NDArray[np.bool_]

MERCHANT = "merchant"


def count_slots(rows: Annotated, at: Flags) -> pl.DataFrame:
    """Purchases at each hour of the week, for each (u, chunk)."""
    user, chunk, slot = pick_rows(at, rows.user, rows.chunk, rows.slot)
    if len(user) == 0:
        return pl.DataFrame(schema=dict.fromkeys(("u", "chunk", "slot", "n"), pl.Int32))
    starts = changes(user, chunk)
    place = np.cumsum(starts, dtype=np.int64)
    place -= 1
    place *= SLOTS
    place += slot
    counts = np.bincount(place)
    cells = np.flatnonzero(counts)
    of = cells // SLOTS
    first = np.flatnonzero(starts)[of]
    return pl.DataFrame({"u": user[first], "chunk": chunk[first], "slot": cells - of * SLOTS, "n": counts[cells]})


def count_money(rows: Annotated, at: Flags) -> pl.DataFrame:
    """Amounts spent, for each (u, chunk, currency, month)."""
    user, chunk, key, month, purchase, amount = pick_rows(
        at & (rows.currency.codes != NO_KEY), rows.user, rows.chunk, rows.currency.codes, rows.month, rows.purchase, rows.amount
    )
    # Rows are in time order, so only the currencies of a month are mixed.
    packed = np.cumsum(changes(user, chunk, month)) * max(len(rows.currency.labels), 1) + key
    if (packed[1:] < packed[:-1]).any():
        order = np.argsort(packed, kind="stable")
        packed = packed[order]
        user, chunk, key, month, purchase, amount = (part[order] for part in (user, chunk, key, month, purchase, amount))
    starts = np.flatnonzero(changes(packed))
    n = _sum_runs(purchase, starts)
    # What is no purchase was given back.
    sums = {"n": n, "returns": np.diff(np.append(starts, len(packed))) - n, "amount": _sum_runs(amount, starts)}
    user, chunk, key, month = (part[starts] for part in (user, chunk, key, month))
    return pl.DataFrame({"u": user, "chunk": chunk, "key": key, "month": month, **sums})


def _sum_runs(values: NDArray[np.int64] | Flags, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of the values from each start to the next one."""
    if len(starts) == 0:
        return np.zeros(0, dtype=np.int64)
    # Differences of running sums are exact even where these overflow, and come in half the time of sums run by run.
    running = np.cumsum(values, dtype=np.int64)
    sums: NDArray[np.int64] = np.diff(running[np.append(starts[1:], len(values)) - 1], prepend=0)
    return sums


# Logarithms of amounts in so many parts of a doubling.
LOG_PARTS = 1024


def count_prices(rows: Annotated, at: NDArray[np.bool_]) -> pl.DataFrame:
    """Logarithms of the amounts paid at merchants, for each (u, chunk, merchant, currency, month)."""
    number = next((place for place, dimension in enumerate(rows.dimensions) if dimension.name == MERCHANT), 0)
    codes = rows.dimensions[number].codes
    if rows.dimensions[number].name == MERCHANT:
        found = np.flatnonzero(at & (codes != NO_KEY) & (rows.currency.codes != NO_KEY) & (rows.amount > 0))
    else:
        found = np.zeros(0, dtype=np.int64)
    logs = log_amounts(rows.amount[found])
    frame = pl.DataFrame(
        {
            "u": pl.Series(rows.user[found]).cast(pl.Int32),
            "chunk": pl.Series(rows.chunk[found]).cast(pl.Int32),
            "dim": pl.Series(np.full(len(found), number)).cast(pl.Int16),
            "key": pl.Series(codes[found]).cast(pl.Int32),
            "code": pl.Series(rows.currency.codes[found]).cast(pl.Int32),
            "month": pl.Series(rows.month[found]).cast(pl.Int32),
            "logs": pl.Series(logs),
            "squares": pl.Series(logs**2),
        }
    )
    key = ["u", "chunk", "dim", "key", "code", "month"]
    sums = frame.group_by(key).agg(pl.len().cast(pl.Int32).alias("n"), pl.col("logs", "squares").sum()).sort(key)
    return sums.select(
        "u",
        "chunk",
        "dim",
        "key",
        rows.currency.labels.cast(pl.String).gather(sums["code"]).alias("currency"),
        "month",
        "n",
        "logs",
        "squares",
    )


def log_amounts(amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Logarithms to base 2 in `LOG_PARTS`, straight lines between powers of two: exact, so equal on every machine."""
    mantissa, exponent = np.frexp(amounts.astype(np.float64))
    parts: NDArray[np.int64] = exponent.astype(np.int64) * LOG_PARTS + np.floor((2 * mantissa - 1) * LOG_PARTS).astype(np.int64)
    return parts


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
    user, chunk, time_us, priced, discounted = pick_rows(
        selected, rows.user, rows.chunk, rows.time_us, rows.priced & rows.purchase, rows.discounted & rows.purchase
    )
    starts = np.flatnonzero(changes(user, chunk))
    ends = np.append(starts[1:], len(user))
    return pl.DataFrame(
        {
            "u": user[starts],
            "chunk": chunk[starts],
            "events": ends - starts,
            "priced": _sum_runs(priced, starts),
            "discounted": _sum_runs(discounted, starts),
            "first_us": time_us[starts],
            "last_us": time_us[ends - 1] if len(starts) else time_us,
        }
    )
