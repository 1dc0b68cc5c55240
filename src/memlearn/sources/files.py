"""CSV, Parquet and JSON Lines files, plain or compressed, as raw batches."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import polars as pl

from memlearn.errors import SourceError
from memlearn.records.coded import plain_strings
from memlearn.sources.config import Location
from memlearn.sources.csv_files import read_csv
from memlearn.sources.locate import Delivery, bare_ending
from memlearn.sources.raw import BATCH_ROWS, RawBatch, check_columns, reject_texts, slices
from memlearn.sources.streams import open_text

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_BLOCK = 16 << 20
_LONGEST_LINE = 256 << 20
_EXACT_BELOW = 2.0**53


def read_file(source: Location, delivery: Delivery, columns: Sequence[str]) -> Iterator[RawBatch]:
    """Read the wanted columns of a file.

    Args:
        source: format, delimiter and encoding.
        delivery: the file.
        columns: names of the wanted columns.

    Raises:
        SourceError: the file cannot be read, is of an unknown format, or lacks a column.
    """
    path = cast("Path", delivery.path)
    ending, compression = bare_ending(path)
    kind = source.format or _FORMATS.get(ending)
    if kind == "csv":
        delimiter = "\t" if ending == ".tsv" and source.delimiter == "," else source.delimiter
        return read_csv(delivery, columns, delimiter, source.encoding)
    if kind == "jsonl":
        return _read_jsonl(delivery, columns, source.encoding)
    if kind == "parquet":
        if compression:
            raise SourceError(
                f"Source {delivery.source!r}: {delivery.name!r} is compressed Parquet. Decompress it; Parquet compresses itself."
            )
        return _read_parquet(delivery, columns)
    raise SourceError(f"Source {delivery.source!r}: the format of {delivery.name!r} is unknown. Set `format` to csv, parquet or jsonl.")


def _read_parquet(delivery: Delivery, columns: Sequence[str]) -> Iterator[RawBatch]:
    try:
        scan = pl.scan_parquet(cast("Path", delivery.path), glob=False)
        check_columns(delivery, columns, scan.collect_schema().names())
        first = 1
        for frame in scan.select(columns).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            yield RawBatch(plain_strings(frame), first)
            first += frame.height
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            f"Source {delivery.source!r}: {delivery.name!r} is not a whole Parquet file ({str(error).splitlines()[0]}). Deliver it again."
        ) from error


def _read_jsonl(delivery: Delivery, columns: Sequence[str], encoding: str) -> Iterator[RawBatch]:
    wanted = list(dict.fromkeys(columns))
    seen: dict[str, None] = {}
    first = 1
    with open_text(delivery, encoding) as stream:
        for block in _line_blocks(delivery, stream):
            if first == 1 and block.lstrip()[:1] == b"[":
                raise SourceError(
                    f"Source {delivery.source!r}: {delivery.name!r} is one JSON array, not JSON Lines. Write one object per line."
                )
            lines = block.count(b"\n")
            if lines:
                batch = _parse_block(delivery, block, wanted, first, seen)
                yield from slices(batch)
            first += lines
    if first > 1:
        check_columns(delivery, wanted, list(seen))


def _line_blocks(delivery: Delivery, stream: io.RawIOBase) -> Iterator[bytes]:
    """Whole lines, each ended by a line feed, about `_BLOCK` bytes at a time."""
    rest = b""
    while piece := stream.read(_BLOCK):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield rest + piece[:cut]
            rest = piece[cut:]
        else:
            rest += piece
        if len(rest) > _LONGEST_LINE:
            raise SourceError(f"Source {delivery.source!r}: {delivery.name!r} has a line of more than {_LONGEST_LINE >> 20} MiB.")
    if rest.strip():
        yield rest + b"\n"


def _parse_block(delivery: Delivery, block: bytes, wanted: list[str], first: int, seen: dict[str, None]) -> RawBatch:
    """Parse whole lines; columns come as text, numbers written shortest."""
    schema = dict.fromkeys(wanted, pl.String())
    try:
        frame = pl.read_ndjson(io.BytesIO(block), schema=schema)
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()
    if frame.height == block.count(b"\n"):
        # An absent key and a null look alike here; keys are looked for in the bytes only until each was seen once.
        for name in wanted:
            if name not in seen and json.dumps(name, ensure_ascii=False).encode() in block:
                seen[name] = None
        return RawBatch(_with_lists(frame, block), first)
    return _parse_lines(delivery, block, wanted, first, seen)


def _with_lists(frame: pl.DataFrame, block: bytes) -> pl.DataFrame:
    """The values that are lists, not texts that look like one, as `_as_text` writes them."""
    marked = {name: frame[name].str.starts_with("[").fill_null(value=False) for name in frame.columns}
    listed = [name for name, marks in marked.items() if marks.any()]
    if not listed:
        return frame
    lines = block.split(b"\n")
    texts = {name: frame[name].to_list() for name in listed}
    for row in pl.DataFrame({name: marked[name] for name in listed}).select(pl.any_horizontal(pl.all())).to_series().arg_true().to_list():
        try:
            value = json.loads(lines[row])
        except (ValueError, RecursionError):
            continue
        for name in listed:
            if isinstance(value.get(name), list):
                texts[name][row] = _as_text(value[name])
    return frame.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in texts.items())


def _parse_lines(delivery: Delivery, block: bytes, wanted: list[str], first: int, seen: dict[str, None]) -> RawBatch:
    """Parse line by line, where some line is blank or broken."""
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str, str]] = []
    for number, line in enumerate(block.split(b"\n")[:-1], start=first):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            broken.append((number, "not valid JSON", line.decode("utf-8", "replace")))
            continue
        if not isinstance(value, dict):
            broken.append((number, "not a JSON object", line.decode("utf-8", "replace")))
            continue
        seen.update(dict.fromkeys(value))
        rows.append({name: _as_text(value.get(name)) for name in wanted})
        numbers.append(number)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(wanted, pl.String()))
    rejects = reject_texts(delivery, [b[0] for b in broken], [b[1] for b in broken], [b[2] for b in broken])
    return RawBatch(frame, first, pl.Series("row", numbers, dtype=pl.Int64), rejects)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_BELOW:
        return str(int(value))
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join(text for text in map(_as_text, value) if text is not None)
    return json.dumps(value, ensure_ascii=False)
