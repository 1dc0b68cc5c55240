"""A Prefect server of our own for the schedule, where none is configured: the embedded one runs flows but schedules none."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http import HTTPStatus

from memlearn.errors import TransientError

START_SECONDS = 120.0
_POLL_SECONDS = 0.5
_STOP_SECONDS = 20.0


@contextmanager
def scheduling_server() -> Iterator[str]:
    """The address of a Prefect server that schedules: the configured one, else one that lives as long as the block.

    Raises:
        TransientError: the server of our own did not start in time.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    configured = PREFECT_API_URL.value()
    with nullcontext(configured) if configured else _own_server() as address, temporary_settings({PREFECT_API_URL: address}):
        yield str(address)


@contextmanager
def _own_server() -> Iterator[str]:
    port = _free_port()
    address = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own command
    try:
        _wait_until_healthy(process, address)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(process: subprocess.Popen[bytes], address: str) -> None:
    pause = threading.Event()
    for _ in range(int(START_SECONDS / _POLL_SECONDS)):
        if process.poll() is not None:
            raise TransientError(f"The Prefect server ended at once with code {process.returncode}. Its messages stand above.")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == HTTPStatus.OK:
                    return
        except (urllib.error.URLError, OSError):
            pause.wait(_POLL_SECONDS)
    raise TransientError(f"The Prefect server did not answer on {address} within {START_SECONDS:.0f} s. Start one yourself and set PREFECT_API_URL.")
