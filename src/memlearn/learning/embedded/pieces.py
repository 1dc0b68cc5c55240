"""Count one chunk: the exact statistics that a step adds to a user's state.

A piece is what one chunk contributes. Pieces of a user, in order, join into the state (`join`), and joining is
associative, so where a chunk ends cannot change a state. Everything is an integer.

Tables (u: user index, chunk: chunk number; dim, key: indices into `Keys`):
    counts    for each (u, chunk, dim, key): purchases `n`, `returned`, distinct local `days`, first and last purchase
              (microseconds, day, row)
    gaps      for each (u, chunk, dim, key, gap): how often so many days lay between two purchase days
    months    for each (u, chunk, dim, key, month): purchases; left out where all of a key's purchases lie in one month
    slots     for each (u, chunk, slot): purchases at an hour of the week
    money     for each (u, chunk, key, month) with key a currency: amounts `n`, net sum `amount` in minor units
    offers    for each (u, chunk, key) with key an item: `shown`, `weak` (shown by a source that cannot tell ignoring), `answered`
    activity  for each (u, chunk): `events`, `priced`, `discounted`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Dimension

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Table = pl.DataFrame

NAMES = ("counts", "gaps", "months", "slots", "money", "offers", "activity")


_KEY = {"u": pl.Int32, "chunk": pl.Int32, "dim": pl.Int16, "key": pl.Int32}
_COUNTS = {
    **_KEY,
    "n": pl.Int32,
    "returned": pl.Int32,
    "days": pl.Int32,
    "first_us": pl.Int64,
    "last_us": pl.Int64,
    "first_day": pl.Int32,
    "last_day": pl.Int32,
    "first_row": pl.UInt64,
    "last_row": pl.UInt64,
}
_GAPS = {**_KEY, "gap": pl.Int32, "n": pl.Int32}
_MONTHS = {**_KEY, "month": pl.Int32, "n": pl.Int32}
_PLACE = {"u": pl.Int32, "chunk": pl.Int32}
SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "counts": _COUNTS,
    "gaps": _GAPS,
    "months": _MONTHS,
    "slots": {**_PLACE, "slot": pl.Int32, "n": pl.Int32},
    "money": {**_PLACE, "key": pl.Int32, "month": pl.Int32, "n": pl.Int32, "amount": pl.Int64},
    "offers": {
        **_PLACE,
        "key": pl.Int32,
        "shown": pl.Int32,
        "weak": pl.Int32,
        "answered": pl.Int32,
        "shown_us": pl.Int64,
        "answered_us": pl.Int64,
        "shown_row": pl.UInt64,
        "answered_row": pl.UInt64,
    },
    "activity": {**_PLACE, "events": pl.Int32, "priced": pl.Int32, "discounted": pl.Int32, "first_us": pl.Int64, "last_us": pl.Int64},
}


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tables of many chunks; see the module's text."""

    counts: Table
    gaps: Table
    months: Table
    slots: Table
    money: Table
    offers: Table
    activity: Table

    def tables(self) -> dict[str, Table]:
        """The tables by name."""
        return {name: getattr(self, name) for name in NAMES}

    def plus(self, other: Pieces) -> Pieces:
        """The pieces of both, as one."""
        mine, theirs = self.tables(), other.tables()
        return Pieces(**{name: pl.concat([mine[name].select(theirs[name].columns), theirs[name]]) for name in NAMES})

    @staticmethod
    def schema(name: str) -> dict[str, type[pl.DataType]]:
        """Columns and types of a table."""
        return SCHEMAS[name]


def count_pieces(rows: Annotated, selected: Flags) -> Pieces:
    """Count every chunk of the selected rows.

    Args:
        rows: a shard's rows.
        selected: rows of the chunks to count.
    """
    bought = selected & (rows.purchase | rows.returned)
    runs = [_count_dimension(rows, number, dimension, bought) for number, dimension in enumerate(rows.dimensions)]
    counts, gaps, months = ([run[part] for run in runs if run is not None] for part in range(3))
    return Pieces(
        counts=_concat(counts, _COUNTS),
        gaps=_concat(gaps, _GAPS),
        months=_concat(months, _MONTHS),
        slots=_count_slots(rows, selected & rows.purchase).cast(SCHEMAS["slots"]),
        money=_count_money(rows, bought & rows.paid).cast(SCHEMAS["money"]),
        offers=_count_offers(rows, selected).cast(SCHEMAS["offers"]),
        activity=_count_activity(rows, selected).cast(SCHEMAS["activity"]),
    )


def _concat(tables: list[Table], schema: dict[str, type[pl.DataType]]) -> Table:
    return pl.concat(tables) if tables else pl.DataFrame(schema=schema)


