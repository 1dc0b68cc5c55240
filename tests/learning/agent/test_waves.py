"""Batch mode, against a real batch API on loopback: the same memory, in waves, at half the price, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from companies import Company, Site, make_company
from models import note_taker

import memlearn
from memlearn.cli import main
from memlearn.learning.agent.money import to_amount
from memlearn.store.journal import read_segment
from memlearn.testing import BATCH_LINE, BATCHES, CHAT, BatchRules, Contains, Fault, ModelServer, Nth

PRICES = {"input": 1.0, "output": 2.0, "batch_share": 0.5}
FILES = "POST /v1/files"


@pytest.fixture(scope="module")
def company() -> Company:
    """Four users with some chunks each."""
    return make_company(3, users=4, events=60, nights=2, days=400, changes=False)


@contextmanager
def serving(**settings: Any) -> Iterator[ModelServer]:
    with ModelServer(note_taker, **settings) as server:
        yield server


def make_site(folder: Path, company: Company, server: ModelServer, mode: str = "batch", nights: int = 1, **agent: Any) -> Site:
    """A site that has not learned yet."""
    settings: dict[str, Any] = {"model": "scripted", "base_url": server.base_url, "open_chunk": "always", "prices": PRICES, "mode": mode}
    settings |= {"batch": {"poll_seconds": 0.02}} | agent
    site = Site(folder, {"chunks": {"tokens": 300}, "learning": {"manager": "agent", "agent": settings}}).set_up(company)
    for night in company.nights[:nights]:
        site.deliver(*night)
    return site


@pytest.fixture(scope="module")
def direct(company: Company, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, memlearn.LearnReport]:
    """What is learned by requests one by one."""
    with serving() as server:
        site = make_site(tmp_path_factory.mktemp("direct") / "site", company, server, "direct")
        report = site.learn()
        return site.digest(), report


def lines(server: ModelServer) -> int:
    """Requests that batches carried out."""
    return sum(server.counts()["requests"].get(BATCH_LINE, {}).values())


def batches(server: ModelServer) -> int:
    return sum(server.counts()["requests"].get(BATCHES, {}).values())


@pytest.mark.slow
def test_batches_learn_what_single_requests_learn_at_their_price(
    tmp_path: Path, company: Company, direct: tuple[str, memlearn.LearnReport]
) -> None:
    digest, alone = direct
    assert alone.agent is not None
    with serving() as server:
        site = make_site(tmp_path / "site", company, server)
        report = site.learn()
        assert CHAT not in server.counts()["requests"]
        sent, jobs = lines(server), batches(server)
        again = site.learn()
        assert lines(server) == sent
    assert report.agent is not None
    assert site.digest() == digest
    assert not again.published
    assert report.agent.steps_done == alone.agent.steps_done
    assert float(report.agent.cost) == pytest.approx(float(alone.agent.cost) / 2)
    steps = [step for user in company.users for step in memlearn.steps(site.config, user, full=True).steps]
    assert sum(step.requests for step in steps) == sent == sum(len(step.exchanges) for step in steps)
    # One job for each wave; no user asks more often than there are waves.
    most = max(sum(step.requests for step in memlearn.steps(site.config, user).steps) for user in company.users)
    assert jobs == most
    assert memlearn.replay(site.config, report.run_id).same


@pytest.mark.slow
def test_a_night_asks_for_what_is_new_alone(tmp_path: Path, company: Company) -> None:
    with serving() as server:
        site = make_site(tmp_path / "site", company, server)
        site.learn()
        site.deliver(*company.nights[1])
        second = site.learn()
        assert second.agent is not None
        assert second.agent.steps_reused > 0
        once = make_site(tmp_path / "once", company, server, "direct", nights=2)
        once.learn()
    assert site.digest() == once.digest()


QUICK = ("lines",)
FAULTS: dict[str, Callable[[], dict[str, Any]]] = {
    "expired": lambda: {"faults": [Fault("batch_expired", when=Nth(1))]},
    "failed once": lambda: {"faults": [Fault("batch_failed", when=Nth(2))]},
    "upload": lambda: {"faults": [Fault("500", when=Nth(1), endpoint=FILES), Fault("reset", when=Nth(2), endpoint=BATCHES)]},
    "lost answer": lambda: {"faults": [Fault("half_json", when=Nth(1), endpoint=BATCHES)]},
    "small files": lambda: {"batches": BatchRules(max_bytes=14_000)},
    "few lines": lambda: {"batches": BatchRules(max_requests=3)},
    "crowded": lambda: {"batches": BatchRules(max_enqueued_tokens=9000)},
    "lines": lambda: {"faults": [Fault("500", when=Nth(2), endpoint=BATCH_LINE), Fault("no_choices", when=Nth(5), endpoint=BATCH_LINE)]},
}


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAULTS])
def test_whatever_goes_wrong_on_the_way_the_memory_is_the_same(
    tmp_path: Path, company: Company, direct: tuple[str, memlearn.LearnReport], name: str
) -> None:
    batch = {"poll_seconds": 0.02, "requests": 2} if name == "crowded" else {"poll_seconds": 0.02}
    with serving(**FAULTS[name]()) as server:
        site = make_site(tmp_path / "site", company, server, batch=batch)
        report = site.learn()
    assert report.agent is not None
    assert (report.agent.stopped, report.agent.steps_skipped) == (None, 0)
    assert site.digest() == direct[0]


@pytest.mark.slow
def test_limits_of_a_job_are_kept(tmp_path: Path, company: Company, direct: tuple[str, memlearn.LearnReport]) -> None:
    with serving(batches=BatchRules(max_requests=2)) as server:
        site = make_site(tmp_path / "site", company, server, batch={"poll_seconds": 0.02, "requests": 2, "at_once": 1})
        site.learn()
        assert set(server.counts()["requests"][BATCHES]) == {"200"}
    assert site.digest() == direct[0]


@pytest.mark.slow
def test_a_line_without_an_answer_is_skipped_told_and_retried(
    tmp_path: Path, company: Company, direct: tuple[str, memlearn.LearnReport]
) -> None:
    with serving() as server:
        site = make_site(tmp_path / "site", company, server, attempts=2)
        server.set_faults([Fault("500", when=Contains(_first_row(tmp_path, company, server)), endpoint=BATCH_LINE)])
        report = site.learn()
        assert report.agent is not None
        assert report.agent.steps_skipped == 1
        assert report.agent.stopped is None
        assert "No answer after 2 batches" in report.agent.skipped[0]
        server.set_faults([])
        retried = site.learn(retry_skipped=True)
    assert retried.agent is not None
    assert retried.agent.steps_skipped == 0
    assert site.digest() == direct[0]


def _first_row(folder: Path, company: Company, server: ModelServer) -> str:
    """The first row of the last user's first step, as it is shown."""
    site = make_site(folder / "look", company, server)
    site.learn()
    asked = memlearn.steps(site.config, company.users[-1], full=True).steps[0].exchanges[0].asked[0]
    return next(line for line in asked.splitlines() if line.startswith("r1 "))


