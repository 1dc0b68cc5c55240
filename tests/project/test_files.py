"""No tracked file holds what belongs to one machine or to nobody: paths, registries, secrets."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORBIDDEN = {
    "a folder of one machine": re.compile(r"(?<![\w.$}/-])/(?:home|root|Users|work|tmp|opt|mnt|media|private)/[A-Za-z0-9_.-]+"),
    "a package registry": re.compile(r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|crates|rubygems)\.(?:org|io|com)\b", re.IGNORECASE),
    "an option that names a registry": re.compile(r"--(?:extra-)?index-url\b|--find-[l]inks\b|--trusted-[h]ost\b"),
    "a secret": re.compile(r"\bsk-[A-Za-z0-9]{20,}\b|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{30,}\b"),
    "an unfinished place": re.compile(r"\b(?:TO[D]O|FIX[M]E)\b"),
}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    content = file.read_bytes()
    return "" if b"\0" in content[:8192] else content.decode("utf-8", errors="replace")


@pytest.mark.parametrize("what", sorted(FORBIDDEN))
def test_no_tracked_file_holds(what: str) -> None:
    found = []
    for file in tracked_files():
        if file.parts[len(ROOT.parts)] == "data" and what == "an unfinished place":
            continue
        for number, line in enumerate(text_of(file).splitlines(), 1):
            if FORBIDDEN[what].search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not found, f"{what} in:\n" + "\n".join(found[:20])


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a folder of one machine", "see /" + "home/someone/data"),
        ("a package registry", "https://" + "pypi" + ".org/simple"),
        ("an option that names a registry", "pip install --extra" + "-index-url x"),
        ("a secret", "key = sk" + "-" + "a" * 24),
        ("an unfinished place", "# TO" + "DO later"),
    ],
)
def test_the_patterns_find_what_they_are_for(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)


def test_source_files_are_short() -> None:
    long = {}
    for file in tracked_files():
        if file.suffix == ".py" and file.relative_to(ROOT).parts[0] in {"src", "flows"}:
            lines = len(text_of(file).splitlines())
            if lines > 400:
                long[str(file.relative_to(ROOT))] = lines
    assert not long


def test_ci_and_make_name_the_same_commands() -> None:
    assert "make ci" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert re.search(r"^ci: .*\blint\b.*\btest\b", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
