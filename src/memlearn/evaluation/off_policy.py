"""What another policy of sending offers would have brought, estimated from a log of what was sent.

With w = the policy's probability of the offer shown / the sender's, r the reward, q(x, a) a model's expectation of the reward:

    replay         mean of r over the sends where the policy would have shown the same offer (Li et al., WSDM 2011)
    ips            mean of w r over all sends (Horvitz & Thompson 1952)
    snips          sum of w r / sum of w (Swaminathan & Joachims, NeurIPS 2015)
    doubly_robust  mean of sum over a of policy(a) q(x, a) + w (r - q(x, shown)) (Dudik, Langford & Li, ICML 2011)

Intervals come from a bootstrap over users. What the log cannot say is refused with a reason, not estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.off_policy_checks import (
    OffPolicyConfig,
    Refused,
    check_log,
    check_policy,
    check_replay,
    effective_size,
    weights,
)
from memlearn.evaluation.offer_log import OfferLog
from memlearn.evaluation.resample import DRAWS, LEVEL, SEED, Interval, percentiles, resampled_sums, sign_p_value

Reals = NDArray[np.float64]
# What is summed above and below the line of an estimate, for each send.
Terms = tuple[Reals, Reals]

METHODS = ("replay", "ips", "snips", "doubly_robust")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy would have brought per send.

    Args:
        value: the estimate with its interval.
        effective: Kish's effective sample size, in sends.
        agreeing: sends whose offer the policy could have shown.
    """

    value: Interval
    effective: float
    agreeing: int


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """One policy judged by a log.

    Args:
        rounds: sends in the log.
        users: users in the log.
        basis: how the propensities are known.
        logged: what was really got per send; none where there are no sends.
        estimates: name of a method → its estimate, or why there is none; `doubly_robust` only where a model was given.
    """

    rounds: int
    users: int
    basis: str
    logged: Interval | None
    estimates: Mapping[str, Estimate | Refused]


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """One policy against another by the same log and the same draws of users.

    Args:
        ours: estimate of the one.
        theirs: estimate of the other.
        difference: ours - theirs, with its interval.
        p_value: two-sided, by the sign of the drawn differences.
        effective: the smaller of the two effective sample sizes.
    """

    ours: float
    theirs: float
    difference: Interval
    p_value: float
    effective: float


def evaluate_policy(
    log: OfferLog,
    policy: Reals,
    predicted: Reals | None = None,
    config: OffPolicyConfig | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> PolicyValue:
    """Estimate what a policy would have brought per send, by every method that the log allows.

    Args:
        log: what was shown, and what came of it.
        policy: probability of each offer in each round, decided without a look at the round's reward; shape (rounds, offers).
        predicted: a model's expectation of each offer's reward in each round, learned without these rounds' rewards; shape
            (rounds, offers). Without it there is no doubly robust estimate.
        config: the limits.
        draws: of the bootstrap over users.
        seed: of the bootstrap.
        level: of the intervals.

    Raises:
        UsageError: the arrays do not fit the log.
    """
    terms = _terms(log, policy, predicted, config or OffPolicyConfig())
    usable = {"logged": (log.reward, np.ones(log.rounds))} | {
        name: found for name, found in terms.items() if not isinstance(found, Refused)
    }
    users = len(np.unique(log.user))
    if not log.rounds:
        return PolicyValue(0, users, log.basis, None, {name: found for name, found in terms.items() if isinstance(found, Refused)})
    drawn = _drawn(log, usable, draws, seed)
    values = {name: Interval(_ratio(found), *percentiles(drawn[name], level)) for name, found in usable.items()}
    estimates: dict[str, Estimate | Refused] = {}
    for name, found in terms.items():
        if isinstance(found, Refused):
            estimates[name] = found
        else:
            weight = weights(log, policy)
            estimates[name] = Estimate(values[name], effective_size(weight), int(np.count_nonzero(weight)))
    return PolicyValue(log.rounds, users, log.basis, values["logged"], estimates)


def compare_policies(
    log: OfferLog,
    ours: Reals,
    theirs: Reals,
    predicted: Reals | None = None,
    config: OffPolicyConfig | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> dict[str, PolicyDifference | Refused]:
    """One policy against another, by every method that the log allows for both.

    Args:
        log: what was shown, and what came of it.
        ours: the one policy; shape (rounds, offers).
        theirs: the other.
        predicted: as in `evaluate_policy`.
        config: the limits.
        draws: of the bootstrap over users.
        seed: of the bootstrap.
        level: of the intervals.

    Returns:
        Name of a method → the difference, or why there is none.

    Raises:
        UsageError: the arrays do not fit the log.
    """
    config = config or OffPolicyConfig()
    our_terms, their_terms = _terms(log, ours, predicted, config), _terms(log, theirs, predicted, config)
    result: dict[str, PolicyDifference | Refused] = {}
    usable: dict[str, Terms] = {}
    for name, mine in our_terms.items():
        other = their_terms[name]
        if isinstance(mine, Refused):
            result[name] = mine
        elif isinstance(other, Refused):
            result[name] = other
        else:
            usable |= {f"ours {name}": mine, f"theirs {name}": other}
    if not usable:
        return result
    drawn = _drawn(log, usable, draws, seed)
    effective = min(effective_size(weights(log, ours)), effective_size(weights(log, theirs)))
    for name in [name for name in our_terms if name not in result]:
        first, second = _ratio(usable[f"ours {name}"]), _ratio(usable[f"theirs {name}"])
        gaps = drawn[f"ours {name}"] - drawn[f"theirs {name}"]
        result[name] = PolicyDifference(first, second, Interval(first - second, *percentiles(gaps, level)), sign_p_value(gaps), effective)
    return {name: result[name] for name in our_terms}


def _terms(log: OfferLog, policy: Reals, predicted: Reals | None, config: OffPolicyConfig) -> dict[str, Terms | Refused]:
    """Each method's terms, or why it cannot be used."""
    check_policy(log, policy)
    if predicted is not None and (predicted.shape != policy.shape or not np.isfinite(predicted).all()):
        raise UsageError(f"Predicted rewards of shape {predicted.shape} must be finite and of the policy's shape, {policy.shape}.")
    names = METHODS if predicted is not None else METHODS[:-1]
    refused = check_log(log, policy, config)
    if refused is not None:
        return dict.fromkeys(names, refused)
    weight, one = weights(log, policy), np.ones(log.rounds)
    agrees = (weight > 0).astype(np.float64)
    terms: dict[str, Terms | Refused] = {
        "replay": check_replay(log, policy) or (agrees * log.reward, agrees),
        "ips": (weight * log.reward, one),
        "snips": (weight * log.reward, weight),
    }
    if predicted is not None:
        expected = np.sum(policy * predicted, axis=1)
        terms["doubly_robust"] = (expected + weight * (log.reward - predicted[np.arange(log.rounds), log.shown]), one)
    return terms


def _ratio(terms: Terms) -> float:
    return float(np.sum(terms[0])) / float(np.sum(terms[1]))


def _drawn(log: OfferLog, terms: Mapping[str, Terms], draws: int, seed: int) -> dict[str, Reals]:
    """Each estimate in each draw of users; NaN in a draw where no send agrees."""
    users, place = np.unique(log.user, return_inverse=True)
    columns = [np.bincount(place, weights=term, minlength=len(users)) for pair in terms.values() for term in pair]
    sums = resampled_sums(np.column_stack(columns), draws, seed)
    above, below = sums[:, 0::2], sums[:, 1::2]
    values = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return {name: values[:, number] for number, name in enumerate(terms)}
