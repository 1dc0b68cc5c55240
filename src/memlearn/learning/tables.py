"""The whole tables that a run reads beside events: items, persons, operator statements."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import Catalogue
from memlearn.learning.job import Job
from memlearn.records import ITEM_SCHEMA, LEVEL_PREFIX, OPERATOR_STATEMENT_SCHEMA, PERSON_SCHEMA, level_column
from memlearn.sources.items import read_items
from memlearn.sources.offer_items import read_offer_items
from memlearn.sources.persons import read_persons
from memlearn.sources.statements import read_statements
from memlearn.store.row_hash import finish, hash_rows


@dataclass(frozen=True, slots=True)
class Tables:
    """What is given about items and users.

    Args:
        catalogue: items and levels.
        persons: what is given about users at the as-of instant, one value for each user and attribute.
        sensitive: attributes that must not be stated.
        statements: operator statements in force at the as-of instant.
        applies: offer_id, item_id: what offers apply to, as far as the catalogue has it.
        rejects: rows that could not be used.
        digest: of all tables that every user's memory depends on.
    """

    catalogue: Catalogue
    persons: pl.DataFrame
    sensitive: tuple[str, ...]
    statements: pl.DataFrame
    applies: pl.DataFrame
    rejects: pl.DataFrame
    digest: str


def read_tables(job: Job) -> Tables:
    """Read all items, persons and statements."""
    rejects: list[pl.DataFrame] = []
    items = _read_items(job, rejects)
    persons = [pl.DataFrame(schema=PERSON_SCHEMA)]
    for name, source in sorted(job.persons.items()):
        frame, rejected = read_persons(name, source, job.context)
        persons.append(frame)
        rejects.append(rejected)
    stated = [pl.DataFrame(schema=OPERATOR_STATEMENT_SCHEMA)]
    for name, stated_source in sorted(job.statements.items()):
        frame, rejected = read_statements(name, stated_source, job.context)
        stated.append(frame)
        rejects.append(rejected)
    applies = _read_applies(job, items, rejects)
    return Tables(
        catalogue=Catalogue.of(items, job.levels),
        persons=_persons_at(pl.concat(persons), job.as_of_us),
        sensitive=tuple(sorted({attribute for source in job.persons.values() for attribute in source.sensitive})),
        statements=_statements_at(pl.concat(stated), job.as_of_us),
        applies=applies,
        rejects=pl.concat(rejects) if rejects else pl.DataFrame(),
        digest=f"{_table_digest(items):016x}" + (f"{_table_digest(applies):016x}" if len(applies) else ""),
    )


def held_items(job: Job, tables: Tables) -> int:
    """Most bought items of a user that memory holds."""
    learning = job.learning
    told = learning.offers.train and len(tables.applies)
    return max(learning.item_facts, learning.offers.bought) if told else learning.item_facts


def with_items(tables: Tables, items: pl.DataFrame, levels: tuple[str, ...]) -> Tables:
    """The tables with other items.

    Args:
        tables: what is given.
        items: the items, as in a release.
        levels: names of the levels; of those that the items lack, nothing is known.
    """
    schema = {**ITEM_SCHEMA, **{LEVEL_PREFIX + level: pl.String() for level in levels}}
    columns = [(pl.col(name) if name in items.columns else pl.lit(None).alias(name)).cast(dtype) for name, dtype in schema.items()]
    return replace(tables, catalogue=Catalogue.of(items.select(columns), levels))


def _read_items(job: Job, rejects: list[pl.DataFrame]) -> pl.DataFrame:
    schema = {**ITEM_SCHEMA, **{LEVEL_PREFIX + level: pl.String() for level in job.levels}}
    frames = [pl.DataFrame(schema=schema)]
    for name, source in sorted(job.items.items()):
        frame, rejected = read_items(name, source, job.context)
        frames.append(frame)
        rejects.append(rejected)
    items = pl.concat(frames, how="diagonal").unique("item_id", keep="first", maintain_order=True)
    return items.sort("item_id")


def _read_applies(job: Job, items: pl.DataFrame, rejects: list[pl.DataFrame]) -> pl.DataFrame:
    """Pairs of an offer and an item, both of the catalogue; keys of levels stand for their items."""
    pairs = [pl.DataFrame(schema={"offer_id": pl.String, "item_id": pl.String})]
    for name, source in sorted(job.offer_items.items()):
        frame, rejected = read_offer_items(name, source, job.context)
        rejects.append(rejected)
        column = "item_id" if source.level is None else level_column(source.level)
        # An offer is no item of its own key.
        known = items.select(pl.col("item_id"), pl.col(column).alias("key")).join(
            frame.select(item_id="offer_id"), on="item_id", how="anti"
        )
        pairs.append(frame.join(known, on="key", how="inner").select("offer_id", "item_id"))
    return pl.concat(pairs).join(items.select(offer_id="item_id"), on="offer_id", how="semi").unique().sort("offer_id", "item_id")


def _persons_at(persons: pl.DataFrame, as_of_us: int | None) -> pl.DataFrame:
    known = persons if as_of_us is None else persons.filter(pl.col("since_us").is_null() | (pl.col("since_us") < as_of_us))
    latest = known.sort("user_id", "attribute", "since_us", nulls_last=False).unique(
        ["user_id", "attribute"], keep="last", maintain_order=True
    )
    return latest.select("user_id", "attribute", "value")


def _statements_at(statements: pl.DataFrame, as_of_us: int | None) -> pl.DataFrame:
    """Statements in force: the last word on each (user, dim, key), unless it withdraws."""
    said = statements if as_of_us is None else statements.filter(pl.col("time_us") < as_of_us)
    latest = said.sort("user_id", "time_us", maintain_order=True).unique(
        ["user_id", "stance", "dim", "key"], keep="last", maintain_order=True
    )
    return latest.filter(~pl.col("withdrawn").fill_null(value=False)).sort("user_id", "time_us", "dim", "key")


def in_force(tables: Tables, as_of_us: int) -> Tables:
    """The tables without operator statements that ended before the instant."""
    lasting = pl.col("until_us").is_null() | (pl.col("until_us") >= as_of_us)
    return replace(tables, statements=tables.statements.filter(lasting))


def _table_digest(frame: pl.DataFrame) -> int:
    if frame.is_empty():
        return 0
    rows = hash_rows(frame.with_columns(pl.col(pl.Boolean).cast(pl.Int64)), frame.columns)
    return int(finish(np.sort(rows) * (np.arange(len(rows), dtype=np.uint64) * np.uint64(2) + np.uint64(1))).sum(dtype=np.uint64))


def given_digests(tables: Tables) -> pl.DataFrame:
    """user_id, given: a digest of what is given about each user, which their memory depends on beside their events."""
    parts = []
    for frame in (tables.persons, tables.statements):
        plain = frame.with_columns(pl.col(pl.Boolean).cast(pl.Int64))
        if len(plain):
            parts.append(plain.select("user_id", pl.Series("hash", hash_rows(plain, plain.columns))))
    if not parts:
        return pl.DataFrame(schema={"user_id": pl.String, "given": pl.String})
    # A sum of well-mixed hashes does not depend on their order; 48 bits leave room for 65,536 of them.
    summed = pl.concat(parts).group_by("user_id").agg((pl.col("hash") % (1 << 48)).sum())
    return summed.select("user_id", pl.col("hash").cast(pl.String).alias("given")).sort("user_id")
