"""Settle journals: name every answer in the ledger, so that a journal need not be read through again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from memlearn.learning.agent.names import DOCUMENT_SHARD, is_document
from memlearn.learning.agent.sender import Answered
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.rows import user_hash

_REQUESTS = pl.Schema(
    {
        "user_id": pl.String,
        "shard": pl.Int32,
        "step_key": pl.Binary,
        "turn": pl.Int32,
        "digest": pl.String,
        "asked_in": pl.String,
        "intent": pl.Int64,
        "answered_in": pl.String,
        "answer": pl.Int64,
    }
)


def find_unsettled(layout: StoreLayout, ledger: Ledger) -> list[str]:
    """The journals whose answers the ledger does not name yet: of runs that died, or whose batches are still with the provider."""
    settled = set(ledger.fetch("select segment from journals where settled")["segment"].to_list())
    there = sorted(path.name for path in layout.journals.glob("*.journal")) if layout.journals.is_dir() else []
    return [name for name in there if name not in settled]


def settle(ledger: Ledger, segments: Sequence[str], found: Sequence[Answered], run_id: str) -> None:
    """Name the answers of some journals in the ledger, in one transaction.

    Args:
        ledger: the books.
        segments: the journals.
        found: all answers in them.
        run_id: the run that has read them.
    """
    shards = int(ledger.fact("shards") or 1)
    users = [one.asked.user_id for one in found]
    places = (user_hash(pl.Series(users, dtype=pl.String)) % np.uint64(shards)).tolist()
    rows = [
        {
            "user_id": one.asked.user_id,
            "shard": DOCUMENT_SHARD if is_document(one.asked.user_id) else shard,
            "step_key": bytes.fromhex(one.asked.step),
            "turn": one.asked.turn,
            "digest": one.digest,
            "asked_in": one.intent.segment,
            "intent": one.intent.offset,
            "answered_in": one.answer.segment,
            "answer": one.answer.offset,
        }
        for one, shard in zip(found, places, strict=True)
    ]
    with ledger.transaction():
        ledger.append("agent_requests", pl.DataFrame(rows, schema=_REQUESTS) if rows else pl.DataFrame())
        for segment in segments:
            ledger.execute("insert or replace into journals values (?, ?, true)", [segment, run_id])
