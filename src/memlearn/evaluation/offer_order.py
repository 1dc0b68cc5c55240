"""Whether a model puts the offers that were completed first: over all pairs of users and offers, and within each user.

Equal scores are never decided by an accident of order: AUC counts a tie as half, average precision takes tied pairs all at once, and
NDCG is the mean over all orders of tied offers (McSherry & Najork, ECIR 2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import Codes, Flags
from memlearn.evaluation.metrics import UserScores
from memlearn.evaluation.resample import LEVEL, SEED, Interval, percentiles, user_counts

Reals = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]

# Weighted pairs looked at in one piece of the bootstrap.
_CELLS = 500_000


def check_pairs(user: Codes | None, completed: Flags, score: Numbers) -> None:
    """Refuse pairs that do not fit together.

    Raises:
        UsageError: the lengths differ, or a score is not a number.
    """
    lengths = {len(completed), len(score)} | (set() if user is None else {len(user)})
    if len(lengths) > 1:
        raise UsageError(f"Users, completions and scores have different lengths: {sorted(lengths)}.")
    if np.isnan(score).any():
        raise UsageError(f"{int(np.count_nonzero(np.isnan(score)))} of {len(score)} scores are not numbers.")


def auc(completed: Flags, score: Numbers) -> float | None:
    """The chance that a completed pair scores above one that was not, ties counting half (Mann-Whitney); none without both sorts.

    Args:
        completed: what came; shape (pairs,).
        score: higher is likelier; shape (pairs,).

    Raises:
        UsageError: the arrays do not fit.
    """
    return _whole(completed, score)[0]


def average_precision(completed: Flags, score: Numbers) -> float | None:
    """The sum over distinct scores, from the highest, of the gain in recall times the precision there; none where none was completed.

    Args:
        completed: what came; shape (pairs,).
        score: higher is likelier; shape (pairs,).

    Raises:
        UsageError: the arrays do not fit.
    """
    return _whole(completed, score)[1]


def _whole(completed: Flags, score: Numbers) -> tuple[float | None, float | None]:
    check_pairs(None, completed, score)
    order, starts = _tied(score)
    area, precision = _figures(np.ones((1, len(score))), completed[order].astype(np.float64), starts)
    return (None if np.isnan(area[0]) else float(area[0])), (None if np.isnan(precision[0]) else float(precision[0]))


def _tied(score: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order from the highest score down, and where each run of equal scores starts in it."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    return order, np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(order)])


def _figures(weight: Reals, completed: Reals, starts: NDArray[np.int64]) -> tuple[Reals, Reals]:
    """AUC and average precision of each row of weights over pairs that stand in order; NaN where there is none.

    Args:
        weight: how often each pair counts; shape (rows, pairs).
        completed: 1 for a completed pair; shape (pairs,).
        starts: where each run of equal scores starts.
    """
    rows = len(weight)
    if not len(starts):
        return np.full(rows, np.nan), np.full(rows, np.nan)
    good = np.add.reduceat(weight * completed, starts, axis=1)
    every = np.add.reduceat(weight, starts, axis=1)
    good_to, every_to = np.cumsum(good, axis=1), np.cumsum(every, axis=1)
    positives, negatives = good_to[:, -1], every_to[:, -1] - good_to[:, -1]
    won = np.sum((every - good) * (good_to - good / 2), axis=1)
    precise = np.sum(good * good_to / np.maximum(every_to, 1), axis=1)
    area = np.divide(won, positives * negatives, out=np.full(rows, np.nan), where=positives * negatives > 0)
    return area, np.divide(precise, positives, out=np.full(rows, np.nan), where=positives > 0)


def order_intervals(
    user: Codes, completed: Flags, score: Numbers, draws: int, seed: int = SEED, level: float = LEVEL
) -> dict[str, Interval]:
    """`auc` and `average_precision` with intervals from a bootstrap over users, which takes all pairs of a drawn user.

    Args:
        user: the user of each pair; shape (pairs,).
        completed: what came; shape (pairs,).
        score: higher is likelier; shape (pairs,).
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: of the intervals.

    Raises:
        UsageError: the arrays do not fit, or there are no pairs.
    """
    check_pairs(user, completed, score)
    order, starts = _tied(score)
    users, place = np.unique(user, return_inverse=True)
    place, good = place[order], completed[order].astype(np.float64)
    step = max(1, _CELLS // max(len(order), 1))
    found = [
        _figures(counts[start : start + step][:, place], good, starts)
        for counts in user_counts(len(users), draws, seed)
        for start in range(0, len(counts), step)
    ]
    whole = _figures(np.ones((1, len(order))), good, starts)
    return {
        name: Interval(float(whole[number][0]), *percentiles(np.concatenate([piece[number] for piece in found]), level))
        for number, name in enumerate(("auc", "average_precision"))
    }


def within_user(user: Codes, completed: Flags, score: Numbers, ks: Sequence[int]) -> UserScores:
    """How well each user's own offers are ordered: `ndcg@k` (IDCG over all completed), `ndcg_cut@k` (over min(k, completed)) and `ap`.

    Users that completed nothing, or everything, are left out and counted: whatever the order of their offers, they score 0 or 1.

    Args:
        user: the user of each pair; shape (pairs,).
        completed: what came; shape (pairs,).
        score: higher is likelier; shape (pairs,).
        ks: the k's, each at least 1.

    Raises:
        UsageError: the arrays do not fit, or a k is not positive.
    """
    check_pairs(user, completed, score)
    if min(ks, default=1) < 1:
        raise UsageError(f"k of {list(ks)} must each be at least 1.")
    users, place = np.unique(user, return_inverse=True)
    number = len(users)
    of, start, end, won = _runs(place, completed, score)
    positives = np.bincount(place, weights=completed, minlength=number).astype(np.int64)
    some = np.maximum(positives, 1)
    discount = np.concatenate(([0.0], np.cumsum(1 / np.log2(np.arange(2, int(end.max(initial=0)) + 2)))))
    values: dict[str, Reals] = {}
    for k in ks:
        gain = won * (discount[np.minimum(end, k)] - discount[np.minimum(start, k)]) / (end - start)
        dcg = np.bincount(of, weights=gain, minlength=number)
        values[f"ndcg@{k}"] = dcg / discount[some]
        values[f"ndcg_cut@{k}"] = dcg / discount[np.minimum(some, k)]
    won_to = np.cumsum(won)
    won_before = np.concatenate(([0.0], won_to))[np.searchsorted(of, of)]
    values["ap"] = np.bincount(of, weights=won * (won_to - won_before) / end, minlength=number) / some
    judged = (positives > 0) & (positives < np.bincount(place, minlength=number))
    chosen = {name: found[judged] for name, found in values.items()}
    return UserScores(users[judged].astype(np.int64), chosen, int(judged.sum()), int((~judged).sum()))


def _runs(
    place: NDArray[np.int64], completed: Flags, score: Numbers
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Reals]:
    """Runs of equal scores of one user, users ascending, the highest score first.

    Returns:
        The user of each run, the places [start, end) that it takes within the user, and how many of it were completed; shape (runs,).
    """
    order = np.lexsort((-score, place))
    place, value = place[order], score[order]
    new = np.concatenate(([True], (place[1:] != place[:-1]) | (value[1:] != value[:-1])))[: len(order)]
    first = np.flatnonzero(new)
    of = place[first]
    start = first - np.searchsorted(place, of)
    end = start + np.diff(np.append(first, len(order)))
    run = np.cumsum(new) - 1
    won: Reals = np.bincount(run, weights=completed[order], minlength=len(first)).astype(np.float64)
    return of, start, end, won
