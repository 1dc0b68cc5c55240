"""CSV files as raw batches: every value as text, rows with too few or too many columns as rejects."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO, Literal, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from memlearn.errors import SourceError
from memlearn.sources.locate import Delivery
from memlearn.sources.raw import RawBatch, check_columns, no_rejects, reject_texts, slices
from memlearn.sources.streams import Utf8Stream, open_text
from memlearn.sources.texts import BLANKS

_BLOCK = 8 << 20
_LONGEST_HEADER = 1 << 20


def read_csv(delivery: Delivery, columns: Sequence[str], delimiter: str, encoding: str) -> Iterator[RawBatch]:
    """Read the wanted columns of a CSV file as text, in batches.

    The first row names the columns; blank lines are passed over and not counted.

    Raises:
        SourceError: the file cannot be read, lacks a column or has one twice, or leaves a quote open.
    """
    with open_text(delivery, encoding) as stream:
        header, rest = _read_header(delivery, stream, delimiter)
        positions = _positions(delivery, columns, header, delimiter)
        bad: list[tuple[int, str, str]] = []
        try:
            reader = _open_reader(rest, len(header), sorted({*positions.values(), len(header) - 1}), delimiter, bad)
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise _unsplittable(delivery, error) from error
        yield from _batches(delivery, reader, positions, bad, rest)


def _batches(
    delivery: Delivery, reader: pa_csv.CSVStreamingReader, positions: dict[str, int], bad: list[tuple[int, str, str]], stream: _Chained
) -> Iterator[RawBatch]:
    # The reader splits rows a block or two ahead of the batch it hands out, so bad rows wait until their turn.
    first, last = 1, ""
    while True:
        try:
            table = reader.read_next_batch()
        except StopIteration:
            break
        except pa.ArrowInvalid as error:
            raise _unsplittable(delivery, error) from error
        if not table.num_rows:
            continue
        numbers, here = _number_rows(first, table.num_rows, bad)
        frame = cast("pl.DataFrame", pl.from_arrow(pa.table(table)))
        last = frame.item(-1, frame.width - 1)
        frame = frame.select(pl.col(f"c{position}").alias(name) for name, position in positions.items())
        yield from slices(RawBatch(frame, first, numbers, _rejects(delivery, here)))
        first += table.num_rows + len(here)
    if stream.quotes % 2 and "\n" in (bad[-1][2] if bad else last):
        raise _unsplittable(delivery, f"row {bad[-1][0] if bad else first - 1} runs to the end of the file")
    if bad:
        yield RawBatch(pl.DataFrame(schema=dict.fromkeys(positions, pl.String())), first, None, _rejects(delivery, bad))


def _number_rows(first: int, height: int, bad: list[tuple[int, str, str]]) -> tuple[pl.Series | None, list[tuple[int, str, str]]]:
    """Number the good rows of a batch, leaving out the numbers of the bad rows among them, which are taken from `bad`."""
    here: list[tuple[int, str, str]] = []
    while bad and bad[0][0] < first + height + len(here):
        here.append(bad.pop(0))
    if not here:
        return None, here
    numbers = np.setdiff1d(np.arange(first, first + height + len(here), dtype=np.int64), [row for row, _, _ in here])
    return pl.Series("row", numbers), here


def _rejects(delivery: Delivery, bad: list[tuple[int, str, str]]) -> pl.DataFrame:
    if not bad:
        return no_rejects()
    return reject_texts(delivery, [row for row, _, _ in bad], [reason for _, reason, _ in bad], [text for _, _, text in bad])


def _read_header(delivery: Delivery, stream: Utf8Stream, delimiter: str) -> tuple[list[str], _Chained]:
    """The names of the columns, and the stream behind them."""
    start = stream.read(_LONGEST_HEADER)
    text = start.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.splitlines(keepends=True)
    skipped = 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    reader = csv.reader(lines[skipped:], delimiter=delimiter)
    header = next(reader, None)
    if header is None:
        raise SourceError(f"Source {delivery.source!r}: {delivery.name!r} is blank. Deliver the file again or leave it out.")
    used = skipped + reader.line_num
    rest = b"".join(start.splitlines(keepends=True)[used:])
    return [name.strip(BLANKS) for name in header], _Chained(rest, stream)


class _Chained(io.RawIOBase):
    """Bytes already read, then the rest of a stream; counts the quotes that pass."""

    def __init__(self, start: bytes, stream: Utf8Stream) -> None:
        self._start = start
        self._stream = stream
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if self._start:
            wanted = len(self._start) if size is None or size < 0 else size
            piece, self._start = self._start[:wanted], self._start[wanted:]
        else:
            piece = self._stream.read(size)
        self.quotes += piece.count(b'"')
        return piece


def _positions(delivery: Delivery, columns: Sequence[str], header: list[str], delimiter: str) -> dict[str, int]:
    """Column name → its place in the file."""
    missing = [column for column in columns if column.strip(BLANKS) not in header]
    if missing and len(header) == 1 and delimiter not in header[0]:
        other = next((mark for mark in (";", "\t", "|", ",") if mark in header[0] and mark != delimiter), None)
        if other:
            raise SourceError(
                f"Source {delivery.source!r}: {delivery.name!r} has one column {header[0][:200]!r}; it seems to be separated by {other!r}, "
                f"not {delimiter!r}. Set `delimiter: {other!r}`."
            )
    check_columns(delivery, [column.strip(BLANKS) for column in columns], header)
    twice = sorted({column for column in columns if header.count(column.strip(BLANKS)) > 1})
    if twice:
        raise SourceError(f"Source {delivery.source!r}: {delivery.name!r} has column {twice[0]!r} more than once. Rename one of them.")
    return {column: header.index(column.strip(BLANKS)) for column in columns}


def _open_reader(
    stream: _Chained, width: int, positions: list[int], delimiter: str, bad: list[tuple[int, str, str]]
) -> pa_csv.CSVStreamingReader:
    def on_bad_row(row: pa_csv.InvalidRow) -> Literal["skip"]:
        words = "too few" if row.actual_columns < row.expected_columns else "too many"
        bad.append((row.number or 0, f"{words} columns: {row.actual_columns} instead of {row.expected_columns}", row.text))
        return "skip"

    names = [f"c{position}" for position in positions]
    return pa_csv.open_csv(
        cast("IO[bytes]", pa.PythonFile(stream, mode="r")),
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=[f"c{i}" for i in range(width)]),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=on_bad_row),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=names, strings_can_be_null=False, check_utf8=True
        ),
    )


def _unsplittable(delivery: Delivery, error: Exception | str) -> SourceError:
    return SourceError(
        f"Source {delivery.source!r}: {delivery.name!r} cannot be split into rows ({str(error).splitlines()[0][:300]}). "
        "A quote is probably opened and never closed; correct the file."
    )
