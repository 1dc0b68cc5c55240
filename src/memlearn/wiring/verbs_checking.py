"""The verbs that check and tell: verify and status."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from memlearn.learning.agent.costs import Costs, read_costs
from memlearn.learning.given import known_inputs, read_known
from memlearn.learning.lock import hold_learning_lock
from memlearn.learning.unread import find_unread
from memlearn.learning.waiting import Waiting, find_waiting
from memlearn.records.instants import iso_second
from memlearn.store import StoreLayout, open_release
from memlearn.store.ledger import Ledger
from memlearn.store.manifest import Manifest, read_manifest
from memlearn.store.status import read_status
from memlearn.store.switch import current_release_id
from memlearn.wiring.agent_outcome import agent_status, amount
from memlearn.wiring.instants import learned_until
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig, load_config
from memlearn.wiring.reports import FactProblem, Progress, VerifyReport
from memlearn.wiring.reports_agent import AgentStatus
from memlearn.wiring.reports_status import PendingDelivery, RunSummary, SourceProblem, StatusReport, WaitingUsers

if TYPE_CHECKING:
    from memlearn.grounding.verify import JudgeLines
    from memlearn.learning.job import Job

PROBLEMS_SHOWN = 100


def verify(config: str | Path | LoadedConfig, *, progress: Callable[[Progress], None] | None = None) -> VerifyReport:
    """Execute every fact of the current release again on the rows it was learned from.

    Raises:
        NoReleaseError: nothing was published yet.
    """
    from memlearn.grounding import verify_release

    begun = time.perf_counter()
    job = make_job(config if isinstance(config, LoadedConfig) else load_config(config))

    def say(done: int, total: int) -> None:
        if progress is not None:
            progress(Progress("verify", done, total, "shards"))

    with open_release(job.layout, verify=True) as release:
        found = verify_release(
            release,
            job.layout,
            weak=job.weak,
            attributes=job.context.attributes,
            min_users=job.shared.min_users,
            progress=say,
            judge_lines=_judge_of_lines(job, release.manifest),
        )
    problems = tuple(
        FactProblem(problem.user_id, problem.label, problem.text, problem.reason) for problem in found.problems[:PROBLEMS_SHOWN]
    )
    return VerifyReport(
        release_id=found.release_id,
        facts=found.facts,
        verified=found.verified,
        contradicted=found.contradicted,
        hypotheses=found.hypotheses,
        source_gone=found.source_gone,
        problems=problems,
        seconds=round(time.perf_counter() - begun, 3),
    )


def _judge_of_lines(job: Job, manifest: Manifest) -> JudgeLines:
    """What judges an agent's lines by their words; made with the first of them."""

    @cache
    def make() -> JudgeLines:
        from memlearn.learning.agent.recheck import LineJudge

        return LineJudge.of(job, manifest, job.layout)

    def judge(lines: pl.DataFrame) -> pl.DataFrame:
        return make()(lines)

    return judge


