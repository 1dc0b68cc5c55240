"""When a log of offers cannot say what another policy would have brought, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from memlearn.errors import UsageError
from memlearn.evaluation.offer_log import OfferLog

Reals = NDArray[np.float64]
Reason = Literal["no_sends", "no_propensities", "bad_propensities", "no_support", "too_few", "misfit", "not_uniform", "not_one_offer"]

_SUM_TOLERANCE = 1e-6
_SAME = 1e-9
# Standard errors between the mean weight and 1 from which on the log and its propensities contradict each other.
_MISFIT_ERRORS = 4.0


class OffPolicyConfig(BaseModel):
    """When an estimate from logged offers is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_effective: float = Field(
        default=100.0,
        ge=1,
        description="Smallest effective sample size (Kish), in sends, with which an estimate is shown; below it is refused.",
    )
    max_unsupported: float = Field(
        default=0.0, ge=0, le=1, description="Largest share (0 to 1) of a policy's choices that the log could never have shown."
    )


@dataclass(frozen=True, slots=True)
class Refused:
    """No estimate, and why.

    Args:
        reason: the sort of reason, for programs.
        message: what is wrong, with the numbers and the way out, for people who decide.
    """

    reason: Reason
    message: str


def weights(log: OfferLog, policy: Reals) -> Reals:
    """How much each send counts: the policy's probability of what was shown over the sender's; shape (rounds,).

    Only for a log that `check_log` accepts.
    """
    assert log.propensity is not None
    return policy[np.arange(log.rounds), log.shown] / log.propensity


def effective_size(weight: Reals) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2: how many equally weighted sends say as much; 0 where none counts."""
    top = float(weight.max(initial=0.0))
    if top <= 0:
        return 0.0
    # Divided by the largest, so that squares of weights near the largest numbers stay finite.
    scaled = weight / top
    return float(np.sum(scaled)) ** 2 / float(np.sum(scaled**2))


def check_policy(log: OfferLog, policy: NDArray[np.floating[Any]]) -> None:
    """Refuse, as wrong use, an array that is no policy for this log.

    Raises:
        UsageError: its shape does not fit, or its rows are not probabilities that add up to 1.
    """
    offers = int(log.shown.max(initial=-1)) + 1 if log.allowed is None else log.allowed.shape[1]
    if policy.ndim != 2 or len(policy) != log.rounds or policy.shape[1] < offers or (log.allowed is not None and policy.shape[1] != offers):  # noqa: PLR2004
        raise UsageError(f"A policy of shape {policy.shape} does not fit a log of {log.rounds} sends and {offers} offers.")
    wrong = ~((policy >= 0).all(axis=1) & (np.abs(policy.sum(axis=1) - 1) <= _SUM_TOLERANCE))
    if wrong.any():
        raise UsageError(
            f"{int(wrong.sum())} of {log.rounds} rows of the policy are not probabilities that add up to 1; the first is row {int(np.argmax(wrong))}."
        )


def check_log(log: OfferLog, policy: Reals, config: OffPolicyConfig) -> Refused | None:
    """Why nothing can be said of this policy from this log; none where something can.

    Args:
        log: what was shown, and what came of it.
        policy: probabilities; shape (rounds, offers).
        config: the limits.
    """
    return _check_propensities(log) or _check_support(log, policy, config) or _check_weights(log, weights(log, policy), config)


def _check_propensities(log: OfferLog) -> Refused | None:
    if not log.rounds:
        return Refused("no_sends", "The log holds no sends, so it cannot say what another choice of offers would have brought.")
    if log.propensity is None:
        return Refused(
            "no_propensities",
            "The log does not say how likely each offer was to be shown, and no random assignment is stated. People who were picked for an "
            "offer differ from those who were not, so what they did says nothing certain about another choice. "
            "Log the probability with each send, or send a share of the offers at random.",
        )
    bad = ~((log.propensity > 0) & (log.propensity <= 1))
    if bad.any():
        first = int(np.argmax(bad))
        return Refused(
            "bad_propensities",
            f"{int(bad.sum()):,} of {log.rounds:,} sends have a probability that is not above 0 and at most 1 (the first, in row {first}: "
            f"{float(log.propensity[first]):g}). What was shown cannot have been impossible; correct the log or the stated assignment.",
        )
    return None


def _check_support(log: OfferLog, policy: Reals, config: OffPolicyConfig) -> Refused | None:
    if log.allowed is None:
        seen = np.bincount(log.shown, minlength=policy.shape[1]) > 0
        lost = float(np.sum(policy[:, ~seen])) / log.rounds
        never = int(np.count_nonzero(policy[:, ~seen].any(axis=0)))
    else:
        outside = np.where(log.allowed, 0.0, policy)
        lost = float(np.sum(outside)) / log.rounds
        never = int(np.count_nonzero(outside.any(axis=0)))
    if lost <= config.max_unsupported + _SAME:
        return None
    return Refused(
        "no_support",
        f"{lost:.1%} of this policy's choices fall on offers ({never} of {policy.shape[1]}) where the log could not show them; about those it "
        f"says nothing. At most {config.max_unsupported:.1%} may (max_unsupported). Restrict the policy to offers that were sent, or send those too.",
    )


def _check_weights(log: OfferLog, weight: Reals, config: OffPolicyConfig) -> Refused | None:
    effective = effective_size(weight)
    if effective < config.min_effective:
        return Refused(
            "too_few",
            f"The log says too little about this policy: it agrees with what was shown so rarely, or on such unlikely sends, that all {log.rounds:,} "
            f"sends count like {effective:,.0f}; at least {config.min_effective:,.0f} are asked for (min_effective). Collect more sends, "
            "or send a larger share at random.",
        )
    mean, error = _mean_weight(log, weight)
    if abs(mean - 1) > max(_MISFIT_ERRORS * error, _SUM_TOLERANCE):
        return Refused(
            "misfit",
            f"The log contradicts its own probabilities: what this policy would choose was shown {mean:.2f} times as often as they say "
            f"(1 would be right; the error of this figure is {error:.2f}). Check how the probabilities were logged, or the stated assignment.",
        )
    return None


def _mean_weight(log: OfferLog, weight: Reals) -> tuple[float, float]:
    """The mean weight of a send, and its standard error over users."""
    users, place = np.unique(log.user, return_inverse=True)
    mean = float(np.mean(weight))
    if len(users) < 2:  # noqa: PLR2004 of one user nothing varies
        return mean, float("inf")
    off = np.bincount(place, weights=weight - mean, minlength=len(users))
    return mean, float(np.sqrt(np.sum(off**2) * len(users) / (len(users) - 1))) / log.rounds


def check_replay(log: OfferLog, policy: Reals) -> Refused | None:
    """Why replay, of all methods, cannot be used with a log that `check_log` accepts."""
    assert log.propensity is not None
    if float(np.ptp(log.propensity)) > _SAME:
        return Refused(
            "not_uniform",
            "Replay takes the sends that agree with the policy as they are, which is right only where every offer was equally likely everywhere; "
            f"here the probabilities lie between {float(log.propensity.min()):g} and {float(log.propensity.max()):g}. Read SNIPS instead.",
        )
    if (np.abs(policy.max(axis=1) - 1) > _SUM_TOLERANCE).any():
        return Refused(
            "not_one_offer",
            "Replay can follow only a policy that names one offer for each send; this one draws among several. Read SNIPS instead.",
        )
    return None
