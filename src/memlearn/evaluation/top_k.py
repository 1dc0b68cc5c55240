"""From scores to a ranking of the whole catalogue, with a stated rule for ties; nothing is sampled.

The higher score comes first; of equal scores the more popular item; of equally popular ones the smaller code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import Flags, ItemSets

Scores = NDArray[np.floating[Any]]
Numbers = NDArray[np.number[Any]]

NONE = -1
# Scores looked at in one piece; an answer does not depend on it.
_CELLS = 4_000_000


def top_k(scores: Scores, k: int, popularity: Numbers, exclude: Flags | None = None) -> NDArray[np.int32]:
    """The k first items of each row, out of all items.

    Args:
        scores: of each item for each row, higher is better; an item scored NaN or -inf is never ranked; shape (rows, items).
        k: places.
        popularity: decides between equal scores, higher first, then the smaller code; shape (items,).
        exclude: items that are not to be ranked; shape (rows, items) or (items,).

    Returns:
        Codes of items, best first, `NONE` where fewer than k can be ranked; shape (rows, k).

    Raises:
        UsageError: the shapes do not fit, or k is not positive.
    """
    rows, items = scores.shape
    if k < 1 or popularity.shape != (items,):
        raise UsageError(
            f"k = {k} and popularity of shape {popularity.shape} do not fit scores of shape {scores.shape}: k >= 1, ({items},)."
        )
    if exclude is not None and exclude.shape not in {(rows, items), (items,)}:
        raise UsageError(f"An exclude of shape {exclude.shape} does not fit scores of shape {scores.shape}.")
    order = np.lexsort((np.arange(items), -popularity.astype(np.float64)))
    ranked = np.full((rows, k), NONE, dtype=np.int32)
    if not items:
        return ranked
    step = max(1, _CELLS // items)
    for start in range(0, rows, step):
        piece = slice(start, start + step)
        values = scores[piece].copy()
        values[np.isnan(values)] = -np.inf
        if exclude is not None:
            values[np.broadcast_to(exclude if exclude.ndim == 1 else exclude[piece], values.shape)] = -np.inf
        _place(np.take(values, order, axis=1), order, ranked[piece])
    return ranked


def _place(values: Scores, order: NDArray[np.int64], ranked: NDArray[np.int32]) -> None:
    """Write the first items of each row into `ranked`; the columns of `values` stand in the order that decides ties."""
    k = ranked.shape[1]
    rows, items = values.shape
    border = np.partition(values, items - k, axis=1)[:, items - k] if k < items else np.full(rows, -np.inf, dtype=values.dtype)
    kept = values > border[:, None]
    room = k - kept.sum(axis=1)
    # Of those that equal the last place's score, the first ones in the order of ties fill what is left.
    tied = (values == border[:, None]) & (border > -np.inf)[:, None]
    crowded = np.flatnonzero(tied.sum(axis=1) > room)
    tied[crowded] &= np.cumsum(tied[crowded], axis=1, dtype=np.int32) <= room[crowded, None]
    row, column = np.divmod(np.flatnonzero(kept | tied), items)
    value = values[row, column]
    sort = np.lexsort((column, -value, row))
    row = row[sort]
    place = np.arange(len(row)) - np.searchsorted(row, np.arange(rows))[row]
    ranked[row, place] = order[column[sort]]


def rank_users(
    score: Callable[[NDArray[np.int32]], Scores],
    users: NDArray[np.int32],
    k: int,
    popularity: Numbers,
    exclude: ItemSets | None = None,
) -> NDArray[np.int32]:
    """The k first items of many users, asking for the scores of some users at a time.

    Args:
        score: gives the scores of the users that it is handed; shape (users, items). What it gives for a user must not depend
            on the others it is handed.
        users: codes of the users to rank for; shape (rows,).
        k: places.
        popularity: as in `top_k`; shape (items,).
        exclude: for each row the items that are not to be ranked, what the user bought before for example.

    Returns:
        As `top_k`; shape (rows, k).
    """
    ranked = np.full((len(users), k), NONE, dtype=np.int32)
    items = len(popularity)
    step = max(1, _CELLS // max(items, 1))
    for start in range(0, len(users), step):
        piece = users[start : start + step]
        mask = None
        if exclude is not None:
            mask = np.zeros((len(piece), items), dtype=np.bool_)
            inside = slice(int(exclude.starts[start]), int(exclude.starts[start + len(piece)]))
            row, item = np.repeat(np.arange(len(piece)), exclude.sizes[start : start + len(piece)]), exclude.items[inside]
            known = item < items
            mask[row[known], item[known]] = True
        ranked[start : start + step] = top_k(score(piece), k, popularity, mask)
    return ranked
