"""The config reference in Markdown, generated from the models: `python -m memlearn.wiring.reference > docs/config.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from memlearn.wiring.config import Config

_HEAD = """# Config reference

Generated from the models by `python -m memlearn.wiring.reference`; do not edit.

A config is one YAML file. Relative paths start at the file's folder. In every text, `${NAME}` is replaced by the variable
`NAME` and `${NAME:-default}` by `default` where it is not set; variables come from `--set NAME=VALUE`, then from the
environment. `memlearn schema` prints the JSON Schema for editors; `memlearn init DIR` writes a config to start from.
Keys without a default must be there.
"""


def config_reference() -> str:
    """The whole reference as Markdown, ending with a line break."""
    sections = [_HEAD]
    done: set[type[BaseModel]] = set()
    queue: list[tuple[str, type[BaseModel]]] = [("The file", Config)]
    while queue:
        title, model = queue.pop(0)
        if model in done:
            continue
        done.add(model)
        sections.append("\n".join(_section(title, model)))
        queue += [(nested.__name__, nested) for field in model.model_fields.values() for nested in _models(field.annotation)]
    return "\n".join(sections)


def _section(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if title != "The file":
        yield " ".join((model.__doc__ or "").split())
        yield ""
    yield "| key | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        meaning = _escape(" ".join((field.description or _role(name, field)).split()))
        yield f"| `{name}` | {_escape(_type(field.annotation))}{_escape(_limits(field))} | {_escape(_default(field))} | {meaning} |"
    yield ""


def _role(name: str, field: FieldInfo) -> str:
    return f"Says which kind of source this is; always `{field.default}`." if name == "role" else ""


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    compound = {
        Annotated: lambda: _type(arguments[0]),
        Literal: lambda: " or ".join(f"`{value}`" for value in arguments),
        Union: lambda: " or ".join(_type(argument) for argument in arguments if argument is not NoneType),
        UnionType: lambda: " or ".join(_type(argument) for argument in arguments if argument is not NoneType),
        list: lambda: f"list of {_type(arguments[0])}",
        dict: lambda: f"mapping of name to {_type(arguments[1])}",
    }
    if origin in compound:
        return compound[origin]()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
    return names.get(annotation, "path")


def _limits(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    limits = [f"{word} {getattr(part, name):,}" for part in field.metadata for name, word in words.items() if hasattr(part, name)]
    return f", {', '.join(limits)}" if limits else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return "see there"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list | dict):
        return ", ".join(f"`{part}`" for part in value) or "empty"
    return f"`{value}`" if str(value) else "empty"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(config_reference())
