"""TIFU-KNN: what the user and the users most like them bought, weighted by how long ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from memlearn.evaluation.baselines.nearest import blocks, largest, neighbour_pool
from memlearn.evaluation.baselines.scorer import Scorer, check_within
from memlearn.ranking.history import History

__all__ = ["TifuKnnParameters", "fit_tifu_knn", "user_vectors"]

_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class TifuKnnParameters:
    """The method's five parameters, by default those published for Ta-Feng.

    Args:
        neighbours: how many of the nearest users are averaged, k.
        basket_decay: the weight that a basket keeps with each later one, r_b, over the whole history.
        group_decay: the weight that a group of baskets keeps with each later one, r_g.
        own_share: the weight of the user's own vector against that of the neighbours, alpha.
        groups: into how many groups of neighbouring baskets a history is cut, m.
        pool: among how many users neighbours are looked for at most.
    """

    neighbours: int = 300
    basket_decay: float = 0.9
    group_decay: float = 0.7
    own_share: float = 0.7
    groups: int = 7
    pool: int = 20_000


@dataclass(frozen=True, slots=True)
class _TifuKnn:
    vectors: csr_array
    pool: NDArray[np.int32]
    pool_vectors: csr_array
    pool_by_item: csr_array
    pool_norms: NDArray[np.float64]
    active: NDArray[np.bool_]
    parameters: TifuKnnParameters

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        found = np.zeros((len(users), self.vectors.shape[1]), dtype=np.float32)
        own_share = self.parameters.own_share
        for place, block in blocks(users, max(self.vectors.shape[1], len(self.pool))):
            mixed = own_share * self.vectors[block]
            if own_share < 1:
                mixed = mixed + (1 - own_share) * self._neighbour_means(block)
            found[place] = mixed.toarray()
        # Nobody is like a user of whom nothing is known.
        found[~self.active[users]] = 0
        return found

    def _neighbour_means(self, users: NDArray[np.int32]) -> csr_array:
        # The squared distance without what is the same for all neighbours, turned round.
        nearness = (self.vectors[users] @ self.pool_by_item).toarray()
        nearness *= 2
        nearness -= self.pool_norms
        # Equal distances must not differ in their last bits only.
        np.round(nearness, _DECIMALS, out=nearness)
        nearness[self.pool[np.newaxis] == users[:, np.newaxis]] = -np.inf
        row, neighbour = np.nonzero(largest(nearness, self.parameters.neighbours))
        number = np.bincount(row, minlength=len(users))
        weights = csr_array((1 / number[row], (row, neighbour)), shape=nearness.shape)
        return weights @ self.pool_vectors


def user_vectors(history: History, parameters: TifuKnnParameters) -> csr_array:
    """Each user's vector, shape (users, items): 1/G Σ_g r_g^(m-g) · mean over baskets j of group g of r_b^(N-j)·1[b_j].

    N baskets are cut into G = min(m, N) groups in order of time; where N is no multiple of m the last N mod m groups hold one basket
    more. As in the authors' code r_b fades over the whole history and r_g by m - g even where G is less than m.
    """
    baskets = history.baskets_by_user()[history.user].astype(np.int64)
    groups = np.minimum(baskets, parameters.groups)
    size, larger = baskets // groups, baskets % groups
    border = (groups - larger) * size
    late = history.basket >= border
    group = np.where(late, (groups - larger) + (history.basket - border) // (size + 1), history.basket // size)
    weights = np.power(parameters.basket_decay, history.ages()) / (size + late)
    weights *= np.power(parameters.group_decay, parameters.groups - 1.0 - group) / groups
    return history.summed(weights)


def fit_tifu_knn(history: History, parameters: TifuKnnParameters = TifuKnnParameters()) -> Scorer:
    """Score an item by alpha · v_u + (1 - alpha) · mean of the k nearest users' v, by Euclidean distance.

    The user is no neighbour of their own; equally near users go by code, and distances are compared to nine decimals. Users who
    bought nothing are nobody's neighbours and get no scores. Where more users than `pool` bought anything, neighbours are looked for
    among an even choice of them.

    Source: Hu, He, Gao, Zhang, "Modeling Personalized Item Frequency Information for Next-basket Recommendation" (SIGIR 2020); groups
    as in the authors' code, whose "group size" is the number of groups.

    Raises:
        UsageError: if a parameter is out of range.
    """
    check_within("neighbours", parameters.neighbours, 1, 1e9)
    check_within("basket_decay", parameters.basket_decay, 0, 1)
    check_within("group_decay", parameters.group_decay, 0, 1)
    check_within("own_share", parameters.own_share, 0, 1)
    check_within("groups", parameters.groups, 1, 1e9)
    check_within("pool", parameters.pool, 1, 1e9)
    vectors = user_vectors(history, parameters)
    pool = neighbour_pool(history, parameters.pool)
    pool_vectors = vectors[pool]
    norms: NDArray[np.float64] = np.bincount(
        np.repeat(np.arange(len(pool)), np.diff(pool_vectors.indptr)), pool_vectors.data**2, minlength=len(pool)
    ).astype(np.float64)
    return _TifuKnn(vectors, pool, pool_vectors, pool_vectors.T.tocsr(), norms, history.baskets_by_user() > 0, parameters)
