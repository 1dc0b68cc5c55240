"""The command line before any data is read: help, wrong use, messages, exit codes, interrupts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memlearn.cli import main
from memlearn.cli.options import parse_settings
from memlearn.errors import UsageError

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    script = "import sys; from memlearn.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=ENVIRONMENT | variables, check=False, timeout=120
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in ("init", "learn", "show", "recommend", "release", "verify", "status", "schema"))


@pytest.mark.parametrize("command", ["init", "learn", "show", "recommend", "verify", "status", "schema", "release"])
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lern"], "lern"),
        (["learn"], "CONFIG"),
        (["show", "c.yaml"], "USER"),
        (["recommend", "c.yaml", "u", "-k", "0"], "-k"),
        (["learn", "c.yaml", "--as-off", "x"], "--as-off"),
        (["release", "lst"], "lst"),
        (["learn", "missing.yaml"], "There is no config file 'missing.yaml'"),
        (["learn", "missing.yaml", "--set", "A"], "write NAME=VALUE"),
        (["status", "missing.yaml", "--json"], "There is no config file"),
    ],
)
def test_wrong_use_is_2_with_one_message_on_standard_error(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("memlearn: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err


def test_a_config_with_problems_lists_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("version: 1\nsurces: {}\n", encoding="utf-8")
    assert main(["learn", str(file)]) == 2
    text = capsys.readouterr().err
    assert "line 2, surces: there is no such key. Did you mean 'sources'?" in text
    assert "sources: this key must be there" in text
    assert "Traceback" not in text


def test_init_writes_and_then_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "shop"), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["config"] == str(tmp_path / "shop" / "memlearn.yaml")
    assert all(Path(file).is_file() for file in written["files"])
    assert main(["init", str(tmp_path / "shop")]) == 2
    assert "overwrites nothing" in capsys.readouterr().err


def test_init_into_a_folder_that_cannot_be_written_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a folder that nobody can write to")
    assert main(["init", "/proc/self/shop"]) == 1
    assert "Cannot write to '/proc/self/shop'" in capsys.readouterr().err


def test_schema_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["version"]


def test_the_same_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run("learn", str(tmp_path / "none.yaml"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    shown = run("learn", str(tmp_path / "none.yaml"), MEMLEARN_DEBUG="1")
    assert shown.returncode == 2
    assert "Traceback" in shown.stderr


def interrupt(process: subprocess.Popen[str]) -> str:
    """Interrupt a process that waits; again where the signal came just before it began to wait, which Python does not notice."""
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=1)[1]
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("the process goes on")


def test_an_interrupt_is_130_and_says_that_nothing_is_lost(tmp_path: Path) -> None:
    # The config is a pipe that nobody writes to: the command waits there until it is interrupted.
    pipe = tmp_path / "c.yaml"
    os.mkfifo(pipe)
    # Whoever runs the tests in the background has interrupts ignored, and a new process inherits that; at a terminal it is not so.
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from memlearn.cli import main; print('ready', flush=True); sys.exit(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "status", str(pipe)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # Opening for writing returns when the command has the pipe open for reading.
        with pipe.open("w"):
            errors = interrupt(process)
    assert process.returncode == 130
    assert errors == "memlearn: interrupted. Nothing is lost: the next run goes on where this one stopped.\n"


def test_settings() -> None:
    assert parse_settings(None) == {}
    assert parse_settings(["A=1", "B=x=y", "A=2", "C="]) == {"A": "2", "B": "x=y", "C": ""}
    with pytest.raises(UsageError, match="NAME=VALUE"):
        parse_settings(["=1"])
