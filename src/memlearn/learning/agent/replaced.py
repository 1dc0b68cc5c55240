"""What the books keep of earlier runs: steps that others have replaced since, and steps that a run which stopped did not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from memlearn.store.ledger import Ledger

_COUNTED = pl.Schema({"run_id": pl.String, "user_id": pl.String, "shard": pl.Int32, "steps": pl.Int32})


def replace_steps(ledger: Ledger, users: Sequence[str], chunks: Sequence[int], run_id: str) -> None:
    """Take users' steps from some chunk on out of the books, and lay by those of earlier runs.

    Args:
        ledger: the books.
        users: whose steps.
        chunks: for each of them the first chunk.
        run_id: the run that replaces them.
    """
    # All of them at once: each look goes through the whole table.
    replaced = "(select unnest(?) as u, unnest(?) as c) replaced"
    chosen = [list(users), list(chunks)]
    with ledger.transaction():
        ledger.execute(
            "insert into agent_steps_replaced select user_id, shard, chunk, given, step_key, version, outcome, run_id, blocks, ?"
            f" from agent_steps join {replaced} on user_id = u and chunk >= c where run_id <> ?",
            [run_id, *chosen, run_id],
        )
        ledger.execute(f"delete from agent_steps using {replaced} where user_id = u and chunk >= c", chosen)


def note_counted(ledger: Ledger, run_id: str, shard: int, counts: Mapping[str, int]) -> None:
    """Note of whom a run publishes fewer steps than the books hold, since it stopped before it could replace the rest.

    Args:
        ledger: the books.
        run_id: the run.
        shard: the shard.
        counts: user → so many steps are published.
    """
    query = "select user_id, count(*) as held from agent_steps where shard = ? and user_id in (select unnest(?)) group by user_id"
    held = dict(ledger.fetch(query, [shard, sorted(counts)]).iter_rows())
    rows = [(run_id, user_id, shard, count) for user_id, count in sorted(counts.items()) if held.get(user_id, 0) > count]
    ledger.append("agent_steps_counted", pl.DataFrame(rows, schema=_COUNTED, orient="row"))


def stood(ledger: Ledger, run_id: str, shard: int, users: Sequence[str]) -> pl.DataFrame:
    """user_id, chunk, given, step_key, version, outcome, blocks: the steps that users' memory was made from when a run published.

    Args:
        ledger: the books.
        run_id: the run.
        shard: the shard.
        users: its users to look at.
    """
    columns = "user_id, chunk, given, step_key, version, outcome, blocks"
    wanted = "shard = ? and user_id in (select unnest(?)) and run_id <= ?"
    held = ledger.fetch(
        f"select {columns} from agent_steps where {wanted} union all select {columns} from agent_steps_replaced where {wanted} and replaced_in > ?",
        [shard, list(users), run_id, shard, list(users), run_id, run_id],
    )
    counted = ledger.fetch(
        "select user_id, steps from agent_steps_counted where shard = ? and user_id in (select unnest(?)) and run_id = ?",
        [shard, list(users), run_id],
    )
    cut = held.join(counted, on="user_id", how="left").filter(pl.col("steps").is_null() | (pl.col("chunk") < pl.col("steps")))
    return cut.drop("steps").sort("user_id", "chunk")


def drop_replaced(ledger: Ledger, oldest: str) -> None:
    """Remove what only runs need whose releases are not kept any more.

    Args:
        ledger: the books.
        oldest: the oldest run whose release is kept.
    """
    with ledger.transaction():
        ledger.execute("delete from agent_steps_replaced where replaced_in <= ?", [oldest])
        ledger.execute("delete from agent_steps_counted where run_id < ?", [oldest])
