"""What offers apply to: pairs of an offer and an item, or a key of a level."""

from __future__ import annotations

import polars as pl

from memlearn.records import OFFER_ITEM_SCHEMA
from memlearn.sources.config import OfferItemSource
from memlearn.sources.context import SourceContext
from memlearn.sources.problems import Problems
from memlearn.sources.tables import read_table
from memlearn.sources.texts import clean_attributes, clean_ids


def read_offer_items(name: str, source: OfferItemSource, context: SourceContext) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a whole source of what offers apply to.

    Args:
        name: name of the source.
        source: its config.
        context: settings that all sources share.

    Returns:
        Pairs (`OFFER_ITEM_SCHEMA`), each once, sorted; and rejects.

    Raises:
        SourceError: a delivery cannot be read or lacks a column, or there is no row.
        RejectLimitError: more rows than allowed are unusable.
    """
    columns = list(source.columns.model_dump().values())
    rows, rejects = read_table(name, source, columns, context, lambda _: _OfferItemMapper(source), source.max_rejects)
    pairs = rows.with_columns(level=pl.lit(source.level, pl.String))
    return pairs.select(pl.col(column).cast(dtype) for column, dtype in OFFER_ITEM_SCHEMA.items()).unique().sort("offer_id", "key"), rejects


class _OfferItemMapper:
    def __init__(self, source: OfferItemSource) -> None:
        self._source = source

    def map(self, frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
        wanted = self._source.columns
        # Ids and keys are cleaned as in the sources of items, so that they meet.
        found = {
            "offer_id": clean_ids(frame[wanted.offer]),
            "key": (clean_attributes if self._source.level else clean_ids)(frame[wanted.item]),
        }
        problems.add(found["offer_id"].is_null(), "no offer")
        problems.add(found["key"].is_null(), "no item" if self._source.level is None else f"no {self._source.level}")
        return pl.DataFrame(found)
