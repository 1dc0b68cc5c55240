"""Edits are the only way to change a block, and no block ever passes its limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import EditError
from memlearn.memory import Block, BlockSpec, Edit, Evidence, Statement, apply_edit, apply_edits

ROWS = Evidence(rows=("00000000000000aa",))


def statement(text: str) -> Statement:
    return Statement(text=text, evidence=ROWS)


def block(*texts: str, limit: int = 60, read_only: bool = False) -> Block:
    spec = BlockSpec(label="habits", description="what is done regularly", limit=limit, read_only=read_only)
    return Block(spec, tuple(statement(text) for text in texts))


def test_insert_replace_delete_and_rethink_change_the_lines() -> None:
    edits = [
        Edit("insert", "habits", None, (statement("Buys milk."),)),
        Edit("insert", "habits", 1, (statement("Buys bread."),)),
        Edit("replace", "habits", 2, (statement("Buys cheese."),)),
        Edit("delete", "habits", 1),
    ]
    (changed,), revision = apply_edits([block()], edits)
    assert changed.value == "Buys cheese."
    assert revision.accepted == tuple(edits)
    assert apply_edit(changed, Edit("rethink", "habits", None, (statement("One."), statement("Two.")))).value == "One.\nTwo."


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit("insert", "moods", None, (statement("Happy."),)), "no block 'moods'. The blocks are: habits"),
        (Edit("delete", "habits", 3), "has no line 3; it has 1 line(s)"),
        (Edit("delete", "habits"), "needs the number of a line"),
        (Edit("insert", "habits", None, ()), "takes 1 statement(s); 0 were given"),
        (Edit("insert", "habits", None, (statement("x" * 80),)), "would hold 91 characters; its limit is 60"),
        (Edit("insert", "habits", None, (statement("Buys milk."),)), "already has the line 'Buys milk.'"),
        (Edit("insert", "habits", None, (statement("two\nlines"),)), "is one line of text"),
        (Edit("insert", "habits", None, (Statement("Buys tea.", Evidence()),)), "has no evidence"),
    ],
)
def test_a_refused_edit_says_why_and_changes_nothing(edit: Edit, words: str) -> None:
    (after,), revision = apply_edits([block("Buys milk.")], [edit])
    assert after == block("Buys milk.")
    assert not revision.accepted
    assert words in revision.refused[0].reason


def test_a_manager_may_not_write_a_read_only_block_but_the_run_may() -> None:
    edit = Edit("insert", "habits", None, (statement("Buys milk."),))
    with pytest.raises(EditError, match="read-only"):
        apply_edit(block(read_only=True), edit)
    assert apply_edit(block(read_only=True), edit, manager=False).value == "Buys milk."


lines = st.text(alphabet="ab ", min_size=1, max_size=40)
edits = st.builds(
    lambda operation, line, texts: Edit(operation, "habits", line, tuple(statement(text) for text in texts)),
    st.sampled_from(["insert", "replace", "delete", "rethink"]),
    st.none() | st.integers(min_value=-1, max_value=6),
    st.lists(lines, max_size=4),
)


@given(st.lists(edits, max_size=25), st.integers(min_value=50, max_value=120))
def test_no_sequence_of_edits_passes_the_limit_and_every_edit_is_accounted_for(sequence: list[Edit], limit: int) -> None:
    (after,), revision = apply_edits([block(limit=limit)], sequence)
    assert len(after.value) <= limit
    assert len(revision.accepted) + len(revision.refused) == len(sequence)
    # The accepted edits alone lead to the same block.
    (again,), replayed = apply_edits([block(limit=limit)], revision.accepted)
    assert again == after
    assert not replayed.refused
