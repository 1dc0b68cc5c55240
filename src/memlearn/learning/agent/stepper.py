"""Do one step: hold its conversation with the model, whatever the endpoint can do and however long the chunk is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from memlearn.errors import MemlearnError
from memlearn.learning.agent.conversation import Conversation, OperatorTool, SearchTool, Settings, StepResult
from memlearn.learning.agent.replies import Form
from memlearn.learning.agent.sender import Asked, NotAnsweredError, Spent
from memlearn.learning.agent.step import Check, StepInput
from memlearn.llm.messages import ChatReply, ChatRequest
from memlearn.llm.model_error import ModelError

FORMS: tuple[Form, ...] = ("tools", "json", "text")
"""The forms of calls, in the order in which they are tried."""


class StopRunError(MemlearnError):
    """Every step would fail alike: key, model, address or form are refused. The run stops; what is done stays done."""


class Ask(Protocol):
    """Sends a request; `memlearn.learning.agent.sender.Sender.ask` is one."""

    async def __call__(self, asked: Asked, request: ChatRequest, spent: Spent) -> ChatReply:
        """The answer."""
        ...


@dataclass(slots=True)
class Forms:
    """The form of calls that the endpoint takes; found out once for all steps.

    Args:
        form: the one in use.
        fixed: True: it was configured, so no other is tried.
        changed: told when another form is chosen.
    """

    form: Form = "tools"
    fixed: bool = False
    changed: Callable[[Form], None] = lambda _: None

    def give_up(self, refused: Form, error: ModelError) -> None:
        """The endpoint does not take a form; the next one is tried.

        Raises:
            StopRunError: there is none.
        """
        if refused != self.form:
            # Another step has found it out meanwhile.
            return
        if self.fixed or refused == FORMS[-1]:
            raise StopRunError(str(error)) from error
        self.form = FORMS[FORMS.index(refused) + 1]
        self.changed(self.form)


@dataclass(frozen=True, slots=True)
class Stepper:
    """Does steps.

    Args:
        settings: of their conversations; the form is that of `forms`.
        forms: how calls are made.
        ask: sends a request.
        check: judges each line.
        search: reads external memory for a user's step.
        operator_tools: name → function of the operator.
    """

    settings: Settings
    forms: Forms
    ask: Ask
    check: Check
    search: Callable[[StepInput], SearchTool]
    operator_tools: dict[str, OperatorTool]

    async def do(self, key: str, step: StepInput, spent: Spent) -> StepResult:
        """Do a step.

        A chunk that is too long for the model is read in two halves, one after the other, inside the same step.

        Args:
            key: the step's key, in hexadecimal digits.
            step: what it is given.
            spent: added to.

        Raises:
            NotAnsweredError: the endpoint gave no answer, or does not take the request.
            CapReachedError: no more may be spent.
            StopRunError: no step can be done.
        """
        while True:
            form = self.forms.form
            try:
                return await self._do(key, step, spent, form, 0)
            except ModelError as error:
                if error.kind == "access":
                    raise StopRunError(str(error)) from error
                if error.kind != "unsupported":
                    raise NotAnsweredError(str(error)) from error
                self.forms.give_up(form, error)

    async def _do(self, key: str, step: StepInput, spent: Spent, form: Form, turn: int) -> StepResult:
        talk = Conversation(replace(self.settings, form=form), step, self.check, self.search(step), self.operator_tools)
        while (request := talk.request()) is not None:
            try:
                reply = await self.ask(Asked(step.user_id, key, turn), request, spent)
            except ModelError as error:
                if error.kind != "context_length":
                    raise
                return await self._in_halves(key, step, spent, form, turn, error)
            talk.receive(reply)
            turn += 1
        return talk.result()

    async def _in_halves(self, key: str, step: StepInput, spent: Spent, form: Form, turn: int, error: ModelError) -> StepResult:
        """Begin anew with the first half of the rows, and go on with the second."""
        middle = len(step.rows) // 2
        if middle == 0:
            raise NotAnsweredError(f"A single row is too long for the model. {error}") from error
        first = await self._do(key, replace(step, rows=step.rows[:middle]), spent, form, turn)
        rest = replace(step, rows=step.rows[middle:], blocks=first.blocks)
        second = await self._do(key, rest, spent, form, turn + first.turns)
        outcome = "done" if "done" in (first.outcome, second.outcome) else second.outcome
        return StepResult(
            second.blocks,
            (*first.accepted, *second.accepted),
            (*first.refused, *second.refused),
            outcome,
            turn + first.turns + second.turns,
        )
