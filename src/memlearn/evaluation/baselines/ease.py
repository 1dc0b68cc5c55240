"""EASE^R: a linear model from items to items with a closed solution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from memlearn.errors import UsageError
from memlearn.evaluation.baselines.scorer import NEVER, Scorer, check_within
from memlearn.ranking.history import History

__all__ = ["EaseParameters", "fit_ease"]


@dataclass(frozen=True, slots=True)
class EaseParameters:
    """The model's one parameter, and how large it may become.

    Args:
        regularization: lambda, added to the diagonal; in buyers.
        decay: the weight that an item keeps in the scored vector with each basket since the user bought it last; 1 is the published model.
        items: how many items the model knows at most, the most popular ones.
    """

    regularization: float = 500.0
    decay: float = 1.0
    items: int = 10_000


@dataclass(frozen=True, slots=True)
class _Ease:
    vectors: csr_array
    known: NDArray[np.int64]
    weights: NDArray[np.float32]
    items: int

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        found = np.full((len(users), self.items), NEVER, dtype=np.float32)
        # A sparse product adds up in the same order whoever else is asked about; one of dense matrices does not.
        found[:, self.known] = self.vectors[users] @ self.weights
        return found


def fit_ease(history: History, parameters: EaseParameters = EaseParameters()) -> Scorer:
    """Score by x_u · B with P = (XᵀX + lambda·I)⁻¹, B_ij = -P_ij / P_jj and a zero diagonal, X the users' items as ones.

    The model is dense in items: 10,000 of them take 0.8 GB and some ten seconds. It therefore knows the most popular `items` only; all
    others are never recommended. It is solved in single precision, on one thread.

    Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019).

    Raises:
        UsageError: if a parameter is out of range, or too small a lambda leaves the matrix without an inverse.
    """
    check_within("regularization", parameters.regularization, 1e-3, 1e12)
    check_within("decay", parameters.decay, 0, 1)
    check_within("items", parameters.items, 1, 1e6)
    popular = np.argsort(-history.baskets_by_item(), kind="stable")[: parameters.items]
    known = np.sort(popular).astype(np.int64)
    bought = history.bought()[:, known].astype(np.float32)
    vectors = history.counts()
    vectors.data = np.power(parameters.decay, history.ages()[history.last_bought()])
    vectors = vectors[:, known].astype(np.float32)
    return _Ease(vectors.tocsr(), known, _solve(bought, parameters.regularization), history.items)


def _solve(bought: csr_array, regularization: float) -> NDArray[np.float32]:
    """B of shape (items, items)."""
    gram: NDArray[np.float32] = np.asarray((bought.T @ bought).toarray(), dtype=np.float32, order="F")
    gram[np.diag_indices_from(gram)] += np.float32(regularization)
    largest = float(gram.diagonal().max(initial=0))
    with threadpool_limits(limits=1, user_api="blas"):
        factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
        # A pivot that is rounding only makes an inverse that is noise.
        failed = failed or (factor.diagonal() ** 2).min(initial=np.inf) <= np.finfo(np.float32).eps * largest
        if not failed:
            factor, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise UsageError(f"EASE has no solution with the parameter regularization {regularization!r} in single precision; set it higher.")
    # The upper half still holds what stood there before.
    inverse = np.tril(factor)
    inverse += np.tril(factor, -1).T
    weights = np.ascontiguousarray(inverse / -np.diag(inverse))
    np.fill_diagonal(weights, 0)
    return weights
