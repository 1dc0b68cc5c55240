"""Ranking: candidates, features, scores and reasons. Pure: no store, no clock."""

from memlearn.ranking.config import RankingConfig, Weights
from memlearn.ranking.features import FEATURES, Features
from memlearn.ranking.items import ItemIndex, prepare_items
from memlearn.ranking.memory import KeyFact, UserMemory
from memlearn.ranking.popularity import Popularity, measure_popularity
from memlearn.ranking.recommend import RankedItem, Ranking, Tier, recommend

__all__ = [
    "FEATURES",
    "Features",
    "ItemIndex",
    "KeyFact",
    "Popularity",
    "RankedItem",
    "Ranking",
    "RankingConfig",
    "Tier",
    "UserMemory",
    "Weights",
    "measure_popularity",
    "prepare_items",
    "recommend",
]
