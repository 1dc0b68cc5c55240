"""What the server counts."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import Any

from memlearn.testing.prompts import Prompt


class Counts:
    """Requests, characters, tokens, and how often each request was carried out.

    Args:
        log: how many of the last requests are kept.
        bodies: keep their bodies too.
    """

    def __init__(self, log: int, *, bodies: bool) -> None:
        self._bodies = bodies
        self._log: deque[dict[str, Any]] = deque(maxlen=log)
        self._sums: Counter[str] = Counter()
        self._requests: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._seen: Counter[str] = Counter()
        self._paid: Counter[str] = Counter()
        self._in_flight = 0
        self._in_flight_most = 0

    def enter(self, size: int) -> None:
        """A request has arrived, of so many bytes."""
        self._in_flight += 1
        self._in_flight_most = max(self._in_flight_most, self._in_flight)
        self._sums["bytes_in"] += size

    def attempt(self, digest: str) -> int:
        """Number of this attempt at a request, from 1."""
        self._seen[digest] += 1
        return self._seen[digest]

    def leave(self, endpoint: str, status: str, size: int, entry: Mapping[str, Any], body: Mapping[str, Any] | None) -> None:
        """A request is answered, or lost.

        Args:
            endpoint: method and path.
            status: HTTP status, or the fault that ended it.
            size: bytes of the answer.
            entry: its line of the log.
            body: the JSON that was sent, where it was some.
        """
        self._in_flight -= 1
        self._sums["bytes_out"] += size
        self.line(endpoint, status, entry, body)

    def line(self, endpoint: str, status: str, entry: Mapping[str, Any], body: Mapping[str, Any] | None) -> None:
        """Count a request; also a line of a batch, which no connection carries."""
        self._requests[endpoint][status] += 1
        if self._log.maxlen:
            self._log.append({"endpoint": endpoint, "status": status, **entry, **({"body": body} if self._bodies else {})})

    def pay(self, prompt: Prompt, written: int, cached: int, completion_tokens: int) -> None:
        """The model has carried a request out: it costs, whether the answer arrives or not."""
        self._paid[prompt.digest] += 1
        self._sums["prompt_chars"] += len(prompt.text)
        self._sums["reply_chars"] += written
        self._sums["prompt_tokens"] += prompt.tokens
        self._sums["cached_tokens"] += cached
        self._sums["completion_tokens"] += completion_tokens

    def paid_times(self, digest: str) -> int:
        """How often a request was carried out."""
        return self._paid[digest]

    def snapshot(self) -> dict[str, Any]:
        """All counts as JSON."""
        sums = ("bytes_in", "bytes_out", "prompt_chars", "reply_chars", "prompt_tokens", "cached_tokens", "completion_tokens")
        return {
            "requests": {endpoint: dict(statuses) for endpoint, statuses in sorted(self._requests.items())},
            "in_flight": self._in_flight,
            "in_flight_most": self._in_flight_most,
            **{name: self._sums[name] for name in sums},
            "distinct": len(self._seen),
            "paid": dict(self._paid),
            "paid_total": self._paid.total(),
        }

    def log(self) -> list[dict[str, Any]]:
        """The last requests, oldest first."""
        return list(self._log)

    def reset(self) -> None:
        """Begin anew; what is in flight stays so."""
        for counter in (self._log, self._sums, self._requests, self._seen, self._paid):
            counter.clear()
        self._in_flight_most = self._in_flight
