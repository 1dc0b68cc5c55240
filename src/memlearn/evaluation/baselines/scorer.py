"""What every baseline becomes once it is fitted: something that scores all items for some users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from memlearn.errors import UsageError

__all__ = ["NEVER", "Scorer", "SparseScorer", "UniformScorer", "check_within"]

NEVER = np.float32(-np.inf)
"""The score of an item that a method never recommends, so that its list may end before k items."""


class Scorer(Protocol):
    """A fitted baseline.

    Scores are exact: equal ones are ties, which the ranker breaks by popularity and then by item code. A user's scores do not
    depend on who else is asked about, nor on the number of threads.
    """

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Score every item for some users.

        Args:
            users: codes of users of the history that was fitted; shape (n,).

        Returns:
            Scores of shape (n, items), higher being better; `NEVER` marks an item that the method does not recommend.
        """


@dataclass(frozen=True, slots=True)
class UniformScorer:
    """The same scores for everybody; shape (items,)."""

    item_scores: NDArray[np.float32]

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        return np.repeat(self.item_scores[np.newaxis], len(users), axis=0)


@dataclass(frozen=True, slots=True)
class SparseScorer:
    """Scores of the items that each user bought, and one row of scores for all other items.

    Args:
        own: shape (users, items); a stored entry is a score, even a stored zero.
        others: scores of the items that a user did not buy; shape (items,).
    """

    own: csr_array
    others: NDArray[np.float32]

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        rows = self.own[users]
        found = np.repeat(self.others[np.newaxis], len(users), axis=0)
        found[np.repeat(np.arange(len(users)), np.diff(rows.indptr)), rows.indices] = rows.data
        return found


def check_within(name: str, value: float, low: float, high: float) -> None:
    """Refuse a parameter outside its range, both ends of which are allowed.

    Raises:
        UsageError: if it lies outside, or is not a number.
    """
    if not low <= value <= high:
        raise UsageError(f"The parameter {name} is {value!r}; it must lie between {low:g} and {high:g}.")
