"""Which items are ranked for a user: what they bought, what is closest to it, and what is popular."""

from __future__ import annotations

import numpy as np

from memlearn.ranking.learned.values import Flags, Ints, ItemFigures, UserFacts, Weights


def find_candidates(
    facts: UserFacts, near: Weights, popular: Ints, *, close: int, most_popular: int, allowed: Flags | None = None
) -> tuple[Ints, Ints]:
    """Candidates of a batch of users.

    Args:
        facts: of the users; all their items are candidates.
        near: of `closeness`; shape (kinds, users, items).
        popular: positions of items, the most popular first.
        close: how many items come in by closeness: by the sum over kinds, each against the user's highest.
        most_popular: how many popular items come in.
        allowed: items that may be ranked; shape (users, items); None: all.

    Returns:
        User and item of each candidate, by user and item.
    """
    users, items = near.shape[1:]
    chosen = np.zeros((users, items), dtype=np.bool_)
    together = np.zeros((users, items), dtype=np.float32)
    for kind in near:
        highest = kind.max(axis=1, initial=0.0)
        together += kind / np.where(highest > 0, highest, 1.0)[:, None]
    known = (facts.owner(), facts.item)
    together[known] = 0.0
    if allowed is not None:
        together[~allowed] = 0.0
    _mark_highest(together, chosen, min(close, items))
    chosen[known] = True
    if allowed is None:
        # The first popular ones of which none is there yet would differ from user to user; these are the same for all.
        chosen[:, popular[:most_popular]] = True
    else:
        _mark_popular(chosen, popular, allowed, most_popular)
        chosen &= allowed
    owner, item = np.nonzero(chosen)
    return owner.astype(np.int64), item.astype(np.int64)


def popular_order(figures: ItemFigures) -> Ints:
    """Positions of the items, the most bought first: lately, then ever, then by position."""
    return np.lexsort((np.arange(len(figures)), -figures.visits, -(2 * figures.latest + figures.visits))).astype(np.int64)


def _mark_highest(values: Weights, chosen: Flags, count: int) -> None:
    """Mark the highest values above 0 of each row; of equal ones at the edge all, so that their order does not matter."""
    if count <= 0:
        return
    # Few items are close to anything, so that sorting those is faster than partitioning whole rows.
    row, column = np.nonzero(values)
    found = values[row, column]
    order = np.lexsort((-found, row))
    begins = np.searchsorted(row, np.arange(len(values) + 1))
    edge = np.zeros(len(values), dtype=values.dtype)
    crowded = np.flatnonzero(np.diff(begins) > count)
    edge[crowded] = found[order[begins[crowded] + count - 1]]
    near = found >= edge[row]
    chosen[row[near], column[near]] = True


def _mark_popular(chosen: Flags, popular: Ints, allowed: Flags, count: int) -> None:
    """Mark the most popular allowed items of each user."""
    in_order = allowed[:, popular]
    first = in_order & (np.cumsum(in_order, axis=1) <= count)
    user, place = np.nonzero(first)
    chosen[user, popular[place]] = True
