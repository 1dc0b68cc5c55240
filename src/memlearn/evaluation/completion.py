"""How good a model of offer completion is: does it order offers rightly, and are its probabilities right?

AUC and average precision over all pairs of users and offers are soft targets, for knowing which users complete anything is enough for
them; the figures within a user say whether the right offer is chosen for somebody. `offer_order` has the orders, this file
the probabilities and the whole report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import Codes, Flags
from memlearn.evaluation.metrics import UserScores
from memlearn.evaluation.offer_order import auc, average_precision, check_pairs, order_intervals, within_user
from memlearn.evaluation.resample import LEVEL, SEED, Interval

Numbers = NDArray[np.floating[Any]]

BINS = 10
# Fewer draws than for means: each one orders all pairs again; the ends of an interval are still good to a few percent of its width.
ORDER_DRAWS = 2_000
# 97.5 % of a normal distribution lie below it.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Pairs with nearly the same predicted probability.

    Args:
        pairs: how many.
        predicted: mean of their predicted probabilities.
        observed: share of them that was completed.
        low: lower end of the observed share's 95 % interval (Wilson), as if the pairs were independent.
        high: upper end.
    """

    pairs: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class CompletionReport:
    """One completion model, judged.

    Args:
        pairs: how many pairs of a user and an offer.
        completed: how many of them were completed.
        auc: with its interval over users; none where all or none were completed.
        average_precision: likewise.
        brier: mean squared error of the probabilities.
        calibration: the curve, from low to high probabilities.
        calibration_error: the expected calibration error (ECE).
        within: NDCG and average precision within each user that completed some offers and others not.
    """

    pairs: int
    completed: int
    auc: Interval | None
    average_precision: Interval | None
    brier: float
    calibration: tuple[CalibrationBin, ...]
    calibration_error: float
    within: UserScores


def brier(completed: Flags, probability: Numbers) -> float:
    """The mean squared error of the probabilities; 0 is best, and always saying the share p costs p (1 - p).

    Raises:
        UsageError: the arrays do not fit, are empty, or hold what is no probability.
    """
    _check_probabilities(completed, probability)
    return float(np.mean((probability.astype(np.float64) - completed) ** 2))


def calibration_curve(completed: Flags, probability: Numbers, bins: int = BINS) -> tuple[CalibrationBin, ...]:
    """Predicted against observed shares, in bins of nearly the same number of pairs.

    Bins of equal counts and not of equal width, because completion may be rare and all probabilities low. Equal probabilities stay in
    one bin, so there may be fewer bins than asked for.

    Args:
        completed: what came; shape (pairs,).
        probability: what the model said; shape (pairs,).
        bins: at most so many.

    Raises:
        UsageError: the arrays do not fit, are empty, or hold what is no probability.
    """
    _check_probabilities(completed, probability)
    if bins < 1:
        raise UsageError(f"A calibration curve needs at least one bin, not {bins}.")
    values = probability.astype(np.float64)
    ordered = np.sort(values)
    edges = np.unique(ordered[(np.arange(1, bins) * len(ordered)) // bins])
    place = np.searchsorted(edges, values, side="right")
    number = np.bincount(place, minlength=len(edges) + 1)
    predicted = np.bincount(place, weights=values, minlength=len(edges) + 1)
    observed = np.bincount(place, weights=completed, minlength=len(edges) + 1)
    return tuple(_bin(int(n), float(p), float(o)) for n, p, o in zip(number, predicted, observed, strict=True) if n)


def _bin(pairs: int, predicted: float, observed: float) -> CalibrationBin:
    share = observed / pairs
    spread = _Z * math.sqrt(share * (1 - share) / pairs + _Z**2 / (4 * pairs**2))
    middle = share + _Z**2 / (2 * pairs)
    scale = 1 + _Z**2 / pairs
    return CalibrationBin(pairs, predicted / pairs, share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def calibration_error(curve: Sequence[CalibrationBin]) -> float:
    """The expected calibration error: the mean distance of predicted and observed shares, each bin weighing as many pairs as it has."""
    total = sum(one.pairs for one in curve)
    return sum(one.pairs * abs(one.predicted - one.observed) for one in curve) / total if total else 0.0


def judge_completion(
    user: Codes,
    completed: Flags,
    probability: Numbers,
    ks: Sequence[int] = (10,),
    bins: int = BINS,
    draws: int = ORDER_DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> CompletionReport:
    """Everything that is said of a completion model.

    Args:
        user: the user of each pair; shape (pairs,).
        completed: whether the user completed the offer; shape (pairs,).
        probability: what the model said, from 0 to 1; shape (pairs,).
        ks: the k's of NDCG within users.
        bins: of the calibration curve.
        draws: of the bootstrap over users for AUC and average precision.
        seed: of the bootstrap.
        level: of the intervals.

    Raises:
        UsageError: the arrays do not fit, are empty, or hold what is no probability.
    """
    check_pairs(user, completed, probability)
    curve = calibration_curve(completed, probability, bins)
    area, precision = auc(completed, probability), average_precision(completed, probability)
    both = area is not None and precision is not None
    ends = order_intervals(user, completed, probability, draws, seed, level) if both else {}
    return CompletionReport(
        pairs=len(completed),
        completed=int(np.count_nonzero(completed)),
        auc=ends.get("auc"),
        average_precision=ends.get("average_precision"),
        brier=brier(completed, probability),
        calibration=curve,
        calibration_error=calibration_error(curve),
        within=within_user(user, completed, probability, ks),
    )


def _check_probabilities(completed: Flags, probability: Numbers) -> None:
    check_pairs(None, completed, probability)
    if not len(probability):
        raise UsageError("There are no pairs of a user and an offer to judge.")
    wrong = ~((probability >= 0) & (probability <= 1))
    if wrong.any():
        raise UsageError(
            f"{int(wrong.sum())} of {len(probability)} probabilities are not between 0 and 1, the first is {float(probability[wrong][0])!r}."
        )
