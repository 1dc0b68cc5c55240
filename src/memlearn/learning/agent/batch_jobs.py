"""Send jobs of the provider's batch API and wait until they have ended, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from memlearn.errors import MemlearnError
from memlearn.learning.agent.answers import Sent
from memlearn.learning.agent.together import together
from memlearn.llm.messages import ChatReply
from memlearn.llm.model_error import ModelError

if TYPE_CHECKING:
    # The package behind it takes a second to import.
    from memlearn.llm.batches import BatchStatus

Result = ChatReply | ModelError
Found = TypeVar("Found")

Request = tuple[tuple[str, Sent], bytes]
"""Name in the file and what it asks, and the line."""

UNSENT = "unsent"
"""Kind of failure of a request whose batch never began: nothing was paid."""

_TOO_LARGE = ("large", "size", "limit", "maximum", "too many")
# Jobs are looked at often at first: small ones are done within seconds.
_FIRST_PAUSE = 1.0


class StopWaitingError(MemlearnError):
    """The provider cannot be asked any more; what it was given stays with it, and a later run takes the results."""


class BatchEndpoint(Protocol):
    """The batch API of a provider; `memlearn.llm.batches.BatchClient` is one."""

    def line(self, name: str, content: bytes) -> bytes:
        """One request as a line of a job's file."""
        ...

    async def submit(self, lines: Iterable[bytes], name: str) -> str:
        """Begin a job; its id."""
        ...

    async def find(self, name: str) -> tuple[str, ...]:
        """Ids of the jobs of a name, oldest first."""
        ...

    async def status(self, batch_id: str) -> BatchStatus:
        """How far a job is."""
        ...

    async def results(self, status: BatchStatus) -> dict[str, Result]:
        """What came of its requests."""
        ...


