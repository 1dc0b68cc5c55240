"""The gate before a changed config: what is worse is kept aside, told and not served; what is not is served; nothing else is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from market import make_rows, write_market

import memlearn
from memlearn.errors import ConfigError
from memlearn.store import StoreLayout, kept_config, refusal
from memlearn.wiring.kept import load_kept
from memlearn.wiring.reports import LearnReport

GATE = "releases: {gate: {margin: 0.05}}\n"
# Memory that holds no items of its users.
FORGETFUL = "learning: {item_facts: 0}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    made = write_market(tmp_path / "shop", make_rows(users=60))
    made.write_text(made.read_text(encoding="utf-8") + GATE, encoding="utf-8")
    return made


def changed(config: Path, more: str) -> Path:
    config.write_text(config.read_text(encoding="utf-8").partition("releases:")[0] + GATE + more, encoding="utf-8")
    return config


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "memlearn.cli", *arguments],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def served(config: Path) -> str:
    return (config.parent / "store" / "CURRENT").read_text(encoding="utf-8").strip()


def refused(config: Path) -> LearnReport:
    return memlearn.learn(changed(config, FORGETFUL))


@pytest.mark.slow
def test_a_worse_config_is_refused_kept_aside_and_may_be_promoted(config: Path) -> None:
    first = memlearn.learn(config)
    assert first.refused is None
    assert memlearn.learn(config).release_id == first.release_id
    shown = command("learn", str(changed(config, FORGETFUL)))
    assert shown.returncode == 1, shown.stdout + shown.stderr
    assert f"is refused and kept aside; {first.release_id} is served as before." in shown.stdout
    assert "with the new configuration and" in shown.stdout
    assert served(config) == first.release_id
    listed = command("release", "list", str(config))
    [aside] = [one for one in memlearn.releases(config).releases if one.release_id != first.release_id]
    assert aside.refused is not None
    assert "the low end must not lie below -5 %" in aside.refused
    assert f"{aside.release_id} was refused: {aside.refused}" in listed.stdout.replace("\n", " ").replace("  ", " ")
    promoted = command("release", "promote", str(config), aside.release_id)
    assert promoted.returncode == 0
    assert "was refused when it was learned" in promoted.stderr
    assert served(config) == aside.release_id
    # What is served now is its config's own; nothing has to be compared.
    again = memlearn.learn(config)
    assert (again.refused, again.release_id) == (None, aside.release_id)


@pytest.mark.slow
def test_a_config_that_is_not_worse_is_served(config: Path) -> None:
    refused_first = memlearn.learn(changed(config, FORGETFUL))
    assert refused_first.refused is None, "there is nothing to compare the first release with"
    better = memlearn.learn(changed(config, "learning: {item_facts: 40}\n"))
    assert better.refused is None
    assert served(config) == better.release_id != refused_first.release_id
    same = memlearn.learn(changed(config, "learning: {item_facts: 40, memory_bytes: 9000}\n"))
    assert same.refused is None
    assert served(config) == same.release_id != better.release_id
    assert refusal(StoreLayout(config.parent / "store"), served(config)) is None


@pytest.mark.slow
def test_what_was_refused_is_judged_anew_and_the_old_config_goes_on(config: Path) -> None:
    first = memlearn.learn(config)
    again = [refused(config), refused(config)]
    assert all(report.refused is not None and report.release_id == first.release_id and not report.published for report in again)
    back = memlearn.learn(changed(config, ""))
    assert back.refused is None
    assert first.release_id is not None
    assert served(config) == back.release_id
    assert str(back.release_id).endswith(first.release_id.partition("-")[2]), "the same content"
    kept = memlearn.gc(config, keep=1).kept
    assert set(kept) == {again[1].refused_id, back.release_id}


@pytest.mark.slow
def test_without_a_gate_anything_is_served(config: Path) -> None:
    memlearn.learn(config)
    config.write_text(config.read_text(encoding="utf-8").partition("releases:")[0] + FORGETFUL, encoding="utf-8")
    report = memlearn.learn(config)
    assert report.refused is None
    assert served(config) == report.release_id


@pytest.mark.slow
def test_what_cannot_be_compared_is_refused(config: Path) -> None:
    first = memlearn.learn(config)
    assert first.release_id is not None
    layout = StoreLayout(config.parent / "store")
    held = layout.config(first.release_id)
    text = held.read_text(encoding="utf-8")
    held.unlink()
    assert "does not hold the config" in str(refused(config).refused)
    held.write_text(json.dumps({**json.loads(text), "unheard_of": 1}), encoding="utf-8")
    assert "cannot be used any more: unheard_of" in str(refused(config).refused)
    held.write_text(text, encoding="utf-8")
    gate = "releases: {gate: {min_users: 5000}}\n"
    config.write_text(config.read_text(encoding="utf-8").replace(GATE, gate), encoding="utf-8")
    assert "5000 are asked for" in str(memlearn.learn(config).refused)
    assert served(config) == first.release_id


def test_a_release_holds_its_config_without_passwords(config: Path) -> None:
    text = config.read_text(encoding="utf-8")
    sources = "  more:\n    role: persons\n    database: postgresql://shop:geheim@db/shop\n    sql: select 1\n    user: who\n    attributes: {age: age}\n"
    config.write_text(text.replace("evaluation:\n", f"{sources}evaluation:\n", 1), encoding="utf-8")
    today = memlearn.load_config(config)
    assert "geheim" not in today.kept
    again = load_kept(today.kept, today, "r1")
    assert again.config == today.config
    with pytest.raises(ConfigError, match="release 'r1' came of"):
        load_kept(today.kept.replace('"embedded"', '"nobody"'), today, "r1")
    config.write_text(text, encoding="utf-8")
    report = memlearn.learn(config)
    assert report.release_id is not None
    assert kept_config(StoreLayout(config.parent / "store"), report.release_id) == memlearn.load_config(config).kept
