"""Who is to be looked at again, and when, whatever arrives: the agent has steps left for them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from memlearn.learning.agent.names import DOCUMENT_SHARD
from memlearn.store.ledger import Ledger

DUE_SCHEMA = pl.Schema({"user_id": pl.String, "shard": pl.Int32, "due_us": pl.Int64, "reason": pl.String})


def mark_waiting(ledger: Ledger, shard: int, users: Sequence[str], waiting: pl.DataFrame) -> None:
    """Note who is to be looked at again, and when, whatever arrives.

    Args:
        ledger: the books.
        shard: the shard.
        users: its users that were looked at; what was noted of them goes.
        waiting: user_id, shard, due_us, reason.
    """
    with ledger.transaction():
        if users:
            ledger.execute("delete from agent_due where shard = ? and user_id in (select unnest(?))", [shard, list(users)])
        ledger.append("agent_due", waiting.select(list(DUE_SCHEMA)).cast(DUE_SCHEMA))


def mark_unfinished(ledger: Ledger, shard: int, users: Sequence[str]) -> None:
    """Note that some users of a shard have steps left, which the next run goes on with; what they wait for else stays noted."""
    held = ledger.fetch("select * from agent_due where shard = ? and user_id in (select unnest(?))", [shard, list(users)])
    rows = pl.DataFrame([(user_id, shard, 0, "unfinished") for user_id in users], schema=DUE_SCHEMA, orient="row")
    mark_waiting(ledger, shard, users, pl.concat([rows, held.select(list(DUE_SCHEMA)).cast(DUE_SCHEMA)]))


def who_waits(ledger: Ledger, until_us: int, *, skipped: bool = False) -> pl.DataFrame:
    """user_id, shard: users with steps that are due before an instant; with `skipped` those with skipped steps too. Documents are no users."""
    due = ledger.fetch("select distinct user_id, shard from agent_due where due_us <= ? and shard <> ?", [until_us, DOCUMENT_SHARD])
    if skipped:
        query = "select distinct user_id, shard from agent_steps where outcome = 'skipped' and shard <> ?"
        due = pl.concat([due, ledger.fetch(query, [DOCUMENT_SHARD])])
    return due.unique()