@dataclass(slots=True)
class BatchJob:
    """Requests that are sent together.

    Args:
        name: under which the provider knows the job; also that of its halves, where it was too large.
        sent: the requests by their name in the file.
        path: the file of lines; None: it was sent by an earlier run.
        ids: the provider's ids of what is known to be sent.
    """

    name: str
    sent: dict[str, Sent]
    path: Path | None = None
    ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class BatchJobs:
    """Sends jobs and waits for them.

    Args:
        endpoint: the provider.
        note: makes durable that a job of this name has this id.
        take: takes what came of some requests; `None` instead of a result: it was never sent.
        at_once: most jobs that are with the provider together.
        attempts: how often what fails for a while is tried.
        poll_seconds: longest pause between two looks at a job.
        say: told in words how far all jobs are.
    """

    endpoint: BatchEndpoint
    note: Callable[[str, str], Awaitable[None]]
    take: Callable[[Sequence[tuple[Sent, Result | None]]], Awaitable[None]]
    at_once: int
    attempts: int
    poll_seconds: float
    say: Callable[[str], None]
    _stopped: StopWaitingError | None = None
    _done: int = 0
    _running: dict[str, BatchStatus] = field(default_factory=dict)

    async def run(self, jobs: Sequence[BatchJob]) -> None:
        """Do some jobs.

        Raises:
            StopWaitingError: the provider is gone, or refuses key or address; jobs that it has are still with it.
        """
        self._done, self._running = 0, {}
        places = asyncio.Semaphore(self.at_once)

        async def do(job: BatchJob) -> None:
            async with places:
                if self._stopped is None:
                    try:
                        await self._do(job)
                    except StopWaitingError as error:
                        self._stop(error)
                    self._done += 1
                    self._tell(len(jobs))

        async with together() as group:
            for job in jobs:
                group.create_task(do(job))
        if self._stopped is not None:
            raise self._stopped

    def _stop(self, error: StopWaitingError) -> None:
        """No further job begins; the first reason is told."""
        if self._stopped is None:
            self._stopped = error

    async def _do(self, job: BatchJob) -> None:
        if job.path is None:
            # Of an earlier run, which may have died before it could note the id.
            known = dict.fromkeys((*job.ids, *await self._patiently(lambda: self.endpoint.find(job.name))))
            missing = dict(job.sent)
            gone: BatchStatus | None = None
            for batch_id in known:
                status = await self._wait(job.name, batch_id)
                if status.state == "gone":
                    # Another half of the job may still have answers.
                    gone = status
                else:
                    missing = await self._finish(missing, status)
            # Where nothing was ever sent, nothing was paid.
            what = _gone(gone) if gone is not None else _unanswered() if known else None
            await self.take([(sent, what) for sent in missing.values()])
            return
        lines = job.path.read_bytes().splitlines(keepends=True)
        await self._send(job, list(zip(job.sent.items(), lines, strict=True)))

    async def _send(self, job: BatchJob, requests: Sequence[Request]) -> None:
        """Send some requests of a job until they have been carried out."""
        tries = 0
        while True:
            tries += 1
            try:
                batch_id = await self._submit(job, [line for _, line in requests])
            except ModelError as error:
                if len(requests) == 1:
                    await self.take([(sent, error) for (_, sent), _ in requests])
                elif _is_too_large(str(error)):
                    await self._send_halves(job, requests)
                else:
                    raise StopWaitingError(f"The provider takes no batch: {error}") from error
                return
            status = await self._wait(job.name, batch_id)
            if status.crowded and (len(self._running) > 1 or tries < self.attempts):
                await self._pause(tries)
                continue
            if status.word == "failed" and len(requests) > 1 and not status.bad_lines and _is_too_large(status.problem):
                await self._send_halves(job, requests)
                return
            if status.word == "failed" and len(requests) > 1:
                requests = await self._without_bad_lines(requests, status, tries)
                continue
            missing = await self._finish(dict(entry for entry, _ in requests), status)
            await self.take([(sent, _unanswered(status)) for sent in missing.values()])
            return

    async def _send_halves(self, job: BatchJob, requests: Sequence[Request]) -> None:
        middle = len(requests) // 2
        await self._send(job, requests[:middle])
        await self._send(job, requests[middle:])

    async def _without_bad_lines(self, requests: Sequence[Request], status: BatchStatus, tries: int) -> list[Request]:
        """What is sent again of a batch that failed as a whole: all but the lines that the provider names as wrong."""
        bad = {number for number in status.bad_lines if 1 <= number <= len(requests)}
        if len(bad) == len(requests) or (not bad and tries >= self.attempts):
            raise StopWaitingError(f"The provider refuses the batches: {status.problem}")
        wrong = ModelError("rejected", f"The provider refuses this line of the batch: {status.problem}")
        await self.take([(sent, wrong) for number, ((_, sent), _) in enumerate(requests, start=1) if number in bad])
        if not bad:
            await self._pause(tries)
        return [request for number, request in enumerate(requests, start=1) if number not in bad]

    async def _submit(self, job: BatchJob, lines: Sequence[bytes]) -> str:
        """Begin a batch.

        Raises:
            ModelError: the provider does not take it, and never will.
            StopWaitingError: the provider is gone.
        """
        tries = 0
        while True:
            try:
                batch_id = await self.endpoint.submit(lines, job.name)
            except ModelError as error:
                tries += 1
                if not error.transient and error.kind != "access":
                    raise
                if error.kind == "access" or tries >= self.attempts:
                    raise StopWaitingError(str(error)) from error
                await self._pause(tries, error.retry_after)
                # The answer may have been lost and not the batch.
                found = [known for known in await self._patiently(lambda: self.endpoint.find(job.name)) if known not in job.ids]
                if not found:
                    continue
                batch_id = found[0]
            job.ids.append(batch_id)
            await self.note(job.name, batch_id)
            return batch_id

    async def _wait(self, name: str, batch_id: str) -> BatchStatus:
        """Until a batch has ended."""
        tries = 0
        try:
            while True:
                status = await self._patiently(lambda: self.endpoint.status(batch_id))
                if status.state != "waiting":
                    return status
                self._running[name] = status
                self._tell(None)
                tries += 1
                await self._pause(tries)
                if self._stopped is not None:
                    raise self._stopped
        finally:
            self._running.pop(name, None)

    async def _finish(self, sent: Mapping[str, Sent], status: BatchStatus) -> dict[str, Sent]:
        """Take the results of a batch; the requests that have none are given back."""
        if status.state == "gone":
            await self.take([(one, _gone(status)) for one in sent.values()])
            return {}
        results = await self._patiently(lambda: self.endpoint.results(status))
        await self.take([(one, results[name]) for name, one in sent.items() if name in results])
        return {name: one for name, one in sent.items() if name not in results}

    async def _patiently(self, ask: Callable[[], Awaitable[Found]]) -> Found:
        """Ask again while the provider fails for a while."""
        tries = 0
        while True:
            try:
                return await ask()
            except ModelError as error:
                tries += 1
                if not error.transient or tries >= self.attempts:
                    raise StopWaitingError(f"The provider of the batches cannot be asked: {error}") from error
                await self._pause(tries, error.retry_after)

    async def _pause(self, tries: int, wanted: float | None = None) -> None:
        await asyncio.sleep(max(wanted or 0.0, min(_FIRST_PAUSE * 2 ** (tries - 1), self.poll_seconds)))

    def _tell(self, jobs: int | None) -> None:
        done = sum(status.done + status.failed for status in self._running.values())
        total = sum(status.total for status in self._running.values())
        words = ", ".join(sorted({status.word for status in self._running.values()}))
        told = f"{self._done:,} batches done" if not self._running else f"{done:,} of {total:,} requests answered ({words})"
        if jobs is not None or self._running:
            self.say(told)


def _is_too_large(problem: str) -> bool:
    return any(word in problem.lower() for word in _TOO_LARGE)


def _unanswered(status: BatchStatus | None = None) -> ModelError:
    if status is None or not status.problem:
        return ModelError("server", "The batch ended without an answer to this request.")
    return ModelError("server", f"The batch {status.word}: {status.problem}")


def _gone(status: BatchStatus) -> ModelError:
    return ModelError("server", f"The provider does not know the batch {status.id!r} any more.", paid="perhaps")
