"""Partition freshly read events by shard into temporary Arrow files, out of core; what repeats is spilled as numbers."""

from __future__ import annotations

import math
from pathlib import Path
from threading import Lock

import numpy as np
import polars as pl

from memlearn.records import ATTRIBUTE_PREFIX, EVENT_SCHEMA
from memlearn.records.coded import is_coded
from memlearn.store.arrivals import Arrivals
from memlearn.store.coding import Coder, is_constant, take_rows
from memlearn.store.row_hash import Hashes, column_hash
from memlearn.store.rows import content_hash, key_hash, user_hash
from memlearn.store.spill_files import read_piece, write_pieces

# So many leading bits of a user's hash are looked at to tell about how many users there are.
_USER_BITS = 22
_USER_SHIFT = np.uint64(64 - _USER_BITS)

_ALWAYS = ("user_id", "time_us", "offset_s", "has_clock", "seq", "source", "kind", "tombstone")
# Nearly every row has words of its own here.
_VARIED = ("key", "text", "refers_to")


class Spill:
    """Arrow files, one for each batch, with a piece for each shard.

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
        self._users = np.zeros(1 << _USER_BITS, dtype=np.bool_)
        self.rows = 0
        """Rows that were spilled."""
        self.arrivals = Arrivals(folder, shards)
        """The rows that have a key."""
        folder.mkdir(parents=True, exist_ok=True)

    def next_batch(self) -> int:
        """Number the next batch; numbers ascend with arrival, whichever batch is written first."""
        self._batches += 1
        return self._batches - 1

    def add(self, events: pl.DataFrame, delivery: int, batch: int) -> None:
        """Write one batch of events; may be called for several batches side by side.

        Args:
            events: rows with the canonical columns, strings also as categories.
            delivery: number of the delivery, ascending with arrival.
            batch: from `next_batch`.
        """
        if events.is_empty():
            return
        filled = [column for column in events if column.name in _ALWAYS or column.null_count() < len(column)]
        constant = [column.name != "user_id" and is_constant(column) for column in filled]
        same, hashes = self._code([column.head(1) for column, alike in zip(filled, constant, strict=True) if alike])
        # Hashes of one value stand for those of all rows.
        known = {column.name: column_hash(column) for column in same if column.name not in hashes} | hashes
        columns, hashes = self._code([column for column, alike in zip(filled, constant, strict=True) if not alike])
        users = hashes["user_id"] if "user_id" in hashes else user_hash(events["user_id"])
        self.count_users(users)
        content = content_hash(events, users, known | hashes)
        # NumPy sorts numbers of up to 16 bits by counting.
        shard = (users % np.uint64(self._shards)).astype(np.min_scalar_type(self._shards))
        rows = pl.DataFrame([*columns, content, *self._row_ids(events, users, batch)])
        write_pieces(self._file(batch), take_rows(rows, np.argsort(shard, kind="stable")), shard, self._shards)
        with self._lock:
            self.rows += len(rows)
        self._same[batch] = pl.DataFrame([*same, pl.Series("delivery", [delivery], dtype=pl.UInt32)])

    def count_users(self, users: Hashes) -> None:
        """Take users into account for `estimate_users`; may be called for several batches side by side."""
        self._users[users >> _USER_SHIFT] = True

    def estimate_users(self) -> int:
        """About how many users there are, by linear counting (Whang, Vander-Zanden and Taylor, ACM TODS 1990)."""
        size = len(self._users)
        empty = max(size - int(np.count_nonzero(self._users)), 1)
        return round(-size * math.log(empty / size))

    def read(self, shard: int) -> pl.DataFrame | None:
        """All rows that were spilled for a shard, in order of arrival, strings that repeat as categories; None where there are none."""
        found = {batch: piece for batch in sorted(self._same) if len(piece := read_piece(self._file(batch), shard))}
        if not found:
            return None
        parts, same = self._unfold(found)
        for name in self._coders:
            if pl.String() in {part.schema[name] for part in (*parts, same) if name in part.columns}:
                # Some batches came after there were too many strings to code.
                parts, same = [self._decoded(part, name) for part in parts], self._decoded(same, name)
        rows = pl.concat(parts, how="diagonal", rechunk=True)
        rows = rows.with_columns(value.new_from_index(0, len(rows)) for value in same)
        coded = [name for name in self._coders if rows.schema.get(name) == pl.UInt32()]
        users = self._coders["user_id"].hashes(rows["user_id"]) if "user_id" in coded else user_hash(rows["user_id"])
        rows = rows.with_columns(*(self._coders[name].decode(rows[name]) for name in coded), pl.Series("user_hash", users))
        rows = rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in EVENT_SCHEMA.items() if name not in rows.columns)
        attributes = sorted(name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX))
        numbered = ["row_id"] if "row_id" in rows.columns else []
        return rows.select(*EVENT_SCHEMA, *attributes, "user_hash", "content", "delivery", *numbered)

    def _row_ids(self, events: pl.DataFrame, users: Hashes, batch: int) -> list[pl.Series]:
        """The ids of rows that have a key, null for others; no column at all where none has one."""
        keyed = events["key"].is_not_null()
        if not keyed.any():
            return []
        row_ids = pl.Series("row_id", key_hash(events))
        if keyed.all():
            self.arrivals.add(row_ids.to_numpy(), users, batch)
            return [row_ids]
        there = keyed.to_numpy()
        self.arrivals.add(row_ids.to_numpy()[there], users[there], batch)
        return [row_ids.set(~keyed, None)]

    def _file(self, batch: int) -> Path:
        return self._folder / f"{batch:06d}.arrow"

    def _unfold(self, found: dict[int, pl.DataFrame]) -> tuple[list[pl.DataFrame], pl.DataFrame]:
        """The pieces with what is the same in one of them but not in all; and, as one row, what is the same in all."""
        kept = [self._same[batch] for batch in found]
        table = pl.concat(kept, how="diagonal_relaxed")
        everywhere = [name for name in table.columns if all(name in one.columns for one in kept) and is_constant(table[name])]
        parts = [
            piece.with_columns(value.new_from_index(0, len(piece)) for value in one.drop(everywhere, strict=False))
            for one, piece in zip(kept, found.values(), strict=True)
        ]
        return parts, kept[0].select(everywhere)

    def _code(self, columns: list[pl.Series]) -> tuple[list[pl.Series], dict[str, Hashes]]:
        """The columns, strings that repeat as codes; and hashes of what was coded."""
        coded: list[pl.Series] = []
        hashes: dict[str, Hashes] = {}
        for column in columns:
            text = column.dtype == pl.String or is_coded(column.dtype)
            fit = text and column.name not in _VARIED and column.null_count() < len(column)
            found = self._coder(column.name).code(column) if fit else None
            if found is not None:
                coded.append(found[0])
                hashes[column.name] = found[1]
            else:
                coded.append(column.cast(pl.String) if text else column)
        return coded, hashes

    def _coder(self, name: str) -> Coder:
        with self._lock:
            return self._coders.setdefault(name, Coder())

    def _decoded(self, part: pl.DataFrame, name: str) -> pl.DataFrame:
        if part.schema.get(name) != pl.UInt32():
            return part
        return part.with_columns(self._coders[name].decode(part[name]).cast(pl.String))
