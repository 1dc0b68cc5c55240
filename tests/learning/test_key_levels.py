"""Which keys belong to which coarser ones."""

from __future__ import annotations

import polars as pl

from memlearn.learning.key_levels import key_levels
from memlearn.ranking import RankingConfig, prepare_items
from memlearn.ranking.allowed import allowed_items
from memlearn.ranking.memory import Stance
from memlearn.records import ITEM_SCHEMA
from memlearn.sources.config import MerchantConfig
from memlearn.store.tables import SHARED_TABLES

OFFERS = [
    ("o1", "coffee", "Blue Bottle"),
    ("o2", None, "Blue Bottle"),
    ("o3", None, "CASA VINO"),
    ("o4", None, "Hill Garage"),
    ("o5", "fuel", None),
    ("o6", None, None),
]
MERCHANTS = MerchantConfig(categories={"CASA VINO": "alcohol", "BLUE BOTTLE": "water"})
LEVELS = ("category", "partner")


def catalogue() -> pl.DataFrame:
    rows = [
        {"item_id": item, "recommend": True, "level_category": category, "level_partner": partner} for item, category, partner in OFFERS
    ]
    return pl.DataFrame(rows, schema={**ITEM_SCHEMA, "level_category": pl.String(), "level_partner": pl.String()})


def links(merchants: MerchantConfig | None) -> set[tuple[str, ...]]:
    found = key_levels(catalogue(), LEVELS, merchants)
    assert found.schema == SHARED_TABLES["key_levels"]
    return set(found.iter_rows())


def test_what_the_catalogue_says_of_a_merchant_comes_before_what_its_name_says() -> None:
    of_catalogue = {("partner", "Blue Bottle", "category", "coffee")}
    assert links(None) == of_catalogue
    assert links(MERCHANTS) == of_catalogue | {("partner", "CASA VINO", "category", "alcohol")}


def test_who_avoids_a_category_is_shown_no_offer_of_a_merchant_in_it() -> None:
    empty = [pl.DataFrame(schema=SHARED_TABLES[name]) for name in ("popularity", "pairs")]
    index = prepare_items(catalogue(), *empty, key_levels(catalogue(), LEVELS, MERCHANTS))

    def shown(dim: str, key: str) -> set[str]:
        flags = allowed_items(index, [Stance("avoids", dim, key)], 0, RankingConfig())
        return {item for item, allowed in zip(index.item_ids, flags, strict=True) if allowed}

    everything = {offer[0] for offer in OFFERS}
    assert shown("merchant_category", "alcohol") == everything - {"o3"}
    assert shown("category", "Coffee") == everything - {"o1", "o2"}
    assert shown("category", "water") == everything
    assert shown("category", "fuel") == everything - {"o5"}


def test_a_company_without_items() -> None:
    assert key_levels(pl.DataFrame(schema=ITEM_SCHEMA), (), MERCHANTS).is_empty()
