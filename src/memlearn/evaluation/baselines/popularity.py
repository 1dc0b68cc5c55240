"""What everybody buys: items by the number of baskets that hold them, over all time or recently (G-TopFreq)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memlearn.evaluation.baselines.scorer import Scorer, UniformScorer, check_within
from memlearn.ranking.history import History

__all__ = ["PopularityParameters", "RecentPopularityParameters", "fit_popularity", "fit_recent_popularity"]


@dataclass(frozen=True, slots=True)
class PopularityParameters:
    """Popularity has nothing to set."""


@dataclass(frozen=True, slots=True)
class RecentPopularityParameters:
    """What counts as recent.

    Args:
        share: the share of all baskets, the newest ones, that count. In a history with only an order it is the share of each user's
            own baskets, at least one, since baskets of different users cannot be compared there.
        days: where given, the baskets of this many days up to the newest one count instead; needs times.
    """

    share: float = 0.1
    days: float | None = None


def fit_popularity(history: History, parameters: PopularityParameters = PopularityParameters()) -> Scorer:
    """Score an item by the number of baskets that hold it.

    Source: G-TopFreq in Li, Jullien, Ariannezhad, de Rijke, "A Next Basket Recommendation Reality Check" (TOIS 2023).
    """
    del parameters
    return UniformScorer(history.baskets_by_item().astype(np.float32))


def fit_recent_popularity(history: History, parameters: RecentPopularityParameters = RecentPopularityParameters()) -> Scorer:
    """Score an item by the number of recent baskets that hold it.

    Source: Ji, Sun, Zhang, Li, "A Re-visit of the Popularity Baseline in Recommender Systems" (SIGIR 2020).

    Raises:
        UsageError: if a parameter is out of range.
    """
    check_within("share", parameters.share, 0, 1)
    if parameters.days is not None:
        check_within("days", parameters.days, 0, 1e9)
    recent = _recent_rows(history, parameters)
    return UniformScorer(np.bincount(history.item[recent], minlength=history.items).astype(np.float32))


def _recent_rows(history: History, parameters: RecentPopularityParameters) -> NDArray[np.bool_]:
    recent: NDArray[np.bool_]
    if not history.timed:
        wanted = np.ceil(parameters.share * history.baskets_by_user()).astype(np.int64)
        recent = history.ages() < np.maximum(wanted, 1)[history.user]
        return recent
    if parameters.days is not None:
        recent = history.time > history.end - parameters.days
        return recent
    times = np.sort(history.time[history.first_rows()])
    # Baskets of the same moment as the oldest recent one are recent too.
    first = min(int(np.floor((1 - parameters.share) * len(times))), len(times) - 1)
    recent = history.time >= (times[first] if len(times) else 0)
    return recent
