"""The verbs that check and tell: verify and status."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from memlearn.learning.ingest import find_pending, known_deliveries
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
        return None, (), _pending(loaded, None, [])
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
    # The lock is held for reading the books only, so that a run that begins meanwhile need not wait for long.
    try:
        known, runs = _read_books(layout)
    finally:
        os.close(descriptor)
    return None, tuple(_summary(run) for run in runs), _pending(loaded, known, runs)


def _read_books(layout: StoreLayout) -> tuple[pl.DataFrame | None, list[dict[str, Any]]]:
    """Deliveries that were read, None where nothing was yet, and the last runs."""
    if not layout.ledger.is_file():
        return None, []
    ledger = Ledger(layout.ledger)
    try:
        return known_deliveries(ledger), last_runs(ledger)
    finally:
        ledger.close()


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


def _pending(loaded: LoadedConfig, known: pl.DataFrame | None, runs: Sequence[dict[str, Any]]) -> tuple[PendingDelivery, ...]:
    job = make_job(loaded)
    if known is None:
        return tuple(PendingDelivery(name, str(source.path or "sql"), "new") for name, source in sorted(job.events.items()))
    done = max((str(run["run_id"]) for run in runs if run["state"] == "done"), default="")
    # Read by a run that failed or was killed before it published.
    unpublished = {(source, name) for source, name, run in known.select("source", "name", "run_id").iter_rows() if run > done}
    names = set(known.select("source", "name").iter_rows())
    out = [PendingDelivery(source, name, "new") for source, name in sorted(unpublished)]
    for source in find_pending(job, known):
        for delivery in source.deliveries:
            place = (source.name, delivery.name)
            if place in unpublished or (delivery.path is None and place in names):
                continue
            since = iso_instant(delivery.mtime_ns // 1000) if delivery.path is not None else None
            out.append(PendingDelivery(source.name, delivery.name, "changed" if place in names else "new", since))
    return tuple(out)
