"""Who holds a row with a key: among all users, who got it in the last arrival; everybody else loses it.

Only ids and users pass through here, out of core: they are spilled in buckets by id, so that a bucket tells all about its
ids. Of what is stored, only the ids that arrived again matter; a table of a few bits of each passes over most others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.store.row_hash import Hashes
from memlearn.store.row_lookup import find_holders
from memlearn.store.rows import ID
from memlearn.store.spill_files import read_piece, write_pieces

# So many leading bits of an id are looked at first: a table that fits into the caches.
_BITS = 24
_SHIFT = np.uint64(64 - _BITS)


class Arrivals:
    """The rows with a key that arrive in one run.

    Args:
        folder: an empty folder of the run's own.
        buckets: number of buckets.
    """

    def __init__(self, folder: Path, buckets: int) -> None:
        self._folder = folder
        self._buckets = buckets
        self._arrived: dict[int, Path] = {}
        self._stored: dict[int, Path] = {}
        self._seen = np.zeros(1 << _BITS, dtype=np.bool_)

    def add(self, row_ids: Hashes, users: Hashes, batch: int) -> None:
        """Rows arrive; may be called for several batches side by side.

        Args:
            row_ids: ids of the rows.
            users: hashes of their users.
            batch: number of the batch, ascending with arrival.
        """
        self._seen[row_ids >> _SHIFT] = True
        self._arrived[batch] = self._write(f"arrived-{batch:06d}", row_ids, users)

    def find_moved(self, shards: Mapping[int, tuple[Path, Sequence[str]]], workers: int) -> pl.DataFrame:
        """Rows that are no longer their user's, because their keys arrived later with another one.

        Args:
            shards: folder and files, oldest first, of each shard that holds rows.
            workers: number of threads.

        Returns:
            `user_hash` and `row_id` of such rows, whether they are stored or arrived in this run, in no order.

        Raises:
            DamagedError: a file of a shard is missing or cannot be read.
        """
        if not self._arrived:
            return _nothing()
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(self._look_up, shards, shards.values()):
                pass
            return pl.concat([_nothing(), *pool.map(self._moved_in, range(self._buckets))])

    def _look_up(self, shard: int, place: tuple[Path, Sequence[str]]) -> None:
        """Note who holds, before this run, what may have arrived again."""
        found = find_holders(*place, self._may_have_arrived)
        if len(found):
            self._stored[shard] = self._write(f"stored-{shard:06d}", found["row_id"].to_numpy(), found["user_hash"].to_numpy())

    def _may_have_arrived(self, row_ids: pl.Series) -> pl.Series:
        return pl.Series(self._seen[row_ids.to_numpy() >> _SHIFT])

    def _moved_in(self, bucket: int) -> pl.DataFrame:
        arrived = self._read(self._arrived, bucket)
        everyone = pl.concat([self._read(self._stored, bucket), arrived])
        repeated = _repeated(everyone["row_id"].to_numpy())
        if not len(repeated):
            return _nothing()
        chosen = pl.col("row_id").is_in(pl.Series(repeated).implode())
        holders = arrived.filter(chosen).unique("row_id", keep="last", maintain_order=True).rename({"user_hash": "holder"})
        losers = everyone.filter(chosen).join(holders, on="row_id").filter(pl.col("user_hash") != pl.col("holder"))
        return losers.select(ID).unique()

    def _write(self, name: str, row_ids: Hashes, users: Hashes) -> Path:
        path = self._folder / f"{name}.arrow"
        # NumPy sorts numbers of up to 16 bits by counting.
        bucket = (row_ids % np.uint64(self._buckets)).astype(np.min_scalar_type(self._buckets))
        order = np.argsort(bucket, kind="stable")
        write_pieces(path, pl.DataFrame({"user_hash": users[order], "row_id": row_ids[order]}), bucket, self._buckets)
        return path

    def _read(self, files: Mapping[int, Path], bucket: int) -> pl.DataFrame:
        return pl.concat([_nothing(), *(read_piece(files[number], bucket) for number in sorted(files))])


def _repeated(row_ids: Hashes) -> NDArray[np.uint64]:
    """Ids that occur more than once; sorting 64-bit numbers costs less than a table of them."""
    ordered: NDArray[np.uint64] = np.sort(row_ids)
    again: NDArray[np.bool_] = ordered[1:] == ordered[:-1]
    return ordered[1:][again]


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(ID, pl.UInt64))
