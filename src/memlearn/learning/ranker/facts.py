"""What memory holds of users' items for the ranker: from the state when learning, and from histories when training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memlearn.learning.embedded.state import State
from memlearn.ranking.history import History
from memlearn.ranking.learned import Ints, Reals, UserFacts

ITEM = "item"
# By how much a purchase counts less with each visit that passed since.
_FADE = 0.9
# Weights are compared at so many decimal places, so that machines agree.
_DECIMALS = 9


def facts_of(history: History, kept: int, at: Reals | None = None) -> UserFacts:
    """The facts of all users at the end of a history.

    Args:
        history: what they bought; a visit is a basket.
        kept: most items of a user that memory holds: those bought most, what is long past counting less.
        at: the moment to rank for, days; shape (users,). Without it a day after each user's last visit, and for those that have none 1.
    """
    counts, order = history.counts(), np.lexsort((history.basket, history.item, history.user))
    visits = counts.data.astype(np.int64)
    sums = np.concatenate(([0], np.cumsum(visits)))
    starts = history.starts()
    begins, ends = _of_users(history, starts[:-1]), _of_users(history, starts[1:] - 1)
    every = UserFacts(
        starts=counts.indptr.astype(np.int64),
        item=counts.indices.astype(np.int64),
        visits=visits.astype(np.float64),
        first=history.time[order[sums[:-1]]],
        last=history.time[order[sums[1:] - 1]],
        at=ends + 1 if at is None else at,
        user_visits=history.baskets_by_user().astype(np.float64),
        user_bought=np.diff(starts).astype(np.float64),
        user_items=np.diff(counts.indptr).astype(np.float64),
        user_first=begins,
        user_last=ends,
        user_last_size=np.bincount(history.user[history.ages() == 0], minlength=history.users).astype(np.float64),
    )
    return keep_heaviest(every, kept)


def facts_of_state(state: State, kept: int) -> UserFacts:
    """The facts of a shard's users, from their state; items are positions in the shard's sorted items, and a visit is a day.

    Args:
        state: of the shard.
        kept: most items of a user that memory holds.

    Returns:
        Facts by user index; a day counts as a visit where an item was bought on it. The moment is the day after the user's last visit.
    """
    users, number = len(state.users), state.keys.index(ITEM)
    counts = state.counts
    rows = (
        np.flatnonzero((counts["dim"].to_numpy() == number) & (counts["n"].to_numpy() > 0)) if number is not None else np.zeros(0, np.int64)
    )
    chosen = counts.select("u", "key", "days", "first_day", "last_day")[rows]
    u, item = chosen["u"].to_numpy().astype(np.int64), chosen["key"].to_numpy().astype(np.int64)
    days, first, last = (chosen[name].to_numpy().astype(np.float64) for name in ("days", "first_day", "last_day"))
    whole = state.whole()
    of_user, known = np.zeros((3, users)), whole["u"].to_numpy()
    for place, name in enumerate(("user_days", "user_first_day", "user_last_day")):
        of_user[place, known] = whole[name].to_numpy()
    every = UserFacts(
        starts=np.searchsorted(u, np.arange(users + 1)).astype(np.int64),
        item=item,
        visits=days,
        first=first,
        last=last,
        at=of_user[2] + 1,
        user_visits=of_user[0],
        user_bought=np.bincount(u, weights=days, minlength=users).astype(np.float64),
        user_items=np.bincount(u, minlength=users).astype(np.float64),
        user_first=of_user[1],
        user_last=of_user[2],
        user_last_size=np.bincount(u[last == of_user[2][u]], minlength=users).astype(np.float64),
    )
    return keep_heaviest(every, kept)


def keep_heaviest(facts: UserFacts, kept: int) -> UserFacts:
    """The facts of each user that weigh most: purchases, each visit that passed since the last one counting less; of equal ones the first.

    Args:
        facts: of users.
        kept: most facts of a user.
    """
    owner = facts.owner()
    weight = np.round(np.log(facts.visits) + np.log(_FADE) * facts.ages(), _DECIMALS)
    order = np.lexsort((facts.item, -facts.last, -weight, owner))
    place = np.arange(len(owner)) - facts.starts[:-1][owner]
    chosen = np.sort(order[place < kept])
    return replace(
        facts,
        starts=np.searchsorted(owner[chosen], np.arange(len(facts) + 1)).astype(np.int64),
        item=facts.item[chosen],
        visits=facts.visits[chosen],
        first=facts.first[chosen],
        last=facts.last[chosen],
    )


def _of_users(history: History, rows: Ints) -> Reals:
    """The times of some rows, one a user; 0 for users without any."""
    there = history.baskets_by_user() > 0
    times = np.zeros(history.users)
    times[there] = history.time[rows[there]]
    return times
