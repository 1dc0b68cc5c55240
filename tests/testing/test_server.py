"""The server as the openai client sees it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import openai
import pytest
from pydantic import BaseModel

from memlearn.errors import UsageError
from memlearn.testing import CHAT, ModelServer, RateLimit, Reply, Sequence, echo, silent

Ask = Callable[..., Any]


def test_a_conversation_with_tools(connect: Ask, tools: list[Any]) -> None:
    script = Sequence([Reply(tool_calls=[("memory_insert", {"text": "likes tea"}), ("memory_finish_edits", {})]), Reply(text="done")])
    with ModelServer(script) as server:
        client, said = connect(server), [{"role": "user", "content": "go on"}]
        first = client.chat.completions.create(model="m", messages=said, tools=tools).choices[0]
        assert first.finish_reason == "tool_calls"
        calls = first.message.tool_calls
        assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
            ("memory_insert", {"text": "likes tea"}),
            ("memory_finish_edits", {}),
        ]
        answers = [{"role": "tool", "tool_call_id": call.id, "content": "ok"} for call in calls]
        said += [first.message.model_dump(exclude_none=True), *answers]
        second = client.chat.completions.create(model="m", messages=said, tools=tools).choices[0]
        assert (second.finish_reason, second.message.content) == ("stop", "done")
        with pytest.raises(openai.BadRequestError, match="did not have response messages"):
            client.chat.completions.create(model="m", messages=said[:-1], tools=tools)


def test_the_same_request_has_the_same_answer_on_any_server(connect: Ask, ask: Ask) -> None:
    answers = []
    for _ in range(2):
        with ModelServer(echo) as server:
            answers.append(ask(connect(server), "a").model_dump())
            assert ask(connect(server), "b").id != answers[-1]["id"]
    assert answers[0] == answers[1]


def test_streaming(connect: Ask, ask: Ask, tools: list[Any]) -> None:
    long = "a long text, " * 40
    with ModelServer(lambda _: Reply(text=long, tool_calls=[("memory_insert", {"text": long})])) as server:
        client = connect(server)
        with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "x"}], tools=tools) as stream:
            whole = stream.get_final_completion()
        assert whole.choices[0].message.content == long
        assert json.loads(whole.choices[0].message.tool_calls[0].function.arguments) == {"text": long}
        chunks = list(ask(client, tools=tools, stream=True, stream_options={"include_usage": True}))
        assert chunks[-1].choices == []
        assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + chunks[-1].usage.completion_tokens
        assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks) > 5


class Colour(BaseModel):
    name: str
    warm: bool


def test_structured_output(connect: Ask, ask: Ask) -> None:
    with ModelServer(lambda _: Reply(text={"name": "red", "warm": True})) as server:
        parsed = connect(server).chat.completions.parse(model="m", messages=[{"role": "user", "content": "x"}], response_format=Colour)
        assert parsed.choices[0].message.parsed == Colour(name="red", warm=True)
        plain = ask(connect(server), "as JSON, please", response_format={"type": "json_object"})
        assert json.loads(plain.choices[0].message.content) == {"name": "red", "warm": True}
        with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
            ask(connect(server), response_format={"type": "json_object"})


def test_usage_is_counted_and_prompts_are_cached(connect: Ask, ask: Ask) -> None:
    with ModelServer(echo) as server:
        client = connect(server)
        first = ask(client, "x" * 4000).usage
        assert first.prompt_tokens in range(1000, 1030)
        assert first.completion_tokens == 1000
        assert first.prompt_tokens_details.cached_tokens == 0
        assert ask(client, "x" * 4000 + "y").usage.prompt_tokens_details.cached_tokens == 896
        server.reset()
        assert ask(client, "x" * 4000).usage.prompt_tokens_details.cached_tokens == 0
    with ModelServer(echo, usage=False) as server:
        assert "usage" not in ask(connect(server)).model_dump(exclude_unset=True)
        assert server.counts()["completion_tokens"] > 0


def test_embeddings(connect: Ask) -> None:
    texts = ["red wine from the south", "red wine from the north", "a bicycle"]
    with ModelServer() as server:
        create = connect(server).embeddings.create
        vectors = np.array([entry.embedding for entry in create(model="e", input=texts, dimensions=64).data])
        assert vectors.shape == (3, 64)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]
        floats = create(model="e", input=texts[0], dimensions=64, encoding_format="float").data[0].embedding
        assert np.array_equal(np.array(floats), vectors[0])
        raw = create(model="e", input=texts[0], dimensions=64, encoding_format="base64").data[0].embedding
        assert np.array_equal(np.frombuffer(base64.b64decode(raw), dtype="<f4"), np.array(floats, dtype="<f4"))
        assert len(create(model="e", input=[[1, 2], [3]]).data) == 2
        for nothing in ("", []):
            with pytest.raises(openai.BadRequestError, match="invalid"):
                create(model="e", input=nothing)


def test_models(connect: Ask) -> None:
    with ModelServer(models=["small", "large"]) as server:
        client = connect(server)
        assert [model.id for model in client.models.list()] == ["small", "large"]
        assert client.models.retrieve("small").id == "small"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("medium")


SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("off", "used", "told"),
    [
        ({"tools": False}, {"tools": True}, "does not support tools"),
        ({"json_schema": False}, {"response_format": SCHEMA}, "'json_schema' is not supported"),
        ({"json_object": False}, {"response_format": {"type": "json_object"}}, "'json_object' is not supported"),
        ({"parallel_tool_calls": False}, {"tools": True, "parallel_tool_calls": True}, "'parallel_tool_calls' is not supported"),
        ({"stream": False}, {"stream": True}, "does not support streaming"),
        ({"context_chars": 1000}, {"seed": 1}, "maximum context length is 250 tokens"),
    ],
)
def test_what_is_switched_off_is_refused(
    off: dict[str, Any], used: dict[str, Any], told: str, connect: Ask, ask: Ask, tools: list[Any]
) -> None:
    options = used | ({"tools": tools} if "tools" in used else {})
    with ModelServer(silent, **off) as server:
        with pytest.raises(openai.BadRequestError, match=told) as caught:
            ask(connect(server), "json " * 300, **options)
        assert (caught.value.code == "context_length_exceeded") == ("context_chars" in off)
        assert ask(connect(server), "short").choices
        assert server.counts()["requests"] == {CHAT: {"400": 1, "200": 1}}
        assert server.counts()["paid_total"] == 1


def test_one_call_a_reply_where_more_are_switched_off(connect: Ask, ask: Ask, tools: list[Any]) -> None:
    with ModelServer(lambda _: Reply(tool_calls=[("memory_insert", {}), ("memory_insert", {})]), parallel_tool_calls=False) as server:
        assert len(ask(connect(server), tools=tools).choices[0].message.tool_calls) == 1


def test_rate_limits(connect: Ask, ask: Ask) -> None:
    with ModelServer(rate_limit=RateLimit(requests_per_minute=2)) as server:
        client = connect(server)
        raw = client.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": "a"}])
        assert raw.headers["x-ratelimit-limit-requests"] == "2"
        assert raw.headers["x-ratelimit-remaining-requests"] == "1"
        ask(client)
        with pytest.raises(openai.RateLimitError, match="requests per min") as caught:
            ask(client)
        assert 20 <= int(caught.value.response.headers["retry-after"]) <= 30
        server.reset()
        ask(client)


def test_the_client_waits_as_long_as_it_is_told(connect: Ask, ask: Ask) -> None:
    with ModelServer(rate_limit=RateLimit(requests_per_minute=600, burst_seconds=0.1)) as server:
        client = connect(server, max_retries=5)
        for _ in range(3):
            ask(client)
        counted = server.counts()["requests"][CHAT]
        assert counted["200"] == 3
        assert counted["429"] >= 1


def test_a_key_is_demanded(connect: Ask, ask: Ask) -> None:
    with ModelServer(api_key="right") as server:
        assert ask(connect(server, api_key="right")).choices
        with pytest.raises(openai.AuthenticationError):
            ask(connect(server, api_key="wrong"))


def test_requests_run_side_by_side_and_are_counted(connect: Ask, ask: Ask) -> None:
    with ModelServer(echo, latency=lambda request: 0.4 if "slow" in request["messages"][0]["content"] else 0.2) as server:
        client = connect(server)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda text: ask(client, text), ["slow", *"abcdefg"]))
        counts, log = server.counts(), server.log()
    assert counts["in_flight"] == 0
    assert 2 <= counts["in_flight_most"] <= 8
    assert counts["requests"] == {CHAT: {"200": 8}}
    assert counts["distinct"] == len(counts["paid"]) == counts["paid_total"] == 8
    assert counts["prompt_chars"] >= 8 * len('[{"content":"a","role":"user"}]')
    assert counts["reply_chars"] == len("slow") + 7
    assert counts["bytes_in"] > counts["prompt_chars"]
    assert counts["bytes_out"] > counts["reply_chars"]
    assert {entry["digest"] for entry in log} == set(counts["paid"])
    assert log[-1]["seconds"] >= 0.4
    assert all(0.2 <= entry["seconds"] < 0.4 for entry in log[:-1])


def test_the_log_is_bounded_and_holds_bodies_on_demand(connect: Ask, ask: Ask) -> None:
    with ModelServer(echo, log=2, log_bodies=True) as server:
        for text in ("a", "b", "b"):
            ask(connect(server), text)
        log = server.log()
    assert [(entry["body"]["messages"][0]["content"], entry["attempt"]) for entry in log] == [("b", 1), ("b", 2)]


def test_what_the_script_does_wrong_is_told_and_not_tried_again(connect: Ask, ask: Ask) -> None:
    def broken(_request: Any) -> Reply:
        raise KeyError("label")

    with ModelServer(broken) as server:
        with pytest.raises(openai.UnprocessableEntityError, match="KeyError: 'label'"):
            ask(connect(server, max_retries=3))
        assert server.counts()["requests"] == {CHAT: {"422": 1}}
        assert server.counts()["paid_total"] == 0


def test_wrong_requests_are_refused(connect: Ask, ask: Ask) -> None:
    with ModelServer() as server:
        client = connect(server)
        wrong: list[dict[str, Any]] = [{"messages": []}, {"messages": [{"role": "poet"}]}, {"model": None}, {"n": 2}]
        for fields in wrong:
            with pytest.raises(openai.BadRequestError):
                ask(client, extra_body=fields)
        with pytest.raises(openai.NotFoundError):
            client.responses.create(model="m", input="x")
        with pytest.raises(openai.UnprocessableEntityError):
            ask(client, extra_body={"tools": [7]}, tool_choice="required")


def test_a_server_can_be_asked_only_while_there_is_one() -> None:
    with pytest.raises(UsageError, match="not running"):
        _ = ModelServer().base_url
    with ModelServer() as server, pytest.raises(UsageError, match="cannot be used"):
        ModelServer(port=int(server.base_url.split(":")[2].split("/")[0])).start()
    assert server.counts()["in_flight"] == 0
