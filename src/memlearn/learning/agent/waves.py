"""Batch mode: what all users ask next goes to the provider together; once it is answered, the next wave is gathered.

A wave is gathered by doing the steps until each user asks something that is not answered yet: what was answered before is in
the journal, so that nothing but the journal and the ledger has to outlive a wave, or the process.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from memlearn.learning.agent.answers import Answers, Name, Sent
from memlearn.learning.agent.batch_jobs import UNSENT, BatchEndpoint, BatchJob, BatchJobs, Result, StopWaitingError
from memlearn.learning.agent.config import BatchConfig
from memlearn.learning.agent.intents import Intents
from memlearn.learning.agent.money import CapReachedError, Purse, Rates
from memlearn.learning.agent.run import PostponedError, Tally
from memlearn.learning.agent.sender import Asked, Client, Journal, Known, NotAnsweredError, Spent
from memlearn.llm.messages import ChatReply, ChatRequest
from memlearn.llm.model_error import ModelError
from memlearn.store.journal import Place

Gather = Callable[[frozenset[str] | None], Awaitable[Tally]]
"""Does the steps of all users, or of some, until each of them asks something new."""


@dataclass(slots=True)
class _Draft:
    """A job that is being gathered: requests with the futures of their intents."""

    name: str
    path: Path
    file: BinaryIO
    size: int = 0
    requests: list[tuple[str, Asked, str, int, int, Future[Place]]] = field(default_factory=list)

    async def finish(self) -> BatchJob:
        """Once every intent is on the disk."""
        self.file.close()
        sent = {}
        for name, asked, digest, most, size, future in self.requests:
            place = await asyncio.wrap_future(future)
            sent[name] = Sent(asked, digest, int(name[1:]), place, most, size)
        return BatchJob(self.name, sent, self.path)


@dataclass(slots=True)
class Waves:
    """The waves of one run.

    Args:
        client: encodes requests.
        endpoint: the provider's batch API.
        model: everything about model and endpoint that an answer depends on; part of a request's digest.
        journal: where intents, jobs and answers go.
        name: of the run, which no other has.
        answers: what the journals hold; added to.
        known: an earlier answer to a request; None: there is none.
        purse: what may be spent.
        rates: what tokens cost in batches; None: nothing is known about money.
        config: limits of jobs.
        attempts: how often a request is sent before its step is given up.
        folder: for the files of jobs; made and removed.
        say: told in words how far a wave is.
    """

    client: Client
    endpoint: BatchEndpoint
    model: Mapping[str, Any]
    journal: Journal
    name: str
    answers: Answers
    known: Known
    purse: Purse
    rates: Rates | None
    config: BatchConfig
    attempts: int
    folder: Path
    say: Callable[[str], None]
    stopped: str | None = None
    waves: int = 0
    left_open: bool = False
    perhaps: int = 0
    _intents: Intents = field(init=False)
    _drafts: list[_Draft] = field(init=False, default_factory=list)
    _reserved: set[Name] = field(init=False, default_factory=set)
    _refused: dict[Name, ModelError] = field(init=False, default_factory=dict)
    _failed: dict[Name, ModelError] = field(init=False, default_factory=dict)
    _failures: Counter[Name] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        """Number the intents of this journal."""
        self._intents = Intents(self.journal)

    async def take_up(self) -> None:
        """Take what earlier runs left with the provider; `left_open` tells whether some of it is still there."""
        await self._send(self._left_behind(), "batches of an earlier run")

    async def run(self, gather: Gather) -> Tally:
        """Wave after wave until nothing more is asked.

        Args:
            gather: asks by `ask`, and tells who was postponed.

        Returns:
            How it went. A stop is no error: what is answered stays, and a later run goes on from there.
        """
        total = Tally()
        waiting: frozenset[str] | None = None
        try:
            while True:
                tally = await gather(waiting)
                _count(total, tally)
                waiting = frozenset(tally.postponed)
                jobs = [await draft.finish() for draft in self._drafts]
                self._drafts = []
                if tally.stopped is not None:
                    await self._drop(jobs)
                    break
                if not jobs:
                    total.stopped = self.stopped
                    break
                self.waves += 1
                await self._send(jobs, f"wave {self.waves}")
        finally:
            for draft in self._drafts:
                draft.file.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        total.unfinished = sorted({*total.unfinished, *(waiting or ())})
        return total

    async def ask(self, asked: Asked, request: ChatRequest, spent: Spent) -> ChatReply:
        """The answer to a request that an earlier wave has asked; a new one becomes part of this wave.

        Args:
            asked: names the request.
            request: what to send.
            spent: left as it is; costs are counted when answers come in.

        Raises:
            PostponedError: it is asked with this wave, or with the next one if the cap allows it then.
            NotAnsweredError: there was no answer after the last attempt.
            ModelError: the provider does not take it, and never will.
        """
        del spent
        digest = request.digest(self.model)
        earlier = self.known(asked, digest)
        if earlier is not None:
            return earlier
        name = (asked.user_id, asked.step, asked.turn, digest)
        if name in self._refused:
            raise self._refused[name]
        if self._failures[name] >= self.attempts:
            raise NotAnsweredError(f"No answer after {self.attempts} batches. The last one: {self._failed[name]}")
        if self.stopped is None:
            self._add(asked, request, digest)
        raise PostponedError

    def _add(self, asked: Asked, request: ChatRequest, digest: str) -> None:
        """Make a request part of the wave, or find that the cap is reached."""
        content = self.client.encode(request)
        most = 0 if self.rates is None else self.rates.most(len(content), request.max_tokens)
        try:
            # What does not fit beside the wave's other requests may fit into the next one, when it is known what these have cost.
            if not self.purse.reserve(most):
                return
        except CapReachedError as error:
            self.stopped = str(error)
            return
        name = (asked.user_id, asked.step, asked.turn, digest)
        self._reserved.add(name)
        record = self._intents.make(asked, request, digest, self._failures[name], most)
        line = self.endpoint.line(f"r{record['number']}", content)
        draft = self._draft(len(line))
        future = self.journal.append({**record, "batch": draft.name, "size": len(content)})
        draft.file.write(line)
        draft.size += len(line)
        draft.requests.append((f"r{record['number']}", asked, digest, most, len(content), future))

    def _draft(self, size: int) -> _Draft:
        """The job that takes a line of so many bytes."""
        last = self._drafts[-1] if self._drafts else None
        if last is None or len(last.requests) >= self.config.requests or last.size + size > self.config.megabytes * 1_000_000:
            name = f"{self.name}-{self.waves + 1:04d}-{len(self._drafts):03d}"
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{name}.jsonl"
            last = _Draft(name, path, path.open("wb"))
            self._drafts.append(last)
        return last

    def _left_behind(self) -> list[BatchJob]:
        """What earlier runs sent, or were about to send, and nobody took the results of."""
        jobs = [
            BatchJob(name, {f"r{one.number}": one for one in sent}, ids=list(self.answers.batch_ids.get(name, ())))
            for name, sent in sorted(self.answers.batches.items())
        ]
        self.answers.batches.clear()
        return jobs

    async def _send(self, jobs: Sequence[BatchJob], what: str) -> None:
        """Have some jobs done; where the provider is gone, nothing more is asked, and a later run takes the results."""

        def say(told: str) -> None:
            self.say(f"{what}: {told}")

        config = self.config
        runner = BatchJobs(self.endpoint, self._note, self._take, config.at_once, self.attempts, config.poll_seconds, say)
        try:
            await runner.run(jobs)
        except StopWaitingError as error:
            self.left_open = True
            self.stopped = self.stopped or str(error)

    async def _note(self, name: str, batch_id: str) -> None:
        await asyncio.wrap_future(self.journal.append({"type": "batch", "name": name, "id": batch_id}))

    async def _take(self, came: Sequence[tuple[Sent, Result | None]]) -> None:
        """Make durable what came of some requests, then let it count."""
        records = [self._record(sent, result) for sent, result in came]
        places = [self.journal.append(record) for record in records]
        for (sent, result), record, future in zip(came, records, places, strict=True):
            place = await asyncio.wrap_future(future)
            cost, sure = record["cost"], bool(record["sure"])
            reserved = sent.most if sent.name in self._reserved else 0
            self._reserved.discard(sent.name)
            self.purse.settle(reserved, cost)
            self.perhaps += 0 if sure else cost
            if isinstance(result, ChatReply):
                self.answers.add(sent, place, cost, sure=sure)
            elif result is not None:
                self.answers.add_cost(sent, cost, sure=sure)
                self._fail(sent.name, result)

    def _record(self, sent: Sent, result: Result | None) -> dict[str, Any]:
        head = {"number": sent.number, "of": sent.intent.segment}
        if isinstance(result, ChatReply):
            cost = None if self.rates is None or result.usage is None else self.rates.cost(result.usage)
            charged = sent.most if cost is None else cost
            return {"type": "reply", **head, "reply": result.to_json(), "cost": charged, "sure": cost is not None}
        if result is None:
            return {"type": "failed", **head, "kind": UNSENT, "message": "Its batch never began.", "cost": 0, "sure": True}
        perhaps = result.paid == "perhaps"
        cost = sent.most if perhaps else 0
        return {"type": "failed", **head, "kind": result.kind, "message": str(result), "cost": cost, "sure": not perhaps}

    def _fail(self, name: Name, error: ModelError) -> None:
        if error.transient:
            self._failures[name] += 1
            self._failed[name] = error
        else:
            self._refused[name] = error

    async def _drop(self, jobs: Sequence[BatchJob]) -> None:
        """The run stops before these are sent."""
        for job in jobs:
            await self._take([(sent, None) for sent in job.sent.values()])


def _count(total: Tally, tally: Tally) -> None:
    for outcome, count in tally.steps.items():
        total.steps[outcome] = total.steps.get(outcome, 0) + count
    total.stopped = tally.stopped
    total.unfinished = tally.unfinished
    total.withdrawn += tally.withdrawn
