"""A user's blocks while a step revises them: line numbers stay as shown until the model has seen the new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from memlearn.errors import EditError
from memlearn.grounding.freetext.tokens import fold_words
from memlearn.learning.agent.step import Check, EditRequest, Line, StepInput, find_cited
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
            raise EditError(f"There is no block {wanted.label[:60]!r}. The blocks are: {writable}.", "block")
        if block.spec.read_only:
            raise EditError(f"Block {block.label!r} is read-only. Write what you learned into another block.", "read_only")
        line = self._line(block, wanted)
        if wanted.operation == "delete":
            find_cited(self.step, self.shown, wanted.evidence)
        written: list[Statement] = []
        for new in wanted.lines:
            written.append(self._statement(block, wanted, line, new, written))
        edit = Edit(wanted.operation, wanted.label, line, tuple(written))
        changed = apply_edit(block, edit)
        self.blocks = tuple(changed if block.label == wanted.label else block for block in self.blocks)
        self._move(edit)
        return edit

    def _statement(self, block: Block, wanted: EditRequest, line: int | None, new: Line, before: Sequence[Statement]) -> Statement:
        text = new.text
        cited = find_cited(self.step, self.shown, new.evidence)
        others = [(other, statement) for other in self.blocks for statement in self._kept(other, wanted, line)]
        others += [(block, new) for new in before]
        said = next((other for other, statement in others if fold_words(statement.text) == fold_words(text)), None)
        if said is not None:
            raise EditError(f"Block {said.label!r} already says {text[:80]!r}. Write only what is new.", "duplicate")
        return self.check(self.step, text, cited, tuple(statement for _, statement in others))

    @staticmethod
    def _kept(block: Block, wanted: EditRequest, line: int | None) -> tuple[Statement, ...]:
        """The lines of a block that an edit leaves as they are."""
        if block.label != wanted.label or wanted.operation == "insert":
            return block.statements
        if wanted.operation == "rethink" or line is None:
            return ()
        return block.statements[: line - 1] + block.statements[line:]

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
                f"Block {block.label!r} has no line {wanted.line}; it was shown with {len(shown.statements)} line(s), numbered from 1.",
                "line",
            )
        place = places[wanted.line - 1]
        if place is None:
            raise EditError(
                f"Line {wanted.line} of block {block.label!r} is gone: an earlier call of the same reply replaced or deleted it.",
                "line",
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
