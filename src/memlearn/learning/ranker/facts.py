"""What memory would hold of users at some point of their history: the facts that a ranker is trained on."""

from __future__ import annotations

import numpy as np

from memlearn.ranking.history import History
from memlearn.ranking.learned import Ints, Reals, UserFacts

# By how much a purchase counts less with each visit that passed since.
_FADE = 0.9
# Fewest purchases of which a usual gap is told.
_GAP_VISITS = 3


def facts_of(history: History, kept: int, at: Reals | None = None) -> UserFacts:
    """The facts of all users at the end of a history.

    Args:
        history: what they bought; a visit is a basket.
        kept: most items of a user that memory holds: those bought most, what is long past counting less.
        at: the moment to rank for, days; shape (users,). Without it a day after each user's last visit, and for those that have none 0.
    """
    counts, order = history.counts(), np.lexsort((history.basket, history.item, history.user))
    owner = np.repeat(np.arange(history.users, dtype=np.int64), np.diff(counts.indptr))
    visits, sums = counts.data.astype(np.int64), np.concatenate(([0], np.cumsum(counts.data.astype(np.int64))))
    first, last = order[sums[:-1]], order[sums[1:] - 1]
    age = history.ages()[last]
    weight = np.log(visits) + np.log(_FADE) * age
    chosen = _heaviest(owner, weight, -age, kept)
    number = history.baskets_by_user().astype(np.float64)
    starts = history.starts()
    begins, ends = _of_users(history, starts[:-1]), _of_users(history, starts[1:] - 1)
    sizes = np.bincount(history.user[history.ages() == 0], minlength=history.users).astype(np.float64)
    return UserFacts(
        starts=np.searchsorted(owner[chosen], np.arange(history.users + 1)).astype(np.int64),
        item=counts.indices[chosen].astype(np.int64),
        visits=visits[chosen].astype(np.float64),
        first=history.time[first[chosen]],
        last=history.time[last[chosen]],
        gap=_median_gaps(history, order, sums, chosen),
        at=ends + 1 if at is None else at,
        user_visits=number,
        user_bought=np.diff(starts).astype(np.float64),
        user_items=np.diff(counts.indptr).astype(np.float64),
        user_first=begins,
        user_last=ends,
        user_last_size=sizes,
    )


def _of_users(history: History, rows: Ints) -> Reals:
    """The times of some rows, one a user; 0 for users without any."""
    there = history.baskets_by_user() > 0
    times = np.zeros(history.users)
    times[there] = history.time[rows[there]]
    return times


def _heaviest(owner: Ints, weight: Reals, youth: Ints, kept: int) -> Ints:
    """Positions of the heaviest rows of each owner, ascending; of equal ones the younger, then the first."""
    order = np.lexsort((np.arange(len(owner)), -youth, -np.round(weight, 9), owner))
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    return np.sort(order[place < kept])


def _median_gaps(history: History, order: Ints, sums: Ints, chosen: Ints) -> Reals:
    """The lower median of the days between purchases, of items bought often enough."""
    gaps = np.full(len(chosen), np.nan)
    sizes = sums[chosen + 1] - sums[chosen]
    often = np.flatnonzero(sizes >= _GAP_VISITS)
    if len(often) == 0:
        return gaps
    number = sizes[often] - 1
    ends = np.cumsum(number)
    row = np.repeat(np.arange(len(often)), number)
    at = order[np.arange(ends[-1]) + np.repeat(sums[chosen[often]] - (ends - number), number)]
    after = order[np.arange(ends[-1]) + np.repeat(sums[chosen[often]] - (ends - number), number) + 1]
    gap = history.time[after] - history.time[at]
    sorted_gaps = gap[np.lexsort((gap, row))]
    gaps[often] = sorted_gaps[ends - number + (number - 1) // 2]
    return gaps
