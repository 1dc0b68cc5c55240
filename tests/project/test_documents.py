"""Every command in the documents works, in the order in which it stands there."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from agent_shop import agent_shop

import memlearn
from memlearn.cli import main
from memlearn.wiring.load import LoadedConfig

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", *(f"docs/{file.name}" for file in sorted((ROOT / "docs").glob("*.md")))]
AGENT = "docs/agent.md"
# Their commands take long.
SLOW = (AGENT, "docs/evaluating.md", "docs/operations.md")
WITH_COMMANDS = [pytest.param(document, marks=[pytest.mark.slow] if document in SLOW else []) for document in DOCUMENTS]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])}
COMMAND = re.compile(r"^(?: {4})?((?:memlearn|make|python -m) [^`]*)$")


def blocks(text: str) -> str:
    """The lines of fenced and indented code."""
    fenced, kept = False, []
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            kept.append(line)
    return "\n".join(kept)


def commands(document: str) -> list[list[str]]:
    lines = blocks((ROOT / document).read_text(encoding="utf-8")).splitlines()
    found = [match.group(1) for line in lines if (match := COMMAND.match(line))]
    # What follows two blanks explains the command.
    return [shlex.split(re.split(r"\s{2,}", command)[0]) for command in found]


def current_release(folder: Path) -> str:
    return (folder / "shop" / "store" / "CURRENT").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert [target for target in targets if target and not ((ROOT / document).parent / target).exists()] == []


@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_its_commands_work(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = [command for command in commands(document) if command[0] == "memlearn" and "--prefect" not in command]
    if document == AGENT:
        with agent_shop((ROOT / document).read_text(encoding="utf-8")):
            run_commands(wanted, tmp_path)
        return
    if ["memlearn", "init", "shop"] not in wanted and wanted:
        assert main(["init", "shop"]) == 0
        # Two releases, so that there is something to go back to.
        assert main(["learn", "shop/memlearn.yaml", "--as-of", "2026-05-01"]) == 0
    run_commands(wanted, tmp_path)


def run_commands(wanted: list[list[str]], folder: Path) -> None:
    for command in wanted:
        meant = {"CONFIG": lambda: "shop/memlearn.yaml", "RELEASE": lambda: current_release(folder), "RUN": last_run}
        assert main([meant.get(part, part.__str__)() for part in command[1:]]) == 0, command


def last_run() -> str:
    return memlearn.status("shop/memlearn.yaml").runs[0].run_id


# What differs from run to run, and with every change of the words of a statement.
VARYING = re.compile(r"r\d{6}-[0-9a-f]{8}|[0-9.]+ s$")


def shown(text: str) -> list[str]:
    """The lines of an output, as far as they are the same in every run."""
    return [VARYING.sub("*", line.rstrip()) for line in text.splitlines()]


def sessions(document: str) -> list[tuple[list[str], list[str]]]:
    """Every `$ command` of a document with the lines that it prints; `...` stands for lines that are left out."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:]), []))
            elif found:
                found[-1][1].append(line)
    return found


def stretches(lines: list[str]) -> list[list[str]]:
    """The lines between the `...`."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line == "...":
            found.append([])
        else:
            found[-1].append(line)
    return [part for part in found if part]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_shown_is_what_is_printed(
    document: str, learned_samples: LoadedConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    told = sessions(document)
    with ExitStack() as stack:
        if document == AGENT:
            stack.enter_context(agent_shop((ROOT / document).read_text(encoding="utf-8")))
        elif any("shop/memlearn.yaml" in command for command, _ in told):
            assert main(["init", "shop"]) == 0
        check_sessions(document, told, learned_samples, capsys)


def check_sessions(
    document: str, told: list[tuple[list[str], list[str]]], learned_samples: LoadedConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, expected in told:
        on_samples = command[2] == "configs/sample.yaml"
        settings = ["--set", f"SAMPLE_STORE={learned_samples.config.store}"] if on_samples else []
        capsys.readouterr()
        assert main([*command[1:], *settings]) == 0
        printed = shown(capsys.readouterr().out)
        at = 0
        for part in map(shown, map("\n".join, stretches(expected))):
            places = [place for place in range(at, len(printed)) if printed[place : place + len(part)] == part]
            assert places, f"{shlex.join(command)} in {document} does not print {part}"
            at = places[0] + len(part)
        assert expected, command


def test_the_readme_shows_what_one_gets() -> None:
    told = sessions("README.md")
    assert {command[1] for command, _ in told} >= {"show", "recommend", "verify", "learn"}
    assert sum(len(part) for _, lines in told for part in stretches(lines)) > 20


@pytest.mark.parametrize(("document", "printed"), [("README.md", " - "), ("docs/agent.md", "insert preferences: Bought ")])
def test_python_in_documents_works(tmp_path: Path, document: str, printed: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    # What begins with the name of a file is that file, beside the config.
    files = {name[1]: code for code in blocks if (name := re.match(r"# (\w+\.py)\n", code))}
    for number, code in enumerate(code for code in blocks if code not in files.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        writing = "".join(f"open('shop/{name}', 'w').write({content!r})\n" for name, content in files.items())
        script = f"from memlearn.cli import main\nassert main(['init', 'shop']) == 0\n{writing}{code}"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert printed in done.stdout


def test_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {command[1] for document in DOCUMENTS for command in commands(document) if command[0] == "make"}
    assert {"sample", "test"} <= named
    assert [target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_modules_named_in_documents_are_there() -> None:
    named = {command[2] for document in DOCUMENTS for command in commands(document) if command[:2] == ["python", "-m"]}
    for module in named:
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"], env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_scheduled_flow_is_served_until_it_is_stopped(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "shop")]) == 0
    command = next(command for command in commands("docs/operations.md") if command[:2] == ["python", "-m"])
    with subprocess.Popen(
        [sys.executable, *command[1:]],
        cwd=tmp_path,
        env=ENVIRONMENT | {"PREFECT_HOME": str(tmp_path / "prefect"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "polling for scheduled runs" in line:
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=60)
    assert "polling for scheduled runs" in "".join(seen)
