"""What facts are checked against: rows and tables, and the settings that say what they mean. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from memlearn.records import EVENT_SCHEMA, ITEM_SCHEMA


@dataclass(frozen=True, slots=True)
class Settings:
    """What rows mean.

    Args:
        weak: source → what it is no evidence for (`not_evidence_for`).
        attributes: names of the free attributes that are keys of their own.
        min_users: fewest users behind a figure of the population.
        boundary: the population is made of months before this one (year * 12 + month - 1, local time).
        sampling: pairs were counted on one user in so many, by the user's hash.
    """

    weak: Mapping[str, Sequence[str]]
    attributes: Sequence[str]
    min_users: int
    boundary: int
    sampling: int = 1

    def weak_for(self, what: str) -> list[str]:
        """Sources that are no evidence for something."""
        return sorted(source for source, cannot in self.weak.items() if what in cannot)


@dataclass(frozen=True, slots=True)
class FactTables:
    """The tables that facts are executed on.

    Args:
        settings: what rows mean.
        rows: the users' events: canonical columns with `user_hash` and `row_id`, newest versions, no tombstones, and none at or
            after the as-of instant.
        items: canonical items with `level_*` columns.
        persons: user_id, attribute, value.
        stances: user_id, dim, key, stance, stance_until_us: what operators stated.
        kept_rows: user_id, row_id (16 hexadecimal digits): rows that were there when they were cited.
        passages: passages of documents, as in a release.
        population: sums over all users (`sum_population`); None takes `rows` for all users there are.
        complete: False where rows of some users are missing, so that sums over all users cannot be taken.
    """

    settings: Settings
    rows: pl.DataFrame
    items: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ITEM_SCHEMA))
    persons: pl.DataFrame = field(default_factory=lambda: _empty("user_id", "attribute", "value"))
    stances: pl.DataFrame = field(default_factory=lambda: _empty("user_id", "dim", "key", "stance", stance_until_us=pl.Int64()))
    kept_rows: pl.DataFrame = field(default_factory=lambda: _empty("user_id", "row_id"))
    passages: pl.DataFrame = field(
        default_factory=lambda: _empty(
            "passage_id", "document_id", "source", "path", "title", "kind", "text", "digest", headings=pl.List(pl.String())
        )
    )
    population: pl.DataFrame | None = None
    complete: bool = True


NEEDED_ROWS = (
    "source", "key", "kind", "item_id", "merchant", "merchant_category", "amount", "currency", "discount", "refers_to", "time_us", "offset_s", "has_clock",
)  # fmt: skip
"""Columns of rows that facts are executed on, beside ids, order and attributes."""


def with_needed_columns(rows: pl.DataFrame, attributes: Sequence[str]) -> pl.DataFrame:
    """The columns that facts are executed on; those that no row has are null."""
    types = {**EVENT_SCHEMA, "user_hash": pl.UInt64(), "row_id": pl.UInt64(), **{f"attr_{name}": pl.String() for name in attributes}}
    names = [
        "user_hash",
        "user_id",
        "row_id",
        "seq",
        *NEEDED_ROWS,
        *(f"attr_{name}" for name in attributes if f"attr_{name}" in rows.columns),
    ]
    return rows.select((pl.col(name) if name in rows.columns else pl.lit(None).alias(name)).cast(types[name]) for name in names)


def _empty(*texts: str, **others: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(texts, pl.String()), **others})
