"""UP-CF@r: what users with similar items bought in their last r baskets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from memlearn.evaluation.baselines.nearest import blocks, neighbour_pool
from memlearn.evaluation.baselines.scorer import Scorer, check_within
from memlearn.ranking.history import History

__all__ = ["UpCfParameters", "fit_up_cf"]


@dataclass(frozen=True, slots=True)
class UpCfParameters:
    """The method's three parameters.

    Args:
        recent: how many of a user's last baskets count, r.
        asymmetry: the share of the asked user's number of items in the similarity, alpha; 0.5 is the cosine.
        locality: the power of the similarity, q; the higher, the less distant users count.
        pool: how many other users are compared at most.
    """

    recent: int = 10
    asymmetry: float = 0.75
    locality: float = 5.0
    pool: int = 20_000


@dataclass(frozen=True, slots=True)
class _UpCf:
    bought: csr_array
    recent: csr_array
    numbers: NDArray[np.float64]
    pool: NDArray[np.int32]
    pool_bought: csr_array
    pool_recent: csr_array
    parameters: UpCfParameters

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        found = np.zeros((len(users), self.bought.shape[1]), dtype=np.float32)
        for place, block in blocks(users, max(self.bought.shape[1], len(self.pool))):
            weights = self._weights(block)
            # The user counts with weight 1, whether in the pool or not.
            weights[self.pool[:, np.newaxis] == block[np.newaxis]] = 0
            found[place] = (self.pool_recent @ weights).T + self.recent[block].toarray()
        return found

    def _weights(self, users: NDArray[np.int32]) -> NDArray[np.float64]:
        """The similarity of each user of the pool to each asked user, to the power q; shape (pool, users)."""
        # Small whole numbers are exact in single precision.
        common = self.pool_bought @ np.ascontiguousarray(self.bought[users].toarray().T)
        alpha = self.parameters.asymmetry
        own = np.maximum(self.numbers[users], 1) ** alpha
        other = self.numbers[self.pool] ** (1 - alpha)
        similar: NDArray[np.float64] = common / other[:, np.newaxis] / own
        shared = common > 0
        return np.power(similar, self.parameters.locality, out=similar, where=shared)


def fit_up_cf(history: History, parameters: UpCfParameters = UpCfParameters()) -> Scorer:
    """Score an item by Σ_v s(u, v)^q · pop_r(v, i) over all users v, u among them with s = 1.

    pop_r(v, i) is the share of v's last r baskets that hold i; s(u, v) = |I_u ∩ I_v| / (|I_u|^a · |I_v|^(1-a)) over all items that
    each bought. Where more users than `pool` bought anything, an even choice of them is compared.

    Source: Faggioli, Polato, Aiolli, "Recency Aware Collaborative Filtering for Next Basket Recommendation" (UMAP 2020).

    Raises:
        UsageError: if a parameter is out of range.
    """
    check_within("recent", parameters.recent, 1, 1e9)
    check_within("asymmetry", parameters.asymmetry, 0, 1)
    check_within("locality", parameters.locality, 0, 1000)
    check_within("pool", parameters.pool, 1, 1e9)
    bought = history.bought()
    late = history.ages() < parameters.recent
    counted = np.minimum(history.baskets_by_user(), parameters.recent)[history.user]
    recent = history.summed(late / counted)
    pool = neighbour_pool(history, parameters.pool)
    numbers = np.diff(bought.indptr).astype(np.float64)
    ones = bought.astype(np.float32)
    return _UpCf(ones, recent, numbers, pool, ones[pool], recent[pool].T.tocsr(), parameters)
