"""Replay: rebuild what a run published from its rows and the journals, without a single request."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import polars as pl

from memlearn.errors import NoReleaseError, UnknownRunError, UsageError
from memlearn.learning.agent.answers import Answers
from memlearn.learning.agent.names import DOCUMENT_SHARD
from memlearn.learning.agent.past import Past
from memlearn.learning.agent.settling import find_unsettled
from memlearn.learning.agent.version import model_settings
from memlearn.learning.job import MANAGER_VERSION, Job
from memlearn.learning.lock import learning
from memlearn.learning.run import LearnRun, finish, open_run
from memlearn.store.apart import read_apart
from memlearn.store.files import link_file
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.manifest import LearnedRows, Manifest, read_manifest, write_manifest


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay went.

    Args:
        run_id: the run.
        release_id: what it published.
        content_digest: of that.
        again: of what the replay made.
        answers: answers that were taken from the journals.
        booked: steps of other versions of the agent, whose lines were taken from the ledger.
        problem: why the content is another one; None: it is the same.
    """

    run_id: str
    release_id: str
    content_digest: str
    again: str
    answers: int
    booked: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class _Done:
    """A run that is done.

    Args:
        run_id: which.
        manifest: of what it published.
        as_of_us: the instant that it was asked for; None: it learned from all rows.
        users: whom it was told to learn; None: everybody.
        base: the release that the others' memory was taken over from.
    """

    run_id: str
    manifest: Manifest
    as_of_us: int | None
    users: tuple[str, ...] | None
    base: Manifest | None


def replay(job: Job, run_id: str) -> Replayed:
    """Learn as a run did: from the rows that its release pins, and with the answers that were given then.

    Items, persons, operator statements and documents are read from the sources as they are. Where a run learned some users only, the
    others' memory is taken over from the release that it was built on.

    Args:
        job: of the config; it has an agent.
        run_id: the run.

    Raises:
        BusyError: a learn run works on this store.
        UsageError: there is nothing to replay: the config has no agent, or it is not that of the run.
        UnknownRunError: there is no such run, or it was not finished.
        NoReleaseError: what it published, or what that was built on, is not kept any more.
    """
    if job.agent is None:
        raise UsageError("There is nothing to replay: `learning.manager` is `embedded`, which asks no model.")
    with learning(job), closing(Ledger(job.layout.ledger)) as ledger:
        done = _look_up(job, ledger, run_id)
        _require_same_agent(job, ledger, done)
        past = Past(ledger, run_id, Answers.read(job.layout.journals, find_unsettled(job.layout, ledger)), model_settings(job.agent.config))
        rows = _rows_of(job.layout, done)
        # The shards of some users alone do not tell up to when everybody's rows reached.
        as_of_us = done.as_of_us if done.base is None else rows.until_us
        with _scratch(job.layout, done) as layout:
            again = replace(job, layout=layout, as_of_us=as_of_us, users=done.users, agent=replace(job.agent, past=past, cap=None))
            with open_run(again) as run:
                _take_rows(run, job.layout, rows, int(ledger.fact("shards") or 1))
                run.ingest(read=False)
                run.fold()
                run.learn_by_agent()
                run.share()
                run.render()
                made = run.publish().manifest
                finish(run, {"release_id": made.release_id})
                stopped = None if run.agent is None else run.agent.tally.stopped
    before = done.manifest
    problem = None if made.content_digest == before.content_digest else stopped or _why_other(before, made)
    return Replayed(run_id, before.release_id, before.content_digest, made.content_digest, past.taken, past.booked, problem)


def _look_up(job: Job, ledger: Ledger, run_id: str) -> _Done:
    found = ledger.fetch("select state, release_id, as_of_us, version, users, base from runs where run_id = ?", [run_id])
    if found.is_empty():
        raise UnknownRunError(f"There is no run {run_id!r}. `memlearn status CONFIG` lists the last runs.")
    run = found.row(0, named=True)
    if run["state"] != "done":
        raise UnknownRunError(
            f"Run {run_id!r} is {run['state']} and published nothing; only a run that is done can be replayed. What was answered to it is part of the "
            "run after it."
        )
    if run["version"] != MANAGER_VERSION:
        raise UsageError(
            f"Run {run_id!r} was made with {run['version']!r} of the embedded manager, and this memlearn has {MANAGER_VERSION!r}. Replay it with the "
            "memlearn that made it."
        )
    manifest = _kept(job.layout, run["release_id"], f"Release {run['release_id']!r} of run {run_id!r}")
    users = None if run["users"] is None else tuple(json.loads(run["users"]))
    built_on = f"Run {run_id!r} learned some users only, and took over the others from release {run['base']!r}, which"
    base = None if run["base"] is None else _kept(job.layout, run["base"], built_on)
    return _Done(run_id, manifest, run["as_of_us"], users, base)


