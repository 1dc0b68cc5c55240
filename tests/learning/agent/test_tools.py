from __future__ import annotations

import json

import pytest

from memlearn.errors import EditError
from memlearn.learning.agent.step import EditRequest, Line
from memlearn.learning.agent.tools import BUILT_IN, Finish, Search, Wish, built_in_tools, read_call
from memlearn.llm.messages import ToolCall


def read(name: str, arguments: object) -> Wish:
    return read_call(ToolCall("1", name, arguments if isinstance(arguments, str) else json.dumps(arguments)))


@pytest.mark.parametrize(
    ("name", "arguments", "wish"),
    [
        (
            "memory_insert",
            {"label": "habits", "text": " Buys bread. ", "evidence": ["r1", "s2"]},
            EditRequest("insert", "habits", None, (Line("Buys bread.", ("r1", "s2")),)),
        ),
        (
            "memory_insert",
            {"label": "habits", "text": "Buys bread.", "evidence": ["r1"], "line": 1},
            EditRequest("insert", "habits", 1, (Line("Buys bread.", ("r1",)),)),
        ),
        (
            "memory_replace",
            {"label": "habits", "line": "2", "text": "Buys rye.", "evidence": ["habits.2"]},
            EditRequest("replace", "habits", 2, (Line("Buys rye.", ("habits.2",)),)),
        ),
        (
            "memory_insert",
            {"label": "habits", "text": "Buys bread.", "evidence": "r1-r3, s2"},
            EditRequest("insert", "habits", None, (Line("Buys bread.", ("r1-r3", "s2")),)),
        ),
        ("memory_delete", {"label": "habits", "line": 2, "evidence": ["s1"]}, EditRequest("delete", "habits", 2, evidence=("s1",))),
        (
            "memory_rethink",
            {"label": "habits", "lines": [{"text": "A", "evidence": ["r1"]}, {"text": "B", "evidence": ["r2"]}]},
            EditRequest("rethink", "habits", None, (Line("A", ("r1",)), Line("B", ("r2",)))),
        ),
        ("memory_rethink", {"label": "habits", "lines": []}, EditRequest("rethink", "habits")),
        ("search_history", {"query": "bread"}, Search("history", "bread")),
        ("search_passages", {"query": "refunds"}, Search("passages", "refunds")),
        ("memory_finish_edits", {}, Finish()),
        ("memory_finish_edits", "", Finish()),
    ],
)
def test_calls_become_wishes(name: str, arguments: object, wish: Wish) -> None:
    assert read(name, arguments) == wish


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("memory_erase", {}, ["no tool 'memory_erase'", "memory_insert, memory_replace", "memory_finish_edits"]),
        ("memory_insert", '{"label": "hab', ["memory_insert", "no whole JSON object"]),
        ("memory_insert", "[]", ["memory_insert"]),
        ("memory_insert", "null", ["memory_insert"]),
        ("memory_insert", {"label": "habits", "text": "Buys bread."}, ["`evidence`", "required"]),
        ("memory_insert", {"label": "habits", "text": "Buys bread.", "evidence": []}, ["`evidence`", "at least 1"]),
        ("memory_insert", {"label": "habits", "text": "Buys bread.", "evidence": 7}, ["`evidence`", "array"]),
        ("memory_insert", {"label": "habits", "text": "  ", "evidence": ["r1"]}, ["`text`", "at least 1"]),
        ("memory_insert", {"label": "habits", "text": "A", "evidence": ["r1"], "user": "bob"}, ["`user`", "not permitted"]),
        ("memory_replace", {"label": "habits", "text": "A", "evidence": ["r1"]}, ["`line`", "required"]),
        ("memory_replace", {"label": "habits", "line": 0, "text": "A", "evidence": ["r1"]}, ["`line`", "greater than or equal to 1"]),
        ("memory_replace", {"label": "habits", "line": 1.5, "text": "A", "evidence": ["r1"]}, ["`line`"]),
        ("memory_rethink", {"label": "habits", "lines": [{"text": "A"}]}, ["`lines.0.evidence`", "required"]),
        ("memory_finish_edits", {"why": "done"}, ["`why`", "not permitted"]),
    ],
)
def test_what_is_wrong_with_a_call_is_said(name: str, arguments: object, words: list[str]) -> None:
    with pytest.raises(EditError) as refused:
        read(name, arguments)
    for word in words:
        assert word in str(refused.value)


def test_a_tool_that_was_not_offered_is_refused() -> None:
    with pytest.raises(EditError, match=r"no tool 'search_passages'. The tools are: memory_insert\."):
        read_call(ToolCall("1", "search_passages", "{}"), ("memory_insert",))


def test_tools_are_described_in_full_and_without_waste() -> None:
    tools = built_in_tools()
    assert tuple(tool.name for tool in tools) == BUILT_IN
    whole = json.dumps([tool.parameters for tool in tools])
    assert not any(waste in whole for waste in ("title", "$ref", "$defs", "anyOf", "default"))
    rethink = next(tool for tool in tools if tool.name == "memory_rethink")
    assert rethink.parameters["properties"]["lines"]["items"]["required"] == ["text", "evidence"]
    assert all(tool.parameters["type"] == "object" and tool.parameters["additionalProperties"] is False for tool in tools)
    assert len(whole) < 3000
