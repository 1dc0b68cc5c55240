"""Clients of a scripted server, tools to offer it, and the short way to ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import openai
import pytest

from memlearn.testing import ModelServer

Connect = Callable[..., openai.OpenAI]
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}}}
    for name in ("memory_insert", "memory_finish_edits")
]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients that do not try again by themselves, and closes them."""
    with ExitStack() as stack:

        def make(server: ModelServer | str, **options: Any) -> openai.OpenAI:
            url = server if isinstance(server, str) else server.base_url
            settings: dict[str, Any] = {"api_key": "any", "max_retries": 0, "timeout": 10.0, **options}
            return stack.enter_context(openai.OpenAI(base_url=url, **settings))

        yield make


@pytest.fixture(scope="session")
def tools() -> list[Any]:
    return TOOLS


@pytest.fixture(scope="session")
def ask() -> Callable[..., Any]:
    """Asks a client one thing."""

    def ask_client(client: openai.OpenAI, text: str = "hello", **options: Any) -> Any:
        return client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": text}], **options)

    return ask_client
