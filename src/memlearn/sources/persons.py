"""Persons of a source: what is given about users, one row per user, attribute and moment."""

from __future__ import annotations

import polars as pl

from memlearn.records import ATTRIBUTE_PREFIX, PERSON_SCHEMA, attribute_column
from memlearn.sources.config import PersonSource
from memlearn.sources.context import SourceContext
from memlearn.sources.locate import Delivery
from memlearn.sources.problems import Problems
from memlearn.sources.tables import choose, read_table, time_reader
from memlearn.sources.texts import clean_attributes, clean_ids


def read_persons(name: str, source: PersonSource, context: SourceContext) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a whole source of persons.

    Of several values for one user, attribute and moment the most frequent counts, and of equals the smallest; blanks are left out.

    Args:
        name: name of the source.
        source: its config.
        context: settings that all sources share.

    Returns:
        Persons (`PERSON_SCHEMA`), sorted by user, attribute and moment; and rejects.

    Raises:
        SourceError: a delivery cannot be read or lacks a column, or there is no row.
        RejectLimitError: more rows than allowed are unusable.
    """
    columns = [source.user, source.since, *source.attributes.values()]
    rows, rejects = read_table(
        name, source, columns, context, lambda delivery: _PersonMapper(source, delivery, context), source.max_rejects
    )
    long = rows.unpivot(index=["user_id", "since_us"], variable_name="attribute", value_name="value").drop_nulls("value")
    long = long.with_columns(pl.col("attribute").str.strip_prefix(ATTRIBUTE_PREFIX))
    persons = choose(long, ["user_id", "attribute", "since_us"], [["value"]])
    return persons.select(pl.col(column).cast(dtype) for column, dtype in PERSON_SCHEMA.items()), rejects


class _PersonMapper:
    def __init__(self, source: PersonSource, delivery: Delivery, context: SourceContext) -> None:
        self._source = source
        self._since = time_reader(source, delivery, source.since, source.timezone, "start", context) if source.since else None

    def map(self, frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
        user = clean_ids(frame[self._source.user])
        problems.add(user.is_null(), "no user")
        since = pl.repeat(None, frame.height, dtype=pl.Int64, eager=True)
        if self._since and self._source.since:
            times = self._since.read(frame[self._source.since])
            problems.add_texts(times.problem)
            since = times.us
        # The prefix keeps the attributes' names, which the config chooses freely, apart from the other columns.
        attributes = {attribute_column(name): clean_attributes(frame[column]) for name, column in self._source.attributes.items()}
        return pl.DataFrame({"user_id": user, "since_us": since, **attributes})
