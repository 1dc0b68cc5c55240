"""Reading small deliveries from text, for the tests of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from memlearn.records import REJECT_SCHEMA
from memlearn.records.coded import plain_strings
from memlearn.sources.config import EventSource
from memlearn.sources.context import SourceContext
from memlearn.sources.events import read_events
from memlearn.sources.locate import list_deliveries

USUAL = {"user": "user", "time": "time"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that a source of events gave."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    read: int
    unmapped: Counter[str]

    def column(self, name: str) -> list[Any]:
        return self.events[name].to_list()

    def reasons(self) -> list[tuple[int, str]]:
        return list(self.rejects.select("row", "reason").rows())


Reader = Callable[..., Outcome]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Write a file and read it as events: `read("events.csv", content, columns={...}, **source)`; `context` gives the context's fields."""

    def run(name: str, content: bytes | str | pl.DataFrame, *, context: dict[str, Any] | None = None, **source: Any) -> Outcome:
        path = tmp_path / name
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return outcome(tmp_path, context, path=name, **source)

    return run


def outcome(base: Path, context: dict[str, Any] | None = None, **source: Any) -> Outcome:
    config = EventSource(columns=USUAL | source.pop("columns", {}), **source)
    shared = SourceContext(base, **{"timezone": "Europe/Berlin", "attributes": tuple(sorted(config.attributes)), **(context or {})})
    batches = [batch for delivery in list_deliveries("shop", config, shared) for batch in read_events("shop", config, delivery, shared)]
    rejects = pl.concat([pl.DataFrame(schema=REJECT_SCHEMA), *(batch.rejects for batch in batches)])
    events = pl.concat([plain_strings(batch.events) for batch in batches]) if batches else pl.DataFrame()
    unmapped = Counter(value for batch in batches for value, rows in batch.unmapped.items() for _ in range(rows))
    return Outcome(events, rejects, sum(batch.read for batch in batches), unmapped)
