"""Stable hashes of whole rows: the same on every machine and in every version.

Strings are hashed once for each distinct value (MD5), numbers stand for themselves. A row's hash is multilinear
(Lemire and Kaser, "Strongly universal string hashing is fast", 2014) over its columns, with a multiplier for each
column's name, finished with the mixer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.duck import hash_strings

Hashes = NDArray[np.uint64]

_MINUS_ONE = np.uint64(1 << 63)


def finish(state: Hashes) -> Hashes:
    """Spread every bit of a 64-bit state over the whole word."""
    mixed = state + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def name_hash(name: str) -> np.uint64:
    """Stable odd hash of a short name, such as a column's."""
    return np.uint64(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") | 1)


def column_hash(column: pl.Series) -> Hashes:
    """One 64-bit word for each value of a column; 0 where it is null."""
    if column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum):
        return _string_hash(column)
    values = column.cast(pl.Int64)
    if column.null_count():
        return np.where(column.is_null().to_numpy(), np.uint64(0), _number_words(values.fill_null(0)))
    return _number_words(values)


def _number_words(values: pl.Series) -> Hashes:
    """One more than the number, so that 0 differs from null; and -1, which would be 0 then, the largest word."""
    words: Hashes = (values.to_numpy() + 1).astype(np.uint64)
    if values.len() and values.min() < 0:  # type: ignore[operator]
        words[words == 0] = _MINUS_ONE
    return words


def _string_hash(column: pl.Series) -> Hashes:
    text = column.cast(pl.String)
    if column.null_count() == len(column):
        return np.zeros(len(column), dtype=np.uint64)
    if not column.null_count() and (text == text[0]).all():
        return np.full(len(text), hash_strings(text.head(1))[0], dtype=np.uint64)
    # Categories of their own are forgotten again; the common ones last as long as the process.
    coded = text.cast(pl.Categorical(pl.Categories.random()))
    distinct = coded.drop_nulls().unique()
    codes = distinct.to_physical().to_numpy()
    table = np.zeros(int(codes.max()) + 1, dtype=np.uint64)
    table[codes] = hash_strings(distinct.cast(pl.String)).to_numpy()
    if not column.null_count():
        known: Hashes = table[coded.to_physical().to_numpy()]
        return known
    return np.where(column.is_null().to_numpy(), np.uint64(0), table[coded.to_physical().fill_null(int(codes[0])).to_numpy()])


def hash_rows(frame: pl.DataFrame, columns: Iterable[str], known: Mapping[str, Hashes] | None = None) -> Hashes:
    """Hash each row over some of its columns.

    A column that is null adds nothing, so that adding a column to a table changes no earlier hash.

    Args:
        frame: the rows.
        columns: names of the columns that count.
        known: hashes of columns that are already at hand.
    """
    state = np.zeros(len(frame), dtype=np.uint64)
    for name in columns:
        column = frame[name]
        if column.null_count() == len(column):
            continue
        words = known[name] if known and name in known else column_hash(column)
        state += words * name_hash(name)
    return finish(state)
