"""Strings that repeat, as columns of categories: what is done to strings is done once for each distinct one.

Categories of a column's own are forgotten with it; the common ones of Polars last as long as the process.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


def is_coded(dtype: pl.DataType) -> bool:
    """Whether a column holds categories."""
    return isinstance(dtype, pl.Categorical | pl.Enum)


def plain_strings(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all categories as strings."""
    return frame.with_columns(pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if is_coded(dtype))


def fresh_categories() -> pl.Categorical:
    """A type of its own for a column of categories."""
    return pl.Categorical(pl.Categories.random())


def distinct_codes(codes: NDArray[np.integer], size: int) -> NDArray[np.int64]:
    """Which of the codes below `size` there are, ascending."""
    seen = np.zeros(size, dtype=np.bool_)
    seen[codes] = True
    return np.flatnonzero(seen)


def number_strings(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Number the distinct values of a column of categories or whole numbers from 0.

    Args:
        column: categories; or integers of a range not wide, see `code_integers`.

    Returns:
        The number (UInt32) of each value, null where it is null; and the distinct values, in order of their codes.
    """
    codes = column.to_physical()
    if codes.null_count() == len(codes):
        return pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(codes)), column.clear()
    lowest = int(codes.min()) if codes.dtype.is_signed_integer() else 0  # type: ignore[arg-type]
    missing = codes.is_null() if codes.null_count() else None
    filled = (codes if missing is None else codes.fill_null(codes.max())).to_numpy() - lowest
    size = int(filled.max()) + 1
    distinct = distinct_codes(filled, size)
    places = np.zeros(size, dtype=np.uint32)
    places[distinct] = np.arange(len(distinct), dtype=np.uint32)
    numbers = pl.Series(places[filled])
    values = pl.Series(distinct + lowest).cast(codes.dtype)
    values = values.cat.to(column.dtype) if is_coded(column.dtype) else values
    return (numbers if missing is None else numbers.set(missing, None)), values


def code_integers(column: pl.Series) -> pl.Series | None:
    """Whole numbers as categories of their decimal writing; None where they are spread too wide for it to pay."""
    lowest, highest = column.min(), column.max()
    if not isinstance(lowest, int) or not isinstance(highest, int) or highest - lowest >= len(column) or not _fits(lowest, highest):
        return None
    numbers, values = number_strings(column.cast(pl.Int64))
    return values.cast(pl.String).cast(fresh_categories()).gather(numbers).alias(column.name)


def _fits(lowest: int, highest: int) -> bool:
    limits = np.iinfo(np.int64)
    return int(limits.min) <= lowest and highest <= int(limits.max)
