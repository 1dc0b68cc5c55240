"""What an evaluation found about offers, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from memlearn.evaluation.figure import Figure, Figures, Missing


@dataclass(frozen=True, slots=True)
class OfferPolicy:
    """What a way of choosing offers would have brought per send, by each way of estimating it.

    Args:
        title: for readers.
        replay: the mean over the sends where it would have chosen the same.
        snips: self-normalised inverse propensity score.
        doubly_robust: with a model of the rewards beside the propensities.
        effective: Kish's effective sample size, in sends; none where nothing could be estimated.
    """

    title: str
    replay: Figure
    snips: Figure
    doubly_robust: Figure
    effective: float | None


@dataclass(frozen=True, slots=True)
class OfferModel:
    """How well something tells which sends are answered.

    Args:
        title: for readers.
        auc: over all sends.
        average_precision: over all sends.
        ndcg: within the users who answered some of their sends and not all, at 10.
        calibration_error: mean distance of predicted and observed shares.
    """

    title: str
    auc: Figure
    average_precision: Figure
    ndcg: Figure
    calibration_error: float | Missing


@dataclass(frozen=True, slots=True)
class OfferResults:
    """Offers: what other choices would have brought, and whether answers are foreseen.

    Args:
        sends: in the judged periods.
        users: who got them.
        basis: how it is known how likely each offer was to be sent.
        logged: the share of sends that was answered.
        policies: ours first.
        against: way of estimating → ours less the single offer that had been best before.
        models: ours first.
    """

    sends: int
    users: int
    basis: str
    logged: Figure
    policies: tuple[OfferPolicy, ...]
    against: Figures
    models: tuple[OfferModel, ...]
