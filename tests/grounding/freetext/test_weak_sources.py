"""Rows say no more than their source is evidence for."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from memlearn.grounding.freetext import CitedEvidence, UserView, build_view, check_text

ITEMS = pl.DataFrame({"item_id": ["O-1", "O-2"], "name": ["Coffee cashback", "Book cashback"], "level_category": ["coffee", "books"]})


LAST = date(2026, 5, 31)


def view_of(rows: pl.DataFrame, *weak: str) -> UserView:
    rows = rows.with_columns(
        pl.lit("bank").alias("source"), pl.when(pl.col("merchant") == "GREEN MARKET").then(500).alias("discount").cast(pl.Int64)
    )
    return build_view(rows, items=ITEMS, last_day=LAST, weak={"bank": weak} if weak else None)


def status(text: str, view: UserView) -> str:
    return check_text(text, CitedEvidence(view.row_ids), view).status


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("hours", "Mostly buys at BLUE BOTTLE in the morning."),
        ("hours", "Never buys at BLUE BOTTLE at night."),
        ("hours", "Four of five visits to BLUE BOTTLE were before noon."),
        ("amounts", "Spent 20 EUR at BLUE BOTTLE."),
        ("amounts", "Paid 3.10 EUR at BLUE BOTTLE on 5 January 2026."),
        ("discounts", "All purchases at GREEN MARKET were at a discount."),
        ("discounts", "2 of 8 purchases were at a discount."),
        ("discounts", "Never buys at BLUE BOTTLE at a discount."),
        ("ignored_offers", "Redeemed one of two offers."),
        ("ignored_offers", "Ignored the book offer."),
        ("ignored_offers", "Redeemed none of the books offers."),
        ("intervals", "Goes to BLUE BOTTLE about weekly."),
        ("intervals", "On average seven days pass between visits to BLUE BOTTLE."),
        ("preferences", "Bought coffee five times."),
        ("preferences", "Bought most often at BLUE BOTTLE."),
    ],
)
def test_what_a_source_cannot_tell_is_not_verified_by_its_rows(what: str, text: str, rows: pl.DataFrame) -> None:
    assert status(text, view_of(rows)) == "verified"
    assert status(text, view_of(rows, what)) != "verified"


@pytest.mark.parametrize("what", ["hours", "amounts", "discounts", "ignored_offers", "intervals"])
def test_all_else_that_it_says_is(what: str, rows: pl.DataFrame) -> None:
    assert status("Bought at BLUE BOTTLE five times.", view_of(rows, what)) == "verified"
    assert status("Redeemed Coffee cashback on 12 March 2026.", view_of(rows, what)) == "verified"


def test_another_source_is_evidence(rows: pl.DataFrame) -> None:
    rows = rows.with_columns(pl.lit("bank").alias("source"))
    view = build_view(rows, items=ITEMS, last_day=LAST, weak={"till": ["hours", "amounts", "preferences", "intervals"]})
    assert status("Mostly buys at BLUE BOTTLE in the morning.", view) == "verified"
