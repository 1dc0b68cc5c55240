"""How good a ranking is, per user: recall, NDCG in both forms, hit, precision, average precision and reciprocal rank.

With T the truth of a row (the distinct items that came) and rel_j = 1 where the item at place j is in T:

    recall@k     hits among the first k / |T|
    precision@k  hits among the first k / k, however few items were ranked
    phr@k        1 where at least one of the first k hits (its mean is the personal hit ratio)
    ndcg@k       DCG@k / IDCG, DCG@k = sum of rel_j / log2(j + 1); IDCG over all of |T|, uncut
    ndcg_cut@k   the same with IDCG over min(k, |T|)
    map@k        sum over j <= k of rel_j * precision@j / min(k, |T|) (its mean is the MAP)
    mrr@k        1 / place of the first hit, 0 where none of the first k hits (its mean is the MRR)

The two forms of NDCG differ for users with more than k items of truth: say which one a figure is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import Codes, Flags, ItemSets

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class UserScores:
    """Metrics of each user that can be judged, averaged over the user's rows.

    Args:
        user: codes of these users, ascending; shape (users,).
        values: name of a metric → its value for each of them; shape (users,).
        rows: how many rows (a user at a cut) went in.
        without: users that were left out, having no row that can be judged (no truth, mostly).
    """

    user: NDArray[np.int64]
    values: Mapping[str, Reals]
    rows: int
    without: int

    def means(self) -> dict[str, float]:
        """The mean of each metric over the users; NaN where there are none."""
        return {name: float(np.mean(values)) if len(values) else float("nan") for name, values in self.values.items()}


def row_metrics(ranked: Codes, truth: ItemSets, ks: Sequence[int]) -> dict[str, Reals]:
    """Every metric of each row at each k.

    Args:
        ranked: codes of items, best first, negative where a place is empty; no item twice in a row; shape (rows, places).
        truth: what came, for each row; codes that cannot be ranked may be among them.
        ks: the k's, each at least 1 and at most the number of places.

    Returns:
        Name, `recall@10` for example, → value of each row; NaN where the row has no truth; shape (rows,).

    Raises:
        UsageError: the shapes do not fit, a k is out of range, or an item stands twice in a row.
    """
    _check(ranked, truth, ks)
    rows, places = ranked.shape
    size = truth.sizes
    hit = truth.contains(np.arange(rows)[:, None], ranked)
    hits = np.cumsum(hit, axis=1)
    discount = 1 / np.log2(np.arange(2, max(places, int(size.max(initial=1))) + 2))
    ideal = np.cumsum(discount)
    gain = np.cumsum(hit * discount[:places], axis=1)
    precise = np.cumsum(hit * hits / np.arange(1, places + 1), axis=1)
    first = np.where(hit.any(axis=1), np.argmax(hit, axis=1) + 1, places + 1)
    some = np.maximum(size, 1)
    found: dict[str, Reals] = {}
    for k in ks:
        at = hits[:, k - 1]
        cut = np.minimum(some, k)
        found[f"recall@{k}"] = at / some
        found[f"precision@{k}"] = at / k
        found[f"phr@{k}"] = (at > 0).astype(np.float64)
        found[f"ndcg@{k}"] = gain[:, k - 1] / ideal[some - 1]
        found[f"ndcg_cut@{k}"] = gain[:, k - 1] / ideal[cut - 1]
        found[f"map@{k}"] = precise[:, k - 1] / cut
        found[f"mrr@{k}"] = np.where(first <= k, 1 / first, 0.0)
    return {name: np.where(size > 0, values, np.nan) for name, values in found.items()}


def _check(ranked: Codes, truth: ItemSets, ks: Sequence[int]) -> None:
    if ranked.ndim != 2 or len(ranked) != truth.rows:  # noqa: PLR2004 rows and places
        raise UsageError(f"A ranking of shape {ranked.shape} does not fit a truth of {truth.rows} rows.")
    if not ks or min(ks) < 1 or max(ks) > ranked.shape[1]:
        raise UsageError(
            f"k of {list(ks)} does not fit a ranking with {ranked.shape[1]} places. Rank at least as many places as the largest k."
        )
    ordered = np.sort(ranked, axis=1)
    twice = np.nonzero(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1))[0]
    if len(twice):
        raise UsageError(
            f"{len(twice)} of {len(ranked)} rows rank an item twice, the first of them row {int(twice[0])}. Rank each item once."
        )


def average_by_user(values: Mapping[str, Reals], user: Codes | None, judged: Flags) -> UserScores:
    """Metrics of rows, averaged within each user, so that a user with many cuts weighs no more than one with few.

    Args:
        values: name → value of each row; shape (rows,).
        user: the user of each row; none where every row is a user of its own, numbered from 0.
        judged: whether a row can be judged; the others are left out.
    """
    of = np.arange(len(judged), dtype=np.int64) if user is None else user.astype(np.int64)
    users, place, rows = np.unique(of[judged], return_inverse=True, return_counts=True)
    means = {name: np.bincount(place, weights=rowwise[judged], minlength=len(users)) / rows for name, rowwise in values.items()}
    return UserScores(users, means, int(judged.sum()), len(np.unique(of)) - len(users))


def measure(ranked: Codes, truth: ItemSets, ks: Sequence[int], user: Codes | None = None) -> UserScores:
    """Every metric of each user at each k; users without truth are left out and counted.

    Args:
        ranked: codes of items, best first, negative where a place is empty; shape (rows, places).
        truth: what came, for each row.
        ks: the k's, each at most the number of places.
        user: the user of each row; several rows of one user (cuts) are averaged within the user. None where every row is a user.

    Raises:
        UsageError: as of `row_metrics`.
    """
    return average_by_user(row_metrics(ranked, truth, ks), user, truth.sizes > 0)
