from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from given import BLOCKS, STEP, anything_true
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.agent.conversation import MOST_CALLS, Conversation, Settings, StepResult
from memlearn.learning.agent.prompt import load_prompts
from memlearn.learning.agent.replies import Form
from memlearn.learning.agent.step import EditRequest, Line, Row, StepInput
from memlearn.learning.agent.tools import Search, built_in_tools
from memlearn.llm.messages import ChatReply, ChatRequest, Tool, ToolCall

SPECS = tuple(block.spec for block in BLOCKS if not block.spec.read_only)
SETTINGS = Settings(load_prompts(), SPECS, built_in_tools())
FOUND = Row("a" * 16, "2025-03-01 purchase rye 3.10")


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(f"{name}-{len(str(arguments))}", name, json.dumps(arguments))


def insert(text: str, *evidence: str, label: str = "habits") -> ToolCall:
    return call("memory_insert", label=label, text=text, evidence=list(evidence or ("r1",)))


FINISH = call("memory_finish_edits")


def says(*calls: ToolCall, text: str = "") -> ChatReply:
    return ChatReply(text, calls, "tool_calls" if calls else "stop")


def hold(
    *replies: ChatReply, settings: Settings = SETTINGS, step: StepInput = STEP, **more: object
) -> tuple[StepResult, list[ChatRequest]]:
    """Hold a conversation in which the model answers with these; more requests than answers fail."""
    talk = Conversation(settings, step, anything_true, lambda _: [FOUND], **more)  # type: ignore[arg-type]
    requests = []
    for reply in replies:
        request = talk.request()
        assert request is not None, "the step ended before the last answer"
        requests.append(request)
        talk.receive(reply)
    assert talk.request() is None, "the step asks for more"
    return talk.result(), requests


def lines(result: StepResult, label: str = "habits") -> list[str]:
    return next(block for block in result.blocks if block.label == label).value.split("\n")


def test_one_reply_with_all_edits_is_one_request() -> None:
    result, (request,) = hold(says(insert("four"), insert("new", label="changes"), FINISH))
    assert lines(result) == ["one", "two", "three", "four"]
    assert lines(result, "changes") == ["new"]
    assert (result.outcome, result.turns, result.refused) == ("done", 1, ())
    assert [message.role for message in request.messages] == ["system", "user"]


def test_what_never_changes_comes_first_and_is_the_same_for_all() -> None:
    _, (one,) = hold(says(FINISH))
    _, (other,) = hold(says(FINISH), step=replace(STEP, user_id="bob", rows=STEP.rows[:3], person=()))
    assert one.messages[0] == other.messages[0]
    assert one.tools == other.tools
    text = one.messages[0].text
    assert "habits (at most 200 characters): What is done regularly." in text
    assert "notes" not in text
    assert "{{" not in text + one.messages[1].text


def test_everything_given_is_shown_numbered() -> None:
    _, (request,) = hold(says(FINISH))
    shown = request.messages[1].text
    for text in (
        "habits (13 of 200 characters):\nhabits.1 one\nhabits.2 two",
        "changes (0 of 60 characters): empty",
        "notes (read only):\nnotes.1 an order",
        "age band: 30-39",
        "s1 bread: 12 purchases\ns2 milk: 3 purchases",
        "r1 2026-01-01 purchase bread 2.50\nr2 ",
        'rows from="2026-01-01" to="2026-01-12"',
    ):
        assert text in shown
    assert "anna" not in shown


def test_only_a_refused_edit_brings_a_second_turn_which_tells_why_and_the_new_numbers() -> None:
    result, (first, second) = hold(says(insert("a lie"), insert("four"), FINISH), says(insert("the truth"), FINISH))
    assert lines(result) == ["one", "two", "three", "four", "the truth"]
    assert second.messages[:2] == first.messages
    assert [message.role for message in second.messages[2:]] == ["assistant", "tool", "tool", "tool", "user"]
    assert second.messages[3].text.startswith("refused: 'a lie' is a lie.")
    assert second.messages[4].text == "ok"
    assert "habits.4 four" in second.messages[6].text
    assert "last turn" not in second.messages[6].text
    (refused,) = result.refused
    assert (refused.turn, refused.label, refused.mended) == (0, "habits", True)
    assert "a lie" in refused.call
    assert "lie" in refused.reason


