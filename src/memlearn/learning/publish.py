"""Publish: build the release from the parts, switch to it, and close the ledger's books on the users it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from memlearn.learning.embedded.pairs import sample_modulus
from memlearn.learning.ingest import mark_dirty
from memlearn.learning.job import Job
from memlearn.learning.publish_shared import Clock, Crowd, blocks_of_release, draft_shared, finish_shared, read_written
from memlearn.learning.render import part_files
from memlearn.learning.scope import Scope, population_name
from memlearn.learning.tables import Tables
from memlearn.store.apart import LearnedApart, read_apart
from memlearn.store.files import move_durably
from memlearn.store.ledger import Ledger
from memlearn.store.manifest import LearnedRows, Manifest, SegmentInfo
from memlearn.store.parts import read_part
from memlearn.store.release import open_release
from memlearn.store.segments import stack_segments, write_user_segment
from memlearn.store.switch import ReleaseDraft, publish_release
from memlearn.store.totals import count_segments

if TYPE_CHECKING:
    from memlearn.chunks.documents import Passage
    from memlearn.learning.agent.documents.lines import Written
    from memlearn.store.vectors import VectorStore

TABLES = ("users", "statements", "item_facts", "cited_rows", "persons", "bought", "offered")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was published.

    Args:
        manifest: the release that is current now.
        published: False where the current release already said all of it.
        users: users that were learned in this run.
        steps_done, steps_reused: steps computed, and steps that an earlier run had done, over all users of the release.
        left_out: lines that found no room in their block.
        rejects: unusable rows of tables, and unusable documents.
        timings: seconds of the parts of publishing.
    """

    manifest: Manifest
    published: bool
    users: int
    steps_done: int
    steps_reused: int
    left_out: int
    rejects: pl.DataFrame
    timings: dict[str, float]


def publish(
    job: Job,
    ledger: Ledger,
    scope: Scope,
    tables: Tables,
    crowd: Crowd,
    folder: Path,
    run_id: str,
    *,
    switch: bool = True,
) -> Outcome:
    """Build, switch unless that is to be decided later, and record."""
    # `warm_up` imports it while the sources are read.
    from memlearn.store.vectors import VectorStore

    clock = Clock()
    written = read_written(folder)
    learned = _learned_users(folder)
    removed = _removed_users(scope, learned)
    fresh = [] if _as_published(job, scope, folder) else learned
    vectors = VectorStore(job.layout.lance)
    # Parts of building the users' segment keep one core busy only; another thread does meanwhile what does not wait for it.
    with ThreadPoolExecutor(1) as pool:
        kept = pool.submit(_keep_population, job, scope, crowd)
        blocks = pool.submit(_blocks_version, scope, vectors, folder, fresh, removed)
        drafted = pool.submit(draft_shared, job, scope, tables, crowd, written)
        segments = _user_segments(job, scope, folder, fresh, removed)
        name, base, common = kept.result(), blocks.result(), drafted.result()
    clock.lap("segments")
    shared, lance = finish_shared(job, scope, tables, crowd, common, written, vectors, clock)
    counts = _counts(folder)
    rows, apart = _learned_rows(job, scope, learned, removed)
    # A run for some users leaves the others and what was learned of them as they are.
    apart_from = scope.current if scope.only is not None else None
    draft = ReleaseDraft(
        run_id=run_id,
        as_of_us=scope.as_of_us if apart_from is None else max(scope.as_of_us, apart_from.as_of_us),
        config_digest=job.config_digest,
        user_segments=segments,
        shared_segment=shared,
        population=_population_entry(job, scope, name, written),
        lance={**base, **lance},
        row_files=rows.row_files,
        counts=_totals(job, segments, shared),
        rows_until_us=rows.until_us,
        apart=apart,
        content_alone=apart_from is not None,
        config=job.kept_config,
    )
    manifest = publish_release(job.layout, draft, switch=switch)
    clock.lap("switch")
    _close_books(ledger, scope, learned + removed, manifest)
    if job.agent is not None:
        _note_unpublished(job, ledger, scope, learned + removed, common.passages, written, folder)
    rejects = pl.concat([common.rejects, tables.rejects]) if len(tables.rejects) else common.rejects
    return _outcome(scope, manifest, len(learned), counts, rejects, clock)


def _outcome(scope: Scope, manifest: Manifest, users: int, counts: Mapping[str, int], rejects: pl.DataFrame, clock: Clock) -> Outcome:
    steps = int(manifest.counts.get("steps", 0))
    return Outcome(
        manifest=manifest,
        published=scope.current is None or manifest.release_id != scope.current.release_id,
        users=users,
        steps_done=counts["done"],
        steps_reused=max(steps - counts["done"], 0),
        left_out=counts["left_out"],
        rejects=rejects,
        timings=clock.laps,
    )


def _learned_users(folder: Path) -> list[str]:
    files = part_files(folder, "users")
    return pl.concat([read_part(file, ["user_id"]) for file in files])["user_id"].to_list() if files else []


def _as_published(job: Job, scope: Scope, folder: Path) -> bool:
    """All that was learned of the users named is what the current release holds of them, so that learning them twice changes nothing."""
    files = part_files(folder, "users")
    if scope.only is None or scope.current is None or not files:
        return False
    learned = pl.concat([read_part(file) for file in files])
    with open_release(job.layout, scope.current.release_id) as release:
        held = release.users().filter(pl.col("user_id").is_in(learned["user_id"].implode()))
    return held.equals(learned.select(held.columns).sort("user_id"))


