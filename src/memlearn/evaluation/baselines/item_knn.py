"""Item-kNN: items bought by the same users as the items that this user bought lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from memlearn.evaluation.baselines.nearest import blocks, largest
from memlearn.evaluation.baselines.scorer import Scorer, check_within
from memlearn.ranking.history import History

__all__ = ["ItemKnnParameters", "fit_item_knn", "item_similarities"]

_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class ItemKnnParameters:
    """How items are compared.

    Args:
        neighbours: how many similar items each item leads to, k; the item itself is one more.
        shrinkage: how many buyers are added to the denominator, so that few common ones say little.
        decay: the weight that a purchase keeps with each later basket of the user.
    """

    neighbours: int = 100
    shrinkage: float = 10.0
    decay: float = 0.9


@dataclass(frozen=True, slots=True)
class _ItemKnn:
    vectors: csr_array
    similarities: csr_array

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        found = np.zeros((len(users), self.vectors.shape[1]), dtype=np.float32)
        for place, block in blocks(users, self.vectors.shape[1]):
            found[place] = (self.vectors[block] @ self.similarities).toarray()
        return found


def item_similarities(history: History, neighbours: int, shrinkage: float) -> csr_array:
    """The k items most similar to each item, and the item itself; shape (items, items), row j holding what j leads to.

    The similarity is |U_i ∩ U_j| / (sqrt(|U_i|·|U_j|) + shrinkage), with U the buyers; equally similar items go by code.
    """
    bought = history.bought()
    by_item = bought.T.tocsr()
    buyers = history.buyers_by_item().astype(np.float64)
    rows = []
    for _, block in blocks(np.arange(history.items, dtype=np.int32), history.items):
        common = by_item[block] @ bought
        place = np.repeat(np.arange(len(block)), np.diff(common.indptr))
        common.data /= np.sqrt(buyers[block][place] * buyers[common.indices]) + shrinkage
        similar = np.round(common.toarray(), _DECIMALS)
        own = (np.arange(len(block)), block)
        itself = similar[own]
        similar[own] = 0
        kept = largest(similar, neighbours, floor=0.0)
        similar[own], kept[own] = itself, itself > 0
        row, item = np.nonzero(kept)
        rows.append(csr_array((similar[row, item], (row, item)), shape=similar.shape))
    return vstack(rows, format="csr") if rows else csr_array((0, 0))


def fit_item_knn(history: History, parameters: ItemKnnParameters = ItemKnnParameters()) -> Scorer:
    """Score an item by Σ_j w_uj · s_ji over the items j that the user bought, with w_uj the sum of decay^age over j's baskets.

    Source: Deshpande, Karypis, "Item-Based Top-N Recommendation Algorithms" (TOIS 2004), with the shrinkage of Bell, Koren, "Improved
    Neighborhood-based Collaborative Filtering" (KDD Cup 2007) and user vectors that fade. An item leads to itself too, since what was
    bought may be bought again.

    Raises:
        UsageError: if a parameter is out of range.
    """
    check_within("neighbours", parameters.neighbours, 1, 1e9)
    check_within("shrinkage", parameters.shrinkage, 0, 1e9)
    check_within("decay", parameters.decay, 0, 1)
    vectors = history.summed(np.power(parameters.decay, history.ages()))
    return _ItemKnn(vectors, item_similarities(history, parameters.neighbours, parameters.shrinkage))
