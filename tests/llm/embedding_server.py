"""A real HTTP server on loopback that answers like an OpenAI-compatible embeddings endpoint, with faults on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """What the server does, and what it was asked.

    Args:
        faults: for the first requests in order: a status, a status with headers, or one of `hang`, `close`, `garbage`.
        dimensions: length of the vectors.
    """

    faults: list[Any] = field(default_factory=list)
    dimensions: int = 8
    drop_one: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


def vector(text: str, dimensions: int) -> list[float]:
    return [float(1 + (len(text) * (at + 1)) % 7) for at in range(dimensions)]


class _Handler(BaseHTTPRequestHandler):
    script: Script

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        script = self.script
        script.requests.append({"path": self.path, **body})
        script.keys.append(self.headers.get("Authorization"))
        fault = script.faults.pop(0) if script.faults else None
        if fault == "hang":
            script.released.wait(30)
        elif fault == "close":
            self.connection.close()
        elif fault == "garbage":
            self._send(200, b"<html>not json</html>", {"Content-Type": "text/html"})
        elif fault is not None:
            status, headers = fault if isinstance(fault, tuple) else (fault, {})
            self._send(status, json.dumps({"error": {"message": f"made to fail with {status}"}}).encode(), headers)
        else:
            self._send(200, json.dumps(self._answer(body)).encode(), {})

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        length = body.get("dimensions") or self.script.dimensions
        data = [{"object": "embedding", "index": at, "embedding": vector(text, length)} for at, text in enumerate(body["input"])]
        # Out of order, as the interface allows.
        data = data[::-1][1:] if self.script.drop_one else data[::-1]
        return {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 1, "total_tokens": 1}}

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing is printed."""


@contextmanager
def serve(script: Script) -> Iterator[str]:
    """Run the server; gives its base URL."""
    handler = type("Handler", (_Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        script.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
