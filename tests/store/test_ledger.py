"""The ledger's file is there as a whole or not at all, whenever its making is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memlearn.store.ledger import Ledger

MAKE = "import sys; from pathlib import Path; from memlearn.store.ledger import Ledger; print('ready', flush=True); Ledger(Path(sys.argv[1])); sys.stdin.read()"


def _make(path: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", MAKE, str(path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


@pytest.mark.slow
def test_killed_as_soon_as_its_file_is_seen_it_can_be_read(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.duckdb"
        child = _make(path)
        while not path.exists():
            pass
        child.kill()
        child.communicate()
        ledger = Ledger(path)
        assert ledger.last_runs() == []
        ledger.close()


@pytest.mark.slow
def test_killed_while_it_is_made_it_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.duckdb"
    for wait in (0.0, 0.002, 0.005, 0.01):
        child = _make(path)
        while not list(tmp_path.iterdir()):
            pass
        time.sleep(wait)
        child.kill()
        child.communicate()
        Ledger(path).close()
        assert [file.name for file in tmp_path.iterdir()] == [path.name]
        path.unlink()
