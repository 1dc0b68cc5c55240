"""No text breaks the checker, and no number of a verified line can be changed without its being noticed."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.grounding.freetext import CitedEvidence, UserView, Verdict, check_text
from memlearn.grounding.freetext.lexicon import PHRASES

Check = Callable[..., Verdict]
EXACT = (
    "Bought coffee 5 times.",
    "5 visits to Blue Bottle.",
    "Total spend at Blue Bottle: 20.00 EUR.",
    "The second purchase at Blue Bottle cost €3.20.",
    "The largest bill at Blue Bottle was €7.00, on 2 February 2026.",
    "80% of the coffee purchases (4 out of 5) were made in Berlin.",
    "The longest break between two visits to Blue Bottle lasted 7 days.",
    "Two groceries purchases, adding up to €100.00.",
    "One payment to Green Market, on 21 February 2026, came to 5800 cents.",
    "Coffee: 4 purchases in January 2026, 1 the following month.",
)
_WORDS = sorted({" ".join(words) for words in PHRASES})
_TOLD = st.one_of(
    st.sampled_from(_WORDS),
    st.sampled_from(["Blue Bottle", "coffee", "Green Market", "London", "5", "€3.20", "in January 2026", "on Mondays", "twice", "half", "per", "since", "between", "-", "“", "12:00"]),
    st.text(max_size=6),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(words=st.lists(_TOLD, max_size=14))
def test_no_words_break_it(view: UserView, words: list[str]) -> None:
    verdict = check_text(" ".join(words), CitedEvidence(view.row_ids), view)
    assert verdict.status in {"verified", "hypothesis", "refused"}
    assert (verdict.reason == "") is (verdict.status == "verified")


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=80))
def test_no_text_breaks_it(view: UserView, text: str) -> None:
    assert check_text(text, CitedEvidence(view.row_ids, persons=("age_band",)), view).status in {"verified", "hypothesis", "refused"}


@settings(max_examples=150, deadline=None)
@given(text=st.sampled_from(EXACT), which=st.integers(0, 5), by=st.integers(1, 400))
def test_a_changed_number_is_never_verified(view: UserView, text: str, which: int, by: int) -> None:
    cited = CitedEvidence(view.row_ids)
    assert check_text(text, cited, view).status == "verified"
    numbers = list(re.finditer(r"\d+(?:\.\d+)?", text))
    at = numbers[which % len(numbers)]
    value = float(at[0]) + by
    changed = text[: at.start()] + (f"{value:.2f}" if "." in at[0] else f"{value:.0f}") + text[at.end() :]
    assert check_text(changed, cited, view).status != "verified"


@settings(max_examples=40, deadline=None)
@given(text=st.sampled_from(EXACT), padding=st.sampled_from(["", " ", "\n", "  \t"]))
def test_the_verdict_is_the_same_every_time(view: UserView, text: str, padding: str) -> None:
    once = check_text(text, CitedEvidence(view.row_ids), view)
    assert once == check_text(padding + text.replace(" ", " " + padding), CitedEvidence(view.row_ids), view)