def _removed_users(scope: Scope, learned: Sequence[str]) -> list[str]:
    """Users that were to be learned and have no rows any more."""
    if scope.users is None or scope.current is None:
        return []
    return sorted(set(scope.users["user_id"].to_list()) - set(learned))


def _user_segments(job: Job, scope: Scope, folder: Path, learned: Sequence[str], removed: Sequence[str]) -> tuple[SegmentInfo, ...]:
    before = scope.current.user_segments if scope.current is not None and not scope.full else ()
    if not learned and not removed and before:
        return tuple(before)
    segment = write_user_segment(job.layout, {name: part_files(folder, name) for name in TABLES}, removed)
    return stack_segments(job.layout, (*before, segment))


def _learned_rows(job: Job, scope: Scope, learned: Sequence[str], removed: Sequence[str]) -> tuple[LearnedRows, LearnedApart]:
    """What all users of the release and shared memory were learned from, and who was learned apart, now or before."""
    if scope.only is None or scope.current is None:
        return scope.rows_of(sorted(scope.files)), LearnedApart.nobody()
    everybody, apart = scope.current.learned_rows, read_apart(job.layout, scope.current).without([*learned, *removed])
    theirs = scope.rows_of(scope.shards)
    return everybody, apart if everybody.holds(theirs) else apart.learn(learned, theirs)


def _keep_population(job: Job, scope: Scope, crowd: Crowd) -> str:
    if not scope.full and scope.current is not None:
        return str(scope.current.population["file"])
    name = population_name(crowd.population, crowd.pairs)
    place = job.layout.root / "population"
    place.mkdir(exist_ok=True)
    for suffix, frame in (("", crowd.population), ("-pairs", crowd.pairs)):
        aside = place / f"{name}{suffix}.tmp"
        frame.write_parquet(aside)
        move_durably(aside, place / f"{name}{suffix}.parquet")
    return name


def _population_entry(job: Job, scope: Scope, name: str, written: Written | None) -> dict[str, object]:
    late = scope.extent.late
    strays: dict[str, object] = {"strays_from": late.from_us if late is not None else None}
    if written is not None:
        strays["written"] = written.digest
    if scope.current is not None and not scope.full:
        return {**scope.current.population, **(strays if scope.only is None else {})}
    return {
        **strays,
        "file": name,
        "boundary": scope.boundary,
        "inputs": scope.inputs,
        "as_of": job.as_of_us,
        "partial": scope.only is not None,
        "sample": sample_modulus(scope.extent.users),
    }


def _blocks_version(scope: Scope, vectors: VectorStore, folder: Path, learned: Sequence[str], removed: Sequence[str]) -> dict[str, int]:
    """The versions of the searchable tables in the current release, with that of the users' blocks as they are now."""
    versions = dict(scope.current.lance) if scope.current else {}
    if learned or removed or "blocks" not in versions:
        before = versions.get("blocks")
        written = vectors.write_blocks(part_files(folder, "blocks"), removed, replace=scope.full or before is None, base=before)
        versions["blocks"] = written.version
    return versions


def _counts(folder: Path) -> dict[str, int]:
    files = part_files(folder, "counts")
    if not files:
        return {"left_out": 0, "done": 0, "statements": 0}
    return {name: int(value) for name, value in pl.concat([read_part(file) for file in files]).sum().row(0, named=True).items()}


def _totals(job: Job, segments: Sequence[SegmentInfo], shared: SegmentInfo) -> dict[str, int]:
    """Steps, events and statements over all users of the release."""
    return count_segments(job.layout, segments, shared)


def _note_unpublished(
    job: Job, ledger: Ledger, scope: Scope, users: Sequence[str], passages: Sequence[Passage], written: Written | None, folder: Path
) -> None:
    """Note which of the agent's lines are not in the release."""
    from memlearn.learning.agent.unpublished import PART, SCHEMA, write_unpublished

    parts = [pl.DataFrame(schema=SCHEMA), *(read_part(file) for file in part_files(folder, PART))]
    if written is not None:
        parts.append(pl.DataFrame(written.left_out(blocks_of_release(job, written), passages), SCHEMA, orient="row"))
    everybody = scope.full and scope.only is None
    write_unpublished(ledger, None if everybody else [*users, *(written.names if written is not None else ())], pl.concat(parts))


def _close_books(ledger: Ledger, scope: Scope, users: Sequence[str], manifest: Manifest) -> None:
    with ledger.transaction():
        if scope.only is not None and scope.current is not None:
            _leave_open(ledger, scope, scope.current, manifest)
            return
        ledger.set_facts({"booked_release": manifest.release_id})
        if scope.only is not None:
            return
        if scope.users is None:
            ledger.execute("delete from dirty")
            return
        left = ledger.fetch("select user_id, shard, since_us from dirty").filter(~pl.col("user_id").is_in(list(users)))
        ledger.execute("delete from dirty")
        ledger.append("dirty", left)


def _leave_open(ledger: Ledger, scope: Scope, before: Manifest, manifest: Manifest) -> None:
    """Leave to the next run for everybody all that it had to do: shared memory stayed as it was, and so did everybody else's."""
    # Where the release built upon is not the one learned last, after a rollback, nobody knows who is up to date.
    if ledger.fact("booked_release") == before.release_id:
        ledger.set_facts({"booked_release": manifest.release_id})
    if scope.users is not None and manifest.release_id != before.release_id:
        # They may have been learned up to another instant than everybody else.
        mark_dirty(ledger, [scope.users.select("user_id", "shard", pl.lit(None, pl.Int64).alias("since_us"))])
