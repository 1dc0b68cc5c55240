"""Partition freshly read events by shard into temporary Arrow files, out of core; what repeats is spilled as numbers."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np
import polars as pl

from memlearn.records import EVENT_SCHEMA
from memlearn.store.coding import Coder, is_constant, take_rows
from memlearn.store.row_hash import Hashes
from memlearn.store.rows import content_hash, user_hash

_ALWAYS = ("user_id", "time_us", "offset_s", "has_clock", "seq", "source", "kind", "tombstone")
# Nearly every row has words of its own here.
_VARIED = ("key", "text", "refers_to")


class Spill:
    """Arrow files, one for each shard and batch.

    Args:
        folder: an empty folder of the run's own.
        shards: number of shards.
    """

    def __init__(self, folder: Path, shards: int) -> None:
        self._folder = folder
        self._shards = shards
        self._batches = 0
        self._coders: dict[str, Coder] = {}
        # Of each batch, the columns of one value, which are not spilled: one row.
        self._same: dict[int, pl.DataFrame] = {}
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def next_batch(self) -> int:
        """Number the next batch; numbers ascend with arrival, whichever batch is written first."""
        self._batches += 1
        return self._batches - 1

    def add(self, events: pl.DataFrame, delivery: int, batch: int) -> None:
        """Write one batch of events; may be called for several batches side by side.

        Args:
            events: rows with the canonical columns.
            delivery: number of the delivery, ascending with arrival.
            batch: from `next_batch`.
        """
        if events.is_empty():
            return
        columns, hashes = self._code(events)
        users = hashes["user_id"] if "user_id" in hashes else user_hash(events["user_id"])
        content = content_hash(events, users, hashes)
        placed = pl.DataFrame([*columns, pl.Series("user_hash", users), content])
        # NumPy sorts numbers of up to 16 bits by counting.
        shard = (users % np.uint64(self._shards)).astype(np.min_scalar_type(self._shards))
        same = [column.name for column in placed if column.name != "content" and is_constant(column)]
        self._same[batch] = placed.select(same).head(1).with_columns(pl.lit(delivery, pl.UInt32).alias("delivery"))
        ordered = take_rows(placed.drop(same), np.argsort(shard, kind="stable"))
        counts = np.bincount(shard, minlength=self._shards)
        for number, (start, count) in enumerate(zip(np.cumsum(counts) - counts, counts, strict=True)):
            if count:
                ordered.slice(start, count).write_ipc(self._folder / f"{number:04d}-{batch:06d}.arrow", compression="uncompressed")

    def read(self, shard: int) -> pl.DataFrame | None:
        """All rows that were spilled for a shard, in order of arrival, strings that repeat as categories; None where there are none."""
        paths = sorted(self._folder.glob(f"{shard:04d}-*.arrow"))
        if not paths:
            return None
        parts = [self._read_part(path) for path in paths]
        for name in self._coders:
            types = {part.schema[name] for part in parts if name in part.columns}
            if pl.String() in types:
                # Some batches came after there were too many strings to code.
                parts = [self._decoded(part, name, pl.String()) for part in parts]
        rows = pl.concat(parts, how="diagonal", rechunk=True)
        coded = [name for name in self._coders if rows.schema.get(name) == pl.UInt32()]
        rows = rows.with_columns(self._coders[name].decode(rows[name]) for name in coded)
        return rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in EVENT_SCHEMA.items() if name not in rows.columns)

    def _read_part(self, path: Path) -> pl.DataFrame:
        part = pl.read_ipc(path)
        return part.with_columns(value.new_from_index(0, len(part)) for value in self._same[int(path.stem.rpartition("-")[2])])

    def _code(self, events: pl.DataFrame) -> tuple[list[pl.Series], dict[str, Hashes]]:
        """The columns that hold anything, strings that repeat as codes; and hashes of what was coded."""
        columns: list[pl.Series] = []
        hashes: dict[str, Hashes] = {}
        for column in events:
            empty = column.null_count() == len(column)
            if empty and column.name not in _ALWAYS:
                continue
            found = None if empty or column.dtype != pl.String or column.name in _VARIED else self._coder(column.name).code(column)
            if found is not None:
                column, hashes[column.name] = found  # noqa: PLW2901
            columns.append(column)
        return columns, hashes

    def _coder(self, name: str) -> Coder:
        with self._lock:
            return self._coders.setdefault(name, Coder())

    def _decoded(self, part: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.DataFrame:
        if part.schema.get(name) != pl.UInt32():
            return part
        return part.with_columns(self._coders[name].decode(part[name]).cast(dtype))
