"""Say what a run would do, without doing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memlearn.learning.ingest import find_pending, known_deliveries, removed_sources
from memlearn.learning.job import MANAGER_VERSION, Job
from memlearn.learning.lock import learning
from memlearn.learning.scope import current_manifest
from memlearn.learning.shards import estimate_rows
from memlearn.sources.locate import list_deliveries
from memlearn.store.ledger import Ledger

if TYPE_CHECKING:
    from memlearn.learning.agent.estimate import Estimate

# What a row takes of a chunk on average, in tokens of our estimate; only used before any row was read.
ROW_TOKENS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do; the fields are those of the report."""

    release_id: str | None
    users: int
    events: int
    statements: int
    steps_to_do: int
    steps_to_reuse: int
    rows_to_read: int
    deliveries_to_read: int
    deliveries_unchanged: int
    basis: str
    agent: Estimate | None = None


def make_plan(job: Job) -> Plan:
    """Look at the deliveries and the ledger; where an agent learns, also read what is new, into a folder that goes away.

    Raises:
        BusyError: a learn run works on this store.
        SourceError: a source is missing, or too much of it cannot be used.
    """
    plan = _look(job)
    return plan if job.agent is None else replace(plan, agent=_ask_nothing(job))


def _look(job: Job) -> Plan:
    if not job.layout.ledger.is_file():
        return _plan_first(job)
    with learning(job):
        ledger = Ledger(job.layout.ledger)
        try:
            return _plan_next(job, ledger)
        finally:
            ledger.close()


def _ask_nothing(job: Job) -> Estimate:
    """What the agent would do with all rows, those that are still to be read among them: they are read beside the store."""
    # Only a run with an agent pays for loading what that takes.
    from memlearn.learning.agent.estimate import estimate
    from memlearn.learning.run import open_run
    from memlearn.learning.scratch import scratch_store

    with scratch_store(job) as layout, open_run(replace(job, layout=layout)) as run:
        run.ingest()
        return estimate(run.job, run.ledger)


def _plan_first(job: Job) -> Plan:
    deliveries = [delivery for name, source in sorted(job.events.items()) for delivery in list_deliveries(name, source, job.context)]
    rows = estimate_rows(deliveries)
    steps = max(1, rows * ROW_TOKENS // job.chunks.tokens)
    basis = (
        "Nothing was learned yet. Rows are counted in Parquet files and estimated from the size of others. Steps are reckoned at about "
        f"{job.chunks.tokens // ROW_TOKENS} rows each; how many users there are is not known yet, and each has at least one."
    )
    return Plan(None, 0, 0, 0, steps, 0, rows, len(deliveries), 0, basis)


def _plan_next(job: Job, ledger: Ledger) -> Plan:
    known = known_deliveries(ledger)
    pending, removed = find_pending(job, known), removed_sources(job, known)
    to_read = [delivery for source in pending for delivery in source.deliveries]
    listed = sum(len(list_deliveries(name, source, job.context)) for name, source in job.events.items())
    current = current_manifest(job.layout)
    counts = dict(current.counts) if current is not None else {}
    steps, events = int(counts.get("steps", 0)), int(counts.get("events", 0))
    dirty = int(ledger.fetch("select count(*) as n from dirty").item())
    rows = estimate_rows(to_read)
    old = int(ledger.fetch("select count(*) as n from steps where version <> ?", [MANAGER_VERSION]).item())
    per_step = max(1, events // steps) if steps else max(1, job.chunks.tokens // ROW_TOKENS)
    to_do = dirty + (-(-rows // per_step) if rows else 0)
    basis = f"{len(to_read)} of {listed} deliveries are new or changed; {dirty} users wait to be learned; about {per_step} events a step so far."
    if removed:
        basis += f" No longer in the config, so that their rows are taken back: {', '.join(map(repr, removed))}."
    if old:
        basis += f" {old} steps were made by an earlier version of the manager."
    return Plan(
        release_id=current.release_id if current is not None else None,
        users=int(counts.get("users", 0)),
        events=events,
        statements=int(counts.get("statements", 0)),
        steps_to_do=to_do,
        steps_to_reuse=max(steps - to_do, 0),
        rows_to_read=rows,
        deliveries_to_read=len(to_read),
        deliveries_unchanged=listed - len(to_read),
        basis=basis,
    )
