"""What was sent to users and what they answered, as arrays. Times are minutes since 1970-01-01T00:00Z."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

MINUTE_US = 60_000_000
NEVER = -1
"""In place of the minute of an answer that did not come."""


@dataclass(frozen=True, slots=True, eq=False)
class Sends:
    """Sends of offers to some users, user by user, each user's in order of time.

    Args:
        starts: sends of user i are at starts[i] to starts[i + 1]; shape (users + 1,).
        item: number of the offer that was sent.
        sent: when.
        answered: when it was answered; `NEVER` where it was not.
    """

    starts: Ints
    item: Ints
    sent: Ints
    answered: Ints

    def __len__(self) -> int:
        return len(self.item)

    def owner(self) -> Ints:
        """The user of each send."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int64), np.diff(self.starts))

    def answered_by(self, at: Ints) -> Flags:
        """Which were answered before an instant of their own; shape (sends,)."""
        early: Flags = (self.answered != NEVER) & (self.answered < at)
        return early


def of_one_user(positions: Mapping[str, int], items: Sequence[str], sent: Sequence[int], answered: Sequence[int]) -> Sends:
    """The sends of one user, of the offers that the ranker knows.

    Args:
        positions: number of each offer.
        items: ids of the offers that were sent, in order of time.
        sent: when.
        answered: when each was answered, `NEVER` where it was not.
    """
    known = [(positions[item], sent[row], answered[row]) for row, item in enumerate(items) if item in positions]
    columns = np.array(known, dtype=np.int64).reshape(-1, 3).T
    return Sends(np.array([0, len(known)], dtype=np.int64), columns[0].copy(), columns[1].copy(), columns[2].copy())
