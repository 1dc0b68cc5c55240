"""The journal of one run, which leaves no file where nothing is asked."""

from __future__ import annotations

import secrets
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from memlearn.store.journal import JournalWriter, Place, Record


@dataclass(slots=True)
class RunJournal:
    """A journal that is begun with its first record, so that a run without a request leaves none."""

    folder: Path
    name: str
    _writer: JournalWriter | None = None

    def append(self, record: Record) -> Future[Place]:
        """Hand a record over to be written; see `JournalWriter.append`."""
        if self._writer is None:
            self._writer = JournalWriter(self.folder, self.name)
        return self._writer.append(record)

    @property
    def segments(self) -> tuple[str, ...]:
        """The segment, if one was begun."""
        return () if self._writer is None else (self._writer.path.name,)

    def close(self) -> None:
        """Write what waits, and close the segment."""
        if self._writer is not None:
            self._writer.close()


def journal_name(run_id: str) -> str:
    """A name for the journal of a run, which no other journal has."""
    return f"{run_id}-{secrets.token_hex(3)}"


def run_of(segment: str) -> str:
    """The run whose journal a segment is of."""
    return segment.rsplit("-", 1)[0]
