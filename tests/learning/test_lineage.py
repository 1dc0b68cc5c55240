"""One fact is told at one level of the catalogue, and what is stored of a user stays within its bound."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.embedded.render.bounds import FACTS_RESERVED, bound_statements, statement_sizes
from memlearn.learning.embedded.render.lineage import told_once, trace_lineage, without_explained

LEVELS = ("department", "category")
ITEMS = pl.DataFrame(
    {
        "item_id": ["oat drink", "whole milk", "bleach"],
        "name": ["Oat drink", "MILK", "Bleach"],
        "level_department": ["food", "food", "household"],
        "level_category": ["milk", "milk", None],
    }
)
PARENTS = pl.DataFrame(
    {"dim_name": ["category", "merchant"], "label": ["milk", "BLUE BOTTLE"], "parent": ["department:food", "category:coffee"]}
)


def claims(*rows: tuple[str, str, int]) -> pl.DataFrame:
    return pl.DataFrame([("u", *row) for row in rows], schema=["user_id", "dim", "label", "n"], orient="row")


def told(frame: pl.DataFrame) -> list[str]:
    return sorted(frame["label"].to_list())


def test_every_coarser_key_is_found() -> None:
    lineage = trace_lineage(PARENTS, ITEMS, LEVELS)
    assert set(lineage.filter(pl.col("label") == "oat drink")["ancestor"]) == {"category:milk", "department:food"}
    assert set(lineage.filter(pl.col("label") == "bleach")["ancestor"]) == {"department:household"}
    assert set(lineage.filter(pl.col("label") == "BLUE BOTTLE")["ancestor"]) == {"category:coffee"}


def test_of_several_levels_that_say_the_same_the_finest_is_told() -> None:
    lineage = trace_lineage(PARENTS, ITEMS, LEVELS)
    same = claims(("item", "oat drink", 9), ("category", "milk", 10), ("department", "food", 12))
    assert told(without_explained(same, lineage)) == ["oat drink"]
    named_like_its_level = claims(("item", "whole milk", 9), ("category", "milk", 10), ("department", "food", 12))
    assert told(without_explained(named_like_its_level, lineage)) == ["milk"]


def test_what_a_finer_key_does_not_explain_is_told_too() -> None:
    lineage = trace_lineage(PARENTS, ITEMS, LEVELS)
    more = claims(("item", "oat drink", 4), ("category", "milk", 10), ("department", "food", 30))
    assert told(without_explained(more, lineage)) == ["food", "milk", "oat drink"]


def test_a_merchant_explains_its_category_for_claims_of_another_kind() -> None:
    lineage = trace_lineage(PARENTS, ITEMS, LEVELS)
    habit = claims(("merchant", "BLUE BOTTLE", 9))
    assert told(without_explained(claims(("category", "coffee", 10)), lineage, by=habit)) == []
    assert told(without_explained(claims(("category", "coffee", 20)), lineage, by=habit)) == ["coffee"]


lines = st.lists(
    st.tuples(st.sampled_from(["habits", "offers"]), st.integers(0, 400), st.lists(st.integers(0, 9), max_size=2, unique=True)), max_size=40
)


def statements_of(rows: list[tuple[str, int, list[int]]]) -> pl.DataFrame:
    places: dict[str, int] = {}
    out = []
    for label, length, cited in rows:
        places[label] = places.get(label, 0) + 1
        out.append(
            {
                "user_id": "u",
                "label": label,
                "line": places[label],
                "text": "x" * length,
                "fact": "{}",
                "statistic": "s",
                "rows": [f"{row:016x}" for row in cited],
            }
        )
    schema = {
        "user_id": pl.String,
        "label": pl.String,
        "line": pl.Int32,
        "text": pl.String,
        "fact": pl.String,
        "statistic": pl.String,
        "rows": pl.List(pl.String),
    }
    return pl.DataFrame(out, schema=schema)


@given(lines)
def test_statements_leave_room_for_item_facts_and_stay_numbered(rows: list[tuple[str, int, list[int]]]) -> None:
    kept, used = bound_statements(statements_of(rows), 4096)
    assert statement_sizes(kept)["size"].sum() <= 4096 - FACTS_RESERVED
    assert used["used"].sum() == statement_sizes(kept)["size"].sum()
    for _, block in kept.group_by("label"):
        assert block["line"].sort().to_list() == list(range(1, len(block) + 1))


@given(lines)
def test_what_fits_is_kept_whole(rows: list[tuple[str, int, list[int]]]) -> None:
    whole = statements_of(rows)
    assert bound_statements(whole, 1_000_000)[0].equals(whole)


def test_a_line_that_does_not_fit_takes_no_room_of_those_after_it() -> None:
    rows = [("habits", 10, [1]), ("habits", 10, list(range(2, 200))), ("habits", 20, [3]), ("offers", 30, [4]), ("offers", 5000, [])]
    kept, _ = bound_statements(statements_of(rows), 4096)
    assert sorted(len(text) for text in kept["text"]) == [10, 20, 30]
    assert kept.filter(pl.col("label") == "habits")["line"].to_list() == [1, 2]


def test_a_level_that_is_named_like_a_coarser_one_is_told_once_also_where_levels_are_no_tree() -> None:
    levels = ("department", "brand", "category")
    items = pl.DataFrame(
        {
            "item_id": ["1", "2"],
            "name": ["Fruit", "Dips"],
            "level_department": ["SALAD BAR", "SALAD BAR"],
            "level_brand": ["National", "Private"],
            "level_category": ["Salad bar", "Dips"],
        }
    )
    lineage = trace_lineage(PARENTS.clear(), items, levels)
    same = claims(("department", "SALAD BAR", 10), ("category", "Salad bar", 9))
    assert told(without_explained(same, lineage)) == ["Salad bar"]
    assert told(without_explained(claims(("department", "SALAD BAR", 20), ("category", "Salad bar", 9)), lineage)) == [
        "SALAD BAR",
        "Salad bar",
    ]


def test_what_reads_alike_is_told_once() -> None:
    rows = [
        ("u", "item", "1", 9, "WINE"),
        ("u", "product", "WINE", 72, "wine"),
        ("u", "item", "2", 99, "Wine"),
        ("u", "item", "3", 5, "Beer"),
        ("u", "item", "4", 6, "Beer"),
        ("u", "merchant", "BEER", 3, "BEER"),
        ("v", "item", "1", 9, "WINE"),
    ]
    claimed = pl.DataFrame(rows, schema=["user_id", "dim", "label", "n", "display"], orient="row")
    assert sorted(told_once(claimed).select("user_id", "dim", "label").rows()) == [
        ("u", "item", "4"),
        ("u", "merchant", "BEER"),
        ("u", "product", "WINE"),
        ("v", "item", "1"),
    ]
