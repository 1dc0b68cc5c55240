"""Ranking by a trained model: features from memory's facts, candidates, scores."""

from memlearn.ranking.learned.batches import Candidates, candidates_of
from memlearn.ranking.learned.candidates import find_candidates, popular_order
from memlearn.ranking.learned.companions import closeness
from memlearn.ranking.learned.features import FEATURES, LEVELS, make_features, start_scores
from memlearn.ranking.learned.ranker import LearnedRanker
from memlearn.ranking.learned.values import (
    COMPANION_KINDS,
    FADED_PARTS,
    FADES,
    Companions,
    Flags,
    Ints,
    ItemFigures,
    Reals,
    UserFacts,
    Weights,
)

__all__ = [
    "COMPANION_KINDS",
    "FADED_PARTS",
    "FADES",
    "FEATURES",
    "LEVELS",
    "Candidates",
    "Companions",
    "Flags",
    "Ints",
    "ItemFigures",
    "LearnedRanker",
    "Reals",
    "UserFacts",
    "Weights",
    "candidates_of",
    "closeness",
    "find_candidates",
    "make_features",
    "popular_order",
    "start_scores",
]
