"""What a line cites is found again by the names in its evidence, whatever a source calls its keys and dimensions."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from hypothesis import assume, example, given
from hypothesis import strategies as st
from judged import STEP, make_rows

from memlearn.grounding.freetext import build_view
from memlearn.learning.agent.evidence import stand_on
from memlearn.learning.agent.lines import without_spoken_of
from memlearn.learning.agent.step import Cited, Statistic
from memlearn.memory import Evidence, Fact, Statement

odd = st.text(st.sampled_from("; \\ab,#") | st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


def cite_again(fact: Fact, rows: pl.DataFrame) -> tuple[Evidence, list[tuple[str | None, str | None]]]:
    """The evidence of a line that cites a statistic, and the keys that a later line stands on which cites that line."""
    step = replace(STEP, statistics=(Statistic("all: 11 purchases", Fact("counts")), Statistic("told", fact)))
    evidence = Cited((), (0, 1), ()).evidence(step)
    line = Statement("A line.", evidence, None, "hypothesis")
    standing = stand_on(None, Cited((), (), (line,)), build_view(rows))
    assert standing.evidence.statistic == evidence.statistic
    return evidence, list(standing.cited.statistics)


@given(odd, odd)
@example("Salt; Pepper", "Salt; rows 1-3 #00000000")
@example("; ", "\\")
@example("A;", "weekdays; person")
def test_any_key_is_found_again(key: str, other: str) -> None:
    assume(key != other)
    moved = Fact("moved", "merchant", key, {"from": other, "n": 3})
    _, keys = cite_again(moved, make_rows())
    assert keys == [(None, None), ("merchant", key), ("merchant", other)]


@given(odd, odd)
@example("shop floor", "1")
@example("city x; person", "a; b")
def test_a_key_of_any_dimension_is_found_again(dim: str, key: str) -> None:
    assume(dim not in ("category", "merchant_category"))
    rows = make_rows().with_columns(pl.lit(key).alias(f"attr_{dim}"), pl.lit("other").alias("attr_shop"))
    _, keys = cite_again(Fact("counts", dim, key, {"n": 3}), rows)
    assert keys == [(None, None), (dim, key)]


def test_a_name_from_before_dimensions_were_quoted_is_found_too() -> None:
    rows = make_rows().with_columns(pl.lit("second").alias("attr_shop floor"))
    line = Statement("A line.", Evidence((), "counts shop floor second"), None, "hypothesis")
    assert stand_on(None, Cited((), (), (line,)), build_view(rows)).cited.statistics == (("shop floor", "second"),)


@given(odd, odd)
def test_what_a_line_is_about_is_known_whatever_it_is_called(dim: str, key: str) -> None:
    evidence, _ = cite_again(Fact("counts", "merchant", key, {"n": 3}), make_rows())
    assert evidence.statistic is not None
    lines = pl.DataFrame(
        {"user_id": ["anna"] * 2, "kind": ["likes"] * 2, "dim": ["merchant"] * 2, "key": [key, key + dim], "text": ["a", "b"]}
    )
    written = pl.DataFrame({"user_id": ["anna"], "text": ["Else."], "statistic": [evidence.statistic]})
    assert without_spoken_of(lines, written)["text"].to_list() == ["b"]
