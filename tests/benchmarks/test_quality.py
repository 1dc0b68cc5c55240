"""The quality benchmark on baskets made small: what it prints, its last line, and what a look at test data leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "benchmarks" / "quality" / "looks.jsonl"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    random = Random(3)
    baskets = []
    for user in range(60):
        liked = random.sample(range(40), 5)
        size = random.randint(4, 9)
        baskets += [
            {
                "user_id": user,
                "basket_index": number,
                "items": sorted({random.choice(liked) for _ in range(3)}),
                "is_test": number == size - 1,
            }
            for number in range(size)
        ]
    (folder / "tafeng_nbr").mkdir()
    pl.DataFrame(baskets, schema_overrides={"items": pl.List(pl.Int32)}).write_parquet(folder / "tafeng_nbr" / "baskets.parquet")
    return folder


def ran(data: Path, *more: str) -> tuple[str, dict[str, Any]]:
    command = [sys.executable, str(ROOT / "benchmarks" / "quality.py"), str(data), *more]
    # Stores of the process are its own; it imports what this process does.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done.stdout, figures


@pytest.mark.slow
def test_it_ends_with_all_figures_and_says_what_holds(data: Path, tmp_path: Path) -> None:
    shown, figures = ran(data, "--only", "tafeng,cost", "--baselines", "popularity,p_top_freq,rag", "--log", str(tmp_path / "looks.jsonl"))
    assert list(figures) == ["tafeng", "cost"]
    assert set(figures["tafeng"]) == {"memlearn", "popularity", "p_top_freq", "rag"}
    ours = figures["tafeng"]["memlearn"]
    assert ours["ndcg@10"]["low"] <= ours["ndcg@10"]["mean"] <= ours["ndcg@10"]["high"]
    lift = 100 * (ours["ndcg@10"]["mean"] / figures["tafeng"]["popularity"]["ndcg@10"]["mean"] - 1)
    assert ours["ndcg@10_percent_over_popularity"]["mean"] == pytest.approx(lift, abs=0.01)
    assert figures["cost"]["memlearn"]["tafeng_seconds"]["mean"] > 0
    # Nobody repeats what the demands ask for on so little: with some baselines left out, none of them is called held.
    assert "not judged    NDCG@10 at least 8 % above the best baseline" in shown
    assert "some baselines; " in shown
    assert "holds         learning, training and ranking Ta-Feng takes at most 240 s" in shown
    assert not (tmp_path / "looks.jsonl").exists()


@pytest.mark.slow
def test_every_look_at_test_data_is_logged(data: Path, tmp_path: Path) -> None:
    before = COMMITTED.read_bytes() if COMMITTED.exists() else None
    log, scratch = tmp_path / "looks.jsonl", tmp_path / "scratch"
    options = ("--only", "tafeng", "--baselines", "popularity", "--log", str(log), "--scratch", str(scratch))
    _, validation = ran(data, *options)
    _, test = ran(data, *options, "--final")
    assert test != validation
    ran(data, *options, "--final")
    looks = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [look["section"] for look in looks] == ["tafeng", "tafeng"]
    for look in looks:
        assert {"date", "version", "revision", "scale"} <= set(look)
        assert look["figures"]["memlearn"]["ndcg@10"][0] == test["tafeng"]["memlearn"]["ndcg@10"]["mean"]
    page = (scratch / "reports" / "tafeng-final" / "evaluation.json").read_text(encoding="utf-8")
    assert "knows of 1 earlier look" in page
    assert before == (COMMITTED.read_bytes() if COMMITTED.exists() else None)


def test_an_unknown_section_is_refused(data: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "quality.py"), str(data), "--only", "tafeng,nothing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no section 'nothing'" in done.stderr
