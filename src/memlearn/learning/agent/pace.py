"""How many requests are under way, and how many leave a minute: adapts to an endpoint that says it is too much."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field

# Additive increase, multiplicative decrease (Chiu and Jain, Computer Networks and ISDN Systems, 1989).
_LESS = 0.5
# Of a minute's allowance so much may leave at once.
_BURST_SECONDS = 5.0
_MINUTE = 60.0
# For so many requests under way one more is ready to leave.
_READY_SHARE = 8


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


@dataclass(slots=True)
class _Line:
    """Waiters, those of the highest rank first, and of the same rank whoever came first."""

    _heap: list[tuple[int, int, int, asyncio.Future[None]]] = field(default_factory=list)
    _number: int = 0

    def join(self, rank: int, tokens: int) -> asyncio.Future[None]:
        """Stand in line; the future is done when it is one's turn."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (-rank, self._number, tokens, waiter))
        self._number += 1
        return waiter

    def first(self) -> int | None:
        """The tokens of whoever is next; None: nobody waits."""
        while self._heap and self._heap[0][3].done():
            heapq.heappop(self._heap)
        return self._heap[0][2] if self._heap else None

    def call(self) -> None:
        """Let the next one go on."""
        heapq.heappop(self._heap)[3].set_result(None)


class Pace:
    """Lets requests through: first those of users who have most to do yet, so that nobody's last steps are left over at the end.

    A request gets ready, then it leaves, then it is answered. Some more are ready than may be under way, so that one can leave as soon as
    another one is answered, while what comes before leaving takes its time. For one event loop.

    Args:
        in_flight: most requests under way.
        requests: most requests a minute; None: any number.
        tokens: most tokens of requests a minute; None: any number.
    """

    def __init__(self, in_flight: int, requests: float | None = None, tokens: float | None = None) -> None:
        self._most = in_flight
        self._limit = float(in_flight)
        self._ready = 0
        self._flying = 0
        self._buckets = (Bucket(requests), Bucket(tokens))
        self._quiet_until = 0.0
        self._getting_ready, self._leaving = _Line(), _Line()
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return max(int(self._limit), 1)

    @property
    def flying(self) -> int:
        """Requests under way."""
        return self._flying

    async def get_ready(self, left: int = 0) -> None:
        """Wait until a request may get ready; each call is followed by one of `enter` or `give_way`.

        Args:
            left: steps that its user has to do yet.
        """
        waiter = self._getting_ready.join(left, 0)
        self._serve()
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                self.give_way()
            raise

    def give_way(self) -> None:
        """What was ready does not leave."""
        self._ready -= 1
        self._serve()

    async def enter(self, tokens: int) -> None:
        """Wait until what is ready, of so many tokens, may leave; each call is followed by one of `leave`, or else nothing has left."""
        waiter = self._leaving.join(0, tokens)
        self._serve()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                self.give_way()
            else:
                self.leave_failed()
            raise

    def leave(self) -> None:
        """A request has been answered."""
        self._limit = min(self._limit + 1 / self._limit, self._most)
        self.leave_failed()

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
        self.leave_failed()

    def leave_failed(self) -> None:
        """A request failed for another reason."""
        self._flying -= 1
        self._ready -= 1
        self._serve()

    def _serve(self) -> None:
        """Let through whoever may go on now, and come back when the next one may."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        loop = asyncio.get_running_loop()
        while self._flying < self.limit and (tokens := self._leaving.first()) is not None:
            amounts = (1, tokens)
            pause = self._pause(loop.time(), amounts)
            if pause > 0:
                self._alarm = loop.call_later(pause, self._serve)
                break
            for bucket, amount in zip(self._buckets, amounts, strict=True):
                bucket.take(loop.time(), amount)
            self._flying += 1
            self._leaving.call()
        while self._ready < self.limit + max(self.limit // _READY_SHARE, 1) and self._getting_ready.first() is not None:
            self._ready += 1
            self._getting_ready.call()

    def _pause(self, now: float, amounts: tuple[int, int]) -> float:
        waits = [bucket.wait(now, amount) for bucket, amount in zip(self._buckets, amounts, strict=True)]
        return max(*waits, self._quiet_until - now)
