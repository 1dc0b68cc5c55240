"""Edits: the only way to change a block, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from memlearn.errors import EditError
from memlearn.memory.blocks import Block
from memlearn.memory.statements import Statement

Operation = Literal["insert", "replace", "delete", "rethink"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one block asked for by a manager or an operator.

    Args:
        operation: `insert` a line (before `line`, or at the end), `replace` or `delete` a line, or `rethink` the whole block.
        label: the block.
        line: 1-based line; None for `rethink` and for an `insert` at the end.
        statements: the new lines: one for insert and replace, any number for rethink, none for delete.
    """

    operation: Operation
    label: str
    line: int | None = None
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    """An edit that was not applied, and why, in words for who asked for it."""

    edit: Edit
    reason: str


@dataclass(frozen=True, slots=True)
class Revision:
    """What one step changed: the accepted edits in order, and the refused ones."""

    accepted: tuple[Edit, ...] = ()
    refused: tuple[RefusedEdit, ...] = ()


def apply_edits(blocks: Sequence[Block], edits: Sequence[Edit], *, manager: bool = True) -> tuple[tuple[Block, ...], Revision]:
    """Apply edits in order; refuse what may not be, and go on.

    Args:
        blocks: the user's blocks; labels are unique.
        edits: in the order asked for.
        manager: True for an agent or an API caller, who may not write `read_only` blocks.

    Returns:
        The blocks after the accepted edits, in the given order, and the revision.
    """
    state = {block.label: block for block in blocks}
    accepted: list[Edit] = []
    refused: list[RefusedEdit] = []
    for edit in edits:
        try:
            state[edit.label] = apply_edit(_find_block(state, edit.label), edit, manager=manager)
        except EditError as error:
            refused.append(RefusedEdit(edit, str(error)))
        else:
            accepted.append(edit)
    return tuple(state[block.label] for block in blocks), Revision(tuple(accepted), tuple(refused))


def apply_edit(block: Block, edit: Edit, *, manager: bool = True) -> Block:
    """Apply one edit to its block.

    Raises:
        EditError: the block is read-only, the line does not exist, a line is repeated, a statement lacks evidence
            or text, or the block would pass its limit.
    """
    if block.spec.read_only and manager:
        raise EditError(f"Block {block.label!r} is read-only. Write what you learned into another block.", "read_only")
    lines = list(block.statements)
    _check_shape(edit)
    if edit.operation == "rethink":
        lines = list(edit.statements)
    elif edit.operation == "insert":
        at = len(lines) if edit.line is None else _index(block, edit.line, len(lines) + 1)
        lines[at:at] = edit.statements
    else:
        at = _index(block, edit.line, len(lines))
        lines[at : at + 1] = edit.statements
    changed = block.with_statements(tuple(lines))
    _check_block(changed, edit.statements)
    return changed


def _find_block(state: dict[str, Block], label: str) -> Block:
    if label not in state:
        known = ", ".join(sorted(state))
        raise EditError(f"There is no block {label!r}. The blocks are: {known}.", "block")
    return state[label]


def _check_shape(edit: Edit) -> None:
    count = len(edit.statements)
    wanted = {"insert": 1, "replace": 1, "delete": 0}.get(edit.operation)
    if wanted is not None and count != wanted:
        raise EditError(f"{edit.operation!r} takes {wanted} statement(s); {count} were given.")
    if edit.operation in ("replace", "delete") and edit.line is None:
        raise EditError(f"{edit.operation!r} needs the number of a line.")


def _index(block: Block, line: int | None, highest: int) -> int:
    if line is None or not 1 <= line <= highest:
        raise EditError(f"Block {block.label!r} has no line {line}; it has {len(block.statements)} line(s), numbered from 1.", "line")
    return line - 1


def _check_block(block: Block, written: Sequence[Statement]) -> None:
    for statement in written:
        if not statement.text.strip() or "\n" in statement.text:
            raise EditError(f"A statement is one line of text; {statement.text[:80]!r} is not.")
        if statement.evidence.to_json() == {}:
            raise EditError(f"Statement {statement.text[:80]!r} has no evidence. Cite rows, a statistic, a passage or a line.", "evidence")
    texts = [statement.text for statement in block.statements]
    repeated = next((text for text in texts if texts.count(text) > 1), None)
    if repeated is not None:
        raise EditError(f"Block {block.label!r} already has the line {repeated[:80]!r}.", "duplicate")
    size = len(block.value)
    if size > block.spec.limit:
        raise EditError(
            f"Block {block.label!r} would hold {size} characters; its limit is {block.spec.limit}. "
            "Shorten it with a rethink, or delete a line first.",
            "limit",
        )
