"""The application: one request from its arrival to its answer, with what goes wrong on the way. It knows no sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from memlearn.errors import UsageError
from memlearn.testing.api_error import ApiError
from memlearn.testing.batches import BatchStore
from memlearn.testing.completions import script_error
from memlearn.testing.counts import Counts
from memlearn.testing.exchange import Answer, Exchange, Receive, Scope, Send, json_answer
from memlearn.testing.faults import CHAT, EMBEDDINGS, Arrival, Fault, FaultBook, fault_from_json
from memlearn.testing.files import FileStore
from memlearn.testing.limits import RateLimits
from memlearn.testing.model import Model, raise_status, reserved_tokens
from memlearn.testing.prompts import Prompt, PromptCache, digest_of, read_prompt
from memlearn.testing.resources import Resources
from memlearn.testing.script import Script
from memlearn.testing.settings import Settings
from memlearn.testing.stream import events

CONTROL = "/_control/"
_LOST = frozenset({"timeout", "reset", "reset_body", "gone"})
_COMPLETIONS = frozenset({CHAT, EMBEDDINGS})
_ID_AT = 3

Close = Callable[[Scope, bool], None]
"""Closes the connection of a request: after what was written, or at once where the second argument is true."""


class Application:
    """An ASGI application that answers by a script.

    Args:
        script: gives the replies.
        settings: how it behaves.
        close: closes a connection.
        leave: stops listening for good.
    """

    def __init__(self, script: Script, settings: Settings, close: Close, leave: Callable[[], None]) -> None:
        self._settings = settings
        self._close = close
        self._leave = leave
        self._began = time.monotonic()
        self._counts = Counts(settings.log, bodies=settings.log_bodies)
        self._faults = FaultBook(settings.faults)
        self._cache = PromptCache()
        self._model = Model(script, settings, self._counts, self._faults, self._cache)
        self._limits = RateLimits(settings.rate_limit, self._began)
        files = FileStore(settings.batches.max_bytes)
        batches = BatchStore(files, settings.batches, self._model.batch_line, time.monotonic, time.time)
        self._resources = Resources(settings.models, files, batches, time.time)

    def counts(self) -> dict[str, Any]:
        """All counts."""
        return self._counts.snapshot()

    def log(self) -> list[dict[str, Any]]:
        """The last requests, oldest first."""
        return self._counts.log()

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Replace the rules of what goes wrong."""
        self._faults.set(faults)

    def reset(self) -> None:
        """Begin counting anew, with full buckets and no prompt cached; files, batches and faults stay."""
        self._counts.reset()
        self._faults.restart()
        self._cache.clear()
        self._limits.refill(time.monotonic())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        try:
            await exchange.read()
            if exchange.path.startswith(CONTROL):
                await exchange.answer(self._control(exchange))
            else:
                await self._serve(exchange)
        except asyncio.CancelledError:
            # The server is closing; there is nobody left to tell.
            return

    def _control(self, exchange: Exchange) -> Answer:
        verbs: dict[str, Callable[[], Any]] = {
            "GET counts": self.counts,
            "GET log": self.log,
            "POST reset": self.reset,
            "POST faults": lambda: self.set_faults([fault_from_json(value) for value in exchange.json().get("faults", ())]),
        }
        wanted = f"{exchange.method} {exchange.path.removeprefix(CONTROL)}"
        if wanted not in verbs:
            return json_answer(ApiError(404, f"There is no {wanted!r} here; there are {', '.join(verbs)}.").body(), status=404)
        try:
            return json_answer(verbs[wanted]())
        except UsageError as error:
            return json_answer(ApiError(400, str(error)).body(), status=400)
        except ApiError as error:
            return json_answer(error.body(), status=error.status)

    async def _serve(self, exchange: Exchange) -> None:
        arrived = time.monotonic()
        endpoint, part = _endpoint(exchange)
        entry: dict[str, Any] = {"arrived": round(arrived - self._began, 6)}
        status, body = "cancelled", None
        self._counts.enter(len(exchange.body))
        try:
            fault, prompt, answer = await self._carry_out(exchange, endpoint, part, entry)
            body = prompt.body if prompt is not None else None
            request_id = f"req_{digest_of(entry['digest'], str(entry['attempt']))}"
            answer = replace(answer, headers={"x-request-id": request_id, **answer.headers})
            status = fault.kind if fault is not None and fault.kind in _LOST else str(answer.status)
            await self._deliver(exchange, answer, fault)
        finally:
            entry["seconds"] = round(time.monotonic() - arrived, 6)
            self._counts.leave(endpoint, status, exchange.sent, entry, body)

    async def _carry_out(
        self, exchange: Exchange, endpoint: str, part: str, entry: dict[str, Any]
    ) -> tuple[Fault | None, Prompt | None, Answer]:
        """The answer, and the fault that may still befall it on its way."""
        fault, prompt = None, None
        try:
            prompt = _prompt(exchange) if endpoint in _COMPLETIONS else None
            fault = self._arrive(exchange, endpoint, prompt, entry)
            return fault, prompt, await self._answer(exchange, endpoint, part, fault, prompt)
        except ApiError as error:
            refusal = error
        except Exception as error:  # noqa: BLE001  what a user's functions raise, and requests of other types than the protocol's
            refusal = script_error(f"The request could not be answered: {type(error).__name__}: {error}")
        return None, prompt, json_answer(refusal.body(), status=refusal.status, headers=refusal.headers)

    def _arrive(self, exchange: Exchange, endpoint: str, prompt: Prompt | None, entry: dict[str, Any]) -> Fault | None:
        """Number the request, and see what is to go wrong with it."""
        if prompt is not None:
            digest, body, text = prompt.digest, prompt.body, prompt.text
        else:
            digest = digest_of(exchange.method, exchange.path, exchange.body)
            body, text = {}, exchange.body.decode("utf-8", "replace")
        attempt = self._counts.attempt(digest)
        entry |= {"digest": digest, "attempt": attempt}
        return self._faults.pick(Arrival(endpoint, digest, attempt, body, text))

    async def _answer(self, exchange: Exchange, endpoint: str, part: str, fault: Fault | None, prompt: Prompt | None) -> Answer:
        key = self._settings.api_key
        if key is not None and exchange.header(b"authorization") != f"Bearer {key}":
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        if fault is not None:
            raise_status(fault, self._settings, prompt)
            if fault.kind == "gone":
                # Nothing is carried out by a server that is not there.
                return Answer()
        if endpoint not in _COMPLETIONS:
            fate = fault.kind if fault is not None and fault.kind.startswith("batch_") else None
            return await self._resources.answer(endpoint, exchange, part, fate)
        if prompt is None:
            raise ApiError(400, "We could not parse the JSON body of your request.")
        headers = self._limits.take(reserved_tokens(prompt), time.monotonic())
        if endpoint == EMBEDDINGS:
            return json_answer(self._model.embeddings(prompt), headers=headers)
        return await self._complete(prompt, fault, headers)

    async def _complete(self, prompt: Prompt, fault: Fault | None, headers: Mapping[str, str]) -> Answer:
        self._model.check(prompt)
        latency = self._model.latency(prompt)
        if latency > 0:
            await asyncio.sleep(latency)
        completion = self._model.chat(prompt, fault)
        if not prompt.body.get("stream"):
            return json_answer(completion, headers=headers)
        with_usage = self._settings.usage and bool((prompt.body.get("stream_options") or {}).get("include_usage"))
        return Answer(pieces=list(events(completion, with_usage=with_usage)), content_type="text/event-stream", headers=headers)

    async def _deliver(self, exchange: Exchange, answer: Answer, fault: Fault | None) -> None:
        """Send the answer, or lose it as the fault says; what was asked is done in either case."""
        kind = fault.kind if fault is not None else None
        if kind == "half_json":
            await exchange.answer(answer.half())
        elif kind not in _LOST:
            await exchange.answer(answer)
        else:
            if kind == "reset_body":
                await exchange.break_off(answer)
            if kind in {"reset", "reset_body"}:
                self._close(exchange.scope, kind == "reset")
            elif kind == "gone":
                self._leave()
            await exchange.until_closed()


def _prompt(exchange: Exchange) -> Prompt | None:
    """The request to a model; None where it is no JSON object."""
    try:
        return read_prompt(exchange.path, exchange.json())
    except ApiError:
        return None


def _endpoint(exchange: Exchange) -> tuple[str, str]:
    """Method and path with `{id}` for the id in it, and the id: `/v1/files/file-1/content` is `/v1/files/{id}/content`."""
    parts = exchange.path.rstrip("/").split("/")
    part = parts[_ID_AT] if len(parts) > _ID_AT and parts[1] == "v1" and parts[2] in {"files", "batches", "models"} else ""
    if part:
        parts[_ID_AT] = "{id}"
    return f"{exchange.method} {'/'.join(parts)}", part
