from __future__ import annotations

import json

import pytest

from memlearn.errors import EditError
from memlearn.learning.agent.replies import Form, calls_of, form_instructions, reply_schema, result_messages
from memlearn.learning.agent.tools import BUILT_IN, built_in_tools, read_call
from memlearn.llm.messages import ChatReply, Message, ToolCall

INSERT = {"label": "habits", "text": "Buys {bread}; often.", "evidence": ["r1"]}
DONE = ToolCall("call-2", "memory_finish_edits", "{}")


def names(calls: tuple[ToolCall, ...]) -> list[tuple[str, object]]:
    return [(call.name, json.loads(call.arguments)) for call in calls]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", json.dumps({"calls": [{"tool": "memory_insert", **INSERT, "line": None}, {"tool": "memory_finish_edits"}]})),
        ("json", "```json\n" + json.dumps({"calls": [{"tool": "memory_insert", **INSERT}, {"tool": "memory_finish_edits"}]}) + "\n```"),
        ("text", f"memory_insert {json.dumps(INSERT)}\nmemory_finish_edits"),
        ("text", f"```\n- `memory_insert` {json.dumps(INSERT)}\n\n2. memory_finish_edits {{}}\n```\n"),
        ("text", f"memory_insert({json.dumps(INSERT)})\nmemory_finish_edits()"),
    ],
)
def test_each_form_carries_the_same_calls(form: Form, text: str) -> None:
    calls = calls_of(form, ChatReply(text))
    assert names(calls) == [("memory_insert", INSERT), ("memory_finish_edits", {})]
    assert [call.id for call in calls] == ["call-1", "call-2"]


def test_tool_calls_are_taken_whatever_the_form() -> None:
    calls = (ToolCall("a", "memory_insert", json.dumps(INSERT)),)
    forms: tuple[Form, ...] = ("tools", "json", "text")
    assert all(calls_of(form, ChatReply("thinking", calls)) == calls for form in forms)
    assert all(calls_of(form, ChatReply("")) == () for form in forms)
    assert calls_of("tools", ChatReply("Nothing to do.")) == ()


@pytest.mark.parametrize(
    ("form", "text", "words"),
    [
        ("json", '{"calls": [{"tool": "memory_insert", "label"', "no whole JSON object"),
        ("json", "[]", "no whole JSON object"),
        ("json", '{"calls": 3}', "no whole JSON object"),
        ("json", '{"calls": [7]}', "no whole JSON object"),
        ("json", "[" * 100_000, "no whole JSON object"),
        ("json", "Nothing to do.", "no whole JSON object"),
        ("text", "memory_finish_edits\nI am done now.", "Line 2 of the reply, 'I am done now.', is no call"),
        ("text", "memory_insert label=habits", "Line 1"),
        ("text", "memory_insert", "Line 1"),
    ],
)
def test_what_does_not_keep_to_the_form_changes_nothing(form: Form, text: str, words: str) -> None:
    with pytest.raises(EditError, match=words):
        calls_of(form, ChatReply(text))


def test_results_are_told_in_the_form_of_the_calls() -> None:
    calls = (ToolCall("a", "memory_insert", "{}"), ToolCall("b", "memory_delete", "{}"))
    assert result_messages("tools", calls, ["done", "no"], "Last turn.") == (
        Message("tool", "done", answers="a"),
        Message("tool", "no", answers="b"),
        Message("user", "Last turn."),
    )
    assert result_messages("tools", calls, ["done", "no"], "") == (Message("tool", "done", answers="a"), Message("tool", "no", answers="b"))
    for form in ("json", "text"):
        told = result_messages(form, calls, ["done", "no"], "Last turn.")  # type: ignore[arg-type]
        assert told == (Message("user", "1. memory_insert: done\n2. memory_delete: no\nLast turn."),)


def test_the_schema_admits_every_tool_and_is_strict() -> None:
    schema = reply_schema(built_in_tools())
    entry = schema["properties"]["calls"]["items"]
    assert entry["properties"]["tool"]["enum"] == list(BUILT_IN)
    assert entry["required"] == list(entry["properties"])
    assert entry["properties"]["lines"]["items"]["required"] == ["text", "evidence"]
    assert not any(word in json.dumps(schema) for word in ("minLength", "minItems", "minimum", "maxItems"))


@pytest.mark.parametrize("form", ["json", "text"])
def test_instructions_name_every_tool_with_its_arguments_and_their_example_can_be_read(form: Form) -> None:
    said = form_instructions(form, built_in_tools())
    assert "memory_insert(label, text, evidence, line?)" in said
    assert all(name in said for name in BUILT_IN)
    if form == "text":
        example = next(line for line in said.splitlines() if line.startswith("memory_insert {"))
        (call,) = calls_of("text", ChatReply(example))
        read_call(call)
    assert form_instructions("tools", built_in_tools()) == ""
