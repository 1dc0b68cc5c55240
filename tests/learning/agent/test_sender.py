from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from memlearn.learning.agent.money import CapReachedError, Purse, Rates
from memlearn.learning.agent.pace import Pace
from memlearn.learning.agent.sender import Asked, NotAnsweredError, Sender, Spent
from memlearn.llm.chat import ChatClient
from memlearn.llm.config import ModelConfig, Prices
from memlearn.llm.messages import ChatReply, ChatRequest, Message
from memlearn.llm.model_error import ModelError
from memlearn.store.journal import JournalWriter, Place, Record, read_segment
from memlearn.testing import Every, Fault, ModelServer, Nth, echo

RATES = Rates.of(Prices(input=1, output=2))
ASKED = Asked("anna", "ab" * 16, 0)


def request(text: str = "Hello", system: str = "Be brief.") -> ChatRequest:
    return ChatRequest((Message("system", system), Message("user", text)), max_tokens=20)


class Site:
    """A server, a journal and a sender that knows what an earlier journal holds."""

    def __init__(self, folder: Path, server: ModelServer, *, name: str = "run-1", cap: int | None = None, **settings: Any) -> None:
        self.journal = JournalWriter(folder, name)
        self.purse = Purse(cap)
        self.client = ChatClient(ModelConfig(model="scripted", base_url=server.base_url, timeout=settings.pop("timeout", 5.0)), {})
        self.replies = replies_in(folder)
        self.sender = Sender(
            self.client,
            {"model": "scripted"},
            self.journal,
            lambda asked, digest: self.replies.get((asked.step, asked.turn, digest)),
            settings.pop("pace", None) or Pace(8),
            self.purse,
            settings.pop("rates", RATES),
            **{"attempts": 3, "backoff": 0.01, **settings},
        )

    def run(self, *work: Coroutine[Any, Any, Any]) -> list[Any]:
        async def together() -> list[Any]:
            try:
                return await asyncio.gather(*work, return_exceptions=True)
            finally:
                await self.client.close()

        with closing(self.journal):
            return asyncio.run(together())

    def records(self, kind: str | None = None) -> list[dict[str, Any]]:
        return [record for _, record in read_segment(self.journal.path) if kind in (None, record["type"])]


def replies_in(folder: Path) -> dict[tuple[str, int, str], ChatReply]:
    found = {}
    for path in sorted(folder.glob("*.journal")):
        intents = {}
        for _, record in read_segment(path):
            if record["type"] == "intent":
                intents[record["number"]] = (record["step"], record["turn"], record["digest"])
            elif record["type"] == "reply":
                found[intents[record["number"]]] = ChatReply.of_json(record["reply"])
    return found


def test_intent_and_answer_are_in_the_journal_with_all_that_was_said(tmp_path: Path) -> None:
    with ModelServer(echo) as server:
        site, spent = Site(tmp_path, server), Spent()
        (reply,) = site.run(site.sender.ask(ASKED, request(), spent))
    text, intent, answer = site.records()
    assert (text["type"], text["text"]) == ("text", "Be brief.")
    assert (intent["type"], intent["user"], intent["step"], intent["turn"], intent["attempt"]) == ("intent", "anna", "ab" * 16, 0, 0)
    assert intent["messages"] == [{"role": "user", "text": "Hello"}]
    assert intent["system"] == text["digest"]
    assert ChatReply.of_json(answer["reply"]) == reply
    assert answer["cost"] == RATES.cost(reply.usage) <= intent["most"]
    assert (spent.requests, spent.cost, spent.perhaps) == (1, answer["cost"], 0)
    assert (site.purse.spent, site.purse.reserved) == (answer["cost"], 0)


def test_a_place_in_flight_is_free_while_records_are_written(tmp_path: Path) -> None:
    flying: dict[str, int] = {}
    with ModelServer(echo) as server:
        site = Site(tmp_path, server)
        write, ask = site.journal.append, site.sender.client.ask

        def append(record: Record) -> Future[Place]:
            flying[record["type"]] = site.sender.pace.flying
            return write(record)

        async def ask_noted(content: bytes) -> ChatReply:
            flying["asked"] = site.sender.pace.flying
            return await ask(content)

        site.journal.append = append  # type: ignore[method-assign]
        site.sender.client.ask = ask_noted  # type: ignore[method-assign]
        site.run(site.sender.ask(ASKED, request(), Spent()))
    assert flying == {"text": 0, "intent": 0, "asked": 1, "reply": 0}
    assert site.sender.pace.flying == 0


def test_what_is_journaled_is_never_sent_again(tmp_path: Path) -> None:
    with ModelServer(echo) as server:
        first = Site(tmp_path, server)
        (reply,) = first.run(first.sender.ask(ASKED, request(), Spent()))
        again, spent = Site(tmp_path, server, name="run-2"), Spent()
        same, other = again.run(again.sender.ask(ASKED, request(), spent), again.sender.ask(ASKED, request("Other"), Spent()))
        assert same == reply
        assert other != reply
        assert spent == Spent()
        assert len(again.records("intent")) == 1
    with ModelServer(echo) as server:
        third = Site(tmp_path, server, name="run-3")
        replies = third.run(*(third.sender.ask(ASKED, request(text), Spent()) for text in ("Hello", "Other")))
        assert replies == [reply, other]
        assert third.records() == []


def test_intent_is_on_disk_before_the_server_sees_the_request(tmp_path: Path) -> None:
    seen: list[int] = []

    def script(body: Any) -> Any:
        seen.append(len(site.records("intent")))
        return echo(body)

    with ModelServer(script) as server:
        site = Site(tmp_path, server)
        site.run(*(site.sender.ask(ASKED, request(str(number)), Spent()) for number in range(5)))
    assert all(written >= number for number, written in enumerate(seen, 1))


