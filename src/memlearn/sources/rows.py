"""A delivery's rows from wherever they lie, and the columns that a config wants of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from memlearn.sources.config import Location
from memlearn.sources.context import SourceContext
from memlearn.sources.files import read_file
from memlearn.sources.locate import Delivery
from memlearn.sources.raw import RawBatch
from memlearn.sources.sql import read_query


def read_rows(source: Location, delivery: Delivery, columns: Sequence[str], context: SourceContext) -> Iterator[RawBatch]:
    """Read the wanted columns of a delivery in bounded batches.

    Raises:
        SourceError: the delivery cannot be read or lacks a column.
    """
    wanted = list(dict.fromkeys(columns))
    if delivery.path is None:
        return read_query(source, delivery, wanted, context)
    return read_file(source, delivery, wanted)


def scan_column(source: Location, delivery: Delivery, column: str, context: SourceContext) -> Callable[[], Iterator[pl.Series]]:
    """What reads one column of a delivery again, in pieces; columns that are not text give nothing."""

    def pieces() -> Iterator[pl.Series]:
        for batch in read_rows(source, delivery, [column], context):
            values = batch.frame[column]
            if values.dtype == pl.String:
                yield values

    return pieces
