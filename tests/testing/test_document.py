"""The example in the document on the scripted server runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

from memlearn.testing.__main__ import command_parser, load_script, read_settings
from memlearn.testing.faults import FaultKind

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/testing-prompts.md").read_text(encoding="utf-8")


def test_its_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        'memory_insert {"text":"Said: I like tea."}',
        "{'POST /v1/chat/completions': {'429': 1, '200': 1}} 1 paid for",
    ]


def test_its_command_is_understood() -> None:
    (command,) = re.findall(r"^    python -m memlearn\.testing (.*)$", TEXT, re.MULTILINE)
    options = command_parser().parse_args(shlex.split(command))
    assert callable(load_script(options.script))
    assert [fault.kind for fault in read_settings(options).faults] == ["503"]


def test_it_names_every_fault() -> None:
    named = {name for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert set(get_args(FaultKind)) <= named
