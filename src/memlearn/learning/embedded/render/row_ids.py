"""Ids of rows as text, and the lists of them that statements cite."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

_DIGITS = 16
# The two characters of each byte, as one number that has them in this order in memory.
_OF_BYTE = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype=np.uint16)


def hexadecimal(ids: pl.Series) -> pl.Series:
    """64-bit ids as 16 hexadecimal digits each; null stays null."""
    strings = pl.Series(ids.name, _written(ids.fill_null(0).to_numpy()))
    return pl.select(pl.when(ids.is_not_null()).then(strings).alias(ids.name)).to_series() if ids.null_count() else strings


def cited(first: pl.Series, last: pl.Series) -> pl.Series:
    """The list of the one or two rows that each line cites, without nulls, and without the last one where it is the first one too."""
    ids = np.empty((len(first), 2), dtype=np.uint64)
    there = np.empty((len(first), 2), dtype=np.bool_)
    for place, column in enumerate((first, last)):
        ids[:, place] = column.fill_null(0).to_numpy()
        there[:, place] = column.is_not_null().to_numpy()
    there[:, 1] &= ~there[:, 0] | (ids[:, 0] != ids[:, 1])
    ends: Any = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int64)
    return pl.Series(pa.LargeListArray.from_arrays(ends, _written(ids[there])))


def _written(ids: NDArray[np.uint64]) -> pa.Array[Any]:
    """Built in place: every string is as long as the others."""
    # NumPy's arrays are buffers, which the stubs do not say.
    characters: Any = _OF_BYTE[ids.astype(">u8").view(np.uint8)]
    ends: Any = np.arange(0, _DIGITS * len(ids) + 1, _DIGITS, dtype=np.int64)
    buffers: Any = [None, pa.py_buffer(ends), pa.py_buffer(characters)]
    return pa.Array.from_buffers(pa.large_string(), len(ids), buffers)