def _kept(layout: StoreLayout, release_id: str, told: str) -> Manifest:
    if not layout.manifest(release_id).is_file():
        raise NoReleaseError(f"{told} is not kept any more; `releases.keep` says how many are.")
    return read_manifest(layout, release_id)


def _require_same_agent(job: Job, ledger: Ledger, done: _Done) -> None:
    """What another agent would have asked is in no journal, so that nothing could be said of it."""
    way_out = "Replay it with the config and the prompts as they were then; a copy elsewhere will do where its `store` is this one."
    if done.manifest.config_digest != job.config_digest:
        raise UsageError(f"The config has other settings now than when run {done.run_id!r} published. {way_out}")
    query = (
        "select version from agent_steps where run_id = ? and shard <> ? union"
        " select version from agent_steps_replaced where run_id = ? and shard <> ?"
    )
    versions = sorted(ledger.fetch(query, [done.run_id, DOCUMENT_SHARD, done.run_id, DOCUMENT_SHARD])["version"].to_list())
    if versions and job.agent_version not in versions:
        raise UsageError(
            f"Run {done.run_id!r} was done by {versions[0]}, and the agent is {job.agent_version} now: its prompts, its tools or memlearn's checker are "
            f"others. {way_out}"
        )


def _why_other(before: Manifest, made: Manifest) -> str:
    if made.population.get("inputs") != before.population.get("inputs"):
        return "Every answer was there and the rows are those of then, but the catalogue is another one, or this memlearn words things otherwise."
    return "Every answer was there and the rows are those of then, so persons, operator statements or documents are not as they were."


@contextmanager
def _scratch(layout: StoreLayout, done: _Done) -> Iterator[StoreLayout]:
    """A store beside the store, empty but for the release that the run was built on."""
    scratch = StoreLayout(layout.tmp / f"replay-{done.run_id}")
    shutil.rmtree(scratch.root, ignore_errors=True)
    try:
        scratch.create()
        if done.base is not None:
            _take_base(layout, scratch, done.base)
        yield scratch
    finally:
        shutil.rmtree(scratch.root, ignore_errors=True)


def _take_base(layout: StoreLayout, scratch: StoreLayout, base: Manifest) -> None:
    """The release as it is, but for its searchable tables, which have no part in its content."""
    for segment in base.segments:
        link_file(layout.segment(segment.file), scratch.segment(segment.file))
    for suffix in ("", "-pairs"):
        file = f"population/{base.population['file']}{suffix}.parquet"
        link_file(layout.root / file, scratch.root / file)
    scratch.release(base.release_id).mkdir(parents=True)
    if base.apart_users is not None:
        link_file(layout.apart(base.release_id), scratch.apart(base.release_id))
    scratch.manifest(base.release_id).write_bytes(write_manifest(replace(base, lance={})))
    scratch.current.write_text(base.release_id + "\n")


def _rows_of(layout: StoreLayout, done: _Done) -> LearnedRows:
    """What a run learned its users from."""
    if done.users is not None:
        apart = read_apart(layout, done.manifest)
        mine = apart.users.filter(pl.col("user_id").is_in(list(done.users)))["version"]
        if len(mine):
            return apart.versions[int(mine[0])]
    return done.manifest.learned_rows


def _take_rows(run: LearnRun, layout: StoreLayout, learned: LearnedRows, shards: int) -> None:
    """Link rows, and name them in the books of a run, as if it had read them."""
    rows = []
    for folder, files in learned.shards(layout.root).items():
        for seq, file in enumerate(files):
            link_file(folder / file, run.job.layout.rows / folder.name / file)
            rows.append((int(folder.name), seq, file, 0, run.run_id))
    with run.ledger.transaction():
        run.ledger.set_facts({"shards": str(shards)})
        run.ledger.append("row_files", pl.DataFrame(rows, ["shard", "seq", "file", "rows", "run_id"], orient="row"))
