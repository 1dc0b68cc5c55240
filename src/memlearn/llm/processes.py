"""Requests that are sent by processes of their own, so that the vendor's client takes no time from the one that works with the answers.

Only bytes and small values go from one to the other. The vendor's package is not even loaded here, unless no process can be started.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from memlearn.errors import MemlearnError
from memlearn.llm.config import ModelConfig
from memlearn.llm.encoding import encode_request, read_key
from memlearn.llm.frames import Kind, Link
from memlearn.llm.messages import ChatReply, ChatRequest
from memlearn.llm.model_error import ModelError

if TYPE_CHECKING:
    from memlearn.llm.chat import ChatClient

# So many processes in a row may end without an answer before none is started in their place.
_MOST_STARTS = 3


class _NotSentError(Exception):
    """The process ended before it could send anything."""


class _Process(Link):
    """One process that sends, seen from here. Starts at once; what it is asked meanwhile waits in the socket.

    Args:
        setup: its settings.
        start: how many before it, in a row, ended without an answer.
    """

    def __init__(self, setup: bytes, start: int = 0) -> None:
        super().__init__()
        self.start = start
        self.answered = False
        self.ended = False
        self._ready = False
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[tuple[Kind, bytes]]] = {}
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _spawn(theirs.fileno())
            except OSError:
                ours.close()
                raise
        self.send(Kind.SETUP, 0, setup)
        self._opened = asyncio.get_running_loop().create_task(self._open(ours))

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def under_way(self) -> int:
        """Requests that it has not answered."""
        return len(self._waiting)

    async def ask(self, content: bytes) -> ChatReply:
        """Let it send a request.

        Raises:
            ModelError: there is no answer, or the process ended.
            _NotSentError: it ended before it sent anything.
        """
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self.send(Kind.ASK, number, content)
        try:
            kind, told = await answer
        except asyncio.CancelledError:
            if self._waiting.pop(number, None) is not None:
                self.send(Kind.CANCEL, number)
            raise
        self.answered = True
        value = json.loads(told)
        if kind is Kind.REPLY:
            return ChatReply.of_json(value)
        if kind is Kind.ERROR:
            raise ModelError.of_json(value)
        raise MemlearnError(f"The process that sends requests failed: {value}. Set `learning.agent.processes: 0` and run again.")

    async def close(self) -> None:
        """End the process, and what it has under way."""
        await self._opened
        self.cut()
        self._end()

    def received(self, kind: Kind, number: int, content: bytes) -> None:
        if kind is Kind.READY:
            self._ready = True
        # Nobody waits for the answer to a request that was cancelled when it came.
        elif (answer := self._waiting.pop(number, None)) is not None and not answer.done():
            answer.set_result((kind, content))

    def connection_lost(self, _: Exception | None) -> None:
        """The process has ended."""
        self._end()
        code = self._process.returncode
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(self._lost(code) if self._ready else _NotSentError())

    async def _open(self, ours: socket.socket) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)

    def _end(self) -> None:
        self.ended = True
        self._process.kill()
        self._process.wait()

    @staticmethod
    def _lost(code: int) -> ModelError:
        return ModelError("process", f"The process that had sent the request ended with code {code}.", paid="perhaps")


class ClientProcesses:
    """Asks one model at one endpoint through processes that do the sending. Belongs to the event loop in which it is made.

    A process that ends is started again; the requests that it had sent fail, and may have been paid. Where no process can be started,
    requests are sent from here.

    Args:
        config: model and endpoint.
        environment: holds the key under `config.api_key_env`.
        processes: how many; at least 1.

    Raises:
        ConfigError: OpenAI's own endpoint is meant and there is no key.
    """

    def __init__(self, config: ModelConfig, environment: Mapping[str, str], processes: int) -> None:
        self._config, self._environment = config, environment
        settings = config.model_dump(mode="json", include=set(ModelConfig.model_fields))
        self._setup = json.dumps({"config": settings, "key": read_key(config, environment)}).encode()
        self._processes: list[_Process] = []
        self._local: ChatClient | None = None
        with suppress(OSError):
            for _ in range(processes):
                self._processes.append(_Process(self._setup))

    @property
    def pids(self) -> tuple[int, ...]:
        """Numbers of the processes that run."""
        return tuple(process.pid for process in self._processes if not process.ended)

    @property
    def local(self) -> ChatClient:
        """A client in this process, for what is not sent request by request."""
        if self._local is None:
            from memlearn.llm.chat import ChatClient

            self._local = ChatClient(self._config, self._environment)
        return self._local

    def encode(self, request: ChatRequest) -> bytes:
        """The request as it is sent, byte for byte; its size bounds the tokens that it can be charged for."""
        return encode_request(self._config, request)

    async def ask(self, content: bytes) -> ChatReply:
        """Let a process send a request once.

        Args:
            content: from `encode`.

        Raises:
            ModelError: there is no answer, or none that can be used; `process` where the process ended meanwhile.
        """
        while (process := self._least_busy()) is not None:
            with suppress(_NotSentError):
                return await process.ask(content)
        return await self.local.ask(content)

    async def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            await process.close()
        if self._local is not None:
            await self._local.close()

    def _least_busy(self) -> _Process | None:
        """The process with the fewest requests under way; None: there is none, and none can be started."""
        self._processes = [running for process in self._processes if (running := self._running(process)) is not None]
        return min(self._processes, key=lambda process: process.under_way, default=None)

    def _running(self, process: _Process) -> _Process | None:
        """A process, or the one in its place."""
        if not process.ended:
            return process
        start = 0 if process.answered else process.start + 1
        with suppress(OSError):
            return _Process(self._setup, start) if start < _MOST_STARTS else None
        return None


def _spawn(descriptor: int) -> subprocess.Popen[bytes]:
    """Start a process that imports what this one would, and gets no signal that is meant for this one."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109  as the import system names it
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "memlearn.llm.sending", str(descriptor)],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        start_new_session=True,
    )