def test_the_last_turn_is_announced_and_what_stays_refused_is_reported() -> None:
    settings = replace(SETTINGS, turns=2)
    result, (_, second) = hold(says(insert("a lie")), says(insert("another lie")), settings=settings)
    assert second.messages[-1].text.endswith("what is not mended now is dropped.")
    assert [(refused.turn, refused.mended) for refused in result.refused] == [(0, False), (1, False)]
    assert result.blocks == BLOCKS
    assert result.outcome == "done"


def test_endless_calls_end() -> None:
    result, requests = hold(*[says(insert(f"lie {number}")) for number in range(4)])
    assert len(requests) == SETTINGS.turns
    many = [insert(f"l{number}", label="changes") for number in range(MOST_CALLS + 5)]
    result, _ = hold(says(*many), says(FINISH))
    assert sum("One reply may hold" in refused.reason for refused in result.refused) == 5


def test_searching_shows_rows_that_may_then_be_cited() -> None:
    result, (first, second) = hold(says(call("search_history", query="rye")), says(insert("Bought rye in March.", "r13"), FINISH))
    assert second.messages[3].text == "r13 2025-03-01 purchase rye 3.10"
    assert second.messages[:2] == first.messages
    assert result.blocks[0].statements[-1].evidence.rows == (FOUND.id,)
    result, (_, second, third) = hold(
        says(call("search_passages", query="refunds")), says(call("search_passages", query="refund")), says(insert("New.", "p1"), FINISH)
    )
    assert second.messages[3].text == f"p1 {FOUND.text}"
    assert third.messages[5].text == "(none)"
    assert result.blocks[0].statements[-1].evidence.passages == (FOUND.id,)


def test_what_was_not_searched_for_cannot_be_cited() -> None:
    result, _ = hold(says(insert("Bought rye in March.", "r13")), says(FINISH))
    assert "no row r13" in result.refused[0].reason


@pytest.mark.parametrize("reply", [says(), says(text="I would rather not call tools.")])
def test_a_model_that_calls_nothing_is_asked_once_more_and_then_silent(reply: ChatReply) -> None:
    settings = replace(SETTINGS, turns=2)
    result, (_, second) = hold(reply, reply, settings=settings)
    assert "call memory_finish_edits" in second.messages[-1].text
    assert all(message.text for message in second.messages)
    assert (result.outcome, result.blocks) == ("silent", BLOCKS)


def test_a_refusal_ends_the_step_with_what_was_done() -> None:
    result, _ = hold(says(insert("four"), insert("a lie")), ChatReply("I cannot help with that.", (), "refusal"))
    assert result.outcome == "declined"
    assert lines(result)[-1] == "four"


@pytest.mark.parametrize("form", ["json", "text"])
def test_other_forms_carry_the_same_conversation(form: Form) -> None:
    settings = replace(SETTINGS, form=form)

    def wrote(*calls: ToolCall) -> ChatReply:
        if form == "json":
            return ChatReply(json.dumps({"calls": [{"tool": one.name, **json.loads(one.arguments)} for one in calls]}))
        return ChatReply("\n".join(f"{one.name} {one.arguments}" for one in calls))

    result, (first, second) = hold(wrote(insert("a lie"), insert("four")), wrote(insert("five"), FINISH), settings=settings)
    assert lines(result) == ["one", "two", "three", "four", "five"]
    assert first.tools == ()
    assert (first.schema is not None) == (form == "json")
    assert "memory_insert(label, text, evidence, line?)" in first.messages[0].text
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user"]
    assert second.messages[3].text.startswith("1. memory_insert: refused: 'a lie'")
    broken, (_, second) = hold(ChatReply('{"calls": [{"tool"'), wrote(insert("four"), FINISH), settings=settings)
    assert lines(broken)[-1] == "four"
    assert broken.refused[0].label is None


