"""Rows as they lie in a file or query, in bounded batches, before anything is read out of them; and rejected rows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from memlearn.errors import RejectLimitError, SourceError
from memlearn.records import REJECT_SCHEMA
from memlearn.sources.context import nearest
from memlearn.sources.locate import Delivery

BATCH_ROWS = 500_000
CONTENT_CHARACTERS = 500
_LISTED = 40


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Some rows of a delivery.

    Args:
        frame: the wanted columns under their names in the source, with whatever dtype the source gives.
        first_row: number of the first row, from 1.
        numbers: numbers of all rows where they are not contiguous.
        rejects: rows that could not even be split into columns.
    """

    frame: pl.DataFrame
    first_row: int
    numbers: pl.Series | None = None
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECT_SCHEMA))

    @property
    def read(self) -> int:
        """Rows read, the rejected ones included."""
        return self.frame.height + self.rejects.height

    def row_numbers(self) -> pl.Series:
        """Number of each row of the frame."""
        if self.numbers is not None:
            return self.numbers
        return pl.Series("row", np.arange(self.first_row, self.first_row + self.frame.height, dtype=np.int64))


def no_rejects() -> pl.DataFrame:
    """An empty table of rejects."""
    return pl.DataFrame(schema=REJECT_SCHEMA)


def slices(batch: RawBatch) -> Iterator[RawBatch]:
    """Cut a batch that holds too many rows; the rejects go with the first piece."""
    if batch.frame.height <= BATCH_ROWS:
        yield batch
        return
    for start in range(0, batch.frame.height, BATCH_ROWS):
        numbers = None if batch.numbers is None else batch.numbers.slice(start, BATCH_ROWS)
        rejects = batch.rejects if start == 0 else no_rejects()
        yield RawBatch(batch.frame.slice(start, BATCH_ROWS), batch.first_row + start, numbers, rejects)


def reject_texts(delivery: Delivery, rows: Sequence[int], reasons: Sequence[str], contents: Sequence[str]) -> pl.DataFrame:
    """Rejects of lines that could not be split into columns; the content is the line as a JSON string."""
    return pl.DataFrame(
        {
            "source": [delivery.source] * len(rows),
            "file": [delivery.name] * len(rows),
            "row": list(rows),
            "reason": list(reasons),
            "content": [json.dumps(text[:CONTENT_CHARACTERS], ensure_ascii=False)[:CONTENT_CHARACTERS] for text in contents],
        },
        schema=REJECT_SCHEMA,
    )


def reject_rows(delivery: Delivery, batch: RawBatch, reasons: pl.Series) -> pl.DataFrame:
    """Rejects of the rows that have a reason; null: the row is good."""
    bad = reasons.is_not_null()
    rows = batch.frame.filter(bad)
    content = [line[:CONTENT_CHARACTERS] for line in _as_json(rows)]
    return pl.DataFrame(
        {"row": batch.row_numbers().filter(bad), "reason": reasons.filter(bad), "content": pl.Series(content, dtype=pl.String)}
    ).select(
        pl.lit(delivery.source).alias("source"),
        pl.lit(delivery.name).alias("file"),
        pl.col("row").cast(pl.Int64),
        "reason",
        "content",
    )


def check_columns(delivery: Delivery, wanted: Sequence[str], there: Sequence[str]) -> None:
    """Refuse a delivery that lacks a wanted column.

    Raises:
        SourceError: names the file, the column, the columns there are and the nearest one.
    """
    for column in wanted:
        if column not in there:
            listed = ", ".join(map(repr, there[:_LISTED])) + (f" and {len(there) - _LISTED} more" if there[_LISTED:] else "")
            raise SourceError(
                f"Source {delivery.source!r}: {delivery.name!r} has no column {column!r}; its columns are {listed or 'none'}."
                f"{nearest(column, there)} Correct `columns` in the config or the file."
            )


def check_rejects(source: str, read: int, rejects: pl.DataFrame, limit: float) -> None:
    """Refuse a source of which more rows than allowed are unusable.

    Args:
        source: name of the source.
        read: rows read, the rejected ones included.
        rejects: the rejected rows.
        limit: largest share allowed.

    Raises:
        RejectLimitError: with the numbers, the commonest reasons and an example.
    """
    if read == 0 or rejects.height <= limit * read:
        return
    reasons = rejects.group_by("reason").len().sort(["len", "reason"], descending=[True, False])
    listed = "; ".join(f"{reason} ({count})" for reason, count in reasons.head(3).rows())
    example = rejects.sort(["file", "row"]).row(0, named=True)
    raise RejectLimitError(
        f"Source {source!r}: {rejects.height} of {read} rows ({rejects.height / read:.1%}) cannot be used; the limit is {limit:.1%}. "
        f"Reasons: {listed}. First: {example['file']!r} row {example['row']}. "
        "Correct the data or the config, or raise `max_rejects`."
    )


def _as_json(rows: pl.DataFrame) -> list[str]:
    text = io.BytesIO()
    binary = [name for name, dtype in rows.schema.items() if dtype == pl.Binary]
    rows.with_columns(pl.col(binary).cast(pl.String, strict=False)).write_ndjson(text)
    return text.getvalue().decode("utf-8", "replace").splitlines() if rows.height else []
