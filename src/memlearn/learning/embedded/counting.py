"""Count purchases by key: the numbers that a piece holds of one dimension.

Rows are put in order of (user, chunk, key) by sorting one number for each, which also carries what is asked of the row
afterwards: whether it is a return, its position and its day. What goes by row is done in few passes; the rest by run.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Dimension, month_numbers

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Flags = NDArray[np.bool_]
Array = NDArray[np.generic]
Numbers = NDArray[np.integer[Any]]
Kind = TypeVar("Kind", bound=np.generic)

_SORTABLE_BITS = 63
_SHORT_BITS = 32
# Numbers that are sorted at a time.
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Bought:
    """Rows of purchases and returns, in their total order.

    Args:
        at: which of the shard's rows they are; None for all.
        group: number of each row's user and chunk, ascending from 0.
        user: of each group.
        chunk: of each group.
        returned: which rows are returns.
        place: of each row its position among these rows and its day, counted from `low`, in one number.
        place_bits: bits of a place.
        day_bits: how many of them, the lowest ones, are the day.
        key_bits: bits of the largest key of any dimension.
        packed: group, room for a key, `returned` and `place` in one number; None where they do not fit.
        low: the earliest day.
        month: of each row.
        months: calendar month of each day from `low` on; None where there are more days than rows.
        loose: purchases of a source that is no evidence for intervals; None where there are none.
        time_us: of each row.
        row_id: of each row.
    """

    at: Ints | None
    group: Ints
    user: Small
    chunk: Small
    returned: Flags
    place: Ints
    place_bits: int
    day_bits: int
    key_bits: int
    packed: Ints | None
    low: int
    month: Ints
    months: Small | None
    loose: Flags | None
    time_us: Ints
    row_id: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """Counts of the keys of one dimension, in order of (user, chunk, key).

    Args:
        counts: the columns of `counts` but for the dimension.
        gaps: row of `counts`, gap and how often.
        months: row of `counts`, month and purchases.
    """

    counts: dict[str, Array]
    gaps: dict[str, Numbers]
    months: dict[str, Numbers]


@dataclass(frozen=True, slots=True)
class _Runs:
    """Rows sorted by (group, key), purchases before returns, those in order of time.

    A run is what is alike in all three; one key has up to two of them.

    Args:
        starts: rows with which a run begins.
        sold: rows that are purchases.
        place: place of each row.
        head: position of each run's first row.
        size: rows of each run.
        group: of each run.
        key: of each run.
    """

    starts: Flags
    sold: Flags
    place: Ints
    head: Ints
    size: Ints
    group: Ints
    key: Ints


def gather_bought(rows: Annotated, selected: Flags) -> Bought:
    """The purchases and returns among the selected rows."""
    chosen = selected & (rows.purchase | rows.returned)
    at = None if chosen.all() else np.flatnonzero(chosen)
    user, chunk, day = (_pick(part, at) for part in (rows.user, rows.chunk, rows.day))
    changed = changes(user, chunk) if chunk.any() else changes(user)
    group, heads = np.cumsum(changed) - 1, np.flatnonzero(changed)
    low, high = (int(day.min()), int(day.max())) if len(day) else (0, 0)
    day_bits = (high - low).bit_length()
    place = (np.arange(len(day)) << day_bits) + (day - low)
    place_bits = day_bits + len(day).bit_length()
    returned = ~_pick(rows.purchase, at)
    key_bits = max((len(dimension.labels) for dimension in rows.dimensions), default=0).bit_length()
    packed = None
    if len(heads).bit_length() + key_bits + 1 + place_bits <= _SORTABLE_BITS:
        packed = (((group << (key_bits + 1)) | returned) << place_bits) | place
    loose = _pick(rows.loose, at)
    return Bought(
        at=at,
        group=group,
        user=user[heads].astype(np.int32),
        chunk=chunk[heads].astype(np.int32),
        returned=returned,
        place=place,
        place_bits=place_bits,
        day_bits=day_bits,
        key_bits=key_bits,
        packed=packed,
        low=low,
        month=_pick(rows.month, at),
        months=month_numbers(np.arange(low, high + 1)).astype(np.int32) if high - low < len(day) else None,
        loose=loose if loose.any() else None,
        time_us=_pick(rows.time_us, at),
        row_id=_pick(rows.row_id, at),
    )


def _pick(values: NDArray[Kind], at: Ints | None) -> NDArray[Kind]:
    return values if at is None else values.take(at, mode="clip")


def pick_rows(chosen: Flags, *columns: Array) -> list[Any]:
    """Of each column the chosen rows; the columns themselves where all are chosen, as is usual."""
    at = None if chosen.all() else np.flatnonzero(chosen)
    return [_pick(values, at) for values in columns]


def count_dimension(bought: Bought, dimension: Dimension) -> KeyCounts | None:
    """Count the purchases of each key of a dimension; None where nothing has a key."""
    runs = _order_by_key(bought, _pick(dimension.codes, bought.at))
    if len(runs.place) == 0:
        return None
    run = np.cumsum(runs.starts, dtype=np.int32)
    run -= np.int32(1)
    day = (runs.place & ((1 << bought.day_bits) - 1)).astype(np.int32)
    new_day = runs.starts | changes(day)
    many = _runs_of_three(runs.starts) & runs.sold
    gaps = _run_gaps(run, day, new_day & ~runs.starts & many, bought.day_bits)
    months = _run_months(run, _month_of(bought, runs.place, day), runs.starts, many)
    # Purchases and returns of one key are one row of `counts`.
    first = changes(runs.group, runs.key)
    row = np.cumsum(first) - 1
    for found in (gaps, months):
        found["row"] = row.take(found["row"], mode="clip")
    return KeyCounts(_count_runs(bought, runs, row, np.flatnonzero(first), _loose_of(bought, runs, run), new_day), gaps, months)


def _month_of(bought: Bought, place: Ints, day: Small) -> Small:
    if bought.months is None:
        return bought.month.take(place >> bought.day_bits, mode="clip").astype(np.int32)
    return bought.months.take(day, mode="clip")


def _order_by_key(bought: Bought, code: Ints) -> _Runs:
    """Put the rows that have a key in order."""
    kept = None if (code != NO_KEY).all() else np.flatnonzero(code != NO_KEY)
    if bought.packed is None:
        return _order_columns(bought, np.arange(len(code)) if kept is None else kept, code)
    packed = code << (bought.place_bits + 1)
    packed += bought.packed
    if kept is not None:
        packed = packed.take(kept, mode="clip")
    sort_groups(packed, bought.key_bits + 1 + bought.place_bits)
    which = packed >> bought.place_bits
    packed &= (1 << bought.place_bits) - 1
    starts = changes(which)
    head = np.flatnonzero(starts)
    key = which.take(head, mode="clip") >> 1
    which &= 1
    return _Runs(
        starts=starts,
        sold=which == 0,
        place=packed,
        head=head,
        size=np.diff(np.append(head, len(packed))),
        group=key >> bought.key_bits,
        key=key & ((1 << bought.key_bits) - 1),
    )


def _order_columns(bought: Bought, at: Ints, code: Ints) -> _Runs:
    """The same, column by column: for days or users so many that one number does not hold a row."""
    at = at[np.lexsort((bought.returned[at], code[at], bought.group[at]))]
    starts = changes(bought.group[at], code[at], bought.returned[at])
    head = np.flatnonzero(starts)
    return _Runs(
        starts=starts,
        sold=~bought.returned[at],
        place=bought.place[at],
        head=head,
        size=np.diff(np.append(head, len(at))),
        group=bought.group[at[head]],
        key=code[at[head]],
    )


def sort_groups(packed: Numbers, bits: int) -> None:
    """Sort numbers in place whose bits above the lowest `bits` ascend already.

    Blocks of whole groups that the processor's cache holds are sorted in half the time that all of them together take.
    """
    # A search compares with the lowest number that a group may have, so the order within it does not matter.
    edges = np.searchsorted(packed, (packed[::_BLOCK] >> bits) << bits)
    for start, end in itertools.pairwise([*edges.tolist(), len(packed)]):
        packed[start:end].sort()


def _count_runs(bought: Bought, runs: _Runs, row: Ints, opened: Ints, loose: Ints | None, new_day: Flags) -> dict[str, Array]:
    """The columns of `counts`.

    Args:
        bought: the rows.
        runs: their order.
        row: the row of `counts` of each run.
        opened: the first run of each row of `counts`; its purchases, where it has any.
        loose: how many rows of each run are loose; None for none.
        new_day: which rows are the first ones of a day of their run.
    """
    back = np.flatnonzero(~runs.sold.take(runs.head, mode="clip"))
    returned = np.zeros(len(opened), dtype=np.int32)
    returned[row[back]] = runs.size[back]
    # What was given back and not bought, at least not here.
    alone = row[back[back == opened[row[back]]]]
    head, size, group = (part.take(opened, mode="clip") for part in (runs.head, runs.size, runs.group))
    days = np.zeros(len(new_day) + 1, dtype=np.int32)
    np.cumsum(new_day, out=days[1:])
    columns: dict[str, Array] = {
        "n": size.astype(np.int32),
        "loose": np.zeros(len(opened), dtype=np.int32) if loose is None else loose[opened].astype(np.int32),
        "days": days.take(head + size, mode="clip") - days.take(head, mode="clip"),
    }
    for side, position in (("first", head), ("last", head + size - 1)):
        place = runs.place.take(position, mode="clip")
        at = place >> bought.day_bits
        columns[f"{side}_us"] = bought.time_us.take(at, mode="clip")
        columns[f"{side}_day"] = ((place & ((1 << bought.day_bits) - 1)) + bought.low).astype(np.int32)
        columns[f"{side}_row"] = bought.row_id.take(at, mode="clip")
    for values in columns.values():
        values[alone] = 0
    user, chunk = (part.take(group, mode="clip") for part in (bought.user, bought.chunk))
    return {"u": user, "chunk": chunk, "key": runs.key.take(opened, mode="clip").astype(np.int32), "returned": returned, **columns}


def _loose_of(bought: Bought, runs: _Runs, run: Small) -> Ints | None:
    if bought.loose is None:
        return None
    return np.bincount(run[bought.loose[runs.place >> bought.day_bits]], minlength=len(runs.head))


def changes(*columns: NDArray[np.generic]) -> Flags:
    """True where a row differs from the row before in any column; the first row counts as different."""
    changed = np.zeros(len(columns[0]), dtype=np.bool_)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def _runs_of_three(starts: Flags) -> Flags:
    """The rows of runs of three rows or more; of fewer ones `counts` tells all."""
    middle = ~starts
    middle[:-1] &= ~starts[1:]
    middle[-1:] = False
    many = middle.copy()
    many[1:] |= middle[:-1]
    many[:-1] |= middle[1:]
    return many


def _run_gaps(run: Small, day: Small, at: Flags, day_bits: int) -> dict[str, Numbers]:
    """Gaps before the rows of `at`, each of which has an earlier day in its run before it."""
    # Numbers of 32 bits are sorted twice as fast.
    short = int(run[-1]).bit_length() + day_bits <= _SHORT_BITS
    packed: Numbers = run.astype(np.uint32 if short else np.int64)
    packed <<= packed.dtype.type(day_bits)
    # Rows between two purchase days have the day of the earlier one, so the row before tells it.
    packed[1:] |= (day[1:] - day[:-1]).astype(packed.dtype)
    packed = packed.take(np.flatnonzero(at), mode="clip")
    sort_groups(packed, day_bits)
    first = np.flatnonzero(changes(packed))
    found = packed.take(first, mode="clip")
    n = np.diff(np.append(first, len(packed))).astype(np.int32)
    return {"row": (found >> day_bits).astype(np.int64), "gap": (found & ((1 << day_bits) - 1)).astype(np.int32), "n": n}


def _run_months(run: Small, month: Small, starts: Flags, many: Flags) -> dict[str, Numbers]:
    """Purchases by month of runs that `many` marks and that last longer than a month."""
    begun = np.flatnonzero(starts | changes(month))
    n = np.diff(np.append(begun, len(run)))
    fresh = starts.take(begun, mode="clip")
    alone = fresh & np.append(fresh[1:], True)
    # Positions are taken much faster than marked ones.
    kept = np.flatnonzero(~alone & many.take(begun, mode="clip"))
    begun = begun.take(kept, mode="clip")
    return {
        "row": run.take(begun, mode="clip").astype(np.int64),
        "month": month.take(begun, mode="clip"),
        "n": n.take(kept, mode="clip").astype(np.int32),
    }
