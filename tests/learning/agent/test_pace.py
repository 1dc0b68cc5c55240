from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from memlearn.learning.agent.pace import Bucket, Pace

Result = TypeVar("Result")


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time runs as fast as nobody has anything to do: real waiting in order, without the wait."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    def time(self) -> float:
        return super().time() + self._ahead

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready and scheduled:
            self._ahead += max(scheduled[0].when() - self.time(), 0.0)
        super()._run_once()  # type: ignore[misc]


def run(work: Callable[[], Awaitable[Result]]) -> Result:
    with asyncio.Runner(loop_factory=Clock) as runner:

        async def main() -> Result:
            return await work()

        return runner.run(main())


async def enter(pace: Pace, tokens: int, left: int = 0) -> None:
    await pace.get_ready(left)
    await pace.enter(tokens)


def test_no_more_than_allowed_are_under_way_and_all_get_through() -> None:
    async def work() -> tuple[int, float]:
        pace, most, begun = Pace(8), 0, asyncio.get_running_loop().time()

        async def request() -> None:
            nonlocal most
            await enter(pace, 10)
            most = max(most, pace.flying)
            await asyncio.sleep(1)
            pace.leave()

        await asyncio.gather(*(request() for _ in range(80)))
        return most, asyncio.get_running_loop().time() - begun

    most, seconds = run(work)
    assert most == 8
    assert seconds == pytest.approx(10, abs=0.5)


def test_requests_leave_in_the_order_they_came() -> None:
    async def work() -> list[int]:
        pace, order = Pace(1), []

        async def request(number: int) -> None:
            await enter(pace, 0)
            order.append(number)
            await asyncio.sleep(0.01)
            pace.leave()

        await asyncio.gather(*(request(number) for number in range(20)))
        return order

    assert run(work) == list(range(20))


@pytest.mark.parametrize(("requests", "tokens", "seconds"), [(600, None, 9.5), (None, 60_000, 9.5), (1200, 60_000, 9.5), (None, None, 0)])
def test_a_minute_allows_so_many_requests_and_tokens(requests: float | None, tokens: float | None, seconds: float) -> None:
    """145 requests of 100 tokens; five seconds' worth may leave at once."""

    async def work() -> float:
        pace, begun = Pace(1000, requests, tokens), asyncio.get_running_loop().time()
        for _ in range(145):
            await enter(pace, 100)
        return asyncio.get_running_loop().time() - begun

    assert run(work) == pytest.approx(seconds, abs=0.3)


def test_one_request_larger_than_any_burst_waits_for_a_full_bucket_and_is_owed() -> None:
    bucket = Bucket(600)
    assert bucket.wait(0, 500) == 0
    bucket.take(0, 500)
    assert bucket.wait(0, 1) == pytest.approx(45.1)
    assert bucket.wait(45.2, 1) == 0


def test_too_many_requests_halve_the_pace_once_and_wait_as_long_as_asked() -> None:
    async def work() -> tuple[int, float, int]:
        pace, loop = Pace(64), asyncio.get_running_loop()
        for _ in range(64):
            await enter(pace, 0)
        begun = loop.time()
        for _ in range(40):
            pace.leave_refused(3.0)
        for _ in range(24):
            pace.leave_failed()
        halved = pace.limit
        await enter(pace, 0)
        waited = loop.time() - begun
        pace.leave()
        for _ in range(3000):
            await enter(pace, 0)
            pace.leave()
        return halved, waited, pace.limit

    halved, waited, grown = run(work)
    assert halved == 32
    assert waited == pytest.approx(3, abs=0.2)
    assert grown == 64


def test_an_endpoint_that_refuses_everything_is_still_asked_one_at_a_time() -> None:
    async def work() -> int:
        pace = Pace(64)
        for _ in range(12):
            await enter(pace, 0)
            pace.leave_refused(None)
        return pace.limit

    assert run(work) == 1


def test_who_gives_up_waiting_holds_nobody_up() -> None:
    async def work() -> int:
        pace = Pace(1)
        await enter(pace, 0)
        waiting = [asyncio.create_task(enter(pace, 0)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        pace.leave()
        await waiting[1]
        pace.leave()
        await waiting[2]
        return pace.flying

    assert run(work) == 1


def test_users_who_have_most_to_do_go_first() -> None:
    async def work() -> list[int]:
        pace, order = Pace(1), []

        async def request(left: int) -> None:
            await enter(pace, 0, left)
            order.append(left)
            await asyncio.sleep(0.01)
            pace.leave()

        await asyncio.gather(*(request(left) for left in (0, 1, 3, 2, 3, 1, 5)))
        return order

    # The first one leaves at once, and one more is ready before the others come.
    assert run(work) == [0, 1, 5, 3, 3, 2, 1]


@pytest.mark.parametrize("in_flight", [1, 7, 64])
def test_few_more_are_ready_than_may_be_under_way(in_flight: int) -> None:
    async def work() -> tuple[int, int, int]:
        pace, ready = Pace(in_flight), 0

        async def request() -> None:
            nonlocal ready
            await pace.get_ready()
            ready += 1
            await pace.enter(0)
            await asyncio.Event().wait()

        requests = [asyncio.create_task(request()) for _ in range(200)]
        for _ in range(5):
            await asyncio.sleep(0)
        at_first = ready
        for _ in range(10):
            pace.leave()
        for _ in range(5):
            await asyncio.sleep(0)
        for task in requests:
            task.cancel()
        return at_first, ready, pace.flying

    assert run(work) == (in_flight + max(in_flight // 8, 1), in_flight + max(in_flight // 8, 1) + 10, in_flight)


def test_who_is_cancelled_while_ready_makes_room() -> None:
    async def work() -> tuple[int, bool]:
        pace = Pace(1)
        await enter(pace, 0)
        await pace.get_ready()
        ready = asyncio.create_task(pace.enter(0))
        waiting = asyncio.create_task(enter(pace, 0))
        await asyncio.sleep(0)
        ready.cancel()
        await asyncio.gather(ready, return_exceptions=True)
        pace.leave()
        await waiting
        return pace.flying, waiting.done()

    assert run(work) == (1, True)
