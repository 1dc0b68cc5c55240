from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from memlearn.errors import ConfigError
from memlearn.llm.chat import ChatClient, _retry_after, read_reply
from memlearn.llm.config import ModelConfig
from memlearn.llm.messages import ChatReply, ChatRequest, Message, Tool, ToolCall, Usage
from memlearn.llm.model_error import ModelError
from memlearn.testing import Fault, ModelServer, Reply, Sequence, echo, messages

REQUEST = ChatRequest((Message("system", "Be brief."), Message("user", "Bücher & “more”")), max_tokens=50)
TOOL = Tool("note", "Notes a text.", {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]})


def ask(server: ModelServer, request: ChatRequest = REQUEST, **config: Any) -> ChatReply:
    async def work() -> ChatReply:
        client = ChatClient(ModelConfig(model="scripted", **{"base_url": server.base_url, **config}), {})
        try:
            return await client.ask(client.encode(request))
        finally:
            await client.close()

    return asyncio.run(work())


def test_text_tools_usage_and_finish_come_back() -> None:
    script = Sequence(
        [Reply("Hello.", [("note", {"text": "ü"}), ("note", {"text": "b"})], usage={"prompt_tokens": 7, "completion_tokens": 3})]
    )
    with ModelServer(script) as server:
        reply = ask(server, replace(REQUEST, tools=(TOOL,)))
    assert reply.text == "Hello."
    assert [(call.name, json.loads(call.arguments)) for call in reply.calls] == [("note", {"text": "ü"}), ("note", {"text": "b"})]
    assert (reply.finish, reply.usage, reply.model) == ("tool_calls", Usage(7, 3), "scripted")


def test_a_whole_conversation_is_sent_as_the_protocol_wants_it() -> None:
    seen: list[dict[str, Any]] = []

    def script(request: Any) -> Reply:
        seen.append(dict(request))
        return Reply({"ok": True})

    call = ToolCall("call-1", "note", '{"text": "a"}')
    talk = (*REQUEST.messages, Message("assistant", "", (call,)), Message("tool", "done", answers="call-1"), Message("user", "Go on."))
    request = ChatRequest(talk, 50, (TOOL,), {"type": "object"})
    with ModelServer(script) as server:
        ask(server, request, options={"temperature": 0, "seed": 7})
    (sent,) = seen
    assert [message["role"] for message in messages(sent)] == ["system", "user", "assistant", "tool", "user"]
    assert sent["messages"][1]["content"] == "Bücher & “more”"
    assert sent["messages"][2]["tool_calls"][0] == {
        "id": "call-1",
        "type": "function",
        "function": {"name": "note", "arguments": '{"text": "a"}'},
    }
    assert sent["messages"][3]["tool_call_id"] == "call-1"
    assert sent["tools"][0]["function"]["parameters"] == TOOL.parameters
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (sent["temperature"], sent["seed"], sent["max_tokens"]) == (0, 7, 50)


def test_the_limit_of_the_answer_has_the_name_that_the_endpoint_takes() -> None:
    with ModelServer(echo) as server:
        own = ChatClient(ModelConfig(model="m"), {"OPENAI_API_KEY": "k"})
        assert json.loads(own.encode(REQUEST))["max_completion_tokens"] == 50
        other = ChatClient(ModelConfig(model="m", base_url=server.base_url, output_limit="max_completion_tokens"), {})
        assert "max_tokens" not in json.loads(other.encode(REQUEST))


@pytest.mark.parametrize(
    ("fault", "kind", "paid", "words"),
    [
        (Fault("400"), "rejected", "no", "answered 400"),
        (Fault("401"), "access", "no", "the key in OPENAI_API_KEY"),
        (Fault("403"), "access", "no", "answered 403"),
        (Fault("404"), "access", "no", "learning.agent.model"),
        (Fault("429", retry_after=7), "rate_limit", "no", "answered 429"),
        (Fault("500"), "server", "perhaps", "answered 500"),
        (Fault("502"), "server", "perhaps", "answered 502"),
        (Fault("503", retry_after=2.5), "server", "perhaps", "answered 503"),
        (Fault("context_length"), "context_length", "no", "answered 400"),
        (Fault("reset"), "connection", "perhaps", "connection"),
        (Fault("reset_body"), "connection", "perhaps", "connection"),
        (Fault("timeout"), "timeout", "perhaps", "within 0.5 s"),
        (Fault("half_json"), "malformed", "perhaps", "no chat completion"),
        (Fault("no_choices"), "malformed", "perhaps", "no chat completion"),
    ],
)
def test_each_fault_is_one_typed_error(fault: Fault, kind: str, paid: str, words: str) -> None:
    with ModelServer(echo, faults=[fault]) as server:
        with pytest.raises(ModelError) as caught:
            ask(server, timeout=0.5)
        assert (caught.value.kind, caught.value.paid) == (kind, paid)
        assert caught.value.retry_after == fault.retry_after
        assert words in str(caught.value)
        transient = kind in ("rate_limit", "server", "timeout", "connection", "malformed")
        assert caught.value.transient is transient


