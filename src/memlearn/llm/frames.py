"""Frames between two processes: a kind, a number and some bytes, over a stream that an event loop reads and writes."""

from __future__ import annotations

import asyncio
import struct
from abc import ABC, abstractmethod
from enum import IntEnum

_HEAD = struct.Struct("<IQB")


class Kind(IntEnum):
    """What a frame says.

    To the process that sends requests: `SETUP`: with these settings; `ASK`: send this request; `CANCEL`: nobody waits for its answer.
    From it: `READY`: it can send; `REPLY` and `ERROR`: what came of a request; `BROKEN`: it went wrong in a way that nobody thought of.
    """

    SETUP = 0
    ASK = 1
    CANCEL = 2
    READY = 3
    REPLY = 4
    ERROR = 5
    BROKEN = 6


def pack(kind: Kind, number: int = 0, content: bytes = b"") -> bytes:
    """A frame.

    Args:
        kind: what it says.
        number: of the request that it is about.
        content: the rest.
    """
    return _HEAD.pack(len(content), number, kind) + content


class Link(asyncio.Protocol, ABC):
    """One end of a stream of frames; what is sent before there is a connection waits for it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._outgoing = bytearray()
        self._incoming = bytearray()

    def send(self, kind: Kind, number: int = 0, content: bytes = b"") -> None:
        """Send a frame, made of what `pack` takes."""
        frame = pack(kind, number, content)
        if self._transport is None:
            self._outgoing += frame
        else:
            self._transport.write(frame)

    @abstractmethod
    def received(self, kind: Kind, number: int, content: bytes) -> None:
        """A frame has come."""

    def cut(self) -> None:
        """Close the connection, whatever waits to be sent."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what has waited."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._outgoing:
            transport.write(bytes(self._outgoing))
            self._outgoing.clear()

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole now."""
        self._incoming += data
        at = 0
        while len(self._incoming) - at >= _HEAD.size:
            size, number, kind = _HEAD.unpack_from(self._incoming, at)
            end = at + _HEAD.size + size
            if end > len(self._incoming):
                break
            self.received(Kind(kind), number, bytes(self._incoming[at + _HEAD.size : end]))
            at = end
        del self._incoming[:at]
