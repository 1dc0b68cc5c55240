"""Is a request one that this server takes? What it cannot do is refused as servers do that lack it."""

from __future__ import annotations

from typing import Any

from memlearn.testing.api_error import ApiError
from memlearn.testing.prompts import Prompt
from memlearn.testing.script import Request
from memlearn.testing.settings import Settings

_ROLES = {"system", "developer", "user", "assistant", "tool"}


def check_chat(prompt: Prompt, settings: Settings) -> None:
    """Look a chat completion request over.

    Raises:
        ApiError: something is missing or wrong, switched off, or too long.
    """
    body = prompt.body
    _check_basics(body)
    _check_messages(body["messages"])
    _check_abilities(body, settings)
    _check_format(body)
    if settings.context_chars is not None and len(prompt.text) > settings.context_chars:
        raise context_error(settings.context_chars, len(prompt.text))


def context_error(most: int, given: int) -> ApiError:
    """The refusal of a prompt that is too long; lengths in characters."""
    return ApiError(
        400,
        f"This model's maximum context length is {most // 4} tokens. However, your messages resulted in {-(-given // 4)} tokens. "
        "Please reduce the length of the messages.",
        code="context_length_exceeded",
        param="messages",
    )


def _check_basics(body: Request) -> None:
    if not isinstance(body.get("model"), str):
        raise ApiError(400, "You must provide a model parameter.", param="model")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise ApiError(400, "Missing required parameter: 'messages'.", code="missing_required_parameter", param="messages")
    if body.get("n") not in {None, 1}:
        raise ApiError(400, f"This server gives one choice; 'n' is {body['n']!r}.", code="unsupported_value", param="n")


def _check_messages(messages: list[Any]) -> None:
    """Roles are known, and every call of a tool is answered before the conversation goes on."""
    open_calls: list[str] = []
    for at, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise ApiError(400, f"Invalid value: {role!r}. Supported values are: {sorted(_ROLES)}.", param=f"messages[{at}].role")
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise ApiError(
                    400, "Messages with role 'tool' must answer a preceding message with 'tool_calls'.", param=f"messages[{at}].role"
                )
            open_calls.remove(message["tool_call_id"])
            continue
        _check_answered(open_calls, at)
        open_calls = [call.get("id") for call in message.get("tool_calls") or ()]
    _check_answered(open_calls, len(messages))


def _check_answered(open_calls: list[str], at: int) -> None:
    if open_calls:
        raise ApiError(
            400,
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
            f"The following tool_call_ids did not have response messages: {', '.join(open_calls)}",
            param=f"messages[{at - 1}]",
        )


def _check_abilities(body: Request, settings: Settings) -> None:
    model, kind = body["model"], (body.get("response_format") or {}).get("type")
    if body.get("tools") and not settings.tools:
        raise ApiError(400, f"{model} does not support tools", param="tools")
    if "parallel_tool_calls" in body and not settings.parallel_tool_calls:
        raise ApiError(
            400,
            "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.",
            code="unsupported_parameter",
            param="parallel_tool_calls",
        )
    if body.get("stream") and not settings.stream:
        raise ApiError(400, f"{model} does not support streaming", code="unsupported_value", param="stream")
    lacking = (kind == "json_schema" and not settings.json_schema) or (kind == "json_object" and not settings.json_object)
    if lacking:
        raise ApiError(
            400,
            f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model.",
            param="response_format",
        )


def _check_format(body: Request) -> None:
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema" and not isinstance(form.get("json_schema", {}).get("schema"), dict):
        raise ApiError(
            400,
            "Missing required parameter: 'response_format.json_schema.schema'.",
            code="missing_required_parameter",
            param="response_format.json_schema",
        )
    if form.get("type") == "json_object" and "json" not in str(body["messages"]).lower():
        raise ApiError(
            400,
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            param="messages",
        )
