"""Which entries of each row are the largest, and which users a neighbourhood is looked for in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from memlearn.ranking.history import History

__all__ = ["blocks", "largest", "neighbour_pool"]

_ENTRIES = 4_000_000


def largest(values: NDArray[np.float64], count: int, floor: float = -np.inf) -> NDArray[np.bool_]:
    """Mark the largest values of each row; of equal ones at the border those that stand first.

    Args:
        values: shape (rows, n).
        count: how many to mark in each row, as far as there are so many.
        floor: what is not over this is never marked.

    Returns:
        Truth values of the same shape.
    """
    width = values.shape[1]
    marked: NDArray[np.bool_]
    if count >= width:
        marked = values > floor
        return marked
    border = np.partition(values, width - count, axis=1)[:, width - count, np.newaxis]
    marked = values > np.maximum(border, floor)
    equal = (values == border) & (border > floor)
    room = count - np.count_nonzero(marked, axis=1)
    # Rows are few in which equal values stand at the border and not all of them have room.
    crowded = np.flatnonzero(np.count_nonzero(equal, axis=1) > room)
    equal[crowded] &= np.cumsum(equal[crowded], axis=1) <= room[crowded, np.newaxis]
    marked |= equal
    return marked


def neighbour_pool(history: History, limit: int) -> NDArray[np.int32]:
    """The users among whom neighbours are looked for: all who bought anything, or an even choice of them.

    Args:
        history: what was bought.
        limit: how many users at most; which of them is the same in every run.
    """
    active = np.flatnonzero(history.baskets_by_user()).astype(np.int32)
    if len(active) <= limit:
        return active
    places = (np.arange(limit, dtype=np.int64) * len(active)) // limit
    return active[places]


def blocks(users: NDArray[np.int32], width: int) -> Iterator[tuple[slice, NDArray[np.int32]]]:
    """Cut users into blocks whose dense work matrices of that width stay small.

    Args:
        users: the users asked about.
        width: the entries of a work matrix for one user.
    """
    size = max(1, min(256, _ENTRIES // max(width, 1)))
    for start in range(0, len(users), size):
        place = slice(start, min(start + size, len(users)))
        yield place, users[place]
