"""Features of candidates, and their score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memlearn.ranking.config import RankingConfig
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.levels import ITEM, Ints, Reals
from memlearn.ranking.popularity import Popularity
from memlearn.ranking.signals import Signal
from memlearn.ranking.timing import DAY_US

FEATURES = ("due", "liked", "stated", "answers", "goes", "season", "popular", "new", "rested", "answered")
"""Names of the features, in the order of their columns."""

_COLUMN = {name: place for place, name in enumerate(FEATURES)}
# Of several signals for one feature the highest counts; these are put together differently.
_ADDED = ("answers", "season")
_TOGETHER = ("liked",)
# What an item that the user has not bought yet gains from being near to what they like, against one that is new to all.
_NEW_TO_USER, _NEW_TO_ALL = 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Features:
    """Candidates and what speaks for and against them.

    Args:
        candidates: positions of items; shape (candidates,).
        values: shape (candidates, features), columns as in `FEATURES`.
    """

    candidates: Ints
    values: Reals


def make_features(
    index: ItemIndex, candidates: Ints, signals: Sequence[Signal], at_us: int, config: RankingConfig, popular: Popularity | None = None
) -> Features:
    """Compute the features of candidates.

    Args:
        index: the items.
        candidates: positions of items.
        signals: of the user.
        at_us: the moment of asking, microseconds UTC.
        config: settings.
        popular: what is popular in the user's segment, in place of with everybody.
    """
    values = np.zeros((len(candidates), len(FEATURES)))
    known = np.zeros(len(candidates), dtype=np.bool_)
    for signal in signals:
        at = index.levels[signal.dim].codes[candidates] == signal.code
        column = values[:, _COLUMN[signal.feature]]
        if signal.feature in _ADDED:
            column[at] += signal.value
        elif signal.feature in _TOGETHER:
            column[at] = 1 - (1 - column[at]) * (1 - signal.value)
        else:
            column[at] = np.maximum(column[at], signal.value)
        known |= at & (signal.dim == ITEM)
    values[:, _COLUMN["answers"]] = _answer_gain(values[:, _COLUMN["answers"]], index.answers.items[candidates])
    values[:, _COLUMN["season"]] = np.clip(values[:, _COLUMN["season"]], -1, 1)
    values[:, _COLUMN["popular"]] = (popular or index.popular).values[candidates]
    begins = index.valid_from[candidates]
    fresh = (begins <= at_us) & (begins > at_us - config.new_days * DAY_US)
    near = np.maximum(values[:, _COLUMN["liked"]], values[:, _COLUMN["stated"]])
    values[:, _COLUMN["new"]] = np.where(known, 0.0, _NEW_TO_USER * near) + np.where(fresh, _NEW_TO_ALL + (0.5 - _NEW_TO_ALL) * near, 0.0)
    return Features(candidates, values)


def _answer_gain(log_odds: Reals, base: Reals) -> Reals:
    """By how much the user's chance to answer lies above that of all users, from log-odds to a difference of shares."""
    share = np.clip(base, 0.01, 0.99)
    odds = share / (1 - share) * np.exp(np.clip(log_odds, -3, 3))
    gain: Reals = odds / (1 + odds) - share
    return gain


def score(features: Features, config: RankingConfig) -> Reals:
    """The weighted sum of the features, rounded to six decimals so that machines agree on ties."""
    weights = config.weights.model_dump()
    # Summed column by column: a matrix product may add in another order on another machine.
    total = np.zeros(len(features.candidates))
    for name, column in _COLUMN.items():
        total += weights[name] * features.values[:, column]
    return np.round(total, 6)
