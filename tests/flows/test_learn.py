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


def silent_server_script() -> str:
    return (
        "import json, sys; from memlearn.cli import main\n"
        "from memlearn.testing import ModelServer, silent\n"
        "with ModelServer(silent) as server:\n"
        "    with open(sys.argv[1], 'a', encoding='utf-8') as config:\n"
        "        agent = f\"{{model: scripted, base_url: '{server.base_url}', open_chunk: always, prices: {{input: 1, output: 1}}}}\"\n"
        "        config.write(f'\\nlearning:\\n  manager: agent\\n  agent: {agent}\\n')\n"
        "    code = main(['learn', sys.argv[1], '--prefect', '--max-cost', '0', '--retry-skipped', '--json'])\n"
        "    print(json.dumps(server.counts()['requests']))\n"
        "sys.exit(code)\n"
    )


@pytest.mark.slow
def test_the_flow_passes_on_the_cap_of_the_agent(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "shop")]) == 0
    home = {"PREFECT_HOME": str(tmp_path / "prefect"), "HOME": str(tmp_path / "home")}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])} | home
    command = [sys.executable, "-c", silent_server_script(), str(tmp_path / "shop" / "memlearn.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    document, _, counts = done.stdout.strip().rpartition("\n")
    agent = json.loads(document)["agent"]
    assert agent["stopped"].startswith("The next request may cost up to")
    assert json.loads(counts) == {}
