"""Parts: pieces of a release's tables as Arrow files, from which its segments and its searchable blocks are built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

SUFFIX = ".arrow"


def write_part(rows: pl.DataFrame, path: Path) -> None:
    """Write rows as an Arrow file of one batch; an `Enum` becomes a dictionary of strings.

    What is read back within the minute is neither coded nor compressed: that would take longer than writing and reading all of it.

    Args:
        rows: of one table.
        path: a new file.
    """
    batch = pa.RecordBatch.from_arrays([_to_arrow(column) for column in rows], names=rows.columns)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def read_batches(files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    """The rows of parts, one part in memory at a time."""
    for file in files:
        with pa.OSFile(str(file), "rb") as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)


def read_part(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The rows of a part, strings as such.

    Args:
        path: of the part.
        columns: which ones; None for all.
    """
    with pa.OSFile(str(path), "rb") as source:
        table = pa.ipc.open_file(source).read_all()
    frame = pl.DataFrame(pl.from_arrow(table if columns is None else table.select(list(columns))))
    return frame.with_columns(pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if dtype == pl.Categorical)


def read_columns(path: Path) -> list[str]:
    """The names of a part's columns."""
    with pa.OSFile(str(path), "rb") as source:
        return list(pa.ipc.open_file(source).schema.names)


def _to_arrow(column: pl.Series) -> pa.Array[Any]:
    oldest = pl.CompatLevel.oldest()
    if isinstance(column.dtype, pl.Enum):
        strings = column.dtype.categories.to_arrow(compat_level=oldest)
        return pa.DictionaryArray.from_arrays(column.to_physical().cast(pl.Int32).to_arrow(), strings)
    return column.to_arrow(compat_level=oldest)
