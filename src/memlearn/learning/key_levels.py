"""Which keys belong to which coarser ones: of the catalogue's levels, and of the merchants at whom offers hold."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import polars as pl

from memlearn.learning.embedded.annotate import CATEGORY
from memlearn.ranking import RankingConfig
from memlearn.records import LEVEL_PREFIX
from memlearn.sources.config import MerchantConfig
from memlearn.sources.merchants import normalise_merchants
from memlearn.store.tables import SHARED_TABLES


def key_levels(items: pl.DataFrame, levels: Sequence[str], merchants: MerchantConfig | None) -> pl.DataFrame:
    """The links between keys that a release holds.

    An offer that names a merchant and no category thereby belongs to the category of the merchant's payments, so that who avoids the
    category is not shown it.

    Args:
        items: the canonical table of items.
        levels: names of the catalogue's levels, coarse to fine.
        merchants: how merchants get their categories; None where no source has merchants.

    Returns:
        dim, key, parent_dim, parent_key; sorted.
    """
    links = [pl.DataFrame(schema=SHARED_TABLES["key_levels"])]
    links += [_links(items, fine, coarse) for coarse, fine in itertools.pairwise(levels)]
    if merchants is not None:
        names = RankingConfig().merchant_levels
        links += [_categories(items, level, merchants) for level in levels if level in names]
    return pl.concat(links).unique().sort("dim", "key", "parent_dim", "parent_key")


def _links(items: pl.DataFrame, fine: str, coarse: str) -> pl.DataFrame:
    pair = items.select(pl.col(LEVEL_PREFIX + fine).alias("key"), pl.col(LEVEL_PREFIX + coarse).alias("parent_key")).drop_nulls().unique()
    return pair.select(pl.lit(fine).alias("dim"), "key", pl.lit(coarse).alias("parent_dim"), "parent_key")


def _categories(items: pl.DataFrame, level: str, merchants: MerchantConfig) -> pl.DataFrame:
    """The category of each merchant: what the catalogue says of its items, else what the config and the word table say of its name."""
    said = pl.DataFrame(schema={"key": pl.String, "parent_key": pl.String})
    if LEVEL_PREFIX + CATEGORY in items.columns:
        said = (
            items.select(pl.col(LEVEL_PREFIX + level).alias("key"), pl.col(LEVEL_PREFIX + CATEGORY).alias("parent_key"))
            .drop_nulls()
            .unique()
        )
    others = items.select(pl.col(LEVEL_PREFIX + level).alias("key")).drop_nulls().unique().join(said, on="key", how="anti").sort("key")
    category = normalise_merchants(others["key"], merchants)["merchant_category"].alias("parent_key")
    linked = pl.concat([said, others.with_columns(category).drop_nulls()])
    return linked.select(pl.lit(level).alias("dim"), "key", pl.lit(CATEGORY).alias("parent_dim"), "parent_key")
