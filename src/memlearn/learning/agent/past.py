"""The steps that a run's release was made from, done again with the answers that were given then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memlearn.learning.agent.answers import Answers
from memlearn.learning.agent.books import load_blocks
from memlearn.learning.agent.chain import given_digest
from memlearn.learning.agent.conversation import StepResult
from memlearn.learning.agent.names import told_name
from memlearn.learning.agent.replaced import stood
from memlearn.learning.agent.run import Doing, PostponedError
from memlearn.learning.agent.sender import Asked, NotAnsweredError, Spent
from memlearn.learning.agent.step import StepInput
from memlearn.learning.agent.stepper import StopRunError
from memlearn.llm.messages import ChatReply, ChatRequest
from memlearn.llm.model_error import ModelError
from memlearn.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step as the books hold it.

    Args:
        given: digest of what it was given.
        key: its key.
        version: of the agent that did it.
        skipped: True: it got no answer, so it changed nothing.
        blocks: after it, as JSON.
    """

    given: bytes
    key: bytes
    version: str
    skipped: bool
    blocks: str


@dataclass(slots=True)
class Past:
    """What a run's release was made from.

    A request without an answer in the journals was refused as too long or as of a form that the endpoint does not take, or else the step would
    not have come to its end: so the two halves of its chunk are tried, then the other forms, as the step itself did.

    Args:
        ledger: of the store.
        run_id: the run.
        answers: those of journals that the ledger does not name yet; others are added as users are looked at.
        model: everything about model and endpoint that an answer depends on.
        taken: answers that were taken from the journals.
        booked: steps of other versions of the agent, whose blocks were taken from the ledger.
    """

    ledger: Ledger
    run_id: str
    answers: Answers
    model: Mapping[str, Any]
    taken: int = 0
    booked: int = 0
    _steps: dict[str, list[PastStep]] = field(default_factory=dict)

    def read(self, shard: int, users: Sequence[str]) -> None:
        """Look up the steps of some users of a shard, and the answers that were given to them."""
        self.answers.add_booked(self.ledger, shard, users)
        for user_id, _, given, key, version, outcome, blocks in stood(self.ledger, self.run_id, shard, users).iter_rows():
            self._steps.setdefault(user_id, []).append(PastStep(given, key, version, outcome == "skipped", blocks))

    async def ask(self, asked: Asked, request: ChatRequest, spent: Spent) -> ChatReply:
        """The answer that a request was given.

        Raises:
            ModelError: there was none.
        """
        del spent
        reply = self.answers.known(asked, request.digest(self.model))
        if reply is None:
            raise ModelError("context_length", "This request has no answer in the journals.")
        self.taken += 1
        return reply

    async def do(self, doings: Sequence[Doing], version: str, step: StepInput, extra: Sequence[str]) -> StepResult:
        """Do a step again, as it was done then.

        Args:
            doings: do it by `ask`, each in another form of calls.
            version: of those; what another one did cannot be done again, so that it is taken from the ledger.
            step: what it is given now.
            extra: what its tools can read beside the user's rows.

        Raises:
            PostponedError: the run had not come so far.
            StopRunError: what it would ask now has no answer.
        """
        held = self._steps.get(step.user_id, [])
        if step.chunk >= len(held):
            raise PostponedError
        past = held[step.chunk]
        if past.skipped:
            return StepResult(step.blocks, (), (), "silent", 0)
        if past.version != version:
            self.booked += 1
            return StepResult(load_blocks(past.blocks, [block.spec for block in step.blocks]), (), (), "done", 0)
        for doing in doings:
            try:
                return await doing(past.key.hex(), step, Spent())
            except NotAnsweredError:
                continue
        raise StopRunError(self._missing(step, past, extra))

    def _missing(self, step: StepInput, past: PastStep, extra: Sequence[str]) -> str:
        where = f"Step {step.chunk} of {told_name(step.user_id)}"
        if past.given != given_digest(step, extra):
            return f"{where} was given something else then: the catalogue, what is given about the user, operator statements or documents are not as they were."
        return f"{where} has no answer in a journal to what it asks: a journal was removed, or an operator's tool answers otherwise than it did."
