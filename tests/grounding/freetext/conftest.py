"""A user made by hand whose every figure can be counted on fingers, and the users of the samples."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from memlearn.grounding.freetext import CitedEvidence, UserView, Verdict, build_view, check_text
from memlearn.store import StoreLayout, open_release
from memlearn.wiring.load import LoadedConfig

# Makes `unsaid` importable.
sys.path.insert(0, str(Path(__file__).parent))

LAST = date(2026, 5, 31)

# day and time, kind, merchant, category, city, cents, currency, offer
_ROWS: tuple[tuple[str, str, str | None, str | None, str | None, int | None, str | None, str | None, str | None], ...] = (
    ("2026-01-05 08:10", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 310, "EUR", None, None),
    ("2026-01-12 08:20", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 320, "EUR", None, None),
    ("2026-01-19 08:15", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 330, "EUR", None, None),
    ("2026-01-24 18:30", "purchase", "GREEN MARKET", "groceries", "Berlin", 4200, "EUR", None, None),
    ("2026-01-26 08:05", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 340, "EUR", None, None),
    ("2026-02-02 19:00", "purchase", "BLUE BOTTLE", "coffee", "Hamburg", 700, "EUR", None, None),
    ("2026-02-21 18:00", "purchase", "GREEN MARKET", "groceries", "Berlin", 5800, "EUR", None, None),
    ("2026-03-03 12:00", "purchase", "PAPERLANTERN", "books", "London", 1500, "GBP", None, None),
    ("2026-03-10 09:00", "exposure", None, None, None, None, None, "O-1", None),
    ("2026-03-11 09:00", "exposure", None, None, None, None, None, "O-2", None),
    ("2026-03-12 09:00", "redemption", None, None, None, None, None, "O-1", None),
    ("2026-03-14 09:00", "message", None, None, None, None, None, None, "The refund from the shop is missing in my account."),
)  # fmt: skip


def make_rows() -> pl.DataFrame:
    records = []
    for number, (at, kind, merchant, category, city, cents, currency, item, text) in enumerate(_ROWS):
        time = int(datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()) * 1_000_000
        records.append({
            "row_id": number, "time_us": time, "offset_s": 0, "has_clock": True, "kind": kind, "merchant": merchant, "merchant_category": category,
            "attr_city": city, "amount": cents, "currency": currency, "item_id": item, "text": text, "key": str(number), "refers_to": None,
        })  # fmt: skip
    schema = {
        "row_id": pl.UInt64, "time_us": pl.Int64, "offset_s": pl.Int32, "has_clock": pl.Boolean, "kind": pl.String, "merchant": pl.String,
        "merchant_category": pl.String, "attr_city": pl.String, "amount": pl.Int64, "currency": pl.String, "item_id": pl.String, "text": pl.String,
        "key": pl.String, "refers_to": pl.String,
    }  # fmt: skip
    return pl.DataFrame(records, schema=schema)


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
