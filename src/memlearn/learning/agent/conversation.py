"""The conversation of one step, as a pure function of what the step is given and what the model answers.

Nothing is sent from here: `request` says what to send next, `receive` takes the answer. The same input and the same answers
lead to the same requests and the same blocks, which is what replay from the journal rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from memlearn.errors import EditError
from memlearn.learning.agent.draft import Draft
from memlearn.learning.agent.prompt import Prompts, lines_text, numbered
from memlearn.learning.agent.replies import Form, calls_of, form_instructions, reply_schema, result_messages
from memlearn.learning.agent.step import Check, EditRequest, Row, StepInput
from memlearn.learning.agent.tools import FINISH, Search, Wish, read_call
from memlearn.llm.messages import ChatReply, ChatRequest, Message, Tool, ToolCall
from memlearn.memory import Block, BlockSpec, Edit

Outcome = Literal["done", "silent", "declined"]

# Calls of one reply that are answered; endless ones end here.
MOST_CALLS = 60
# Characters of a refused call that are kept for the report.
MOST_KEPT = 2000
NOTHING = "(nothing)"
_LAST = "This is the last turn of this step: what is not mended now is dropped."
_SILENT = f"Nothing was called. Memory changes by tool calls only; if nothing is to be changed, call {FINISH}."
_OK = "ok"


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for all steps.

    Args:
        prompts: the texts.
        specs: the blocks that the model writes.
        tools: offered, in order.
        form: how calls are made.
        turns: most requests of a step.
        max_tokens: most tokens of one answer.
        window: most characters of one request; older turns are summed up where they would pass it.
    """

    prompts: Prompts
    specs: tuple[BlockSpec, ...]
    tools: tuple[Tool, ...]
    form: Form = "tools"
    turns: int = 4
    max_tokens: int = 2000
    window: int = 400_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that changed nothing.

    Args:
        turn: of the conversation, from 0.
        call: as the model made it: tool and arguments.
        reason: as the model was told.
        label: the block that it was to change; None where the call does not tell.
        mended: True where a later turn brought an accepted edit of the same block.
        code: the sort of reason.
    """

    turn: int
    call: str
    reason: str
    label: str | None = None
    mended: bool = False
    code: str = "form"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step.

    Args:
        blocks: the user's blocks after it.
        accepted: edits in order.
        refused: calls that changed nothing, in order.
        outcome: `done`; `silent`: the model never called a tool; `declined`: it refused to answer.
        turns: requests that were answered.
    """

    blocks: tuple[Block, ...]
    accepted: tuple[Edit, ...]
    refused: tuple[Refused, ...]
    outcome: Outcome
    turns: int


SearchTool = Callable[[Search], Sequence[Row]]
OperatorTool = Callable[[ToolCall, StepInput], Sequence[EditRequest]]


