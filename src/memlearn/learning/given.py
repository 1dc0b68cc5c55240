"""The books on what is given beside events: which files of items, persons, statements and documents a release was made from."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress

import polars as pl

from memlearn.errors import SourceError
from memlearn.learning.ingest import known_deliveries
from memlearn.learning.job import Job, digest
from memlearn.sources.config import DocumentSource, EventSource, Source
from memlearn.sources.documents.listing import list_documents
from memlearn.sources.locate import Delivery, fingerprint, list_deliveries
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger

_FACT = "given_deliveries"
_SCHEMA: dict[str, pl.DataType] = {
    "source": pl.String(),
    "name": pl.String(),
    "size": pl.Int64(),
    "mtime_ns": pl.Int64(),
    "digest": pl.String(),
    "mapping": pl.String(),
    "run_id": pl.String(),
}


def list_source(job: Job, name: str, source: Source) -> list[Delivery]:
    """The files of any source; a query is one delivery.

    Raises:
        SourceError: a file is missing, or a glob or folder holds none.
        ConfigError: a `${NAME}` has no value.
    """
    if not isinstance(source, DocumentSource):
        return list_deliveries(name, source, job.context)
    found = []
    for file in list_documents(name, source, job.context.base, job.context.variables):
        status = file.path.stat()
        found.append(Delivery(name, file.relative, file.path, status.st_size, status.st_mtime_ns))
    return found


def mapping_of_given(job: Job, source: Source) -> str:
    """Digest of all that decides how a source of items, persons, statements or documents is understood."""
    settings = source.model_dump_json(exclude={"path", "sql", "database", "max_rejects"})
    sql = None if isinstance(source, DocumentSource) else source.sql
    return digest(settings, sql, job.context.timezone, job.context.currency, job.context.money.model_dump_json())


def list_given(job: Job, ledger: Ledger, run_id: str) -> pl.DataFrame:
    """What a run is about to read beside events, as `record_given` takes it; files that did not change are not digested again.

    Raises:
        SourceError: a source is missing.
    """
    before = {(row["source"], row["name"]): row for row in known_given(ledger).iter_rows(named=True)}
    rows = []
    for name, source in _given_sources(job):
        mapping = mapping_of_given(job, source)
        for delivery in list_source(job, name, source):
            held = before.get((name, delivery.name), {})
            unchanged = (held.get("size"), held.get("mtime_ns")) == (delivery.size, delivery.mtime_ns)
            content = held.get("digest") if unchanged else _digest(delivery)
            rows.append((name, delivery.name, delivery.size, delivery.mtime_ns, content, mapping, run_id))
    return pl.DataFrame(rows, _SCHEMA, orient="row")


def record_given(ledger: Ledger, given: pl.DataFrame) -> None:
    """Remember what the current release was made from."""
    ledger.set_facts({_FACT: given.write_ndjson()})


def known_given(ledger: Ledger) -> pl.DataFrame:
    """What `record_given` remembered last; empty where nothing was yet."""
    text = ledger.fact(_FACT)
    return pl.read_ndjson(io.StringIO(text), schema=_SCHEMA) if text else pl.DataFrame(schema=_SCHEMA)


def known_inputs(ledger: Ledger) -> pl.DataFrame:
    """Every delivery that was read: source, name, size, mtime_ns, digest, mapping, run_id."""
    events = known_deliveries(ledger).select(pl.col(column).cast(dtype) for column, dtype in _SCHEMA.items())
    return pl.concat([events, known_given(ledger)])


def show_known(layout: StoreLayout, known: pl.DataFrame) -> None:
    """Write down what was read for those who may not open the ledger while a run is at work."""
    aside = layout.known.with_suffix(".tmp")
    # A run does not fail for want of room for what only `status` reads.
    with suppress(OSError, pl.exceptions.PolarsError):
        known.write_parquet(aside)
        aside.replace(layout.known)


def read_known(layout: StoreLayout) -> pl.DataFrame | None:
    """What `show_known` wrote; None where it cannot be read."""
    try:
        return pl.read_parquet(layout.known, columns=list(_SCHEMA), glob=False)
    except (OSError, pl.exceptions.PolarsError):
        return None


def _given_sources(job: Job) -> Iterator[tuple[str, Source]]:
    return ((name, source) for name, source in sorted(job.sources.items()) if not isinstance(source, EventSource))


def _digest(delivery: Delivery) -> str | None:
    """A document that cannot be opened is rejected when it is read, and stops no run here."""
    try:
        return fingerprint(delivery)
    except SourceError:
        return None
