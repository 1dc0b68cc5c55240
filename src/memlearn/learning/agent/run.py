"""Do the steps of many users side by side: in order within a user, nobody held up by another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from memlearn.errors import MemlearnError
from memlearn.learning.agent.chain import given_digest, step_key
from memlearn.learning.agent.conversation import StepResult
from memlearn.learning.agent.money import CapReachedError
from memlearn.learning.agent.sender import NotAnsweredError, Spent
from memlearn.learning.agent.step import StepInput
from memlearn.learning.agent.stepper import StopRunError
from memlearn.learning.agent.together import together
from memlearn.memory import Block

# So many steps in a row without an answer, and none with one in between: the endpoint is gone.
_GONE = 8


class PostponedError(MemlearnError):
    """What a step asks is answered later; its user waits, and nothing went wrong."""

    def __init__(self) -> None:
        super().__init__("The answer comes with a later wave.")


Outcome = Literal["done", "silent", "declined", "skipped"]


@dataclass(frozen=True, slots=True)
class UserSteps:
    """The steps of one user that are to be done.

    Args:
        user_id: the user.
        inputs: what each step is given, in order; their blocks are replaced by those of the step before.
        blocks: the blocks that the last step that stands has left.
        before: the key of that step, which names the state.
        extra: what the tools can read beside the user's own rows; part of every key.
        version: of the agent that does them; None: that of the run.
        given: digests of what each step is given, where they are known already.
    """

    user_id: str
    inputs: tuple[StepInput, ...]
    blocks: tuple[Block, ...]
    before: bytes
    extra: tuple[str, ...] = ()
    version: str | None = None
    given: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FinishedStep:
    """One step that is to go into the ledger.

    Args:
        user_id, chunk: which one.
        given: digest of what it was given.
        key: its key.
        outcome: `done`; `silent` and `declined`: the model wrote nothing; `skipped`: there was no answer.
        reason: why it was skipped.
        blocks: after it.
        result: edits and refusals; None where it was skipped.
        spent: what its requests took in this run.
        version: of the agent that did it; None: that of the run.
        earlier: run → what its requests took in runs that did not come to its end.
    """

    user_id: str
    chunk: int
    given: bytes
    key: bytes
    outcome: Outcome
    reason: str | None
    blocks: tuple[Block, ...]
    result: StepResult | None
    spent: Spent
    version: str | None = None
    earlier: Mapping[str, Spent] = field(default_factory=dict)

    @property
    def spent_in_all(self) -> Spent:
        """What its requests took in all runs."""
        return sum(self.earlier.values(), self.spent)


@dataclass(slots=True)
class Tally:
    """How a run of steps went.

    Args:
        steps: that were recorded, by outcome.
        stopped: why the run stopped before all steps were done; None: it did not.
        unfinished: users with steps that are still to be done.
        withdrawn: keys of skipped steps that were recorded before it was known that the endpoint is gone; not the steps' fault, so
            the ledger is to forget them.
        postponed: users whose next step waits for an answer that comes later.
    """

    steps: dict[str, int] = field(default_factory=dict)
    stopped: str | None = None
    unfinished: list[str] = field(default_factory=list)
    withdrawn: list[bytes] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)


class Doing(Protocol):
    """Does one step; `memlearn.learning.agent.stepper.Stepper.do` is one."""

    async def __call__(self, key: str, step: StepInput, spent: Spent) -> StepResult:
        """What came of it."""
        ...


Record = Callable[[FinishedStep], Awaitable[None]]


@dataclass(slots=True)
class _Run:
    do: Doing
    record: Record
    version: str
    tally: Tally = field(default_factory=Tally)
    streak: list[FinishedStep] = field(default_factory=list)

    async def user(self, work: UserSteps) -> None:
        """All steps of a user; where the run stops, what is done so far is recorded."""
        blocks, before = work.blocks, work.before
        for at, given in enumerate(work.inputs):
            if self.tally.stopped is not None:
                self.tally.unfinished.append(work.user_id)
                return
            step = replace(given, blocks=_with_given(given.blocks, blocks))
            # The lines of the step before are no part of it.
            digest = work.given[at] if work.given else given_digest(step, work.extra)
            key = step_key(before, digest, work.version or self.version)
            try:
                finished = await self._step(step, digest, key)
            except PostponedError:
                self.tally.postponed.append(work.user_id)
                return
            except (CapReachedError, StopRunError) as error:
                self._stop(str(error), work.user_id)
                return
            await self.record(replace(finished, version=work.version))
            self.tally.steps[finished.outcome] = self.tally.steps.get(finished.outcome, 0) + 1
            blocks, before = finished.blocks, key

    async def _step(self, step: StepInput, digest: bytes, key: bytes) -> FinishedStep:
        spent = Spent()
        try:
            result = await self.do(key.hex(), step, spent)
        except NotAnsweredError as error:
            if self.tally.stopped is not None:
                raise StopRunError(self.tally.stopped) from error
            if len(self.streak) + 1 >= _GONE:
                self._withdraw()
                told = f"{_GONE} steps in a row got no answer; the endpoint seems to be gone. The last one: {error}"
                raise StopRunError(told) from error
            skipped = FinishedStep(step.user_id, step.chunk, digest, key, "skipped", str(error), step.blocks, None, spent)
            self.streak.append(skipped)
            return skipped
        self.streak.clear()
        return FinishedStep(step.user_id, step.chunk, digest, key, result.outcome, None, result.blocks, result, spent)

    def _stop(self, reason: str, user_id: str) -> None:
        """No further step begins; the first reason is told."""
        if self.tally.stopped is None:
            self.tally.stopped = reason
        self.tally.unfinished.append(user_id)

    def _withdraw(self) -> None:
        """Take back the skipped steps since the last answer."""
        self.tally.withdrawn += [step.key for step in self.streak]
        self.tally.unfinished += [step.user_id for step in self.streak]
        self.tally.steps["skipped"] = self.tally.steps.get("skipped", 0) - len(self.streak)


def _with_given(given: tuple[Block, ...], learned: tuple[Block, ...]) -> tuple[Block, ...]:
    """The lines as the step before left them, in the blocks that are specified now; read-only ones as they are given."""
    lines = {block.label: block.statements for block in learned}
    return tuple(block if block.spec.read_only else block.with_statements(lines.get(block.label, ())) for block in given)


async def do_users(works: AsyncIterator[UserSteps], do: Doing, record: Record, version: str, *, side_by_side: int) -> Tally:
    """Do the steps of many users.

    Args:
        works: the users; taken one after another as others are done, so that they need not fit into memory together.
        do: does one step.
        record: takes a finished step; the next step of its user begins when it is recorded.
        version: of the agent.
        side_by_side: most users at work together.

    Returns:
        How it went. A stop is no error: what is recorded stays, and a later run goes on from there.
    """
    run = _Run(do, record, version)
    turn = asyncio.Lock()

    async def worker() -> None:
        while (work := await following()) is not None:
            await run.user(work)

    async def following() -> UserSteps | None:
        async with turn:
            return await anext(works, None)

    async with together() as group:
        for _ in range(side_by_side):
            group.create_task(worker())
    run.tally.unfinished = sorted(set(run.tally.unfinished))
    return run.tally
