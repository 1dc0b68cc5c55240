"""A chat completion as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

PIECE_CHARS = 48
DONE = b"data: [DONE]\n\n"


def events(completion: Mapping[str, Any], *, with_usage: bool) -> Iterator[bytes]:
    """The events of a completion, the closing one included.

    Args:
        completion: the whole completion.
        with_usage: end with an event that has the usage and no choices (`stream_options.include_usage`).
    """
    head = {key: completion[key] for key in ("id", "created", "model", "system_fingerprint")}
    head |= {"object": "chat.completion.chunk"}
    if with_usage:
        head |= {"usage": None}
    for choice in completion["choices"]:
        for delta in _deltas(choice["message"]):
            yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}]})
        yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"], "logprobs": None}]})
    if with_usage:
        yield _event({**head, "choices": [], "usage": completion.get("usage")})
    yield DONE


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": "" if message["content"] is not None else None, "refusal": None}
    for field in ("content", "refusal"):
        for piece in _pieces(message[field]):
            yield {field: piece}
    for at, call in enumerate(message.get("tool_calls") or ()):
        yield {"tool_calls": [{**call, "index": at, "function": {"name": call["function"]["name"], "arguments": ""}}]}
        for piece in _pieces(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": at, "function": {"arguments": piece}}]}


def _pieces(value: Any) -> Iterator[Any]:
    """A text in pieces; a value of a wrong type in one."""
    if not isinstance(value, str):
        if value is not None:
            yield value
        return
    for at in range(0, len(value), PIECE_CHARS):
        yield value[at : at + PIECE_CHARS]


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
