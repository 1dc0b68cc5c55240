"""Queries on DuckDB, SQLite and PostgreSQL as raw batches. The one place that imports sqlite3 and psycopg."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from memlearn.duck import open_database, stream
from memlearn.errors import BusyError, ConfigError, SourceError, StoreError, TransientError
from memlearn.sources.config import Location
from memlearn.sources.context import SourceContext, expand_variables
from memlearn.sources.locate import Delivery
from memlearn.sources.passwords import redacted
from memlearn.sources.raw import RawBatch, check_columns

_ROWS = 100_000
_CONNECT_SECONDS = 10
_PERMANENT = re.compile(r"authentication failed|does not exist|no pg_hba|permission denied|invalid|role .* is not permitted", re.IGNORECASE)


def read_query(source: Location, delivery: Delivery, columns: Sequence[str], context: SourceContext) -> Iterator[RawBatch]:
    """Run a source's query and read the wanted columns.

    Args:
        source: the query and its database.
        delivery: names the source in messages.
        columns: names of the wanted columns.
        context: base folder of relative paths, and values of `${NAME}`.

    Raises:
        SourceError: the database cannot be read, the query fails, or it gives no such column.
        TransientError: the database cannot be reached now.
        BusyError: another process writes the DuckDB file.
        ConfigError: the database is of an unknown kind, or a `${NAME}` has no value.
    """
    database = expand_variables(source.database or "", context.variables)
    query = expand_variables(source.sql or "", context.variables)
    scheme, _, rest = database.partition(":")
    first = 1
    for number, frame in enumerate(_frames(delivery, scheme, rest, database, query, context.base)):
        if number == 0:
            check_columns(delivery, columns, frame.columns)
        yield RawBatch(frame.select(columns), first)
        first += frame.height


def check_database(name: str, source: Location, context: SourceContext) -> None:
    """See that the database file of a query is there; a server is not asked.

    Raises:
        SourceError: it is missing.
        ConfigError: a `${NAME}` has no value.
    """
    if source.database is None:
        return
    scheme, _, rest = expand_variables(source.database, context.variables).partition(":")
    if scheme in ("duckdb", "sqlite") and rest:
        _database_file(Delivery(name, "sql", None, 0, 0), context.base / rest)


def _frames(delivery: Delivery, scheme: str, rest: str, database: str, query: str, base: Path) -> Iterator[pl.DataFrame]:
    if scheme == "duckdb":
        return _duckdb(delivery, rest, query, base)
    if scheme == "sqlite":
        return _sqlite(delivery, base / rest, query)
    if scheme in ("postgresql", "postgres"):
        return _postgresql(delivery, database, query)
    raise ConfigError(
        f"Source {delivery.source!r}: database {redacted(database)!r} is of an unknown kind. "
        "Use 'duckdb:', 'duckdb:PATH', 'sqlite:PATH' or 'postgresql://...'."
    )


def _duckdb(delivery: Delivery, path: str, query: str, base: Path) -> Iterator[pl.DataFrame]:
    file = _database_file(delivery, base / path) if path else None
    folder = str(base).replace("'", "''")
    try:
        with open_database(file, read_only=file is not None) as connection:
            connection.execute(f"set file_search_path = '{folder}'")
            connection.execute("set timezone = 'UTC'")
            yield from stream(connection, query, _ROWS)
    except BusyError:
        raise
    except StoreError as error:
        raise _failed(delivery, error) from error


def _sqlite(delivery: Delivery, path: Path, query: str) -> Iterator[pl.DataFrame]:
    _database_file(delivery, path)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_CONNECT_SECONDS)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            cursor = connection.execute(query)
            names = [description[0] for description in cursor.description or ()]
            yield pl.DataFrame(schema=dict.fromkeys(names, pl.String()))
            while rows := cursor.fetchmany(_ROWS):
                yield _frame(names, rows)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise TransientError(f"Source {delivery.source!r}: {str(path)!r} is locked by a writer. Try again when it is done.") from error
        raise _failed(delivery, error) from error
    except sqlite3.Error as error:
        raise _failed(delivery, error) from error


def _postgresql(delivery: Delivery, database: str, query: str) -> Iterator[pl.DataFrame]:
    # Loaded only where needed: the driver costs start-up time.
    import psycopg

    try:
        with psycopg.connect(database, connect_timeout=_CONNECT_SECONDS, application_name="memlearn") as connection:
            connection.read_only = True
            with connection.cursor(name="memlearn") as cursor:
                cursor.execute(query.encode())
                names = [column.name for column in cursor.description or ()]
                yield pl.DataFrame(schema=dict.fromkeys(names, pl.String()))
                while rows := cursor.fetchmany(_ROWS):
                    yield _frame(names, rows)
    except psycopg.OperationalError as error:
        text = str(error).strip()
        if error.sqlstate is None and _PERMANENT.search(text):
            raise _failed(delivery, error) from error
        raise TransientError(f"Source {delivery.source!r}: {redacted(database)!r} cannot be reached ({text}). Try again later.") from error
    except psycopg.Error as error:
        raise _failed(delivery, error) from error


def _frame(names: list[str], rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    columns = zip(*rows, strict=True)
    return pl.DataFrame([_column(name, values) for name, values in zip(names, columns, strict=True)])


def _column(name: str, values: tuple[Any, ...]) -> pl.Series:  # noqa: PLR0911  one return for each kind of column
    """A column of a driver's values; anything but one plain type becomes text."""
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds == {float}:
        return pl.Series(name, values, dtype=pl.Float64)
    if kinds == {date}:
        return pl.Series(name, values, dtype=pl.Date)
    if kinds == {datetime}:
        moments = _datetimes(name, values)
        if moments is not None:
            return moments
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _datetimes(name: str, values: tuple[Any, ...]) -> pl.Series | None:
    aware = {value.tzinfo is not None for value in values if value is not None}
    if len(aware) > 1:
        return None
    return pl.Series(name, values, dtype=pl.Datetime("us", "UTC" if aware.pop() else None))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) or "" for part in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _database_file(delivery: Delivery, path: Path) -> Path:
    if not path.is_file():
        raise SourceError(f"Source {delivery.source!r}: database file {str(path)!r} does not exist. Correct `database`.")
    return path


def _failed(delivery: Delivery, error: Exception) -> SourceError:
    text = " ".join(str(error).split())
    return SourceError(f"Source {delivery.source!r}: the query failed: {text[:500]}. Correct `sql` or `database`.")
