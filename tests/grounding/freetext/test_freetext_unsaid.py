"""A line is verified only where every word of it is accounted for: hundreds of lines that turn a plain purchase into something else are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from unsaid import UNSAID

from memlearn.grounding.freetext import Verdict
from memlearn.grounding.freetext.lexicon import PHRASES
from memlearn.grounding.freetext.neutral import PLACES, SILENT

Check = Callable[..., Verdict]


def test_there_are_many() -> None:
    assert sum(map(len, UNSAID.values())) > 700


@pytest.mark.parametrize("sort", UNSAID)
def test_what_no_row_says_is_never_verified(check: Check, sort: str) -> None:
    assert [text for text in UNSAID[sort] if check(text).status == "verified"] == []


def test_the_word_that_is_not_accounted_for_is_named(check: Check) -> None:
    verdict = check("Buys coffee for her shop.")
    assert (verdict.status, verdict.code) == ("hypothesis", "unread")
    assert "'for'" in verdict.reason or "'her'" in verdict.reason or "'shop'" in verdict.reason


@pytest.mark.parametrize(
    ("plain", "more"),
    [
        ("Bought coffee five times.", "Bought her coffee five times."),
        ("Five bills at Blue Bottle.", "Bills Blue Bottle five times."),
        ("Visits Blue Bottle on Mondays.", "Blue Bottle visits the user on Mondays."),
        ("Spent 20.00 EUR at Blue Bottle.", "Blue Bottle spent 20.00 EUR."),
        ("Purchases at Blue Bottle: 5.", "Purchases for Blue Bottle: 5."),
    ],
)
def test_the_same_words_count_by_their_place(check: Check, plain: str, more: str) -> None:
    assert (check(plain).status, check(more).status == "verified") == ("verified", False)


def test_words_of_shape_are_words_that_are_read() -> None:
    read = {" ".join(words) for words in PHRASES}
    contextual = {"alone", "of all", "the one", "returned to"}
    assert {word for word in (*PLACES, *SILENT) if word not in read} == contextual
