"""Count one chunk: the exact statistics that a step adds to a user's state.

A piece is what one chunk contributes. Pieces of a user, in order, join into the state (`join`), and joining is
associative, so where a chunk ends cannot change a state. Everything is an integer.

Tables (u: user index, chunk: chunk number; dim, key: indices into `Keys`):
    counts    for each (u, chunk, dim, key): purchases `n`, `loose` ones (of a source that is no evidence for intervals), `returned`, distinct local `days`, first and last purchase
              (microseconds, day, row)
    gaps      for each (u, chunk, dim, key, gap): how often so many days lay between two purchase days
    months    for each (u, chunk, dim, key, month): purchases
              (both left out where `counts` tells them alone: two purchases or fewer; months also where all lie in one)
    slots     for each (u, chunk, slot): purchases at an hour of the week
    money     for each (u, chunk, key, month) with key a currency: amounts `n`, those given back `returns`, net sum `amount` in minor units
    prices    for each (u, chunk, dim, key, currency, month) with key a merchant: purchases `n`, sum and sum of squares of the
              logarithms of their amounts
    offers    for each (u, chunk, key) with key an item: `shown`, `weak` (shown by a source that cannot tell ignoring), `answered`
    activity  for each (u, chunk): `events`, `priced`, `discounted`
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import Annotated
from memlearn.learning.embedded.counting import count_dimension, gather_bought
from memlearn.learning.embedded.sides import count_activity, count_money, count_offers, count_prices, count_slots

Flags = NDArray[np.bool_]
Table = pl.DataFrame

NAMES = ("counts", "gaps", "months", "slots", "money", "prices", "offers", "activity")


_KEY = {"u": pl.Int32, "chunk": pl.Int32, "dim": pl.Int16, "key": pl.Int32}
_COUNTS = pl.Schema(
    {
        **_KEY,
        "n": pl.Int32,
        "loose": pl.Int32,
        "returned": pl.Int32,
        "days": pl.Int32,
        "first_us": pl.Int64,
        "last_us": pl.Int64,
        "first_day": pl.Int32,
        "last_day": pl.Int32,
        "first_row": pl.UInt64,
        "last_row": pl.UInt64,
    }
)
_GAPS = pl.Schema({**_KEY, "gap": pl.Int32, "n": pl.Int32})
_MONTHS = pl.Schema({**_KEY, "month": pl.Int32, "n": pl.Int32})
_NUMBERED_GAPS = pl.Schema({"row": pl.Int64, "gap": pl.Int32, "n": pl.Int32})
_NUMBERED_MONTHS = pl.Schema({"row": pl.Int64, "month": pl.Int32, "n": pl.Int32})
_PLACE = {"u": pl.Int32, "chunk": pl.Int32}
SCHEMAS: dict[str, pl.Schema] = {
    "counts": _COUNTS,
    "gaps": _GAPS,
    "months": _MONTHS,
    "slots": pl.Schema({**_PLACE, "slot": pl.Int32, "n": pl.Int32}),
    "money": pl.Schema({**_PLACE, "key": pl.Int32, "month": pl.Int32, "n": pl.Int32, "returns": pl.Int32, "amount": pl.Int64}),
    "prices": pl.Schema({**_KEY, "currency": pl.String, "month": pl.Int32, "n": pl.Int32, "logs": pl.Int64, "squares": pl.Int64}),
    "offers": pl.Schema(
        {
            **_PLACE,
            "key": pl.Int32,
            "shown": pl.Int32,
            "weak": pl.Int32,
            "answered": pl.Int32,
            "shown_us": pl.Int64,
            "answered_us": pl.Int64,
            "shown_row": pl.UInt64,
            "answered_row": pl.UInt64,
        }
    ),
    "activity": pl.Schema(
        {**_PLACE, "events": pl.Int32, "priced": pl.Int32, "discounted": pl.Int32, "first_us": pl.Int64, "last_us": pl.Int64}
    ),
}


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tables of many chunks; see the module's text."""

    counts: Table
    gaps: Table
    months: Table
    slots: Table
    money: Table
    prices: Table
    offers: Table
    activity: Table

    def tables(self) -> dict[str, Table]:
        """The tables by name."""
        return {name: getattr(self, name) for name in NAMES}

    def plus(self, other: Pieces) -> Pieces:
        """The pieces of both, as one."""
        mine, theirs = self.tables(), other.tables()
        return Pieces(**{name: pl.concat([mine[name].select(theirs[name].columns), theirs[name]]) for name in NAMES})


def count_pieces(rows: Annotated, selected: Flags) -> Pieces:
    """Count every chunk of the selected rows.

    Args:
        rows: a shard's rows.
        selected: rows of the chunks to count.
    """
    numbered = count_numbered(rows, selected)
    key = numbered.counts.select(list(_KEY))
    gaps, months = (
        key[table["row"].to_numpy()].with_columns(table.drop("row")).select(list(schema))
        for table, schema in ((numbered.gaps, _GAPS), (numbered.months, _MONTHS))
    )
    return replace(numbered, gaps=gaps, months=months)


def count_numbered(rows: Annotated, selected: Flags) -> Pieces:
    """The same, but that gaps and months have the number of their row of `counts`, ascending, instead of its key.

    Within a user all tables that go by key are in order of (dim, u, chunk, key).
    """
    bought = gather_bought(rows, selected)
    found = [(number, count_dimension(bought, dimension)) for number, dimension in enumerate(rows.dimensions)]
    runs = [(number, part) for number, part in found if part is not None]
    sizes = [len(part.counts["n"]) for _, part in runs]
    starts = np.cumsum([0, *sizes])
    counts: dict[str, list[NDArray[np.generic]]] = {name: [part.counts[name] for _, part in runs] for name in _COUNTS if name != "dim"}
    counts["dim"] = [np.full(size, number, dtype=np.int16) for (number, _), size in zip(runs, sizes, strict=True)]
    gaps, months = [part.gaps for _, part in runs], [part.months for _, part in runs]
    for table in (gaps, months):
        for part, start in zip(table, starts, strict=False):
            part["row"] = part["row"] + start
    return Pieces(
        counts=_frame(counts, _COUNTS),
        gaps=_frame({name: [part[name] for part in gaps] for name in _NUMBERED_GAPS}, _NUMBERED_GAPS),
        months=_frame({name: [part[name] for part in months] for name in _NUMBERED_MONTHS}, _NUMBERED_MONTHS),
        slots=count_slots(rows, selected & rows.purchase).cast(SCHEMAS["slots"]),
        money=count_money(rows, selected & (rows.purchase | rows.returned) & rows.paid).cast(SCHEMAS["money"]),
        prices=count_prices(rows, selected & rows.purchase & rows.paid).cast(SCHEMAS["prices"]),
        offers=count_offers(rows, selected).cast(SCHEMAS["offers"]),
        activity=count_activity(rows, selected).cast(SCHEMAS["activity"]),
    )


def _frame(parts: dict[str, list[NDArray[np.generic]]], schema: pl.Schema) -> Table:
    """Columns given in parts, one after another."""
    if not parts["n"]:
        return pl.DataFrame(schema=schema)
    return pl.DataFrame({name: np.concatenate(parts[name]) for name in schema}, schema=schema)
