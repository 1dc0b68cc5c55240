"""The canonical table of operator statements: typed facts that a person states about a user."""

from __future__ import annotations

import polars as pl

STANCES = ("likes", "avoids", "needs")

OPERATOR_STATEMENT_SCHEMA: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    # When it was said, microseconds UTC.
    "time_us": pl.Int64(),
    "stance": pl.String(),
    # What it is about: a dimension (`item`, `category`, `merchant`, any level or attribute) and a key in it.
    "dim": pl.String(),
    "key": pl.String(),
    # The statement ends to hold here, microseconds UTC; null: holds until withdrawn.
    "until_us": pl.Int64(),
    # Words for people; null: worded from the stance.
    "text": pl.String(),
    # True: an earlier statement with the same user, stance, dim and key is withdrawn.
    "withdrawn": pl.Boolean(),
}
