"""Operator statements of a source: likes, avoids and needs that a person states about a user."""

from __future__ import annotations

import polars as pl

from memlearn.records import OPERATOR_STATEMENT_SCHEMA, STANCES
from memlearn.sources.config import StatementSource
from memlearn.sources.context import SourceContext
from memlearn.sources.locate import Delivery
from memlearn.sources.problems import Problems
from memlearn.sources.tables import read_table, time_reader
from memlearn.sources.texts import clean_attributes, clean_ids, clean_text, is_true


def read_statements(name: str, source: StatementSource, context: SourceContext) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a whole source of operator statements.

    Args:
        name: name of the source.
        source: its config.
        context: settings that all sources share.

    Returns:
        Statements (`OPERATOR_STATEMENT_SCHEMA`), each once, sorted by user, time and content; and rejects.

    Raises:
        SourceError: a delivery cannot be read or lacks a column, or there is no row.
        RejectLimitError: more rows than allowed are unusable.
    """
    columns = list(source.columns.model_dump().values())
    rows, rejects = read_table(
        name, source, columns, context, lambda delivery: _StatementMapper(source, delivery, context), source.max_rejects
    )
    statements = rows.select(pl.col(column).cast(dtype) for column, dtype in OPERATOR_STATEMENT_SCHEMA.items())
    return statements.unique().sort(list(OPERATOR_STATEMENT_SCHEMA), nulls_last=True), rejects


class _StatementMapper:
    def __init__(self, source: StatementSource, delivery: Delivery, context: SourceContext) -> None:
        self._source = source
        wanted = source.columns
        self._time = time_reader(source, delivery, wanted.time, source.timezone, "start", context)
        self._until = time_reader(source, delivery, wanted.until, source.timezone, "end", context) if wanted.until else None

    def map(self, frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
        wanted = self._source.columns
        found = {field: clean_ids(frame[column]) for field, column in (("user_id", wanted.user), ("dim", wanted.dim))}
        # Dimensions are named in small letters; `Item` must not be one that nothing is in, and an `avoids` that excludes nothing.
        found["dim"] = found["dim"].str.to_lowercase()
        found["key"] = clean_attributes(frame[wanted.key])
        stance = clean_ids(frame[wanted.stance]).str.to_lowercase()
        for field, reason in (("user_id", "no user"), ("dim", "no dimension"), ("key", "no key")):
            problems.add(found[field].is_null(), reason)
        problems.add(~stance.is_in(STANCES).fill_null(False), f"stance is none of {', '.join(STANCES)}")
        times = self._time.read(frame[wanted.time])
        problems.add_texts(times.problem)
        problems.add(times.us.is_null() & times.problem.is_null(), "no time")
        until = pl.repeat(None, frame.height, dtype=pl.Int64, eager=True)
        if self._until and wanted.until:
            ends = self._until.read(frame[wanted.until])
            problems.add_texts(ends.problem)
            until = ends.us
        text = clean_text(frame[wanted.text]) if wanted.text else pl.repeat(None, frame.height, dtype=pl.String, eager=True)
        withdrawn = is_true(frame[wanted.withdrawn]) if wanted.withdrawn else pl.repeat(False, frame.height, eager=True)
        more = {"time_us": times.us, "stance": stance, "until_us": until, "text": text, "withdrawn": withdrawn}
        return pl.DataFrame({**found, **more})
