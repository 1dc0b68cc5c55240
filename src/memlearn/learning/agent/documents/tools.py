"""The tools of a step that reads a document: those of memory, and one that proposes a rule for later review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from memlearn.errors import EditError
from memlearn.learning.agent.conversation import OperatorTool
from memlearn.learning.agent.rows import escape_text
from memlearn.learning.agent.step import EditRequest, Line, StepInput
from memlearn.learning.agent.tools import FINISH, built_in_tools, problems_of, read_call, schema_of
from memlearn.llm.messages import Tool, ToolCall

CANDIDATES = "rule_candidates"
"""The block of proposed rules."""
PROPOSE = "rule_propose"
_MEMORY = ("memory_insert", "memory_replace", "memory_delete", "memory_rethink")

Kind = Literal["frequency_cap", "eligibility", "consent", "exclusion", "ordering", "required_wording"]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class _Propose(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Kind, Field(description="What sort of rule it is.")]
    applies_to: Annotated[_Text, Field(description="What is limited: which offers, messages, products or users, in the document's words.")]
    evidence: Annotated[
        list[str],
        BeforeValidator(lambda given: given.replace(",", " ").split() if isinstance(given, str) else given),
        Field(min_length=1, description="The sentences that say it, such as 'r2'."),
    ]
    condition: Annotated[_Text | None, Field(description="When it holds, in the document's words.")] = None
    number: Annotated[float | None, Field(ge=0, description="The number that caps, as 2.")] = None
    unit: Annotated[_Text | None, Field(description="Of what, as 'emails'.")] = None
    period: Annotated[_Text | None, Field(description="In how long, as 'week'.")] = None
    wording: Annotated[_Text | None, Field(description="Words that have to be used, copied from the sentence.")] = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that a document seems to lay down; nobody has approved it, and nothing enforces it.

    Args:
        kind: the sort of rule.
        applies_to: what is limited.
        condition: when it holds.
        number, unit, period: a cap.
        wording: words that have to be used.
    """

    kind: str
    applies_to: str
    condition: str | None
    number: float | None
    unit: str | None
    period: str | None
    wording: str | None

    @property
    def figure(self) -> str:
        """The cap in words; empty where there is none."""
        number = "" if self.number is None else f"{self.number:.10g}"
        per = f"per {self.period}" if self.period else ""
        return " ".join(part for part in (number, self.unit, per) if part)

    def arguments(self) -> dict[str, object]:
        """What the rule claims, typed; only what is there."""
        named = {
            "applies_to": self.applies_to,
            "condition": self.condition,
            "number": self.number,
            "unit": self.unit,
            "period": self.period,
            "wording": self.wording,
        }
        return {name: value for name, value in named.items() if value is not None}

    def told(self) -> str:
        """The rule as a line."""
        parts = [
            f"{self.kind}: {self.applies_to}",
            self.figure,
            f"condition: {self.condition}" if self.condition else "",
            f"wording: “{self.wording}”" if self.wording else "",
        ]
        return "; ".join(part for part in parts if part)


class ProposedText(str):
    """The line of a proposed rule, with its arguments."""

    __slots__ = ("proposal",)

    proposal: Proposal

    @classmethod
    def of(cls, proposal: Proposal) -> ProposedText:
        """The line of a rule."""
        text = cls(proposal.told())
        text.proposal = proposal
        return text


def document_tools(*, rules: bool) -> tuple[Tool, ...]:
    """What is offered, in order.

    Args:
        rules: offer to propose rules too.
    """
    propose = Tool(PROPOSE, "Propose a rule for later review by a person; it is not enforced.", schema_of(_Propose))
    return (*built_in_tools(_MEMORY), *([propose] if rules else []), *built_in_tools((FINISH,)))


def document_functions(*, rules: bool) -> dict[str, OperatorTool]:
    """Name → what turns a call into edits; only proposals write proposed rules."""
    functions: dict[str, OperatorTool] = dict.fromkeys(_MEMORY, _edit)
    return {**functions, PROPOSE: _propose} if rules else functions


def _edit(call: ToolCall, _: StepInput) -> Sequence[EditRequest]:
    wish = read_call(call, _MEMORY)
    assert isinstance(wish, EditRequest)
    if wish.label == CANDIDATES and wish.operation != "delete":
        raise EditError(f"Lines of {CANDIDATES!r} are written by {PROPOSE} only. Propose the rule, or write the line into another block.", "block")
    return [wish]


def _propose(call: ToolCall, _: StepInput) -> Sequence[EditRequest]:
    try:
        given = _Propose.model_validate_json(call.arguments or "{}")
    except ValidationError as error:
        raise EditError(f"{PROPOSE}: {problems_of(error)}.") from error
    _require_whole(given)
    texts: Mapping[str, Any] = {name: _plain(getattr(given, name)) for name in ("applies_to", "condition", "unit", "period", "wording")}
    proposal = Proposal(kind=given.kind, number=given.number, **texts)
    return [EditRequest("insert", CANDIDATES, None, (Line(ProposedText.of(proposal), tuple(given.evidence)),))]


def _require_whole(given: _Propose) -> None:
    if given.kind == "frequency_cap" and (given.number is None or given.period is None):
        raise EditError("A 'frequency_cap' needs `number` and `period`, as 2 and 'week'.")
    if given.kind == "required_wording" and given.wording is None:
        raise EditError("A 'required_wording' needs `wording`, copied from the sentence.")
    if given.number is None and (given.unit or given.period):
        raise EditError("`unit` and `period` belong to a `number`. Give the number too, or leave them out.")


def _plain(text: str | None) -> str | None:
    return None if text is None else escape_text(text, len(text) + 1) or None
