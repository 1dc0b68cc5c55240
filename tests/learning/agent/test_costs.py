"""What the agent cost: by run, user, block and statement, in the books, in `status` and in what a run reports."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from companies import Company, make_company
from hypothesis import given
from hypothesis import strategies as st
from models import agent_site, note_taker

import memlearn
from memlearn.cli import main
from memlearn.learning.agent.costs import divide
from memlearn.testing import Contains, Fault, ModelServer


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(3, users=3, events=30, nights=2, days=300, changes=False)


@given(st.integers(0, 10**15), st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_parts_add_up_to_the_whole(amount: int, weights: list[int]) -> None:
    parts = divide(amount, weights)
    assert sum(parts) == amount
    assert all(abs(part - amount * weight / sum(weights)) <= 1 + amount * 1e-12 for part, weight in zip(parts, weights, strict=True))


@pytest.mark.slow
def test_costs_are_told_by_run_user_block_and_statement(tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(note_taker) as server:
        site = agent_site(tmp_path / "site", company, server)
        first = site.learn()
        site.deliver(*company.nights[1])
        second = site.learn()
        # Steps that are done again are paid again.
        site.settings["learning"]["on_manager_change"] = "relearn"
        site.settings["learning"]["agent"]["options"] = {"temperature": 0}
        third = site.learn()
    status = memlearn.status(site.config)
    assert status.agent is not None
    reports = [report.agent for report in (third, second, first) if report.agent is not None]
    assert [run.cost for run in status.runs] == [report.cost for report in reports]
    total = sum(Decimal(report.cost) for report in reports)
    assert Decimal(status.agent.total.cost) == total > 0
    for costs in (status.agent.users, status.agent.blocks):
        assert sum(Decimal(cost.cost) for cost in costs) == total
        assert sum(cost.statements for cost in costs) == status.agent.total.statements
        assert [Decimal(cost.cost) for cost in costs] == sorted((Decimal(cost.cost) for cost in costs), reverse=True)
    assert {user.name for user in status.agent.users} == set(company.users)
    assert {block.name for block in status.agent.blocks} <= {"preferences", None}
    mean = status.agent.total.cost_per_statement
    assert mean is not None
    assert Decimal(mean) * status.agent.total.statements == pytest.approx(total)
    assert (status.agent.currency, status.agent.warnings) == ("USD", ())
    capsys.readouterr()
    assert main(["status", str(site.config)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{status.agent.requests:,} requests, {status.agent.total.statements:,} accepted statements" in shown
    assert "dearest users cost statements each" in shown
    assert main(["status", str(site.config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agent"]["total"]["cost"] == status.agent.total.cost


@pytest.mark.slow
def test_a_stop_is_told_with_the_way_on_and_what_it_cost_is_kept(
    tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(note_taker) as server:
        site = agent_site(tmp_path / "site", company, server, in_flight=1)
        assert main(["learn", str(site.config), "--max-cost", "0.02"]) == 0
        told = capsys.readouterr()
        warned = " ".join(told.err.split())
        assert "The agent stopped before it had read everything: The next request may cost up to" in warned
        assert "Raise the cap to go on" in warned
        assert "the next `memlearn learn CONFIG` goes on with them" in warned
        assert "steps left" in told.out
        stopped = memlearn.status(site.config)
        assert stopped.agent is not None
        assert stopped.agent.unfinished_users > 0
        assert "Raise the cap" in stopped.agent.warnings[0]
        assert stopped.runs[0].cost is not None
        assert 0 < Decimal(stopped.runs[0].cost) <= Decimal("0.02")
        again = site.learn()
    assert again.agent is not None
    assert again.agent.stopped is None
    assert not any("agent" in warning for warning in again.warnings)
    done = memlearn.status(site.config)
    assert done.agent is not None
    assert (done.agent.warnings, done.agent.unfinished_users) == ((), 0)
    assert Decimal(done.agent.total.cost) == Decimal(stopped.runs[0].cost) + Decimal(again.agent.cost)


@pytest.mark.slow
def test_skipped_steps_are_told_until_they_are_done(tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    user = company.users[0]
    with ModelServer(note_taker) as server:
        whole = agent_site(tmp_path / "whole", company, server)
        whole.learn(users=[user])
        asked = memlearn.steps(whole.config, user, full=True).steps[0].exchanges[0].asked[0]
        row = next(line for line in asked.splitlines() if line.startswith("r1 "))
        site = agent_site(tmp_path / "site", company, server, attempts=1)
        server.set_faults([Fault("500", when=Contains(row))])
        report = site.learn()
        assert any("have no answer and were left out, the first of user" in warning for warning in report.warnings)
        assert any("`memlearn learn CONFIG --retry-skipped` does them again." in warning for warning in report.warnings)
        capsys.readouterr()
        assert main(["status", str(site.config)]) == 0
        assert "--retry-skipped" in " ".join(capsys.readouterr().out.split())
        server.set_faults([])
        assert not any("agent" in warning for warning in site.learn(retry_skipped=True).warnings)
    status = memlearn.status(site.config)
    assert status.agent is not None
    assert (status.agent.steps_skipped, status.agent.warnings) == (0, ())


def test_without_an_agent_nothing_is_said_of_costs(tmp_path: Path, company: Company) -> None:
    with ModelServer(note_taker) as server:
        site = agent_site(tmp_path / "site", company, server)
    site.settings = {}
    site.learn()
    status = memlearn.status(site.config)
    assert status.agent is None
    assert [run.cost for run in status.runs] == [None]
