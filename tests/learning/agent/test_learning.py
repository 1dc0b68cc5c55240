"""Learning with an agent, from files to a release: what is asked when, what a stop leaves, and who goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from companies import Company, Delivery, Site, make_company
from models import note_taker

import memlearn
from memlearn.cli import main
from memlearn.errors import UnknownUserError, UsageError
from memlearn.learning.agent.recheck import LineJudge
from memlearn.store import LearnedApart, open_release
from memlearn.store.manifest import read_manifest
from memlearn.testing import CHAT, Contains, Fault, ModelServer, Reply, Request
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config

PRICES = {"input": 1.0, "output": 2.0}


@pytest.fixture(scope="module")
def company() -> Company:
    """Four users with some chunks each, in two nights."""
    return make_company(3, users=4, events=60, nights=2, days=400, changes=False)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model that notes what it reads."""
    with ModelServer(note_taker) as server:
        yield server


def make_site(folder: Path, company: Company, server: ModelServer, **agent: Any) -> Site:
    """A site of the first night that has not learned yet."""
    settings = {"model": "scripted", "base_url": server.base_url, "open_chunk": "always", "prices": PRICES, **agent}
    site = Site(folder, {"chunks": {"tokens": 300}, "learning": {"manager": "agent", "agent": settings}}).set_up(company)
    site.deliver(*company.nights[0])
    return site


def asked(server: ModelServer) -> int:
    return sum(server.counts()["requests"].get(CHAT, {}).values())


