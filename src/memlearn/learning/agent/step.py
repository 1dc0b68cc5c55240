"""What one step of the agent is given, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import polars as pl

from memlearn.errors import EditError
from memlearn.grounding.freetext.view import RowColumns
from memlearn.memory import Block, Evidence, Fact, Statement
from memlearn.memory.statistic_names import join_names, name_statistic, split_names

Operation = Literal["insert", "replace", "delete", "rethink"]

# Rows of one citation; a range that is longer cites nothing in particular.
MOST_CITED = 200
PERSON = "person"
"""The citation, and the statistic, of what is given about the user."""
_CITATION = re.compile(
    r"(?:r(?P<row>[0-9]{1,6})(?: *[-–] *r?(?P<to>[0-9]{1,6}))?|s(?P<statistic>[0-9]{1,6})|p(?P<passage>[0-9]{1,4})|(?P<person>person)|(?P<label>[a-z][a-z0-9_]*)[.:](?P<line>[0-9]{1,4}))"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One event, as shown.

    Args:
        id: the row's id, 16 hexadecimal digits.
        text: as shown, escaped, without a number.
    """

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Statistic:
    """A figure computed from the user's own rows, up to the end of the chunk.

    Args:
        text: as shown, escaped, without a number.
        fact: what it says, typed.
    """

    text: str
    fact: Fact


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """All that lines are checked against; the model sees the rows of the chunk only.

    Args:
        rows: the user's canonical events up to the end of the chunk, refunds with what they name.
        person: attribute → value of what may be stated about the user.
        columns: rows of this user and of others, taken out of their table together; None: they are taken out when they are needed.
        start: where the user's rows begin in them.
    """

    rows: pl.DataFrame
    person: Mapping[str, str]
    columns: RowColumns | None = None
    start: int = 0


