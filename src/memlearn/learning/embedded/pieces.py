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

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Dimension
from memlearn.learning.embedded.sides import count_activity, count_money, count_offers, count_prices, count_slots

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
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
    bought = _gather_bought(rows, selected)
    runs = [_count_dimension(bought, number, dimension) for number, dimension in enumerate(rows.dimensions)]
    counts, gaps, months = ([run[part] for run in runs if run is not None] for part in range(3))
    return Pieces(
        counts=_concat(counts, _COUNTS),
        gaps=_concat(gaps, _GAPS),
        months=_concat(months, _MONTHS),
        slots=count_slots(rows, selected & rows.purchase).cast(SCHEMAS["slots"]),
        money=count_money(rows, selected & (rows.purchase | rows.returned) & rows.paid).cast(SCHEMAS["money"]),
        prices=count_prices(rows, selected & rows.purchase & rows.paid).cast(SCHEMAS["prices"]),
        offers=count_offers(rows, selected).cast(SCHEMAS["offers"]),
        activity=count_activity(rows, selected).cast(SCHEMAS["activity"]),
    )


_SORTABLE_BITS = 63


@dataclass(frozen=True, slots=True)
class _Bought:
    """Rows of purchases and returns, in their total order.

    Args:
        packed: of each row its user and its position, with room for a key between them; None where they do not fit into a number.
        bits: how many of its bits are the position.
    """

    at: Ints
    packed: Ints | None
    bits: int
    user: Small
    chunk: Small
    day: Small
    month: Small
    purchase: Flags
    loose: Flags
    time_us: Ints
    row_id: NDArray[np.uint64]


def _gather_bought(rows: Annotated, selected: Flags) -> _Bought:
    at = np.flatnonzero(selected & (rows.purchase | rows.returned))
    user = rows.user[at]
    bits = len(at).bit_length()
    shift = bits + max((len(dimension.labels) for dimension in rows.dimensions), default=0).bit_length()
    fits = int(user.max(initial=0)).bit_length() + shift <= _SORTABLE_BITS
    return _Bought(
        at=at,
        packed=(user << shift) | np.arange(len(at)) if fits else None,
        bits=bits,
        user=user.astype(np.int32),
        chunk=rows.chunk[at].astype(np.int32),
        day=rows.day[at].astype(np.int32),
        month=rows.month[at].astype(np.int32),
        purchase=rows.purchase[at],
        loose=rows.loose[at],
        time_us=rows.time_us[at],
        row_id=rows.row_id[at],
    )


def _concat(tables: list[Table], schema: pl.Schema) -> Table:
    return pl.concat(tables, rechunk=True) if tables else pl.DataFrame(schema=schema)


def _count_dimension(bought: _Bought, number: int, dimension: Dimension) -> tuple[Table, Table, Table] | None:
    codes = dimension.codes[bought.at]
    at, starts = _order_by_key(bought, codes, len(dimension.labels))
    if len(at) == 0:
        return None
    if bought.chunk.any():
        starts |= _changes(bought.chunk[at])
    edges = np.flatnonzero(starts)
    head = at[edges]
    key: dict[str, NDArray[np.generic]] = {
        "u": bought.user[head],
        "chunk": bought.chunk[head],
        "dim": np.full(len(edges), number, dtype=np.int16),
        "key": codes[head].astype(np.int32),
    }
    run = np.cumsum(starts, dtype=np.int32) - np.int32(1)
    n = size = np.diff(np.append(edges, len(at))).astype(np.int32)
    purchase = bought.purchase[at]
    if not purchase.all():
        n = size - np.bincount(run[~purchase], minlength=len(edges)).astype(np.int32)
        kept = np.flatnonzero(purchase)
        at, run = at[kept], run[kept]
    end = np.cumsum(n, dtype=np.int64)
    day, month = bought.day[at], bought.month[at]
    new_run = _changes(run)
    new_day = new_run | _changes(day)
    days = np.concatenate((np.zeros(1, dtype=np.int32), np.cumsum(new_day, dtype=np.int32)))
    counts = {
        "n": n,
        "loose": _count_loose(bought, at, run, len(edges)),
        "returned": size - n,
        "days": days[end] - days[end - n],
        **_purchase_ends(bought, at, n, end),
    }
    many = n[run] > 2
    gaps = _run_gaps(run, day, new_day & ~new_run & many, key)
    months = _run_months(run, month, new_run, many, key)
    return pl.DataFrame({**key, **counts}).select(list(_COUNTS)), gaps, months


