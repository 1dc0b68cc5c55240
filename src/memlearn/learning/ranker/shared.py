"""What all users tell of items, for the ranker: figures of each item and what is bought with and after it; of k users at least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memlearn.ranking.history import History
from memlearn.ranking.learned import Companions, Flags, Ints, ItemFigures, Reals, UserFacts

# Companions of an item that are kept.
KEPT = 100
# Of a visit with more items only so many take part in pairs.
MOST_PER_VISIT = 60
# By how much few common users are believed less.
_SHRINK, _SHRINK_AFTER = 5.0, 10.0


def figures_of(history: History, levels: Ints, min_users: int) -> ItemFigures:
    """Figures of every item; those of fewer users than `min_users` are 0.

    Args:
        history: what all users bought.
        levels: codes of each item in the levels of the catalogue, finest first; shape (levels, items).
        min_users: fewest users behind a figure.
    """
    counts = history.counts()
    buyers = np.bincount(counts.indices, minlength=history.items)
    repeaters = np.bincount(counts.indices[counts.data > 1], minlength=history.items)
    visits = history.baskets_by_item()
    latest = np.bincount(history.item[history.ages() == 0], minlength=history.items)
    sizes = np.bincount(history.item, weights=_visit_sizes(history), minlength=history.items) / np.maximum(visits, 1)
    known = buyers >= min_users

    def shown(column: NDArray[np.generic]) -> Reals:
        return np.where(known, column, 0).astype(np.float64)

    return ItemFigures(
        users=int(np.count_nonzero(history.baskets_by_user())),
        buyers=shown(buyers),
        visits=shown(visits),
        latest=shown(latest),
        repeaters=shown(repeaters),
        size=shown(sizes),
        levels=levels,
    )


def _visit_sizes(history: History) -> Reals:
    """How many items the visit of each row has."""
    number = np.cumsum(history.first_rows()) - 1
    return np.bincount(number)[number].astype(np.float64) if len(number) else np.zeros(0)


def companions_of(history: History, facts: UserFacts, min_users: int) -> dict[str, Companions]:
    """What is bought by the same users, on the same visit and on the visit after, of each item.

    Args:
        history: what all users bought.
        facts: of the same users.
        min_users: fewest users who bought both.
    """
    buyers = np.bincount(facts.item, minlength=history.items).astype(np.float64)
    visits = history.baskets_by_item().astype(np.float64)
    first, other, users = _pairs_of_users(facts, history.items)
    shared = _kept(first, other, users / (np.sqrt(buyers[first] * buyers[other]) + _SHRINK), users >= min_users, history.items)
    rows = _limited(history)
    user, visit, item = history.user[rows].astype(np.int64), _visit_numbers(history)[rows], history.item[rows].astype(np.int64)
    starts = np.searchsorted(visit, np.arange(int(visit.max(initial=-1)) + 2))
    one, two = _same_visit(visit, starts)
    first, other, n, users = _count(item[one], item[two], user[one], history.items, history.users)
    basket = _kept(first, other, n / (np.sqrt(visits[first] * visits[other]) + _SHRINK), users >= min_users, history.items)
    one, two = _next_visit(user, visit, starts)
    first, other, n, users = _count(item[one], item[two], user[one], history.items, history.users)
    chance = n / (visits[first] + _SHRINK_AFTER) / np.sqrt(visits[other] + _SHRINK_AFTER)
    return {"with": shared, "basket": basket, "after": _kept(first, other, chance, users >= min_users, history.items)}


def _pairs_of_users(facts: UserFacts, items: int) -> tuple[Ints, Ints, Ints]:
    """Items that the same users bought, both ways, and how many users."""
    owner = facts.owner()
    one, two = _same_visit(owner, facts.starts)
    if not len(one):
        return one, two, one
    packed = facts.item[one] * items + facts.item[two]
    codes, users = np.unique(packed, return_counts=True)
    return codes // items, codes % items, users


def _visit_numbers(history: History) -> Ints:
    return (np.cumsum(history.first_rows()) - 1).astype(np.int64)


def _limited(history: History) -> Ints:
    """Rows that take part in pairs: all of most visits, of very large ones a spread of items."""
    visit = _visit_numbers(history)
    place = np.arange(len(visit)) - np.searchsorted(visit, visit)
    large = np.bincount(visit)[visit] > MOST_PER_VISIT if len(visit) else np.zeros(0, dtype=np.bool_)
    if not large.any():
        return np.arange(len(visit))
    # Another choice for each visit, and the same one in every run.
    mixed = (
        history.item.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + visit.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    ) >> np.uint64(32)
    order = np.lexsort((mixed, visit))
    kept = np.zeros(len(visit), dtype=np.bool_)
    kept[order[place < MOST_PER_VISIT]] = True
    return np.flatnonzero(kept)


def _same_visit(visit: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Positions of all pairs of different rows of a visit, both ways."""
    sizes = (starts[1:] - starts[:-1])[visit]
    one = np.repeat(np.arange(len(visit), dtype=np.int64), sizes)
    two = starts[visit][one] + np.arange(len(one), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    differ = one != two
    return one[differ], two[differ]


def _next_visit(user: Ints, visit: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Positions of all pairs of a row and a row of the user's next visit."""
    if not len(visit):
        return visit, visit
    of_visit = user[starts[:-1]]
    followed = np.append(of_visit[1:] == of_visit[:-1], False)
    rows = np.flatnonzero(followed[visit])
    begins = starts[visit[rows] + 1]
    sizes = starts[visit[rows] + 2] - begins
    one = np.repeat(rows, sizes)
    two = np.repeat(begins - (np.cumsum(sizes) - sizes), sizes) + np.arange(len(one), dtype=np.int64)
    return one, two


def _count(first: Ints, other: Ints, user: Ints, items: int, users: int) -> tuple[Ints, Ints, Ints, Ints]:
    """The different pairs, how often each is there, and of how many users."""
    packed = (first * items + other) * users + user
    packed.sort()
    codes = packed // max(users, 1)
    new_pair, new_user = _changes(codes), _changes(packed)
    begins = np.flatnonzero(new_pair)
    n = np.diff(np.append(begins, len(codes)))
    of_users = np.add.reduceat(new_user.astype(np.int64), begins) if len(begins) else begins
    codes = codes[begins]
    return codes // items, codes % items, n, of_users


def _changes(values: Ints) -> Flags:
    changed = np.ones(len(values), dtype=np.bool_)
    changed[1:] = values[1:] != values[:-1]
    return changed


def _kept(first: Ints, other: Ints, weight: Reals, enough: Flags, items: int) -> Companions:
    """The closest companions of each item, the closest first; of equally close ones the lower position."""
    rows = np.flatnonzero(enough & (first != other))
    first, other, close = first[rows], other[rows], weight[rows].astype(np.float32)
    order = np.lexsort((other, -close, first))
    first, other, close = first[order], other[order], close[order]
    near = np.arange(len(first)) - np.searchsorted(first, first) < KEPT
    return Companions(np.searchsorted(first[near], np.arange(items + 1)).astype(np.int64), other[near], close[near])
