"""The canonical table of events, as every source delivers it and the row store keeps it."""

from __future__ import annotations

import polars as pl

ATTRIBUTE_PREFIX = "attr_"

KINDS = (
    "purchase",
    "refund",
    "cancellation",
    "exposure",
    "redemption",
    "click",
    "view",
    "message",
    "other",
)
"""What an event can be. `refund` and `cancellation` are netted against the row they name."""

EVENT_SCHEMA: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    # Microseconds since 1970-01-01T00:00Z.
    "time_us": pl.Int64(),
    # Seconds that local time was ahead of UTC at this event; local day = (time_us/1e6 + offset_s) // 86400.
    "offset_s": pl.Int32(),
    # False where the source gives a date without a clock time; hours are never learned from such rows.
    "has_clock": pl.Boolean(),
    # The configured sequence, 0 where none is configured.
    "seq": pl.Int64(),
    # Name of the source in the config.
    "source": pl.String(),
    # The configured key as text; null where none is configured.
    "key": pl.String(),
    "kind": pl.String(),
    "item_id": pl.String(),
    # Normalised merchant name and its category, for payments without a catalogue.
    "merchant": pl.String(),
    "merchant_category": pl.String(),
    # Minor units of `currency` (cents); sign as it counts for the user's spending, purchases positive.
    "amount": pl.Int64(),
    "currency": pl.String(),
    # Thousandths of a unit; null where the source has none.
    "quantity": pl.Int64(),
    # Minor units taken off the price; positive.
    "discount": pl.Int64(),
    "text": pl.String(),
    # The key of the row that a refund or cancellation names.
    "refers_to": pl.String(),
    # True: this delivery deletes the row with this key.
    "tombstone": pl.Boolean(),
}
"""Columns of every event, in order; configured attributes follow as `attr_<name>` strings, sorted by name."""

REJECT_SCHEMA: dict[str, pl.DataType] = {
    "source": pl.String(),
    "file": pl.String(),
    # 1-based data row inside the file (the header is not counted); 0 for a whole file or query.
    "row": pl.Int64(),
    "reason": pl.String(),
    # The row as read, as JSON, cut to 500 characters.
    "content": pl.String(),
}


def attribute_column(name: str) -> str:
    """Name of the column that holds the free attribute `name`."""
    return ATTRIBUTE_PREFIX + name
