"""Temporary Arrow files of rows in numbered pieces, each of which is read alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray


def write_pieces(path: Path, ordered: pl.DataFrame, piece: NDArray[np.integer], pieces: int) -> None:
    """Write rows that are in the order of their pieces.

    Args:
        path: the new file.
        ordered: the rows.
        piece: number of each row's piece, in any order.
        pieces: number of pieces; each has its place in the file, be it an empty one.
    """
    table = ordered.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    counts = np.bincount(piece, minlength=pieces)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        for start, count in zip(np.cumsum(counts) - counts, counts, strict=True):
            writer.write_table(table.slice(start, count)) if count else writer.write_batch(pa.RecordBatch.from_pylist([], table.schema))


def read_piece(path: Path, number: int) -> pl.DataFrame:
    """The rows of one piece, in the order in which they were written."""
    with pa.OSFile(str(path), "rb") as source:
        return pl.DataFrame(pl.from_arrow(pa.ipc.open_file(source).get_batch(number)))
