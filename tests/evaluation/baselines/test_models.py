"""EASE gives what its formula gives; iALS reaches the minimum of its loss, and says so where its package is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from histories import histories, history_of
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.baselines import METHODS, NEVER
from memlearn.evaluation.baselines.ease import EaseParameters, fit_ease
from memlearn.evaluation.baselines.ials import IalsParameters, fit_ials, ials_missing
from memlearn.ranking.history import History

installed = pytest.mark.skipif(ials_missing() is not None, reason="the package implicit is not installed")


def slow_ease(bought: np.ndarray, vectors: np.ndarray, regularization: float) -> np.ndarray:
    inverse = np.linalg.inv(bought.T @ bought + regularization * np.eye(bought.shape[1]))
    weights = np.zeros_like(inverse)
    for i in range(len(inverse)):
        for j in range(len(inverse)):
            weights[i, j] = 0.0 if i == j else -inverse[i, j] / inverse[j, j]
    return vectors @ weights


@given(histories(), st.sampled_from([0.5, 3.0, 100.0]), st.sampled_from([0.5, 1.0]))
@settings(deadline=None)
def test_ease(history: History, regularization: float, decay: float) -> None:
    bought = history.bought().toarray()
    faded = np.zeros_like(bought)
    for user, item, age in zip(history.user, history.item, history.ages(), strict=True):
        faded[user, item] = max(faded[user, item], decay ** int(age))
    found = fit_ease(history, EaseParameters(regularization, decay)).scores(np.arange(history.users, dtype=np.int32))
    assert found.dtype == np.float32
    assert np.allclose(found, slow_ease(bought, faded, regularization), atol=1e-4)


def test_ease_scores_ones_unless_told_to_fade() -> None:
    history = history_of([[[0, 1], [0]], [[0, 1]], [[1, 2]]], 3)
    once = history_of([[[0, 1]], [[0, 1]], [[1, 2]]], 3)
    users = np.arange(3, dtype=np.int32)
    assert np.array_equal(fit_ease(history).scores(users), fit_ease(once).scores(users))


def test_ease_knows_the_most_popular_items_only() -> None:
    history = history_of([[[0, 3], [3]], [[1, 3], [2, 1]], [[2]]], 4)
    found = fit_ease(history, EaseParameters(5.0, items=3)).scores(np.arange(3, dtype=np.int32))
    # Items 1 and 2 are bought twice, 3 three times, 0 once.
    assert np.array_equal(found == NEVER, np.repeat([[True, False, False, False]], 3, axis=0))
    kept = history.bought().toarray()[:, 1:]
    assert np.allclose(found[:, 1:], slow_ease(kept, kept, 5.0), atol=1e-5)


def test_ease_without_a_solution_says_so() -> None:
    history = history_of([[[0, 1]]] * 20_000, 2)
    with pytest.raises(UsageError, match=r"no solution with the parameter regularization 0\.001"):
        fit_ease(history, EaseParameters(0.001))
    with pytest.raises(UsageError, match="regularization is 0"):
        fit_ease(history, EaseParameters(0))


@installed
@given(histories(max_users=5))
@settings(max_examples=20, deadline=None)
def test_ials_reaches_a_point_where_neither_side_can_do_better(history: History) -> None:
    p = IalsParameters(3, 0.5, 2.0, 200)
    found = fit_ials(history, p).scores(np.arange(history.users, dtype=np.int32))
    counts = history.counts().toarray()
    scorer = fit_ials(history, p)
    users, items = scorer.users.astype(float), scorer.items.T.astype(float)  # type: ignore[attr-defined]
    assert np.allclose(found, users @ items.T, atol=1e-4)
    for user in range(history.users):
        # Bought items have confidence alpha times the count and weight 1, all others weight 1 and preference 0.
        weight = np.where(counts[user] > 0, p.confidence * counts[user], 1.0)
        wanted = weight * (counts[user] > 0)
        system = (items.T * weight) @ items + p.regularization * np.eye(p.factors)
        assert np.allclose(users[user], np.linalg.solve(system, items.T @ wanted), atol=0.02)


@installed
def test_ials_puts_users_and_items_together() -> None:
    shop = [[[0, 1], [1, 2]], [[0, 2]], [[0, 1]], [[3, 4], [4, 5]], [[3, 5]], [[3, 4]]]
    found = fit_ials(history_of(shop, 7), IalsParameters(2, 0.1, 5.0)).scores(np.array([1, 4], dtype=np.int32))
    assert found[0, 1] > 0.5 > found[0, 3:].max()
    assert found[1, 4] > 0.5 > found[1, :3].max()
    assert found[:, 6].tolist() == [0, 0]


def test_ials_without_its_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "implicit", None)
    method = next(method for method in METHODS if method.name == "ials")
    assert method.missing() is not None
    with pytest.raises(UsageError, match="install memlearn with the extra 'implicit'"):
        fit_ials(history_of([[[0]]], 1))
