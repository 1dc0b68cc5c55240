"""What memory holds of users' items for the ranker: from the state when learning, and from histories when training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from memlearn.learning.embedded.state import State
from memlearn.ranking.learned import Flags, Ints, Reals, UserFacts

if TYPE_CHECKING:
    from memlearn.ranking.history import History

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


def bought_of(state: State, recommended: pl.Series, kept: int) -> dict[str, pl.DataFrame]:
    """What a shard's users bought of the items that may be recommended, as a release holds it.

    Args:
        state: of the shard.
        recommended: ids of the items that may be recommended.
        kept: most items of a user that memory holds.

    Returns:
        `bought`: user_id, item_id, visits, first_day, last_day, place (0 for the item that weighs most); by user and item. `buyers`: user_id,
        visits, purchases, different, first_day, last_day, last_size; only of those who bought any.
    """
    number = state.keys.index(ITEM)
    labels = pl.Series([], dtype=pl.String) if number is None else state.keys.labels[number].cast(pl.String)
    facts = facts_of_state(state, kept, labels.is_in(recommended.implode()).to_numpy() if len(labels) else np.zeros(0, dtype=np.bool_))
    owner = facts.owner()
    place = np.empty(len(owner), dtype=np.int64)
    order = _heaviest_first(facts)
    place[order] = np.arange(len(owner)) - facts.starts[:-1][owner]
    users = state.users["user_id"]
    days = (facts.visits, facts.first, facts.last, place)
    bought = pl.DataFrame(
        {
            "user_id": users.gather(owner),
            "item_id": labels.gather(facts.item) if len(facts.item) else pl.Series([], dtype=pl.String),
            **{name: column.astype(np.int32) for name, column in zip(("visits", "first_day", "last_day", "place"), days, strict=True)},
        }
    )
    there = np.flatnonzero(np.diff(facts.starts))
    whole = {
        "visits": facts.user_visits,
        "purchases": facts.user_bought,
        "different": facts.user_items,
        "first_day": facts.user_first,
        "last_day": facts.user_last,
        "last_size": facts.user_last_size,
    }
    buyers = pl.DataFrame({"user_id": users.gather(there), **{name: column[there].astype(np.int32) for name, column in whole.items()}})
    return {"bought": bought, "buyers": buyers}


def facts_of_state(state: State, kept: int, fitting: Flags | None = None) -> UserFacts:
    """The facts of a shard's users, from their state; items are positions in the shard's sorted items, and a visit is a day.

    Args:
        state: of the shard.
        kept: most items of a user that memory holds.
        fitting: which items count; None: all.

    Returns:
        Facts by user index; a day counts as a visit where an item was bought on it. The moment is the day after the user's last visit.
    """
    users, number = len(state.users), state.keys.index(ITEM)
    counts = state.counts
    chosen_rows = np.zeros(0, dtype=np.int64)
    if number is not None and (fitting is None or fitting.any()):
        # Sorted by dimension, so that these rows lie together.
        low, high = np.searchsorted(counts["dim"].to_numpy(), [number, number + 1])
        chosen_rows = low + np.flatnonzero(counts["n"].to_numpy()[low:high] > 0)
    chosen = counts.select("u", "key", "days", "first_day", "last_day")[chosen_rows]
    if fitting is not None and len(chosen):
        chosen = chosen.filter(pl.Series(fitting)[chosen["key"]])
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
    order = _heaviest_first(facts)
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


def _heaviest_first(facts: UserFacts) -> Ints:
    """The facts by user, those that weigh most first."""
    weight = np.round(np.log(facts.visits) + np.log(_FADE) * facts.ages(), _DECIMALS)
    return np.lexsort((facts.item, -facts.last, -weight, facts.owner()))


def _of_users(history: History, rows: Ints) -> Reals:
    """The times of some rows, one a user; 0 for users without any."""
    there = history.baskets_by_user() > 0
    times = np.zeros(history.users)
    times[there] = history.time[rows[there]]
    return times
