"""How many parts users are divided into, so that what one part needs fits into memory."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from memlearn.learning.job import Job
from memlearn.sources.locate import Delivery
from memlearn.store.ledger import Ledger

# A shard is to hold about so many rows; sizes of files tell the number before they are read.
SHARD_ROWS = 625_000
# A user takes as much memory as so many rows, beside the user's own; a shard of SHARD_ROWS has one user in a hundred rows.
USER_ROWS = 8
SHARD_WEIGHT = SHARD_ROWS + USER_ROWS * SHARD_ROWS // 100
MOST_SHARDS = 1024

_ROWS_PER_MIB = {"parquet": 60_000, "csv": 12_000, "jsonl": 6_000, "packed": 60_000}
_SQL_ROWS = 1_000_000


def estimate_rows(deliveries: Iterable[Delivery]) -> int:
    """About how many rows deliveries hold; exact for Parquet."""
    total = 0
    for delivery in deliveries:
        if delivery.path is None:
            total += _SQL_ROWS
            continue
        name = delivery.path.name.lower()
        if name.endswith((".parquet", ".pq")):
            total += int(pl.scan_parquet(delivery.path).select(pl.len()).collect().item())
            continue
        kind = "packed" if name.endswith((".gz", ".zst")) else "jsonl" if ".json" in name or ".ndjson" in name else "csv"
        total += delivery.size * _ROWS_PER_MIB[kind] // 2**20 + 1
    return total


def choose_shards(job: Job, ledger: Ledger, deliveries: Iterable[Delivery]) -> int:
    """Number of shards into which rows are partitioned while they are read."""
    chosen = ledger.fact("shards")
    if chosen is not None:
        return int(chosen)
    if job.learning.shards is not None:
        return job.learning.shards
    return max(1, min(MOST_SHARDS, round(estimate_rows(deliveries) / SHARD_ROWS)))


def split_shards(job: Job, ledger: Ledger, shards: int, rows: int, users: int) -> int:
    """Into how many each of these shards is divided, now that it is known what has come: 1 where they are small enough.

    Args:
        job: the run's settings.
        ledger: the open ledger; once it names a number of shards that number stays.
        shards: as `choose_shards` gave it.
        rows: rows that came.
        users: about how many users they have.
    """
    if ledger.fact("shards") is not None or job.learning.shards is not None:
        return 1
    wanted = round((rows + USER_ROWS * users) / (SHARD_WEIGHT * shards))
    return max(1, min(wanted, MOST_SHARDS // shards))
