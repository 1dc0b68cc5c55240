from __future__ import annotations

import pytest
from given import BLOCKS, ROWS, STEP, anything_true
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import EditError
from memlearn.learning.agent.draft import Draft
from memlearn.learning.agent.step import EditRequest, Line, find_cited


def texts(draft: Draft, label: str = "habits") -> list[str]:
    return next(block for block in draft.blocks if block.label == label).value.split("\n")


def edit(operation: str, line: int | None = None, *new: str, label: str = "habits", evidence: tuple[str, ...] = ("r1",)) -> EditRequest:
    lines = tuple(Line(text, evidence) for text in new)
    return EditRequest(operation, label, line, lines, evidence)  # type: ignore[arg-type]


def draft() -> Draft:
    return Draft(STEP, anything_true)


def test_numbers_are_those_that_were_shown_whatever_the_same_reply_changed() -> None:
    mine = draft()
    mine.apply(edit("delete", 1))
    mine.apply(edit("replace", 3, "THREE"))
    mine.apply(edit("insert", 2, "before two"))
    mine.apply(edit("insert", None, "last"))
    assert texts(mine) == ["before two", "two", "THREE", "last"]
    with pytest.raises(EditError, match="Line 1 of block 'habits' is gone"):
        mine.apply(edit("replace", 1, "x"))
    mine.show()
    mine.apply(edit("replace", 1, "x"))
    assert texts(mine) == ["x", "two", "THREE", "last"]


def test_after_a_rethink_no_shown_line_is_left() -> None:
    mine = draft()
    mine.apply(edit("rethink", None, "new", "two"))
    assert texts(mine) == ["new", "two"]
    for operation in ("replace", "delete"):
        with pytest.raises(EditError, match="Line 2 of block 'habits' is gone"):
            mine.apply(edit(operation, 2, *(["x"] if operation == "replace" else [])))
    mine.apply(edit("insert", None, "x"))
    assert texts(mine) == ["new", "two", "x"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (edit("insert", None, "x", label="secrets"), "no block 'secrets'. The blocks are: habits, changes."),
        (edit("insert", None, "x", label="notes"), "read-only"),
        (edit("replace", 4, "x"), "no line 4; it was shown with 3 line"),
        (edit("insert", 5, "x"), "no line 5"),
        (edit("delete", 1, label="changes"), "no line 1; it was shown with 0 line"),
        (edit("insert", None, "ONE."), "'habits' already says 'ONE.'"),
        (edit("insert", None, "two", label="changes"), "'habits' already says 'two'"),
        (edit("rethink", None, "a", "a"), "already says 'a'"),
        (edit("insert", None, "x" * 61, label="changes"), "would hold 61 characters; its limit is 60"),
        (edit("insert", None, "a lie"), "is a lie"),
        (edit("insert", None, "x", evidence=("r13",)), "no row r13; there are r1 to r12"),
        (edit("insert", None, "x", evidence=("r0",)), "no row r0"),
        (edit("insert", None, "x", evidence=("r9-r3",)), "no row r9-r3"),
        (edit("insert", None, "x", evidence=("s3",)), "no statistic s3; there are s1 to s2"),
        (edit("insert", None, "x", evidence=("habits.4",)), "no line habits.4"),
        (edit("insert", None, "x", evidence=("secrets.1",)), "no block 'secrets'"),
        (edit("insert", None, "x", evidence=("the third row",)), "'the third row' cites nothing"),
        (edit("insert", None, "x", evidence=()), "`evidence` is empty"),
        (edit("delete", 1, evidence=("r99",)), "no row r99"),
    ],
)
def test_a_refused_edit_says_why_and_changes_nothing(wanted: EditRequest, words: str) -> None:
    mine = draft()
    with pytest.raises(EditError) as refused:
        mine.apply(wanted)
    assert words in str(refused.value)
    assert mine.blocks == BLOCKS


def test_a_line_may_be_replaced_by_itself_with_other_evidence() -> None:
    mine = draft()
    mine.apply(edit("replace", 2, "two", evidence=("r3-r4", "habits.1")))
    assert mine.blocks[0].statements[1].evidence.rows == (ROWS[2].id, ROWS[3].id, "f" * 16)


def test_citations_are_found_once_each_and_lines_hand_their_evidence_on() -> None:
    cited = find_cited(STEP, BLOCKS, ("r2", " [r1-3] ", "s2", "habits:1"))
    assert (cited.rows, cited.statistics) == ((1, 0, 2), (1,))
    evidence = cited.evidence(STEP)
    assert evidence.rows == (ROWS[1].id, ROWS[0].id, ROWS[2].id, "f" * 16)
    assert evidence.statistic == "habit item milk"


requests = st.builds(
    EditRequest,
    st.sampled_from(["insert", "replace", "delete", "rethink"]),
    st.sampled_from(["habits", "changes", "notes", "none"]),
    st.none() | st.integers(-1, 6),
    st.lists(st.builds(Line, st.sampled_from(["a", "b", "one", "x" * 90, "lie", "c\nd", " "]), st.just(("r1",))), max_size=3).map(tuple),
    st.just(("r1",)),
)


@given(st.lists(requests, max_size=12), st.integers(0, 12))
def test_whatever_is_asked_blocks_keep_their_limits_and_read_only_ones_their_lines(wanted: list[EditRequest], shown_after: int) -> None:
    mine = draft()
    for number, request in enumerate(wanted):
        before = mine.blocks
        try:
            mine.apply(request)
        except EditError:
            assert mine.blocks == before
        if number == shown_after:
            mine.show()
    assert all(len(block.value) <= block.spec.limit for block in mine.blocks)
    assert mine.blocks[2] == BLOCKS[2]
    assert not any("\n" in line.text or not line.text.strip() for block in mine.blocks for line in block.statements)
