"""The configs for public data sets learn memory that holds; run where the data lies beside the project."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import memlearn
from memlearn.store import StoreLayout, open_release
from memlearn.wiring.load import LoadedConfig, load_config

PROJECT = Path(__file__).parents[2]
DATA = PROJECT.parent / "shared" / "data"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the project")]


def learned(config: LoadedConfig) -> pl.DataFrame:
    report = memlearn.learn(config)
    assert report.published
    assert report.rejected_rows == 0
    found = memlearn.verify(config)
    assert found.problems == ()
    assert (found.contradicted, found.source_gone) == (0, 0)
    with open_release(StoreLayout(config.config.store)) as release:
        return release.table("statements")


def test_complete_journey(tmp_path: Path) -> None:
    names = {"COMPLETEJOURNEY": DATA / "completejourney", "POLICY_DOCS": DATA / "policy_docs", "COMPLETEJOURNEY_STORE": tmp_path}
    config = load_config(PROJECT / "configs" / "completejourney.yaml", {name: str(path) for name, path in names.items()})
    statements = learned(config)
    kinds = set(statements["kind"])
    # Exposures are per campaign and the baskets were chosen by price: neither ignoring nor discounts nor hours can be told.
    assert not kinds & {"offer_ignores", "discounts"}
    bands = statements.filter(pl.col("kind") == "time_habit")["fact"].to_list()
    assert {json.loads(fact)["key"] for fact in bands} <= {"weekends", "weekdays"}
    assert not statements["text"].str.contains("(?i)income").any()
    answer = memlearn.recommend(config, statements["user_id"][0], k=5)
    assert len(answer.items) == 5


def test_coop100(tmp_path: Path) -> None:
    names = {"COOP100": DATA / "coop100", "COOP100_STORE": tmp_path}
    config = load_config(PROJECT / "configs" / "coop100.yaml", {name: str(path) for name, path in names.items()})
    statements = learned(config)
    assert statements["user_id"].n_unique() == 100
    told = statements.filter(~pl.col("kind").is_in(["activity", "person"]))
    # Users are told apart: hardly a line stands in the memory of two.
    assert told["text"].n_unique() > 0.99 * len(told)
    assert "spending" not in set(statements["kind"])
