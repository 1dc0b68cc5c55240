"""What was given and comes to nothing: statements about what no source knows, no item to recommend, no event to learn from."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from memlearn.learning.embedded.annotate import Catalogue
from memlearn.learning.embedded.population import ANSWER, TOTAL
from memlearn.ranking import RankingConfig
from memlearn.ranking.levels import ITEM, MERCHANT, fold
from memlearn.records import LEVEL_PREFIX

# Its keys are also those of merchants, which rows name.
_CATEGORY = "category"


def find_pointless(statements: pl.DataFrame, catalogue: Catalogue, attributes: Collection[str], population: pl.DataFrame) -> list[str]:
    """One line for each thing.

    Args:
        statements: operator statements in force.
        catalogue: items and levels.
        attributes: names of the free attributes of events.
        population: the population's sums.
    """
    found = [
        _unknown_keys(statements, catalogue, attributes),
        _nothing_to_recommend(catalogue),
        _nothing_learned(population),
        _nothing_answered(population),
    ]
    return [line for line in found if line is not None]


def _unknown_keys(statements: pl.DataFrame, catalogue: Catalogue, attributes: Collection[str]) -> str | None:
    """Statements that can neither favour nor exclude anything: `recommend` would show what memory says is avoided."""
    keys = statements.select("dim", "key").unique().sort("dim", "key")
    unknown = keys.filter(pl.Series([not _is_known(dim, key, catalogue, attributes) for dim, key in keys.iter_rows()], dtype=pl.Boolean))
    lost = statements.join(unknown, on=["dim", "key"], how="semi").sort("user_id", "dim", "key")
    if lost.is_empty():
        return None
    user, stance, dim, key = lost.select("user_id", "stance", "dim", "key").row(0)
    return (
        f"Operator statements about what no source knows, which exclude and favour nothing: {len(lost)}, the first that {user!r} {stance} {dim} {key!r}. "
        "Write the id of an item, or the name of a level and one of its keys."
    )


def _is_known(dim: str, key: str, catalogue: Catalogue, attributes: Collection[str]) -> bool:
    config = RankingConfig()
    if dim == ITEM:
        return key in catalogue.items["item_id"]
    if dim in (_CATEGORY, MERCHANT, *config.merchant_levels, *config.same_dims, *attributes):
        return True
    return dim in catalogue.levels and fold(key) in {fold(text) for text in catalogue.items[LEVEL_PREFIX + dim].drop_nulls().unique()}


def _nothing_to_recommend(catalogue: Catalogue) -> str | None:
    if catalogue.items["recommend"].any():
        return None
    return "No source gives items that may be recommended, so `recommend` has nothing to show. Add a source with `role: items`."


def _nothing_learned(population: pl.DataFrame) -> str | None:
    counted = population.filter((pl.col("dim") == TOTAL) | (pl.col("dim") == ANSWER)).select("n", "of")
    if not counted.is_empty() and int(counted.max_horizontal().sum()) > 0:
        return None
    return (
        "No event is a purchase or an exposure to an offer, so nothing is learned of users. Say with `kind` and `kinds` what the rows are; "
        "a purchase with a negative amount counts as a refund, so turn the sign of a source that writes spending as negative."
    )


def _nothing_answered(population: pl.DataFrame) -> str | None:
    shown = population.filter(pl.col("dim") == ANSWER).select(pl.col("n", "of").sum())
    answered, of = shown.row(0)
    if answered > 0 or of == 0:
        return None
    return (
        f"Offers were shown {of} times and never answered: an answer is an event of the kind redemption for the same item. "
        "Where clicks are the answers, map them with `kinds`, or give their source `kind: redemption`."
    )
