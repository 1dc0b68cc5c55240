"""One way to group items: by a level of the catalogue, by merchant, or each item by itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

NO_KEY = -1
ITEM = "item"
MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class Level:
    """Items grouped by their keys in one dimension.

    Args:
        dim: name of the dimension.
        keys: the key of each code.
        codes: code of each item's key, `NO_KEY` where it has none; shape (items,).
        exact: key → code.
        folded: key without case, accents and punctuation → codes; empty for items, whose ids are exact.
        order: positions of items by code, within a code the most popular first.
        starts: where each code begins in `order`; shape (keys + 1,).
    """

    dim: str
    keys: tuple[str, ...]
    codes: Ints
    exact: Mapping[str, int]
    folded: Mapping[str, tuple[int, ...]]
    order: Ints
    starts: Ints

    def find(self, key: str) -> tuple[int, ...]:
        """Codes of a key: the exact one, else those that differ in case, accents or punctuation only."""
        code = self.exact.get(key)
        if code is not None:
            return (code,)
        return self.folded.get(fold(key), ()) if self.folded else ()

    def find_all(self, key: str) -> tuple[int, ...]:
        """Codes of a key and of all its other spellings."""
        return self.folded.get(fold(key), ()) if self.folded else self.find(key)

    def items(self, code: int) -> Ints:
        """Positions of the items of a key, the most popular first."""
        return self.order[self.starts[code] : self.starts[code + 1]]

    def sizes(self) -> Ints:
        """How many items each key has."""
        return np.diff(self.starts)


def fold(text: str) -> str:
    """A name without case, accents, punctuation and superfluous blanks."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter))
    return " ".join(kept.split()) or text


def group_items(dim: str, column: pl.Series) -> Level:
    """Group items by a column of keys.

    Args:
        dim: name of the dimension.
        column: each item's key, null where it has none.
    """
    keys = column.drop_nulls().unique().sort()
    codes = column.replace_strict(keys, pl.int_range(len(keys), eager=True), default=NO_KEY, return_dtype=pl.Int64) if len(keys) else None
    placed = np.full(len(column), NO_KEY, dtype=np.int64) if codes is None else codes.fill_null(NO_KEY).to_numpy().astype(np.int64)
    names = tuple(keys.to_list())
    spellings: dict[str, tuple[int, ...]] = {}
    if dim != ITEM:
        for code, key in enumerate(names):
            spellings[fold(key)] = (*spellings.get(fold(key), ()), code)
    return order_items(
        Level(dim, names, placed, {key: code for code, key in enumerate(names)}, spellings, *_ordered(placed, len(names), None)), None
    )


def order_items(level: Level, prior: Reals | None) -> Level:
    """The same level with the items of each key ordered by `prior`, highest first, then by position."""
    order, starts = _ordered(level.codes, len(level.keys), prior)
    return Level(level.dim, level.keys, level.codes, level.exact, level.folded, order, starts)


def _ordered(codes: Ints, keys: int, prior: Reals | None) -> tuple[Ints, Ints]:
    height = np.zeros(len(codes)) if prior is None else -prior
    order = np.lexsort((np.arange(len(codes)), height, codes)).astype(np.int64)
    return order[np.count_nonzero(codes == NO_KEY) :], np.concatenate(
        ([0], np.cumsum(np.bincount(codes[codes >= 0], minlength=keys)))
    ).astype(np.int64)
