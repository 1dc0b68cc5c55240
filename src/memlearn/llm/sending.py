"""A process that sends requests for another one, which holds the other end of a socket: `python -m memlearn.llm.sending DESCRIPTOR`.

It has an event loop and connections of its own, keeps nothing, and ends when the other end of the socket is closed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from memlearn.llm.config import ModelConfig
from memlearn.llm.frames import Kind, Link
from memlearn.llm.model_error import ModelError

if TYPE_CHECKING:
    from memlearn.llm.chat import ChatClient


class _Sending(Link):
    """Does what it is told by frames."""

    def __init__(self) -> None:
        super().__init__()
        self._client: ChatClient | None = None
        self._under_way: dict[int, asyncio.Task[None]] = {}

    def received(self, kind: Kind, number: int, content: bytes) -> None:
        if kind is Kind.ASK:
            self._under_way[number] = asyncio.get_running_loop().create_task(self._ask(number, content))
        elif kind is Kind.CANCEL:
            if number in self._under_way:
                self._under_way[number].cancel()
        elif kind is Kind.SETUP:
            self._set_up(content)

    def connection_lost(self, _: Exception | None) -> None:
        """Nobody is left to answer to; what is under way is broken off with the process."""
        os._exit(0)

    def _set_up(self, content: bytes) -> None:
        from memlearn.llm.chat import ChatClient

        settings = json.loads(content)
        config = ModelConfig.model_validate(settings["config"])
        self._client = ChatClient(config, {config.api_key_env: settings["key"]})
        # What is loaded by now stays; looking through all of it again and again would take as long as sending.
        gc.freeze()
        self.send(Kind.READY)

    async def _ask(self, number: int, content: bytes) -> None:
        assert self._client is not None
        try:
            reply = await self._client.ask(content)
            self.send(Kind.REPLY, number, json.dumps(reply.to_json()).encode())
        except ModelError as error:
            self.send(Kind.ERROR, number, json.dumps(error.to_json()).encode())
        except Exception as error:  # noqa: BLE001  the other process raises it
            self.send(Kind.BROKEN, number, json.dumps(repr(error)).encode())
        finally:
            del self._under_way[number]


async def _serve(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_connection(_Sending, sock=socket.socket(fileno=descriptor))
    # Until the connection is lost, which ends the process.
    await loop.create_future()


if __name__ == "__main__":
    # Whoever started this process decides what is broken off.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_serve(int(sys.argv[1])))
