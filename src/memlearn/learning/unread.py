"""What the current release has not read: of every source the files that are new, changed or gone, and what is wrong with a source.

Cheap enough to be asked at any time: files are compared by size and time, and a file's content only where its time alone
changed, up to a bound.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from memlearn.errors import MemlearnError
from memlearn.learning.given import list_source, mapping_of_given
from memlearn.learning.ingest import mapping_digest
from memlearn.learning.job import Job
from memlearn.sources.config import DocumentSource, EventSource, Source
from memlearn.sources.locate import Delivery, fingerprint
from memlearn.sources.sql import check_database

# Reading so much takes about half a second.
MOST_COMPARED = 256 << 20

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or query that the current release has not read.

    Args:
        source: name of the source.
        name: of the file, or `sql`.
        reason: `new`, `changed`, `touched` (its time changed, and it is too large to compare its content here) or `gone`.
        mtime_ns: time of its last change; None where that is not known.
    """

    source: str
    name: str
    reason: str
    mtime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a source, with the way out."""

    source: str
    message: str


@dataclass(slots=True)
class _Comparison:
    """Compares files with what was read of them.

    Args:
        left: bytes that may still be read.
    """

    left: int

    def reason(self, delivery: Delivery, held: Mapping[str, Any] | None) -> str | None:
        """Why a file has to be read; None where it need not be."""
        if held is None:
            return "new"
        if delivery.path is None or (held["size"], held["mtime_ns"]) == (delivery.size, delivery.mtime_ns):
            # A query is run again by every run; nothing tells whether it would give something else.
            return None
        if held["size"] != delivery.size:
            return "changed"
        if delivery.size > self.left:
            return "touched"
        self.left -= delivery.size
        return None if fingerprint(delivery) == held["digest"] else "changed"


def find_unread(job: Job, known: pl.DataFrame, unpublished: Collection[Place] = ()) -> tuple[list[Unread], list[Trouble]]:
    """Compare every source with what was read of it. A source that cannot be looked at hides no other.

    Args:
        job: the sources.
        known: what was read, as `known_inputs` gives it.
        unpublished: source and name of what was read by a run that published nothing.

    Returns:
        What has to be read, and what is wrong with sources; both in order of the sources' names.
    """
    comparison = _Comparison(MOST_COMPARED)
    unread: list[Unread] = []
    troubles: list[Trouble] = []
    for name, source in sorted(job.sources.items()):
        held = {row["name"]: row for row in known.filter(pl.col("source") == name).iter_rows(named=True)}
        try:
            unread += _unread_of(job, name, source, held, comparison, unpublished)
        except MemlearnError as error:
            troubles.append(Trouble(name, str(error)))
        except OSError as error:
            troubles.append(Trouble(name, f"Source {name!r}: {error}. Check that its files exist and may be read."))
    # What was read of a source that is no longer in the config is taken back by the next run.
    for name, file in known.filter(~pl.col("source").is_in(list(job.sources))).select("source", "name").sort("source", "name").iter_rows():
        unread.append(Unread(name, file, "gone"))
    return unread, troubles


def _unread_of(
    job: Job, name: str, source: Source, held: Mapping[str, Mapping[str, Any]], comparison: _Comparison, unpublished: Collection[Place]
) -> list[Unread]:
    if not isinstance(source, DocumentSource):
        check_database(name, source, job.context)
    listed = list_source(job, name, source)
    mapping = mapping_digest(job, source) if isinstance(source, EventSource) else mapping_of_given(job, source)
    found = []
    for delivery in listed:
        before = held.get(delivery.name)
        if (name, delivery.name) in unpublished:
            reason: str | None = "new"
        elif before is not None and before["mapping"] != mapping:
            reason = "changed"
        else:
            reason = comparison.reason(delivery, before)
        if reason is not None:
            found.append(Unread(name, delivery.name, reason, delivery.mtime_ns or None))
    # Of sources that are read as a whole, a file that is missing takes its rows with it.
    if not isinstance(source, EventSource) or source.mode == "snapshot":
        found += [Unread(name, missing, "gone") for missing in sorted(set(held) - {delivery.name for delivery in listed})]
    return found
