"""Keys that must not be stated, by their own name or by what they belong to."""

from __future__ import annotations

import polars as pl

from memlearn.learning.embedded.annotate import Catalogue
from memlearn.learning.suppressed import find_suppressed, leave_out, note_suppressed, noted
from memlearn.memory.sensitive import SensitiveConfig

ITEMS = pl.DataFrame(
    {
        "item_id": ["i1", "i2", "i3"],
        "name": ["Pregnancy test", "Plaster", None],
        "level_department": ["care", "care", "food"],
        "level_category": ["tests", "pharmacy: first aid", "bread"],
    }
)
PARENTS = pl.DataFrame(
    {
        "dim_name": ["category", "category", "merchant"],
        "label": ["tests", "bread", "CORNER"],
        "parent": ["department:care", "department:food", "category:church"],
    }
)
CATALOGUE = Catalogue.of(ITEMS, ("department", "category"))


def keys(*pairs: tuple[str, str]) -> pl.DataFrame:
    """A frame of dim and label."""
    return pl.DataFrame(pairs, schema={"dim": pl.String, "label": pl.String}, orient="row")


def test_an_item_is_judged_by_its_name_and_its_levels() -> None:
    found = find_suppressed(SensitiveConfig(words=["first aid"]), CATALOGUE, PARENTS).among(keys())
    assert set(found.rows()) >= {("item", "i1"), ("item", "i2"), ("category", "pharmacy: first aid")}
    assert ("item", "i3") not in found.rows()


def test_a_merchant_is_judged_by_its_category() -> None:
    assert ("merchant", "CORNER") in find_suppressed(SensitiveConfig(), CATALOGUE, PARENTS).among(keys()).rows()


def test_what_lies_below_a_sensitive_level_is_not_stated() -> None:
    found = find_suppressed(SensitiveConfig(topics=[], words=["care"]), CATALOGUE, PARENTS).among(keys()).rows()
    assert found == [("category", "tests"), ("department", "care"), ("item", "i1"), ("item", "i2")]


def test_a_key_that_no_catalogue_knows_is_judged_by_itself() -> None:
    suppression = find_suppressed(SensitiveConfig(), CATALOGUE, PARENTS)
    fresh = suppression.among(keys(("item", "rosary"), ("item", "bread"), ("store", "Mosque Street"), ("item", "i3")))
    assert set(fresh.rows()) - set(suppression.suppressed.rows()) == {("item", "rosary"), ("store", "Mosque Street")}


def test_categories_of_merchants_are_judged_beside_those_of_the_catalogue() -> None:
    found = find_suppressed(SensitiveConfig(), CATALOGUE).among(keys(("category", "health"), ("category", "wine"), ("department", "health")))
    assert ("category", "health") in found.rows()
    assert ("category", "wine") not in found.rows()


def test_what_is_suppressed_in_a_population_is_noted_for_later_runs_and_left_out_of_pairs() -> None:
    told = [("merchant", "CORNER"), ("merchant", "BAKER"), ("category", "tests"), ("#total", "")]
    population = pl.DataFrame(
        {
            "dim": [dim for dim, _ in told],
            "label": [label for _, label in told],
            "month": [None] * 4,
            "n": [5] * 4,
            "users": [5] * 4,
            "of": [9] * 4,
        },
        schema_overrides={"month": pl.Int32},
    )
    with_note = note_suppressed(population, find_suppressed(SensitiveConfig(), CATALOGUE, PARENTS))
    assert with_note.head(4).equals(population)
    assert with_note[4:]["users"].sum() == 0
    assert noted(with_note).rows() == [("merchant", "CORNER")]
    assert noted(population).is_empty()
    pairs = pl.DataFrame({"dim": ["merchant"] * 3, "key": ["CORNER", "BAKER", "BAKER"], "other": ["BAKER", "CORNER", "BUTCHER"]})
    assert leave_out(pairs, noted(with_note)).rows() == [("merchant", "BAKER", "BUTCHER")]
