from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.testing import Reply
from memlearn.testing.api_error import ApiError
from memlearn.testing.completions import complete, reply_chars, spoil
from memlearn.testing.prompts import read_prompt
from memlearn.testing.stream import events

TEXTS = st.text(max_size=200)
CALLS = st.lists(st.tuples(st.sampled_from(["memory_insert", "memory_delete"]), st.dictionaries(TEXTS, TEXTS, max_size=3)), max_size=3)


def completion(reply: Reply, **fields: Any) -> dict[str, Any]:
    body = {"model": "m", "tools": [{}], "messages": [{"role": "user", "content": "x"}], **fields}
    return complete(read_prompt("/v1/chat/completions", body), reply, cached=0, one_call=False, usage=True)


@given(st.none() | TEXTS, CALLS)
def test_the_events_of_a_stream_make_up_the_whole(text: str | None, calls: list[Any]) -> None:
    whole = completion(Reply(text=text, tool_calls=calls))
    parts = [event.removeprefix(b"data: ").strip() for event in events(whole, with_usage=True)]
    assert parts[-1] == b"[DONE]"
    chunks = [json.loads(part) for part in parts[:-1]]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == whole["usage"]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    message, made = whole["choices"][0]["message"], {}
    assert "".join(delta.get("content") or "" for delta in deltas) == (message["content"] or "")
    for part in (part for delta in deltas for part in delta.get("tool_calls", ())):
        call = made.setdefault(part["index"], {"id": part.get("id"), "name": part["function"].get("name"), "arguments": ""})
        call["arguments"] += part["function"]["arguments"]
    assert list(made.values()) == [{"id": call["id"], **call["function"]} for call in message.get("tool_calls", ())]
    assert chunks[-2]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]


@given(st.none() | TEXTS, CALLS, st.integers(1, 60))
def test_no_reply_is_longer_than_the_request_allows(text: str | None, calls: list[Any], most: int) -> None:
    whole = completion(Reply(text=text, tool_calls=calls))
    cut = completion(Reply(text=text, tool_calls=calls), max_completion_tokens=most)
    assert cut["usage"]["completion_tokens"] <= most
    was_cut = reply_chars(whole) > most * 4
    assert (cut["choices"][0]["finish_reason"] == "length") == was_cut
    if not was_cut:
        assert cut["choices"] == [{**choice, "message": cut["choices"][0]["message"]} for choice in whole["choices"]]
        assert reply_chars(cut) == reply_chars(whole)


def test_the_script_s_own_usage_and_finish_reason_are_kept() -> None:
    made = completion(Reply(text="a", usage={"prompt_tokens": 7}, finish_reason="content_filter"))
    assert made["usage"] == {"prompt_tokens": 7}
    assert made["choices"][0]["finish_reason"] == "content_filter"
    assert "usage" not in completion(Reply(text="a", usage=False))


def test_tool_choice_and_parallel_calls() -> None:
    reply = Reply(tool_calls=[("a", {}), ("b", {})])

    def names(**fields: Any) -> list[str]:
        return [call["function"]["name"] for call in completion(reply, **fields)["choices"][0]["message"].get("tool_calls", ())]

    assert names() == ["a", "b"]
    assert names(tool_choice="none") == []
    assert names(tool_choice="required") == ["a", "b"]
    assert names(tool_choice={"type": "function", "function": {"name": "b"}}) == ["b"]
    assert names(parallel_tool_calls=False) == ["a"]


@pytest.mark.parametrize(
    ("reply", "fields", "told"),
    [
        (Reply(text="no"), {"tool_choice": "required"}, "demands a tool call"),
        (Reply(tool_calls=[("a", {})]), {"tool_choice": {"type": "function", "function": {"name": "b"}}}, "demands a tool call"),
        (Reply(tool_calls=[("a", {})]), {"tools": []}, "offers no tools"),
        (Reply(text="prose"), {"response_format": {"type": "json_object"}}, "asks for JSON"),
    ],
)
def test_a_reply_that_no_model_could_give_is_told(reply: Reply, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ApiError, match=told) as caught:
        completion(reply, **fields)
    assert caught.value.status == 422


def test_spoilt_arguments() -> None:
    whole = completion(Reply(tool_calls=[("memory_insert", {"text": "hello", "line": 3, "evidence": ["r1"]})]))

    def arguments(kind: str) -> str:
        return str(spoil(kind, whole)["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])

    with pytest.raises(json.JSONDecodeError):
        json.loads(arguments("bad_arguments"))
    assert json.loads(arguments("wrong_types")) == {"text": [1], "line": [1], "evidence": "7"}
    assert spoil("429", whole) == whole
    prose = completion(Reply(text="hello"))
    assert isinstance(spoil("wrong_types", prose)["choices"][0]["message"]["content"], list)
