"""What memory holds of users' items for the ranker: from the state when learning, and from histories when training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import month_days, month_numbers
from memlearn.learning.embedded.state import State
from memlearn.ranking.learned import FADED_PARTS, FADES, Flags, Ints, Reals, UserFacts

if TYPE_CHECKING:
    from memlearn.ranking.history import History

ITEM = "item"
# By what facts are compared when some must go: the middle one of `FADES`.
_WEIGHED_BY = 1
# Bits that a packed number may have.
_SORTABLE_BITS = 63


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
    first, last = history.time[order[sums[:-1]]], history.time[order[sums[1:] - 1]]
    inner = np.ones(len(order), dtype=np.bool_)
    inner[sums[:-1]] = inner[sums[1:] - 1] = False
    between = _Between(
        np.repeat(np.arange(len(visits)), visits)[inner],
        month_numbers(history.time[order[inner]].astype(np.int64)),
        np.ones(int(np.count_nonzero(inner))),
    )
    every = UserFacts(
        starts=counts.indptr.astype(np.int64),
        item=counts.indices.astype(np.int64),
        visits=visits.astype(np.float64),
        first=first,
        last=last,
        faded=_NOT_YET,
        at=ends + 1 if at is None else at,
        user_visits=history.baskets_by_user().astype(np.float64),
        user_bought=np.diff(starts).astype(np.float64),
        user_items=np.diff(counts.indptr).astype(np.float64),
        user_first=begins,
        user_last=ends,
        user_last_size=np.bincount(history.user[history.ages() == 0], minlength=history.users).astype(np.float64),
    )
    return _kept(replace(every, faded=_faded(every, between)), kept)[0]


def bought_of(state: State, recommended: pl.Series, kept: int) -> dict[str, pl.DataFrame]:
    """What a shard's users bought of the items that may be recommended, as a release holds it.

    Args:
        state: of the shard.
        recommended: ids of the items that may be recommended.
        kept: most items of a user that memory holds.

    Returns:
        `bought`: user_id, item_id, visits, first_day, last_day, faded (parts for each of `FADES`), place (0 for the item that weighs most); by
        user and item. `buyers`: user_id, visits, purchases, different, first_day, last_day, last_size; only of those who bought any.
    """
    number = state.keys.index(ITEM)
    labels = pl.Series([], dtype=pl.String) if number is None else state.keys.labels[number].cast(pl.String)
    fitting = labels.is_in(recommended.implode()).to_numpy() if len(labels) else np.zeros(0, dtype=np.bool_)
    facts, place = _kept(_all_of_state(state, fitting), kept)
    owner = facts.owner()
    users = state.users["user_id"]
    days = (facts.visits, facts.first, facts.last, place)
    bought = pl.DataFrame(
        {
            "user_id": users.gather(owner),
            "item_id": labels.gather(facts.item) if len(facts.item) else pl.Series([], dtype=pl.String),
            **{name: column.astype(np.int32) for name, column in zip(("visits", "first_day", "last_day", "place"), days, strict=True)},
            "faded": pl.Series(np.rint(facts.faded * FADED_PARTS).astype(np.int32), dtype=pl.Array(pl.Int32, len(FADES))),
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
    return _kept(_all_of_state(state, fitting), kept)[0]


def _all_of_state(state: State, fitting: Flags | None) -> UserFacts:
    users, number = len(state.users), state.keys.index(ITEM)
    counts = state.counts
    chosen_rows = np.zeros(0, dtype=np.int64)
    if number is not None and (fitting is None or fitting.any()):
        # Sorted by dimension, so that these rows lie together.
        low, high = np.searchsorted(counts["dim"].to_numpy(), [number, number + 1])
        chosen_rows = low + np.flatnonzero(counts["n"].to_numpy()[low:high] > 0)
    chosen = counts.select("row", "u", "key", "n", "days", "first_day", "last_day")[chosen_rows]
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
        faded=_NOT_YET,
        at=of_user[2] + 1,
        user_visits=of_user[0],
        user_bought=np.bincount(u, weights=days, minlength=users).astype(np.float64),
        user_items=np.bincount(u, minlength=users).astype(np.float64),
        user_first=of_user[1],
        user_last=of_user[2],
        user_last_size=np.bincount(u[last == of_user[2][u]], minlength=users).astype(np.float64),
    )
    return replace(every, faded=_faded(every, _between(state, chosen)))


@dataclass(frozen=True, slots=True, eq=False)
class _Between:
    """Visits of facts between the first and the last one.

    Args:
        row: the fact of each, or of some that are alike.
        month: their month.
        n: how many they are.
    """

    row: Ints
    month: Ints
    n: Reals


_NOT_YET = np.zeros((0, len(FADES)))


def _between(state: State, chosen: pl.DataFrame) -> _Between:
    """Of chosen rows of `counts`. Purchases on one day are one visit, so that those of a key are taken for as many visits as it has days."""
    many = np.flatnonzero((chosen["days"] > 2).to_numpy())
    some = chosen[many]
    row, month, n = state.purchases_by_month(some)
    left = n.astype(np.float64)
    for name in ("first_day", "last_day"):
        left -= month == month_numbers(some[name].to_numpy())[row]
    purchases, days = (some[name].to_numpy().astype(np.float64) for name in ("n", "days"))
    return _Between(many[row], month, left * ((days - 2) / (purchases - 2))[row])


def _faded(facts: UserFacts, between: _Between) -> Reals:
    """The visits of each fact, what is past counting less.

    Those between the first and the last one are known by their month, and count as in the middle of its days that lie between the two.
    """
    owner = facts.owner()
    last_of, slowest = facts.user_last[owner], np.log(FADES[-1]) / facts.pace()[owner]
    row = between.row
    begin, end = np.maximum(month_days(between.month), facts.first[row]), np.minimum(month_days(between.month + 1) - 1, facts.last[row])
    middle = (begin + end) / 2
    first = np.where(facts.visits > 1, np.exp((last_of - facts.first) * slowest), 0.0)
    last = np.exp((last_of - facts.last) * slowest)
    others = np.exp((last_of[row] - middle) * slowest[row])
    found = np.empty((len(owner), len(FADES)))
    for number in reversed(range(len(FADES))):
        found[:, number] = first + last + np.bincount(row, weights=between.n * others, minlength=len(owner))
        # Each of `FADES` is the fourth power of the one after it.
        first, last, others = (np.square(np.square(part)) for part in (first, last, others))
    return np.rint(found * FADED_PARTS) / FADED_PARTS


def _kept(facts: UserFacts, kept: int) -> tuple[UserFacts, Ints]:
    """The facts of each user that weigh most, and the place of each of them among its user's, 0 for the heaviest one.

    A fact weighs what is left of its visits; of equal ones the first is the heavier one.
    """
    place = _places(facts)
    chosen = np.flatnonzero(place < kept)
    owner = facts.owner()[chosen]
    fewer = replace(
        facts,
        starts=np.searchsorted(owner, np.arange(len(facts) + 1)).astype(np.int64),
        **{name: getattr(facts, name)[chosen] for name in ("item", "visits", "first", "last", "faded")},
    )
    return fewer, place[chosen]


def _places(facts: UserFacts) -> Ints:
    weight = np.rint(facts.faded[:, _WEIGHED_BY] * FADED_PARTS).astype(np.int64)
    owner, size = facts.owner(), len(weight)
    highest = int(weight.max(initial=0))
    place_bits, weight_bits = size.bit_length(), highest.bit_length()
    if len(facts).bit_length() + weight_bits + place_bits <= _SORTABLE_BITS:
        packed = (((owner << weight_bits) | (highest - weight)) << place_bits) | np.arange(size)
        packed.sort()
        order = packed & ((1 << place_bits) - 1)
    else:
        order = np.lexsort((-weight, owner))
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size) - facts.starts[:-1][owner]
    return place


def _of_users(history: History, rows: Ints) -> Reals:
    """The times of some rows, one a user; 0 for users without any."""
    there = history.baskets_by_user() > 0
    times = np.zeros(history.users)
    times[there] = history.time[rows[there]]
    return times
