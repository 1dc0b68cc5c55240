"""A user made by hand whose every figure can be counted on fingers, and the users of the samples."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from memlearn.grounding.freetext import CitedEvidence, UserView, Verdict, build_view, check_text
from memlearn.store import StoreLayout, open_release
from memlearn.wiring.load import LoadedConfig

# Makes `made` and `unsaid` importable.
sys.path.insert(0, str(Path(__file__).parent))

from made import LAST, make_rows


@pytest.fixture(scope="session")
def rows() -> pl.DataFrame:
    """The rows of the user made by hand."""
    return make_rows()


@pytest.fixture(scope="session")
def view() -> UserView:
    items = pl.DataFrame({"item_id": ["O-1", "O-2"], "name": ["Coffee cashback", "Book cashback"], "level_category": ["coffee", "books"]})
    person = {"age_band": "25-34", "federal_state": "Berlin"}
    return build_view(make_rows(), items=items, person=person, catalogue=["WOHNIDEE", "travel"], last_day=LAST)


@pytest.fixture(scope="session")
def check(view: UserView) -> Callable[..., Verdict]:
    """Checks a line that cites every row, or those given."""

    def run(text: str, rows: tuple[int, ...] | None = None, **cited: Any) -> Verdict:
        ids = view.row_ids if rows is None else tuple(view.row_ids[row] for row in rows)
        return check_text(text, CitedEvidence(ids, **cited), view)

    return run


@pytest.fixture(scope="session")
def views(learned_samples: LoadedConfig) -> Callable[[str], UserView]:
    """The view of a user of the samples."""
    layout = StoreLayout(learned_samples.config.store)
    rows = pl.concat([pl.read_parquet(file) for file in sorted(layout.rows.glob("*/*.parquet"))], how="diagonal").filter(
        ~pl.col("tombstone")
    )
    with open_release(layout) as release:
        items, persons = release.shared("items"), release.table("persons")
    catalogue = [name for column in ("merchant", "merchant_category", "attr_city") for name in rows[column].drop_nulls().unique().to_list()]
    of_user = {key[0]: part for key, part in rows.partition_by("user_id", as_dict=True).items()}
    made: dict[str, UserView] = {}

    def get(user_id: str) -> UserView:
        if user_id not in made:
            given = persons.filter(pl.col("user_id") == user_id)
            person = dict(zip(given["attribute"], given["value"], strict=True))
            made[user_id] = build_view(of_user[user_id], items=items, person=person, catalogue=catalogue, last_day=LAST)
        return made[user_id]

    return get