def test_where_a_conversation_outgrows_the_window_old_turns_are_summed_up() -> None:
    def search(wish: Search) -> list[Row]:
        return [Row(f"{wish.query[-1] * 16}", f"row of {wish.query} " + "x" * 900)]

    _, (request,) = hold(says(FINISH))
    size = sum(len(message.text) for message in request.messages)
    talk = Conversation(replace(SETTINGS, turns=6, window=size + 2300), STEP, anything_true, search)
    for letter in "abcd":
        asked = talk.request()
        assert asked is not None
        talk.receive(says(call("search_history", query=f"word {letter}")))
    last = talk.request()
    assert last is not None
    assert sum(len(message.text) for message in last.messages) < size + 2300
    assert last.messages[:2] == request.messages
    told = last.messages[2]
    assert told.role == "user"
    assert "Turn 1: search_history: r13 row of word a" in told.text
    assert "row of word d xxx" in last.messages[-1].text
    talk.receive(says(insert("Bought a.", "r13"), FINISH))
    assert talk.result().blocks[0].statements[-1].evidence.rows == ("a" * 16,)


def test_tools_of_the_operator_return_edits_that_are_checked_like_all_others() -> None:
    def note(made: ToolCall, step: StepInput) -> list[EditRequest]:
        return [EditRequest("insert", json.loads(made.arguments)["label"], None, (Line(f"{len(step.rows)} rows", ("r1",)),))]

    tool = Tool("note_rows", "Note the number of rows.", {"type": "object", "properties": {"label": {"type": "string"}}})
    settings = replace(SETTINGS, tools=(*SETTINGS.tools, tool))
    result, _ = hold(
        says(call("note_rows", label="notes")),
        says(call("note_rows", label="habits")),
        settings=settings,
        operator_tools={"note_rows": note},
    )
    assert lines(result)[-1] == "12 rows"
    assert "read-only" in result.refused[0].reason


answers = st.lists(
    st.builds(
        lambda calls, text, finish: ChatReply(text, tuple(calls), finish),
        st.lists(
            st.builds(
                ToolCall,
                st.sampled_from(["", "a", "b"]),
                st.sampled_from([*(tool.name for tool in built_in_tools()), "nothing", ""]),
                st.sampled_from(
                    [
                        "",
                        "{}",
                        "null",
                        '{"query": "x"}',
                        '{"label": "habits", "text": "new", "evidence": ["r1"]}',
                        '{"label": "notes", "text": "new", "evidence": ["s1"]}',
                        '{"label": "habits", "line": 2, "evidence": ["habits.1"]}',
                        '{"label": "changes", "lines": [{"text": "a", "evidence": "r2"}]}',
                    ]
                ),
            ),
            max_size=4,
        ),
        st.sampled_from(["", "text", "{"]),
        st.sampled_from(["stop", "length", "tool_calls", "refusal", "other"]),
    ),
    max_size=6,
)


@given(answers, st.sampled_from(["tools", "json", "text"]), st.integers(1, 5))
def test_any_answers_end_in_time_and_the_same_ones_lead_to_the_same(replies: list[ChatReply], form: Form, turns: int) -> None:
    def run() -> tuple[StepResult, list[ChatRequest]]:
        talk = Conversation(replace(SETTINGS, form=form, turns=turns), STEP, anything_true, lambda _: [FOUND])
        requests: list[ChatRequest] = []
        for reply in [*replies, *[ChatReply()] * 6]:
            request = talk.request()
            if request is None:
                break
            requests.append(request)
            talk.receive(reply)
        return talk.result(), requests

    result, requests = run()
    assert run() == (result, requests)
    assert 1 <= len(requests) <= turns
    assert result.turns == len(requests)
    assert all(len(block.value) <= block.spec.limit for block in result.blocks)
    assert result.blocks[2] == BLOCKS[2]
    for earlier, later in pairwise(requests):
        assert later.messages[: len(earlier.messages)] == earlier.messages
        called = [one.id for message in later.messages for one in message.calls]
        assert [message.answers for message in later.messages if message.role == "tool"] == called
    assert ChatReply.of_json(json.loads(json.dumps(ChatReply("x", (FINISH,)).to_json()))) == ChatReply("x", (FINISH,))
