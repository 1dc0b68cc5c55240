"""TREx's repetition module: how likely an item is bought again, times how recently this user bought it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from memlearn.evaluation.baselines.scorer import Scorer, SparseScorer, check_within
from memlearn.ranking.history import History

__all__ = ["TrexParameters", "fit_trex"]


@dataclass(frozen=True, slots=True)
class TrexParameters:
    """The module's two exponents.

    Args:
        alpha: how much more than one repetition counts; 0 counts who repeats, 1 counts the repetitions.
        beta: the weight that a purchase keeps with each later basket of the user.
    """

    alpha: float = 0.1
    beta: float = 0.9


def fit_trex(history: History, parameters: TrexParameters = TrexParameters()) -> Scorer:
    """Score an item by rep_i times the sum of beta^age over the user's baskets that hold it; other items follow by popularity.

    rep_i = sum over users with c_ui >= 2 of (c_ui - 1)^alpha / buyers_i + mean(rep) / (buyers_i + 1), where the mean of the first
    term is over items that somebody bought.

    Source: the repetition module of Li, Liu, Jullien, Ariannezhad, Yates, Aliannejadi, de Rijke, "Are We Really Achieving Better
    Beyond-Accuracy Performance in Next Basket Recommendation?" (SIGIR 2024).

    Raises:
        UsageError: if a parameter is out of range.
    """
    check_within("alpha", parameters.alpha, 0, 10)
    check_within("beta", parameters.beta, 0, 1)
    counts = history.counts()
    buyers = history.buyers_by_item()
    repeated = counts.data > 1
    again = np.bincount(counts.indices[repeated], weights=(counts.data[repeated] - 1) ** parameters.alpha, minlength=history.items)
    rate = again / np.maximum(buyers, 1)
    mean = rate[buyers > 0].mean() if (buyers > 0).any() else 0.0
    rate += mean / (buyers + 1)
    scores = history.summed(np.power(parameters.beta, history.ages()))
    scores.data *= rate[scores.indices]
    return SparseScorer(scores.astype(np.float32), np.zeros(history.items, dtype=np.float32))
