"""The stages of a learn run behind ids and paths: what the loop of the CLI and the tasks of a flow call.

A `RunHandle` is plain JSON values, so it may cross the border of a task; the open run behind it stays in the process that
prepared it. The ledger has one writer, so all stages of a run are called in that process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from memlearn.errors import MemlearnError
from memlearn.learning.agent.costs import failed_calls, read_skipped
from memlearn.learning.agent.unpublished import UnpublishedLine, read_unpublished
from memlearn.learning.job import Report
from memlearn.learning.publish import Outcome
from memlearn.learning.run import LearnRun, finish, open_run
from memlearn.records.instants import iso_instant
from memlearn.wiring.agent_outcome import agent_report, agent_warnings
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig
from memlearn.wiring.reports import LearnReport


@dataclass(frozen=True, slots=True)
class RunHandle:
    """Names an open run: its id, its store, and whether everybody is learned."""

    run_id: str
    store: str


@dataclass(frozen=True, slots=True)
class _Held:
    """An open run, and what it was asked for."""

    run: LearnRun
    stack: ExitStack
    loaded: LoadedConfig
    max_cost: float | None


_open: dict[str, _Held] = {}


def prepare(
    loaded: LoadedConfig,
    *,
    as_of: str | datetime | None = None,
    users: Sequence[str] | None = None,
    report: Report | None = None,
    max_cost: float | None = None,
    retry_skipped: bool = False,
) -> RunHandle:
    """Open a run; `publish` or `abandon` closes it.

    Raises:
        BusyError: another learn run works on this store.
    """
    stack = ExitStack()
    job = make_job(loaded, as_of=as_of, users=users, report=report, max_cost=max_cost, retry_skipped=retry_skipped)
    run = stack.enter_context(open_run(job))
    handle = RunHandle(run.run_id, str(loaded.config.store))
    _open[_key(handle)] = _Held(run, stack, loaded, max_cost)
    return handle


def ingest(handle: RunHandle) -> None:
    """Read what is new."""
    _run(handle).ingest()


def shard_ids(handle: RunHandle) -> list[int]:
    """Shards that have something to fold; after `ingest`."""
    return _run(handle).shard_ids()


def fold_shard(handle: RunHandle, shard: int) -> None:
    """Fold one shard."""
    _run(handle).fold_shard(shard)


def fold(handle: RunHandle) -> None:
    """Fold all shards."""
    _run(handle).fold()


def learn_by_agent(handle: RunHandle) -> None:
    """Let the agent read what is new, where the config has one."""
    _run(handle).learn_by_agent()


def population(handle: RunHandle) -> None:
    """Add up what all users do; after all shards are folded."""
    _run(handle).share()


def render_shards(handle: RunHandle, shards: Sequence[int]) -> None:
    """Word the memory of some shards."""
    _run(handle).render_shards(shards)


def render(handle: RunHandle) -> None:
    """Word all shards' memory."""
    _run(handle).render()


def publish(handle: RunHandle) -> LearnReport:
    """Publish the release and close the run; where a gate must be passed first, serve the release only if it is."""
    held = _open[_key(handle)]
    before = _to_compare_with(held)
    report = _report(held.run, held.run.publish(switch=before is None))
    finish(held.run, report.to_json())
    del _open[_key(handle)]
    held.stack.close()
    if before is None or report.release_id is None or report.release_id == before:
        return report
    # Only a run that meets a gate loads what judges.
    from memlearn.wiring.gate import decide

    refused = decide(held.loaded, report.release_id, before, max_cost=held.max_cost, report=held.run.job.report)
    return report if refused is None else replace(report, release_id=before, published=False, refused_id=report.release_id, refused=refused)


def _to_compare_with(held: _Held) -> str | None:
    """The current release, where the config asks for a gate and is another one than that release came of."""
    current = held.run.scope.current if held.run.scope is not None else None
    if held.loaded.config.releases.gate is None or current is None or current.config_digest == held.loaded.digest:
        return None
    return current.release_id


def abandon(handle: RunHandle, error: BaseException) -> None:
    """Close a run that failed; its books say why. Does nothing for a run that is closed already."""
    held = _open.pop(_key(handle), None)
    if held is not None:
        held.stack.__exit__(type(error), error, error.__traceback__)


def _key(handle: RunHandle) -> str:
    return f"{handle.store}#{handle.run_id}"


def _run(handle: RunHandle) -> LearnRun:
    held = _open.get(_key(handle))
    if held is None:
        raise MemlearnError(
            f"Run {handle.run_id!r} is not open in this process. All stages of a run belong to the process that prepared it."
        )
    return held.run


def _report(run: LearnRun, outcome: Outcome) -> LearnReport:
    counts = outcome.manifest.counts
    rejected = run.ingested.rejected + len(outcome.rejects)
    unpublished, first = read_unpublished(run.ledger, most=1)
    return LearnReport(
        run_id=run.run_id,
        release_id=outcome.manifest.release_id,
        users=int(counts.get("users", 0)),
        events=int(counts.get("events", 0)),
        rejected_rows=rejected,
        steps_done=outcome.steps_done,
        steps_reused=outcome.steps_reused,
        statements=int(counts.get("statements", 0)),
        refused_edits=outcome.left_out,
        seconds=round(time.perf_counter() - run.started, 3),
        as_of=iso_instant(outcome.manifest.as_of_us - 1 if run.job.as_of_us is None else outcome.manifest.as_of_us),
        published=outcome.published,
        rejects_file=str(run.rejects_file) if run.rejects_file else None,
        warnings=(*run.warnings, *_agent_warnings(run, unpublished, first)),
        timings={name: round(seconds, 3) for name, seconds in run.timings.items()},
        agent=None if run.agent is None or run.job.agent is None else agent_report(run.agent, run.job.agent.config.prices, unpublished),
    )


def _agent_warnings(run: LearnRun, unpublished: int, first: Sequence[UnpublishedLine]) -> Iterator[str]:
    if run.agent is not None:
        skipped = read_skipped(run.ledger)
        yield from agent_warnings(run.agent, skipped, failed_calls(run.ledger, run.run_id), unpublished, first[0] if first else None)


def run_stages(handle: RunHandle) -> LearnReport:
    """All stages, one after the other, in this process."""
    stages: Sequence[Callable[[RunHandle], None]] = (ingest, fold, learn_by_agent, population, render)
    try:
        for stage in stages:
            stage(handle)
        return publish(handle)
    except BaseException as error:
        abandon(handle, error)
        raise
