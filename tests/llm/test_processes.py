"""Processes that send requests do for the caller what the client in its own process does, also where they are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from memlearn.errors import ConfigError
from memlearn.llm.chat import ChatClient
from memlearn.llm.config import ModelConfig
from memlearn.llm.messages import ChatReply, ChatRequest, Message, Tool
from memlearn.llm.model_error import ModelError
from memlearn.llm.processes import ClientProcesses
from memlearn.testing import CHAT, Fault, ModelServer, Reply, Request, echo

TOOL = Tool("note", "Notes a text.", {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]})
REQUEST = ChatRequest((Message("system", "Be brief."), Message("user", "Bücher & “more” \U0001f4da")), 50, (TOOL,))
HANG = Fault("timeout")

Told = ChatReply | dict[str, Any]


def numbered(number: int) -> ChatRequest:
    return ChatRequest((Message("user", f"Number {number}."),), 50)


@asynccontextmanager
async def opened(server: ModelServer, processes: int = 1, key: str = "", **config: Any) -> AsyncIterator[ClientProcesses]:
    settings = ModelConfig(model="scripted", **{"base_url": server.base_url, **config})
    client = ClientProcesses(settings, {settings.api_key_env: key}, processes)
    try:
        async with asyncio.timeout(60):
            yield client
    finally:
        await client.close()


async def tell(ask: Callable[[bytes], Awaitable[ChatReply]], content: bytes) -> Told:
    """The reply, or all of the error."""
    try:
        return await ask(content)
    except ModelError as error:
        return error.to_json()


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110  other threads and processes tell nobody
        await asyncio.sleep(0.005)


def command_line(pid: int) -> str:
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout


def in_flight(server: ModelServer) -> int:
    return int(server.counts()["in_flight"])


def noting(_: Request) -> Reply:
    return Reply("Hello \ud83d.", [("note", {"text": "ü"})], usage={"prompt_tokens": 7, "completion_tokens": 3})


@pytest.mark.slow
def test_answers_and_every_fault_are_those_of_the_client_in_this_process() -> None:
    kinds = ("400", "401", "403", "404", "500", "502", "context_length", "reset", "reset_body", "timeout", "half_json", "no_choices")
    faults = [*map(Fault, kinds), Fault("429", retry_after=7), Fault("503", retry_after=2.5)]

    async def work() -> None:
        with ModelServer(noting, api_key="right") as server:
            settings = ModelConfig(model="scripted", base_url=server.base_url, timeout=1.0, options={"temperature": 0, "seed": 7})
            here = ChatClient(settings, {"OPENAI_API_KEY": "right"})
            async with opened(server, key="right", timeout=1.0, options={"temperature": 0, "seed": 7}) as there:
                content = here.encode(REQUEST)
                assert there.encode(REQUEST) == content
                assert await there.ask(content) == await here.ask(content)
                for fault in faults:
                    server.set_faults([fault])
                    error = await tell(there.ask, content)
                    assert isinstance(error, dict)
                    assert error == await tell(here.ask, content)
            await here.close()

    asyncio.run(work())


def test_many_requests_go_side_by_side_through_all_processes_and_each_gets_its_own_answer() -> None:
    async def work() -> None:
        with ModelServer(echo, latency=0.05) as server:
            async with opened(server, processes=2) as client:
                replies = await asyncio.gather(*(client.ask(client.encode(numbered(number))) for number in range(60)))
                assert [f"Number {number}." in reply.text for number, reply in enumerate(replies)] == [True] * 60
                assert len(set(client.pids)) == 2
            counts = server.counts()
        assert counts["requests"][CHAT] == {"200": 60}
        assert counts["in_flight_most"] > 10

    asyncio.run(work())


def test_nothing_secret_stands_on_the_command_line() -> None:
    async def work() -> None:
        with ModelServer(echo, api_key="very-secret") as server:
            async with opened(server, key="very-secret") as client:
                await client.ask(client.encode(REQUEST))
                (pid,) = client.pids
                shown = command_line(pid)
                assert "memlearn.llm.sending" in shown
                assert "very-secret" not in shown

    asyncio.run(work())


def test_a_cancelled_request_is_broken_off_and_the_process_goes_on() -> None:
    async def work() -> None:
        with ModelServer(echo, faults=[HANG]) as server:
            async with opened(server) as client:
                asked = asyncio.create_task(client.ask(client.encode(REQUEST)))
                await until(lambda: in_flight(server) == 1)
                (pid,) = client.pids
                asked.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asked
                await until(lambda: in_flight(server) == 0)
                server.set_faults([])
                assert (await client.ask(client.encode(REQUEST))).text
                assert client.pids == (pid,)

    asyncio.run(work())


@pytest.mark.slow
def test_what_a_killed_process_had_under_way_fails_as_if_cut_and_another_process_goes_on() -> None:
    async def work() -> None:
        with ModelServer(echo, faults=[HANG]) as server:
            async with opened(server, processes=2) as client:
                asked = [asyncio.create_task(tell(client.ask, client.encode(numbered(number)))) for number in range(6)]
                await until(lambda: in_flight(server) == 6)
                killed, other = client.pids
                os.kill(killed, signal.SIGKILL)
                done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                assert (len(done), len(waiting)) == (3, 3)
                for task in done:
                    error = task.result()
                    assert isinstance(error, dict)
                    assert (error["kind"], error["paid"], error["retry_after"]) == ("process", "perhaps", None)
                    assert "ended with code -9" in error["message"]
                server.set_faults([])
                replies = await asyncio.gather(*(client.ask(client.encode(numbered(number))) for number in range(8)))
                assert all(reply.text for reply in replies)
                assert len(set(client.pids) - {killed}) == 2
                assert other in client.pids
                for task in waiting:
                    task.cancel()

    asyncio.run(work())


@pytest.mark.slow
def test_killed_again_and_again_it_is_started_as_long_as_it_answers() -> None:
    async def work() -> None:
        with ModelServer(echo) as server:
            async with opened(server) as client:
                seen = set()
                for number in range(5):
                    assert f"Number {number}." in (await client.ask(client.encode(numbered(number)))).text
                    (pid,) = client.pids
                    seen.add(pid)
                    os.kill(pid, signal.SIGKILL)
                    await until(lambda: client.pids == ())
                assert len(seen) == 5

    asyncio.run(work())


@pytest.mark.parametrize("python", ["/bin/false", "/nowhere/python"])
def test_where_no_process_can_be_started_requests_are_sent_from_here(python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", python)

    async def work() -> None:
        with ModelServer(echo) as server:
            async with opened(server, processes=2) as client:
                replies = await asyncio.gather(*(client.ask(client.encode(numbered(number))) for number in range(4)))
                assert all(reply.text for reply in replies)
                assert client.pids == ()
            assert server.counts()["requests"][CHAT] == {"200": 4}

    asyncio.run(work())


def test_a_process_takes_no_interrupt_and_ends_with_its_client() -> None:
    async def work() -> None:
        with ModelServer(echo) as server:
            async with opened(server) as client:
                await client.ask(client.encode(REQUEST))
                (pid,) = client.pids
                assert os.getpgid(pid) != os.getpgrp()
                os.kill(pid, signal.SIGINT)
                assert (await client.ask(client.encode(REQUEST))).text
                assert client.pids == (pid,)
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    asyncio.run(work())


HANGING = """
import asyncio, sys
from memlearn.llm.config import ModelConfig
from memlearn.llm.processes import ClientProcesses

