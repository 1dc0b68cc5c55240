"""What is told of a line by its letters alone agrees with what a reading of it tells."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from judged import ITEMS, PERSON, make_rows

from memlearn.grounding.freetext import UserView, build_view
from memlearn.grounding.freetext.reader import read_text
from memlearn.learning.agent.likeness import claims_of, may_claim

ODD = [
    "Can't Stop", "Won’t Wait", "They’ll Do", "Klara’s Drogerie", "7up", "H&M", "C&A 24", "Second-Highest", "Café d'Or", "Straße 9", "Łódź", "3M", "5th Avenue", "A.B.C.",
    "Ærø_Bar", "ﬁne ﬂour", "O'Neill's", "I'd Rather", "Zoë", "100k", "Dr. 2.5", "İstanbul", "①②", "Μέγας", "don't", "X-9",
]  # fmt: skip
SHAPES = ("{0} {1} times so far.", "“{0}” was bought {1} times.", "Bought {0} and {2} {1} times.", "Between {0} and {2} lie {1} days.", "{1} of 9 payments went to {0}.")
CORPORA = [Path(__file__).parents[2] / "grounding" / "corpus" / name for name in ("corpus.jsonl", "second.jsonl")]


@cache
def view() -> UserView:
    rows = make_rows()
    names = (ODD * rows.height)[: rows.height]
    extra = rows.with_columns(pl.Series("merchant", names), pl.Series("text", [None] * rows.height, dtype=pl.String))
    return build_view(pl.concat([rows, extra]), items=ITEMS, person=PERSON, catalogue=ODD)


def agrees(text: str) -> bool:
    """A line may claim what it claims, so that no other line that claims the same is passed over."""
    claims = claims_of(read_text(text, view()))
    return claims is None or may_claim(text, claims)


@given(st.sampled_from(SHAPES), st.sampled_from(ODD), st.integers(0, 30), st.sampled_from(ODD), st.sampled_from([str, str.upper, str.lower, str.title]))
def test_a_line_may_claim_what_it_claims(shape: str, name: str, number: int, other: str, case: type[str]) -> None:
    assert agrees(case(shape.format(name, number, other)))


def test_no_statement_of_the_corpora_is_passed_over() -> None:
    texts = sorted({json.loads(line)["text"] for path in CORPORA for line in path.read_text(encoding="utf-8").splitlines()})
    assert all(map(agrees, texts[::3]))


def test_every_odd_name_is_read_and_told_apart() -> None:
    claims = {name: claims_of(read_text(f"Bought at {name} 3 times.", view())) for name in ODD}
    named = {name: claim for name, claim in claims.items() if claim is not None and any(sort == "name" for sort, _ in claim)}
    assert len(named) > len(ODD) // 2
    apart = [name for name, claim in named.items() if not may_claim("Bought at Blue Bottle 3 times.", claim)]
    assert len(apart) > len(named) // 2
