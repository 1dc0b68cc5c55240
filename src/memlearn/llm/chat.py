"""Chat completions of an OpenAI-compatible endpoint: one request, one answer or one typed error. Nothing is tried again here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard

import httpx2
import openai

from memlearn.llm.config import ModelConfig
from memlearn.llm.encoding import encode_request, read_key
from memlearn.llm.messages import ChatReply, ChatRequest, Finish, ToolCall, Usage
from memlearn.llm.model_error import ModelError

_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_TOO_LONG = (
    "context length",
    "context_length",
    "context window",
    "context size",
    "maximum context",
    "too many tokens",
    "prompt is too long",
)
_UNSUPPORTED = ("tool", "function call", "response_format", "json_schema", "json schema", "structured output", "grammar")
_SERVER = 500
_ACCESS = (401, 403, 404)
_BUSY = (408, 409, 425, 429)


class ChatClient:
    """Asks one model at one endpoint. Belongs to the event loop in which it is first used.

    Args:
        config: model and endpoint.
        environment: holds the key under `config.api_key_env`.

    Raises:
        ConfigError: OpenAI's own endpoint is meant and there is no key.
    """

    def __init__(self, config: ModelConfig, environment: Mapping[str, str]) -> None:
        key = read_key(config, environment)
        self._config = config
        self._where = config.base_url or "OpenAI"
        # Reading the certificates takes a tenth of a second, so all connections share them.
        self._certificates = httpx2.create_ssl_context()
        # The address is given even where it is the default: the package would otherwise read it from the environment.
        self._client = openai.AsyncOpenAI(
            api_key=key,
            base_url=config.base_url or "https://api.openai.com/v1",
            timeout=config.timeout,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(verify=self._certificates),
        )
        self._every = [self._client]
        self._idle = [self._client]

    def encode(self, request: ChatRequest) -> bytes:
        """The request as it is sent, byte for byte; its size bounds the tokens that it can be charged for."""
        return encode_request(self._config, request)

    async def ask(self, content: bytes) -> ChatReply:
        """Send a request once.

        Args:
            content: from `encode`.

        Raises:
            ModelError: there is no answer, or none that can be used.
        """
        client = self._idle.pop() if self._idle else self._another()
        try:
            with self.translated():
                answer = await client.post(
                    "/chat/completions",
                    content=content,
                    cast_to=httpx2.Response,
                    options={"headers": {"Content-Type": "application/json"}},
                )
        finally:
            self._idle.append(client)
        return read_reply(answer.content, self._where)

    @property
    def raw(self) -> openai.AsyncOpenAI:
        """The vendor's client, for the other parts of this package."""
        return self._client

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the vendor's errors into ours."""
        try:
            yield
        except openai.APITimeoutError as error:
            message = f"{self._where!r} did not answer within {self._config.timeout:g} s."
            raise ModelError("timeout", message, paid="perhaps") from error
        except openai.APIConnectionError as error:
            raise ModelError("connection", f"The connection to {self._where!r} failed: {_cause(error)}.", paid="perhaps") from error
        except openai.APIStatusError as error:
            raise self._refusal(error) from error
        except ValueError as error:
            # Half a document, or one of another form, in an answer that the vendor's client reads itself.
            raise ModelError("malformed", f"{self._where!r} answered with what cannot be read: {error}.", paid="perhaps") from error

    async def close(self) -> None:
        """Close the connections."""
        for client in self._every:
            await client.close()

    def _another(self) -> openai.AsyncOpenAI:
        """A client for one request at a time.

        A pool of many connections asks the system about each idle one with every request and with every answer, which takes
        longer than all else that a request costs; a pool of one connection does not.
        """
        client = self._client.copy(http_client=openai.DefaultAsyncHttpxClient(verify=self._certificates))
        self._every.append(client)
        return client

    def _refusal(self, error: openai.APIStatusError) -> ModelError:
        """What an answer with a status of 400 or more means."""
        status, said = error.status_code, _reason(error)
        told = f"{self._where!r} answered {status} for {self._config.model!r}: {said}."
        if status in _BUSY:
            out_of_money = isinstance(error.body, Mapping) and error.body.get("code") == "insufficient_quota"
            return ModelError("access" if out_of_money else "rate_limit", told, retry_after=_retry_after(error.response.headers))
        if status in _ACCESS:
            way_out = f"Check `learning.agent.model`, `base_url` and the key in {self._config.api_key_env}."
            return ModelError("access", f"{told} {way_out}")
        if status >= _SERVER:
            return ModelError("server", told, retry_after=_retry_after(error.response.headers), paid="perhaps")
        lowered = f"{said} {error.body}".lower()
        if any(words in lowered for words in _TOO_LONG):
            return ModelError("context_length", told)
        if any(word in lowered for word in _UNSUPPORTED):
            return ModelError("unsupported", f"{told} Set `learning.agent.replies` to what the endpoint takes: json or text.")
        return ModelError("rejected", told)


def read_reply(content: bytes, where: str) -> ChatReply:
    """A reply from the body of an answer.

    Args:
        content: as it came.
        where: the endpoint, for messages.

    Raises:
        ModelError: it is no whole JSON document, or not of the protocol's form.
    """
    try:
        answer = json.loads(content)
        choice = answer["choices"][0]
        message = choice["message"]
        if message.get("refusal"):
            return ChatReply(_text(message["refusal"]), (), "refusal", _usage(answer), str(answer.get("model") or ""))
        calls = tuple(_call(call) for call in message.get("tool_calls") or ())
        finish = _FINISHES.get(str(choice.get("finish_reason")), "other")
        return ChatReply(_text(message.get("content")), calls, finish, _usage(answer), str(answer.get("model") or ""))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        shown = content[:80].decode(errors="replace")
        raise ModelError("malformed", f"{where!r} answered with what is no chat completion: {shown!r}.", paid="perhaps") from error


def _call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    arguments = function.get("arguments")
    # Some endpoints give the arguments as an object.
    return ToolCall(
        str(call.get("id") or ""), str(function["name"]), arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    )


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(part["text"]) for part in content if part.get("type") == "text")
    if content is not None and not isinstance(content, str):
        raise TypeError("the content is no text")
    return content or ""


def _usage(answer: Mapping[str, Any]) -> Usage | None:
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return None
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not _is_count(read) or not _is_count(written):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    return Usage(read, written, cached if _is_count(cached) else 0)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait for, by `Retry-After-Ms` or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3)."""
    with suppress(ValueError, KeyError):
        return max(float(headers["retry-after-ms"]) / 1000, 0.0) if "retry-after-ms" in headers else max(float(headers["retry-after"]), 0.0)
    with suppress(ValueError, TypeError, KeyError):
        return max((parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds(), 0.0)
    return None


def _reason(error: openai.APIStatusError) -> str:
    return " ".join(str(error.message).split())[:300].rstrip(".")


def _cause(error: BaseException) -> str:
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__
