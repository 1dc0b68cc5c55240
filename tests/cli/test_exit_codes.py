"""Exit codes of every command: 0 done, 1 failed, 2 where the command line or the config must be corrected."""

from __future__ import annotations

from pathlib import Path

import pytest

from memlearn.cli import main

NOT_THERE = [
    ("show", "{config}", "nobody"),
    ("steps", "{config}", "nobody"),
    ("learn", "{config}", "--users", "nobody"),
    ("release", "diff", "{config}", "r000009-00000000"),
    ("release", "diff", "{config}"),
    ("release", "promote", "{config}", "r000009-00000000"),
    ("release", "rollback", "{config}"),
]
WRONG_USE = [
    ("show",),
    ("show", "{config}"),
    ("show", "{folder}/none.yaml", "anna"),
    ("show", "{config}", "anna", "--colour"),
    ("nothing", "{config}"),
    ("recommend", "{config}", "anna", "-k", "0"),
    ("recommend", "{config}", "anna", "-k", "many"),
    ("recommend", "{config}", "anna", "--at", "soon"),
    ("learn", "{config}", "--as-of", "soon"),
    ("learn", "{config}", "--users", ""),
    ("learn", "{config}", "--set", "x"),
    ("learn", "{config}", "--max-cost", "3"),
    ("learn", "{config}", "--plan", "--prefect"),
    ("try", "{config}", "--users", "anna"),
    ("replay", "{config}", "run-000009"),
    ("release", "gc", "{config}", "--keep", "0"),
    ("release", "promote", "{config}"),
    ("init", "{folder}"),
]


def run(shop: Path, command: tuple[str, ...]) -> int:
    return main([part.format(config=shop / "memlearn.yaml", folder=shop) for part in command])


@pytest.mark.parametrize("command", NOT_THERE, ids=" ".join)
def test_what_is_not_in_the_store_fails(shop: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shop, command) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("memlearn: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize("command", WRONG_USE, ids=" ".join)
def test_wrong_use_is_told_apart(shop: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shop, command) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("memlearn: ")
    assert captured.out == ""


@pytest.mark.parametrize(
    "command", [("show", "{config}", "anna"), ("recommend", "{config}", "anna"), ("verify", "{config}"), ("release", "list", "{config}")]
)
def test_before_anything_is_published(shop: Path, command: tuple[str, ...]) -> None:
    (shop / "store" / "CURRENT").unlink()
    assert run(shop, command) == (0 if command[0] == "release" else 1)


def test_an_unknown_run_fails(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = shop / "memlearn.yaml"
    agent = "\nlearning: {manager: agent, agent: {base_url: 'http://127.0.0.1:9/v1', model: m}}\n"
    config.write_text(config.read_text(encoding="utf-8") + agent, encoding="utf-8")
    assert main(["replay", str(config), "run-000009"]) == 1
    assert "There is no run 'run-000009'" in capsys.readouterr().err
