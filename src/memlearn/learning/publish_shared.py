"""Shared memory as a release holds it: drafted while the users' part is built, finished with what is searchable."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from memlearn.chunks.documents import Passage
from memlearn.learning.agent.names import WRITTEN_FILE
from memlearn.learning.job import Job
from memlearn.learning.key_levels import key_levels
from memlearn.learning.scope import Scope
from memlearn.learning.shared import document_statements, passage_frame, popularity, read_passages, trend_statements
from memlearn.learning.suppressed import noted
from memlearn.learning.tables import Tables
from memlearn.memory import BlockSpec
from memlearn.records import REJECT_SCHEMA
from memlearn.store.manifest import Manifest, SegmentInfo
from memlearn.store.segments import write_shared_segment
from memlearn.store.tables import SHARED_TABLES

if TYPE_CHECKING:
    from memlearn.learning.agent.documents.lines import Written
    from memlearn.store.vectors import VectorStore


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """What all users tell.

    Args:
        population: sums over users.
        pairs: what is bought with and after what.
        ranker: the shared table of the trained ranker; None where none was trained in this run.
        offers: the same of the ranker of offers.
    """

    population: pl.DataFrame
    pairs: pl.DataFrame
    ranker: pl.DataFrame | None
    offers: pl.DataFrame | None


class Clock:
    """Seconds of consecutive pieces of work."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Take what passed since the last lap as the time of a piece."""
        now = time.perf_counter()
        self.laps[f"publish.{name}"] = self.laps.get(f"publish.{name}", 0.0) + now - self._last
        self._last = now


@dataclass(frozen=True, slots=True)
class Common:
    """What is said to everybody.

    Args:
        passages: of all documents.
        rejects: unusable documents.
        segment: the shared segment; None where that of the current release may still stand.
    """

    passages: Sequence[Passage]
    rejects: pl.DataFrame
    segment: SegmentInfo | None


def draft_shared(job: Job, scope: Scope, tables: Tables, crowd: Crowd, written: Written | None) -> Common:
    """Read the documents, and write the shared segment where it is sure to differ from the current release's."""
    if _untouched(scope):
        return Common((), pl.DataFrame(schema=REJECT_SCHEMA), scope.current.shared_segment if scope.current else None)
    passages, rejects = read_passages(job)
    if _still_stands(scope):
        return Common(passages, rejects, None)
    return Common(passages, rejects, write_shared_segment(job.layout, _shared_tables(job, scope, tables, crowd, passages, written)))


def _untouched(scope: Scope) -> bool:
    """Some users only are learned: shared memory stays as it is."""
    return scope.only is not None and scope.current is not None


def _still_stands(scope: Scope) -> bool:
    """Only users' rows changed: the catalogue, the population and what the config says of them stand as they are in the current release."""
    return not scope.full and scope.current is not None and "items" in scope.current.lance


def finish_shared(
    job: Job,
    scope: Scope,
    tables: Tables,
    crowd: Crowd,
    common: Common,
    written: Written | None,
    vectors: VectorStore,
    clock: Clock,
) -> tuple[SegmentInfo, dict[str, int]]:
    """The shared segment and the versions of the searchable tables, those of the current release where nothing changed."""
    if _untouched(scope) and common.segment is not None:
        return common.segment, {}
    embedder = job.embedder()
    searchable = {"passages": vectors.write_passages(common.passages, embedder)}
    if not _still_stands(scope):
        searchable["items"] = vectors.write_items(_recommended(tables), embedder)
    clock.laps["publish.embedding"] = sum(part.embed_seconds for part in searchable.values())
    clock.laps["publish.text_index"] = sum(part.index_seconds for part in searchable.values())
    clock.lap("search")
    lance = {name: part.version for name, part in searchable.items()}
    current = scope.current
    same = current is not None and lance["passages"] == current.lance.get("passages") and _asread_written(current, written)
    if _still_stands(scope) and current is not None and same:
        return current.shared_segment, lance
    segment = common.segment or write_shared_segment(job.layout, _shared_tables(job, scope, tables, crowd, common.passages, written))
    if current is not None and current.shared_segment.content_digest == segment.content_digest:
        segment = current.shared_segment
    clock.lap("shared")
    return segment, lance


def read_written(folder: Path) -> Written | None:
    """What the agent wrote about documents; None: it read none."""
    if not (folder / WRITTEN_FILE).is_file():
        return None
    # Only a run with an agent pays for loading what that takes.
    from memlearn.learning.agent.documents.lines import Written

    return Written.read(folder / WRITTEN_FILE)


def _asread_written(current: Manifest, written: Written | None) -> bool:
    """The current release has the lines that the agent has written about documents."""
    return current.population.get("written") == (None if written is None else written.digest)


def blocks_of_release(job: Job, written: Written | None) -> tuple[BlockSpec, ...]:
    """The blocks of a release: those of the config, and that of proposed rules where there are any."""
    if written is None:
        return job.blocks
    from memlearn.learning.agent.documents.lines import with_candidates

    return with_candidates(job.blocks, written)


def _recommended(tables: Tables) -> pl.DataFrame:
    return tables.catalogue.items.filter(pl.col("recommend"))


def _shared_tables(
    job: Job, scope: Scope, tables: Tables, crowd: Crowd, passages: Sequence[Passage], written: Written | None
) -> dict[str, pl.DataFrame]:
    population, pairs = crowd.population, crowd.pairs
    items = tables.catalogue.items
    names = items.select("item_id", pl.coalesce("name", "item_id").alias("name"))
    suppressed = noted(population)
    trends = next((spec for spec in job.blocks if spec.label == "trends"), None)
    specs = blocks_of_release(job, written)
    lines = [document_statements(passages, specs, written)]
    if trends is not None:
        lines.append(trend_statements(population, pairs, names, suppressed, job.shared.min_users, trends))
    blocks = [
        {"label": spec.label, "description": spec.description, "limit": spec.limit, "read_only": spec.read_only, "shared": spec.shared}
        for spec in specs
    ]
    return {
        "items": items,
        "blocks": pl.DataFrame(blocks),
        "shared_statements": pl.concat(lines),
        "popularity": popularity(population, job.shared.min_users),
        "ranker": _trained(job, scope, "ranker", crowd.ranker),
        "offer_ranker": _trained(job, scope, "offer_ranker", crowd.offers),
        "pairs": pairs,
        "passages": passage_frame(passages),
        "key_levels": key_levels(
            items, job.levels, job.context.merchants if any(source.merchants for source in job.events.values()) else None
        ),
    }


def _trained(job: Job, scope: Scope, table: str, trained: pl.DataFrame | None) -> pl.DataFrame:
    """What was trained in this run, or where everybody but some users stays as they are that of the current release."""
    if trained is not None:
        return trained
    return pl.DataFrame(schema=SHARED_TABLES[table]) if scope.full else scope.load_shared(job.layout, table)
