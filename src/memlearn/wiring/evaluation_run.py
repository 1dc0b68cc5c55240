"""The stages of an evaluation behind names and numbers: what the loop of the CLI and the tasks of a flow call.

An `EvaluationHandle` is plain JSON values, so it may cross the border of a task; the evaluation behind it stays in the process that
prepared it. What a stage made is kept in the evaluation's folder, so that a run that died goes on where it stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from memlearn.errors import MemlearnError, StoreError
from memlearn.evaluation.evaluate import Named, judge_all, look, method_names, rank_at, rank_baseline
from memlearn.evaluation.judge import Lists
from memlearn.evaluation.learned import Ranked
from memlearn.evaluation.looks import LOG, earlier_looks, note_look
from memlearn.evaluation.report import render_page
from memlearn.evaluation.report.words import summary
from memlearn.evaluation.results import Evaluation
from memlearn.evaluation.scratch import clear, evaluating, scratch_of
from memlearn.evaluation.session import Session, open_session
from memlearn.learning.job import Report
from memlearn.store import StoreLayout
from memlearn.store.gc import collect_garbage
from memlearn.wiring.cleaning import clean_store
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig
from memlearn.wiring.reports_evaluate import EvaluateReport

PAGE, DOCUMENT = "evaluation.html", "evaluation.json"
# Releases of cuts that stay in the scratch store; what was ranked of the others is kept beside it.
_RELEASES_KEPT = 2


@dataclass(frozen=True, slots=True)
class EvaluationHandle:
    """Names an evaluation under way: its store, its cuts in order of time, and its baselines."""

    store: str
    cuts: tuple[str, ...]
    baselines: tuple[str, ...]


@dataclass(slots=True)
class _Held:
    """An evaluation under way, and what its stages made."""

    loaded: LoadedConfig
    session: Session
    stack: ExitStack
    begun: float
    ranked: dict[int, Ranked] = field(default_factory=dict)
    lists: dict[str, Lists] = field(default_factory=dict)

    def in_order(self) -> list[Ranked]:
        return [self.ranked[number] for number in range(len(self.session.judged))]


_open: dict[str, _Held] = {}


def prepare(loaded: LoadedConfig, *, final: bool = False, max_cost: float | None = None, report: Report | None = None) -> EvaluationHandle:
    """Read the sources beside the store and lay the cuts; `conclude` or `abandon` ends it.

    Args:
        loaded: the config.
        final: look at the test period.
        max_cost: most that the agent may spend at each cut.
        report: told stage, done, total and a word.

    Raises:
        BusyError: another evaluation is at work, or a learn run while its store is mirrored.
        InputError: there is too little to judge by.
    """
    begun = time.perf_counter()
    scratch = scratch_of(StoreLayout(loaded.config.store))
    job = make_job(loaded, max_cost=max_cost, report=report)
    with ExitStack() as stack:
        stack.enter_context(evaluating(scratch))
        session = open_session(job, loaded.config.evaluation, scratch, loaded.config.timezone, final=final)
        handle = EvaluationHandle(str(loaded.config.store), tuple(one.cut.name for one in session.judged), tuple(method_names(session)))
        _open[handle.store] = _Held(loaded, session, stack.pop_all(), begun)
    return handle


def rank_cut(handle: EvaluationHandle, number: int) -> str:
    """Learn as of one of the cuts and rank everybody; returns the release's id."""
    held = _held(handle)
    held.ranked[number] = rank_at(held.session, number)
    return held.ranked[number].release_id


def rank_method(handle: EvaluationHandle, name: str) -> str:
    """Tune a baseline and rank at the cuts, which memory has been ranked at before; returns its title."""
    held = _held(handle)
    held.lists[name] = rank_baseline(held.session, name, held.in_order())
    return held.lists[name].title


def conclude(handle: EvaluationHandle, *, report: str | Path | None = None, remove: bool = False) -> EvaluateReport:
    """Judge, write the report, log a final look, and clean what no later evaluation needs.

    Args:
        handle: the evaluation; all its cuts and baselines are ranked.
        report: folder of the report; default: in the evaluation's folder.
        remove: remove all but the report.

    Raises:
        StoreError: the report cannot be written.
    """
    held = _held(handle)
    session = held.session
    folder = session.scratch.report if report is None else Path(report)
    ranked = held.in_order()
    named = Named(
        data=held.loaded.path.stem,
        config=held.loaded.path.name,
        version=version("memlearn"),
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        looks=earlier_looks(folder) if session.final else 0,
    )
    lists = [held.lists[name] for name in handle.baselines]
    evaluation = judge_all(session, named, ranked, lists, look(session, ranked))
    write_report(folder, evaluation)
    if session.final:
        note_look(folder, evaluation, held.loaded.digest)
    _tidy(session, remove=remove)
    found = EvaluateReport(
        evaluation=evaluation,
        said=summary(evaluation),
        page=str(folder / PAGE),
        document=str(folder / DOCUMENT),
        log=str(folder / LOG) if session.final else None,
        seconds=round(time.perf_counter() - held.begun, 3),
    )
    abandon(handle)
    return found


def abandon(handle: EvaluationHandle) -> None:
    """Let go of an evaluation; what it made is kept. Does nothing for one that has ended."""
    held = _open.pop(handle.store, None)
    if held is not None:
        held.stack.close()


def run_stages(
    handle: EvaluationHandle, *, report: str | Path | None, remove: bool, say: Callable[[str, int, int, str], None]
) -> EvaluateReport:
    """All stages, one after the other, in this process."""
    try:
        for number, name in enumerate(handle.cuts):
            say("cuts", number, len(handle.cuts), f"learning as of {name}")
            rank_cut(handle, number)
        say("cuts", len(handle.cuts), len(handle.cuts), "ranked")
        for number, name in enumerate(handle.baselines):
            say("methods", number, len(handle.baselines), name)
            rank_method(handle, name)
        say("methods", len(handle.baselines), len(handle.baselines), "judging")
        return conclude(handle, report=report, remove=remove)
    finally:
        abandon(handle)


def write_report(folder: Path, evaluation: Evaluation) -> None:
    """Write the page and the same as JSON.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        document = json.dumps(evaluation.to_json(), ensure_ascii=False, indent=2)
        for name, text in ((PAGE, render_page(evaluation)), (DOCUMENT, document + "\n")):
            aside = folder / f".{name}.tmp"
            aside.write_text(text, encoding="utf-8")
            aside.replace(folder / name)
    except OSError as error:
        raise StoreError(
            f"The report cannot be written to {str(folder)!r}: {error.strerror}. Name another folder with --report."
        ) from error


def _tidy(session: Session, *, remove: bool) -> None:
    if remove:
        clear(session.scratch)
        return
    collect_garbage(session.job.layout, _RELEASES_KEPT)
    clean_store(session.job.layout)


def _held(handle: EvaluationHandle) -> _Held:
    held = _open.get(handle.store)
    if held is None:
        raise MemlearnError(
            f"No evaluation of {handle.store!r} is under way in this process. All its stages belong to the process that prepared it."
        )
    return held
