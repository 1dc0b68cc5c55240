"""Every sort of run is rebuilt from its rows and the journals, with nobody there to be asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from companies import Company, Site, make_company, write_csv
from documents import reading_site, scholar, write_document
from models import agent_site, note_taker

import memlearn
from memlearn.cli import main
from memlearn.errors import NoReleaseError, UnknownRunError, UsageError
from memlearn.learning.agent.prompt import load_prompts
from memlearn.testing import CHAT, Contains, Fault, ModelServer, Reply, Request, messages, text_of, tool_names
from memlearn.wiring.reports_agent import ReplayReport

LEARN = "import memlearn, sys; print('begun', flush=True); memlearn.learn(sys.argv[1])"


@pytest.fixture(scope="module")
def company() -> Company:
    """Four users with some chunks each, in two nights; the second one corrects and deletes rows of the first."""
    return make_company(3, users=4, events=60, nights=2, days=400)


@contextmanager
def serving(**settings: Any) -> Iterator[ModelServer]:
    with ModelServer(note_taker, **settings) as server:
        yield server


def check(site: Site, *runs: str) -> list[ReplayReport]:
    """Replays runs of a site whose server is gone, and sees that the store is as it was."""
    before = sorted(path for path in site.layout.root.rglob("*") if path.is_file())
    replayed = [memlearn.replay(site.config, run) for run in runs]
    assert [(report.run_id, report.problem, report.same) for report in replayed] == [(run, None, True) for run in runs]
    assert sorted(path for path in site.layout.root.rglob("*") if path.is_file()) == before
    return replayed


def run_ids(site: Site, state: str = "done") -> list[str]:
    return sorted(run.run_id for run in memlearn.status(site.config).runs if run.state == state)


@pytest.mark.slow
def test_runs_of_several_nights_and_the_first_of_them_after_its_rows_were_corrected(
    tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as server:
        site = agent_site(tmp_path / "site", company, server)
        site.learn()
        site.deliver(*company.nights[1])
        site.learn()
        site.learn()
    first, second, third = check(site, "run-000001", "run-000002", "run-000003")
    assert first.release_id != second.release_id == third.release_id
    assert 0 < first.answers < second.answers
    assert main(["replay", str(site.config), "run-000001"]) == 0
    assert f"run-000001: the same content as release {first.release_id}, from {first.answers} answers." in " ".join(
        capsys.readouterr().out.split()
    )
    assert list(site.layout.tmp.iterdir()) == []


@pytest.mark.slow
def test_runs_of_some_users_only(tmp_path: Path, company: Company) -> None:
    with serving() as server:
        site = agent_site(tmp_path / "site", company, server)
        site.learn(users=company.users[:2])
        site.learn()
        site.deliver(*company.nights[1])
        site.learn(users=company.users[1:3])
        site.learn(users=company.users[:1], as_of="2025-09-01")
        site.learn()
    assert len({report.content_digest for report in check(site, *run_ids(site))}) == 5
    base = memlearn.releases(site.config).releases[-2].release_id
    (site.layout.manifest(base)).unlink()
    with pytest.raises(
        NoReleaseError, match=f"'run-000003' learned some users only, and took over the others from release '{base}', which is not kept"
    ):
        memlearn.replay(site.config, "run-000003")


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["direct", "batch"])
def test_runs_that_the_cap_stopped_and_those_that_went_on(tmp_path: Path, company: Company, mode: str) -> None:
    with serving() as server:
        batch = {"poll_seconds": 0.02}
        whole = agent_site(tmp_path / "whole", company, server, mode=mode, batch=batch)
        report = whole.learn().agent
        assert report is not None
        site = agent_site(tmp_path / "site", company, server, mode=mode, batch=batch)
        runs = 1
        while (report_now := site.learn(max_cost=float(report.cost) / 2 + 0.007).agent) is not None and report_now.stopped is not None:
            runs += 1
            assert runs < 20
    assert runs > 1
    assert site.digest() == whole.digest()
    assert len({report.content_digest for report in check(site, *run_ids(site))}) == runs


@pytest.mark.slow
def test_a_run_with_a_step_that_was_skipped_and_the_one_that_did_it_again(tmp_path: Path, company: Company) -> None:
    with serving() as server:
        whole = agent_site(tmp_path / "whole", company, server)
        whole.learn()
        text = memlearn.steps(whole.config, company.users[0], full=True).steps[1].exchanges[0].asked[0]
        row = next(line for line in text.splitlines() if line.startswith("r1 "))
        site = agent_site(tmp_path / "site", company, server, attempts=1)
        server.set_faults([Fault("500", when=Contains(row))])
        skipped = site.learn()
        assert skipped.agent is not None
        assert skipped.agent.steps_skipped > 0
        site.learn()
        server.set_faults([])
        # Of the steps that are to be done again this one leaves all: the release is that of the step before the skipped one.
        site.learn(retry_skipped=True, max_cost=0)
        site.learn(retry_skipped=True)
    assert site.digest() == whole.digest()
    reports = check(site, *run_ids(site))
    assert len({report.content_digest for report in reports}) == 3


@pytest.mark.slow
def test_a_run_that_went_on_from_a_killed_one(tmp_path: Path, company: Company) -> None:
    with serving(latency=0.02) as server:
        site = agent_site(tmp_path / "site", company, server, in_flight=2)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen([sys.executable, "-c", LEARN, str(site.config)], env=environment, stdout=subprocess.DEVNULL) as child:
            while sum(server.counts()["requests"].get(CHAT, {}).values()) < 6:
                assert child.poll() is None
                time.sleep(0.01)
            child.kill()
        site.learn()
    assert run_ids(site) == ["run-000002"]
    check(site, "run-000002")
    with pytest.raises(UnknownRunError, match="'run-000001' is killed and published nothing"):
        memlearn.replay(site.config, "run-000001")


@pytest.mark.slow
def test_a_run_that_went_on_with_another_model(tmp_path: Path) -> None:
    # Nothing comes late, so that the first model's steps stand.
    company = make_company(3, users=4, events=60, nights=2, days=400, changes=False)
    with serving() as server:
        site = agent_site(tmp_path / "site", company, server)
        site.learn()
        site.settings["learning"]["agent"]["model"] = "another"
        site.deliver(*company.nights[1])
        site.learn()
        before = site.digest()
        site.settings["learning"]["on_manager_change"] = "relearn"
        site.settings["learning"]["agent"]["model"] = "a third one"
        # It relearns some of them, and stops.
        stopped = site.learn(max_cost=0.012).agent
        assert stopped is not None
        assert stopped.stopped is not None
        relearned = site.digest()
    assert before != relearned
    assert check(site, "run-000003")[0].booked == 0
    del site.settings["learning"]["on_manager_change"]
    site.settings["learning"]["agent"]["model"] = "another"
    (report,) = check(site, "run-000002")
    assert report.booked > 0
    assert report.answers > 0
    with pytest.raises(UsageError, match="The config has other settings now than when run 'run-000001' published"):
        memlearn.replay(site.config, "run-000001")


def by_any_form(request: Request) -> Reply:
    """Notes the last row that it is shown, in whatever form it is asked to."""
    day, row = re.findall(r"^(r\d+) (\S+)", text_of(messages(request)[1]), re.MULTILINE)[-1][::-1]
    arguments = {"label": "changes", "text": f"Was here on {day}.", "evidence": [row]}
    if tool_names(request):
        return Reply(tool_calls=[("memory_insert", arguments), ("memory_finish_edits", {})])
    return Reply({"calls": [{"tool": "memory_insert", **arguments, "line": None, "lines": None, "query": None}]})


@pytest.mark.slow
def test_a_run_against_an_endpoint_that_takes_neither_tools_nor_long_requests(tmp_path: Path, company: Company) -> None:
    with ModelServer(by_any_form, tools=False) as server:
        look = agent_site(tmp_path / "look", company, server)
        look.learn()
        longest = max(
            len(step.exchanges[0].asked[0]) for user in company.users for step in memlearn.steps(look.config, user, full=True).steps
        )
        whole = server.counts()["prompt_chars"] // sum(server.counts()["requests"][CHAT].values())
    check(look, "run-000001")
    with ModelServer(by_any_form, tools=False, context_chars=whole + longest // 8) as server:
        site = agent_site(tmp_path / "site", company, server)
        report = site.learn()
        refused = server.counts()["requests"][CHAT]["400"]
    assert report.agent is not None
    assert report.agent.steps_skipped == 0
    assert refused > 2
    assert site.digest() != look.digest()
    check(site, "run-000001")


@pytest.mark.slow
def test_runs_that_read_documents(tmp_path: Path) -> None:
    company = make_company(3, users=1, events=12, nights=1, days=100, changes=False)
    with ModelServer(scholar) as server:
        site = reading_site(tmp_path / "site", company, server)
        site.learn()
    check(site, "run-000001")
    write_document(site, "rules/returns", "# Returns\n\nEverything may be returned within 90 days.\n")
    report = memlearn.replay(site.config, "run-000001")
    assert report.problem is not None
    assert "of document 'rules:returns.md' was given something else then" in report.problem


@pytest.mark.slow
def test_what_is_not_as_it_was_then_is_named(tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        site = agent_site(tmp_path / "site", company, server)
        site.learn()
    persons = (site.folder / "persons.csv").read_text(encoding="utf-8")
    write_csv(site.folder / "persons.csv", ("customer", "age", "tier"), [{"customer": company.users[0], "age": "80", "tier": "none"}])
    assert main(["replay", str(site.config), "run-000001"]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "was given something else then: the catalogue, what is given about the user, operator statements or documents are not as they were."
        in shown
    )
    (site.folder / "persons.csv").write_text(persons, encoding="utf-8")
    for journal in site.layout.journals.iterdir():
        journal.rename(tmp_path / journal.name)
    gone = memlearn.replay(site.config, "run-000001")
    assert gone.problem is not None
    assert "has no answer in a journal to what it asks: a journal was removed" in gone.problem
    with pytest.raises(UnknownRunError, match="There is no run 'run-9'"):
        memlearn.replay(site.config, "run-9")


@pytest.mark.slow
def test_another_prompt_is_named(tmp_path: Path, company: Company) -> None:
    with serving() as server:
        site = agent_site(tmp_path / "site", company, server, prompts="prompts")
        (site.folder / "prompts").mkdir()
        prompt = site.folder / "prompts" / "system.md"
        prompt.write_text(load_prompts().system, encoding="utf-8")
        site.learn()
    check(site, "run-000001")
    prompt.write_text(load_prompts().system + "\nBe brief.\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"'run-000001' was done by agent-\w+, and the agent is agent-\w+ now: its prompts, its tools or"):
        memlearn.replay(site.config, "run-000001")