def _count_loose(bought: _Bought, at: Ints, run: Small, runs: int) -> Small:
    if not bought.loose.any():
        return np.zeros(runs, dtype=np.int32)
    return np.bincount(run[bought.loose[at]], minlength=runs).astype(np.int32)


def _order_by_key(bought: _Bought, code: Ints, keys: int) -> tuple[Ints, Flags]:
    """Positions of the rows that have a key, by user and key, those of one key in order of time; and where a user or key begins."""
    keyed = code != NO_KEY
    if keys <= 1 or bought.packed is None:
        at = np.flatnonzero(keyed)
        if keys > 1:
            at = at[np.lexsort((code[at], bought.user[at]))]
        return at, _changes(bought.user[at], code[at])
    packed = code << bought.bits
    packed += bought.packed
    if not keyed.all():
        packed = packed[np.flatnonzero(keyed)]
    packed.sort()
    starts = _changes(packed >> bought.bits)
    packed &= (1 << bought.bits) - 1
    return packed, starts


def _changes(*columns: NDArray[np.generic]) -> Flags:
    """True where a row differs from the row before in any column; the first row counts as different."""
    changed = np.zeros(len(columns[0]), dtype=np.bool_)
    if len(changed):
        changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def _purchase_ends(bought: _Bought, at: Ints, n: Small, end: Ints) -> dict[str, NDArray[np.generic]]:
    """First and last purchase of each run of `n` purchases, which ends before `end`; zeros where it has none."""
    without = np.flatnonzero(n == 0)
    ends: dict[str, NDArray[np.generic]] = {}
    for side, position in (("first", end - n), ("last", end - 1)):
        row = at.take(position, mode="clip") if len(at) else np.zeros(len(n), dtype=np.int64)
        for name, values in (("us", bought.time_us), ("day", bought.day), ("row", bought.row_id)):
            ends[f"{side}_{name}"] = values[row]
            ends[f"{side}_{name}"][without] = 0
    return ends


def _run_gaps(run: Small, day: Small, at: Flags, key: dict[str, NDArray[np.generic]]) -> Table:
    later = np.flatnonzero(at)
    if len(later) == 0:
        return pl.DataFrame(schema=_GAPS)
    # Rows between two purchase days have the day of the earlier one, so the row before tells it.
    gap = day[later] - day[later - 1]
    bits = int(gap.max()).bit_length()
    # Numbers of 32 bits are sorted twice as fast.
    packed: NDArray[np.integer] = (run[later].astype(np.int64) << bits) | gap
    if int(run[-1]).bit_length() + bits <= 32:
        packed = packed.astype(np.uint32)
    packed.sort()
    first = np.flatnonzero(_changes(packed))
    n = np.diff(np.append(first, len(packed))).astype(np.int32)
    found = packed[first]
    of = found >> bits
    gap = (found & ((1 << bits) - 1)).astype(np.int32)
    return pl.DataFrame({**{name: values[of] for name, values in key.items()}, "gap": gap, "n": n})


def _run_months(run: Small, month: Small, new_run: Flags, many: Flags, key: dict[str, NDArray[np.generic]]) -> Table:
    starts = np.flatnonzero(new_run | _changes(month))
    if len(starts) == 0:
        return pl.DataFrame(schema=_MONTHS)
    n = np.diff(np.append(starts, len(run))).astype(np.int32)
    of = run[starts]
    fresh = _changes(of)
    alone = fresh & np.append(fresh[1:], True)
    # Positions are taken much faster than marked ones.
    kept = np.flatnonzero(~alone & many[starts])
    of, starts, n = of[kept], starts[kept], n[kept]
    return pl.DataFrame({**{name: values[of] for name, values in key.items()}, "month": month[starts], "n": n})
