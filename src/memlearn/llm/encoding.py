"""A request as it goes over the wire, and the key that it goes with. Knows no vendor, so that it loads at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memlearn.errors import ConfigError
from memlearn.llm.config import ModelConfig
from memlearn.llm.messages import ChatRequest, Message

# The vendor's client wants a key, also where a local endpoint does not.
_NO_KEY = "none"


def read_key(config: ModelConfig, environment: Mapping[str, str]) -> str:
    """The key of a model's endpoint; a placeholder where it needs none.

    Args:
        config: model and endpoint.
        environment: holds the key under `config.api_key_env`.

    Raises:
        ConfigError: OpenAI's own endpoint is meant and there is no key.
    """
    key = environment.get(config.api_key_env, "").strip()
    if not key and config.base_url is None:
        raise ConfigError(
            f"The model {config.model!r} needs a key: set the environment variable {config.api_key_env}, "
            "or name a local endpoint with `learning.agent.base_url`."
        )
    return key or _NO_KEY


def encode_request(config: ModelConfig, request: ChatRequest) -> bytes:
    """A request as it is sent, byte for byte; its size bounds the tokens that it can be charged for."""
    auto = "max_completion_tokens" if config.base_url is None else "max_tokens"
    limit = auto if config.output_limit == "auto" else config.output_limit
    body: dict[str, Any] = {
        "model": config.model,
        "messages": [_message(message) for message in request.messages],
        limit: request.max_tokens,
        **config.options,
    }
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "edits", "strict": True, "schema": dict(request.schema)},
        }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if request.tools:
        # As they were written down once: they are half of what is sent.
        tools = ",".join(f'{{"type":"function","function":{tool.text}}}' for tool in request.tools)
        text = f'{text[:-1]},"tools":[{tools}]}}'
    return text.encode()


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.answers, "content": message.text}
    if message.calls:
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in message.calls
        ]
        return {"role": message.role, "content": message.text or None, "tool_calls": calls}
    return {"role": message.role, "content": message.text}
