"""What one mean hides: repeating against exploring, cold against warm users, coverage and novelty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import Codes, Flags, ItemSets
from memlearn.evaluation.metrics import UserScores, average_by_user, measure

# A user with at most so many baskets before the cut is called cold.
COLD_BASKETS = 3


def split_truth(truth: ItemSets, bought: ItemSets) -> tuple[ItemSets, ItemSets]:
    """The truth that repeats what the user had bought before, and the truth that explores.

    Args:
        truth: what came, for each row.
        bought: what the row's user had bought before the cut.
    """
    repeated = bought.contains(truth.row, truth.items)
    return truth.keep(repeated), truth.keep(~repeated)


def repeat_and_explore(
    ranked: Codes, truth: ItemSets, bought: ItemSets, ks: Sequence[int], user: Codes | None = None
) -> tuple[UserScores, UserScores]:
    """The metrics over repeated truth only, and over explored truth only.

    The ranking is the same one, of repeated and new items together. The denominators are the row's repeated (explored) items alone:
    recall is the share of them found among the first k places, IDCG is over them. Users without any such item are left out and
    counted, so the two are means over different users.

    Args:
        ranked: codes of items, best first; shape (rows, places).
        truth: what came, for each row.
        bought: what the row's user had bought before the cut.
        ks: the k's.
        user: the user of each row, as in `measure`.
    """
    repeated, explored = split_truth(truth, bought)
    return measure(ranked, repeated, ks, user), measure(ranked, explored, ks, user)


def repeated_share(ranked: Codes, bought: ItemSets, ks: Sequence[int], user: Codes | None = None) -> UserScores:
    """Which share of the filled places holds what the user had bought before, `repeats@k`; rows without any item are left out.

    Args:
        ranked: codes of items, best first; shape (rows, places).
        bought: what the row's user had bought before the cut.
        ks: the k's.
        user: the user of each row, as in `measure`.
    """
    known = bought.contains(np.arange(len(ranked))[:, None], ranked)
    return _mean_of_places(known.astype(np.float64), ranked >= 0, ks, "repeats", user)


def cold_and_warm(scores: UserScores, baskets: Codes, cold: int = COLD_BASKETS) -> tuple[UserScores, UserScores]:
    """The same metrics over users with few baskets, and over the others.

    Args:
        scores: of all users.
        baskets: how many baskets each user had before the (first) cut, by the user's code.
        cold: most baskets of a cold user.
    """
    few = baskets[scores.user] <= cold
    return _of_users(scores, few), _of_users(scores, ~few)


def _of_users(scores: UserScores, kept: Flags) -> UserScores:
    """Some users' metrics; the rows of single users are not known any more, so users are counted in their place."""
    return UserScores(scores.user[kept], {name: values[kept] for name, values in scores.values.items()}, int(kept.sum()), 0)


def coverage(ranked: Codes, items: int, k: int) -> float:
    """Which share of the catalogue stands in at least one row's first k places.

    Args:
        ranked: codes of items, best first; shape (rows, places).
        items: size of the catalogue.
        k: places that count.

    Raises:
        UsageError: the catalogue is empty.
    """
    if items < 1:
        raise UsageError("The catalogue has no item; there is nothing to cover.")
    shown = np.unique(ranked[:, :k])
    return int(np.count_nonzero((shown >= 0) & (shown < items))) / items


def novelty(ranked: Codes, buyers: NDArray[np.number[Any]], users: int, ks: Sequence[int], user: Codes | None = None) -> UserScores:
    """How unexpected what is shown is: the mean of -log2 (share of users who had bought it), `novelty@k`, in bits.

    An item that nobody had bought counts as if one user had. Rows without any item are left out.

    Args:
        ranked: codes of items, best first; shape (rows, places).
        buyers: how many users had bought each item before the cut; shape (items,).
        users: how many users there were before the cut.
        ks: the k's.
        user: the user of each row, as in `measure`.

    Raises:
        UsageError: there are no users, or fewer than an item has buyers.
    """
    most = float(buyers.max(initial=1))
    if users < most:
        raise UsageError(f"An item has {most:g} buyers, but there are {users} users. Count each user once, and all of them.")
    bits = -np.log2(np.maximum(buyers, 1) / users)
    filled = ranked >= 0
    return _mean_of_places(np.where(filled, bits[np.maximum(ranked, 0)], 0.0), filled, ks, "novelty", user)


def _mean_of_places(values: NDArray[np.float64], filled: Flags, ks: Sequence[int], name: str, user: Codes | None) -> UserScores:
    """The mean of places' values over the first k filled ones."""
    if not ks or min(ks) < 1 or max(ks) > filled.shape[1]:
        raise UsageError(f"k of {list(ks)} does not fit a ranking with {filled.shape[1]} places.")
    count = np.cumsum(filled, axis=1)
    total = np.cumsum(values, axis=1)
    means = {f"{name}@{k}": total[:, k - 1] / np.maximum(count[:, k - 1], 1) for k in ks}
    return average_by_user(means, user, count[:, min(ks) - 1] > 0)
