"""The section of offers that were drawn at random, on few people: what it gives and prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from random import Random

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
HOURS = (0, 168, 336, 408, 504)


def write_data(folder: Path, people: int = 400) -> None:
    random = Random(4)
    offers = [("a", "bogo", 5), ("b", "discount", 10), ("c", "discount", 20), ("n", "informational", 0)]
    rows = []
    for person in range(people):
        for hour in HOURS:
            offer, _, difficulty = offers[random.randrange(4)]
            done = offer != "n" and random.random() < (0.8 if person % 2 else 0.3) - difficulty / 100
            rows.append((f"p{person}", offer, hour, done, hour + random.randint(1, 100) if done else None))
    folder.mkdir()
    columns = {
        "person_id": pl.String,
        "offer_id": pl.String,
        "received_hour": pl.Int16,
        "completed": pl.Boolean,
        "completed_hour": pl.Int16,
    }
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(folder / "offer_exposures.parquet")
    portfolio = [
        {"offer_id": offer, "offer_type": kind, "difficulty": difficulty, "reward": 2, "duration_days": 5}
        for offer, kind, difficulty in offers
    ]
    pl.DataFrame(portfolio).write_parquet(folder / "portfolio.parquet")
    profile = [
        {
            "person_id": f"p{person}",
            "age": 30 + person % 40,
            "gender": "F",
            "income": 40_000 + 20_000 * (person % 2),
            "became_member_on": date(2017, 1, 1),
        }
        for person in range(people)
    ]
    pl.DataFrame(profile).write_parquet(folder / "profile.parquet")


@pytest.mark.slow
def test_it_foresees_completions_and_compares_choices(tmp_path: Path) -> None:
    write_data(tmp_path / "starbucks_offers")
    log = tmp_path / "looks.jsonl"
    command = [sys.executable, str(ROOT / "benchmarks" / "quality.py"), str(tmp_path), "--only", "starbucks", "--log", str(log)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])["starbucks"]
    ours, share = figures["memlearn"], figures["offer_share"]
    assert ours["auc"]["low"] <= ours["auc"]["mean"] <= ours["auc"]["high"]
    assert ours["auc"]["mean"] > share["auc"]["mean"]
    assert ours["calibration_error"]["mean"] < 0.15
    gap = ours["snips"]["mean"] - figures["best_before"]["snips"]["mean"]
    assert abs(ours["snips_over_best_before"]["mean"] - gap) < 1e-9
    assert "best_in_hindsight" in figures
    # Looks at validation are not logged.
    assert not log.exists()