@dataclass(slots=True)
class Conversation:
    """One step's conversation.

    Args:
        settings: what holds for all steps.
        step: what this one is given.
        check: judges each line.
        search: reads external memory.
        operator_tools: name → function of the operator that turns a call into edits.
    """

    settings: Settings
    step: StepInput
    check: Check
    search: SearchTool
    operator_tools: dict[str, OperatorTool] = field(default_factory=dict)
    _draft: Draft = field(init=False)
    _head: tuple[Message, ...] = field(init=False)
    _turns: list[tuple[Message, ...]] = field(init=False, default_factory=list)
    _summaries: list[str] = field(init=False, default_factory=list)
    _accepted: list[tuple[int, Edit]] = field(init=False, default_factory=list)
    _refused: list[Refused] = field(init=False, default_factory=list)
    _outcome: Outcome | None = field(init=False, default=None)
    _called: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Begin with what the step is given; rows found later are shown where they were found."""
        self._draft = Draft(self.step, self.check)
        settings = self.settings
        system = Message("system", settings.prompts.system_text(settings.specs, form_instructions(settings.form, settings.tools)))
        self._head = (system, Message("user", settings.prompts.step_text(self.step)))

    def request(self) -> ChatRequest | None:
        """What to send next; None where the step has ended."""
        if self._outcome is not None:
            return None
        settings = self.settings
        return ChatRequest(
            (*self._head, *self._tail(sum(_size(message) for message in self._head))),
            settings.max_tokens,
            settings.tools if settings.form == "tools" else (),
            reply_schema(settings.tools) if settings.form == "json" else None,
        )

    def receive(self, reply: ChatReply) -> None:
        """Take the model's answer to the last request."""
        turn = len(self._turns)
        if reply.finish in ("refusal", "content_filter"):
            self._turns.append(())
            self._outcome = "declined"
            return
        calls, results, again = self._answer(turn, reply)
        last = turn + 1 >= self.settings.turns
        if last or not again:
            self._turns.append(())
            self._outcome = "done" if self._called or self._accepted else "silent"
            return
        said = Message("assistant", reply.text, tuple(calls) if self.settings.form == "tools" else ())
        if not calls and not reply.text.strip():
            # An empty message is refused by many endpoints.
            said = Message("assistant", NOTHING)
        self._turns.append((said, *result_messages(self.settings.form, calls, results, self._more(turn, again))))
        self._summaries.append(_summary(turn, calls, results))
        self._draft.show()

    def result(self) -> StepResult:
        """What came of the step."""
        refused = tuple(
            replace(refused, mended=any(turn > refused.turn and edit.label == refused.label for turn, edit in self._accepted))
            for refused in self._refused
        )
        return StepResult(
            self._draft.blocks, tuple(edit for _, edit in self._accepted), refused, self._outcome or "silent", len(self._turns)
        )

    def _answer(self, turn: int, reply: ChatReply) -> tuple[Sequence[ToolCall], list[str], list[str]]:
        """The calls of a reply, the result of each, and why there has to be another turn; empty: there need not be."""
        try:
            calls = calls_of(self.settings.form, reply)
        except EditError as error:
            self._refused.append(Refused(turn, reply.text[:MOST_KEPT], str(error), code=error.code))
            return (), [], [str(error)]
        results: list[str] = []
        again: list[str] = []
        before = self._draft.blocks
        for number, call in enumerate(calls):
            result, reading = self._call(turn, number, call)
            results.append(result)
            if reading:
                again.append("")
        if not calls and not self._called:
            again.append(_SILENT)
        if again and self._draft.blocks != before:
            again.append("The lines are now:\n" + lines_text([block for block in self._draft.blocks if block not in before]))
        return calls, results, again

    def _call(self, turn: int, number: int, call: ToolCall) -> tuple[str, bool]:
        """The result of a call, and whether the model has to see it."""
        label = None
        try:
            wishes = self._wishes(number, call)
            self._called = True
            for wish in wishes:
                if isinstance(wish, Search):
                    return self._read(wish), True
                if isinstance(wish, EditRequest):
                    label = wish.label
                    self._accepted.append((turn, self._draft.apply(wish)))
        except EditError as error:
            self._refused.append(Refused(turn, f"{call.name} {call.arguments}"[:MOST_KEPT], str(error), label, code=error.code))
            return f"refused: {error}", True
        return _OK, False

    def _wishes(self, number: int, call: ToolCall) -> Sequence[Wish]:
        if number >= MOST_CALLS:
            raise EditError(f"One reply may hold {MOST_CALLS} calls; this is number {number + 1}.")
        if call.name in self.operator_tools:
            return self.operator_tools[call.name](call, self.step)
        return [read_call(call, tuple(tool.name for tool in self.settings.tools))]

    def _read(self, wish: Search) -> str:
        """Rows or passages that were found; they may be cited from now on by the numbers they are shown with."""
        known = self.step.rows if wish.where == "history" else self.step.passages
        ids = {row.id for row in known}
        found = [row for row in self.search(wish) if row.id not in ids]
        if wish.where == "history":
            self.step = replace(self.step, rows=(*self.step.rows, *found))
        else:
            self.step = replace(self.step, passages=(*self.step.passages, *found))
        self._draft.step = replace(self.step, blocks=self._draft.step.blocks)
        return numbered("r" if wish.where == "history" else "p", [row.text for row in found], len(known) + 1)

    def _more(self, turn: int, again: Sequence[str]) -> str:
        last = [_LAST] if turn + 2 >= self.settings.turns else []
        return "\n".join([*(text for text in again if text), *last])

    def _tail(self, used: int) -> list[Message]:
        """The turns so far; where they do not fit, the oldest are summed up in one message."""
        dropped = 0
        while (
            dropped < len(self._turns) - 1
            and used + sum(_size(message) for turn in self._turns[dropped:] for message in turn) > self.settings.window
        ):
            dropped += 1
        tail = [message for turn in self._turns[dropped:] for message in turn]
        if dropped == 0:
            return tail
        told = "Earlier turns of this step, summed up:\n" + "\n".join(self._summaries[:dropped])
        return [Message("user", told), *tail]


def _summary(turn: int, calls: Sequence[ToolCall], results: Sequence[str]) -> str:
    said = [f"{call.name}: {result[:80]}" for call, result in zip(calls, results, strict=True)]
    return f"Turn {turn + 1}: " + ("; ".join(said) or "no calls")


def _size(message: Message) -> int:
    return len(message.text) + sum(len(call.name) + len(call.arguments) for call in message.calls)
