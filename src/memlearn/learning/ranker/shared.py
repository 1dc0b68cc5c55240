"""What all users tell of items, for the ranker: figures of each item and what is bought with and after it; of k users at least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from memlearn.ranking.history import History
from memlearn.ranking.learned import Companions, Flags, Ints, ItemFigures, Reals, UserFacts, Weights

# Companions of an item that are kept.
KEPT = 100
# Of a visit with more items only so many take part in pairs.
MOST_PER_VISIT = 60
# So many pairs are counted at a time.
_PAIRS_AT_ONCE = 2_000_000
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
    items = history.items
    rows = _limited(history)
    user, visit, item = history.user[rows].astype(np.int64), _visit_numbers(history)[rows], history.item[rows].astype(np.int64)
    visits = _Visits(user, item, visit, np.searchsorted(visit, np.arange(int(visit.max(initial=-1)) + 2)).astype(np.int64))
    of_visits = history.baskets_by_item().astype(np.float64)

    def near(first: Ints, other: Ints, n: Ints) -> Reals:
        return n / (np.sqrt(of_visits[first] * of_visits[other]) + _SHRINK)

    def after(first: Ints, other: Ints, n: Ints) -> Reals:
        return n / (of_visits[first] + _SHRINK_AFTER) / np.sqrt(of_visits[other] + _SHRINK_AFTER)

    return {
        "with": _by_users(facts, items, min_users),
        "basket": _by_visits(visits, visits.same_visit(), near, items, min_users),
        "after": _by_visits(visits, visits.next_visit(), after, items, min_users),
    }


def _by_users(facts: UserFacts, items: int, min_users: int) -> Companions:
    """What the same users bought."""
    bought = csr_array((np.ones(len(facts.item)), facts.item, facts.starts), shape=(len(facts), items))
    by_item = csr_array(bought.T)
    buyers = np.diff(by_item.indptr).astype(np.float64)
    # How many pairs there are at most with each item: as many as its buyers have items.
    sizes = np.asarray(by_item @ np.diff(facts.starts).astype(np.float64))
    found = []
    for low, high in _item_blocks(sizes):
        shared = csr_array(by_item[low:high] @ bought)
        first = low + np.repeat(np.arange(high - low, dtype=np.int64), np.diff(shared.indptr))
        enough = np.flatnonzero(shared.data >= min_users)
        first, other, users = first[enough], shared.indices[enough].astype(np.int64), shared.data[enough]
        found.append(_closest(first, other, users / (np.sqrt(buyers[first] * buyers[other]) + _SHRINK)))
    return _companions(found, items)


@dataclass(frozen=True, slots=True, eq=False)
class _Visits:
    """Rows by visit.

    Args:
        user, item, visit: of each row.
        starts: where each visit's rows begin, and at last where all end.
    """

    user: Ints
    item: Ints
    visit: Ints
    starts: Ints

    def same_visit(self) -> tuple[Ints, Ints]:
        """For each row where the rows begin and end that were bought on the same visit."""
        return self.starts[self.visit], self.starts[self.visit + 1]

    def next_visit(self) -> tuple[Ints, Ints]:
        """For each row where the rows begin and end that the same user bought on the next visit; none for the last one."""
        if not len(self.visit):
            return self.visit, self.visit
        of_visit = self.user[self.starts[:-1]]
        followed = np.append(of_visit[1:] == of_visit[:-1], False)[self.visit]
        after = np.minimum(self.visit + 1, len(self.starts) - 2)
        begins = self.starts[after]
        return begins, np.where(followed, self.starts[after + 1], begins)


def _by_visits(
    visits: _Visits, others: tuple[Ints, Ints], weigh: Callable[[Ints, Ints, Ints], Reals], items: int, min_users: int
) -> Companions:
    """What is bought on visits that go together."""
    order = np.argsort(visits.item, kind="stable")
    begins, sizes = others[0], others[1] - others[0]
    starts = np.searchsorted(visits.item[order], np.arange(items + 1))
    users = int(visits.user.max(initial=0)) + 1
    found = []
    for low, high in _item_blocks(np.bincount(visits.item, weights=sizes, minlength=items).astype(np.float64)):
        rows = order[starts[low] : starts[high]]
        one = np.repeat(rows, sizes[rows])
        two = np.arange(len(one), dtype=np.int64) + np.repeat(begins[rows] - (np.cumsum(sizes[rows]) - sizes[rows]), sizes[rows])
        first, other, n, of_users = _count(visits.item[one], visits.item[two], visits.user[one], items, users)
        enough = np.flatnonzero(of_users >= min_users)
        first, other, n = first[enough], other[enough], n[enough]
        found.append(_closest(first, other, weigh(first, other, n)))
    return _companions(found, items)


def _item_blocks(sizes: Reals) -> Iterator[tuple[int, int]]:
    """Ranges of items that together have so many pairs that they fit into memory; a range has at least one item."""
    ends = np.cumsum(sizes)
    low = 0
    while low < len(sizes):
        done = ends[low - 1] if low else 0.0
        high = max(low + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")))
        yield low, high
        low = high


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


def _closest(first: Ints, other: Ints, weight: Reals) -> tuple[Ints, Ints, Weights]:
    """The closest companions of each item, the closest first; of equally close ones the lower position."""
    rows = np.flatnonzero(first != other)
    first, other, close = first[rows], other[rows], weight[rows].astype(np.float32)
    order = np.lexsort((other, -close, first))
    first, other, close = first[order], other[order], close[order]
    near = np.arange(len(first)) - np.searchsorted(first, first) < KEPT
    return first[near], other[near], close[near]


def _companions(found: Sequence[tuple[Ints, Ints, Weights]], items: int) -> Companions:
    nothing = np.zeros(0, dtype=np.int64)
    parts = [(nothing, nothing, np.zeros(0, dtype=np.float32)), *found]
    first, other, close = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Companions(np.searchsorted(first, np.arange(items + 1)).astype(np.int64), other, close)
