"""Ranking by a trained model: features from memory's facts, candidates, scores."""

from memlearn.ranking.learned.candidates import find_candidates, popular_order
from memlearn.ranking.learned.companions import closeness
from memlearn.ranking.learned.features import FEATURES, make_features
from memlearn.ranking.learned.values import COMPANION_KINDS, Companions, Flags, Ints, ItemFigures, Reals, UserFacts, Weights

__all__ = [
    "COMPANION_KINDS",
    "FEATURES",
    "Companions",
    "Flags",
    "Ints",
    "ItemFigures",
    "Reals",
    "UserFacts",
    "Weights",
    "closeness",
    "find_candidates",
    "make_features",
    "popular_order",
]
