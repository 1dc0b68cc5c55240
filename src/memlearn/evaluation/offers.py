"""Offers: would memory's choice have brought more than what was sent, and does it tell which sends are answered?

What a log of sends cannot say is refused with a reason: without known chances of each offer nothing is said of other choices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.evaluation.completion import calibration_curve, calibration_error
from memlearn.evaluation.item_sets import Flags
from memlearn.evaluation.off_policy import PolicyDifference, PolicyValue, compare_policies, evaluate_policy
from memlearn.evaluation.off_policy_checks import OffPolicyConfig, Refused
from memlearn.evaluation.offer_log import OfferLog, assigned_at_random, choose, evenly
from memlearn.evaluation.offer_order import order_intervals, within_user
from memlearn.evaluation.paired import mean_intervals
from memlearn.evaluation.results import Figure, Missing, OfferModel, OfferPolicy, OfferResults
from memlearn.evaluation.sends import shrunken_rates

Reals = NDArray[np.float64]

_WAYS = ("replay", "snips", "doubly_robust")
_NDCG = 10
# Of a user's own sends so many count as much as what is known of the offer.
_OWN_PRIOR = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class CutSends:
    """The sends after one cut, and what was known of each before it.

    Args:
        sends: user_id, item, time_us, answered.
        score: memory's score of each offer for each send, as of the cut; shape (sends, offers), NaN for what it does not rank.
        allowed: which offers were valid at each send; shape (sends, offers).
        before: item, user_id, answered of all sends before the cut.
    """

    sends: pl.DataFrame
    score: Reals
    allowed: Flags
    before: pl.DataFrame


def judge_offers(
    cuts: Sequence[CutSends], ours: str, *, random: bool, min_effective: float, draws: int, order_draws: int
) -> OfferResults | Missing:
    """Judge choices and order over all cuts.

    Args:
        cuts: the sends after each cut.
        ours: how memory is called.
        random: whether it is stated that offers were drawn evenly among the valid ones.
        min_effective: smallest effective sample size with which an estimate is shown.
        draws: of the bootstrap over users.
        order_draws: the same for what is ordered anew in each draw.
    """
    sends = pl.concat([cut.sends for cut in cuts])
    if sends.is_empty():
        return Missing("no offer was sent in the periods that were judged")
    user = sends["user_id"].rank("dense").to_numpy().astype(np.int64) - 1
    shown, answered = sends["item"].to_numpy().astype(np.int64), sends["answered"].to_numpy()
    allowed = np.concatenate([cut.allowed for cut in cuts])
    rates = np.concatenate([np.broadcast_to(shrunken_rates(cut.before, cut.allowed.shape[1]), cut.allowed.shape) for cut in cuts])
    score = np.concatenate([cut.score for cut in cuts])
    # What was shown could be shown, whatever its validity says.
    allowed[np.arange(len(shown)), shown] = True
    reward = answered.astype(np.float64)
    log = assigned_at_random(user, shown, reward, allowed) if random else OfferLog(user, shown, reward, None, allowed, "not known")
    policies = {
        f"{ours}'s choice": choose(_best(score, allowed), allowed.shape[1]),
        "the offer that had been best before": choose(_best(rates, allowed), allowed.shape[1]),
        "an even draw": evenly(allowed),
    }
    config = OffPolicyConfig(min_effective=min_effective)
    values = {title: evaluate_policy(log, policy, rates, config, draws) for title, policy in policies.items()}
    first, second, *_ = policies.values()
    differences = compare_policies(log, first, second, rates, config, draws)
    place = (np.arange(len(shown)), shown)
    models = {
        ours: (np.where(np.isnan(score[place]), -np.inf, score[place]), None),
        "the offer's past share of answers": (rates[place], rates[place]),
        "the same, drawn towards the user's own share": (own := _own_rates(cuts, rates[place]), own),
    }
    logged = next(iter(values.values())).logged
    return OfferResults(
        sends=len(sends),
        users=int(user.max()) + 1,
        basis=log.basis,
        logged=logged if logged is not None else Missing("nothing was sent"),
        policies=tuple(_policy(title, value) for title, value in values.items()),
        against={way: _difference(differences[way]) for way in _WAYS},
        models=tuple(_model(title, user, answered, order, chance, draws, order_draws) for title, (order, chance) in models.items()),
    )


def _best(score: Reals, allowed: Flags) -> NDArray[np.int64]:
    """The allowed offer with the highest score for each send; of equal ones, and where none has any, the first."""
    best: NDArray[np.int64] = np.argmax(np.where(allowed, np.where(np.isnan(score), -1e300, score), -np.inf), axis=1)
    return best


def _own_rates(cuts: Sequence[CutSends], rate: Reals) -> Reals:
    """The offer's share and the user's own, of all offers, before the cut."""
    found, start = [], 0
    for cut in cuts:
        own = cut.before.group_by("user_id").agg(pl.len().alias("sent"), pl.col("answered").sum())
        known = cut.sends.select("user_id").join(own, on="user_id", how="left", maintain_order="left").fill_null(0)
        sent, answered = known["sent"].to_numpy(), known["answered"].to_numpy()
        offers = rate[start : start + len(known)]
        found.append((answered + _OWN_PRIOR * offers) / (sent + _OWN_PRIOR))
        start += len(known)
    return np.concatenate(found)


def _policy(title: str, value: PolicyValue) -> OfferPolicy:
    figures: dict[str, Figure] = {}
    effective = None
    for way in _WAYS:
        own = value.estimates.get(way)
        if own is None:
            figures[way] = Missing("nothing was sent")
        elif isinstance(own, Refused):
            figures[way] = Missing(own.message)
        else:
            figures[way], effective = own.value, own.effective
    return OfferPolicy(title, figures["replay"], figures["snips"], figures["doubly_robust"], effective)


def _difference(found: PolicyDifference | Refused) -> Figure:
    return Missing(found.message) if isinstance(found, Refused) else found.difference


def _model(
    title: str, user: NDArray[np.int64], answered: Flags, order: Reals, chance: Reals | None, draws: int, order_draws: int
) -> OfferModel:
    both = answered.any() and not answered.all()
    why = Missing("all sends were answered, or none")
    ends: Mapping[str, Figure] = order_intervals(user, answered, order, order_draws) if both else {"auc": why, "average_precision": why}
    within = within_user(user, answered, order, [_NDCG])
    name = f"ndcg@{_NDCG}"
    ndcg: Figure = Missing("no user answered some of their sends and not all")
    if len(within.user):
        ndcg = mean_intervals({name: within.values[name]}, draws)[name]
    error: float | Missing = Missing("its scores are no probabilities")
    if chance is not None:
        error = round(calibration_error(calibration_curve(answered, chance)), 6)
    return OfferModel(title, ends["auc"], ends["average_precision"], ndcg, error)
