"""What users bought, as integers: the one form in which baselines and metrics see the past. It reads no files.

A `History` is made by `make_history` from rows in any order, and cut by `split_last` or `split_at` into what a method may see
and what it is asked about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from memlearn.errors import UsageError

__all__ = ["History", "make_history", "split_at", "split_last"]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What users bought before a cut, one row per item of a basket.

    Args:
        users: how many users there are; their codes are 0 to users - 1, and some may have no rows.
        items: how many items there are; their codes are 0 to items - 1, and some may never have been bought.
        user: the user of each row; rows are sorted by user, basket and item.
        basket: the number of the basket within its user, 0 being the oldest, without gaps.
        item: the item of each row, once per basket.
        time: days since some origin, the same within a basket; where there is only an order, the basket's number.

    Raises:
        UsageError: if the arrays are not of one length, hold codes outside their range, or are not sorted as said.
    """

    users: int
    items: int
    user: NDArray[np.int32]
    basket: NDArray[np.int32]
    item: NDArray[np.int32]
    time: NDArray[np.float64]

    def __post_init__(self) -> None:
        lengths = {len(self.user), len(self.basket), len(self.item), len(self.time)}
        if len(lengths) > 1:
            raise UsageError(f"The columns of a history have {sorted(lengths)} rows; give each the same number.")
        _check_codes("user", self.user, self.users)
        _check_codes("item", self.item, self.items)
        same_user = self.user[1:] == self.user[:-1]
        same_basket = same_user & (self.basket[1:] == self.basket[:-1])
        next_basket = same_user & (self.basket[1:] == self.basket[:-1] + 1)
        in_order = (self.user[1:] > self.user[:-1]) & (self.basket[1:] == 0) | next_basket | same_basket & (self.item[1:] > self.item[:-1])
        if len(self.user) and (self.basket[0] != 0 or not in_order.all()):
            raise UsageError(
                "The rows of a history are not sorted by user, basket and item, or a basket's number is left out; use make_history."
            )

    def __len__(self) -> int:
        return len(self.user)

    @property
    def end(self) -> float:
        """The newest time; 0 where nothing was bought."""
        return float(self.time.max()) if len(self.time) else 0.0

    @property
    def timed(self) -> bool:
        """Whether the times are more than the baskets' numbers, so that they can be compared between users."""
        return not np.array_equal(self.time, self.basket)

    def starts(self) -> NDArray[np.int64]:
        """Where each user's rows begin, and at last where all end; shape (users + 1,)."""
        return np.searchsorted(self.user, np.arange(self.users + 1)).astype(np.int64)

    def baskets_by_user(self) -> NDArray[np.int32]:
        """How many baskets each user has; shape (users,)."""
        number = np.zeros(self.users, dtype=np.int32)
        np.maximum.at(number, self.user, self.basket + 1)
        return number

    def ages(self) -> NDArray[np.int32]:
        """How many baskets the user had after each row's; shape (rows,)."""
        ages: NDArray[np.int32] = self.baskets_by_user()[self.user] - 1 - self.basket
        return ages

    def first_rows(self) -> NDArray[np.bool_]:
        """Whether a row is the first of its basket; shape (rows,)."""
        first = np.ones(len(self), dtype=np.bool_)
        first[1:] = (self.user[1:] != self.user[:-1]) | (self.basket[1:] != self.basket[:-1])
        return first

    def baskets_by_item(self) -> NDArray[np.int64]:
        """How many baskets hold each item; the popularity by which ties are broken; shape (items,)."""
        return np.bincount(self.item, minlength=self.items).astype(np.int64)

    def buyers_by_item(self) -> NDArray[np.int64]:
        """How many users bought each item at least once; shape (items,)."""
        return np.bincount(self.counts().indices, minlength=self.items).astype(np.int64)

    def counts(self) -> csr_array:
        """How many baskets of each user hold each item, float64; shape (users, items), sorted by item, no zeros kept."""
        return self.summed(np.ones(len(self)))

    def bought(self) -> csr_array:
        """One where the user bought the item, float64; shape (users, items)."""
        counts = self.counts()
        counts.data[:] = 1.0
        return counts

    def summed(self, weights: NDArray[np.float64]) -> csr_array:
        """The rows' weights, added up by user and item.

        Args:
            weights: a weight for each row; shape (rows,).

        Returns:
            A float64 matrix of shape (users, items) whose rows are sorted by item. What a user bought is stored even if its weight is 0.
        """
        order, begins = self._pairs()
        data = np.add.reduceat(weights[order].astype(np.float64), begins) if len(begins) else np.zeros(0)
        rows = order[begins]
        ends = np.searchsorted(self.user[rows], np.arange(self.users + 1))
        return csr_array((data, self.item[rows], ends.astype(np.int32)), shape=(self.users, self.items))

    def first_bought(self) -> NDArray[np.int64]:
        """The oldest row of each item that a user bought, in the order of the entries of `counts()`."""
        order, begins = self._pairs()
        return order[begins]

    def last_bought(self) -> NDArray[np.int64]:
        """The newest row of each item that a user bought, in the order of the entries of `counts()`."""
        order, begins = self._pairs()
        return order[np.append(begins[1:], len(order)) - 1] if len(order) else order

    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows in the order of user and item, the oldest basket first, and where in them each pair begins."""
        key = self.user.astype(np.int64) * self.items + self.item
        # A stable order makes sums the same on every machine.
        order = np.argsort(key, kind="stable")
        return order, np.flatnonzero(_changes(key[order]))

    def kept(self, rows: NDArray[np.bool_]) -> History:
        """A history of some of the rows, of the same users and items; the baskets left are numbered anew.

        Args:
            rows: whether to keep each row; shape (rows,).
        """
        time = self.time[rows] if self.timed else None
        return make_history(self.users, self.items, self.user[rows], self.basket[rows], self.item[rows], time)


def _check_codes(name: str, codes: NDArray[np.int32], limit: int) -> None:
    if len(codes) and (codes.min() < 0 or codes.max() >= limit):
        raise UsageError(f"The {name} codes of a history run from {codes.min()} to {codes.max()}; they must lie in 0 to {limit - 1}.")


def make_history(users: int, items: int, user: ArrayLike, order: ArrayLike, item: ArrayLike, time: ArrayLike | None = None) -> History:
    """Make a history from rows in any order; an item that stands twice in a basket is kept once.

    Args:
        users: how many users there are.
        items: how many items there are.
        user: the code of each row's user.
        order: what baskets are told apart and ordered by within a user: a number, or the time itself.
        item: the code of each row's item.
        time: days since some origin, the same within a basket; without it the baskets' numbers are taken.

    Returns:
        The history, its baskets numbered from 0 without gaps.

    Raises:
        UsageError: if the columns differ in length or codes lie outside their range.
    """
    user_codes, item_codes = np.asarray(user, dtype=np.int32), np.asarray(item, dtype=np.int32)
    place = np.asarray(order)
    moments = None if time is None else np.asarray(time, dtype=np.float64)
    lengths = {len(column) for column in (user_codes, item_codes, place, moments) if column is not None}
    if len(lengths) > 1:
        raise UsageError(f"The columns of a history have {sorted(lengths)} rows; give each the same number.")
    rows = np.lexsort((item_codes, place, user_codes))
    user_codes, item_codes, place = user_codes[rows], item_codes[rows], place[rows]
    new_user = _changes(user_codes)
    new_basket = new_user | _changes(place)
    keep = new_basket | _changes(item_codes)
    number = np.cumsum(new_basket) - 1
    first = np.maximum.accumulate(np.where(new_user, number, 0)) if len(number) else number
    basket = (number - first).astype(np.int32)
    days = basket.astype(np.float64) if moments is None else moments[rows]
    return History(users, items, user_codes[keep], basket[keep], item_codes[keep], days[keep])


def _changes(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each value differs from the one before it; the first does."""
    changes = np.ones(len(values), dtype=np.bool_)
    changes[1:] = values[1:] != values[:-1]
    return changes


def split_last(history: History, baskets: int = 1) -> tuple[History, History]:
    """Split off every user's last baskets; a user with no more baskets than that keeps them all and is asked about nothing.

    Args:
        history: what was bought.
        baskets: how many baskets of each user to split off.

    Returns:
        The history before, and what came after it; users and items keep their codes.
    """
    after = (history.ages() < baskets) & (history.baskets_by_user()[history.user] > baskets)
    return history.kept(~after), history.kept(after)


def split_at(history: History, moment: float, until: float | None = None) -> tuple[History, History]:
    """Split at one moment for all users.

    Args:
        history: what was bought; its times must be comparable between users.
        moment: the first moment, in days, that a method does not see.
        until: the first moment that is asked about no more; without it everything later is.

    Returns:
        The history before the moment, and what came from it on; users and items keep their codes.

    Raises:
        UsageError: if the history has only an order.
    """
    if len(history) and not history.timed:
        raise UsageError("The history has only an order and no times, so it cannot be cut at one moment; use split_last.")
    before = history.time < moment
    after = ~before if until is None else ~before & (history.time < until)
    return history.kept(before), history.kept(after)
