"""Sources that are read as one whole table: the loop over deliveries, rejects, and the choice among contradicting rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import polars as pl

from memlearn.errors import SourceError
from memlearn.sources.config import Location
from memlearn.sources.context import SourceContext
from memlearn.sources.locate import Delivery, list_deliveries
from memlearn.sources.problems import Problems
from memlearn.sources.raw import RawBatch, check_rejects, no_rejects, reject_rows
from memlearn.sources.rows import read_rows, scan_column
from memlearn.sources.times import DayPart, TimeReader, TimeRules


class BatchMapper(Protocol):
    """Maps the raw batches of one delivery to a table's columns."""

    def map(self, frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
        """The rows of a batch, in order and all of them; reasons against rows go to `problems`."""


def read_table(
    name: str,
    source: Location,
    columns: Sequence[str | None],
    context: SourceContext,
    mapper: Callable[[Delivery], BatchMapper],
    limit: float | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read all deliveries of a source into one table.

    Args:
        name: name of the source.
        source: where its rows lie.
        columns: names of the wanted columns; None is passed over.
        context: settings that all sources share.
        mapper: gives the mapper of a delivery.
        limit: largest share of unusable rows; None: the context's.

    Returns:
        The usable rows, and the rejected ones.

    Raises:
        SourceError: a delivery cannot be read, lacks a column, or there is no row at all.
        RejectLimitError: more rows than allowed are unusable.
    """
    wanted = [column for column in columns if column]
    tables, rejects, read = [], [no_rejects()], 0
    for delivery in list_deliveries(name, source, context):
        each = mapper(delivery)
        for batch in read_rows(source, delivery, wanted, context):
            table, rejected = _split(delivery, batch, each)
            tables.append(table)
            rejects.append(rejected)
            read += batch.read
    if not read:
        raise SourceError(f"Source {name!r} has no rows. Deliver its data or remove the source.")
    rejected = pl.concat(rejects)
    check_rejects(name, read, rejected, context.max_rejects if limit is None else limit)
    return pl.concat(tables), rejected


def time_reader(source: Location, delivery: Delivery, column: str, zone: str | None, part: DayPart, context: SourceContext) -> TimeReader:
    """A reader of a time column of a table that has no time settings but its zone."""
    where = f"Source {delivery.source!r}: {delivery.name!r} column {column!r}"
    rules = TimeRules(zone or context.timezone, day_part=part)
    return TimeReader(rules, where, scan_column(source, delivery, column, context))


def choose(table: pl.DataFrame, by: Sequence[str], groups: Sequence[Sequence[str]]) -> pl.DataFrame:
    """One row per key: for each group of columns the most frequent combination of values, and of equals the smallest.

    Combinations that are wholly null count only where there is no other. The result does not depend on the order of rows.

    Args:
        table: rows with keys that may repeat.
        by: columns of the key.
        groups: columns that belong together; what is chosen for one group does not bind another.

    Returns:
        The key's columns and the groups' columns, sorted by key.
    """
    chosen = table.select(by).unique().sort(by)
    for group in groups:
        columns = list(group)
        votes = (
            table.group_by([*by, *columns])
            .agg(pl.len().alias("_votes"), pl.all_horizontal(pl.col(column).is_null() for column in columns).first().alias("_blank"))
            .sort(
                [*by, "_blank", "_votes", *columns], descending=[False] * (len(by) + 1) + [True] + [False] * len(columns), nulls_last=True
            )
            .unique(by, keep="first", maintain_order=True)
        )
        chosen = chosen.join(votes.select(*by, *columns), on=list(by), how="left", nulls_equal=True, maintain_order="left")
    return chosen


def _split(delivery: Delivery, batch: RawBatch, mapper: BatchMapper) -> tuple[pl.DataFrame, pl.DataFrame]:
    problems = Problems(batch.frame.height)
    table = mapper.map(batch.frame, problems)
    reasons = problems.reasons
    if reasons is None:
        return table, batch.rejects
    rejects = pl.concat([batch.rejects, reject_rows(delivery, batch, reasons)]).sort("row", maintain_order=True)
    return table.filter(reasons.is_null()), rejects
