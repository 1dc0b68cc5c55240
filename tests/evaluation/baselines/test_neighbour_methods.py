"""TIFU-KNN, UP-CF and item-kNN give what their formulas give when written down slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from histories import histories, history_of, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.baselines import Scorer
from memlearn.evaluation.baselines.item_knn import ItemKnnParameters, fit_item_knn
from memlearn.evaluation.baselines.nearest import largest, neighbour_pool
from memlearn.evaluation.baselines.tifu_knn import TifuKnnParameters, fit_tifu_knn, user_vectors
from memlearn.evaluation.baselines.up_cf import UpCfParameters, fit_up_cf
from memlearn.ranking.history import History, make_history


def scores(scorer: Scorer, history: History) -> np.ndarray:
    return scorer.scores(np.arange(history.users, dtype=np.int32))


def cut_into_groups(baskets: list[list[int]], groups: int) -> list[list[int]]:
    """Positions of baskets by group; what is left over makes the last groups longer by one."""
    number = min(groups, len(baskets))
    short, left = divmod(len(baskets), number)
    sizes = [short] * (number - left) + [short + 1] * left
    ends = np.cumsum(sizes)
    return [list(range(end - size, end)) for size, end in zip(sizes, ends, strict=True)]


def slow_vector(baskets: list[list[int]], items: int, p: TifuKnnParameters) -> list[float]:
    if not baskets:
        return [0.0] * items
    groups = cut_into_groups(baskets, p.groups)
    vector = [0.0] * items
    for g, places in enumerate(groups, 1):
        for item in range(items):
            mean = sum(p.basket_decay ** (len(baskets) - 1 - j) for j in places if item in baskets[j]) / len(places)
            vector[item] += p.group_decay ** (p.groups - g) * mean / len(groups)
    return vector


def slow_tifu(history: History, p: TifuKnnParameters) -> list[list[float]]:
    lists = plain(history)
    vectors = [slow_vector(own, history.items, p) for own in lists]
    found = []
    for user, own in enumerate(vectors):
        others = [other for other in range(history.users) if other != user and lists[other]]
        distance = {other: round(sum(b * b - 2 * a * b for a, b in zip(own, vectors[other], strict=True)), 9) for other in others}
        near = sorted(others, key=lambda other: (distance[other], other))[: p.neighbours]
        mean = [sum(vectors[other][i] for other in near) / len(near) if near else 0.0 for i in range(history.items)]
        row = [p.own_share * a + (1 - p.own_share) * b for a, b in zip(own, mean, strict=True)]
        found.append(row if lists[user] else [0.0] * history.items)
    return found


tifu_parameters = st.builds(
    TifuKnnParameters,
    neighbours=st.integers(1, 8),
    basket_decay=st.sampled_from([0.5, 0.9, 1.0]),
    group_decay=st.sampled_from([0.6, 1.0]),
    own_share=st.sampled_from([0.0, 0.3, 1.0]),
    groups=st.integers(1, 6),
)


@given(histories(), tifu_parameters)
@settings(deadline=None)
def test_tifu_knn(history: History, parameters: TifuKnnParameters) -> None:
    assert np.allclose(scores(fit_tifu_knn(history, parameters), history), slow_tifu(history, parameters), atol=1e-6)


def test_tifu_knn_of_an_example_worked_by_hand() -> None:
    # Five baskets in two groups: two, then three. Item 0 is in the first, item 1 in the last basket.
    history = history_of([[[0], [2], [2], [2], [1]]], 3)
    vector = user_vectors(history, TifuKnnParameters(1, 0.5, 0.1, 1.0, 2)).toarray()[0]
    assert np.allclose(vector, [0.1 * (0.5**4 / 2) / 2, (1 / 3) / 2, (0.1 * 0.5**3 / 2 + (0.5**2 + 0.5) / 3) / 2])
    # One basket and seven groups wanted: one group, which fades as the first of seven, as in the authors' code.
    alone = history_of([[[0]]], 1)
    assert np.isclose(user_vectors(alone, TifuKnnParameters(group_decay=0.7, groups=7)).toarray()[0, 0], 0.7**6)


def slow_up_cf(history: History, p: UpCfParameters) -> list[list[float]]:
    lists = plain(history)
    bought = [set().union(*own) if own else set() for own in lists]
    found = []
    for user in range(history.users):
        row = [0.0] * history.items
        for other, own in enumerate(lists):
            common = len(bought[user] & bought[other])
            if common:
                similar = common / (len(bought[user]) ** p.asymmetry * len(bought[other]) ** (1 - p.asymmetry))
                last = own[-p.recent :]
                for item in range(history.items):
                    row[item] += similar**p.locality * sum(item in basket for basket in last) / len(last)
        found.append(row)
    return found


up_cf_parameters = st.builds(
    UpCfParameters,
    recent=st.integers(1, 5),
    asymmetry=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    locality=st.sampled_from([0.0, 1.0, 5.0, 30.0]),
)


@given(histories(), up_cf_parameters)
@settings(deadline=None)
def test_up_cf(history: History, parameters: UpCfParameters) -> None:
    assert np.allclose(scores(fit_up_cf(history, parameters), history), slow_up_cf(history, parameters), rtol=1e-5)


def slow_item_knn(history: History, p: ItemKnnParameters) -> list[list[float]]:
    lists = plain(history)
    buyers = [{user for user, own in enumerate(lists) if any(item in basket for basket in own)} for item in range(history.items)]
    leads: list[dict[int, float]] = []
    for one in range(history.items):
        similar = {}
        for other in range(history.items):
            common = len(buyers[one] & buyers[other])
            if common:
                similar[other] = round(common / (math.sqrt(len(buyers[one]) * len(buyers[other])) + p.shrinkage), 12)
        others = sorted((item for item in similar if item != one), key=lambda item: (-similar[item], item))[: p.neighbours]
        leads.append({item: similar[item] for item in [*others, one] if item in similar})
    found = np.zeros((history.users, history.items))
    for user, own in enumerate(lists):
        for age, basket in enumerate(reversed(own)):
            for item in basket:
                for other, similarity in leads[item].items():
                    found[user, other] += p.decay**age * similarity
    return found.tolist()


item_knn_parameters = st.builds(
    ItemKnnParameters, neighbours=st.integers(1, 7), shrinkage=st.sampled_from([0.0, 1.5]), decay=st.sampled_from([0.5, 1.0])
)


@given(histories(), item_knn_parameters)
@settings(deadline=None)
def test_item_knn(history: History, parameters: ItemKnnParameters) -> None:
    assert np.allclose(scores(fit_item_knn(history, parameters), history), slow_item_knn(history, parameters), rtol=1e-5)


@given(st.lists(st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 2.0]), min_size=4, max_size=4), min_size=1, max_size=5), st.integers(1, 5))
@settings(deadline=None)
def test_the_largest_are_marked_and_ties_go_to_the_first(rows: list[list[float]], count: int) -> None:
    for floor in (-np.inf, 0.0):
        marked = largest(np.array(rows), count, floor)
        for values, row in zip(rows, marked, strict=True):
            order = sorted((place for place in range(4) if values[place] > floor), key=lambda place: (-values[place], place))
            assert np.flatnonzero(row).tolist() == sorted(order[:count])


def test_a_limited_pool_is_an_even_choice_of_active_users() -> None:
    history = make_history(12, 1, [0, 2, 3, 5, 8, 10], [0] * 6, [0] * 6)
    assert neighbour_pool(history, 10).tolist() == [0, 2, 3, 5, 8, 10]
    assert neighbour_pool(history, 3).tolist() == [0, 3, 8]


def test_a_limited_pool_leaves_the_user_out_or_in_as_without_it() -> None:
    history = history_of([[[0], [1]], [[0, 1]], [[1], [2]], [[0], [2]]], 3)
    # The pool is users 0 and 2; user 1 is asked about and still counts for itself.
    found = scores(fit_up_cf(history, UpCfParameters(5, 0.5, 1.0, pool=2)), history)[1]
    assert np.allclose(found, [1 + 0.5, 1 + 0.5 + 0.5 * 0.5, 0.5 * 0.5])
    found = scores(fit_tifu_knn(history, TifuKnnParameters(1, 1.0, 1.0, 0.0, 1, pool=2)), history)
    vectors = user_vectors(history, TifuKnnParameters(1, 1.0, 1.0, 0.0, 1)).toarray()
    assert np.allclose(found[0], vectors[2])
    assert np.allclose(found[1], vectors[0])


def test_wrong_parameters_are_refused() -> None:
    history = history_of([[[0]]], 1)
    with pytest.raises(UsageError, match="neighbours is 0"):
        fit_tifu_knn(history, TifuKnnParameters(neighbours=0))
    with pytest.raises(UsageError, match="own_share is 2"):
        fit_tifu_knn(history, TifuKnnParameters(own_share=2))
    with pytest.raises(UsageError, match=r"asymmetry is 1\.5"):
        fit_up_cf(history, UpCfParameters(asymmetry=1.5))
    with pytest.raises(UsageError, match="shrinkage is -1"):
        fit_item_knn(history, ItemKnnParameters(shrinkage=-1))
