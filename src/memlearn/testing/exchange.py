"""One HTTP request and its answer, over the server's interface (ASGI)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

from memlearn.testing.api_error import ApiError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: one content, or the pieces of a stream."""

    content: bytes = b""
    pieces: Sequence[bytes] | None = None
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def half(self) -> Answer:
        """The same answer, with the first half of its content."""
        content = self.content if self.pieces is None else b"".join(self.pieces)
        return replace(self, content=content[: len(content) // 2], pieces=None)


def json_answer(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Answer(content, status=status, headers=headers or {})


class Exchange:
    """A request that is being answered.

    Args:
        scope: as the server gives it.
        receive: as the server gives it.
        send: as the server gives it.
    """

    __slots__ = ("_receive", "_send", "body", "method", "path", "scope", "sent")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.body = b""
        self.sent = 0

    async def read(self) -> None:
        """Read the whole body."""
        parts: list[bytes] = []
        more = True
        while more:
            message = await self._receive()
            parts.append(message.get("body", b""))
            more = bool(message.get("more_body"))
        self.body = b"".join(parts)

    def header(self, name: bytes) -> str:
        """A header of the request; empty where it is not there."""
        return next((value.decode("latin-1") for key, value in self.scope["headers"] if key == name), "")

    def query(self, name: str) -> str | None:
        """A parameter of the address."""
        given: str = self.scope["query_string"].decode("latin-1")
        return next(iter(parse_qs(given).get(name, ())), None)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ApiError: it is none.
        """
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise ApiError(400, "We could not parse the JSON body of your request.") from error
        if not isinstance(value, dict):
            raise ApiError(400, "The JSON body of your request must be an object.")
        return value

    async def answer(self, answer: Answer) -> None:
        """Send an answer, whole or piece by piece."""
        await self._start(answer, len(answer.content) if answer.pieces is None else None)
        if answer.pieces is None:
            await self._write(answer.content, more=False)
            return
        for piece in answer.pieces:
            await self._write(piece, more=True)
        await self._write(b"", more=False)

    async def break_off(self, answer: Answer) -> None:
        """Send the first half of an answer, as if more were to come."""
        await self._start(answer, len(answer.content) if answer.pieces is None else None)
        await self._write(answer.half().content, more=True)

    async def until_closed(self) -> None:
        """Wait until the client goes."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _start(self, answer: Answer, length: int | None) -> None:
        headers = [(b"content-type", answer.content_type.encode())]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _write(self, content: bytes, *, more: bool) -> None:
        self.sent += len(content)
        await self._send({"type": "http.response.body", "body": content, "more_body": more})
