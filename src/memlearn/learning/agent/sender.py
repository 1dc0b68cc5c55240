"""Journaled requests: what a request may cost is on disk before it is sent, and its answer before it is used.

A request whose answer is in the journal is not sent again, whoever asks: the run that was interrupted, or a replay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from memlearn.errors import MemlearnError
from memlearn.learning.agent.intents import Intents
from memlearn.learning.agent.money import Purse, Rates
from memlearn.learning.agent.pace import Pace
from memlearn.llm.messages import ChatReply, ChatRequest
from memlearn.llm.model_error import ModelError
from memlearn.store.journal import Place, Record

_BYTES_PER_TOKEN = 4
_LONGEST_PAUSE = 60.0
# So often a request is sent again, beside its attempts, when the process that had sent it is gone: that says nothing of the endpoint.
_MOST_LOST = 3


class NotAnsweredError(MemlearnError):
    """A request got no answer, also not after the last attempt; its step is skipped."""


class Journal(Protocol):
    """Where records go; `memlearn.store.journal.JournalWriter` is one."""

    def append(self, record: Record) -> Future[Place]:
        """The future is done when the record is on the disk."""
        ...


class Client(Protocol):
    """What sends a request; `memlearn.llm.chat.ChatClient` is one."""

    def encode(self, request: ChatRequest) -> bytes:
        """The request as it is sent."""
        ...

    async def ask(self, content: bytes) -> ChatReply:
        """Send it once."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Names a request.

    Args:
        user_id: whose step it is.
        step: the step's key, in hexadecimal digits.
        turn: of the step's conversation, from 0.
    """

    user_id: str
    step: str
    turn: int


@dataclass(slots=True)
class Spent:
    """What the requests of a step took.

    Args:
        requests: that were sent, attempts without an answer included.
        cost: units of money.
        input_bytes: that were sent.
        perhaps: units of it that nobody can confirm: answers without usage, attempts that may have been charged.
    """

    requests: int = 0
    cost: int = 0
    input_bytes: int = 0
    perhaps: int = 0

    def __add__(self, other: Spent) -> Spent:
        """What both took."""
        return Spent(
            self.requests + other.requests, self.cost + other.cost, self.input_bytes + other.input_bytes, self.perhaps + other.perhaps
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """A request with an answer in the journal.

    Args:
        asked: names the request.
        digest: of the request.
        intent, answer: where the two records lie.
    """

    asked: Asked
    digest: str
    intent: Place
    answer: Place


Known = Callable[[Asked, str], ChatReply | None]


@dataclass(slots=True)
class Sender:
    """Sends requests of many steps, side by side.

    Args:
        client: talks to the endpoint.
        model: everything about model and endpoint that an answer depends on; part of a request's digest.
        journal: where intents and answers go.
        known: an earlier answer to a request of this digest; None: there is none.
        pace: how many are under way.
        purse: what may be spent.
        rates: what tokens cost; None: nothing is known about money.
        attempts: how often a request is sent before its step is given up; a process of ours that is lost with it is no attempt.
        backoff: seconds before the second attempt; doubles with each.
        left: how many steps a user has to do yet; who has most goes first.
        answered: what was answered so far.
    """

    client: Client
    model: Mapping[str, Any]
    journal: Journal
    known: Known
    pace: Pace
    purse: Purse
    rates: Rates | None = None
    attempts: int = 5
    backoff: float = 1.0
    left: Callable[[str], int] = lambda _user_id: 0
    answered: list[Answered] = field(init=False, default_factory=list)
    _intents: Intents = field(init=False)
    _short_of_money: list[asyncio.Future[None]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Number the intents of this journal."""
        self._intents = Intents(self.journal)

    async def ask(self, asked: Asked, request: ChatRequest, spent: Spent) -> ChatReply:
        """The answer to a request: the one in the journal, or a new one.

        Args:
            asked: names the request.
            request: what to send.
            spent: added to.

        Raises:
            NotAnsweredError: there was none after the last attempt.
            CapReachedError: it could cost more than may be spent; nothing was sent.
            ModelError: the endpoint does not take the request, and never will: it is too long, or of a form that it does not
                know, or key, model or address are refused.
        """
        digest = request.digest(self.model)
        earlier = self.known(asked, digest)
        if earlier is not None:
            return earlier
        content = self.client.encode(request)
        attempt = lost = 0
        while True:
            try:
                return await self._send(asked, request, digest, content, attempt + lost, spent)
            except ModelError as error:
                if not error.transient:
                    raise
                problem = error
            if problem.kind == "process" and lost < _MOST_LOST:
                lost += 1
                continue
            attempt += 1
            if attempt == self.attempts:
                break
            await asyncio.sleep(problem.retry_after if problem.retry_after is not None else self._pause(digest, attempt - 1))
        raise NotAnsweredError(f"No answer after {self.attempts} attempts. The last one: {problem}") from problem

    async def _send(self, asked: Asked, request: ChatRequest, digest: str, content: bytes, attempt: int, spent: Spent) -> ChatReply:
        """One attempt."""
        most = 0 if self.rates is None else self.rates.most(len(content), request.max_tokens)
        await self._get_ready(asked, most)
        record = self._intents.make(asked, request, digest, attempt, most)
        number, settled, ready, flying = record["number"], False, True, False
        try:
            intent = await self._write(record)
            ready = False
            await self.pace.enter(len(content) // _BYTES_PER_TOKEN + request.max_tokens)
            flying = True
            spent.requests, spent.input_bytes = spent.requests + 1, spent.input_bytes + len(content)
            reply = await self.client.ask(content)
            # Its place is free while the answer is written down.
            self.pace.leave()
            flying = False
            cost = None if self.rates is None or reply.usage is None else self.rates.cost(reply.usage)
            answer = await self._write(
                {
                    "type": "reply",
                    "number": number,
                    "reply": reply.to_json(),
                    "cost": most if cost is None else cost,
                    "sure": cost is not None,
                }
            )
            self.answered.append(Answered(asked, digest, intent, answer))
            self._settle(most, cost)
            settled = True
            spent.cost += most if cost is None else cost
            spent.perhaps += most if cost is None else 0
        except ModelError as error:
            cost = None if error.paid == "perhaps" else 0
            self._settle(most, cost)
            settled = True
            spent.cost += most if cost is None else 0
            spent.perhaps += most if cost is None else 0
            failure = {"type": "failed", "number": number, "kind": error.kind, "message": str(error), "cost": most if cost is None else 0}
            if error.kind == "rate_limit":
                self.pace.leave_refused(error.retry_after)
            else:
                self.pace.leave_failed()
            flying = False
            await self._write(failure)
            raise
        except BaseException:
            # Interrupted while under way: it may have been charged.
            if not settled:
                self._settle(most, None)
            raise
        finally:
            if ready:
                self.pace.give_way()
            if flying:
                self.pace.leave_failed()
        return reply

    async def _get_ready(self, asked: Asked, most: int) -> None:
        """Wait for a turn, and set aside what an attempt may cost."""
        await self.pace.get_ready(self.left(asked.user_id))
        try:
            while not self.purse.reserve(most):
                # Requests under way mostly cost far less than is reserved for them; what is left over then may be enough.
                settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._short_of_money.append(settled)
                await settled
        except BaseException:
            self.pace.give_way()
            raise

    def _settle(self, most: int, cost: int | None) -> None:
        """Replace a reservation by the cost, and let those who wait for money see whether it is enough now."""
        self.purse.settle(most, cost)
        waiting, self._short_of_money = self._short_of_money, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def _write(self, record: Mapping[str, Any]) -> Place:
        return await asyncio.wrap_future(self.journal.append(record))

    def _pause(self, digest: str, attempt: int) -> float:
        """Grows with every attempt, and differs from request to request, so that they do not come back together."""
        spread = 0.5 + int(digest[:4], 16) / 0xFFFF
        pause: float = min(self.backoff * 2**attempt * spread, _LONGEST_PAUSE)
        return pause
