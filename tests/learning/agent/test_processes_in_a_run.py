"""Runs whose requests are sent by processes of their own learn the same, also where such a process is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from companies import Site, make_company
from models import note_taker

from memlearn.learning.agent.config import AgentConfig
from memlearn.llm.chat import ChatClient
from memlearn.llm.processes import ClientProcesses
from memlearn.store.journal import read_segment
from memlearn.testing import CHAT, ModelServer, Reply, Request
from memlearn.wiring.agents import count_processes, make_agent
from memlearn.wiring.load import load_config


def make_site(folder: Path, server: ModelServer, **agent: Any) -> Site:
    company = make_company(3, users=4, events=60, nights=1, days=400, changes=False)
    settings = {"model": "scripted", "base_url": server.base_url, "open_chunk": "always", "in_flight": 4, **agent}
    site = Site(folder, {"chunks": {"tokens": 300}, "learning": {"manager": "agent", "agent": settings}}).set_up(company)
    site.deliver(*company.nights[0])
    return site


def senders() -> list[int]:
    """The processes that send for this one."""
    shown = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True)
    return [int(line.split()[0]) for line in shown.stdout.splitlines() if "memlearn.llm.sending" in line]


def records(site: Site) -> list[dict[str, Any]]:
    return [record for path in sorted(site.layout.journals.glob("*.journal")) for _, record in read_segment(path)]


@pytest.mark.slow
def test_a_killed_sender_costs_neither_attempts_nor_what_is_learned(tmp_path: Path) -> None:
    asked, killed = 0, []

    def kill_some(request: Request) -> Reply:
        nonlocal asked
        asked += 1
        if asked in (4, 9):
            killed.extend(senders())
            for pid in killed[-1:]:
                os.kill(pid, signal.SIGKILL)
        return note_taker(request)

    with ModelServer(note_taker) as server:
        whole = make_site(tmp_path / "whole", server, processes=0)
        whole.learn()
        assert senders() == []
    with ModelServer(kill_some, latency=0.01) as server:
        site = make_site(tmp_path / "site", server, processes=1, attempts=1, in_flight=16)
        report = site.learn()
        sent = sum(server.counts()["requests"][CHAT].values())
    assert len(set(killed)) == 2
    assert senders() == []
    assert site.digest() == whole.digest()
    assert report.agent is not None
    assert (report.agent.steps_skipped, report.agent.stopped) == (0, None)
    told = records(site)
    failed = [record for record in told if record["type"] == "failed"]
    assert failed
    assert {record["kind"] for record in failed} == {"process"}
    replies = sum(record["type"] == "reply" for record in told)
    assert replies == sum(record["type"] == "reply" for record in records(whole))
    assert replies <= sent <= replies + len(failed)


@pytest.mark.slow
def test_who_sends_makes_no_other_agent(tmp_path: Path) -> None:
    with ModelServer(note_taker) as server:
        site = make_site(tmp_path / "site", server, processes=2)
        assert site.learn().published
        site.settings["learning"]["agent"]["processes"] = 0
        report = site.learn()
    assert not report.published
    assert report.agent is not None
    assert report.agent.steps_done == 0


def test_batches_of_an_earlier_run_are_taken_up_beside_processes_that_send(tmp_path: Path) -> None:
    async def work(site: Site) -> tuple[type[object], tuple[str, ...], int]:
        agent = make_agent(load_config(site.config))
        client = agent.client()
        assert agent.batches is not None
        try:
            return type(client), tuple(await agent.batches(client).find("of nobody")), len(senders())
        finally:
            await client.close()

    with ModelServer(note_taker) as server:
        direct = make_site(tmp_path / "direct", server, processes=2)
        assert asyncio.run(work(direct)) == (ClientProcesses, (), 2)
        # Whoever sends batches alone needs none.
        batch = make_site(tmp_path / "batch", server, processes=2, mode="batch")
        assert asyncio.run(work(batch)) == (ChatClient, (), 0)


@pytest.mark.parametrize(
    ("settings", "cores", "expected"),
    [({}, 8, 0), ({"in_flight": 32}, 2, 1), ({"in_flight": 32}, 1, 0), ({"in_flight": 32, "processes": 0}, 8, 0), ({"processes": 3}, 1, 3)],
)
def test_by_default_a_process_is_started_where_it_gains(settings: dict[str, int], cores: int, expected: int) -> None:
    assert count_processes(AgentConfig(model="m", **settings), cores) == expected
