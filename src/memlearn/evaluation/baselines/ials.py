"""iALS: factors of users and items by alternating least squares, from the optional package `implicit`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits

from memlearn.errors import UsageError
from memlearn.evaluation.baselines.scorer import Scorer, check_within
from memlearn.ranking.history import History

__all__ = ["IalsParameters", "fit_ials", "ials_missing"]


@dataclass(frozen=True, slots=True)
class IalsParameters:
    """What is set of the factorization.

    Args:
        factors: the length of the vectors.
        regularization: the weight of the vectors' lengths.
        confidence: how much more an item counts than one not bought, for each basket that holds it.
        iterations: how often both sides are solved.
    """

    factors: int = 64
    regularization: float = 0.1
    confidence: float = 10.0
    iterations: int = 15


@dataclass(frozen=True, slots=True)
class _Ials:
    users: NDArray[np.float32]
    items: NDArray[np.float32]

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        # A sparse product adds up in the same order whoever else is asked about; one of dense matrices does not.
        found: NDArray[np.float32] = csr_array(self.users[users]) @ self.items
        return found


def ials_missing() -> str | None:
    """Why the method cannot be run here; None where it can."""
    if find_spec("implicit") is None:
        return "The baseline iALS needs the package 'implicit', which is not installed; install memlearn with the extra 'implicit'."
    return None


def fit_ials(history: History, parameters: IalsParameters = IalsParameters()) -> Scorer:
    """Score an item by the product of the user's and the item's vector, fitted to the number of baskets as confidence.

    Users and items without a purchase have zero vectors. The start is drawn with a fixed seed and all is solved on one thread, so
    that the result is the same in every run.

    Source: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (ICDM 2008), as in the package `implicit`.

    Raises:
        UsageError: if the package is not installed or a parameter is out of range.
    """
    missing = ials_missing()
    if missing:
        raise UsageError(missing)
    check_within("factors", parameters.factors, 1, 4096)
    check_within("regularization", parameters.regularization, 0, 1e9)
    check_within("confidence", parameters.confidence, 1e-6, 1e9)
    check_within("iterations", parameters.iterations, 1, 1000)
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=parameters.factors,
            regularization=parameters.regularization,
            alpha=parameters.confidence,
            iterations=parameters.iterations,
            # On a busy machine its threads wait for each other, spinning, longer than they work.
            num_threads=1,
            random_state=1,
        )
        model.fit(csr_matrix(history.counts().astype(np.float32)), show_progress=False)
    return _Ials(np.asarray(model.user_factors), np.ascontiguousarray(np.asarray(model.item_factors).T))
