"""Whether the categories shown to a user are in the proportions in which the user buys.

Source: H. Steck, "Calibrated Recommendations", RecSys 2018, equations 5 to 7.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import Codes
from memlearn.evaluation.metrics import UserScores, average_by_user

# Steck's weight of the bought shares in the smoothed shown shares; it keeps the divergence finite.
ALPHA = 0.01


def miscalibration(
    ranked: Codes,
    row: Codes,
    item: Codes,
    weight: NDArray[np.float64],
    category: Codes,
    ks: Sequence[int],
    user: Codes | None = None,
    alpha: float = ALPHA,
) -> UserScores:
    """How far the shown categories are from the bought ones, `miscalibration@k`, in nats; 0 is the same proportions.

    The divergence KL(p, q') = sum over categories of p ln(p / q'), where p are the bought shares, q the shown ones (every place of
    the first k counts the same) and q' = (1 - alpha) q + alpha p. Items without a category are left out on both sides; rows
    where nothing is left on one side cannot be judged and are left out.

    Args:
        ranked: codes of items, best first, negative where a place is empty; shape (rows, places).
        row: the row of each bought pair; shape (pairs,).
        item: the item of each bought pair.
        weight: how much the pair counts, the number of purchases for example; not negative.
        category: the category of each item, negative where it has none; shape (items,).
        ks: the k's.
        user: the user of each row, as in `measure`.
        alpha: Steck's smoothing, between 0 and 1.

    Raises:
        UsageError: a k is out of range, or alpha is.
    """
    if not ks or min(ks) < 1 or max(ks) > ranked.shape[1] or not 0 < alpha < 1:
        raise UsageError(f"k of {list(ks)} and alpha = {alpha} do not fit a ranking with {ranked.shape[1]} places; 0 < alpha < 1.")
    rows = len(ranked)
    span = 1 + int(category.max(initial=0))
    bought, bought_share = _shares(row, category[item], weight, rows, span)
    values: dict[str, NDArray[np.float64]] = {}
    judged = np.ones(rows, dtype=np.bool_)
    for k in ks:
        shown_row, place = np.nonzero(ranked[:, :k] >= 0)
        shown, shown_share = _shares(shown_row, category[ranked[shown_row, place]], np.ones(len(place)), rows, span)
        at = np.minimum(np.searchsorted(shown, bought), max(len(shown) - 1, 0))
        same = shown[at] == bought if len(shown) else np.zeros(len(bought), dtype=np.bool_)
        there = np.where(same, shown_share[at], 0.0) if len(shown) else np.zeros(len(bought))
        smooth = (1 - alpha) * there + alpha * bought_share
        terms = bought_share * np.log(bought_share / smooth)
        # Rounding may leave a tiny negative sum where the proportions agree.
        values[f"miscalibration@{k}"] = np.maximum(np.bincount(bought // span, weights=terms, minlength=rows), 0.0)
        judged &= (np.bincount(bought // span, minlength=rows) > 0) & (np.bincount(shown // span, minlength=rows) > 0)
    return average_by_user(values, user, judged)


def _shares(
    row: Codes, category: Codes, weight: NDArray[np.float64], rows: int, span: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Keys (row * span + category), ascending, and the category's share of the row; only shares above 0."""
    counted = (category >= 0) & (weight > 0)
    keys, place = np.unique(row[counted].astype(np.int64) * span + category[counted], return_inverse=True)
    sums = np.bincount(place, weights=weight[counted], minlength=len(keys))
    totals = np.bincount(keys // span, weights=sums, minlength=rows)
    return keys, sums / totals[keys // span]
