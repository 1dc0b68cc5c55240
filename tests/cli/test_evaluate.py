"""`memlearn evaluate` on the starter: one document, text for people, and its flow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memlearn.cli import main

ROOT = Path(__file__).parents[2]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def quick(shop: Path) -> str:
    """The config of a shop that is evaluated with few baselines."""
    config = shop / "memlearn.yaml"
    with config.open("a", encoding="utf-8") as file:
        file.write("\nevaluation: {baselines: [popularity, gp_top_freq], draws: 200}\n")
    return str(config)


@pytest.mark.slow
def test_json_is_one_document_with_the_whole_evaluation(quick: str, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["evaluate", quick, "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert set(document) == {"evaluation", "said", "page", "document", "log", "seconds"}
    assert [method["name"] for method in document["evaluation"]["methods"]] == ["memlearn", "popularity", "gp_top_freq"]
    assert document["log"] is None
    page = Path(document["page"]).read_text(encoding="utf-8")
    assert document["said"]
    assert all(sentence.split(":")[0] in page for sentence in document["said"])
    assert captured.err == ""


def test_text_says_what_was_found_and_where_it_is(quick: str, tmp_path: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["evaluate", quick, "--final", "--report", str(tmp_path / "report"), "--remove"]) == 0
    told = capsys.readouterr().out
    assert "too few to claim anything" in told
    assert f"Report: {tmp_path / 'report' / 'evaluation.html'}" in told
    assert "final-looks.jsonl" in told
    assert (tmp_path / "report" / "final-looks.jsonl").read_text(encoding="utf-8").count("\n") == 1


def test_settings_of_the_evaluation_do_not_change_what_is_learned(quick: str, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["learn", quick]) == 0
    assert "nothing new to publish" in capsys.readouterr().out


@pytest.mark.slow
def test_the_flow_finds_the_same(quick: str, tmp_path: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["evaluate", quick, "--json"]) == 0
    loop = json.loads(capsys.readouterr().out)
    home = {"PREFECT_HOME": str(tmp_path / "prefect"), "HOME": str(tmp_path / "home")}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])} | home
    command = [sys.executable, "-m", "memlearn.cli", "evaluate", quick, "--prefect", "--json", "--remove"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    flow = json.loads(done.stdout)
    assert flow["evaluation"]["methods"] == loop["evaluation"]["methods"]
    assert "ranked from release" in done.stderr
