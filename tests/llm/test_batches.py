from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from memlearn.llm.batches import BatchClient, BatchStatus, read_results
from memlearn.llm.chat import ChatClient
from memlearn.llm.config import ModelConfig
from memlearn.llm.messages import ChatReply, ChatRequest, Message
from memlearn.llm.model_error import ModelError
from memlearn.testing import BATCH_LINE, BatchRules, Contains, Fault, ModelServer, echo

Result = TypeVar("Result")


def request(text: str) -> ChatRequest:
    return ChatRequest((Message("system", "Be brief."), Message("user", text)), max_tokens=50)


def use(server: ModelServer, work: Callable[[BatchClient, ChatClient], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        chat = ChatClient(ModelConfig(model="scripted", base_url=server.base_url), {})
        try:
            return await work(BatchClient(chat), chat)
        finally:
            await chat.close()

    return asyncio.run(run())


async def ended(client: BatchClient, batch_id: str) -> BatchStatus:
    for _ in range(20):
        status = await client.status(batch_id)
        if status.state != "waiting":
            return status
    raise AssertionError("the batch does not end")


def whole(texts: list[str]) -> Callable[[BatchClient, ChatClient], Awaitable[tuple[BatchStatus, dict[str, Any]]]]:
    async def work(client: BatchClient, chat: ChatClient) -> tuple[BatchStatus, dict[str, Any]]:
        lines = [client.line(f"r{number}", chat.encode(request(text))) for number, text in enumerate(texts)]
        status = await ended(client, await client.submit(lines, "run-1-wave-0"))
        return status, await client.results(status)

    return work


def test_a_batch_gives_the_answers_that_single_requests_give() -> None:
    texts = [f"Bücher {number}\nand more" for number in range(20)]

    async def single(_: BatchClient, chat: ChatClient) -> list[ChatReply]:
        return [await chat.ask(chat.encode(request(text))) for text in texts]

    with ModelServer(echo) as server:
        status, results = use(server, whole(texts))
        alone = use(server, single)
    assert (status.state, status.word, status.done, status.failed, status.total) == ("ended", "completed", 20, 0, 20)
    assert [results[f"r{number}"].text for number in range(20)] == [reply.text for reply in alone]
    assert all(results[f"r{number}"].usage is not None for number in range(20))


def test_a_batch_is_polled_and_found_again_by_its_name() -> None:
    async def work(client: BatchClient, chat: ChatClient) -> None:
        batch = await client.submit([client.line("r0", chat.encode(request("a")))], "run-1-wave-0")
        other = await client.submit([client.line("r0", chat.encode(request("b")))], "run-1-wave-1")
        assert await client.find("run-1-wave-0") == (batch,)
        assert await client.find("run-1-wave-1") == (other,)
        assert await client.find("run-2-wave-0") == ()
        assert (await client.status(batch)).state == "waiting"
        assert (await ended(client, batch)).state == "ended"

    with ModelServer(echo, batches=BatchRules(polls=3)) as server:
        use(server, work)


def test_lines_that_fail_are_told_apart_from_those_that_are_answered() -> None:
    faults = [
        Fault("500", Contains("poor"), endpoint=BATCH_LINE),
        Fault("400", Contains("bad"), endpoint=BATCH_LINE),
        Fault("no_choices", Contains("odd"), endpoint=BATCH_LINE),
    ]
    with ModelServer(echo, faults=faults) as server:
        status, results = use(server, whole(["good", "poor", "bad", "odd"]))
    assert status.word == "completed"
    assert isinstance(results["r0"], ChatReply)
    kinds = {name: result.kind for name, result in results.items() if isinstance(result, ModelError)}
    assert kinds == {"r1": "server", "r2": "rejected", "r3": "malformed"}
    assert results["r1"].transient


def test_what_an_expired_batch_did_not_reach_may_be_sent_again() -> None:
    with ModelServer(echo, faults=[Fault("batch_expired")], batches=BatchRules(expire_share=0.5)) as server:
        status, results = use(server, whole([str(number) for number in range(10)]))
    assert (status.state, status.word) == ("ended", "expired")
    answered = [result for result in results.values() if isinstance(result, ChatReply)]
    missed = [result for result in results.values() if isinstance(result, ModelError)]
    assert (len(answered), len(missed)) == (5, 5)
    assert all(result.transient and result.paid == "no" for result in missed)


def test_a_batch_that_fails_as_a_whole_says_why_and_has_no_results() -> None:
    with ModelServer(echo, faults=[Fault("batch_failed")]) as server:
        status, results = use(server, whole(["a", "b"]))
    assert (status.state, status.word) == ("ended", "failed")
    assert status.problem
    assert results == {}


def test_a_cancelled_batch_ends_with_what_was_answered() -> None:
    async def work(client: BatchClient, chat: ChatClient) -> tuple[BatchStatus, dict[str, Any]]:
        batch = await client.submit([client.line("r0", chat.encode(request("a")))], "x")
        await client.cancel(batch)
        status = await ended(client, batch)
        return status, await client.results(status)

    with ModelServer(echo, batches=BatchRules(polls=5)) as server:
        status, results = use(server, work)
    assert status.word == "cancelled"
    assert all(isinstance(result, ModelError) for result in results.values())


def test_a_batch_that_nobody_knows_is_gone() -> None:
    async def work(client: BatchClient, _: ChatClient) -> BatchStatus:
        return await client.status("batch_none")

    with ModelServer(echo) as server:
        assert use(server, work).state == "gone"


def test_a_file_over_the_limit_is_refused() -> None:
    with ModelServer(echo, batches=BatchRules(max_bytes=500)) as server, pytest.raises(ModelError) as caught:
        use(server, whole([str(number) for number in range(10)]))
    assert caught.value.kind == "rejected"


def test_a_batch_of_too_many_requests_fails_as_a_whole() -> None:
    with ModelServer(echo, batches=BatchRules(max_requests=3)) as server:
        status, results = use(server, whole([str(number) for number in range(10)]))
    assert status.word == "failed"
    assert status.problem
    assert results == {}


@pytest.mark.parametrize("kind", ["500", "reset", "half_json", "429"])
def test_a_provider_that_fails_is_one_typed_error(kind: Any) -> None:
    with ModelServer(echo, faults=[Fault(kind, endpoint="POST /v1/files")]) as server, pytest.raises(ModelError) as caught:
        use(server, whole(["a"]))
    assert caught.value.transient


@pytest.mark.parametrize(
    "line", ["", "{", "[]", "7", '{"custom_id": "a"}', '{"custom_id": "a", "response": 7}', '{"custom_id": "a", "error": "no"}']
)
def test_no_line_of_results_does_more_than_be_asked_again(line: str) -> None:
    good = {"custom_id": "b", "response": {"status_code": 200, "body": {"choices": [{"message": {"content": "ok"}}]}}}
    found = dict(read_results(f"{line}\n{json.dumps(good)}\n".encode()))
    assert found.pop("b") == ChatReply("ok", (), "other")
    assert all(isinstance(result, ModelError) for result in found.values())
