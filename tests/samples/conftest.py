"""The committed samples, read with nothing but the standard library, PyArrow and Polars: no memlearn here."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "data" / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of the committed samples."""
    return SAMPLES


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    """The committed truth."""
    loaded: dict[str, Any] = json.loads(gzip.decompress((SAMPLES / "truth.json.gz").read_bytes()))
    return loaded


@pytest.fixture(scope="session")
def events() -> pl.DataFrame:
    """Every event that really happened, as the generator states it."""
    frame = pl.read_csv(SAMPLES / "truth-events.csv.gz", infer_schema=False).fill_null("")
    return frame.with_columns(
        pl.col("amount_minor").cast(pl.Int64),
        when=pl.col("local_time").str.to_datetime("%Y-%m-%dT%H:%M"),
    )


@pytest.fixture(scope="session")
def content() -> Callable[[Path], object]:
    """Reads a file's content without what compression and Parquet add to it."""
    return _content


def _content(path: Path) -> object:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        with pa.input_stream(str(path), compression="zstd") as stream:
            return stream.read()
    return data


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Path], list[dict[str, Any]]]:
    """Reads a table's rows as they stand; a line of JSON that cannot be read is `{"broken": line}`."""
    return _rows_of


def _rows_of(path: Path) -> list[dict[str, Any]]:
    content = _content(path)
    if not isinstance(content, bytes):
        rows: list[dict[str, Any]] = list(content)  # type: ignore[call-overload]
        return rows
    if ".jsonl" in path.name:
        return [_json_or_broken(line) for line in content.decode().splitlines()]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    delimiter = ";" if path.name.startswith("wallet") else ","
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter, restkey="too_many"))


def _json_or_broken(line: str) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return {"broken": line}
    return row
