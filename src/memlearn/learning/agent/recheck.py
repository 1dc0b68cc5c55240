"""Check an agent's published lines again, by their words, on the rows that each user was learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from memlearn.grounding.check import CONTRADICTED, SOURCE_GONE, VERIFIED
from memlearn.learning.agent.check import check_again
from memlearn.learning.agent.judge import checker_of
from memlearn.learning.agent.step import Past
from memlearn.learning.agent.world import World, Worlds
from memlearn.learning.embedded.annotate import resolve_returns
from memlearn.learning.job import Job
from memlearn.learning.stated import stated_persons
from memlearn.learning.tables import in_force, read_tables
from memlearn.memory import Evidence, Statement
from memlearn.memory.cited import is_name_of_rows, rows_named
from memlearn.memory.statistic_names import split_names
from memlearn.store import LearnedApart, LearnedRows, Manifest, StoreLayout, read_apart
from memlearn.store.rows import read_rows, user_hash

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LineJudge:
    """Judges verified lines that have no fact.

    Args:
        root: the store's folder.
        everybody: rows that all users but those apart were learned from.
        apart: who was learned apart, and from which rows.
        worlds: what lines are checked against.
        persons: user → what may be stated.
    """

    root: Path
    everybody: LearnedRows
    apart: LearnedApart
    worlds: Worlds
    persons: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, job: Job, manifest: Manifest, layout: StoreLayout) -> LineJudge:
        """The judge of a release's lines."""
        tables = in_force(read_tables(job), manifest.as_of_us)
        stated = stated_persons(job, tables).filter("stated")
        persons: dict[str, dict[str, str]] = {}
        for user_id, attribute, value in stated.select("user_id", "attribute", "value").drop_nulls().iter_rows():
            persons.setdefault(user_id, {})[attribute] = value
        return cls(layout.root, manifest.learned_rows, read_apart(layout, manifest), checker_of(job, tables).worlds, persons)

    def __call__(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The lines with `outcome` and `reason`."""
        rows = self._rows(lines["user_id"].unique())
        judged = []
        for (user_id,), mine in lines.group_by("user_id", maintain_order=True):
            history = rows.get(str(user_id))
            judged.append(self._judge(str(user_id), mine, history))
        return pl.concat(judged)

    def _rows(self, users: pl.Series) -> dict[str, pl.DataFrame]:
        """What each user was learned from."""
        places = pl.DataFrame({"user_id": users}).join(self.apart.users, on="user_id", how="left")
        found: dict[str, pl.DataFrame] = {}
        for (version,), mine in places.group_by("version"):
            found |= self._read(self.everybody if version is None else self.apart.versions[version], mine["user_id"])
        return found

    def _read(self, learned: LearnedRows, users: pl.Series) -> dict[str, pl.DataFrame]:
        hashes = pl.Series(user_hash(users))
        found: dict[str, pl.DataFrame] = {}
        for folder, files in learned.shards(self.root).items():
            rows = read_rows(folder, files, hashes).filter(pl.col("time_us") < learned.until_us)
            mine = resolve_returns(rows).with_columns(pl.col("user_id").cast(pl.String))
            found |= {str(user_id): part for (user_id,), part in mine.group_by("user_id", maintain_order=True)}
        return found

    def _judge(self, user_id: str, lines: pl.DataFrame, history: pl.DataFrame | None) -> pl.DataFrame:
        if history is None:
            return lines.with_columns(pl.lit(SOURCE_GONE).alias("outcome"), pl.lit("the user has no rows any more").alias("reason"))
        world = self.worlds.make(Past(history, self.persons.get(user_id, {})), self._last_day(history).isoformat())
        judged = [_judge_line(row, world) for row in lines.iter_rows(named=True)]
        outcomes, reasons = ([verdict[part] for verdict in judged] for part in (0, 1))
        return lines.with_columns(pl.Series("outcome", outcomes, dtype=pl.String), pl.Series("reason", reasons, dtype=pl.String))

    @staticmethod
    def _last_day(history: pl.DataFrame) -> date:
        local = (history["time_us"] + history["offset_s"].cast(pl.Int64) * 1_000_000).max()
        assert isinstance(local, int)
        return (_EPOCH + timedelta(microseconds=local)).date()


def _judge_line(line: Mapping[str, Any], world: World) -> tuple[str, str | None]:
    """Outcome and reason of a line."""
    evidence = Evidence(tuple(line["rows"]), line["statistic"], tuple(line["passages"]), line["operator"])
    there = set(world.view.row_ids)
    missing = [f"no row {name}" for name in evidence.rows if name not in there]
    missing += [f"other {name.partition(' #')[0]}" for name in _names_of_rows(evidence) if not rows_named(name, world.view.row_ids)]
    if missing:
        return SOURCE_GONE, f"the user has {missing[0]}"
    verdict = check_again(Statement(line["text"], evidence, None, "verified"), world)
    return (VERIFIED, None) if verdict.status == "verified" else (CONTRADICTED, verdict.reason)


def _names_of_rows(evidence: Evidence) -> list[str]:
    return [name for name in split_names(evidence.statistic) if is_name_of_rows(name)]
