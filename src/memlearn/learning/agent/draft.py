"""A user's blocks while a step revises them: line numbers stay as shown until the model has seen the new ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from memlearn.errors import EditError
from memlearn.learning.agent.step import Check, EditRequest, StepInput, find_cited
from memlearn.memory import Block, Edit, Statement, apply_edit


@dataclass(slots=True)
class Draft:
    """The blocks as accepted edits have left them.

    Several edits of one reply all speak of the lines that were shown, whatever those before them changed.

    Args:
        step: what the step was given.
        check: judges each line.
    """

    step: StepInput
    check: Check
    blocks: tuple[Block, ...] = ()
    shown: tuple[Block, ...] = ()
    _places: dict[str, list[int | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with the blocks of the step."""
        self.blocks = self.step.blocks
        self.show()

    def show(self) -> tuple[Block, ...]:
        """The blocks as they are now; from now on these lines' numbers count."""
        self.shown = self.blocks
        self._places = {block.label: list(range(len(block.statements))) for block in self.blocks}
        return self.shown

    def apply(self, wanted: EditRequest) -> Edit:
        """Check and apply an edit.

        Returns:
            The edit as it was applied, by the line's present number.

        Raises:
            EditError: it is refused, with the reason and the way out; nothing has changed.
        """
        block = next((block for block in self.blocks if block.label == wanted.label), None)
        if block is None:
            writable = ", ".join(block.label for block in self.blocks if not block.spec.read_only)
            raise EditError(f"There is no block {wanted.label[:60]!r}. The blocks are: {writable}.")
        line = self._line(block, wanted)
        if wanted.operation == "delete":
            find_cited(self.step, self.shown, wanted.evidence)
        edit = Edit(
            wanted.operation, wanted.label, line, tuple(self._statement(block, wanted, line, at) for at in range(len(wanted.lines)))
        )
        changed = apply_edit(block, edit)
        self.blocks = tuple(changed if block.label == wanted.label else block for block in self.blocks)
        self._move(edit)
        return edit

    def _statement(self, block: Block, wanted: EditRequest, line: int | None, at: int) -> Statement:
        text, evidence = wanted.lines[at].text, wanted.lines[at].evidence
        cited = find_cited(self.step, self.shown, evidence)
        replaced = {statement.text for statement in block.statements} if wanted.operation == "rethink" else set()
        if wanted.operation == "replace" and line is not None:
            replaced = {block.statements[line - 1].text}
        elsewhere = [
            other
            for other in self.blocks
            for statement in other.statements
            if _same(statement.text, text) and statement.text not in replaced
        ]
        if elsewhere:
            raise EditError(f"Block {elsewhere[0].label!r} already says {text[:80]!r}. Write only what is new.")
        return self.check(self.step, text, cited)

    def _line(self, block: Block, wanted: EditRequest) -> int | None:
        """The present number of the line that is meant."""
        if wanted.line is None or wanted.operation == "rethink":
            return None
        places = self._places[block.label]
        shown = next(shown for shown in self.shown if shown.label == block.label)
        if wanted.operation == "insert" and wanted.line == len(places) + 1:
            return None
        if not 1 <= wanted.line <= len(places):
            raise EditError(
                f"Block {block.label!r} has no line {wanted.line}; it was shown with {len(shown.statements)} line(s), numbered from 1."
            )
        place = places[wanted.line - 1]
        if place is None:
            raise EditError(
                f"Line {wanted.line} of block {block.label!r} is gone: an earlier call of the same reply replaced or deleted it."
            )
        return place + 1

    def _move(self, edit: Edit) -> None:
        places = self._places[edit.label]
        if edit.operation == "rethink":
            self._places[edit.label] = [None] * len(places)
        elif edit.line is not None and edit.operation in ("insert", "delete"):
            step = 1 if edit.operation == "insert" else -1
            at = edit.line - 1
            moved = [place if place is None or place < at else place + step for place in places]
            self._places[edit.label] = [None if step < 0 and old == at else new for old, new in zip(places, moved, strict=True)]


def _same(one: str, other: str) -> bool:
    return " ".join(one.lower().split()).rstrip(".") == " ".join(other.lower().split()).rstrip(".")
