"""What is asked at the cuts: each user's history before a cut, and what came after it. Pure: from visits to arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memlearn.evaluation.cuts import TimeCut
from memlearn.evaluation.item_sets import Flags, ItemSets, pair_sets
from memlearn.evaluation.judge import Categories, Question
from memlearn.evaluation.visits import Visits, sampled
from memlearn.ranking.history import History, make_history

Codes32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One cut; a row is a user with a history before it.

    Args:
        cut: the cut.
        history: what all users had before it.
        user: code of each row's user, ascending.
        truth: what came, by row.
        bought: what the row's user had before, by row.
        shown: which items may be ranked at the cut; shape (items,).
        beyond: pairs of a user and an item left out of the truth because the item may not be ranked at the cut.
        strangers: users with truth and without a history.
    """

    cut: TimeCut
    history: History
    user: Codes32
    truth: ItemSets
    bought: ItemSets
    shown: Flags
    beyond: int
    strangers: int


def ask(visits: Visits, cut: TimeCut, shown: Flags, *, next_visit: bool, repeats: bool, timed: bool, most: int) -> Asked:
    """What is asked at one cut.

    Args:
        visits: all visits.
        cut: where.
        shown: which items may be ranked then; shape (items,).
        next_visit: True: the truth is the user's first day after the cut with any item; False: all until the cut's end.
        repeats: False: what a user had before is no truth.
        timed: whether days can be compared between users.
        most: users that are asked about at most.
    """
    before = visits.time_us < cut.as_of_us
    after = ~before & (visits.time_us < cut.until_us)
    size, items = len(visits.users), len(visits.items)
    days = visits.day[before]
    history = make_history(size, items, visits.user[before], days, visits.item[before], days.astype(np.float64) if timed else None)
    if next_visit:
        first = np.full(size, np.iinfo(np.int32).max, dtype=np.int32)
        np.minimum.at(first, visits.user[after], visits.day[after])
        after &= visits.day == first[visits.user]
    known = np.zeros(size, dtype=np.bool_)
    known[history.user] = True
    strangers = int((np.bincount(visits.user[after], minlength=size)[~known] > 0).sum())
    users = np.flatnonzero(known)
    users = users[sampled([visits.users[user] for user in users], most)]
    row_of = np.full(size, -1, dtype=np.int64)
    row_of[users] = np.arange(len(users))
    bought = _sets(row_of[history.user], history.item, len(users))
    row, item = row_of[visits.user[after]], visits.item[after]
    inside = row >= 0
    row, item = row[inside], item[inside]
    allowed = shown[item]
    truth = pair_sets(row[allowed], item[allowed], len(users))
    if not repeats:
        truth = truth.keep(~bought.contains(truth.row, truth.items))
    return Asked(cut, history, users.astype(np.int32), truth, bought, shown, int((~allowed).sum()), strangers)


def _sets(row: NDArray[np.int64], item: Codes32, rows: int) -> ItemSets:
    inside = row >= 0
    return pair_sets(row[inside], item[inside], rows)


def question_of(asked: Sequence[Asked], category: NDArray[np.int64] | None) -> Question:
    """All cuts as one question.

    Args:
        asked: the cuts, in order of time.
        category: code of each item's category, negative where it has none; None where items have no categories.
    """
    user = np.concatenate([one.user for one in asked]).astype(np.int64)
    cut = np.concatenate([np.full(len(one.user), number) for number, one in enumerate(asked)])
    first = asked[0].history
    bought = stacked([one.bought for one in asked])
    baskets = np.zeros(first.users, dtype=np.int64)
    # A user is as cold as at the first cut that asks about them.
    for one in reversed(asked):
        baskets[one.user] = one.history.baskets_by_user()[one.user]
    buyers, shoppers = first.buyers_by_item(), int((first.baskets_by_user() > 0).sum())
    return Question(
        truth=stacked([one.truth for one in asked]),
        bought=bought,
        baskets=baskets,
        buyers=buyers,
        shoppers=max(shoppers, 1),
        user=user,
        cut=cut,
        categories=None if category is None else _categories(asked, category),
    )


def _categories(asked: Sequence[Asked], category: NDArray[np.int64]) -> Categories:
    rows, items, weights, before = [], [], [], 0
    for one in asked:
        counts = one.history.counts()[one.user]
        rows.append(before + np.repeat(np.arange(len(one.user)), np.diff(counts.indptr)))
        items.append(counts.indices.astype(np.int64))
        weights.append(counts.data)
        before += len(one.user)
    return Categories(np.concatenate(rows), np.concatenate(items), np.concatenate(weights), category)


def stacked(sets: Sequence[ItemSets]) -> ItemSets:
    """The rows of several sets, one after the other."""
    offsets = np.cumsum([0, *(len(one.items) for one in sets)])
    starts = [one.starts[:-1] + offset for one, offset in zip(sets, offsets[:-1], strict=True)]
    return ItemSets(np.concatenate([one.items for one in sets]), np.concatenate([*starts, offsets[-1:]]))
