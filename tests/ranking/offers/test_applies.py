"""How much a user cares for what offers apply to: its items count most, then their keys, then what everybody buys."""

from __future__ import annotations

import json

import numpy as np
import pytest

from memlearn.ranking.offers import Applies, Bought
from memlearn.ranking.offers.lists import Lists

# Offer 0 applies to milk and butter, offer 1 to bread, offer 2 to tea; of offer 3 nothing is known.
APPLIES = Applies(
    ("bread", "butter", "milk", "tea"),
    ("type", "category"),
    (("baked", "dairy", "drinks"), ("food", "wet")),
    Lists.from_json([[1, 2], [0], [3], []], 4),
    (Lists.from_json([[1], [0], [2], []], 3), Lists.from_json([[0], [0], [1], []], 2)),
    np.array([0.2, 1.0, 0.5, 0.0]),
    np.zeros(4, dtype=np.bool_),
)
OFFERS = np.arange(4)
ONE = np.zeros(4, dtype=np.int64)


def bought(items: list[str], keys: list[list[str | None]], visits: int = 1, first: int = 90, last: int = 90, at: float = 100.0) -> Bought:
    number = len(items)
    return APPLIES.bought_of_one(items, keys, [visits] * number, [first] * number, [last] * number, at)


def test_an_item_stands_above_its_type_above_its_category_above_what_everybody_buys() -> None:
    milk = APPLIES.affinities(bought(["milk"], [["dairy"], ["food"]]), ONE, OFFERS)
    cheese = APPLIES.affinities(bought(["cheese"], [["dairy"], ["food"]]), ONE, OFFERS)
    cream = APPLIES.affinities(bought(["cream"], [[None], [None]]), ONE, OFFERS)
    assert milk[0] > cheese[0] > cream[0]
    # Bread is of the same category; tea has nothing to do with it.
    assert milk[1] > cream[1]
    assert milk[2] == cream[2]
    assert cream[1] > cream[2] > cream[0]
    assert np.isnan([milk[3], cheese[3], cream[3]]).all()


def test_purchases_count_less_with_age_and_as_if_evenly_spread() -> None:
    once, old = bought(["milk"], [["dairy"], ["food"]]), bought(["milk"], [["dairy"], ["food"]], first=0, last=0, at=90)
    assert old.weights()[0] == pytest.approx(0.5)
    assert once.weights()[0] > 0.9
    often = bought(["milk"], [["dairy"], ["food"]], visits=3, first=0, last=90, at=90)
    assert often.weights()[0] == pytest.approx(0.5 + 0.5**0.5 + 1)
    same_day = bought(["milk"], [["dairy"], ["food"]], visits=2, first=90, last=90, at=90)
    assert same_day.weights()[0] == pytest.approx(2)


def test_nobody_known_is_ranked_by_what_everybody_buys() -> None:
    found = APPLIES.affinities(bought([], [[], []]), ONE, OFFERS)
    assert found[:3].argsort()[::-1].tolist() == [1, 2, 0]


def test_sums_over_lists_are_those_of_a_matrix() -> None:
    draw = np.random.default_rng(1)
    matrix = draw.random((7, 9)) < 0.4
    lists = Lists.from_json([np.flatnonzero(row).tolist() for row in matrix], 9)
    for row in range(7):
        assert lists.has(row, np.arange(-1, 9)).tolist() == [False, *matrix[row].tolist()]
    assert not Lists.from_json([[]], 9).has(0, np.arange(9)).any()
    owner, number, weight = draw.integers(0, 3, 40), draw.integers(-1, 9, 40), draw.random(40)
    wanted = np.zeros((3, 7))
    for one, other, by in zip(owner, number, weight, strict=True):
        if other >= 0:
            wanted[one] += by * matrix[:, other]
    np.testing.assert_allclose(lists.summed(owner, number, weight, 3), wanted)


def test_it_is_kept_as_json() -> None:
    held = json.loads(json.dumps(APPLIES.to_json()))
    again = Applies.from_json(held, 4)
    assert again.to_json() == APPLIES.to_json()
    one = bought(["milk", "tea"], [["dairy", "drinks"], ["food", "wet"]])
    np.testing.assert_array_equal(again.affinities(one, ONE, OFFERS), APPLIES.affinities(one, ONE, OFFERS))
