"""The verbs that check and tell: verify and status."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memlearn.learning.ingest import find_pending
from memlearn.learning.run import hold_learning_lock, last_runs
from memlearn.store import StoreLayout, open_release
from memlearn.store.ledger import Ledger
from memlearn.store.manifest import Manifest, read_manifest
from memlearn.store.status import read_status
from memlearn.store.switch import current_release_id
from memlearn.wiring.instants import iso_instant
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig, load_config
from memlearn.wiring.reports import FactProblem, PendingDelivery, Progress, RunSummary, StatusReport, VerifyReport

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
            release, job.layout, weak=job.weak, attributes=job.context.attributes, min_users=job.shared.min_users, progress=say
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


def status(config: str | Path | LoadedConfig) -> StatusReport:
    """What is learned, what is pending and since when; also while a learn runs."""
    loaded = config if isinstance(config, LoadedConfig) else load_config(config)
    layout = StoreLayout(loaded.config.store)
    manifest = _current(layout)
    counts = dict(manifest.counts) if manifest is not None else {}
    running, runs, pending = _runs(loaded, layout)
    return StatusReport(
        store=str(layout.root),
        release_id=manifest.release_id if manifest is not None else None,
        as_of=iso_instant(manifest.as_of_us) if manifest is not None else None,
        published=iso_instant(int(layout.manifest(manifest.release_id).stat().st_mtime) * 1_000_000) if manifest is not None else None,
        users=int(counts.get("users", 0)),
        events=int(counts.get("events", 0)),
        statements=int(counts.get("statements", 0)),
        running=running,
        pending=pending,
        runs=runs,
    )


def _current(layout: StoreLayout) -> Manifest | None:
    if not layout.current.is_file():
        return None
    return read_manifest(layout, current_release_id(layout))


def _runs(loaded: LoadedConfig, layout: StoreLayout) -> tuple[RunSummary | None, tuple[RunSummary, ...], tuple[PendingDelivery, ...]]:
    if not layout.root.is_dir():
        return None, (), _pending(loaded, None)
    descriptor = hold_learning_lock(layout)
    if descriptor is None:
        said = read_status(layout) or {}
        running = RunSummary(
            str(said.get("run_id", "")),
            "running",
            str(said.get("at", "")),
            message=f"{said.get('stage')} {said.get('done')}/{said.get('total')}",
        )
        return running, tuple(_summary(run) for run in said.get("earlier", [])), ()
    try:
        if not layout.ledger.is_file():
            return None, (), _pending(loaded, None)
        ledger = Ledger(layout.ledger)
        try:
            return None, tuple(_summary(run) for run in last_runs(ledger)), _pending(loaded, ledger)
        finally:
            ledger.close()
    finally:
        os.close(descriptor)


def _summary(run: dict[str, Any]) -> RunSummary:
    report: dict[str, Any] = json.loads(run["report"]) if run.get("report") else {}
    # Nobody holds the lock of learning, so a run that never said how it ended was killed.
    state = "killed" if run["state"] == "running" else str(run["state"])
    return RunSummary(
        run_id=str(run["run_id"]),
        state=state,
        started=str(run["started_at"]),
        ended=run.get("ended_at"),
        release_id=run.get("release_id"),
        steps_done=int(report.get("steps_done", 0)),
        message=str(report.get("error") or ""),
    )


def _pending(loaded: LoadedConfig, ledger: Ledger | None) -> tuple[PendingDelivery, ...]:
    job = make_job(loaded)
    if ledger is None:
        return tuple(PendingDelivery(name, str(source.path or "sql"), "new") for name, source in sorted(job.events.items()))
    known = set(ledger.fetch("select source, name from deliveries").iter_rows())
    out = []
    for source in find_pending(job, ledger):
        for delivery in source.deliveries:
            if delivery.path is None and (source.name, delivery.name) in known:
                continue
            since = iso_instant(delivery.mtime_ns // 1000) if delivery.path is not None else None
            out.append(PendingDelivery(source.name, delivery.name, "changed" if (source.name, delivery.name) in known else "new", since))
    return tuple(out)