@pytest.mark.slow
def test_a_cap_stops_cleanly_and_a_later_run_goes_on(tmp_path: Path, company: Company, direct: tuple[str, memlearn.LearnReport]) -> None:
    with serving() as server:
        whole = make_site(tmp_path / "whole", company, server)
        full = whole.learn()
        assert full.agent is not None
        cost = float(full.agent.cost)
        site = make_site(tmp_path / "site", company, server)
        spent, runs, sent = 0.0, 0, lines(server)
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
        assert lines(server) - sent == sent
    assert site.digest() == direct[0]
    assert spent == pytest.approx(cost)


@pytest.mark.slow
def test_what_the_cap_leaves_no_room_for_in_one_wave_goes_with_the_next(
    tmp_path: Path, company: Company, direct: tuple[str, memlearn.LearnReport]
) -> None:
    with serving() as server:
        whole = make_site(tmp_path / "whole", company, server)
        full = whole.learn()
        assert full.agent is not None
        records = [record for path in whole.layout.journals.glob("*.journal") for _, record in read_segment(path)]
        most = sorted(record["most"] for record in records if record["type"] == "intent")
        cap = Decimal(full.agent.cost) + to_amount(most[-1])
        # The first requests of all users cannot be reserved together.
        assert to_amount(sum(most[: len(company.users)])) > cap
        site = make_site(tmp_path / "site", company, server)
        report = site.learn(max_cost=float(cap))
    assert report.agent is not None
    assert (report.agent.stopped, report.agent.cost) == (None, full.agent.cost)
    assert site.digest() == direct[0]


@pytest.mark.slow
@pytest.mark.parametrize("switch", ["batch", pytest.param("direct", marks=pytest.mark.slow)])
def test_a_provider_that_is_gone_leaves_its_batches_to_the_next_run(
    tmp_path: Path, company: Company, direct: tuple[str, memlearn.LearnReport], switch: str
) -> None:
    with serving() as server:
        site = make_site(tmp_path / "site", company, server, attempts=2)
        server.set_faults([Fault("500", endpoint="GET /v1/batches/{id}")])
        report = site.learn()
        assert report.agent is not None
        assert report.agent.stopped is not None
        assert "cannot be asked" in report.agent.stopped
        assert report.agent.unfinished_users == len(company.users)
        assert batches(server) == 1
        server.set_faults([])
        _set(site, mode=switch)
        again = site.learn()
        assert again.agent is not None
        assert again.agent.stopped is None
        paid = lines(server) + sum(server.counts()["requests"].get(CHAT, {}).values())
    assert site.digest() == direct[0]
    answered = [record for path in site.layout.journals.glob("*.journal") for _, record in read_segment(path) if record["type"] == "reply"]
    # Nothing was asked, or paid, twice.
    assert len(answered) == paid


@pytest.mark.slow
def test_an_endpoint_without_batches_says_so(tmp_path: Path, company: Company) -> None:
    with serving(faults=[Fault("404", endpoint=FILES)]) as server:
        site = make_site(tmp_path / "site", company, server)
        report = site.learn()
    assert report.agent is not None
    assert report.agent.stopped is not None
    assert "404" in report.agent.stopped
    assert report.published


@pytest.mark.slow
def test_a_plan_tells_waves_and_their_worst_case(tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        site = make_site(tmp_path / "site", company, server, open_chunk="never")
        site.learn()
        sent = lines(server)
        _set(site, open_chunk="always")
        found = memlearn.learn(site.config, plan=True)
        assert lines(server) == sent
        assert main(["learn", str(site.config), "--plan"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
    assert found.plan is not None
    plan = found.plan.agent
    assert plan is not None
    assert plan.waves == 1
    assert plan.waves_most == 4
    assert plan.hours_most == 96
    assert "1 waves of batches" in shown
    assert "96 hours" in shown


def _set(site: Site, **agent: Any) -> None:
    """Change settings of the agent."""
    site.settings["learning"]["agent"].update(agent)