async def work():
    client = ClientProcesses(ModelConfig(model="scripted", base_url=sys.argv[1]), {}, 2)
    await asyncio.gather(*(client.ask(b'{"model": "scripted", "messages": [{"role": "user", "content": "a"}]}') for _ in range(4)))

asyncio.run(work())
"""


@pytest.mark.parametrize("requests", [pytest.param(0, id="while they start", marks=pytest.mark.slow), pytest.param(4, id="with requests under way")])
def test_nothing_is_left_of_the_processes_when_their_parent_is_killed(requests: int) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with ModelServer(echo, faults=[HANG]) as server:
        parent = subprocess.Popen([sys.executable, "-c", HANGING, server.base_url], stderr=subprocess.PIPE, env=environment)
        asyncio.run(asyncio.wait_for(until(lambda: in_flight(server) == requests and (requests > 0 or _children(parent.pid) == 2)), 60))
        parent.kill()
        # Its error stream is theirs as well, so that it ends with the last of them.
        _, said = parent.communicate(timeout=30)
        assert said == b""
        asyncio.run(asyncio.wait_for(until(lambda: in_flight(server) == 0), 30))


def _children(pid: int) -> int:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return len(found.stdout.split())


def test_a_process_that_sends_loads_nothing_else_and_its_parent_not_the_vendor_s_package() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    heavy = ("polars", "duckdb", "prefect", "pyarrow", "numpy", "lancedb", "typer", "yaml")
    ours = "sorted({name.split('.')[1] for name in sys.modules if name.startswith('memlearn.')})"
    code = f"import sys, memlearn.llm.sending, memlearn.llm.chat; print({ours}, [name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['errors', 'llm'] []"
    code = "import sys, memlearn.learning.agent.stage, memlearn.wiring.agents; print('openai' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "False"


def test_a_missing_key_is_told_before_anything_starts() -> None:
    async def work() -> None:
        ClientProcesses(ModelConfig(model="gpt", api_key_env="MY_KEY"), {}, 1)

    with pytest.raises(ConfigError, match="MY_KEY"):
        asyncio.run(work())
