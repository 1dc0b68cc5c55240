"""From an open run to the agent's stage: what it is shown, who judges its lines, and what it leaves for rendering and publishing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.agent.documents.reading import Documents
from memlearn.learning.agent.inputs import Shown
from memlearn.learning.agent.judge import checker_of
from memlearn.learning.agent.lines import BLOCKS
from memlearn.learning.agent.names import DOCUMENT_SHARD
from memlearn.learning.agent.search import Library
from memlearn.learning.agent.stage import AgentStage, Say, Totals
from memlearn.learning.agent.work import ShardSource, ShardWork, Wanted, find_work, published_blocks
from memlearn.learning.job import Job
from memlearn.learning.scope import Scope
from memlearn.learning.shared import read_in_order
from memlearn.learning.stated import stated_persons
from memlearn.learning.suppressed import find_suppressed
from memlearn.learning.tables import Tables
from memlearn.memory import Block
from memlearn.store.ledger import Ledger
from memlearn.store.rows import user_hash


def read_by_agent(job: Job, ledger: Ledger, tables: Tables, scope: Scope, folder: Path, run_id: str, say: Say) -> Totals:
    """Do the agent steps that are missing, and leave each user's blocks for rendering.

    Args:
        job: what is learned; it has an agent.
        ledger: the books.
        tables: what is given.
        scope: whom the run learns.
        folder: the run's folder.
        run_id: the run.
        say: told steps done, steps known so far, and a word.
    """
    agent = job.agent
    assert agent is not None
    passages = read_in_order(job)[0]
    library = Library.of(sorted(passages, key=lambda passage: passage.passage_id))
    # Shared memory stays as it is where some users only are learned.
    documents = Documents.of(agent, passages, job.blocks) if scope.only is None else None
    wanted = Wanted(
        config=agent.config,
        version=job.agent_version,
        extra=(library.digest,),
        relearn=job.learning.on_manager_change == "relearn",
        retry_skipped=agent.retry_skipped,
        as_of_us=scope.as_of_us,
    )
    shown = shown_of(job, tables)
    named = None if scope.only is None else pl.Series(user_hash(pl.Series(scope.only, dtype=pl.String)))

    def find(shard: int, only: pl.Series | None = None) -> Iterator[ShardWork]:
        if documents is not None and shard == DOCUMENT_SHARD:
            return iter([documents.find(ledger, wanted, only)])
        # Only whoever is named is read, also where the run goes through all rows: reading costs money.
        users = only if only is not None else named if scope.users is None else scope.users.filter(pl.col("shard") == shard)["user_hash"]
        until = job.as_of_us if job.as_of_us is not None else scope.until_us
        return find_work(job, ledger, tables.catalogue, shown, ShardSource(shard, scope.files[shard], users, until), wanted)

    stage = AgentStage(agent, job.layout, ledger, run_id, job.agent_blocks, library, checker_of(job, tables), say, documents)
    totals = stage.run([*([] if documents is None else [DOCUMENT_SHARD]), *scope.shards], find)
    for shard in scope.shards:
        left = folder / "fold" / f"{shard:04d}"
        left.mkdir(parents=True, exist_ok=True)
        published_blocks(ledger, shard, stage.counts.get(shard, {})).write_ipc(left / f"{BLOCKS}.arrow")
    if documents is not None:
        documents.publish(ledger, stage.counts.get(DOCUMENT_SHARD, {}), folder)
    return totals


def shown_of(job: Job, tables: Tables) -> Shown:
    """What is needed to show a run's rows."""
    suppressed = find_suppressed(job.sensitive, tables.catalogue).suppressed
    return Shown(
        tables.catalogue.items,
        tables.catalogue.levels,
        told_persons(job, tables),
        blocks_to_write(job),
        tables.catalogue.parents,
        tuple(job.context.attributes),
        job.sensitive,
        frozenset(suppressed.select("dim", "label").iter_rows()),
        job.weak,
        AgentConfig.model_fields["statistics"].default if job.agent is None else job.agent.config.statistics,
    )


def blocks_to_write(job: Job) -> tuple[Block, ...]:
    """The blocks of a user before the first step: empty."""
    return tuple(Block(spec) for spec in job.agent_blocks)


def told_persons(job: Job, tables: Tables) -> pl.DataFrame:
    """user_id, attribute, value: what may be stated of each user, and what operators state."""
    persons = stated_persons(job, tables).filter("stated").select("user_id", "attribute", "value")
    stances = tables.statements.select(
        "user_id",
        pl.lit("stated by an operator").alias("attribute"),
        pl.concat_str([pl.col("stance"), pl.coalesce("dim", pl.lit("")), pl.col("key")], separator=" ").alias("value"),
    )
    # Several of one user stay apart.
    numbered = stances.with_columns(
        (pl.col("attribute") + " " + (pl.int_range(pl.len()).over("user_id") + 1).cast(pl.String)).alias("attribute")
    )
    return pl.concat([persons, numbered.cast(persons.schema)])

