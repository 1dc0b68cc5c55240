"""What becomes of a line: what is verified, what stays a hypothesis, and what is refused with which words."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from judged import BLOCKS, BLUE, CHECK, GREEN, PHARMACY, STATED, STEP, insert, line, make, make_step, without_rows

from memlearn.errors import EditError, UsageError
from memlearn.learning.agent.check import Checker, check_again
from memlearn.learning.agent.draft import Draft
from memlearn.learning.agent.step import EditRequest, Line, Row

VERIFIED = [
    ("Five visits to Blue Bottle.", BLUE),
    ("Spent 20.00 EUR at Blue Bottle.", BLUE),
    ("Three groceries purchases, 150.00 EUR in all.", ("s3",)),
    ("Visited Blue Bottle 5 times.", ("s2",)),
    ("The largest bill at Green Market was 58.00 EUR.", GREEN),
    ("Went to Blue Bottle five times.", ("habits.1",)),
    ("Never bought Oat Dream.", ("s1",)),
    ("Complained that a refund was missing.", ("r14",)),
    ("Aged 25 to 34.", ("person",)),
    ("Registered in Berlin.", ("person",)),
]

SUPPOSED = [
    ("Probably cooks at home.", GREEN),
    ("Spent 150.00 EUR on groceries, perhaps for a party.", ("s3",)),
    ("Paid 42.00 EUR on 24 January 2026 at Green Market for guests.", ("r4",)),
    ("Weekly coffee, a Monday ritual.", BLUE),
    ("Spends about 4 euros per coffee, a modest treat.", BLUE),
    ("Probably a coffee lover.", ("habits.1",)),
    ("Seems thrifty.", ("s4",)),
    ("Mentioned a refund, quite upset.", ("r14",)),
    ("Likes groceries.", GREEN),
]

REFUSED = [
    # evidence that is not there
    ("Five visits to Blue Bottle.", ("r16",), "evidence", "no row r16; there are r1 to r15"),
    ("Five visits to Blue Bottle.", ("r14-r16",), "evidence", "no row r14-r16; there are r1 to r15"),
    ("Five visits to Blue Bottle.", ("s5",), "evidence", "no statistic s5; there are s1 to s4"),
    ("Five visits to Blue Bottle.", ("habits.2",), "evidence", "no line habits.2"),
    ("Five visits to Blue Bottle.", (), "evidence", "`evidence` is empty"),
    ("Likes pets.", ("notes.2",), "evidence", "Cite the rows or statistics that show it"),
    # evidence that does not suffice
    ("Bought at Green Market three times.", ("r4", "r9"), "lacking", "cite also 1 more row(s)"),
    ("Always goes to Blue Bottle in the morning.", ("r1-r3",), "contradiction", "The rows say otherwise"),
    # numbers
    ("Six visits to Blue Bottle.", BLUE, "number", "is 5, not 6"),
    ("Spent 151.00 EUR on groceries.", ("s3",), "number", "is 150, not 151"),
    ("Spent 151.00 EUR on groceries, perhaps for a party.", ("s3",), "number", "is 150, not 151"),
    ("Paid 43.00 EUR on 24 January 2026 at Green Market for guests.", ("r4",), "number", "'43.00 EUR' is not in what is cited"),
    ("Spends about 9 euros per coffee, a modest treat.", BLUE, "number", "4.00 on average"),
    ("Every 20 days a coffee ritual.", BLUE, "number", "5 cited row(s) on 5 days from 2026-01-05 to 2026-02-02"),
    ("Likes coffee on 3 March 2026.", BLUE, "number", "'on 3 March 2026' is not in what is cited"),
    ("A treat for 17 friends.", GREEN, "number", "'17' is not in what is cited"),
    ("Aged 35 to 44.", ("person",), "number", "age_band is '25-34'"),
    # names
    ("Bought Oat Dream twice.", ("s1",), "name", "No row of this user has 'Oat Dream'"),
    ("Probably likes Oat Dream.", GREEN, "name", "No row of this user has 'Oat Dream'"),
    ("Seems fond of travel.", GREEN, "name", "No row of this user has 'travel'"),
    ("Probably likes Blue Bottle.", GREEN, "name", "Nothing that is cited is of 'Blue Bottle'"),
    ("Five visits to Blue Bottle.", GREEN, "name", "Nothing that is cited is of 'Blue Bottle'"),
    ("Seems to plan a trip to Lisbon.", GREEN, "name", "'Lisbon' stands in nothing that is cited"),
    ("Bob likes coffee.", BLUE, "name", "'Bob' stands in nothing that is cited"),
    ("Silvia Rossi, a gourmet.", BLUE, "name", "'Silvia' stands in nothing that is cited"),
    ("ACME regular, it seems.", GREEN, "name", "'ACME' stands in nothing that is cited"),
    ("Wrote “I will leave you”, quite upset.", ("r14",), "name", "'I will leave you' stand in nothing that is cited"),
    # contradictions
    ("Stopped buying groceries.", ("s3",), "contradiction", "the last of the purchases of groceries is of 2026-03-16"),
    ("Probably stopped buying groceries.", ("s3",), "contradiction", "is of 2026-03-16"),
    ("Stopped buying groceries, perhaps moved.", ("s3",), "contradiction", "is of 2026-03-16"),
    ("Never goes to Blue Bottle.", ("s2",), "contradiction", "The rows say otherwise"),
    ("Likes books.", ("r10",), "contradiction", "stated that the user avoids 'books'"),
    ("Fond of Paperlantern.", ("r10",), "contradiction", "stated that the user avoids 'books'"),
    ("Avoids coffee altogether.", ("s1",), "contradiction", "the cited rows hold purchases of 'coffee'"),
    ("Perhaps never shops at Market.", GREEN, "contradiction", "'green market'"),
    ("No bottle at all, it seems.", BLUE, "contradiction", "'blue bottle'"),
    ("Bought no paperlantern.", ("r10",), "contradiction", "The rows say otherwise"),
    ("Bought coffee just four times.", ("s1",), "number", "is 5, not 4"),
    # sensitive
    ("Two visits to Sun Pharmacy.", PHARMACY, "sensitive", "'pharmacy' says or suggests"),
    ("Two purchases on 7 and 9 February 2026.", PHARMACY, "sensitive", "rows that are sensitive (r7, r8)"),
    ("Seems to be on edge.", ("r6-r8",), "sensitive", "rows that are sensitive (r7, r8)"),
    ("Seems pregnant.", ("s1",), "sensitive", "'pregnant' says"),
    ("Seems pr\u0435g\u200bnant.", ("s1",), "sensitive", "'pregnant' says"),
    ("Probably not religious.", ("s1",), "sensitive", "'religious' says"),
    ("May vote green, votes often.", ("s1",), "sensitive", "'vote' says"),
    ("Likely in debt.", ("s1",), "sensitive", "'in debt' says"),
    ("Probably unemployed.", ("s1",), "sensitive", "money trouble"),
    # what is there already
    ("BOUGHT coffee, five times", ("s2",), "duplicate", "'habits' already says"),
    ("coffee, bought 5 times!", ("s2",), "duplicate", "'Bought coffee five times.' says the same already"),
    # the line itself
    ("Shops at Dry Goods.", ("changes.1",), "stale", "'Bought at Dry Goods on 4 May 2025.' are no longer there"),
    ("\u200b\u2060", ("r4",), "form", "holds nothing that can be read"),
    ("Very probably " + "keen on " * 40 + "groceries", GREEN, "limit", "its limit is 300"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "evidence"), VERIFIED)
def test_what_can_be_computed_again_is_verified(text: str, evidence: tuple[str, ...]) -> None:
    assert insert(text, *evidence).status == "verified"


@pytest.mark.parametrize(("text", "evidence"), SUPPOSED)
def test_what_cannot_be_checked_is_a_hypothesis(text: str, evidence: tuple[str, ...]) -> None:
    assert insert(text, *evidence).status == "hypothesis"


@pytest.mark.parametrize(("text", "evidence", "code", "words"), REFUSED)
def test_what_is_refused_says_which_and_why(text: str, evidence: tuple[str, ...], code: str, words: str) -> None:
    with pytest.raises(EditError) as refused:
        insert(text, *evidence)
    assert (refused.value.code, words in str(refused.value)) == (code, True), str(refused.value)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (EditRequest("insert", "secrets", None, (Line("Five visits to Blue Bottle.", BLUE),)), "block"),
        (EditRequest("insert", "notes", None, (Line("Five visits to Blue Bottle.", BLUE),)), "read_only"),
        (EditRequest("replace", "habits", 2, (Line("Five visits to Blue Bottle.", BLUE),)), "line"),
        (EditRequest("delete", "habits", 1, (), ("r99",)), "evidence"),
    ],
)
def test_refusals_of_the_edit_itself_have_their_sort_too(request_: EditRequest, code: str) -> None:
    with pytest.raises(EditError) as refused:
        Draft(STEP, CHECK).apply(request_)
    assert refused.value.code == code


def test_a_line_may_be_replaced_by_the_same_in_other_words() -> None:
    draft = Draft(STEP, CHECK)
    edit = draft.apply(EditRequest("replace", "habits", 1, (Line("5 coffee purchases.", ("habits.1",)),)))
    assert (edit.statements[0].text, edit.statements[0].status) == ("5 coffee purchases.", "verified")
    assert edit.statements[0].evidence == BLOCKS[0].statements[0].evidence


def test_two_lines_of_one_rethink_do_not_say_the_same() -> None:
    lines = (Line("Five visits to Blue Bottle.", BLUE), Line("Blue Bottle: 5 visits", BLUE))
    with pytest.raises(EditError, match="says the same already"):
        Draft(STEP, CHECK).apply(EditRequest("rethink", "habits", None, lines))


def test_the_order_of_two_names_makes_another_claim() -> None:
    more = insert("Goes to Blue Bottle more often than to Green Market.", "s1")
    assert more.status == "verified"
    step = replace(STEP, blocks=(BLOCKS[0].with_statements((more,)), *BLOCKS[1:]))
    with pytest.raises(EditError) as refused:
        insert("Goes to Green Market more often than to Blue Bottle.", "s1", step=step)
    assert refused.value.code == "contradiction"


def test_evidence_is_kept_as_rows_and_statistics() -> None:
    told = insert("Three groceries purchases.", "s3", "r4").evidence
    assert (told.rows, told.statistic) == (("0000000000000004",), "counts category groceries")
    assert insert("Registered in Berlin.", "person").evidence.to_json() == {"statistic": "person"}


def test_a_supposition_keeps_no_sensitive_row_as_its_evidence() -> None:
    kept = insert("Seems thrifty.", "r1-r6", "r7").evidence.rows
    assert [int(row, 16) for row in kept] == [1, 2, 3, 4, 5, 6]


def test_rows_that_are_gone_are_left_out_and_the_claim_must_still_hold() -> None:
    step = without_rows(6)
    with pytest.raises(EditError, match="is 4, not 5"):
        insert("Went to Blue Bottle five times.", "habits.1", step=step)
    four = insert("Went to Blue Bottle four times.", "habits.1", step=step)
    assert (four.status, len(four.evidence.rows)) == ("verified", 4)


def test_a_supposition_rests_on_no_line_that_holds_no_more() -> None:
    with pytest.raises(EditError, match=r"'Bought coffee five times.' that is cited no longer holds") as refused:
        insert("Probably a coffee lover.", "habits.1", step=without_rows(6))
    assert refused.value.code == "stale"


def test_lines_are_checked_again_by_their_own_evidence() -> None:
    said = line("Bought coffee five times.", 1, 2, 3, 5, 6)
    assert check_again(said, CHECK.worlds.of(STEP)).status == "verified"
    assert check_again(said, CHECK.worlds.of(without_rows(6))).status == "refused"


def test_what_an_operator_states_is_not_contradicted_while_it_holds() -> None:
    check = make(STATED)
    for text in ("Green Market is a favourite.", "Loves Green Market."):
        with pytest.raises(EditError, match="stated that the user avoids 'GREEN MARKET'") as refused:
            insert(text, *GREEN, check=check)
        assert refused.value.code == "contradiction"
    assert insert("Three visits to Green Market.", *GREEN, check=check).status == "verified"
    assert insert("Does not seem to like Green Market.", *GREEN, check=check).status == "hypothesis"
    withdrawn = pl.concat([STATED, STATED.with_columns(pl.lit(1, pl.Int64).alias("time_us"), pl.lit(value=True).alias("withdrawn"))])
    assert insert("Loves Green Market.", *GREEN, check=make(withdrawn)).status == "hypothesis"
    # The liking of groceries ended in February.
    assert insert("Dislikes groceries.", *GREEN).status == "hypothesis"
    earlier = replace(STEP, span=("2026-01-05", "2026-01-31"))
    with pytest.raises(EditError, match="stated that the user likes 'groceries'"):
        insert("Dislikes groceries.", *GREEN, step=earlier, check=make())


def test_what_is_sensitive_is_configured() -> None:
    with pytest.raises(EditError, match="'coffee' says"):
        insert("Four purchases, none of coffee.", "s1", check=make(words=["coffee"]))
    allowed = make(topics=["religion"])
    assert insert("Two visits to Sun Pharmacy.", *PHARMACY, check=allowed).status == "verified"
    by_name = make(allow=["Sun Pharmacy", "pharmacy"])
    assert insert("Two visits to Sun Pharmacy.", *PHARMACY, check=by_name).status == "verified"


def test_passages_show_their_own_words_and_no_more() -> None:
    step = replace(STEP, passages=(Row("p-17", "Coupons of Oat Dream end after 14 days."),))
    kept = insert("Should be told that coupons of Oat Dream end after 14 days.", "p1", step=step)
    assert (kept.status, kept.evidence.passages) == ("hypothesis", ("p-17",))
    with pytest.raises(EditError, match="'15 days'"):
        insert("Should be told that coupons of Oat Dream end after 15 days.", "p1", step=step)


def test_lines_are_made_harmless() -> None:
    assert insert("Probably  </rows> cooks\u202e at home.", *GREEN).text == "Probably ‹/rows› cooks at home."


def test_a_name_of_digits_is_no_number_of_anything() -> None:
    rows = make_step().past.rows.with_columns(pl.lit("5").alias("attr_till"))  # type: ignore[union-attr]
    assert insert("Five visits to Blue Bottle.", *BLUE, step=make_step(rows)).status == "verified"
    assert insert("5 visits to Blue Bottle.", *BLUE, step=make_step(rows)).status == "verified"


def test_worlds_are_made_once_a_step_and_again_when_the_rows_are_others() -> None:
    check: Checker = make()
    world = check.worlds.of(STEP)
    assert check.worlds.of(replace(STEP, rows=STEP.rows[:3])) is world
    assert check.worlds.of(without_rows(6)) is not world
    with pytest.raises(UsageError, match="Step 0 of user 'anna' has no rows"):
        check.worlds.of(replace(STEP, past=None))
