from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.ranking.levels import NO_KEY, fold, group_items


@pytest.mark.parametrize(
    ("text", "folded"), [("CAFÉ  Luna", "cafe luna"), ("N'Side-Coffee", "n side coffee"), ("Straße 7", "strasse 7"), ("***", "***")]
)
def test_fold_drops_case_accents_and_punctuation(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_key_is_found_as_it_is_written_before_other_spellings() -> None:
    level = group_items("merchant", pl.Series(["Cafe Luna", "CAFÉ LUNA", None, "Other"]))
    assert level.find("CAFÉ LUNA") == (level.codes[1],)
    assert set(level.find("cafe-luna")) == {level.codes[0], level.codes[1]} == set(level.find_all("CAFÉ LUNA"))
    assert level.find("nobody") == ()


def test_item_ids_are_exact() -> None:
    level = group_items("item", pl.Series(["a", "A"]))
    assert level.find("a") != level.find("A")
    assert level.find("á") == ()
    assert level.find_all("a") == level.find("a")


@given(st.lists(st.sampled_from(["x", "y", "z", None]), max_size=12))
def test_every_item_is_listed_under_its_key_once(keys: list[str | None]) -> None:
    level = group_items("kind", pl.Series("kind", keys, dtype=pl.String))
    listed = {key: sorted(level.items(code).tolist()) for code, key in enumerate(level.keys)}
    assert listed == {key: [place for place, other in enumerate(keys) if other == key] for key in set(keys) - {None}}
    assert [place for place, code in enumerate(level.codes) if code == NO_KEY] == [place for place, key in enumerate(keys) if key is None]
