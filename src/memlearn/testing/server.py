"""The HTTP server: the application on two ports of the loopback interface, run by uvicorn in a thread or in a process of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import fields
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import uvicorn

from memlearn.errors import MemlearnError, UsageError
from memlearn.testing.app import Application
from memlearn.testing.exchange import Scope
from memlearn.testing.faults import Fault
from memlearn.testing.script import Script, silent
from memlearn.testing.settings import Settings

HOST = "127.0.0.1"
_START_SECONDS = 30.0
# The model has one listener and the control interface another, which is there also when the model is gone.
_MODEL, _CONTROL = 0, 1
_BACKLOG = 2048

_Result = TypeVar("_Result")


class Listener(uvicorn.Server):
    """The application on two ports.

    Args:
        script: gives the replies.
        settings: how it behaves.
        port: of the model; 0: a free one.
        ready: called once it listens.

    Raises:
        UsageError: the port is taken.
    """

    def __init__(self, script: Script, settings: Settings, port: int, ready: Callable[[], None]) -> None:
        self.app = Application(script, settings, self._close_connection, self._leave)
        config = uvicorn.Config(
            cast("Any", self.app),
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="none",
            backlog=_BACKLOG,
            timeout_keep_alive=600,
            server_header=False,
        )
        super().__init__(config)
        self._ready = ready
        self._sockets = [_bound(port), _bound(0)]
        self._ports = [int(listening.getsockname()[1]) for listening in self._sockets]

    @property
    def base_url(self) -> str:
        """Address of the model."""
        return f"http://{HOST}:{self._ports[_MODEL]}/v1"

    @property
    def control_url(self) -> str:
        """Address of the control interface."""
        return f"http://{HOST}:{self._ports[_CONTROL]}/_control"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell who waits for it."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection, also those whose requests are never answered, and stop listening."""
        for transport in self._transports():
            transport.abort()
        await super().shutdown(sockets)

    async def listen(self) -> None:
        """Serve until told to stop."""
        await self.serve(sockets=self._sockets)

    def stop(self) -> None:
        """Stop, without waiting for requests that are never answered."""
        self.force_exit = True
        self.should_exit = True

    def _close_connection(self, scope: Scope, at_once: bool) -> None:  # noqa: FBT001  called by position
        for transport in self._transports():
            if transport.get_extra_info("peername") == scope["client"] and transport.get_extra_info("sockname") == scope["server"]:
                _close(transport, at_once=at_once)

    def _leave(self) -> None:
        self.servers[_MODEL].close()
        for transport in self._transports():
            if transport.get_extra_info("sockname") == (HOST, self._ports[_MODEL]):
                _close(transport, at_once=True)

    def _transports(self) -> list[asyncio.Transport]:
        # Which class answers for a connection depends on what is installed.
        return [cast("Any", connection).transport for connection in self.server_state.connections]


def _bound(port: int) -> socket.socket:
    # With the protocol named, asyncio switches Nagle's algorithm off; head and body of an answer would be 40 ms apart.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise UsageError(f"Port {port} of {HOST} cannot be used: {error.strerror}. Use port 0 for a free one.") from error
    return listening


def _close(transport: asyncio.Transport, *, at_once: bool) -> None:
    """Close a connection: after what was written, or with a reset."""
    if not at_once:
        transport.close()
        return
    wire = transport.get_extra_info("socket")
    if wire is not None:
        # Without lingering, the operating system sends a reset in place of an orderly end.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class ModelServer:
    """A scripted model behind a real HTTP server on 127.0.0.1, in a thread; a context manager.

    Args:
        script: a pure function from request to reply.
        port: of the model; 0: a free one.
        settings: the fields of `Settings`, such as `latency=0.5` or `faults=[Fault("500", Nth(2))]`.

    Raises:
        UsageError: there is no such setting.
    """

    def __init__(self, script: Script = silent, *, port: int = 0, **settings: Any) -> None:
        known = [field.name for field in fields(Settings)]
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise UsageError(f"There is no setting {unknown[0]!r} of the server; there are {', '.join(known)}.")
        self._script = script
        self._port = port
        self._settings = Settings(**settings)
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Address for clients, with its `/v1`."""
        return self._started().base_url

    @property
    def control_url(self) -> str:
        """Address of the control interface; it answers also when the model is gone."""
        return self._started().control_url

    def start(self) -> Self:
        """Begin to listen.

        Raises:
            UsageError: the port is taken.
            MemlearnError: the server did not come up.
        """
        ready = threading.Event()
        self._listener = Listener(self._script, self._settings, self._port, ready.set)
        self._thread = threading.Thread(target=self._run, args=(self._listener,), name="memlearn-testing", daemon=True)
        self._thread.start()
        if not ready.wait(_START_SECONDS):
            raise MemlearnError(f"The model server did not listen within {_START_SECONDS:g} s.")
        return self

    def stop(self) -> None:
        """Stop; counts and log can still be read."""
        if self._listener is not None and self._thread is not None:
            self._listener.stop()
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def counts(self) -> dict[str, Any]:
        """What was counted: requests by endpoint and status, characters, tokens, and which requests were paid for."""
        return self._ask(self._started().app.counts)

    def log(self) -> list[dict[str, Any]]:
        """The last requests, oldest first: digest, attempt, arrival, status."""
        return self._ask(self._started().app.log)

    def reset(self) -> None:
        """Begin counting anew, with full buckets and no prompt cached; files, batches and faults stay."""
        self._ask(self._started().app.reset)

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Replace the rules of what goes wrong."""
        chosen = list(faults)
        self._ask(lambda: self._started().app.set_faults(chosen))

    def _started(self) -> Listener:
        if self._listener is None:
            raise UsageError("The model server is not running: use it in a `with` statement, or call start().")
        return self._listener

    def _run(self, listener: Listener) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await listener.listen()

        asyncio.run(serve())

    def _ask(self, question: Callable[[], _Result]) -> _Result:
        """Ask where the requests are answered, so that no count is half done."""
        if self._loop is None or self._thread is None or not self._thread.is_alive():
            return question()
        answer: Future[_Result] = Future()
        self._loop.call_soon_threadsafe(lambda: _settle(answer, question))
        return answer.result(_START_SECONDS)


def _settle(answer: Future[_Result], question: Callable[[], _Result]) -> None:
    try:
        answer.set_result(question())
    except BaseException as error:  # noqa: BLE001  raised again by who asked
        answer.set_exception(error)