@pytest.mark.parametrize("kind", ["429", "500", "502", "reset", "half_json", "timeout"])
def test_what_may_pass_is_tried_again(tmp_path: Path, kind: Any) -> None:
    with ModelServer(echo, faults=[Fault(kind, times=2)]) as server:
        site, spent = Site(tmp_path, server, timeout=0.4), Spent()
        (reply,) = site.run(site.sender.ask(ASKED, request(), spent))
    assert isinstance(reply, ChatReply)
    assert [record["attempt"] for record in site.records("intent")] == [0, 1, 2]
    assert [record["kind"] for record in site.records("failed")] == [site.records("failed")[0]["kind"]] * 2
    assert spent.requests == 3
    # What an attempt without an answer cost is unknown, except where the endpoint only said that it is too busy.
    most = site.records("intent")[0]["most"]
    assert spent.perhaps == (0 if kind == "429" else 2 * most)
    assert site.purse.spent == spent.cost


def test_after_the_last_attempt_the_reason_is_told(tmp_path: Path) -> None:
    with ModelServer(echo, faults=[Fault("500")]) as server:
        site = Site(tmp_path, server)
        (error,) = site.run(site.sender.ask(ASKED, request(), Spent()))
    assert isinstance(error, NotAnsweredError)
    assert "No answer after 3 attempts" in str(error)
    assert "answered 500" in str(error)


@pytest.mark.parametrize(("kind", "told"), [("400", "rejected"), ("401", "access"), ("context_length", "context_length")])
def test_what_will_never_pass_is_not_tried_again(tmp_path: Path, kind: Any, told: str) -> None:
    with ModelServer(echo, faults=[Fault(kind)]) as server:
        site = Site(tmp_path, server)
        (error,) = site.run(site.sender.ask(ASKED, request(), Spent()))
    assert isinstance(error, ModelError)
    assert error.kind == told
    assert len(site.records("intent")) == 1
    assert (site.purse.spent, site.purse.reserved) == (0, 0)


def test_the_endpoint_tells_how_long_to_wait(tmp_path: Path) -> None:
    with ModelServer(echo, faults=[Fault("429", Nth(1), retry_after=0.7)]) as server:
        site = Site(tmp_path, server)
        loop_time: list[float] = []

        async def timed() -> None:
            loop_time.append(asyncio.get_running_loop().time())
            await site.sender.ask(ASKED, request(), Spent())
            loop_time.append(asyncio.get_running_loop().time())

        site.run(timed())
    assert loop_time[1] - loop_time[0] >= 0.7


def test_no_request_leaves_that_could_pass_the_cap(tmp_path: Path) -> None:
    with ModelServer(echo, faults=[Fault("500", Every(3))]) as server:
        most = RATES.most(len(Site(tmp_path / "none", server).client.encode(request("00"))), 20)
        site = Site(tmp_path, server, cap=most * 4)
        results = site.run(*(site.sender.ask(ASKED, request(f"{number:02d}"), Spent()) for number in range(40)))
        stopped = [result for result in results if isinstance(result, CapReachedError)]
        assert stopped
        assert any(isinstance(result, ChatReply) for result in results)
        assert site.purse.spent <= most * 4
        assert site.purse.reserved == 0
        charged = sum(record["cost"] for record in site.records() if record["type"] in ("reply", "failed"))
        assert charged == site.purse.spent


def test_who_finds_the_cap_reserved_waits_for_what_is_under_way(tmp_path: Path) -> None:
    with ModelServer(echo, latency=0.05) as server:
        most = RATES.most(len(Site(tmp_path / "none", server).client.encode(request("00"))), 20)
        site = Site(tmp_path, server, cap=most * 4)
        results = site.run(*(site.sender.ask(ASKED, request(f"{number:02d}"), Spent()) for number in range(40)))
    answered = [result for result in results if isinstance(result, ChatReply)]
    # Twice as many as could have been reserved together, and more.
    assert len(answered) > 8
    assert most * 3 < site.purse.spent <= most * 4


def test_an_answer_without_usage_keeps_its_reservation(tmp_path: Path) -> None:
    with ModelServer(echo, usage=False) as server:
        site, spent = Site(tmp_path, server), Spent()
        site.run(site.sender.ask(ASKED, request(), spent))
    (intent,) = site.records("intent")
    assert spent.cost == spent.perhaps == site.purse.spent == intent["most"]


def test_who_is_interrupted_leaves_an_intent_and_a_kept_reservation(tmp_path: Path) -> None:
    async def interrupted() -> None:
        task = asyncio.create_task(site.sender.ask(ASKED, request(), Spent()))
        assert await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def slow(_: Any) -> float:
        arrived.set()
        return 5.0

    arrived = Event()
    with ModelServer(echo, latency=slow) as server:
        site = Site(tmp_path, server)
        site.run(interrupted())
    assert [record["type"] for record in site.records()] == ["text", "intent"]
    assert site.purse.reserved == 0
    assert site.purse.spent == site.records("intent")[0]["most"]
    assert site.sender.pace.flying == 0


def test_without_prices_nothing_is_reserved(tmp_path: Path) -> None:
    with ModelServer(echo) as server:
        site, spent = Site(tmp_path, server, rates=None, cap=0), Spent()
        (reply,) = site.run(site.sender.ask(ASKED, request(), spent))
    assert isinstance(reply, ChatReply)
    assert spent.cost == 0
