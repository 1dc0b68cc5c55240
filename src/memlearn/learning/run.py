"""A learn run, stage by stage: ingest, fold, shared memory, render, publish.

Each stage leaves its results in the run's work folder or in the ledger, so that the stages may be called by a loop, by
threads or by the tasks of a flow. A run that dies is simply run again: what its ledger transactions named is kept, and
everything else is removed.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from memlearn.errors import MemlearnError
from memlearn.learning.agent.due import who_waits
from memlearn.learning.allocator import give_back, memory_kept
from memlearn.learning.embedded.pairs import add_pairs, pair_dimension, sample_modulus
from memlearn.learning.embedded.population import add_up
from memlearn.learning.fold import FoldTask, drop_candidates, fold_shard, pick_up
from memlearn.learning.given import known_inputs, list_given, record_given, show_known
from memlearn.learning.ingest import Ingested, find_pending, ingest, known_deliveries, mark_dirty
from memlearn.learning.job import MANAGER_VERSION, Job
from memlearn.learning.lock import learning
from memlearn.learning.pointless import find_pointless
from memlearn.learning.publish import Outcome, publish
from memlearn.learning.publish_shared import Crowd
from memlearn.learning.rankers import one_in, train_offers_of, train_ranker_of
from memlearn.learning.render import Given, RenderTask, bundle_shards, gather_given, render_shards
from memlearn.learning.scope import Scope, decide_scope
from memlearn.learning.suppressed import leave_out, note_suppressed, noted
from memlearn.learning.sweep import sweep
from memlearn.learning.tables import Tables, given_digests, in_force, read_tables, with_items
from memlearn.learning.warnings import find_warnings, list_rejects
from memlearn.records import LEVEL_PREFIX
from memlearn.store.files import disk_full_reported
from memlearn.store.gc import drop_unpublished
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.release import open_release
from memlearn.store.rows import user_hash
from memlearn.store.status import write_status

if TYPE_CHECKING:
    from memlearn.learning.agent.stage import Totals

Part = TypeVar("Part")


@dataclass(slots=True)
class LearnRun:
    """One run, from opening the ledger to closing it.

    Use as `with open_run(job) as run:` and call the stages in order.
    """

    job: Job
    ledger: Ledger
    run_id: str
    folder: Path
    started: float
    tables: Tables
    given: pl.DataFrame | None = None
    ingested: Ingested = field(default_factory=Ingested)
    scope: Scope | None = None
    population: pl.DataFrame | None = None
    pairs: pl.DataFrame | None = None
    ranker: pl.DataFrame | None = None
    offers: pl.DataFrame | None = None
    to_render: Given | None = None
    stages: dict[str, tuple[float, int]] = field(default_factory=dict)
    guard: Lock = field(default_factory=Lock)
    earlier: list[dict[str, object]] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    rejects_file: Path | None = None
    timings: dict[str, float] = field(default_factory=dict)
    agent: Totals | None = None

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        self._say(stage)
        try:
            yield
        finally:
            self.timings[stage] = self.timings.get(stage, 0.0) + time.perf_counter() - begun

    def ingest(self, *, read: bool = True) -> None:
        """Read what is new, and decide whom the run has to learn.

        Args:
            read: False learns from the events that the store holds, and looks at no source of events.
        """
        with self._timed("ingest"):
            warm_up()
            if read:
                pending = find_pending(self.job, known_deliveries(self.ledger))
                self.ingested = ingest(self.job, self.ledger, pending, self.folder, self.run_id)
            self.scope = decide_scope(self.job, self.ledger, self.tables, self._mark_given)
            if self.scope.only is not None and self.scope.current is not None:
                # The catalogue belongs to shared memory, which stays as it is: what is said of these users must agree with it.
                with open_release(self.job.layout, self.scope.current.release_id) as release:
                    self.tables = with_items(self.tables, release.shared("items"), self.job.levels)
            if self.scope.only is not None:
                base = None if self.scope.current is None else self.scope.current.release_id
                self.ledger.execute(
                    "update runs set users = ?, base = ? where run_id = ?", [json.dumps(self.scope.only), base, self.run_id]
                )

    def _mark_given(self, as_of_us: int) -> None:
        """Users whose given facts changed are learned anew too; what was stated until before the instant is no longer given."""
        self.tables = in_force(self.tables, as_of_us)
        now = given_digests(self.tables)
        with self.ledger.transaction():
            if self.job.agent is not None:
                waiting = who_waits(self.ledger, as_of_us, skipped=self.job.agent.retry_skipped)
                mark_dirty(self.ledger, [waiting.with_columns(pl.lit(None, pl.Int64).alias("since_us"))])
            before = self.ledger.fetch("select user_id, given from given")
            both = now.join(before.rename({"given": "before"}), on="user_id", how="full", coalesce=True)
            changed = both.filter(pl.col("given").ne_missing(pl.col("before")))
            if changed.is_empty():
                return
            shards = int(self.ledger.fact("shards") or 1)
            mark_dirty(self.ledger, [_with_shard(changed, shards)])
            self.ledger.execute("delete from given")
            self.ledger.append("given", now)

    def shard_ids(self) -> list[int]:
        """The shards that have something to fold."""
        assert self.scope is not None
        return list(self.scope.shards)

    def fold_shard(self, shard: int) -> None:
        """Fold one shard."""
        with self._part("fold"):
            self._fold_shard(shard)

    def _fold_shard(self, shard: int) -> None:
        scope = self._scope()
        users = None if scope.users is None else scope.users.filter(pl.col("shard") == shard)["user_hash"]
        task = FoldTask(
            shard,
            scope.files[shard],
            users,
            scope.boundary if scope.full else None,
            self._pairs_of(scope),
            one_in(scope, self.job.learning.ranker),
            one_in(scope, self.job.learning.offers),
            self.folder / "fold",
            self.run_id,
            self.job.as_of_us if self.job.as_of_us is not None else scope.until_us,
        )
        fold_shard(self.job, self.ledger, self.tables, task)

    def _pairs_of(self, scope: Scope) -> tuple[str, int]:
        items = self.tables.catalogue.items
        by_merchant = any(source.merchants for source in self.job.events.values())
        sizes = {} if by_merchant else {level: items[LEVEL_PREFIX + level].n_unique() for level in self.job.levels}
        return pair_dimension(sizes), sample_modulus(scope.extent.users)

    def fold(self) -> None:
        """Fold all shards, side by side."""
        self._side_by_side("fold", self.fold_shard, self.shard_ids())
        # Rendering takes other memory, and less of it.
        give_back()

    def learn_by_agent(self) -> None:
        """Let the agent read what is new; does nothing where there is none."""
        if self.job.agent is None:
            return
        # Models are asked by few runs; what that takes is loaded by these.
        from memlearn.learning.agent.reading import read_by_agent

        def say(done: int, total: int, what: str) -> None:
            self.job.report("agent", done, total, what)
            self._say("agent", done, total)

        with self._timed("agent"):
            self.agent = read_by_agent(self.job, self.ledger, self.tables, self._scope(), self.folder, self.run_id, say)

    def share(self) -> None:
        """Add up what all users do, or take it over from the current release where it still stands."""
        scope = self._scope()
        with self._timed("shared"):
            shards = self.shard_ids()
            if scope.full:
                self.population = add_up(pick_up(self.folder / "fold", shard, "population") for shard in shards)
                self.pairs = add_pairs((pick_up(self.folder / "fold", shard, "pairs") for shard in shards), self.job.shared.min_users)
            else:
                self.population, self.pairs = scope.load_population(self.job.layout)
            if shards:
                self.to_render = gather_given(self.job, self.tables, self.population, self.folder, shards)
            if scope.full and self.to_render is not None:
                self.population = note_suppressed(self.population, self.to_render.suppression)
                self.pairs = leave_out(self.pairs, noted(self.population))
        self._train()

    def _train(self) -> None:
        """Train what ranks where everybody is learned; else what the current release holds of it stands."""
        scope, shards = self._scope(), self.shard_ids()
        assert self.population is not None
        if one_in(scope, self.job.learning.ranker) is not None:
            with self._timed("ranker"):
                self.ranker = train_ranker_of(
                    self.job, self.tables, scope, [pick_up(self.folder / "fold", shard, "visits") for shard in shards]
                )
        if one_in(scope, self.job.learning.offers) is not None:
            with self._timed("offers"):
                parts = [pick_up(self.folder / "fold", shard, "sends") for shard in shards]
                visits = [pick_up(self.folder / "fold", shard, "applied") for shard in shards] if len(self.tables.applies) else []
                self.offers = train_offers_of(self.job, self.tables, scope, self.population, parts, visits)
        give_back()

    def render_shards(self, shards: Sequence[int]) -> None:
        """Word the memory of some shards' users; those of shards with few of them together."""
        for bundle in bundle_shards(shards, self._scope().users, self.job.learning.workers):
            self._render_bundle(bundle)

    def _render_bundle(self, shards: Sequence[int]) -> None:
        assert self.to_render is not None, "share comes first"
        scope = self._scope()
        with self._part("render", len(shards)):
            files = {shard: scope.files[shard] for shard in shards}
            render_shards(self.job, self.tables.catalogue, RenderTask(files, self.folder, self.to_render, scope.only))

    def render(self) -> None:
        """Render all shards, side by side."""
        self._side_by_side("render", self._render_bundle, bundle_shards(self.shard_ids(), self._scope().users, self.job.learning.workers))

    def publish(self, *, switch: bool = True) -> Outcome:
        """Build the release, switch to it, and close the books.

        Args:
            switch: False keeps the release aside; whoever decides about it promotes or refuses it.
        """
        assert self.population is not None
        assert self.pairs is not None
        self.job.report("publish", 0, 1, "building the release")
        with self._timed("publish"), ThreadPoolExecutor(1) as pool:
            # What only rendering needs goes before the system begins to write it to the disk.
            pool.submit(drop_candidates, self.folder / "fold", self.shard_ids())
            crowd = Crowd(self.population, self.pairs, self.ranker, self.offers)
            outcome = publish(self.job, self.ledger, self._scope(), self.tables, crowd, self.folder, self.run_id, switch=switch)
        if self.given is not None:
            record_given(self.ledger, self.given)
        self.rejects_file = list_rejects(self.job.layout, self.run_id, outcome.rejects, self.ingested.rejects_file)
        self.job.report("publish", 1, 1, outcome.manifest.release_id)
        self.timings.update(outcome.timings)
        self.warnings = (
            *((f"{self._scope().problem} Everybody was learned anew, which mends it.",) if self._scope().problem else ()),
            *find_warnings(
                self.job.layout,
                self.ledger,
                self.folder,
                self.shard_ids(),
                self.ingested,
                outcome.rejects,
                self._scope().extent,
                {name: source.kind for name, source in self.job.events.items()},
            ),
            *find_pointless(self.tables.statements, self.tables.catalogue, self.job.context.attributes, self.population),
        )
        return outcome

    @contextmanager
    def _part(self, stage: str, shards: int = 1) -> Iterator[None]:
        """One of the pieces of a stage that are worked on side by side: the stage lasts from the first to the last one."""
        now = time.perf_counter()
        with self.guard:
            begun, done = self.stages.setdefault(stage, (now, 0))
        yield
        with self.guard:
            begun, done = self.stages[stage]
            self.stages[stage] = (begun, done + shards)
            self.timings[stage] = time.perf_counter() - begun
            self.job.report(stage, done + shards, len(self.shard_ids()), "shards")
            self._say(stage, done + shards, len(self.shard_ids()))

    def _scope(self) -> Scope:
        assert self.scope is not None, "ingest comes first"
        return self.scope

    def _side_by_side(self, stage: str, work: Callable[[Part], None], parts: Sequence[Part]) -> None:
        self._say(stage, 0, len(self.shard_ids()))
        with ThreadPoolExecutor(self.job.learning.workers) as pool:
            for _ in pool.map(work, parts):
                pass

    def _say(self, stage: str, done: int = 0, total: int = 0) -> None:
        write_status(self.job.layout, self.run_id, stage, done, total, self.earlier)


