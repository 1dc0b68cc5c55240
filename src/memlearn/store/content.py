"""The content digest of each user: of all that a release says of them, computed where its parts are made.

A row's hash is multilinear over the columns of its table, as in `row_hash`, but in two lanes of 64 bits with multipliers of
their own, for which each string has two hashes of its own. A user's digest is the sum of their rows' hashes: neither the order
of rows nor how they lie in parts matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from memlearn.duck import hash_strings_twice
from memlearn.errors import StoreError
from memlearn.store.row_hash import Hashes, column_hash, finish, name_hash
from memlearn.store.tables import USER_TABLES

# Floats count with the six decimals that they are published with; those for which no integer is large enough, by their bits.
_MICRO = 1e6
_LARGEST = 2.0**62
_SEPARATOR = "\x1f"


def with_content(parts: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The same parts, with the column `content_digest` in `users`.

    Args:
        parts: as for `digest_users`.
    """
    digests = digest_users(parts)
    users = parts["users"].drop("content_digest", strict=False).join(digests, on="user_id", how="left", maintain_order="left")
    return {**parts, "users": users}


def digest_users(parts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The content digest of each user.

    Args:
        parts: `users`, and all rows that any of `USER_TABLES` holds of them; other users' rows do not count. Fastest where
            all `user_id` are of one and the same `Enum`.

    Returns:
        user_id, each user of `users` once; content_digest, 32 hexadecimal digits.

    Raises:
        StoreError: a table lacks a column.
    """
    users = parts["users"]["user_id"].drop_nulls().unique(maintain_order=True)
    known = users.dtype if isinstance(users.dtype, pl.Enum) else pl.Enum(users)
    first, second = (np.zeros(len(known.categories), dtype=np.uint64) for _ in range(2))
    for table in USER_TABLES:
        frame = parts.get(table)
        if frame is None or frame.is_empty():
            continue
        frame = frame.with_columns(pl.col("user_id").cast(known, strict=False)).drop_nulls("user_id")
        place = frame["user_id"].to_physical().to_numpy()
        for lane, rows in zip((first, second), _hash_rows(table, frame), strict=True):
            np.add.at(lane, place, rows)
    place = users.cast(known).to_physical().to_numpy()
    both = np.ascontiguousarray(np.stack([first[place], second[place]], axis=1), dtype=">u8")
    digests = pl.Series(both.view("V16").ravel().tolist(), dtype=pl.Binary).bin.encode("hex")
    return pl.DataFrame({"user_id": users, "content_digest": digests})


def _hash_rows(table: str, frame: pl.DataFrame) -> tuple[Hashes, Hashes]:
    """Both hashes of every row; a value that is null adds nothing."""
    first, second = (np.full(len(frame), name_hash(f"{table}.{lane}")) for lane in range(2))
    # One array for all products: allocating takes longer than multiplying.
    product = np.empty(len(frame), dtype=np.uint64)
    for name, (one, other) in _words(table, frame).items():
        first += np.multiply(one, name_hash(f"{name}.0"), out=product)
        second += np.multiply(other, name_hash(f"{name}.1"), out=product)
    return finish(first), finish(second)


def _words(table: str, frame: pl.DataFrame) -> dict[str, tuple[Hashes, Hashes]]:
    """Two words for each value of the columns of a table that are not all null."""
    words: dict[str, tuple[Hashes, Hashes]] = {}
    texts: dict[str, pl.Series] = {}
    for name, dtype in USER_TABLES[table].items():
        if name not in frame.columns:
            raise StoreError(f"Table {table!r} lacks the column {name!r}; it has {', '.join(frame.columns)}.")
        column = frame[name]
        if name == "user_id" or column.null_count() == len(column):
            continue
        if isinstance(dtype, pl.List):
            texts[name] = column.cast(pl.List(pl.String)).list.join(_SEPARATOR)
        elif dtype == pl.String:
            texts[name] = column.cast(pl.String)
        else:
            number = column_hash(_micro(column) if dtype.is_float() else column)
            words[name] = (number, number)
    return words | _text_words(texts)


def _micro(column: pl.Series) -> pl.Series:
    scaled: NDArray[np.float64] = column.fill_null(0).to_numpy() * _MICRO
    fits = np.abs(scaled) < _LARGEST
    whole = np.where(fits, np.rint(np.where(fits, scaled, 0)).astype(np.int64), scaled.view(np.int64))
    return pl.select(pl.when(column.is_not_null()).then(pl.Series(whole))).to_series()


def _text_words(texts: Mapping[str, pl.Series]) -> dict[str, tuple[Hashes, Hashes]]:
    """Each distinct string of all columns is hashed once; null is 0."""
    if not texts:
        return {}
    columns = pa.chunked_array([column.to_arrow(compat_level=pl.CompatLevel.oldest()) for column in texts.values()])
    # All columns are coded by one dictionary.
    coded: list[Any] = columns.dictionary_encode().chunks
    strings = pl.Series(coded[0].dictionary)
    low, high = (np.append(half.to_numpy(), np.uint64(0)) for half in hash_strings_twice(strings))
    codes = [pc.fill_null(chunk.indices, len(strings)).to_numpy() for chunk in coded]
    return {name: (low[code], high[code]) for name, code in zip(texts, codes, strict=True)}