def test_nothing_is_tried_again_behind_our_back() -> None:
    with ModelServer(echo, faults=[Fault("500", times=1)]) as server:
        with pytest.raises(ModelError):
            ask(server)
        assert ask(server).text


def test_an_endpoint_without_tools_or_schemas_says_so() -> None:
    for request in (replace(REQUEST, tools=(TOOL,)), replace(REQUEST, schema={"type": "object"})):
        with ModelServer(echo, tools=False, json_schema=False) as server:
            with pytest.raises(ModelError, match=r"Set `learning\.agent\.replies`") as caught:
                ask(server, request)
            assert caught.value.kind == "unsupported"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(refusal="I cannot."), ("refusal", "I cannot.")),
        (Reply(""), ("stop", "")),
        (Reply("cut", finish_reason="length"), ("length", "cut")),
        (Reply("odd", finish_reason="eos"), ("other", "odd")),
        (Reply("no", finish_reason="content_filter"), ("content_filter", "no")),
    ],
)
def test_ends_are_told_apart(reply: Reply, expected: tuple[str, str]) -> None:
    with ModelServer(Sequence([reply])) as server:
        answer = ask(server)
    assert (answer.finish, answer.text) == expected


def test_a_provider_that_sends_no_usage_is_taken_as_such() -> None:
    with ModelServer(echo, usage=False) as server:
        assert ask(server).usage is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"choices": [{"message": {"content": "", "tool_calls": [{"id": "a"}]}}]}',
        b'{"choices": [{"message": {"content": "", "tool_calls": 7}}]}',
        b'{"choices": [{"message": {"content": [7]}}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_no_body_whatever_its_types_does_more_than_a_typed_error(content: bytes) -> None:
    with pytest.raises(ModelError, match="no chat completion") as caught:
        read_reply(content, "endpoint")
    assert caught.value.kind == "malformed"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}, Usage(5, 2, 4)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": None}, Usage(5, 2)),
        ({"prompt_tokens": "5", "completion_tokens": 2}, None),
        ({"prompt_tokens": -5, "completion_tokens": 2}, None),
        ({"prompt_tokens": True, "completion_tokens": 2}, None),
        (7, None),
        (None, None),
    ],
)
def test_only_counts_are_usage(usage: object, expected: Usage | None) -> None:
    body = {"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "image"}]}}], "usage": usage}
    reply = read_reply(json.dumps(body).encode(), "endpoint")
    assert (reply.text, reply.usage) == ("a", expected)


def test_arguments_given_as_an_object_become_text() -> None:
    call = {"id": None, "function": {"name": "note", "arguments": {"text": "a"}}}
    reply = read_reply(json.dumps({"choices": [{"message": {"content": None, "tool_calls": [call]}}]}).encode(), "endpoint")
    assert reply.calls == (ToolCall("", "note", '{"text": "a"}'),)


def test_the_pause_is_read_in_every_form() -> None:
    assert _retry_after({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5
    assert _retry_after({"retry-after": "9"}) == 9
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (_retry_after({"retry-after": later}) or 0) <= 30
    assert _retry_after({"retry-after": "soon"}) is None
    assert _retry_after({}) is None


def test_a_missing_key_and_a_dead_endpoint_are_told_with_the_way_out() -> None:
    with pytest.raises(ConfigError, match=r"'gpt' needs a key: set the environment variable MY_KEY, or name a local endpoint"):
        ChatClient(ModelConfig(model="gpt", api_key_env="MY_KEY"), {})
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
        with ModelServer(echo) as server, pytest.raises(ModelError, match="connection") as caught:
            ask(server, base_url=address)
    assert caught.value.kind == "connection"


def test_settings_of_ours_are_no_options() -> None:
    with pytest.raises(ValueError, match="may not hold 'stream'"):
        ModelConfig(model="m", options={"stream": True})