def warm_up() -> None:
    """Import beside the run what only publishing needs; LanceDB takes a second."""

    def load() -> None:
        # Whoever needs it meets the error again.
        with suppress(Exception):
            import_module("memlearn.store.vectors")

    Thread(target=load, name="memlearn-warm-up").start()


def _with_shard(users: pl.DataFrame, shards: int) -> pl.DataFrame:
    hashes = pl.Series("shard", user_hash(users["user_id"]) % shards).cast(pl.Int32)
    return users.select("user_id", hashes, pl.lit(None, pl.Int64).alias("since_us"))


@contextmanager
def open_run(job: Job) -> Iterator[LearnRun]:
    """Open the ledger and begin a run; at the end the books say how it went.

    Raises:
        BusyError: another learn run works on this store.
        SourceError: a table of items, persons or statements cannot be read; nothing was changed.
    """
    with learning(job), disk_full_reported(job.layout.root), memory_kept():
        ledger = Ledger(job.layout.ledger)
        try:
            show_known(job.layout, known_inputs(ledger))
            run_id = _begin(job, ledger)
            folder = job.layout.tmp / run_id
            try:
                folder.mkdir(parents=True)
                # Listed before they are read, so that what changes meanwhile counts as not read.
                given = list_given(job, ledger, run_id) if job.users is None else None
                yield LearnRun(job, ledger, run_id, folder, time.perf_counter(), read_tables(job), given, earlier=ledger.last_runs()[1:])
            except BaseException as error:
                shutil.rmtree(folder, ignore_errors=True)
                # What went wrong first is what counts; a ledger that cannot be written then, on a full disk, takes the run for killed.
                with suppress(MemlearnError):
                    _close_run(job.layout, ledger, run_id, "failed", {"error": str(error) or type(error).__name__})
                raise
        finally:
            with suppress(MemlearnError):
                ledger.close()
            with suppress(MemlearnError, OSError):
                drop_unpublished(job.layout)


def _begin(job: Job, ledger: Ledger) -> str:
    sweep(job.layout, ledger)
    number = ledger.fetch("select count(*) as n from runs").item() + 1
    run_id = f"run-{number:06d}"
    ledger.execute("update runs set state = 'killed' where state = 'running'")
    ledger.execute(
        "insert into runs (run_id, started_at, state, as_of_us, version) values (?, ?, 'running', ?, ?)",
        [run_id, datetime.now(UTC), job.as_of_us, MANAGER_VERSION],
    )
    return run_id


def finish(run: LearnRun, report: dict[str, object]) -> None:
    """Close the books of a run that went through, and clear its work folder."""
    _close_run(run.job.layout, run.ledger, run.run_id, "done", report)
    shutil.rmtree(run.folder, ignore_errors=True)


def _close_run(layout: StoreLayout, ledger: Ledger, run_id: str, state: str, report: dict[str, object]) -> None:
    ledger.execute(
        "update runs set state = ?, ended_at = ?, release_id = ?, report = ? where run_id = ?",
        [state, datetime.now(UTC), report.get("release_id"), json.dumps(report), run_id],
    )
    write_status(layout, run_id, state)