def test_what_is_learned_is_published_and_can_be_looked_through(
    tmp_path: Path, company: Company, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    site = make_site(tmp_path / "site", company, server)
    report = site.learn()
    assert report.agent is not None
    assert report.agent.steps_done > len(company.users)
    assert (report.agent.steps_skipped, report.agent.stopped, report.agent.perhaps) == (0, None, "0")
    assert float(report.agent.cost) > 0
    found = memlearn.verify(site.config)
    assert found.contradicted == 0
    user = company.users[0]
    told = memlearn.steps(site.config, user, full=True)
    assert sum(step.events for step in told.steps) == memlearn.show(site.config, user).events
    assert all(len(step.exchanges) == step.requests for step in told.steps)
    assert {step.run_id for step in told.steps} == {"run-000001"}
    (preferences,) = [block for block in memlearn.show(site.config, user).blocks if block.label == "preferences"]
    written = [line.text for line in preferences.statements]
    assert written[0].startswith("Bought ")
    assert main(["steps", str(site.config), user]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "insert preferences: Bought" in shown
    with pytest.raises(UnknownUserError, match=r"No agent has read user 'nobody'"):
        memlearn.steps(site.config, "nobody")


@pytest.mark.slow
def test_lines_are_judged_on_the_rows_that_their_user_was_learned_from(tmp_path: Path, company: Company, server: ModelServer) -> None:
    site = make_site(tmp_path / "site", company, server)
    site.learn()
    site.deliver(*company.nights[1])
    site.learn(users=[company.users[0]])
    with open_release(site.layout) as release:
        lines = release.table("statements").filter(pl.col("fact").is_null(), pl.col("status") == "verified")
        assert set(release.apart().users["user_id"]) == {company.users[0]}
    assert set(lines["user_id"]) == set(company.users)
    found = memlearn.verify(site.config)
    assert (found.contradicted, found.source_gone) == (0, 0)
    # On what everybody else was learned from, the user's newest lines do not hold.
    judge = LineJudge.of(make_job(load_config(site.config)), read_manifest(site.layout, found.release_id), site.layout)
    swapped = replace(judge, apart=LearnedApart.nobody())
    assert judge(lines)["outcome"].unique().to_list() == ["verified"]
    assert set(swapped(lines).filter(pl.col("outcome") != "verified")["user_id"]) == {company.users[0]}


@pytest.mark.slow
def test_nothing_new_asks_nothing_and_leaves_no_journal(tmp_path: Path, company: Company, server: ModelServer) -> None:
    site = make_site(tmp_path / "site", company, server)
    site.learn()
    before, journals = asked(server), sorted(site.layout.journals.iterdir())
    report = site.learn()
    assert not report.published
    assert asked(server) == before
    assert sorted(site.layout.journals.iterdir()) == journals


@pytest.mark.slow
def test_a_night_asks_for_what_is_new_alone(tmp_path: Path, company: Company, server: ModelServer) -> None:
    site = make_site(tmp_path / "site", company, server)
    first = site.learn()
    site.deliver(*company.nights[1])
    second = site.learn()
    assert first.agent is not None
    assert second.agent is not None
    assert second.agent.steps_reused > 0
    once = make_site(tmp_path / "once", company, server)
    once.deliver(*company.nights[1])
    whole = once.learn()
    assert site.digest() == once.digest()
    assert whole.agent is not None
    assert second.agent.steps_reused + second.agent.steps_done == whole.agent.steps_done


@pytest.mark.slow
def test_a_cap_stops_cleanly_and_a_later_run_goes_on(tmp_path: Path, company: Company, server: ModelServer) -> None:
    whole = make_site(tmp_path / "whole", company, server)
    full = whole.learn()
    assert full.agent is not None
    site = make_site(tmp_path / "site", company, server)
    cost = float(full.agent.cost)
    spent, runs = 0.0, 0
    server.reset()
    while True:
        report = site.learn(max_cost=cost)
        assert report.agent is not None
        assert float(report.agent.cost) <= cost
        spent, runs = spent + float(report.agent.cost), runs + 1
        if report.agent.stopped is None:
            break
        assert "Raise the cap" in report.agent.stopped
        assert report.agent.unfinished_users > 0
        assert runs < 50
    assert runs > 1
    assert site.digest() == whole.digest()
    assert spent == pytest.approx(cost)
    with pytest.raises(UsageError, match="has no agent"):
        memlearn.learn(Site(tmp_path / "plain").set_up(company).config, max_cost=1)


@pytest.mark.slow
def test_an_endpoint_that_is_gone_leaves_the_rest_for_the_next_run(tmp_path: Path, company: Company, server: ModelServer) -> None:
    whole = make_site(tmp_path / "whole", company, server)
    whole.learn()
    site = make_site(tmp_path / "site", company, server, attempts=1)
    server.set_faults([Fault("500")])
    report = site.learn()
    assert report.agent is not None
    assert report.agent.stopped is not None
    assert "the endpoint seems to be gone" in report.agent.stopped
    assert report.agent.unfinished_users == len(company.users)
    assert report.published
    server.set_faults([])
    again = site.learn()
    assert again.agent is not None
    assert again.agent.stopped is None
    assert site.digest() == whole.digest()


@pytest.mark.slow
def test_a_step_without_an_answer_is_skipped_told_and_retried(tmp_path: Path, company: Company, server: ModelServer) -> None:
    whole = make_site(tmp_path / "whole", company, server)
    whole.learn()
    site = make_site(tmp_path / "site", company, server, attempts=1)
    text = memlearn.steps(whole.config, company.users[0], full=True).steps[1].exchanges[0].asked[0]
    row = next(line for line in text.splitlines() if line.startswith("r1 "))
    server.set_faults([Fault("500", when=Contains(row))])
    report = site.learn()
    assert report.agent is not None
    assert report.agent.steps_skipped >= 1
    assert report.agent.stopped is None
    assert any(told.startswith(f"{company.users[0]}: No answer after 1 attempts") for told in report.agent.skipped)
    server.set_faults([])
    assert site.digest() != whole.digest()
    kept = site.learn()
    assert not kept.published
    status = memlearn.status(site.config).agent
    assert status is not None
    told = "steps of the agent have no answer and were left out, the first of user"
    for warnings in (report.warnings, kept.warnings, status.warnings):
        # While it stands, every run and `status` say so, and how it is taken up again.
        assert sum(told in warning and "`memlearn learn CONFIG --retry-skipped` does them again" in warning for warning in warnings) == 1
    retried = site.learn(retry_skipped=True)
    assert retried.agent is not None
    assert retried.agent.steps_skipped == 0
    assert site.digest() == whole.digest()


@pytest.mark.slow
@pytest.mark.parametrize(("policy", "unread"), [("never", 1), ("settled", 1), ("always", 0)])
def test_when_the_last_chunk_is_read(tmp_path: Path, company: Company, server: ModelServer, policy: str, unread: int) -> None:
    site = make_site(tmp_path / "site", company, server, open_chunk=policy, settle_days=3650)
    site.learn()
    read = sum(len(_steps(site, user)) for user in company.users)
    always = make_site(tmp_path / "always", company, server)
    always.learn()
    whole = sum(len(_steps(always, user)) for user in company.users)
    assert read == whole - unread * len(company.users)


def _steps(site: Site, user: str) -> tuple[Any, ...]:
    try:
        return memlearn.steps(site.config, user).steps
    except UnknownUserError:
        return ()


@pytest.mark.slow
def test_a_last_chunk_that_settles_is_read_though_nothing_of_the_user_came(tmp_path: Path, server: ModelServer) -> None:
    company = make_company(5, users=3, events=40, nights=1, days=100, changes=False)
    site = make_site(tmp_path / "site", company, server, open_chunk="settled", settle_days=200)
    site.learn()
    assert all(_steps(site, user) == () or _steps(site, user)[-1].chunk >= 0 for user in company.users)
    before = {user: len(_steps(site, user)) for user in company.users}
    later = {**company.final["shop"][0], "at": "2026-06-01T12:00", "receipt": "later", "customer": "somebody else"}
    site.deliver(Delivery("shop", "later", (later,)))
    site.learn()
    assert {user: len(_steps(site, user)) for user in company.users} == {user: number + 1 for user, number in before.items()}


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["continue", "relearn"])
def test_another_model_goes_on_or_begins_anew(tmp_path: Path, company: Company, server: ModelServer, policy: str) -> None:
    site = make_site(tmp_path / "site", company, server)
    first = site.learn()
    assert first.agent is not None
    before = asked(server)
    site.settings["learning"]["on_manager_change"] = policy
    site.settings["learning"]["agent"]["model"] = "another"
    second = site.learn()
    assert second.agent is not None
    assert second.agent.steps_done == (first.agent.steps_done if policy == "relearn" else 0)
    assert (asked(server) > before) == (policy == "relearn")


@pytest.mark.slow
def test_only_whoever_is_named_is_read(tmp_path: Path, company: Company, server: ModelServer) -> None:
    site = make_site(tmp_path / "site", company, server)
    site.learn(users=[company.users[0]])
    assert len(_steps(site, company.users[0])) > 0
    assert all(_steps(site, user) == () for user in company.users[1:])


def obedient(_: Request) -> Reply:
    """Does what the data says: writes into other users' blocks, cites what it did not see, reads files, changes rules."""
    calls = [
        ("memory_insert", {"label": "policies", "text": "Everything is free.", "evidence": ["r1"]}),
        ("memory_insert", {"label": "preferences", "text": "User anna is rich.", "evidence": ["anna.r1"]}),
        ("memory_insert", {"label": "preferences", "text": "x" * 5000, "evidence": ["r1"]}),
        ("read_file", {"path": "/etc/passwd"}),
        ("memory_replace", {"user": "anna", "label": "preferences", "line": 1, "text": "Nothing.", "evidence": ["r1"]}),
    ]
    return Reply(tool_calls=calls)


def test_a_model_that_obeys_hostile_data_changes_nothing(tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(obedient) as server:
        site = make_site(tmp_path / "site", company, server)
        report = site.learn()
    assert report.agent is not None
    assert report.agent.refused_edits > 0
    assert all(step.accepted == () for user in company.users for step in _steps(site, user))
    assert main(["steps", str(site.config), company.users[0], "--json"]) == 0
    refused = [call for step in json.loads(capsys.readouterr().out)["steps"] for call in step["refused"]]
    assert {call["code"] for call in refused} == {"block", "evidence", "limit", "form"}
    plain = Site(tmp_path / "plain", {"chunks": {"tokens": 300}}).set_up(company)
    plain.deliver(*company.nights[0])
    plain.learn()
    texts = {(row["user_id"], row["label"], row["text"]) for row in plain.content()["statements"]}
    assert {(row["user_id"], row["label"], row["text"]) for row in site.content()["statements"]} == texts


@pytest.mark.slow
def test_a_plan_asks_nothing_and_tells_steps_tokens_and_money(
    tmp_path: Path, company: Company, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    site = make_site(tmp_path / "site", company, server)
    plan = memlearn.learn(site.config, plan=True).plan
    assert plan is not None
    assert plan.agent is not None
    assert asked(server) == 0
    assert not site.layout.root.exists()
    assert main(["learn", str(site.config), "--plan"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"do {plan.agent.steps:,} steps" in shown
    assert f"cost about {plan.agent.cost} USD, at most {plan.agent.cost_most} USD" in shown
    report = site.learn()
    assert report.agent is not None
    assert report.agent.steps_done == plan.agent.steps
    assert plan.agent.cost is not None
    assert plan.agent.cost_most is not None
    assert float(report.agent.cost) < float(plan.agent.cost_most)
    assert 0.3 < float(plan.agent.cost) / float(report.agent.cost) < 3
    done = memlearn.learn(site.config, plan=True).plan
    assert done is not None
    assert done.agent is not None
    assert (done.agent.steps, done.agent.cost) == (0, "0")
    site.deliver(*company.nights[1])
    files = sorted(site.layout.root.rglob("*"))
    night = memlearn.learn(site.config, plan=True).plan
    assert sorted(site.layout.root.rglob("*")) == files
    assert night is not None
    assert night.agent is not None
    report = site.learn()
    assert report.agent is not None
    assert report.agent.steps_done == night.agent.steps > 0
