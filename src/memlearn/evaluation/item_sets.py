"""Sets of items, one for each row: what a user bought before a cut, and what came after it.

A row is one user at one cut; a user with several cuts has several rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError

Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ItemSets:
    """For each row the distinct codes of its items, ascending.

    Args:
        items: the codes of all rows, row after row; shape (entries,).
        starts: where each row begins in `items`; shape (rows + 1,).
    """

    items: NDArray[np.int32]
    starts: NDArray[np.int64]

    @property
    def rows(self) -> int:
        """How many rows there are, empty ones included."""
        return len(self.starts) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many items each row has; shape (rows,)."""
        return np.diff(self.starts)

    @property
    def row(self) -> NDArray[np.int64]:
        """The row of each entry; shape (entries,)."""
        return np.repeat(np.arange(self.rows, dtype=np.int64), self.sizes)

    def contains(self, row: Codes, item: Codes) -> Flags:
        """Whether each item is in its row's set.

        Args:
            row: numbers of rows, of any shape.
            item: codes of items, of the same shape or one that broadcasts with it; a negative code is in no set.
        """
        span = 1 + max(int(self.items.max(initial=0)), int(item.max(initial=0)))
        wanted = row.astype(np.int64) * span + item
        keys = self.row * span + self.items
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        found: Flags = (keys[place] == wanted) & (item >= 0) if len(keys) else np.zeros(wanted.shape, dtype=np.bool_)
        return found

    def keep(self, kept: Flags) -> ItemSets:
        """The same rows with only some of their entries.

        Args:
            kept: whether each entry stays; shape (entries,).
        """
        before = np.concatenate(([0], np.cumsum(kept, dtype=np.int64)))
        return ItemSets(self.items[kept], before[self.starts])


def pair_sets(row: Codes, item: Codes, rows: int) -> ItemSets:
    """Sets from pairs of a row and an item, in any order; a pair that comes twice counts once.

    Args:
        row: the row of each pair, 0 to `rows` - 1; shape (pairs,).
        item: the item of each pair, not negative. A truth may hold codes beyond the catalogue: items that nobody could
            recommend, and that count in the denominators all the same.
        rows: how many rows there are.

    Raises:
        UsageError: a row or an item is out of range.
    """
    if len(row) and (int(row.min()) < 0 or int(row.max()) >= rows):
        raise UsageError(f"Rows of the pairs lie between {int(row.min())} and {int(row.max())}; there are {rows} rows, numbered from 0.")
    if len(item) and int(item.min()) < 0:
        raise UsageError(f"Item code {int(item.min())} is negative; sets hold codes from 0 on. Leave such pairs out.")
    span = 1 + int(item.max(initial=0))
    keys = np.unique(row.astype(np.int64) * span + item)
    starts = np.searchsorted(keys, np.arange(rows + 1, dtype=np.int64) * span)
    return ItemSets((keys % span).astype(np.int32), starts.astype(np.int64))


def list_sets(lists: Sequence[Iterable[int]]) -> ItemSets:
    """Sets from one list of item codes for each row."""
    rows = [np.fromiter(items, dtype=np.int64) for items in lists]
    item = np.concatenate([np.empty(0, dtype=np.int64), *rows])
    return pair_sets(np.repeat(np.arange(len(rows)), [len(items) for items in rows]), item, len(rows))