def _count_dimension(rows: Annotated, number: int, dimension: Dimension, bought: Flags) -> tuple[Table, Table, Table] | None:
    keyed = np.flatnonzero(bought & (dimension.codes != NO_KEY))
    if len(keyed) == 0:
        return None
    at = keyed[_order_by_key(rows.user[keyed], dimension.codes[keyed])]
    user, code, chunk = rows.user[at], dimension.codes[at], rows.chunk[at]
    day, month, purchase = rows.day[at], rows.month[at], rows.purchase[at]
    starts = _changes(user, code, chunk)
    edges = np.flatnonzero(starts)
    key = {"u": user[edges], "chunk": chunk[edges], "dim": np.full(len(edges), number), "key": code[edges]}
    run = np.cumsum(starts) - 1
    bought_at = np.flatnonzero(purchase)
    counts = _run_counts(rows, at, edges, purchase)
    first, last, has = _purchase_ends(run, bought_at, len(edges))
    position = at[bought_at]
    for name, source in (("us", rows.time_us), ("day", rows.day), ("row", rows.row_id)):
        counts[f"first_{name}"] = np.where(has, source[position[first]], 0)
        counts[f"last_{name}"] = np.where(has, source[position[last]], 0)
    run, day, month = run[bought_at], day[bought_at], month[bought_at]
    new_day = _changes(run, day)
    counts["days"] = np.bincount(run[new_day], minlength=len(edges))
    gaps = _run_gaps(run[new_day], day[new_day], key)
    months = _run_months(run, month, key)
    return _frame({**key, **counts}, _COUNTS), gaps, months


def _order_by_key(user: Ints, code: Ints) -> Ints:
    """Positions sorted by (user, code), stable: rows of one key stay in time order."""
    bits = int(len(user)).bit_length()
    if (int(user.max()) + 1).bit_length() + (int(code.max()) + 1).bit_length() + bits > 63:
        return np.lexsort((code, user))
    packed = ((user << int(code.max()).bit_length()) | code) << bits | np.arange(len(user))
    packed.sort()
    return packed & ((1 << bits) - 1)


def _changes(*columns: Ints) -> Flags:
    """True where a row differs from the row before in any column; the first row counts as different."""
    if len(columns[0]) == 0:
        return np.zeros(0, dtype=np.bool_)
    changed = np.zeros(len(columns[0]), dtype=np.bool_)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def _run_counts(rows: Annotated, at: Ints, edges: Ints, purchase: Flags) -> dict[str, NDArray[np.generic]]:
    return {
        "n": np.add.reduceat(purchase.astype(np.int64), edges),
        "returned": np.add.reduceat(rows.returned[at].astype(np.int64), edges),
    }


def _purchase_ends(run: Ints, bought_at: Ints, runs: int) -> tuple[Ints, Ints, Flags]:
    """Positions, among the purchases, of each run's first and last one; and whether it has any."""
    size = np.bincount(run[bought_at], minlength=runs)
    end = np.cumsum(size)
    has = size > 0
    top = max(len(bought_at) - 1, 0)
    if len(bought_at) == 0:
        return np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64), has
    return np.clip(end - size, 0, top), np.clip(end - 1, 0, top), has


def _run_gaps(run: Ints, day: Ints, key: dict[str, Ints]) -> Table:
    same = run[1:] == run[:-1]
    gap, of = (day[1:] - day[:-1])[same], run[1:][same]
    if len(gap) == 0:
        return pl.DataFrame(schema=_GAPS)
    packed = (of << 20) | np.minimum(gap, (1 << 20) - 1)
    distinct, n = np.unique(packed, return_counts=True)
    of, gap = distinct >> 20, distinct & ((1 << 20) - 1)
    return _frame({**{name: values[of] for name, values in key.items()}, "gap": gap, "n": n}, _GAPS)


def _run_months(run: Ints, month: Ints, key: dict[str, Ints]) -> Table:
    starts = np.flatnonzero(_changes(run, month))
    if len(starts) == 0:
        return pl.DataFrame(schema=_MONTHS)
    n = np.diff(np.append(starts, len(run)))
    of = run[starts]
    alone = _changes(of) & np.append(_changes(of)[1:], True)
    of, starts, n = of[~alone], starts[~alone], n[~alone]
    return _frame({**{name: values[of] for name, values in key.items()}, "month": month[starts], "n": n}, _MONTHS)


def _frame(columns: dict[str, NDArray[np.generic]], schema: dict[str, type[pl.DataType]]) -> Table:
    return pl.DataFrame({name: pl.Series(name, columns[name]).cast(dtype) for name, dtype in schema.items()})


def _count_slots(rows: Annotated, at: Flags) -> Table:
    frame = pl.DataFrame({"u": rows.user[at], "chunk": rows.chunk[at], "slot": rows.slot[at]}).cast(pl.Int32)
    return frame.group_by("u", "chunk", "slot").agg(pl.len().cast(pl.Int32).alias("n")).sort("u", "chunk", "slot")


def _count_money(rows: Annotated, at: Flags) -> Table:
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


def _count_offers(rows: Annotated, selected: Flags) -> Table:
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


def _count_activity(rows: Annotated, selected: Flags) -> Table:
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
