"""How many requests are under way, and how many leave a minute: adapts to an endpoint that says it is too much."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

# Additive increase, multiplicative decrease (Chiu and Jain, Computer Networks and ISDN Systems, 1989).
_LESS = 0.5
# Of a minute's allowance so much may leave at once.
_BURST_SECONDS = 5.0
_MINUTE = 60.0


@dataclass(slots=True)
class Bucket:
    """A token bucket: an allowance that fills evenly and may be saved up for a few seconds.

    Args:
        per_minute: what a minute allows; None: anything.
    """

    per_minute: float | None
    _held: float = field(init=False, default=0.0)
    _at: float | None = field(init=False, default=None)

    def wait(self, now: float, amount: float) -> float:
        """Seconds until `amount` may leave; 0: now. What is more than a burst may leave when the bucket is full."""
        if self.per_minute is None:
            return 0.0
        self._fill(now)
        lacking = min(amount, self._size) - self._held
        return max(lacking, 0.0) / self.per_minute * _MINUTE

    def take(self, now: float, amount: float) -> None:
        """Let `amount` leave; it may be owed."""
        if self.per_minute is not None:
            self._fill(now)
            self._held -= amount

    @property
    def _size(self) -> float:
        assert self.per_minute is not None
        return max(self.per_minute * _BURST_SECONDS / _MINUTE, 1.0)

    def _fill(self, now: float) -> None:
        assert self.per_minute is not None
        if self._at is None:
            self._held = self._size
        else:
            self._held = min(self._held + (now - self._at) * self.per_minute / _MINUTE, self._size)
        self._at = now


class Pace:
    """Lets requests through, first come, first served. For one event loop.

    Args:
        in_flight: most requests under way.
        requests: most requests a minute; None: any number.
        tokens: most tokens of requests a minute; None: any number.
    """

    def __init__(self, in_flight: int, requests: float | None = None, tokens: float | None = None) -> None:
        self._most = in_flight
        self._limit = float(in_flight)
        self._flying = 0
        self._buckets = (Bucket(requests), Bucket(tokens))
        self._quiet_until = 0.0
        self._freed = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return max(int(self._limit), 1)

    @property
    def flying(self) -> int:
        """Requests under way."""
        return self._flying

    async def enter(self, tokens: int) -> None:
        """Wait until a request of so many tokens may leave; each call is followed by one of `leave`."""
        loop = asyncio.get_running_loop()
        # The lock serves in order of arrival, so that no request is overtaken for ever.
        async with self._turn:
            while self._flying >= self.limit:
                self._freed.clear()
                await self._freed.wait()
            amounts = (1, tokens)
            pause = self._pause(loop.time(), amounts)
            while pause > 0:
                await asyncio.sleep(pause)
                pause = self._pause(loop.time(), amounts)
            for bucket, amount in zip(self._buckets, amounts, strict=True):
                bucket.take(loop.time(), amount)
            self._flying += 1

    def leave(self) -> None:
        """A request has been answered."""
        self._limit = min(self._limit + 1 / self._limit, self._most)
        self._free()

    def leave_refused(self, retry_after: float | None) -> None:
        """A request was refused since there were too many: fewer from now on, and none before the endpoint wants one.

        Args:
            retry_after: seconds that the endpoint asks for.
        """
        now = asyncio.get_running_loop().time()
        # Requests that were under way together are refused together; they count as one sign.
        if now >= self._quiet_until:
            self._limit = max(self._limit * _LESS, 1.0)
        self._quiet_until = max(self._quiet_until, now + (1.0 if retry_after is None else retry_after))
        self._free()

    def leave_failed(self) -> None:
        """A request failed for another reason."""
        self._free()

    def _free(self) -> None:
        self._flying -= 1
        self._freed.set()

    def _pause(self, now: float, amounts: tuple[int, int]) -> float:
        waits = [bucket.wait(now, amount) for bucket, amount in zip(self._buckets, amounts, strict=True)]
        return max(*waits, self._quiet_until - now)
