from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.calibration import miscalibration

# Items 0..7 have categories 0, 0, 1, 1, 2, 2, none, none.
CATEGORY = np.array([0, 0, 1, 1, 2, 2, -1, -1])


def one(ranked: list[int], bought: dict[int, float], k: int) -> float | None:
    item = np.array(list(bought), dtype=np.int64)
    weight = np.array(list(bought.values()), dtype=np.float64)
    scores = miscalibration(np.array([ranked]), np.zeros(len(item), dtype=np.int64), item, weight, CATEGORY, [k])
    return float(scores.values[f"miscalibration@{k}"][0]) if len(scores.user) else None


def plain(ranked: list[int], bought: dict[int, float], k: int) -> float | None:
    shown = [CATEGORY[item] for item in ranked[:k] if item >= 0 and CATEGORY[item] >= 0]
    total = sum(weight for item, weight in bought.items() if CATEGORY[item] >= 0)
    if not shown or not total:
        return None
    result = 0.0
    for category in range(3):
        p = sum(weight for item, weight in bought.items() if CATEGORY[item] == category) / total
        q = shown.count(category) / len(shown)
        result += p * math.log(p / (0.99 * q + 0.01 * p)) if p > 0 else 0.0
    return result


def test_the_same_proportions_diverge_by_nothing() -> None:
    assert one([0, 2, 4], {1: 5, 3: 5, 5: 5}, 3) == pytest.approx(0.0, abs=1e-12)


def test_by_hand() -> None:
    # Bought half and half, shown only the one: 1/2 ln(.5 / .995) + 1/2 ln(.5 / .005).
    assert one([0, 1], {0: 1, 2: 1}, 2) == pytest.approx(0.5 * math.log(0.5 / 0.995) + 0.5 * math.log(100))


@settings(deadline=None)
@given(
    st.permutations(range(8)).map(lambda order: list(order[:4])),
    st.dictionaries(st.integers(0, 7), st.integers(1, 9).map(float), max_size=6),
    st.integers(1, 4),
)
def test_it_is_what_the_formula_says(ranked: list[int], bought: dict[int, float], k: int) -> None:
    expected = plain(ranked, bought, k)
    found = one(ranked, bought, k)
    assert (found is None) if expected is None else found == pytest.approx(expected, abs=1e-12)


def test_rows_and_cuts_stand_apart() -> None:
    ranked = np.array([[0, 1], [2, 0], [-1, -1]])
    row, item = np.array([1, 0, 2, 1]), np.array([0, 0, 0, 2])
    scores = miscalibration(ranked, row, item, np.ones(4), CATEGORY, [2], np.array([4, 4, 9]))
    assert scores.user.tolist() == [4]
    assert scores.values["miscalibration@2"].tolist() == pytest.approx([0.0], abs=1e-12)
    assert (scores.rows, scores.without) == (2, 1)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="alpha"):
        miscalibration(np.array([[0]]), np.array([0]), np.array([0]), np.ones(1), CATEGORY, [1], alpha=0.0)
    with pytest.raises(UsageError, match="1 places"):
        miscalibration(np.array([[0]]), np.array([0]), np.array([0]), np.ones(1), CATEGORY, [2])
