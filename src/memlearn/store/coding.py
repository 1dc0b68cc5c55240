"""Strings as numbers that hold for a whole run, each string hashed once; and columns coded so, as Arrow dictionaries.

Not what is kept: files hold strings.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from memlearn.duck import hash_strings
from memlearn.records.coded import distinct_codes, fresh_categories, is_coded, number_strings
from memlearn.store.row_hash import Hashes

MOST_STRINGS = 1 << 20
"""A column with more distinct strings than about this is not coded any further: their table lies in memory."""

# A dictionary is written into every row group, so it has to pay for itself.
_REPEATS = 8


class Coder:
    """Codes the strings of one column; safe for several threads.

    Args:
        most: stop coding above so many distinct strings.
    """

    def __init__(self, most: int = MOST_STRINGS) -> None:
        self._most = most
        self._dtype = fresh_categories()
        # The table of strings lasts as long as a column of this type does.
        self._held = pl.Series([], dtype=self._dtype)
        self._hashes: Hashes = np.zeros(0, dtype=np.uint64)
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self._lock = Lock()

    def code(self, strings: pl.Series) -> tuple[pl.Series, Hashes] | None:
        """The code (UInt32) and the hash of each string, as `column_hash` gives it; None where there are too many of them.

        Args:
            strings: strings or categories; may hold nulls, but not only nulls.
        """
        if len(self._known) > self._most:
            return None
        if is_coded(strings.dtype):
            numbers, distinct = number_strings(strings)
            codes = distinct.cast(pl.String).cast(self._dtype).to_physical()
            return codes.gather(numbers).alias(strings.name), _take(self.hashes(codes), numbers)
        codes = strings.cast(self._dtype).to_physical()
        return codes, self.hashes(codes)

    def hashes(self, codes: pl.Series) -> Hashes:
        """The hash of each code's string; 0 where it is null."""
        return _take(self._table(codes.drop_nulls().to_numpy()), codes)

    def decode(self, codes: pl.Series) -> pl.Series:
        """The strings of codes, as a categorical column."""
        return codes.cat.to(self._dtype)

    def _table(self, codes: NDArray[np.uint32]) -> Hashes:
        """The table of hashes, with those of these codes in it."""
        size = int(codes.max()) + 1
        with self._lock:
            if size > len(self._known):
                more = max(size, 2 * len(self._known)) - len(self._known)
                self._known = np.concatenate([self._known, np.zeros(more, dtype=np.bool_)])
                self._hashes = np.concatenate([self._hashes, np.zeros(more, dtype=np.uint64)])
            if not self._known[codes].all():
                new = distinct_codes(codes, size)
                new = new[~self._known[new]]
                self._hashes[new] = hash_strings(self.decode(pl.Series(new, dtype=pl.UInt32)).cast(pl.String)).to_numpy()
                self._known[new] = True
            return self._hashes


def is_constant(column: pl.Series) -> bool:
    """Whether all values are there and the same, which costs less to see than the distinct values."""
    plain = column.to_physical()
    return len(plain) > 0 and not plain.null_count() and plain[0] == plain[-1] and bool((plain == plain[0]).all())


def _take(hashes: Hashes, places: pl.Series) -> Hashes:
    if not places.null_count():
        taken: Hashes = hashes[places.to_numpy()]
        return taken
    return np.where(places.is_null().to_numpy(), np.uint64(0), hashes[places.fill_null(places.max()).to_numpy()])


def dense_rank(column: pl.Series, key: Callable[[pl.Series], pl.Series]) -> tuple[NDArray[np.int32], pl.Series]:
    """Number a categorical column without nulls densely, in the order of a key of its strings.

    Args:
        column: a categorical column.
        key: gives the key of each of the distinct strings, which come as a categorical column.

    Returns:
        The number of each value; and the distinct strings, categorical, in that order.
    """
    codes = column.to_physical().to_numpy().astype(np.intp)
    distinct = distinct_codes(codes, int(codes.max()) + 1)
    strings = pl.Series(distinct, dtype=pl.UInt32).cat.to(column.dtype)
    order = key(strings).arg_sort().to_numpy()
    rank = np.zeros(int(distinct[-1]) + 1, dtype=np.int32)
    rank[distinct[order]] = np.arange(len(order))
    return rank[codes], strings.gather(order)


def to_dictionary(column: pl.Series) -> pa.Array[Any]:
    """A categorical column, not all null, as an Arrow dictionary of its own strings, sorted; as plain strings where few repeat.

    What comes out does not depend on the codes, which differ from run to run.
    """
    if is_constant(column):
        return pa.DictionaryArray.from_arrays(np.zeros(len(column), dtype=np.int32), _plain(column.head(1)), safe=False)
    missing = column.is_null().to_numpy() if column.null_count() else None
    filled = column if missing is None else column.fill_null(strategy="forward").fill_null(strategy="backward")
    numbers, strings = dense_rank(filled, lambda distinct: distinct.cast(pl.String))
    if len(strings) * _REPEATS > len(column):
        return _plain(column)
    return pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32(), mask=missing), _plain(strings), safe=False)


def _plain(column: pl.Series) -> pa.Array[Any]:
    return column.cast(pl.String).to_arrow(compat_level=pl.CompatLevel.oldest())


def take_rows(rows: pl.DataFrame, order: NDArray[np.integer]) -> pl.DataFrame:
    """The rows at all positions, in another order; columns of one value stay as they are."""
    same = {column.name: column for column in rows if column.null_count() == len(column) or is_constant(column)}
    if len(same) == rows.width:
        return rows
    # Positions are checked once for all columns.
    return rows.drop(same)[pl.Series(order.astype(np.uint32))].with_columns(**same).select(rows.columns)
