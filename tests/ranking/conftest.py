"""Two small companies as ranking sees them: a grocer who recommends what is bought, and a payments app that recommends offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from memlearn.memory import Evidence, Fact, Statement
from memlearn.ranking import ItemIndex, RankingConfig, prepare_items
from memlearn.records import ITEM_SCHEMA
from memlearn.store.tables import SHARED_TABLES

Rows = Sequence[Mapping[str, Any]]


def items_frame(rows: Rows) -> pl.DataFrame:
    """Items from the columns that matter; everything else is null, and `recommend` is true."""
    levels = sorted({name for row in rows for name in row if name.startswith("level_")})
    schema = {**ITEM_SCHEMA, **dict.fromkeys(levels, pl.String())}
    return pl.DataFrame([{"recommend": True, **row} for row in rows], schema=schema)


def make_index(
    items: Rows, *, popularity: Rows = (), pairs: Rows = (), key_levels: Rows = (), config: RankingConfig | None = None
) -> ItemIndex:
    """An index from plain rows."""
    answered = {"shown": pl.Int64(), "answered": pl.Int64()} if any("shown" in row for row in popularity) else {}
    frames = [
        pl.DataFrame(
            [{"n": row.get("users", 0), "recent": 0, **row} for row in popularity], schema={**SHARED_TABLES["popularity"], **answered}
        ),
        pl.DataFrame([{"n": 50, "users": 20, **row} for row in pairs], schema=SHARED_TABLES["pairs"]),
        pl.DataFrame(list(key_levels), schema=SHARED_TABLES["key_levels"]),
    ]
    return prepare_items(items_frame(items), *frames, config)


def make_statement(text: str, kind: str, dim: str, key: str, *, status: str = "verified", **values: object) -> Statement:
    """A published line."""
    stated = kind == "stance"
    evidence = Evidence(operator=True) if stated else Evidence(rows=("00000000000000aa",), statistic=f"{kind}_of_user")
    return Statement(text, evidence, Fact(kind, dim, key, dict(values)), status)  # type: ignore[arg-type]


GROCERY = [
    {"item_id": "milk", "name": "Whole milk", "level_department": "dairy", "level_product": "milk"},
    {"item_id": "kefir", "name": "Kefir", "level_department": "dairy", "level_product": "kefir"},
    {"item_id": "brie", "name": "Brie", "level_department": "dairy", "level_product": "cheese"},
    {"item_id": "bread", "name": "Rye bread", "level_department": "bakery", "level_product": "bread"},
    {"item_id": "rolls", "name": "Rolls", "level_department": "bakery", "level_product": "rolls"},
    {"item_id": "beans", "name": "Espresso beans", "level_department": "pantry", "level_product": "coffee"},
    {"item_id": "bag", "name": "Carrier bag", "level_department": "pantry", "level_product": "bags", "recommend": False},
]
OFFERS = [
    {"item_id": "o1", "name": "5 % at Blue Bottle", "level_category": "coffee", "level_partner": "Blue Bottle"},
    {"item_id": "o2", "name": "3 % on coffee", "level_category": "coffee"},
    {"item_id": "o3", "name": "5 % at Hill Books", "level_category": "books", "level_partner": "HILL BOOKS"},
    {"item_id": "o4", "name": "9 % on fuel", "level_category": "fuel"},
    {"item_id": "o5", "name": "2 % at Casa Vino", "level_category": "alcohol", "level_partner": "CASA VINO"},
]


@pytest.fixture(scope="session")
def index_of() -> Callable[..., ItemIndex]:
    """Makes indexes from plain rows."""
    return make_index


@pytest.fixture(scope="session")
def statement() -> Callable[..., Statement]:
    """Makes published lines."""
    return make_statement


@pytest.fixture
def grocery() -> ItemIndex:
    """Things bought are things recommended."""
    popularity = [{"dim": "item", "key": key, "users": users} for key, users in (("milk", 41), ("bread", 30), ("beans", 9), ("kefir", 6))]
    pairs = [{"kind": "with", "dim": "product", "key": "bread", "other": "cheese", "lift": 4.0}]
    return make_index(GROCERY, popularity=popularity, pairs=pairs)


@pytest.fixture
def offers() -> ItemIndex:
    """Merchants are paid, offers are recommended."""
    popularity = [
        {"dim": "merchant", "key": "BLUE BOTTLE", "users": 50},
        {"dim": "category", "key": "fuel", "users": 90},
        {"dim": "item", "key": "o1", "users": 0, "shown": 100, "answered": 40},
        {"dim": "item", "key": "o4", "users": 0, "shown": 100, "answered": 40},
    ]
    return make_index(OFFERS, popularity=popularity)
