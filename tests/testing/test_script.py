from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.testing import Reply, Sequence, echo, last_user_text, silent, tool_names, tool_results, turn

CALL: dict[str, Any] = {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]}


def conversation(turns: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "begin"}, *[CALL, {"role": "tool", "tool_call_id": "a", "content": "ok"}] * turns]}


@given(st.integers(0, 8), st.integers(1, 5))
def test_a_sequence_goes_by_turn_and_ends_with_its_last_reply(turns: int, length: int) -> None:
    script = Sequence([Reply(text=str(at)) for at in range(length)])
    assert script(conversation(turns)).text == str(min(turns, length - 1))


def test_a_sequence_may_hold_scripts() -> None:
    assert Sequence([echo])(conversation(0)).text == "begin"


def test_a_sequence_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Sequence([])


def test_silent_ends_the_step_in_each_form_of_reply() -> None:
    tool = {"type": "function", "function": {"name": "memory_finish_edits"}}
    assert silent({"messages": [], "tools": [tool]}).tool_calls == [("memory_finish_edits", {})]
    assert silent({"messages": [], "response_format": {"type": "json_object"}}).text == {"edits": []}
    assert silent({"messages": []}).text == ""


def test_requests_can_be_read() -> None:
    request = {
        "tools": [{"function": {"name": "a"}}, {"function": {"name": "b"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]},
            CALL,
            {"role": "tool", "content": "old"},
            CALL,
            {"role": "tool", "content": "first"},
            {"role": "tool", "content": "second"},
        ],
    }
    assert tool_names(request) == ["a", "b"]
    assert last_user_text(request) == "one two"
    assert tool_results(request) == ["first", "second"]
    assert turn(request) == 2
    assert last_user_text({"messages": []}) == ""
