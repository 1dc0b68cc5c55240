"""What the learned ranker is given: users' facts, items' figures and companions, as arrays over item positions.

A batch holds one user when serving and many when training, so that both go through the same code. Times are days; where data has only
an order, a visit is a day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Weights = NDArray[np.float32]
Flags = NDArray[np.bool_]

_SLOWEST = 0.985
FADES = (_SLOWEST**16, _SLOWEST**4, _SLOWEST)
"""What a purchase counts after one more visit of the user, in three ways: half of it is left after 3, 11 and 46 visits."""

FADED_PARTS = 1000
"""Such visits are whole numbers of so many parts, so that machines agree."""

COMPANION_KINDS = ("with", "basket", "after")
"""Bought by the same users; on the same visit; on the visit after."""


@dataclass(frozen=True, slots=True, eq=False)
class UserFacts:
    """What memory holds of some users' items, user by user.

    Args:
        starts: facts of user i are at starts[i] to starts[i + 1]; shape (users + 1,).
        item: position of each fact's item, ascending within a user; shape (facts,).
        visits: on how many visits the user bought it.
        first, last: the first and last of them, days.
        faded: those visits at the user's last one, what is past counting less as each of `FADES` says; shape (facts, fades).
        at: the moment to rank for, days; shape (users,).
        user_visits: all visits of each user.
        user_bought: purchases of each user, an item counting once a visit.
        user_items: different items that each user bought, those that memory does not hold included.
        user_first, user_last: the first and the last visit, days.
        user_last_size: items of the last visit.
    """

    starts: Ints
    item: Ints
    visits: Reals
    first: Reals
    last: Reals
    faded: Reals
    at: Reals
    user_visits: Reals
    user_bought: Reals
    user_items: Reals
    user_first: Reals
    user_last: Reals
    user_last_size: Reals

    def __len__(self) -> int:
        return len(self.at)

    def owner(self) -> Ints:
        """The user of each fact."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))

    def pace(self) -> Reals:
        """Mean days between two visits of each user; infinite for a user with a single one."""
        with np.errstate(divide="ignore", invalid="ignore"):
            pace = (self.user_last - self.user_first) / (self.user_visits - 1)
        pace[~(pace > 0)] = np.inf
        return pace

    def visits_weighed(self) -> Reals:
        """All visits of each user, what is past counting less as each of `FADES` says, as if they lay evenly; shape (users, fades)."""
        fades = np.array(FADES)
        weighed: Reals = (1 - np.power(fades, self.user_visits[:, None])) / (1 - fades)
        return weighed

    def ages(self) -> Reals:
        """For each fact how many visits of the user passed since the last purchase, by the user's pace."""
        owner = self.owner()
        age: Reals = (self.user_last[owner] - self.last) / self.pace()[owner]
        return age

    def users(self, first: int, end: int) -> UserFacts:
        """The users from `first` to before `end`."""
        low, high = int(self.starts[first]), int(self.starts[end])
        return UserFacts(
            starts=self.starts[first : end + 1] - low,
            item=self.item[low:high],
            visits=self.visits[low:high],
            first=self.first[low:high],
            last=self.last[low:high],
            faded=self.faded[low:high],
            at=self.at[first:end],
            user_visits=self.user_visits[first:end],
            user_bought=self.user_bought[first:end],
            user_items=self.user_items[first:end],
            user_first=self.user_first[first:end],
            user_last=self.user_last[first:end],
            user_last_size=self.user_last_size[first:end],
        )


@dataclass(frozen=True, slots=True, eq=False)
class ItemFigures:
    """What all users do with each item; shape (items,) each.

    Args:
        users: how many users the figures are of.
        buyers: users who bought it.
        visits: visits on which it was bought.
        latest: users whose last visit it was bought on.
        repeaters: users who bought it on two visits or more.
        size: mean number of items of the visits on which it was bought; 0 where there are none.
        levels: codes of each item in the levels of the catalogue, finest first, -1 where it has none; shape (levels, items).
    """

    users: int
    buyers: Reals
    visits: Reals
    latest: Reals
    repeaters: Reals
    size: Reals
    levels: Ints

    def __len__(self) -> int:
        return len(self.buyers)


@dataclass(frozen=True, slots=True, eq=False)
class Companions:
    """What is bought with or after each item, of one kind.

    Args:
        starts: companions of item i are at starts[i] to starts[i + 1]; shape (items + 1,).
        item: position of each companion.
        weight: how close it is; above 0.
    """

    starts: Ints
    item: Ints
    weight: Weights

    def __len__(self) -> int:
        return len(self.starts) - 1
