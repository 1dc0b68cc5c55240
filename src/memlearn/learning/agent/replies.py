"""Three ways in which a model may ask for tool calls, and be told their results: tools, JSON by a schema, plain lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from memlearn.errors import EditError
from memlearn.learning.agent.tools import FINISH
from memlearn.llm.messages import ChatReply, Message, Tool, ToolCall

Form = Literal["tools", "json", "text"]

_LINE = re.compile(r"\s*(?:[-*]\s+|\d+[.)]\s+)?`?(?P<name>[a-z][a-z0-9_]*)`?\s*\(?\s*(?P<arguments>\{.*\})?\s*\)?\s*`?\s*;?\s*")
_FENCE = re.compile(r"\s*```\w*\s*")


def calls_of(form: Form, reply: ChatReply) -> tuple[ToolCall, ...]:
    """The tool calls that a reply asks for, in order; none where it asks for none.

    Raises:
        EditError: the reply does not keep to the form; told to the model.
    """
    if form == "tools" or reply.calls:
        # Some endpoints name no calls, or all of them the same.
        named = len({call.id for call in reply.calls} - {""}) == len(reply.calls)
        return reply.calls if named else tuple(replace(call, id=f"call-{at}") for at, call in enumerate(reply.calls, 1))
    if not reply.text.strip():
        return ()
    return _json_calls(reply.text) if form == "json" else _text_calls(reply.text)


def _json_calls(text: str) -> tuple[ToolCall, ...]:
    try:
        given = json.loads(_FENCE.sub("", text.strip()))
        entries = given["calls"]
        read = [
            (str(entry["tool"]), {key: value for key, value in entry.items() if key != "tool" and value is not None}) for entry in entries
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EditError('The reply is no whole JSON object of the form {"calls": [{"tool": "...", ...}]}. Nothing was changed.') from error
    return tuple(ToolCall(f"call-{at}", name, json.dumps(arguments, ensure_ascii=False)) for at, (name, arguments) in enumerate(read, 1))


def _text_calls(text: str) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or _FENCE.fullmatch(line):
            continue
        found = _LINE.fullmatch(line)
        if found is None or (found["arguments"] is None and found["name"] != FINISH):
            raise EditError(
                f'Line {number} of the reply, {line.strip()[:60]!r}, is no call of the form: tool_name {{"argument": ...}}. Nothing was changed.'
            )
        calls.append(ToolCall(f"call-{len(calls) + 1}", found["name"], found["arguments"] or "{}"))
    return tuple(calls)


def result_messages(form: Form, calls: Sequence[ToolCall], results: Sequence[str], more: str) -> tuple[Message, ...]:
    """How the results of calls are told.

    Args:
        form: the way in which the calls were made.
        calls: in order.
        results: one for each call.
        more: what is to be said beside the results; may be empty.
    """
    if form == "tools":
        told = tuple(Message("tool", result, answers=call.id) for call, result in zip(calls, results, strict=True))
        return (*told, Message("user", more)) if more or not told else told
    lines = [f"{at}. {call.name}: {result}" for at, (call, result) in enumerate(zip(calls, results, strict=True), 1)]
    return (Message("user", "\n".join([*lines, *([more] if more else [])])),)


def form_instructions(form: Form, tools: Sequence[Tool]) -> str:
    """What the system message says about the form of replies; nothing where the endpoint knows tools itself."""
    if form == "tools":
        return ""
    described = "\n".join(f"{tool.name}({', '.join(_arguments(tool))}): {tool.description}" for tool in tools)
    if form == "json":
        how = 'Reply with one JSON object {"calls": [{"tool": name, argument: value, ...}, ...]}; arguments that a tool does not take are null.'
    else:
        how = 'Reply with nothing but calls, one a line: the tool\'s name and a JSON object of its arguments on the same line, such as\nmemory_insert {"label": "habits", "text": "...", "evidence": ["r3-r9"]}'
    return f"Tools:\n{described}\n\n{how}\nEnd with {FINISH}."


def _arguments(tool: Tool) -> list[str]:
    required = tool.parameters.get("required", [])
    return [name if name in required else f"{name}?" for name in tool.parameters["properties"]]


def reply_schema(tools: Sequence[Tool]) -> dict[str, Any]:
    """JSON Schema of a reply in the form `json`: every argument of any tool, nullable and required, as strict endpoints demand."""
    arguments: dict[str, Any] = {}
    for tool in tools:
        for name, schema in tool.parameters["properties"].items():
            arguments.setdefault(name, _nullable(schema))
    entry = {
        "type": "object",
        "properties": {"tool": {"type": "string", "enum": [tool.name for tool in tools]}, **arguments},
        "required": ["tool", *arguments],
        "additionalProperties": False,
    }
    calls = {"type": "array", "items": entry}
    return {"type": "object", "properties": {"calls": calls}, "required": ["calls"], "additionalProperties": False}


_KEPT = ("type", "properties", "items", "required", "additionalProperties", "description")


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without the limits that strict endpoints do not take; our own check holds them."""
    plain = _plain(schema)
    return {**plain, "type": [plain["type"], "null"]}


def _plain(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        kept = {key: value for key, value in schema.items() if key in _KEPT}
        if "properties" in kept:
            kept["properties"] = {name: _plain(entry) for name, entry in kept["properties"].items()}
        if "items" in kept:
            kept["items"] = _plain(kept["items"])
        return kept
    return schema
