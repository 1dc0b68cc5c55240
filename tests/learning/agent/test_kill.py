"""Killed at any moment, a run of the agent goes on where it stopped: nothing that was answered is asked, and paid, again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from companies import Site, make_company
from models import note_taker

import memlearn
from memlearn.learning.agent.money import to_amount
from memlearn.store import StoreLayout, open_release
from memlearn.store.journal import read_segment
from memlearn.testing import BATCH_LINE, CHAT, BatchRules, ModelServer

LEARN = "import memlearn, sys; print('begun', flush=True); memlearn.learn(sys.argv[1])"


@dataclass(frozen=True)
class Case:
    """A site that has not learned yet, what an undisturbed run makes of it, and how long that takes."""

    folder: Path
    mode: str
    digest: str
    seconds: float
    answers: int


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """A model that takes a while, so that a kill meets requests under way."""
    with ModelServer(note_taker, latency=0.01, batches=BatchRules(polls=3)) as server:
        yield server


@pytest.fixture(scope="module", params=["direct", "batch"])
def case(request: pytest.FixtureRequest, server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Five users, some chunks each."""
    company = make_company(3, users=5, events=100, nights=1, days=400)
    folder = tmp_path_factory.mktemp("kill")
    agent = {
        "model": "scripted",
        "base_url": server.base_url,
        "open_chunk": "always",
        "in_flight": 4,
        "mode": request.param,
        "processes": 2,
    }
    agent["prices"] = {"input": 1.0, "output": 2.0}
    agent["batch"] = {"poll_seconds": 0.05, "requests": 4}
    site = Site(folder / "site", {"chunks": {"tokens": 300}, "learning": {"manager": "agent", "agent": agent, "shards": 2}}).set_up(company)
    site.deliver(*company.nights[0])
    assert site.config.is_file()
    whole = Path(shutil.copytree(site.folder, folder / "undisturbed"))
    begun = time.perf_counter()
    _start(whole).communicate()
    seconds = time.perf_counter() - begun
    return Case(site.folder, request.param, _digest(whole), seconds, _journaled(whole)[0])


def _start(site: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", LEARN, str(site / "memlearn.yaml")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    return child


def _digest(site: Path) -> str:
    with open_release(StoreLayout(site / "store"), verify=True) as release:
        return release.manifest.content_digest


def _journaled(site: Path) -> tuple[int, int, int]:
    """Answers in the journals, different ones among them, and requests that have none."""
    names, asked = [], {}
    for path in sorted((site / "store" / "journals").glob("*.journal")):
        for _, record in read_segment(path):
            if record["type"] == "intent":
                asked[path.name, record["number"]] = (record["user"], record["step"], record["turn"], record["digest"])
            elif record["type"] == "reply":
                # The results of a batch may be in the journal of a later run.
                names.append(asked[record.get("of", path.name), record["number"]])
    return len(names), len(set(names)), len(asked) - len(names)


def _journaled_cost(site: Path) -> int:
    """Units of money that the journals tell of; what was under way may have cost the most that it could."""
    cost, under_way = 0, {}
    for path in sorted((site / "store" / "journals").glob("*.journal")):
        for _, record in read_segment(path):
            if record["type"] == "intent":
                under_way[path.name, record["number"]] = record["most"]
            elif record["type"] in ("reply", "failed"):
                del under_way[record.get("of", path.name), record["number"]]
                cost += record["cost"]
    return cost + sum(under_way.values())


def _check_kill(server: ModelServer, case: Case, folder: Path, seconds: float) -> None:
    site = Path(shutil.copytree(case.folder, folder))
    server.reset()
    child = _start(site)
    time.sleep(seconds)
    child.kill()
    child.communicate()
    # What the killed process had sent is answered to nobody, but counted.
    while server.counts()["in_flight"]:
        time.sleep(0.01)
    report = memlearn.learn(site / "memlearn.yaml")
    assert report.agent is not None
    answers, different, without = _journaled(site)
    sent = server.counts()["requests"].get(CHAT, {})
    assert _digest(site) == case.digest
    assert answers == different == case.answers
    costs = memlearn.status(site / "memlearn.yaml").agent
    assert costs is not None
    assert Decimal(costs.total.cost) == to_amount(_journaled_cost(site)) > 0
    # Each run is told to have cost what its own journal says.
    runs = {run.run_id: Decimal(run.cost or 0) for run in memlearn.status(site / "memlearn.yaml").runs}
    assert runs[report.run_id] == Decimal(report.agent.cost)
    assert sum(runs.values()) == Decimal(costs.total.cost)
    if case.mode == "direct":
        assert report.agent.possibly_paid_requests == without
        assert answers <= sum(sent.values()) <= answers + without
    else:
        # A batch goes on without us, and its results are taken later.
        assert (report.agent.possibly_paid_requests, sent) == (0, {})
        assert sum(server.counts()["requests"].get(BATCH_LINE, {}).values()) == answers
    shutil.rmtree(site)


@pytest.mark.slow
def test_killed_at_ten_moments(server: ModelServer, case: Case, tmp_path: Path) -> None:
    random = Random(21)
    for number in range(10):
        _check_kill(server, case, tmp_path / str(number), case.seconds * (number + random.random()) / 10)


@pytest.mark.soak
def test_killed_at_a_hundred_moments(server: ModelServer, case: Case, tmp_path: Path) -> None:
    random = Random(22)
    for number in range(100):
        _check_kill(server, case, tmp_path / str(number), case.seconds * (number + random.random()) / 100)
