"""The canonical table of items: what can be bought, offered or recommended."""

from __future__ import annotations

import polars as pl

LEVEL_PREFIX = "level_"

ITEM_SCHEMA: dict[str, pl.DataType] = {
    "item_id": pl.String(),
    # Name of the source in the config.
    "source": pl.String(),
    "name": pl.String(),
    "text": pl.String(),
    # Minor units; null where unknown.
    "price": pl.Int64(),
    "currency": pl.String(),
    # Validity, half-open, microseconds UTC; null: no bound.
    "valid_from_us": pl.Int64(),
    "valid_until_us": pl.Int64(),
    # May be recommended (offers yes, the catalogue of a payments platform's merchants no).
    "recommend": pl.Boolean(),
}
"""Columns of every item; configured levels follow as `level_<name>` strings, coarse to fine."""


OFFER_ITEM_SCHEMA: dict[str, pl.DataType] = {
    "offer_id": pl.String(),
    # Name of a level; null: `key` is the id of an item.
    "level": pl.String(),
    "key": pl.String(),
}
"""What an offer applies to."""


def level_column(name: str) -> str:
    """Name of the column that holds the catalogue level `name`."""
    return LEVEL_PREFIX + name
