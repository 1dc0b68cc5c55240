"""A model of the chance that an offer is answered: trees, or a logistic regression where there are few answers to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from memlearn.ranking.learned.model import RankModel
from memlearn.ranking.offers.sends import Reals

# What lies further from the mean was hardly seen in training, and counts as if it lay there.
_FURTHEST = 3.0


def in_spreads(values: Reals, mean: Reals, spread: Reals) -> Reals:
    """Values in spreads from their mean, as a regression sees them; 0 where unknown.

    Args:
        values: shape (rows, features); NaN where unknown.
        mean: of each feature.
        spread: of each feature, above 0.
    """
    return np.clip(np.nan_to_num((values - mean) / spread), -_FURTHEST, _FURTHEST)


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """A logistic regression; an unknown value counts as the mean one.

    Args:
        base: the logit where all features have their mean.
        mean, spread: of each feature; shape (features,).
        weights: of each feature in spreads from its mean; shape (features,).
    """

    base: float
    mean: Reals
    spread: Reals
    weights: Reals

    def contributions(self, values: Reals) -> Reals:
        """By how much each feature moved the logit of each row; shape (rows, features)."""
        moved: Reals = in_spreads(values, self.mean, self.spread) * self.weights
        return moved


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model.

    Args:
        features: names of the features that it sees.
        trees: text of the trees; None for a logistic regression.
        logistic: the regression; None for trees.
    """

    features: tuple[str, ...]
    trees: str | None = None
    logistic: Logistic | None = None

    @cached_property
    def _opened(self) -> RankModel:
        assert self.trees is not None
        return RankModel(self.trees)

    def logits(self, values: Reals) -> Reals:
        """The logit of the chance of an answer, rounded so that machines agree; shape (rows,).

        Args:
            values: shape (rows, features).
        """
        if self.logistic is not None:
            logits: Reals = np.round(self.logistic.base + self.logistic.contributions(values).sum(axis=1), 6)
            return logits
        return self._opened.scores(values.astype(np.float32))

    def contributions(self, values: Reals) -> Reals:
        """By how much each feature moved each row's logit; shape (rows, features)."""
        if self.logistic is not None:
            return self.logistic.contributions(values)
        return self._opened.contributions(values.astype(np.float32))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        own = self.logistic
        numbers = None if own is None else {"base": own.base, **{name: getattr(own, name).tolist() for name in _ARRAYS}}
        return {"features": list(self.features), "trees": self.trees, "logistic": numbers}

    @staticmethod
    def from_json(held: dict[str, Any]) -> Model:
        """Of `to_json`."""
        own = held["logistic"]
        logistic = None if own is None else Logistic(own["base"], *(np.array(own[name], dtype=np.float64) for name in _ARRAYS))
        return Model(tuple(held["features"]), held["trees"], logistic)


_ARRAYS = ("mean", "spread", "weights")
