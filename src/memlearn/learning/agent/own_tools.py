"""Tools of the operator: Python functions, named in the config, that turn a call of the model into edits.

They are trusted code and run in our process. What they return is checked like every other edit.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

from memlearn.errors import ConfigError, EditError
from memlearn.learning.agent.config import ToolConfig
from memlearn.learning.agent.step import EditRequest, StepInput
from memlearn.learning.agent.tools import built_in_tools, read_call
from memlearn.llm.messages import Tool, ToolCall

OwnFunction = Callable[[dict[str, Any], StepInput], Iterable[EditRequest | Mapping[str, Any]]]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_OPERATIONS = ("insert", "replace", "delete", "rethink")
_FAULT = "tool"


@dataclass(frozen=True, slots=True)
class OwnTool:
    """A tool of the operator; plain values, so that it may go to another process.

    Args:
        tool: as it is offered to the model.
        place: where its function is: `package.module:function` or the path of a file, `:` and the function.
        source: digest of the file that holds it; part of the agent's version.
    """

    tool: Tool
    place: str
    source: str

    def __call__(self, call: ToolCall, step: StepInput) -> Sequence[EditRequest]:
        """The edits that a call asks for.

        Raises:
            EditError: the arguments are not what the tool takes, or its function fails or returns no edits; told to the model.
        """
        arguments = _arguments(self.tool, call)
        function, _ = _find(self.place, self.source)
        try:
            given = list(function(arguments, step))
        except EditError:
            raise
        except Exception as error:
            raise EditError(f"The tool {self.tool.name!r} failed ({type(error).__name__}: {error}). Use another one.", _FAULT) from error
        return [_edit(self.tool.name, edit) for edit in given]


def load_tools(configured: Sequence[ToolConfig], base: Path) -> tuple[OwnTool, ...]:
    """The configured tools, with their functions found.

    Args:
        configured: of the config.
        base: where the paths of their files start.

    Raises:
        ConfigError: a function cannot be found, or arguments cannot be told apart from those of other tools.
    """
    return tuple(_load(f"learning.agent.tools[{at}]", config, base) for at, config in enumerate(configured, 1))


def _load(where: str, config: ToolConfig, base: Path) -> OwnTool:
    _check_arguments(where, config)
    place, _, name = config.function.rpartition(":")
    # A file is named by its whole path from here on.
    found = f"{(base / Path(place).expanduser()).resolve()}:{name}" if place.endswith(".py") else config.function
    try:
        _, source = _find(found, _file_digest(Path(found.rpartition(":")[0])) if place.endswith(".py") else "")
    except Exception as error:
        # Whatever the module does while it is imported, it is the config that names it.
        raise ConfigError(
            f"{where}.function {config.function!r} cannot be loaded ({type(error).__name__}: {error}). Write `package.module:function` of an installed "
            "package, or `file.py:function` with the file's path relative to the config."
        ) from error
    return OwnTool(Tool(config.name, config.description, config.parameters), found, source)


@cache
def _find(place: str, source: str) -> tuple[OwnFunction, str]:
    """The function, and the digest of its file; a file of other content is loaded anew."""
    path, _, name = place.rpartition(":")
    module = _load_file(Path(path), source) if path.endswith(".py") else importlib.import_module(path)
    function = getattr(module, name)
    if not callable(function):
        raise TypeError(f"{name} is a {type(function).__name__}, not a function")
    return function, source or _file_digest(Path(inspect.getsourcefile(inspect.unwrap(function)) or str(module.__file__)))


def _load_file(path: Path, source: str) -> ModuleType:
    name = f"memlearn_tools_{path.stem}_{source}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _file_digest(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=8).hexdigest()


def _check_arguments(where: str, config: ToolConfig) -> None:
    """In replies by a JSON schema all tools share their arguments, so one of the same name has to be of the same type."""
    shared = {name: schema["type"] for tool in built_in_tools() for name, schema in tool.parameters["properties"].items()}
    for name, schema in _properties(config.parameters).items():
        if name in shared and schema["type"] != shared[name]:
            raise ConfigError(
                f"{where}.parameters: the argument {name!r} is of type {schema['type']!r}; the built-in tools have one of that name that is of type "
                f"{shared[name]!r}. Give it that type or another name."
            )


def _properties(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return dict(parameters["properties"])


def _arguments(tool: Tool, call: ToolCall) -> dict[str, Any]:
    """The arguments of a call, of the types that the tool says."""
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError as error:
        raise EditError(f"{tool.name}: the arguments are no whole JSON object.") from error
    if not isinstance(given, dict):
        raise EditError(f"{tool.name}: the arguments are no whole JSON object.")
    taken = _properties(tool.parameters)
    missing = [name for name in tool.parameters.get("required", ()) if name not in given]
    if missing:
        raise EditError(f"{tool.name}: `{missing[0]}` is missing.")
    for name, value in given.items():
        if name not in taken:
            raise EditError(f"{tool.name}: there is no argument {name[:60]!r}. It takes: {', '.join(taken) or 'none'}.")
        kind = taken[name]["type"]
        if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            raise EditError(f"{tool.name}: `{name}` has to be of type {kind}, not {type(value).__name__}.")
    return given


def _edit(name: str, edit: object) -> EditRequest:
    """An edit as the function gave it, typed or as the arguments of a built-in tool with the `operation`."""
    if isinstance(edit, EditRequest):
        return edit
    given = dict(edit) if isinstance(edit, Mapping) else {}
    operation = given.pop("operation", None)
    if operation not in _OPERATIONS:
        raise EditError(
            f"The tool {name!r} gave no edit but {str(edit)[:80]!r}: an edit has an `operation`, one of {', '.join(_OPERATIONS)}.", _FAULT
        )
    try:
        wish = read_call(ToolCall("", f"memory_{operation}", json.dumps(given)))
    except (EditError, TypeError) as error:
        raise EditError(f"The tool {name!r} gave an edit that cannot be: {error}", _FAULT) from error
    assert isinstance(wish, EditRequest)
    return wish
