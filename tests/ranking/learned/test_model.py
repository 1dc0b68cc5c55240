"""Training, scores, and what moved them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from memlearn.errors import DamagedError
from memlearn.ranking.learned.model import RankModel, Training, train_model

NAMES = ("signal", "noise", "often unknown", "counts")
TRAINING = Training(trees=20, leaves=7, leaf_rows=20, threads=1)


def rows(seed: int, groups: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, relevance and group sizes: the first feature and the unknown ones tell."""
    draw = np.random.default_rng(seed)
    made = draw.normal(size=(groups * 30, 4)).astype(np.float32)
    made[draw.random(len(made)) < 0.3, 2] = np.nan
    made[:, 3] = draw.poisson(0.5, len(made))
    wanted = made[:, 0] + np.isnan(made[:, 2]) + made[:, 3] + draw.normal(size=len(made)) > 2
    return made, wanted, np.full(groups, 30)


@pytest.fixture(scope="module")
def model() -> str:
    """A trained model."""
    return train_model(*rows(1), NAMES, TRAINING)


def test_relevant_rows_come_first(model: str) -> None:
    features, wanted, _ = rows(2)
    scores = RankModel(model).scores(features).reshape(60, 30)
    first = np.take_along_axis(wanted.reshape(60, 30), np.argmax(scores, axis=1)[:, None], axis=1)
    assert first.mean() > 3 * wanted.mean()


def test_the_same_rows_give_the_same_text_whatever_the_threads(model: str) -> None:
    assert train_model(*rows(1), NAMES, replace(TRAINING, threads=2)) == model
    assert train_model(*rows(3), NAMES, TRAINING) != model


def test_what_moved_a_score_adds_up_to_it(model: str) -> None:
    ranker, features = RankModel(model), rows(4)[0]
    moved = ranker.contributions(features)
    np.testing.assert_allclose(moved.sum(axis=1) + ranker.mean_score, ranker.scores(features), atol=2e-6)
    told = np.abs(moved).mean(axis=0)
    assert told[0] > 3 * told[1]


def test_of_no_rows_there_are_no_scores(model: str) -> None:
    assert RankModel(model).scores(np.zeros((0, 4), dtype=np.float32)).shape == (0,)


def test_a_damaged_model_is_told() -> None:
    with pytest.raises(DamagedError, match="ranking model"):
        RankModel("tree\nno model at all")
