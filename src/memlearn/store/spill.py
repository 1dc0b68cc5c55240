"""Partition freshly read events by shard into temporary Arrow files, out of core."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from memlearn.records import EVENT_SCHEMA
from memlearn.store.rows import content_hash, user_hash

_ALWAYS = ("user_id", "time_us", "offset_s", "has_clock", "seq", "source", "kind", "tombstone")


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
        users = user_hash(events["user_id"])
        shard = pl.Series("shard", users % self._shards).cast(pl.UInt32)
        filled = [name for name in events.columns if name in _ALWAYS or events[name].null_count() < len(events)]
        placed = events.select(filled).with_columns(
            pl.Series("user_hash", users), content_hash(events, users), pl.lit(delivery, pl.UInt32).alias("delivery")
        )
        order = shard.arg_sort()
        start = 0
        for number, count in shard.gather(order).rle().struct.unnest().select("value", "len").iter_rows():
            part = placed[order.slice(start, count).sort()]
            part.write_ipc(self._folder / f"{number:04d}-{batch:06d}.arrow", compression="lz4")
            start += count


def spilled_shards(folder: Path) -> list[int]:
    """Numbers of the shards that have spilled rows."""
    return sorted({int(path.name[:4]) for path in folder.glob("*.arrow")})


def read_spill(folder: Path, shard: int) -> pl.DataFrame | None:
    """All rows that were spilled for a shard, in order of arrival; None where there are none."""
    paths = sorted(folder.glob(f"{shard:04d}-*.arrow"))
    if not paths:
        return None
    rows = pl.concat([pl.read_ipc(path) for path in paths], how="diagonal", rechunk=True)
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in EVENT_SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(missing)
