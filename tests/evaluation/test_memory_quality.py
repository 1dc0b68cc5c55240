"""Contradictions and coverage of the future, by hand."""

from __future__ import annotations

import json

import polars as pl
import pytest

from memlearn.evaluation.memory_quality import count_contradictions, cover_future, earlier_release
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Missing


def said(*lines: tuple[str, str, str | None, str | None, dict[str, str] | None]) -> pl.DataFrame:
    columns = {name: [line[place] for line in lines] for place, name in enumerate(("user_id", "kind", "dim", "key"))}
    facts = [None if line[4] is None else json.dumps(line[4]) for line in lines]
    return pl.DataFrame({**columns, "fact": facts}, schema=dict.fromkeys(("user_id", "kind", "dim", "key", "fact"), pl.String))


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        ([("a", "stance", "item", "milk", {"stance": "likes"}), ("a", "stance", "item", "milk", {"stance": "avoids"})], 1),
        ([("a", "stance", "item", "milk", {"stance": "needs"}), ("a", "stance", "item", "milk", {"stance": "avoids"})], 1),
        ([("a", "stance", "item", "milk", {"stance": "likes"}), ("b", "stance", "item", "milk", {"stance": "avoids"})], 0),
        ([("a", "stance", "item", "milk", {"stance": "likes"}), ("a", "stance", "item", "soap", {"stance": "avoids"})], 0),
        ([("a", "offer_answers", "level", "x", {}), ("a", "offer_ignores", "level", "x", {})], 1),
        ([("a", "started", "item", "milk", {}), ("a", "stopped", "item", "milk", {})], 1),
        ([("a", "habit", "item", "milk", {}), ("a", "stopped", "item", "milk", {})], 1),
        ([("a", "habit", "item", "milk", {}), ("a", "started", "item", "milk", {})], 0),
        ([("a", "likes", "item", "milk", {}), ("a", "stopped", "item", "milk", {})], 0),
        ([], 0),
    ],
)
def test_pairs_that_cannot_both_hold(lines: list[tuple[str, str, str | None, str | None, dict[str, str] | None]], pairs: int) -> None:
    assert count_contradictions(said(*lines)) == pairs


def test_the_future_is_held_by_item_by_level_and_by_line() -> None:
    truth = pl.DataFrame({"user_id": ["a", "a", "b", "b"], "item_id": ["milk", "soap", "milk", "bread"]})
    catalogue = pl.DataFrame({"item_id": ["milk", "soap", "bread"], "level_category": ["dairy", "home", None]})
    facts = pl.DataFrame(
        {
            "user_id": ["a", "a", "b", "b"],
            "dim": ["item", "category", "category", "item"],
            "key": ["milk", "home", "dairy", "soap"],
            "n": [3, 1, 0, 1],
            "answered": [0, 0, 2, 0],
        }
    )
    lines = said(("a", "likes", "category", "dairy", {}), ("b", "habit", "item", "bread", {}), ("b", "activity", None, None, {}))
    found = cover_future(lines, facts, truth, catalogue, draws=50)
    means = {name: figure.mean for name, figure in found.items()}
    # User a: milk of two, b: none of two; by category a: soap's, b: milk's; by lines a: milk by its category, b: bread itself.
    assert means == {
        "the item itself, as an item fact": 0.25,
        "its category, as an item fact": 0.5,
        "the item or a level of it, in a line of a block": 0.5,
    }
    assert all(isinstance(figure, Interval) for figure in found.values())


def test_what_was_only_shown_is_not_held() -> None:
    truth = pl.DataFrame({"user_id": ["a"], "item_id": ["milk"]})
    facts = pl.DataFrame({"user_id": ["a"], "dim": ["item"], "key": ["milk"], "n": [0], "answered": [0]})
    found = cover_future(said(), facts, truth, pl.DataFrame({"item_id": ["milk"]}), draws=50)
    assert found["the item itself, as an item fact"].mean == 0.0
    nothing = cover_future(said(), facts, truth.clear(), pl.DataFrame({"item_id": ["milk"]}), draws=50)
    assert nothing == {"the item itself": Missing("no user has any truth at the last cut")}


def test_the_release_before_the_last() -> None:
    assert earlier_release(["r1", "r2", "r3"]) == "r2"
    assert earlier_release(["r1"]) is None