@dataclass(frozen=True, slots=True)
class StepInput:
    """Everything that one step is given; the digest of it is part of the step's key.

    Args:
        user_id: for the books; never shown.
        chunk: number of the chunk, from 0.
        rows: the chunk's events in order.
        statistics: computed from the user's rows up to the end of the chunk.
        person: what is given about the user, as shown, escaped.
        blocks: the user's blocks as the step before left them, writable and read-only ones.
        span: first and last day of the chunk, ISO.
        passages: of documents, as far as the model has searched for them.
        past: follows from this step's rows and those of the steps before, so it is no part of the digest.
    """

    user_id: str
    chunk: int
    rows: tuple[Row, ...]
    statistics: tuple[Statistic, ...]
    person: tuple[str, ...]
    blocks: tuple[Block, ...]
    span: tuple[str, str]
    passages: tuple[Row, ...] = ()
    past: Past | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that the model wants written.

    Args:
        text: the line.
        evidence: what it cites, as the model wrote it: `r12`, `r3-r9`, `s4`, `preferences.2`.
    """

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditRequest:
    """An edit as the model asks for it.

    Args:
        operation: insert before `line` or at the end, replace, delete, or rethink the block.
        label: the block.
        line: number of a line as shown.
        lines: what is to be written.
        evidence: of a `delete`: what shows that the line no longer holds.
    """

    operation: Operation
    label: str
    line: int | None = None
    lines: tuple[Line, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cited:
    """What a line cites, found.

    Args:
        rows: positions in `StepInput.rows`.
        statistics: positions in `StepInput.statistics`.
        lines: lines whose evidence is inherited.
        passages: positions in `StepInput.passages`.
        person: True: what is given about the user.
    """

    rows: tuple[int, ...]
    statistics: tuple[int, ...]
    lines: tuple[Statement, ...]
    passages: tuple[int, ...] = ()
    person: bool = False

    def evidence(self, step: StepInput) -> Evidence:
        """The evidence of a line with these citations."""
        rows = [step.rows[at].id for at in self.rows]
        names = [name for at in self.statistics for name in statistic_names(step.statistics[at].fact)] + [PERSON] * self.person
        passages = [step.passages[at].id for at in self.passages]
        for line in self.lines:
            rows += line.evidence.rows
            passages += line.evidence.passages
            names += split_names(line.evidence.statistic)
        return Evidence(tuple(dict.fromkeys(rows)), join_names(names), tuple(dict.fromkeys(passages)))


class Check(Protocol):
    """Judges a line against what it cites."""

    def __call__(self, step: StepInput, text: str, cited: Cited, others: Sequence[Statement] = ()) -> Statement:
        """The line as a statement, verified or a hypothesis.

        Args:
            step: what the step is given.
            text: the line.
            cited: what it cites.
            others: the lines beside which it would stand, in all blocks.

        Raises:
            EditError: it cannot be written, with the reason and the way out.
        """
        ...


def statistic_names(fact: Fact) -> list[str]:
    """Names a statistic apart from its numbers, which change; of a move both keys, as two statistics."""
    moved_from = fact.values.get("from")
    keys = (fact.key, moved_from) if isinstance(moved_from, str) else (fact.key,)
    return [name_statistic(fact.kind, fact.dim, key) for key in keys]


def find_cited(step: StepInput, blocks: tuple[Block, ...], citations: tuple[str, ...]) -> Cited:
    """What citations point to.

    Args:
        step: rows and statistics.
        blocks: lines as they are shown now.
        citations: as the model wrote them.

    Raises:
        EditError: nothing is cited, or something that is not there.
    """
    rows: list[int] = []
    statistics: list[int] = []
    passages: list[int] = []
    lines: list[Statement] = []
    person = False
    for citation in citations:
        found = _CITATION.fullmatch(citation.strip().strip("[]"))
        if found is None:
            raise EditError(
                f"{citation[:40]!r} cites nothing. Cite rows as 'r12' or 'r3-r9', a statistic as 's4', an existing line as 'habits.2'.",
                "evidence",
            )
        if found["row"]:
            rows += _positions("row", "r", int(found["row"]), int(found["to"] or found["row"]), len(step.rows))
        elif found["statistic"]:
            number = int(found["statistic"])
            statistics += _positions("statistic", "s", number, number, len(step.statistics))
        elif found["passage"]:
            number = int(found["passage"])
            passages += _positions("passage", "p", number, number, len(step.passages))
        elif found["person"]:
            person = True
        else:
            lines.append(_line(blocks, found["label"], int(found["line"])))
    if not (rows or statistics or lines or passages or person):
        raise EditError("`evidence` is empty. Cite the rows, statistics or lines that show it, such as ['r3-r9', 's4'].", "evidence")
    return Cited(tuple(dict.fromkeys(rows)), tuple(dict.fromkeys(statistics)), tuple(lines), tuple(dict.fromkeys(passages)), person)


def _positions(what: str, letter: str, first: int, last: int, there: int) -> range:
    if not 1 <= first <= last <= there:
        shown = f"{letter}{first}" if first == last else f"{letter}{first}-{letter}{last}"
        raise EditError(f"There is no {what} {shown}; there are " + (f"{letter}1 to {letter}{there}." if there else "none."), "evidence")
    if last - first >= MOST_CITED:
        raise EditError(
            f"{letter}{first}-{letter}{last} cites {last - first + 1} rows; cite at most {MOST_CITED}, or the statistic that counts them.",
            "evidence",
        )
    return range(first - 1, last)


def _line(blocks: tuple[Block, ...], label: str, number: int) -> Statement:
    block = next((block for block in blocks if block.label == label), None)
    if block is None:
        labels = ", ".join(block.label for block in blocks)
        raise EditError(f"There is no block {label!r} to cite a line of. The blocks are: {labels}.", "evidence")
    if not 1 <= number <= len(block.statements):
        raise EditError(f"There is no line {label}.{number} to cite; {label!r} has {len(block.statements)} line(s).", "evidence")
    return block.statements[number - 1]
