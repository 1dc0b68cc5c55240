from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from memlearn.errors import UsageError
from memlearn.evaluation import top_k as module
from memlearn.evaluation.item_sets import list_sets
from memlearn.evaluation.top_k import rank_users, top_k

few = st.sampled_from([-math.inf, math.nan, -1.0, 0.0, 0.0, 0.5, 2.0])
tables = st.tuples(st.integers(1, 5), st.integers(1, 9)).flatmap(
    lambda shape: st.tuples(
        arrays.arrays(np.float32, shape, elements=few.map(np.float32)),
        arrays.arrays(np.int64, shape[1], elements=st.integers(0, 3)),
        arrays.arrays(np.bool_, shape),
        st.integers(1, 11),
    )
)


def plain(scores: Sequence[float], k: int, popularity: Sequence[int], excluded: Sequence[bool]) -> list[int]:
    left = [item for item, score in enumerate(scores) if score > -math.inf and not excluded[item]]
    ranked = sorted(left, key=lambda item: (-scores[item], -popularity[item], item))[:k]
    return ranked + [-1] * (k - len(ranked))


@settings(deadline=None)
@given(tables)
def test_the_order_is_score_then_popularity_then_code(table: tuple[np.ndarray, np.ndarray, np.ndarray, int]) -> None:
    scores, popularity, exclude, k = table
    expected = [plain(row, k, popularity, excluded) for row, excluded in zip(scores, exclude, strict=True)]
    assert top_k(scores, k, popularity, exclude).tolist() == expected
    assert top_k(scores, k, popularity).tolist() == [plain(row, k, popularity, [False] * len(row)) for row in scores]
    assert top_k(scores, k, popularity, exclude[0]).tolist() == [plain(row, k, popularity, exclude[0]) for row in scores]


def test_the_scores_stay_as_they_were() -> None:
    scores = np.array([[1.0, math.nan]])
    top_k(scores, 1, np.ones(2), np.array([True, False]))
    assert scores[0, 0] == 1.0
    assert math.isnan(scores[0, 1])


def test_ranking_in_pieces_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    table = random.integers(0, 4, (40, 30)).astype(np.float32)
    users = random.permutation(40).astype(np.int32)[:33]
    bought = list_sets([random.integers(0, 35, 4) for _ in users])
    popularity = random.integers(0, 5, 30)
    whole = rank_users(lambda some: table[some], users, 8, popularity, bought)
    mask = bought.contains(np.arange(33)[:, None], np.arange(30)[None, :])
    assert np.array_equal(whole, top_k(table[users], 8, popularity, mask))
    monkeypatch.setattr(module, "_CELLS", 70)
    assert np.array_equal(whole, rank_users(lambda some: table[some], users, 8, popularity, bought))


def test_a_catalogue_without_items_ranks_nothing() -> None:
    assert top_k(np.empty((2, 0)), 3, np.empty(0)).tolist() == [[-1] * 3] * 2


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="popularity"):
        top_k(np.ones((2, 3)), 1, np.ones(2))
    with pytest.raises(UsageError, match="k = 0"):
        top_k(np.ones((2, 3)), 0, np.ones(3))
    with pytest.raises(UsageError, match="exclude"):
        top_k(np.ones((2, 3)), 1, np.ones(3), np.ones((1, 3), dtype=bool))
