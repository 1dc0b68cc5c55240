"""From a script's reply to a chat completion object; and the ways in which one can be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from memlearn.testing.api_error import ApiError
from memlearn.testing.prompts import CHARS_PER_TOKEN, Prompt, count_tokens, digest_of
from memlearn.testing.script import Reply, Request, as_text, wants_json

# Replies depend on the request alone, so their time is a constant.
CREATED = 1_750_000_000


def complete(prompt: Prompt, reply: Reply, *, cached: int, one_call: bool, usage: bool) -> dict[str, Any]:
    """A chat completion.

    Args:
        prompt: what was asked.
        reply: what the script answers.
        cached: tokens of the prompt that the prompt cache held.
        one_call: give the first tool call only.
        usage: add the field `usage`.

    Raises:
        ApiError: the script's reply is one that no model could give to this request (status 422).
    """
    calls = _calls(prompt, reply, one_call=one_call)
    content = as_text(reply.text)
    if not calls and reply.refusal is None and wants_json(prompt.body):
        _must_be_json(content)
    content, calls, cut = _cut(content, calls, _most_chars(prompt.body))
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": reply.refusal}
    if calls:
        message["tool_calls"] = calls
    finish = reply.finish_reason or ("length" if cut else "tool_calls" if calls else "stop")
    completion: dict[str, Any] = {
        "id": f"chatcmpl-{prompt.digest}",
        "object": "chat.completion",
        "created": CREATED,
        "model": prompt.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "system_fingerprint": "fp_scripted",
    }
    if usage and reply.usage is not False:
        completion["usage"] = dict(reply.usage) if reply.usage is not None else usage_of(prompt.tokens, reply_chars(completion), cached)
    return completion


def reply_chars(completion: Mapping[str, Any]) -> int:
    """Characters of what the model wrote: content, refusal, names and arguments of its calls."""
    message = completion["choices"][0]["message"]
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    written = [message["content"] or "", message["refusal"] or "", *(function["name"] + function["arguments"] for function in functions)]
    return sum(map(len, written))


def usage_of(prompt_tokens: int, chars: int, cached: int) -> dict[str, Any]:
    """The counted usage."""
    completion_tokens = count_tokens(chars)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def script_error(message: str) -> ApiError:
    """The script itself is at fault; the status is one that no client tries again."""
    return ApiError(422, message, code="script_error")


def most_tokens(body: Request) -> int | None:
    """The most tokens that a request allows for the reply."""
    most = body.get("max_completion_tokens", body.get("max_tokens"))
    return int(most) if most is not None else None


def _most_chars(body: Request) -> int | None:
    most = most_tokens(body)
    return None if most is None else most * CHARS_PER_TOKEN


def _calls(prompt: Prompt, reply: Reply, *, one_call: bool) -> list[dict[str, Any]]:
    given = list(reply.tool_calls)
    choice = prompt.body.get("tool_choice")
    if choice == "none":
        return []
    if given and not prompt.body.get("tools"):
        raise script_error(f"The script calls {given[0][0]!r}, but the request offers no tools.")
    if isinstance(choice, Mapping):
        wanted = choice.get("function", {}).get("name")
        given = [call for call in given if call[0] == wanted]
    if not given and reply.refusal is None and (choice == "required" or isinstance(choice, Mapping)):
        raise script_error(f"The request demands a tool call, tool_choice {choice!r}; the script's reply has none.")
    if one_call or prompt.body.get("parallel_tool_calls") is False:
        given = given[:1]
    return [
        {
            "id": f"call_{digest_of(prompt.digest, str(at))[:24]}",
            "type": "function",
            "function": {"name": name, "arguments": as_text(arguments if isinstance(arguments, str) else dict(arguments))},
        }
        for at, (name, arguments) in enumerate(given)
    ]


def _must_be_json(content: str | None) -> None:
    try:
        json.loads(content or "")
    except json.JSONDecodeError as error:
        raise script_error(f"The request asks for JSON; the script replied {content!r}. Give `text` a dictionary.") from error


def _cut(content: str | None, calls: list[dict[str, Any]], most: int | None) -> tuple[str | None, list[dict[str, Any]], bool]:
    """Cut a reply where the request's limit of tokens ends it, amid arguments if need be."""
    if most is None:
        return content, calls, False
    room, cut = most, False
    if content is not None:
        cut = len(content) > room
        content, room = content[:room], max(0, room - len(content))
    kept: list[dict[str, Any]] = []
    for call in calls:
        function = call["function"]
        size = len(function["name"]) + len(function["arguments"])
        if len(function["name"]) > room or cut:
            return content, kept, True
        cut = size > room
        kept.append({**call, "function": {**function, "arguments": function["arguments"][: room - len(function["name"])]}})
        room = max(0, room - size)
    return content, kept, cut


def spoil(kind: str, completion: dict[str, Any]) -> dict[str, Any]:
    """A completion with wrong content, of a fault's kind; other kinds leave it as it is."""
    change = _SPOILERS.get(kind)
    if change is None:
        return completion
    if kind == "no_choices":
        return {**completion, "choices": []}
    choice = completion["choices"][0]
    return {**completion, "choices": [{**choice, **change(choice)}]}


def _with_arguments(choice: Mapping[str, Any], change: Callable[[str], str], otherwise: object) -> dict[str, Any]:
    """The choice's message with changed arguments, or other content where it calls no tool."""
    message = choice["message"]
    if not message.get("tool_calls"):
        return {"message": {**message, "content": otherwise}}
    calls = [
        {**call, "function": {**call["function"], "arguments": change(call["function"]["arguments"])}} for call in message["tool_calls"]
    ]
    return {"message": {**message, "tool_calls": calls}}


def _other_types(arguments: str) -> str:
    """The same keys, with every value of another type; a list where there are no keys."""
    value = json.loads(arguments or "{}")
    if not isinstance(value, dict) or not value:
        return "[1, 2]"
    return json.dumps({key: [1] if isinstance(item, str | int) else "7" for key, item in value.items()})


_NOTHING = {"role": "assistant", "content": None, "refusal": None}
_SPOILERS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "bad_arguments": lambda choice: _with_arguments(choice, lambda arguments: '{"label": ' + arguments[1:7], '{"edits": ['),
    "wrong_types": lambda choice: _with_arguments(choice, _other_types, [1, {"text": 2}]),
    "empty": lambda _choice: {"message": _NOTHING, "finish_reason": "stop"},
    "no_choices": lambda _choice: {},
    "refusal": lambda _choice: {"message": {**_NOTHING, "refusal": "I'm sorry, but I cannot assist with that."}, "finish_reason": "stop"},
}
