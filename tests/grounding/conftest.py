"""The samples, learned once; their rows and the plain truth about them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from memlearn.grounding import FactTables, Settings
from memlearn.store import Release, StoreLayout, open_release
from memlearn.store.rows import read_rows
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig


def _load(name: str) -> ModuleType:
    """A module that stands beside the tests; they are no package."""
    spec = importlib.util.spec_from_file_location(f"grounding_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"grounding_{name}"] = module
    spec.loader.exec_module(module)
    return module


oracle = _load("oracle")
mutations = _load("mutations")


@dataclass(frozen=True)
class Learned:
    """A published release of the samples.

    Args:
        layout: its store.
        job: what it was learned with.
        release: open.
        statements: all of it, user_id null for shared ones.
        tables: what its facts are checked against.
        truth: what is true, in plain Python.
    """

    layout: StoreLayout
    job: Any
    release: Release
    statements: pl.DataFrame
    tables: FactTables
    truth: Any


@pytest.fixture(scope="session")
def learned(learned_samples: LoadedConfig) -> Iterator[Learned]:
    job = make_job(learned_samples)
    with open_release(job.layout) as release:
        shared = release.shared("shared_statements").with_columns(pl.lit(None, pl.String).alias("user_id"))
        statements = pl.concat([release.table("statements"), shared.select(release.table("statements").columns)])
        tables = make_tables(release, job)
        yield Learned(job.layout, job, release, statements, tables, make_truth(tables, job))


def make_tables(release: Release, job: Any) -> FactTables:
    manifest = release.manifest
    folders = {Path(name).parent for name in manifest.row_files}
    shards = [
        read_rows(job.layout.root / folder, [Path(name).name for name in manifest.row_files if Path(name).parent == folder])
        for folder in sorted(folders)
    ]
    settings = Settings(
        job.weak, job.context.attributes, job.shared.min_users, manifest.population["boundary"], manifest.population["sample"]
    )
    return FactTables(
        settings,
        pl.concat(shards, how="diagonal").filter(pl.col("time_us") < manifest.as_of_us),
        release.shared("items"),
        persons=release.table("persons"),
        stances=release.table("item_facts").select("user_id", "dim", "key", "stance", "stance_until_us"),
        passages=release.shared("passages"),
    )


def make_truth(tables: FactTables, job: Any) -> Any:
    levels = {row["item_id"]: {level: row[f"level_{level}"] for level in job.levels} for row in tables.items.iter_rows(named=True)}
    stances = {}
    for row in tables.stances.drop_nulls("stance").iter_rows(named=True):
        until = row["stance_until_us"]
        text = None if until is None else oracle.datetime.fromtimestamp(until // 1_000_000, tz=oracle.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        stances[row["user_id"], row["dim"], row["key"]] = (row["stance"], text)
    given = {
        "persons": {(row["user_id"], row["attribute"]): row["value"] for row in tables.persons.iter_rows(named=True)},
        "stances": stances,
        "passages": {row["passage_id"]: row for row in tables.passages.iter_rows(named=True)},
    }
    rows = tables.rows.sort("user_id", "time_us", "seq", "row_id").iter_rows(named=True)
    events = oracle.read_events(rows, levels, job.context.attributes)
    hashes = dict(tables.rows.select("user_id", "user_hash").unique().iter_rows())
    settings = tables.settings
    sampled = {user for user, number in hashes.items() if number % settings.sampling == 0}
    return oracle.Oracle(events, given, boundary=settings.boundary, min_users=settings.min_users, sampled=sampled)


@pytest.fixture(name="mutations", scope="session")
def _mutations() -> ModuleType:
    return mutations


@pytest.fixture(name="make_truth", scope="session")
def _make_truth() -> Callable[[FactTables, Any], Any]:
    return make_truth