def status(config: str | Path | LoadedConfig) -> StatusReport:
    """What is learned, what is pending and since when; also while a learn runs, and where a source is missing."""
    loaded = config if isinstance(config, LoadedConfig) else load_config(config)
    layout = StoreLayout(loaded.config.store)
    manifest = _current(layout)
    counts = dict(manifest.counts) if manifest is not None else {}
    books = _read_books(layout, manifest)
    unread, troubles = find_unread(make_job(loaded), books.known, _unpublished(books)) if books.known is not None else ([], [])
    return StatusReport(
        store=str(layout.root),
        release_id=manifest.release_id if manifest is not None else None,
        as_of=learned_until(manifest) if manifest is not None else None,
        published=iso_second(layout.manifest(manifest.release_id).stat().st_mtime_ns // 1000) if manifest is not None else None,
        users=int(counts.get("users", 0)),
        events=int(counts.get("events", 0)),
        statements=int(counts.get("statements", 0)),
        running=books.running,
        pending=tuple(
            PendingDelivery(one.source, one.name, one.reason, iso_second(one.mtime_ns // 1000) if one.mtime_ns else None) for one in unread
        ),
        waiting=_waiting_users(books.waiting),
        problems=tuple(SourceProblem(trouble.source, trouble.message) for trouble in troubles),
        config_changed=manifest is not None and manifest.config_digest != loaded.digest,
        rolled_back=manifest is not None and books.booked is not None and books.booked != manifest.release_id,
        runs=tuple(_summary(run, books.costs) for run in books.runs),
        agent=_agent_status(loaded, books),
    )


def _waiting_users(found: Waiting | None) -> WaitingUsers | None:
    return None if found is None else WaitingUsers(found.users, found.apart, None if found.since_us is None else iso_second(found.since_us))


def _current(layout: StoreLayout) -> Manifest | None:
    if not layout.current.is_file():
        return None
    return read_manifest(layout, current_release_id(layout))


@dataclass(frozen=True, slots=True)
class _Books:
    """What the ledger says, or the files that a run at work leaves for those who may not open it.

    Args:
        known: deliveries that were read; None where that cannot be told.
        runs: the last runs, newest first, without the one at work.
        running: the run at work.
        booked: the release that the deliveries were read for; None where that cannot be told.
        costs: what the agent cost; None where none was ever at work, and where that cannot be told.
        waiting: users who wait to be learned; None where there are none, and where that cannot be told.
    """

    known: pl.DataFrame | None
    runs: Sequence[dict[str, Any]] = ()
    running: RunSummary | None = None
    booked: str | None = None
    costs: Costs | None = None
    waiting: Waiting | None = None


def _read_books(layout: StoreLayout, current: Manifest | None) -> _Books:
    nothing = pl.DataFrame(schema=dict.fromkeys(("source", "name", "run_id"), pl.String))
    # Before the first run nothing is there, and nothing is made by asking.
    if not (layout.learn_lock.is_file() or layout.ledger.is_file()):
        return _Books(nothing)
    descriptor = hold_learning_lock(layout)
    if descriptor is None:
        return _books_meanwhile(layout)
    # The lock is held for reading the books only, so that a run that begins meanwhile need not wait for long.
    try:
        if not layout.ledger.is_file():
            return _Books(nothing)
        ledger = Ledger(layout.ledger)
        try:
            return _Books(
                known_inputs(ledger),
                ledger.last_runs(),
                booked=ledger.fact("booked_release"),
                costs=read_costs(ledger),
                waiting=find_waiting(ledger, layout, current),
            )
        finally:
            ledger.close()
    finally:
        os.close(descriptor)


def _books_meanwhile(layout: StoreLayout) -> _Books:
    said = read_status(layout) or {}
    running = RunSummary(
        str(said.get("run_id", "")),
        "running",
        str(said.get("at", "")),
        message=f"{said.get('stage')} {said.get('done')}/{said.get('total')}",
    )
    return _Books(read_known(layout), said.get("earlier", []), running)


def _summary(run: dict[str, Any], costs: Costs | None = None) -> RunSummary:
    report: dict[str, Any] = json.loads(run["report"]) if run.get("report") else {}
    # Nobody holds the lock of learning, so a run that never said how it ended was killed.
    state = "killed" if run["state"] == "running" else str(run["state"])
    spent = None if costs is None else costs.runs.get(str(run["run_id"]))
    return RunSummary(
        run_id=str(run["run_id"]),
        state=state,
        started=str(run["started_at"]),
        ended=run.get("ended_at"),
        release_id=run.get("release_id"),
        steps_done=int(report.get("steps_done", 0)),
        message=str(report.get("error") or ""),
        cost=None if spent is None else amount(spent[0]),
    )


def _agent_status(loaded: LoadedConfig, books: _Books) -> AgentStatus | None:
    if books.costs is None:
        return None
    config = loaded.config.learning.agent
    reports = [json.loads(run["report"]) for run in books.runs if run.get("report")]
    agents = [report["agent"] for report in reports if report.get("agent")]
    stopped = str(agents[0]["stopped"]) if agents and agents[0].get("stopped") else None
    return agent_status(books.costs, None if config is None else config.prices, stopped)


def _unpublished(books: _Books) -> set[tuple[str, str]]:
    """What was read by a run that failed or was killed before it published."""
    assert books.known is not None
    done = max((str(run["run_id"]) for run in books.runs if run["state"] == "done"), default="")
    return {(source, name) for source, name, run in books.known.select("source", "name", "run_id").iter_rows() if run > done}
