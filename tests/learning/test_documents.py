from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.chunks.documents import Passage, cut_passages
from memlearn.chunks.tokens import estimate_tokens
from memlearn.grounding import quote_stands
from memlearn.learning.documents import guideline_statements, policy_statements
from memlearn.learning.shared import read_passages
from memlearn.learning.wording import advice_strength, rule_strength
from memlearn.memory import DEFAULT_BLOCKS, Block, Edit, Statement, apply_edit
from memlearn.records import Document
from memlearn.sources.documents.markdown import parse_markdown
from memlearn.sources.documents.outline import build_sections
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config
from memlearn.wiring.starter import write_starter

POLICY = """# Contact policy

We love our customers. Push messages may only be sent to customers who have given consent.

## Caps

At most two push messages a week may be sent to one customer. This must never be exceeded.

## Restricted uses

When you use the service, you may not:

* Collect data of users which must never belong to you.
* Send more than 10 messages within one hour.

> Offers must never be quoted from an example.

| Channel | Must not exceed |
|---|---|
| Push | 2 within one week must not be passed. |

See https://x.y for what must be done. Is consent required for push messages?
"""
GUIDE = """# Tone

Our tone grew over the years. Use short sentences and everyday words. When in doubt, give the customer a clear next step.

Avoid:

- Use of long and winding words in messages.

For example, write the following words to a customer.
"""


def passages(text: str, path: str = "d.md", budget: int = 220) -> list[Passage]:
    title, sections = build_sections(parse_markdown(text), path)
    return cut_passages(Document(f"s:{path}", "s", path, title, "policy", sections), budget)


def lines(statements: list[Statement]) -> list[str]:
    return [statement.text for statement in statements]


@pytest.mark.parametrize("budget", [220, 40, 25])
def test_policies_are_whole_sentences_that_command_and_stand_alone(budget: int) -> None:
    assert lines(policy_statements(passages(POLICY, budget=budget), 4000)) == [
        "Contact policy: Push messages may only be sent to customers who have given consent.",
        "Contact policy: At most two push messages a week may be sent to one customer.",
    ]


def test_guidelines_advise_and_examples_and_lists_of_what_to_avoid_are_left_out() -> None:
    assert lines(guideline_statements(passages(GUIDE), 4000)) == [
        "Tone: Use short sentences and everyday words.",
        "Tone: When in doubt, give the customer a clear next step.",
    ]


def test_every_statement_cites_its_passage_and_the_quotation_can_be_checked() -> None:
    found = passages(POLICY)
    by_id = {passage.passage_id: passage for passage in found}
    for statement in policy_statements(found, 4000):
        assert statement.fact is not None
        passage = by_id[statement.evidence.passages[0]]
        assert quote_stands(statement.fact, passage)
        assert statement.text.endswith(statement.fact.values["quote"])
        for name, wrong in (
            ("start", statement.fact.values["start"] + 1),
            ("quote", "Push messages are free."),
            ("end", 10**6),
            ("headings", []),
            ("document", "x"),
        ):
            assert not quote_stands(replace(statement.fact, values={**statement.fact.values, name: wrong}), passage)
        assert not quote_stands(replace(statement.fact, key="other"), passage)
        assert not quote_stands(statement.fact, replace(passage, text=passage.text.replace("customer", "client")))


def test_licences_and_readme_files_are_no_policy() -> None:
    text = "# Terms\n\nYou must not remove this notice from any copy of the work."
    assert policy_statements(passages(text, "LICENSE.md"), 4000) == []
    assert policy_statements(passages(text.replace("this", "the"), "terms.md"), 4000) != []


def test_sentences_that_say_the_same_are_told_once() -> None:
    text = "Offers for alcohol must never be shown to minors under 18. Offers for alcohol must never be shown to any minors under 18 years."
    assert len(policy_statements(passages(text), 4000)) == 1


