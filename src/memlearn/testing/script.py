"""Scripts: pure functions from a request to a reply, some ready ones, and what helps to read a request."""

from __future__ import annotations

import json
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "Reply",
    "Request",
    "Script",
    "Sequence",
    "ToolCall",
    "echo",
    "last_user_text",
    "messages",
    "silent",
    "text_of",
    "tool_names",
    "tool_results",
    "turn",
    "wants_json",
]

Request = Mapping[str, Any]
"""The JSON body of a chat completion request."""

ToolCall = tuple[str, Mapping[str, Any] | str]
"""Name of a tool and its arguments; a string is sent as it stands, whether it is JSON or not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answers.

    Args:
        text: content of the message; anything but a string is sent as JSON.
        tool_calls: calls of tools, in order.
        finish_reason: default `tool_calls` where there are some, `stop` otherwise, `length` where the request's limit cuts the reply.
        refusal: text of a refusal, in place of content.
        usage: in place of the counted one; False leaves the field out.
    """

    text: str | Mapping[str, Any] | list[Any] | None = None
    tool_calls: abc.Sequence[ToolCall] = ()
    finish_reason: str | None = None
    refusal: str | None = None
    usage: Mapping[str, Any] | Literal[False] | None = None


Script = Callable[[Request], Reply]
"""Must depend on nothing but the request, so that a repeated request is answered alike."""


def messages(request: Request) -> list[Mapping[str, Any]]:
    """The messages of a request, oldest first."""
    return list(request.get("messages") or ())


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message, also where its content comes in parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def last_user_text(request: Request) -> str:
    """Text of the last message of the user; empty where there is none."""
    return next((text_of(message) for message in reversed(messages(request)) if message.get("role") == "user"), "")


def tool_names(request: Request) -> list[str]:
    """Names of the tools that the request offers."""
    return [str(tool.get("function", {}).get("name")) for tool in request.get("tools") or ()]


def tool_results(request: Request) -> list[str]:
    """What the tools called in the last turn answered, in order."""
    found: list[str] = []
    for message in reversed(messages(request)):
        if message.get("role") != "tool":
            break
        found.append(text_of(message))
    return found[::-1]


def turn(request: Request) -> int:
    """How many replies of the model the conversation holds already: 0 in the first turn."""
    return sum(message.get("role") == "assistant" for message in messages(request))


def wants_json(request: Request) -> bool:
    """True where `response_format` asks for JSON."""
    return (request.get("response_format") or {}).get("type") in {"json_object", "json_schema"}


def silent(request: Request) -> Reply:
    """A model that changes nothing: it ends the step at once.

    Calls `memory_finish_edits` where the request offers that tool; otherwise an empty list of edits as JSON, or no text.
    """
    if "memory_finish_edits" in tool_names(request):
        return Reply(tool_calls=[("memory_finish_edits", {})])
    return Reply(text={"edits": []} if wants_json(request) else "")


def echo(request: Request) -> Reply:
    """A model that says what the user said last; as `{"text": ...}` where JSON is asked for."""
    said = last_user_text(request)
    return Reply(text={"text": said} if wants_json(request) else said)


class Sequence:
    """Replies by turn: the first to a fresh conversation, the second once it holds a reply, and so on; the last is repeated.

    The turn is read from the request, so that the script stays a pure function and serves any number of conversations.
    """

    def __init__(self, replies: abc.Sequence[Reply | Script]) -> None:
        """Take replies, or scripts that make them.

        Raises:
            ValueError: there are none.
        """
        if not replies:
            raise ValueError("A sequence needs at least one reply.")
        self._replies = tuple(replies)

    def __call__(self, request: Request) -> Reply:
        """The reply to this turn."""
        reply = self._replies[min(turn(request), len(self._replies) - 1)]
        return reply if isinstance(reply, Reply) else reply(request)


def as_text(value: object) -> str | None:
    """Content of a message: strings as they are, other values as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
