from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.aspects import cold_and_warm, coverage, novelty, repeat_and_explore, repeated_share, split_truth
from memlearn.evaluation.item_sets import list_sets
from memlearn.evaluation.metrics import measure

sets = st.lists(st.tuples(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9))), min_size=1, max_size=6)


@settings(deadline=None)
@given(sets)
def test_truth_is_repeated_or_explored(pairs: list[tuple[set[int], set[int]]]) -> None:
    repeated, explored = split_truth(list_sets([came for came, _ in pairs]), list_sets([before for _, before in pairs]))
    for row, (came, before) in enumerate(pairs):
        assert set(repeated.items[repeated.starts[row] : repeated.starts[row + 1]].tolist()) == came & before
        assert set(explored.items[explored.starts[row] : explored.starts[row + 1]].tolist()) == came - before


def test_denominators_are_the_repeated_and_the_explored_items_alone() -> None:
    ranked = np.array([[1, 5, 2], [1, 5, 2]])
    truth, bought = list_sets([[1, 2, 5, 6, 7], [1]]), list_sets([[1, 2, 3], [1]])
    repeat, explore = repeat_and_explore(ranked, truth, bought, [2, 3])
    assert repeat.values["recall@2"].tolist() == [0.5, 1.0]
    assert explore.values["recall@2"].tolist() == pytest.approx([1 / 3])
    # Place 2 of the one ranking, against an ideal of three explored items.
    assert explore.values["ndcg@3"][0] == pytest.approx(0.63093 / 2.13093, abs=1e-5)
    assert (repeat.without, explore.without) == (0, 1)


def test_share_of_repeated_places() -> None:
    ranked = np.array([[1, 5, -1, -1], [4, 3, 2, 1], [-1, -1, -1, -1]])
    scores = repeated_share(ranked, list_sets([[1], [1], [1]]), [2, 4])
    assert scores.values["repeats@2"].tolist() == [0.5, 0.0]
    assert scores.values["repeats@4"].tolist() == [0.5, 0.25]
    assert scores.without == 1


def test_cold_users_have_few_baskets() -> None:
    scores = measure(np.array([[1], [1], [1]]), list_sets([[1], [2], [1]]), [1], np.array([0, 2, 5]))
    cold, warm = cold_and_warm(scores, np.array([3, 0, 4, 0, 0, 1]))
    assert cold.user.tolist() == [0, 5]
    assert cold.means()["recall@1"] == 1.0
    assert warm.user.tolist() == [2]
    assert warm.means()["recall@1"] == 0.0


def test_coverage_counts_the_catalogue_once() -> None:
    ranked = np.array([[0, 1, 2], [0, 3, -1]])
    assert coverage(ranked, 8, 1) == 1 / 8
    assert coverage(ranked, 8, 2) == 3 / 8
    assert coverage(ranked, 4, 3) == 1.0
    with pytest.raises(UsageError, match="no item"):
        coverage(ranked, 0, 1)


def test_novelty_in_bits() -> None:
    ranked = np.array([[0, 1, 2], [2, -1, -1], [-1, -1, -1]])
    scores = novelty(ranked, np.array([8, 4, 0]), 8, [1, 3])
    assert scores.values["novelty@1"].tolist() == [0.0, 3.0]
    assert scores.values["novelty@3"].tolist() == pytest.approx([(0 + 1 + 3) / 3, 3.0])
    assert scores.without == 1
    with pytest.raises(UsageError, match="8 buyers"):
        novelty(ranked, np.array([8, 4, 0]), 7, [1])
    with pytest.raises(UsageError, match="3 places"):
        novelty(ranked, np.array([8, 4, 0]), 8, [4])
