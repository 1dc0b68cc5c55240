"""The trained model. LightGBM is imported here only, and only when a model is trained or opened."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from memlearn.errors import DamagedError
from memlearn.ranking.learned.features import start_scores
from memlearn.ranking.learned.values import Flags, Ints, Reals, Weights

if TYPE_CHECKING:
    import lightgbm


@dataclass(frozen=True, slots=True)
class Training:
    """Settings of a training.

    Args:
        trees: how many.
        leaves: most leaves of a tree.
        learning_rate: by how much each tree counts.
        leaf_rows: fewest rows of a leaf.
        start: by how much `start_scores` count, to which the trees are added.
        threads: that LightGBM may use; the model does not depend on it.
    """

    trees: int = 150
    leaves: int = 15
    learning_rate: float = 0.08
    leaf_rows: int = 100
    start: float = 0.0
    threads: int = 1


def train_model(features: Weights, relevant: Flags, groups: Ints, names: tuple[str, ...], training: Training) -> str:
    """Train a LambdaMART model (Burges, 2010) that puts relevant rows of a group first.

    Args:
        features: shape (rows, features); NaN where unknown.
        relevant: which rows should come first; shape (rows,).
        groups: sizes of the groups, in order; their sum is the number of rows.
        names: of the features.
        training: settings.

    Returns:
        The model as text, trees alone. The same rows give the same text, whatever the number of threads.
    """
    lightgbm = _load()
    settings = {
        "objective": "lambdarank",
        "learning_rate": training.learning_rate,
        "num_leaves": training.leaves,
        "min_data_in_leaf": training.leaf_rows,
        "lambdarank_truncation_level": 30,
        "feature_fraction": 0.7,
        "max_bin": 63,
        "num_threads": training.threads,
        "deterministic": True,
        "force_row_wise": True,
        "seed": 1,
        "verbose": -1,
    }
    start = training.start * start_scores(features) if training.start else None
    rows = lightgbm.Dataset(
        features, label=relevant.astype(np.int32), group=groups, init_score=start, feature_name=list(names), params={"verbose": -1}
    )
    text = lightgbm.train(settings, rows, training.trees).model_to_string()
    # The settings at its end name the number of threads.
    return str(text).split("\nparameters:\n", 1)[0] + "\n"


@dataclass(frozen=True, slots=True)
class AnswerTraining:
    """Settings of a training on single answers.

    Args:
        trees: how many.
        leaves: most leaves of a tree.
        learning_rate: by how much each tree counts.
        leaf_rows: fewest rows of a leaf.
        ridge: by how much leaves' values are drawn towards none.
        threads: that LightGBM may use; the model does not depend on it.
    """

    trees: int = 200
    leaves: int = 8
    learning_rate: float = 0.05
    leaf_rows: int = 100
    ridge: float = 10.0
    threads: int = 2


def train_answers(features: Weights, answered: Flags, names: tuple[str, ...], rising: Sequence[bool], training: AnswerTraining) -> str:
    """Train a model of the chance that a row is answered.

    Args:
        features: shape (rows, features); NaN where unknown.
        answered: which rows were answered; shape (rows,).
        names: of the features.
        rising: features whose higher values may only raise the chance.
        training: settings.

    Returns:
        The model as text; its scores are logits. The same rows give the same text, whatever the number of threads.
    """
    lightgbm = _load()
    settings = {
        "objective": "binary",
        "learning_rate": training.learning_rate,
        "num_leaves": training.leaves,
        "min_data_in_leaf": training.leaf_rows,
        "lambda_l2": training.ridge,
        "feature_fraction": 0.7,
        "max_bin": 255,
        "monotone_constraints": [int(up) for up in rising],
        "num_threads": training.threads,
        "deterministic": True,
        "force_row_wise": True,
        "seed": 1,
        "verbose": -1,
    }
    # Names of attributes may hold what LightGBM's text cannot.
    columns = [f"f{number}" for number in range(len(names))]
    rows = lightgbm.Dataset(features, label=answered.astype(np.int32), feature_name=columns, params={"verbose": -1})
    text = lightgbm.train(settings, rows, training.trees).model_to_string()
    return str(text).split("\nparameters:\n", 1)[0] + "\n"


def _load() -> ModuleType:
    """LightGBM, with threads that sleep while they wait for each other: where they spin, it takes three times as long beside other work."""
    with _patient_threads():
        import lightgbm
    return lightgbm


@contextmanager
def _patient_threads() -> Iterator[None]:
    """OpenMP reads once, when it is loaded, how its threads wait; what the operator chose stands."""
    chosen = "OMP_WAIT_POLICY" in os.environ
    if not chosen:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    try:
        yield
    finally:
        if not chosen:
            del os.environ["OMP_WAIT_POLICY"]


class RankModel:
    """A model that scores candidates and says which features moved a score."""

    def __init__(self, text: str, start: float = 0.0) -> None:
        """Read a model as `train_model` gives it.

        Args:
            text: the trees.
            start: as in `Training`.

        Raises:
            DamagedError: it is no model.
        """
        lightgbm = _load()
        self.start = start
        try:
            self._booster = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as error:
            raise DamagedError(f"The ranking model of the release cannot be read: {error}. Learn again, or roll back.") from error
        self._paths = _Paths.of(self._booster)

    def scores(self, features: Weights) -> Reals:
        """A score for each row, rounded so that machines agree on ties; the higher, the earlier.

        Args:
            features: shape (rows, features).
        """
        if not len(features):
            return np.zeros(0)
        scores = np.asarray(self._booster.predict(features, raw_score=True, num_threads=1, predict_disable_shape_check=True))
        if self.start:
            scores = scores + self.start * start_scores(features)
        return np.round(scores, 6)

    def contributions(self, features: Weights) -> Reals:
        """By how much each feature moved each row's score from the mean one: value changes along the rows' paths (Saabas, 2014).

        Args:
            features: shape (rows, features).

        Returns:
            Shape (rows, features); each row's sum and `mean_score` are its score.
        """
        if not len(features):
            return np.zeros(features.shape)
        leaves = self._booster.predict(features, pred_leaf=True, num_threads=1, predict_disable_shape_check=True)
        return self._paths.moved(np.asarray(leaves).reshape(len(features), -1).astype(np.int64))

    @property
    def mean_score(self) -> float:
        """The score where nothing is known."""
        return self._paths.mean


@dataclass(frozen=True, slots=True, eq=False)
class _Paths:
    """By how much each feature changes the value on the way from a tree's root to each of its leaves.

    Args:
        starts: row of the first leaf of each tree; shape (trees,).
        changes: of each leaf, tree after tree in the order of LightGBM's numbers; shape (leaves, features).
        mean: sum of the roots' values.
    """

    starts: Ints
    changes: Reals
    mean: float

    @staticmethod
    def of(booster: lightgbm.Booster) -> _Paths:
        features = booster.num_feature()
        parts: list[Reals] = []
        roots: list[float] = []
        for tree in booster.dump_model()["tree_info"]:
            changes = np.zeros((tree["num_leaves"], features))
            _walk(tree["tree_structure"], np.zeros(features), changes)
            parts.append(changes)
            roots.append(_value(tree["tree_structure"]))
        starts = np.cumsum([0, *map(len, parts)])[:-1].astype(np.int64)
        return _Paths(starts, np.concatenate([np.zeros((0, features)), *parts]), math.fsum(roots))

    def moved(self, leaves: Ints) -> Reals:
        """Changes of rows whose leaves are given, added up over the trees; shape (rows, features)."""
        moved: Reals = self.changes[leaves + self.starts].sum(axis=1)
        return moved


def _walk(tree: Mapping[str, Any], before: Reals, changes: Reals) -> None:
    """Fill in the changes of all leaves under a node."""
    waiting = [(tree, before)]
    while waiting:
        node, so_far = waiting.pop()
        if "split_feature" not in node:
            # A tree of one leaf does not number it.
            changes[node.get("leaf_index", 0)] = so_far
            continue
        for child in (node["left_child"], node["right_child"]):
            after = so_far.copy()
            after[node["split_feature"]] += _value(child) - _value(node)
            waiting.append((child, after))


def _value(node: Mapping[str, Any]) -> float:
    return float(node["internal_value"] if "split_feature" in node else node["leaf_value"])
