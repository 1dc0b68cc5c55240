"""The one place that imports DuckDB: opening databases, Arrow in and out, stable hashes, errors translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import md5
from pathlib import Path
from threading import local

import duckdb
import polars as pl
import pyarrow as pa

from memlearn.errors import BusyError, DamagedError, MemlearnError, StoreError

Connection = duckdb.DuckDBPyConnection


@contextmanager
def open_database(path: Path | None = None, *, read_only: bool = False, memory_limit: str = "1GB", threads: int = 2) -> Iterator[Connection]:
    """Open a DuckDB file, or an in-memory database where `path` is None; closed at the end of the block.

    Raises:
        BusyError: another process holds the file.
        DamagedError: the file is not a DuckDB database.
        StoreError: any other DuckDB failure inside the block.
    """
    connection = connect(path, read_only=read_only, memory_limit=memory_limit, threads=threads)
    try:
        with translated(path):
            yield connection
    finally:
        connection.close()


def connect(path: Path | None = None, *, read_only: bool = False, memory_limit: str = "1GB", threads: int = 2) -> Connection:
    """Open a DuckDB file without closing it again; errors as in `open_database`."""
    config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": memory_limit, "threads": threads, "autoinstall_known_extensions": "false"}
    with translated(path):
        connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
        # It goes to standard output, also where that is no terminal, and would stand amid the JSON of `--json`.
        connection.execute("set enable_progress_bar = false")
        return connection


@contextmanager
def translated(path: Path | None = None) -> Iterator[None]:
    """Turn DuckDB's errors into ours."""
    name = str(path) if path else "in-memory database"
    try:
        yield
    except MemlearnError:
        raise
    except duckdb.IOException as error:
        text = str(error)
        if "lock" in text:
            raise BusyError(f"{name!r} is in use by another process. Wait for it to end, then try again.") from error
        if "not a valid DuckDB" in text or "checksum" in text or "Corrupt" in text:
            raise DamagedError(f"{name!r} is damaged: {text}") from error
        raise StoreError(f"{name!r}: {text}") from error
    except (duckdb.SerializationException, duckdb.FatalException, duckdb.InternalException) as error:
        raise DamagedError(f"{name!r} is damaged: {error}") from error
    except duckdb.Error as error:
        if "Corrupt" in str(error):
            raise DamagedError(f"{name!r} is damaged: {error}") from error
        raise StoreError(f"{name!r}: {error}") from error


def fetch(connection: Connection, query: str, parameters: dict[str, object] | list[object] | None = None) -> pl.DataFrame:
    """Run a query and return its rows as a Polars frame."""
    relation = connection.sql(query, params=parameters)
    if relation is None:
        return pl.DataFrame()
    frame = pl.from_arrow(relation.to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


_LOCAL = local()
_MD5 = "md5_number(value)"
# Fewer strings than these are hashed sooner here than handed to DuckDB.
_FEW = 256


@cache
def _scratch_database() -> Connection:
    return connect(threads=1)


def _scratch() -> Connection:
    """This thread's way into an in-memory database of the process; opening one anew costs more than most queries."""
    if not hasattr(_LOCAL, "connection"):
        _LOCAL.connection = _scratch_database().cursor()
    connection: Connection = _LOCAL.connection
    return connection


def stream(connection: Connection, query: str, rows: int) -> Iterator[pl.DataFrame]:
    """Run a query and hand out its rows in frames of at most `rows` rows; call inside `open_database`.

    Raises:
        StoreError: the query fails, at its beginning or while it hands out rows.
    """
    relation = connection.sql(query)
    if relation is None:
        return
    reader = relation.to_arrow_reader(rows)
    yield pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))
    while (batch := _next_batch(reader)) is not None:
        yield pl.DataFrame(pl.from_arrow(batch))


def _next_batch(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
    except (pa.ArrowException, OSError) as error:
        # What goes wrong in the middle of a query comes through Arrow as an error of its own.
        raise StoreError(str(error)) from error


def hash_strings(values: pl.Series) -> pl.Series:
    """A stable 64-bit hash of each string: the low half of its MD5 digest; null stays null.

    The same on every machine and in every version, unlike the hash functions of Polars and DuckDB.
    """
    if len(values) < _FEW:
        return _hashed_here(values, 0).rename(values.name)
    return _hashed(values, f"({_MD5} & 18446744073709551615::uhugeint)::ubigint as hash")["hash"].rename(values.name)


def hash_strings_twice(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Two hashes of each string, each as stable as that of `hash_strings`: both halves of its MD5 digest, the low one first."""
    if len(values) < _FEW:
        return _hashed_here(values, 0), _hashed_here(values, 64)
    halves = _hashed(values, f"({_MD5} & 18446744073709551615::uhugeint)::ubigint as low, ({_MD5} >> 64)::ubigint as high")
    return halves["low"], halves["high"]


def _hashed_here(values: pl.Series, shift: int) -> pl.Series:
    digests = (None if value is None else md5(value.encode(), usedforsecurity=False).digest() for value in values.cast(pl.String))
    # DuckDB reads a digest as a number with its last byte first.
    numbers = (None if digest is None else int.from_bytes(digest, "little") >> shift & 0xFFFFFFFFFFFFFFFF for digest in digests)
    return pl.Series(values.name, list(numbers), dtype=pl.UInt64)


def _hashed(values: pl.Series, columns: str) -> pl.DataFrame:
    connection = _scratch()
    frame = pl.DataFrame({"value": values.cast(pl.String)})
    with translated():
        connection.register("strings", frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
        try:
            return fetch(connection, f"select {columns} from strings")
        finally:
            connection.unregister("strings")
