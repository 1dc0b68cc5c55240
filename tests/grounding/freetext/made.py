"""Rows of a user made by hand whose every figure can be counted on fingers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

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
