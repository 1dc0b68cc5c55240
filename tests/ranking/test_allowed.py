from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from memlearn.memory import Statement
from memlearn.ranking import ItemIndex, KeyFact, RankingConfig, UserMemory, recommend
from memlearn.ranking.allowed import allowed_items
from memlearn.ranking.memory import Stance, stances_at


def shown(index: ItemIndex, memory: UserMemory, at_us: int = 0) -> set[str]:
    return {item.item_id for item in recommend(index, memory, 100, at_us).items}


def avoiding(dim: str, key: str, until_us: int | None = None) -> UserMemory:
    return UserMemory((KeyFact(dim, key, stance="avoids", stance_until_us=until_us),))


def test_avoiding_dairy_removes_all_of_it_and_withdrawing_brings_it_back(grocery: ItemIndex) -> None:
    dairy = {"milk", "kefir", "brie"}
    everything = shown(grocery, UserMemory())
    assert everything == {*dairy, "bread", "rolls", "beans"}
    assert shown(grocery, avoiding("department", "dairy")) == everything - dairy
    assert shown(grocery, avoiding("department", "Dairy")) == everything - dairy
    assert shown(grocery, avoiding("item", "milk")) == everything - {"milk"}


def test_an_avoided_thing_stays_away_however_much_is_bought_of_it(grocery: ItemIndex) -> None:
    milk = KeyFact("item", "milk", n=50, last_us=0, every_days=3.0, strength=0.9, lift=8.0)
    assert "milk" not in shown(grocery, UserMemory((milk, *avoiding("department", "dairy").facts)), at_us=10**12)


def test_a_stance_ends_at_its_instant(grocery: ItemIndex) -> None:
    memory = avoiding("department", "dairy", until_us=1000)
    assert "milk" not in shown(grocery, memory, at_us=999)
    assert "milk" in shown(grocery, memory, at_us=1000)


def test_a_verified_statement_excludes_and_a_hypothesis_never_does(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    said = statement("No dairy, please.", "stance", "department", "dairy", stance="avoids", until=None)
    assert "milk" not in shown(grocery, UserMemory(statements=(said,)))
    assert "milk" in shown(grocery, UserMemory(statements=(replace(said, status="hypothesis"),)))


def test_a_statement_with_an_end_holds_until_it(statement: Callable[..., Statement]) -> None:
    said = statement("No dairy.", "stance", "department", "dairy", stance="avoids", until="1970-01-01T00:00:01Z")
    memory = UserMemory(statements=(said,))
    assert stances_at(memory, 999_999) == (Stance("avoids", "department", "dairy"),)
    assert stances_at(memory, 1_000_000) == ()


@pytest.mark.parametrize(
    ("dim", "key", "gone"),
    [
        ("merchant", "BLUE BOTTLE", {"o1"}),
        ("partner", "blue bottle", {"o1"}),
        ("category", "coffee", {"o1", "o2"}),
        ("merchant_category", "alcohol", {"o5"}),
        ("city", "Bonn", set()),
    ],
)
def test_merchants_and_categories_reach_the_offers_linked_to_them(offers: ItemIndex, dim: str, key: str, gone: set[str]) -> None:
    assert shown(offers, UserMemory()) - shown(offers, avoiding(dim, key)) == gone


def test_an_item_without_the_level_is_judged_by_the_keys_below(index_of: Callable[..., ItemIndex]) -> None:
    items = [
        {"item_id": "a", "level_category": None, "level_merchant": "BAR NOVA"},
        {"item_id": "b", "level_category": "food", "level_merchant": "BAR NOVA"},
        {"item_id": "c", "level_category": None, "level_merchant": "DELI"},
    ]
    up = {"dim": "merchant", "parent_dim": "category"}
    links = [
        {**up, "key": "BAR NOVA", "parent_key": "alcohol"},
        {**up, "key": "DELI", "parent_key": "alcohol"},
        {**up, "key": "DELI", "parent_key": "food"},
    ]
    index = index_of(items, key_levels=links)
    # b says itself what it is, and the deli does not belong to alcohol for certain.
    assert allowed_items(index, (Stance("avoids", "category", "Alcohol"),), 0, RankingConfig()).tolist() == [False, True, True]


def test_levels_that_go_in_circles_end(index_of: Callable[..., ItemIndex]) -> None:
    links = [
        {"dim": "x", "key": "1", "parent_dim": "y", "parent_key": "2"},
        {"dim": "y", "key": "2", "parent_dim": "x", "parent_key": "1"},
    ]
    index = index_of([{"item_id": "a"}], key_levels=links)
    assert allowed_items(index, (Stance("avoids", "x", "1"),), 0, RankingConfig()).tolist() == [True]


def test_validity_is_half_open(index_of: Callable[..., ItemIndex]) -> None:
    index = index_of([{"item_id": "a", "valid_from_us": 10, "valid_until_us": 20}, {"item_id": "b"}])
    assert [shown(index, UserMemory(), at) for at in (9, 10, 19, 20)] == [{"b"}, {"a", "b"}, {"a", "b"}, {"b"}]


def test_what_may_not_be_recommended_never_is(grocery: ItemIndex) -> None:
    bag = KeyFact("item", "bag", n=400, last_us=0, every_days=2.0, strength=0.8, lift=5.0, stance="needs")
    assert "bag" not in shown(grocery, UserMemory((bag,)), at_us=10**12)
