"""The tools that the model is offered, by the names that the field knows, and its calls as typed requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from memlearn.errors import EditError
from memlearn.learning.agent.step import EditRequest, Line
from memlearn.llm.messages import Tool, ToolCall

FINISH = "memory_finish_edits"

_Label = Annotated[str, Field(description="The block.")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), Field(description="One line of plain text.")]
_Number = Annotated[int, Field(ge=1, description="Number of the line as shown.")]
_Citations = Annotated[
    list[str],
    # Many models write one citation, or several with commas, where a list is asked for.
    BeforeValidator(lambda given: given.replace(",", " ").split() if isinstance(given, str) else given),
    Field(
        min_length=1,
        description="What shows it: rows 'r12' or 'r3-r9', statistics 's4', existing lines 'habits.2', what is given about the user 'person'.",
    ),
]


class _Arguments(BaseModel):
    # Numbers given as text, as some models do, are taken; anything that is not named is refused, so that it is not lost in silence.
    model_config = ConfigDict(extra="forbid")


class _Insert(_Arguments):
    label: _Label
    text: _Text
    evidence: _Citations
    line: Annotated[int | None, Field(ge=1, description="Insert before this line; leave it out to add at the end.")] = None


class _Replace(_Arguments):
    label: _Label
    line: _Number
    text: _Text
    evidence: _Citations


class _Delete(_Arguments):
    label: _Label
    line: _Number
    evidence: _Citations


class _Line(_Arguments):
    text: _Text
    evidence: _Citations


class _Rethink(_Arguments):
    label: _Label
    lines: Annotated[list[_Line], Field(max_length=100, description="All lines that the block shall have from now on.")]


class _SearchHistory(_Arguments):
    query: Annotated[str, Field(min_length=1, max_length=200, description="Words of item, merchant, category or text.")]


class _SearchPassages(_Arguments):
    query: Annotated[str, Field(min_length=1, max_length=400, description="What the passage should be about.")]


class _Finish(_Arguments):
    pass


@dataclass(frozen=True, slots=True)
class Search:
    """A wish to read external memory.

    Args:
        where: `history`: the user's own earlier rows; `passages`: the documents.
        query: the words.
    """

    where: str
    query: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more is to be changed."""


Wish = EditRequest | Search | Finish


@dataclass(frozen=True, slots=True)
class _Built:
    description: str
    arguments: type[_Arguments]
    wish: Callable[[Any], Wish]


_BUILT_IN: dict[str, _Built] = {
    "memory_insert": _Built(
        "Add a line to a block.",
        _Insert,
        lambda given: EditRequest("insert", given.label, given.line, (Line(given.text, tuple(given.evidence)),)),
    ),
    "memory_replace": _Built(
        "Replace a line of a block.",
        _Replace,
        lambda given: EditRequest("replace", given.label, given.line, (Line(given.text, tuple(given.evidence)),)),
    ),
    "memory_delete": _Built(
        "Delete a line of a block that no longer holds or no longer matters.",
        _Delete,
        lambda given: EditRequest("delete", given.label, given.line, evidence=tuple(given.evidence)),
    ),
    "memory_rethink": _Built(
        "Write a whole block anew.",
        _Rethink,
        lambda given: EditRequest("rethink", given.label, None, tuple(Line(line.text, tuple(line.evidence)) for line in given.lines)),
    ),
    "search_history": _Built(
        "Read earlier rows of this user.",
        _SearchHistory,
        lambda given: Search("history", given.query),
    ),
    "search_passages": _Built(
        "Read passages of the policy and guideline documents.",
        _SearchPassages,
        lambda given: Search("passages", given.query),
    ),
    FINISH: _Built("Say that nothing more is to be changed.", _Finish, lambda _: Finish()),
}
BUILT_IN = tuple(_BUILT_IN)


def built_in_tools(names: tuple[str, ...] = BUILT_IN) -> tuple[Tool, ...]:
    """The tools of these names as they are offered to a model."""
    return tuple(Tool(name, _BUILT_IN[name].description, schema_of(_BUILT_IN[name].arguments)) for name in names)


def read_call(call: ToolCall, offered: tuple[str, ...] = BUILT_IN) -> Wish:
    """A call of a built-in tool as a typed request.

    Args:
        call: as the model made it.
        offered: names of the built-in tools that were offered.

    Raises:
        EditError: there is no such tool, or its arguments are not what it takes; told to the model.
    """
    if call.name not in offered:
        raise EditError(f"There is no tool {call.name[:60]!r}. The tools are: {', '.join(offered)}.")
    tool = _BUILT_IN[call.name]
    try:
        given = tool.arguments.model_validate_json(call.arguments or "{}")
    except ValidationError as error:
        raise EditError(f"{call.name}: {problems_of(error)}.") from error
    return tool.wish(given)


def problems_of(error: ValidationError) -> str:
    """What is wrong with the arguments of a call, for the model."""
    return "; ".join(_problem(problem) for problem in error.errors()[:4])


def _problem(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "json_invalid":
        return "the arguments are no whole JSON object"
    return f"`{where}`: {problem['msg']}" if where else str(problem["msg"])


def schema_of(arguments: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema without what only costs tokens: titles, defaults, references."""
    schema = arguments.model_json_schema()
    definitions = schema.pop("$defs", {})

    def plain(part: Any) -> Any:
        if isinstance(part, list):
            return [plain(entry) for entry in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return plain(definitions[part["$ref"].rpartition("/")[2]])
        if "anyOf" in part:
            chosen = next(entry for entry in part["anyOf"] if entry != {"type": "null"})
            return plain({**{key: value for key, value in part.items() if key != "anyOf"}, **chosen})
        return {
            key: {name: plain(entry) for name, entry in value.items()} if key == "properties" else plain(value)
            for key, value in part.items()
            if key not in ("title", "default")
        }

    flat: dict[str, Any] = plain(schema)
    return flat
