from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from given import BLOCKS, STEP, anything_true

from memlearn.learning.agent.conversation import Settings, StepResult
from memlearn.learning.agent.money import Purse
from memlearn.learning.agent.pace import Pace
from memlearn.learning.agent.prompt import load_prompts
from memlearn.learning.agent.replies import Form
from memlearn.learning.agent.sender import NotAnsweredError, Sender, Spent
from memlearn.learning.agent.step import Row, StepInput
from memlearn.learning.agent.stepper import Forms, Stepper, StopRunError
from memlearn.learning.agent.tools import built_in_tools
from memlearn.llm.chat import ChatClient
from memlearn.llm.config import ModelConfig
from memlearn.store.journal import JournalWriter, read_segment
from memlearn.testing import Fault, ModelServer, Nth, Reply, messages, text_of, tool_names, wants_json

SPECS = tuple(block.spec for block in BLOCKS if not block.spec.read_only)


def counts_rows(request: Any) -> Reply:
    """Notes how many rows it is shown, in whatever form it is asked to."""
    shown = re.findall(r"^r\d+ (\S+)", text_of(messages(request)[1]), re.MULTILINE)
    arguments = {"label": "habits", "text": f"Saw {len(shown)} rows from {shown[0]} on.", "evidence": [f"r1-r{len(shown)}"]}
    if tool_names(request):
        return Reply(tool_calls=[("memory_insert", arguments), ("memory_finish_edits", {})])
    if wants_json(request):
        return Reply({"calls": [{"tool": "memory_insert", **arguments, "line": None, "lines": None, "query": None}]})
    return Reply(
        f'memory_insert {{"label": "habits", "text": "{arguments["text"]}", "evidence": ["r1-r{len(shown)}"]}}\nmemory_finish_edits'
    )


def do(
    folder: Path, server: ModelServer, *steps: StepInput, form: Form = "tools", fixed: bool = False, **more: Any
) -> tuple[list[Any], JournalWriter, Forms]:
    journal = JournalWriter(folder, "run-1")
    client = ChatClient(ModelConfig(model="scripted", base_url=server.base_url), {})
    sender = Sender(client, {"model": "scripted"}, journal, lambda _asked, _digest: None, Pace(4), Purse(), attempts=2, backoff=0.01)
    forms = Forms(form, fixed, **more)
    works = Stepper(
        Settings(load_prompts(), SPECS, built_in_tools(), max_tokens=500), forms, sender.ask, anything_true, lambda _: lambda _: [], {}
    )

    async def work(*doing: Coroutine[Any, Any, StepResult]) -> list[Any]:
        try:
            return await asyncio.gather(*doing, return_exceptions=True)
        finally:
            await client.close()

    with closing(journal):
        results = asyncio.run(work(*(works.do(f"{number:032x}", step, Spent()) for number, step in enumerate(steps))))
    return results, journal, forms


def habits(result: StepResult) -> list[str]:
    return result.blocks[0].value.split("\n")[3:]


def test_a_step_changes_the_blocks(tmp_path: Path) -> None:
    with ModelServer(counts_rows) as server:
        (result,), journal, _ = do(tmp_path, server, STEP)
    assert habits(result) == ["Saw 12 rows from 2026-01-01 on."]
    assert result.outcome == "done"
    assert [record["type"] for _, record in read_segment(journal.path)] == ["text", "intent", "reply"]


@pytest.mark.parametrize(("tools", "schema", "found"), [(True, True, "tools"), (False, True, "json"), (False, False, "text")])
def test_the_form_that_the_endpoint_takes_is_found_once_for_all_steps(tmp_path: Path, *, tools: bool, schema: bool, found: str) -> None:
    told: list[Form] = []
    with ModelServer(counts_rows, tools=tools, json_schema=schema) as server:
        results, journal, forms = do(tmp_path, server, *([STEP] * 3), changed=told.append)
    assert [habits(result) for result in results] == [["Saw 12 rows from 2026-01-01 on."]] * 3
    assert forms.form == found
    assert told == list(("json", "text")[: ("tools", "json", "text").index(found)])
    assert sum(record["type"] == "reply" for _, record in read_segment(journal.path)) == 3


def test_a_configured_form_is_not_changed(tmp_path: Path) -> None:
    with ModelServer(counts_rows, tools=False) as server:
        (error,), _, _ = do(tmp_path, server, STEP, fixed=True)
    assert isinstance(error, StopRunError)
    assert "learning.agent.replies" in str(error)


def test_a_chunk_too_long_for_the_model_is_read_in_parts_of_the_same_step(tmp_path: Path) -> None:
    rows = tuple(Row(f"{number:016x}", f"2026-01-{number % 28 + 1:02d} purchase bread " + "x" * 200) for number in range(40))
    roomy = replace(BLOCKS[0], spec=BLOCKS[0].spec.model_copy(update={"limit": 2000}))
    with ModelServer(counts_rows) as server:
        (whole,), _, _ = do(tmp_path / "whole", server, STEP)
        size = server.counts()["prompt_chars"]
    with ModelServer(counts_rows, context_chars=size + 2500) as server:
        (result,), journal, _ = do(tmp_path / "split", server, replace(STEP, rows=rows, blocks=(roomy, *BLOCKS[1:])))
    assert whole.turns == 1
    seen = [int(line.split()[1]) for line in habits(result)]
    assert sum(seen) == 40
    assert len(seen) > 2
    intents = [record for _, record in read_segment(journal.path) if record["type"] == "intent"]
    assert {intent["step"] for intent in intents} == {f"{0:032x}"}
    cited = [row for statement in result.blocks[0].statements[3:] for row in statement.evidence.rows]
    assert cited == [row.id for row in rows]


def test_one_row_that_is_too_long_is_a_step_without_an_answer(tmp_path: Path) -> None:
    with ModelServer(counts_rows, context_chars=100) as server:
        (error,), _, _ = do(tmp_path, server, STEP)
    assert isinstance(error, NotAnsweredError)
    assert "A single row is too long" in str(error)


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [("400", NotAnsweredError, "answered 400"), ("401", StopRunError, "answered 401"), ("500", NotAnsweredError, "after 2 attempts")],
)
def test_what_goes_wrong_is_told_by_what_it_means_for_the_run(tmp_path: Path, kind: Any, error: type[Exception], words: str) -> None:
    with ModelServer(counts_rows, faults=[Fault(kind)]) as server:
        (caught,), _, _ = do(tmp_path, server, STEP)
    assert isinstance(caught, error)
    assert words in str(caught)


@pytest.mark.parametrize("kind", ["bad_arguments", "wrong_types", "empty", "refusal"])
def test_odd_answers_end_the_step_without_harm(tmp_path: Path, kind: Any) -> None:
    with ModelServer(counts_rows, faults=[Fault(kind, Nth(1))]) as server:
        (result,), _, _ = do(tmp_path, server, STEP)
    assert isinstance(result, StepResult)
    if kind == "refusal":
        assert (result.outcome, result.blocks) == ("declined", BLOCKS)
    else:
        assert result.outcome == "done"
        assert result.turns == 2
