"""What a log of sends says, in arrays: which offer was shown to whom, with what probability, and what came of it.

A policy is an array of probabilities: for each send (round) and each offer, how likely the policy would have shown that offer there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import Codes, Flags

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OfferLog:
    """Sends of offers; one row is one offer shown to one user.

    Args:
        user: the user of each send; shape (rounds,).
        shown: code of the offer that was shown, from 0 on; shape (rounds,).
        reward: what came of it: 1 for a completion, or an amount; finite; shape (rounds,).
        propensity: the probability with which the sender showed this offer there; none where nobody knows; shape (rounds,).
        allowed: which offers could have been shown, where that is known; shape (rounds, offers).
        basis: how the propensities are known, in words for the report.

    Raises:
        UsageError: the columns have different lengths, or a reward is not finite.
    """

    user: Codes
    shown: Codes
    reward: Reals
    propensity: Reals | None
    allowed: Flags | None = None
    basis: str = "logged with each send"

    def __post_init__(self) -> None:
        columns = {"user": self.user, "shown": self.shown, "reward": self.reward, "propensity": self.propensity, "allowed": self.allowed}
        lengths = {name: len(column) for name, column in columns.items() if column is not None}
        if len(set(lengths.values())) > 1:
            raise UsageError(f"The columns of a log of offers have different lengths: {lengths}.")
        if not np.isfinite(self.reward).all():
            raise UsageError(f"{int(np.count_nonzero(~np.isfinite(self.reward)))} of {len(self.reward)} rewards are not finite numbers.")
        if int(self.shown.min(initial=0)) < 0:
            raise UsageError("A shown offer has a negative code; leave sends without an offer out.")

    @property
    def rounds(self) -> int:
        """How many sends there are."""
        return len(self.shown)


def assigned_at_random(user: Codes, shown: Codes, reward: Reals, allowed: Flags) -> OfferLog:
    """A log whose offers were assigned uniformly at random among those allowed; whoever calls this states that they were.

    Args:
        user: the user of each send.
        shown: code of the offer that was shown.
        reward: what came of it.
        allowed: which offers the sender drew from, for each send; shape (rounds, offers). An offer that was shown without being
            allowed contradicts the statement: its propensity is 0, and the log is refused.

    Raises:
        UsageError: the shapes do not fit.
    """
    if allowed.ndim != 2 or int(shown.max(initial=-1)) >= allowed.shape[1]:  # noqa: PLR2004 rounds and offers
        raise UsageError(f"Offers up to code {int(shown.max(initial=-1))} do not fit an `allowed` of shape {allowed.shape}.")
    number = allowed.sum(axis=1)
    could = allowed[np.arange(len(shown)), shown]
    propensity = np.where(could, 1 / np.maximum(number, 1), 0.0)
    least, most = (int(number.min()), int(number.max())) if len(number) else (0, 0)
    among = str(most) if least == most else f"{least} to {most}"
    return OfferLog(user, shown, reward, propensity, allowed, f"assigned uniformly at random among {among} offers, as stated")


def choose(chosen: Codes, offers: int) -> Reals:
    """The policy that shows one certain offer in each round.

    Args:
        chosen: the offer of each round; shape (rounds,).
        offers: how many offers there are.

    Returns:
        Probabilities; shape (rounds, offers).
    """
    policy = np.zeros((len(chosen), offers))
    policy[np.arange(len(chosen)), chosen] = 1.0
    return policy


def always(offer: int, rounds: int, offers: int) -> Reals:
    """The policy that shows everybody the same offer; shape (rounds, offers)."""
    return choose(np.full(rounds, offer, dtype=np.int64), offers)


def evenly(allowed: Flags) -> Reals:
    """The policy that draws evenly among the allowed offers; shape (rounds, offers)."""
    policy: Reals = allowed / np.maximum(allowed.sum(axis=1, keepdims=True), 1)
    return policy
