"""The frozen statements about users of the samples, as lines of the agent: nothing false is verified, and few true ones are refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from memlearn.errors import EditError
from memlearn.learning.agent.check import Checker
from memlearn.learning.agent.judge import checker_of
from memlearn.learning.agent.step import Cited, Past, StepInput
from memlearn.learning.embedded.annotate import resolve_returns
from memlearn.learning.tables import read_tables
from memlearn.memory import Evidence, Statement
from memlearn.store import StoreLayout
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig

CORPUS = Path(__file__).parents[2] / "grounding" / "corpus" / "corpus.jsonl"


@pytest.fixture(scope="module")
def outcomes(learned_samples: LoadedConfig) -> Counter[tuple[str, str]]:
    job = make_job(learned_samples)
    tables = read_tables(job)
    check = checker_of(job, tables)
    files = sorted(StoreLayout(learned_samples.config.store).rows.glob("*/*.parquet"))
    rows = pl.concat([pl.read_parquet(file) for file in files], how="diagonal").filter(~pl.col("tombstone")).sort("time_us", "row_id")
    past: dict[str, Past] = {}
    for (user_id,), mine in resolve_returns(rows).partition_by("user_id", as_dict=True).items():
        given = tables.persons.filter(pl.col("user_id") == user_id)
        past[str(user_id)] = Past(mine, dict(given.select("attribute", "value").iter_rows()))
    entries = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return Counter((entry["truth"], _outcome(check, entry, past[entry["user_id"]])) for entry in entries)


def _outcome(check: Checker, entry: dict[str, object], past: Past) -> str:
    """What becomes of the text where it cites a line with the statement's evidence."""
    step = StepInput(str(entry["user_id"]), 0, (), (), (), (), ("2025-06-01", "2026-05-31"), past=past)
    cites = entry["cites"]
    assert isinstance(cites, list)
    found = [cite["statistic"] for cite in cites if isinstance(cite, dict) and "statistic" in cite]
    names = [" ".join(filter(None, ("counts", one["dim"], one["key"]))) for one in found]
    names += ["person"] if any(isinstance(cite, dict) and "person" in cite for cite in cites) else []
    evidence = Evidence(tuple(cite for cite in cites if isinstance(cite, str)), "; ".join(names) or None)
    try:
        return check(step, str(entry["text"]), Cited((), (), (Statement("as cited", evidence, None, "hypothesis"),))).status
    except EditError:
        return "refused"


def test_nothing_false_is_verified(outcomes: Counter[tuple[str, str]]) -> None:
    assert outcomes["false", "verified"] == 0
    assert outcomes["false", "refused"] > 5 * outcomes["false", "hypothesis"]


def test_what_cannot_be_checked_is_never_verified_and_mostly_kept_as_a_hypothesis(outcomes: Counter[tuple[str, str]]) -> None:
    assert outcomes["uncheckable", "verified"] == 0
    assert outcomes["uncheckable", "hypothesis"] >= 3 * outcomes["uncheckable", "refused"]


def test_nine_of_ten_true_ones_may_be_written(outcomes: Counter[tuple[str, str]]) -> None:
    true = {status: n for (truth, status), n in outcomes.items() if truth == "true"}
    assert true["refused"] < 0.1 * sum(true.values())
    assert true["verified"] > 0.75 * sum(true.values())
