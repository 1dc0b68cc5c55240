"""The canonical table of persons: what is given about a user, in long form."""

from __future__ import annotations

import polars as pl

PERSON_SCHEMA: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    "attribute": pl.String(),
    "value": pl.String(),
    # When the attribute became known, microseconds UTC; null: always known.
    "since_us": pl.Int64(),
}
"""One row per (user, attribute); null values are left out."""
