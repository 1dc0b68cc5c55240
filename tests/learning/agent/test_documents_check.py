"""Lines about a document against its sentences: what is a quotation, what keeps to the words, what is refused and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memlearn.chunks.documents import Passage
from memlearn.errors import EditError
from memlearn.grounding.quotes import quote_stands
from memlearn.learning.agent.documents.check import DocumentChecker, row_text
from memlearn.learning.agent.documents.tools import document_functions
from memlearn.learning.agent.step import Cited, Row, StepInput
from memlearn.learning.documents import read_sentences
from memlearn.llm.messages import ToolCall
from memlearn.memory import Statement

TEXT = """Customers may return unused items within 30 days of delivery.
We never send more than two marketing emails per week to a customer. Do not offer alcohol to anyone under 18.
Staff may not:
- sell tickets at the door before the office has opened
Refunds are paid only if the receipt is shown, unless the manager agrees.
Every offer must carry the words "Terms apply" in its footer.
The office in Lisbon answers complaints by 3 March."""
PASSAGE = Passage("rules:a.md#x/1", "rules:a.md", "rules", "a.md", "Returns policy", "policy", ("Returns policy", "X"), TEXT, "0")
SENTENCES = tuple(read_sentences([PASSAGE]))
STEP = StepInput("d", 0, tuple(Row(PASSAGE.passage_id, row_text(sentence)) for sentence in SENTENCES), (), (), (), ("", ""))
CHECK = DocumentChecker({PASSAGE.passage_id: SENTENCES})


def judge(text: str, *rows: int) -> Statement:
    return CHECK(STEP, text, Cited(tuple(row - 1 for row in rows), (), ()))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (1, "Customers may return unused items within 30 days of delivery."),
        (3, "Returns policy: Do not offer alcohol to anyone under 18."),
        (6, "“Refunds are paid only if the receipt is shown, unless the manager agrees.”"),
    ],
)
def test_a_sentence_word_for_word_is_verified(row: int, text: str) -> None:
    line = judge(text, row)
    assert line.status == "verified"
    assert line.fact is not None
    assert quote_stands(line.fact, PASSAGE)
    assert line.text == f"Returns policy: {line.fact.values['quote']}"
    assert line.evidence.passages == (PASSAGE.passage_id,)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (1, "Unused items may be returned within thirty days of delivery."),
        (2, "Never send more than two marketing emails per week."),
        # Word for word, but half a sentence: it means nothing apart from the line above its list.
        (5, "Staff may not sell tickets at the door before the office has opened."),
    ],
)
def test_what_keeps_to_the_words_is_a_hypothesis_with_its_quotation(row: int, text: str) -> None:
    line = judge(text, row)
    assert (line.status, line.text) == ("hypothesis", text)
    assert line.fact is not None
    assert quote_stands(line.fact, PASSAGE)


@pytest.mark.parametrize(
    ("row", "text", "code"),
    [
        (1, "Unused items may be returned within 60 days of delivery.", "number"),
        (1, "Unused items may be returned within 30 weeks of delivery.", "number"),
        (1, "Unused items may be returned at least 30 days after delivery.", "number"),
        (8, "The office in Lisbon answers complaints by 3 April.", "number"),
        (8, "The office in Porto answers complaints by 3 March.", "name"),
        (1, "Amazon may return unused items within 30 days of delivery.", "name"),
        (1, "Unused items may not be returned within 30 days of delivery.", "contradiction"),
        (1, "Unused items must be returned within 30 days of delivery.", "contradiction"),
        (2, "Send more than two marketing emails per week to a customer.", "contradiction"),
        (3, "Offer alcohol to anyone under 18.", "contradiction"),
        (5, "sell tickets at the door before the office has opened", "contradiction"),
        (6, "Refunds are paid if the receipt is shown, unless the manager agrees.", "contradiction"),
        (6, "Refunds are paid only if the receipt is shown.", "contradiction"),
        (1, "Customers enjoy wonderful savings and loyalty points.", "lacking"),
        (1, " \u200b ", "form"),
    ],
)
def test_what_does_not_stand_there_is_refused(row: int, text: str, code: str) -> None:
    with pytest.raises(EditError) as refused:
        judge(text, row)
    assert refused.value.code == code


def test_a_line_cites_this_passage() -> None:
    earlier = judge("Do not offer alcohol to anyone under 18.", 3)
    assert CHECK(STEP, earlier.text, Cited((), (), (earlier,))) == earlier
    with pytest.raises(EditError, match="cites sentences of this passage"):
        CHECK(STEP, "Offer alcohol.", Cited((), (), (earlier,)))


def test_half_a_passage_cites_the_same_sentences() -> None:
    half = StepInput("d", 0, STEP.rows[5:], (), (), (), ("", ""))
    assert CHECK(half, SENTENCES[5].quote, Cited((0,), (), ())) == judge(SENTENCES[5].quote, 6)


def propose(**given: Any) -> Statement:
    call = ToolCall("1", "rule_propose", json.dumps(given))
    ((line,),) = [request.lines for request in document_functions(rules=True)["rule_propose"](call, STEP)]
    return judge(line.text, *(int(row[1:]) for row in line.evidence))


CAP: dict[str, Any] = {"kind": "frequency_cap", "applies_to": "marketing emails", "number": 2, "unit": "emails", "period": "week", "evidence": ["r2"]}


def test_a_proposed_rule_keeps_its_arguments_and_its_clause() -> None:
    line = propose(**CAP)
    assert line.status == "hypothesis"
    assert line.fact is not None
    assert (line.fact.kind, line.fact.dim, line.fact.key) == ("rule_candidate", "frequency_cap", PASSAGE.passage_id)
    assert line.fact.values["quote"] == SENTENCES[1].quote
    assert [line.fact.values[name] for name in ("applies_to", "number", "unit", "period")] == ["marketing emails", 2, "emails", "week"]
    assert line.text == f"frequency_cap: marketing emails; 2 emails per week [Returns policy: {SENTENCES[1].quote}]"
    assert propose(kind="required_wording", applies_to="every offer", wording="terms apply", evidence=["r7"]).fact is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 3},
        {"period": "day"},
        {"applies_to": "gold jewellery"},
        {"evidence": ["r1"]},
        {"condition": "the customer is 65"},
        {"number": None},
        {"kind": "required_wording", "wording": "Terms do not apply", "evidence": ["r7"]},
        {"kind": "discount"},
        {"enforce": True},
    ],
)
def test_a_proposed_rule_says_what_its_clause_says(wrong: dict[str, Any]) -> None:
    with pytest.raises(EditError):
        propose(**{**CAP, **wrong})


def test_only_proposals_write_proposed_rules() -> None:
    functions = document_functions(rules=True)
    insert = ToolCall("1", "memory_insert", json.dumps({"label": "rule_candidates", "text": "exclusion: all", "evidence": ["r1"]}))
    with pytest.raises(EditError, match="written by rule_propose only"):
        functions["memory_insert"](insert, STEP)
    delete = ToolCall("1", "memory_delete", json.dumps({"label": "rule_candidates", "line": 1, "evidence": ["r1"]}))
    assert [request.operation for request in functions["memory_delete"](delete, STEP)] == ["delete"]
    assert "rule_propose" not in document_functions(rules=False)