def test_a_rule_is_not_left_out_because_it_is_worded_like_another() -> None:
    refunds, complaints = "Refunds must be paid within 14 days.", "Every complaint must be answered within 3 days."
    found = [*passages(f"# Refunds\n\n{refunds}", "a.md"), *passages(f"# Complaints\n\n{complaints}", "b.md")]
    assert lines(policy_statements(found, 4000)) == [f"Refunds: {refunds}", f"Complaints: {complaints}"]
    first = policy_statements(found[:1], 4000)
    assert lines(policy_statements(found, 4000, first)) == [f"Complaints: {complaints}"]


def test_every_document_has_its_say_before_one_has_many() -> None:
    long = "# Long\n\n" + "\n\n".join(
        f"{name} must never be sent to minors within 30 days." for name in ("Coupons", "Newsletters", "Vouchers", "Surveys", "Parcels")
    )
    short = "# Short\n\nComplaints must be answered within five days."
    chosen = lines(policy_statements([*passages(long, "a.md"), *passages(short, "b.md")], 190))
    assert len(chosen) == 3
    assert any(line.startswith("Short: ") for line in chosen)


@given(st.integers(min_value=50, max_value=400))
def test_the_block_holds_them_within_its_limit(limit: int) -> None:
    chosen = policy_statements(passages(POLICY), limit)
    spec = next(spec for spec in DEFAULT_BLOCKS if spec.label == "policies").model_copy(update={"limit": limit})
    block = apply_edit(Block(spec), Edit("rethink", "policies", statements=tuple(chosen)), manager=False)
    assert len(block.value) <= limit


@pytest.mark.parametrize(
    ("sentence", "is_rule"),
    [
        ("Refunds must be paid within 14 days.", True),
        ("Agents cannot cancel an order.", True),
        ("Alkohol darf nur mit Zustimmung beworben werden.", True),
        ("Il cliente deve dare il consenso.", True),
        ("We have never had a breach.", False),
        ("We started in 1999 with three people.", False),
        ("Must we ask?", False),
    ],
)
def test_rules(sentence: str, *, is_rule: bool) -> None:
    assert (rule_strength(sentence) >= 2) == is_rule


@pytest.mark.parametrize(
    ("sentence", "is_advice"),
    [
        ("Write in the active voice.", True),
        ("Don't promise what you cannot keep.", True),
        ("If you mention a price, name the currency.", True),
        ("We prefer older person to elderly.", True),
        ("Never hint at money trouble.", True),
        ("When in doubt about a name, don't shorten it.", True),
        ("Headings should follow sentence case.", True),
        ("To avoid confusion, we spell out dates.", True),
        ("The city was founded in 1200.", False),
        ("Maybe you’ve never deliberately crafted a voice and don’t know where to start.", False),
        ("Reams of research tell us that people don’t read web pages; they scan them.", False),
        ("Once you have a description, look for contradictions (never a good thing).", False),
        ("The words we use can make the difference in our lives.", False),
        ("When we use words people understand, our content is more inclusive.", False),
        ("Rationale: Users should not need to know the setup of the site.", False),
        ("Always starts with a slash, and levels are separated by slashes.", False),
        ("Let’s consider three examples of different readers.", False),
        ("Use of the hall is free.", False),
    ],
)
def test_advice(sentence: str, *, is_advice: bool) -> None:
    assert (advice_strength(sentence) >= 2) == is_advice


def test_passages_keep_the_configured_budget(tmp_path: Path) -> None:
    config = write_starter(tmp_path)[0]
    most = {}
    for budget in (30, 2000):
        config.write_text(
            config.read_text(encoding="utf-8").split("\nchunks:")[0] + f"\nchunks: {{passage_tokens: {budget}}}\n", encoding="utf-8"
        )
        passages, rejects = read_passages(make_job(load_config(config)))
        assert rejects.is_empty()
        most[budget] = max(estimate_tokens(passage.text) for passage in passages)
    assert most[30] <= 30 < most[2000]
