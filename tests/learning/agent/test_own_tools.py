"""Tools of the operator: how they are found, what they may return, and that every check applies to it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from given import STEP
from pydantic import ValidationError

from memlearn.errors import ConfigError, EditError
from memlearn.learning.agent.config import AgentConfig, Removable, ToolConfig
from memlearn.learning.agent.own_tools import OwnTool, load_tools
from memlearn.learning.agent.step import EditRequest, Line
from memlearn.learning.agent.tools import BUILT_IN, FINISH
from memlearn.llm.messages import ToolCall

FAVOURITE = """
from memlearn.errors import EditError
from memlearn.learning.agent.step import EditRequest, Line

def favourite(arguments, step):
    if arguments["item"] == "nothing":
        raise EditError("Name an item.", "name")
    text = f"Often buys {arguments['item']}."
    return [{"operation": "insert", "label": "preferences", "text": text, "evidence": arguments["evidence"]}]

def typed(arguments, step):
    return (EditRequest("insert", "habits", None, (Line(f"{len(step.rows)} rows.", ("r1",)),)),)

def broken(arguments, step):
    return arguments["missing"]

def odd(arguments, step):
    return [{"label": "habits"}]

def worse(arguments, step):
    return [{"operation": "insert", "label": "habits", "text": "", "evidence": ["r1"]}]

number = 7
"""
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"item": {"type": "string"}, "evidence": {"type": "array", "items": {"type": "string"}}},
    "required": ["item", "evidence"],
}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "tools.py").write_text(FAVOURITE, encoding="utf-8")
    return tmp_path


def configured(function: str = "tools.py:favourite", parameters: dict[str, Any] | None = None, name: str = "note_favourite") -> ToolConfig:
    return ToolConfig(name=name, description="Notes what is bought often.", parameters=parameters or PARAMETERS, function=function)


def load(base: Path, function: str = "tools.py:favourite", parameters: dict[str, Any] | None = None) -> OwnTool:
    return load_tools([configured(function, parameters)], base)[0]


def call(**arguments: Any) -> ToolCall:
    return ToolCall("1", "note_favourite", json.dumps(arguments))


def test_a_call_becomes_edits(base: Path) -> None:
    wanted = EditRequest("insert", "preferences", None, (Line("Often buys tea.", ("r1", "r2")),))
    assert load(base)(call(item="tea", evidence=["r1", "r2"]), STEP) == [wanted]
    typed = load(base, "tools.py:typed", {"type": "object", "properties": {}})
    assert typed(call(), STEP)[0].lines == (Line(f"{len(STEP.rows)} rows.", ("r1",)),)


@pytest.mark.parametrize(
    ("function", "arguments", "code", "words"),
    [
        ("favourite", {"item": "nothing", "evidence": ["r1"]}, "name", "Name an item."),
        ("favourite", {"item": "tea"}, "form", "`evidence` is missing"),
        ("favourite", {"item": 7, "evidence": []}, "form", "`item` has to be of type string, not int"),
        ("favourite", {"item": "tea", "evidence": [], "user": "anna"}, "form", "there is no argument 'user'. It takes: item, evidence."),
        ("broken", {"item": "tea", "evidence": []}, "tool", "The tool 'note_favourite' failed (KeyError: 'missing')"),
        ("odd", {"item": "tea", "evidence": []}, "tool", "gave no edit but \"{'label': 'habits'}\""),
        ("worse", {"item": "tea", "evidence": []}, "tool", "gave an edit that cannot be: memory_insert: `text`"),
    ],
)
def test_what_goes_wrong_is_told_to_the_model(base: Path, function: str, arguments: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(EditError) as refused:
        load(base, f"tools.py:{function}")(call(**arguments), STEP)
    assert words in str(refused.value)
    assert refused.value.code == code


@pytest.mark.parametrize("arguments", ["{", "[1]", "7"])
def test_arguments_that_are_no_object_are_refused(base: Path, arguments: str) -> None:
    with pytest.raises(EditError, match="no whole JSON object"):
        load(base)(ToolCall("1", "note_favourite", arguments), STEP)


def test_its_version_is_that_of_its_file(base: Path) -> None:
    first = load(base)
    assert load(base) == first
    (base / "tools.py").write_text(FAVOURITE.replace("Often", "Always"), encoding="utf-8")
    second = load(base)
    assert second.source != first.source
    edit = second(call(item="tea", evidence=["r1"]), STEP)[0]
    assert edit.lines[0].text == "Always buys tea."
    package = load(base, "copy:deepcopy", {"type": "object", "properties": {}})
    assert package.source == load(base, "copy:copy", {"type": "object", "properties": {}}).source


def test_it_may_go_to_another_process(base: Path) -> None:
    tool = load(base)
    assert pickle.loads(pickle.dumps(tool))(call(item="tea", evidence=["r1"]), STEP) == tool(call(item="tea", evidence=["r1"]), STEP)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("gone.py:favourite", "FileNotFoundError"),
        ("tools.py:gone", "has no attribute 'gone'"),
        ("tools.py:number", "number is a int, not a function"),
        ("no_such_package.tools:favourite", "No module named 'no_such_package'"),
        ("wrong.py:favourite", "SyntaxError"),
    ],
)
def test_what_cannot_be_loaded_is_named_with_the_way_out(base: Path, function: str, words: str) -> None:
    (base / "wrong.py").write_text("def favourite(:", encoding="utf-8")
    with pytest.raises(ConfigError) as found:
        load(base, function)
    assert f"learning.agent.tools[1].function {function!r} cannot be loaded" in str(found.value)
    assert words in str(found.value)
    assert "Write `package.module:function`" in str(found.value)


def test_an_argument_of_a_known_name_has_the_known_type(base: Path) -> None:
    parameters = {"type": "object", "properties": {"evidence": {"type": "string"}}}
    with pytest.raises(ConfigError, match=r"tools\[1\]\.parameters: the argument 'evidence' is of type 'string'.* 'array'"):
        load(base, parameters=parameters)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": FINISH}, "ends a step and cannot be replaced"),
        ({"name": "Note"}, "should match pattern"),
        ({"function": "tools.py"}, "should match pattern"),
        ({"parameters": {"type": "string"}}, "the schema has to be of an object"),
        ({"parameters": {"type": "object", "properties": {"item": {}}}}, "the argument `item` needs a `type`"),
        ({"parameters": {"type": "object", "properties": {"tool": {"type": "string"}}}}, "may not be called `tool`"),
        ({"parameters": {"type": "object", "required": ["x"]}}, "`required` has to be a list of names"),
    ],
)
def test_a_tool_that_cannot_be_offered_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ToolConfig.model_validate({"name": "note", "description": "Notes.", "function": "tools.py:note", **change})


def test_something_has_to_write() -> None:
    tool = configured().model_dump()
    removed = ["memory_insert", "memory_replace", "memory_rethink"]
    with pytest.raises(ValidationError, match="leaves nothing that writes"):
        AgentConfig.model_validate({"model": "m", "remove_tools": removed})
    AgentConfig.model_validate({"model": "m", "remove_tools": removed, "tools": [tool]})
    with pytest.raises(ValidationError, match="two tools named 'note_favourite'"):
        AgentConfig.model_validate({"model": "m", "tools": [tool, tool]})


def test_every_built_in_tool_but_the_last_may_be_removed() -> None:
    assert {*get_args(Removable), FINISH} == set(BUILT_IN)


def test_yaml_gives_the_schema_as_it_stands() -> None:
    text = yaml.safe_dump(configured().model_dump(mode="json"))
    assert ToolConfig.model_validate(yaml.safe_load(text)).parameters == PARAMETERS
