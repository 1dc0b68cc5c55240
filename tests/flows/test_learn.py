"""The learn flow on Prefect's embedded server gives the release that the loop in process gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memlearn.cli import main
from memlearn.wiring.load import load_config
from memlearn.wiring.run import prepare, run_stages

ROOT = Path(__file__).parents[2]
SCRIPT = "import json, sys; from memlearn_flows.learn import run_learn; print(json.dumps(run_learn(sys.argv[1], as_of='2026-05-01').to_json()))"


@pytest.mark.slow
def test_the_flow_and_the_loop_publish_the_same(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "loop")]) == 0
    shutil.copytree(tmp_path / "loop", tmp_path / "flow")
    loop = run_stages(prepare(load_config(tmp_path / "loop" / "memlearn.yaml"), as_of="2026-05-01"))
    home = {"PREFECT_HOME": str(tmp_path / "prefect"), "HOME": str(tmp_path / "home")}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])} | home
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "flow" / "memlearn.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.strip().splitlines()[-1])
    # The release's id ends with the digest of its content.
    assert report["release_id"] == loop.release_id
    assert (report["steps_done"], report["statements"]) == (loop.steps_done, loop.statements)
    assert "folded" in done.stderr
    assert not (tmp_path / "home").exists()
