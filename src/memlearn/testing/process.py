"""The server in a process of its own, seen from here: it outlives whoever is killed while talking to it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from memlearn.errors import MemlearnError, UsageError
from memlearn.testing.faults import Fault, fault_to_json

_ANSWER_SECONDS = 60.0
_STOP_SECONDS = 10.0
_OK = 200
_SOURCES = Path(__file__).parents[2]


class Control:
    """Counts and faults of a server in another process.

    Args:
        url: address of its control interface.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, Any]:
        """What was counted: requests by endpoint and status, characters, tokens, and which requests were paid for."""
        return dict(self._ask("GET", "counts"))

    def log(self) -> list[dict[str, Any]]:
        """The last requests, oldest first: digest, attempt, arrival, status."""
        return list(self._ask("GET", "log"))

    def reset(self) -> None:
        """Begin counting anew, with full buckets and no prompt cached; files, batches and faults stay."""
        self._ask("POST", "reset", {})

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Replace the rules of what goes wrong.

        Raises:
            UsageError: a rule's `when` is a function.
        """
        self._ask("POST", "faults", {"faults": [fault_to_json(fault) for fault in faults]})

    def _ask(self, method: str, verb: str, body: Mapping[str, Any] | None = None) -> Any:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request(method, f"{address.path}/{verb}", json.dumps(body) if body is not None else None)
            answer = connection.getresponse()
            content = answer.read()
        except OSError as error:
            raise MemlearnError(f"The model server at {self.url!r} does not answer: {error}. Is its process running?") from error
        finally:
            connection.close()
        if answer.status != _OK:
            raise UsageError(f"The model server refused {method} {verb}: {content.decode(errors='replace')}")
        return json.loads(content)


class ServerProcess(Control):
    """Starts `python -m memlearn.testing` and stops it at the end; a context manager.

    Args:
        script: `module:function` or `path/to/file.py:function`.
        options: further options of the command, as `["--latency", "1"]`.
    """

    def __init__(self, script: str = "memlearn.testing:silent", options: Sequence[str] = ()) -> None:
        super().__init__("")
        self.base_url = ""
        self._command = [sys.executable, "-m", "memlearn.testing", "--script", script, *options]
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Number of the process.

        Raises:
            UsageError: it is not running.
        """
        if self._process is None:
            raise UsageError("The model server is not running: use it in a `with` statement.")
        return self._process.pid

    def __enter__(self) -> Self:
        path = os.pathsep.join([str(_SOURCES), *filter(None, [os.environ.get("PYTHONPATH")])])
        # A session of its own: a signal to our process group does not reach it.
        self._process = subprocess.Popen(  # noqa: S603
            self._command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self._process.stdout.close()
            code = self._process.wait()
            raise UsageError(f"The model server ended with exit code {code} before it listened; its message stands on standard error.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
