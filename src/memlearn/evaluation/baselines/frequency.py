"""What the user bought most often: P-TopFreq, GP-TopFreq with either rule for ties, and frequency that fades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.baselines.scorer import NEVER, Scorer, SparseScorer, check_within
from memlearn.ranking.history import History

__all__ = ["DecayedFrequencyParameters", "TopFreqParameters", "fit_decayed_frequency", "fit_top_freq"]


@dataclass(frozen=True, slots=True)
class TopFreqParameters:
    """Which of the published forms.

    Args:
        back_off: whether items that the user never bought follow by popularity (GP-TopFreq) or not at all (P-TopFreq).
        ties: what goes first among items bought equally often: the more popular, or the one bought first, as in the published script.
    """

    back_off: bool = True
    ties: Literal["popularity", "oldest"] = "popularity"


@dataclass(frozen=True, slots=True)
class DecayedFrequencyParameters:
    """How fast a purchase loses weight.

    Args:
        decay: the weight that is left after one unit of age, over 0 and up to 1.
        unit: age in later baskets of the same user, or in days up to the user's newest basket.
    """

    decay: float = 0.9
    unit: Literal["baskets", "days"] = "baskets"


def fit_top_freq(history: History, parameters: TopFreqParameters = TopFreqParameters()) -> Scorer:
    """Score an item by how many of the user's baskets hold it.

    With ties by popularity: count(u, i) + pop_i / (max pop + 1), where pop is the number of baskets. With ties oldest first the
    user's items get whole numbers in their order, which is that of count, then of first purchase, then of item code within a basket.

    Source: Li, Jullien, Ariannezhad, de Rijke, "A Next Basket Recommendation Reality Check" (TOIS 2023); its script breaks ties by
    first purchase, which is the weaker form.
    """
    counts = history.counts()
    popularity = history.baskets_by_item()
    share = popularity / (popularity.max(initial=0) + 1)
    if parameters.ties == "oldest":
        counts.data = _places(history, counts.data, np.repeat(np.arange(history.users), np.diff(counts.indptr)))
    else:
        counts.data = counts.data + share[counts.indices]
    others = share.astype(np.float32) if parameters.back_off else np.full(history.items, NEVER, dtype=np.float32)
    return SparseScorer(counts.astype(np.float32), others)


def _places(history: History, count: NDArray[np.float64], user: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each item of each user, how many of the user's items go behind it, plus one."""
    order = np.lexsort((-history.first_bought(), count, user))
    begins = np.searchsorted(user, user[order])
    places = np.empty(len(order))
    places[order] = np.arange(len(order)) - begins + 1
    return places


def fit_decayed_frequency(history: History, parameters: DecayedFrequencyParameters = DecayedFrequencyParameters()) -> Scorer:
    """Score an item by the sum of decay^age over the user's baskets that hold it; other items follow by popularity.

    Source: personal frequency as in `fit_top_freq`, exponentially weighted by recency; with age in baskets it is TIFU-KNN's personal
    vector (Hu et al., SIGIR 2020) with one basket per group.

    Raises:
        UsageError: if the decay is out of range, or days are asked of a history with only an order.
    """
    check_within("decay", parameters.decay, 1e-6, 1)
    if parameters.unit == "days" and len(history) and not history.timed:
        raise UsageError("The history has only an order and no times, so purchases cannot fade by days; use unit 'baskets'.")
    weights = np.power(parameters.decay, _ages(history, parameters.unit))
    return SparseScorer(history.summed(weights).astype(np.float32), np.zeros(history.items, dtype=np.float32))


def _ages(history: History, unit: Literal["baskets", "days"]) -> NDArray[np.float64]:
    if unit == "baskets":
        return history.ages().astype(np.float64)
    newest = np.full(history.users, -np.inf)
    np.maximum.at(newest, history.user, history.time)
    ages: NDArray[np.float64] = newest[history.user] - history.time
    return ages
