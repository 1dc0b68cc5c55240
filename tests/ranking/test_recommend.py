from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from memlearn.memory import Evidence, Fact, Statement
from memlearn.ranking import ItemIndex, KeyFact, RankedItem, RankingConfig, UserMemory, recommend
from memlearn.ranking.levels import NO_KEY
from memlearn.ranking.recommend import pick
from memlearn.ranking.timing import DAY_US

NOW = 100 * DAY_US


def ranked(index: ItemIndex, memory: UserMemory, at_us: int = NOW, k: int = 10) -> dict[str, RankedItem]:
    """Items by id, in order."""
    return {item.item_id: item for item in recommend(index, memory, k, at_us).items}


def bought(key: str, dim: str = "item", *, days_ago: float = 5, **values: object) -> KeyFact:
    usual = {"n": 10, "every_days": 10.0, "strength": 0.3, "lift": 2.0}
    return KeyFact(dim, key, last_us=NOW - int(days_ago * DAY_US), **{**usual, **values})  # type: ignore[arg-type]


def test_nothing_known_gives_what_is_popular_most_users_first(grocery: ItemIndex) -> None:
    ranking = recommend(grocery, UserMemory(), 3, NOW)
    assert ranking.tier == "popular"
    assert [item.item_id for item in ranking.items] == ["milk", "bread", "beans"]
    assert ranking.items[0].reason == "Popular: bought by 41 users."
    assert ranking.items[0].evidence == {"statistic": "popularity", "dim": "item", "key": "milk", "users": 41}


def test_scores_fall_and_ties_go_to_the_lower_id(grocery: ItemIndex) -> None:
    items = recommend(grocery, UserMemory(), 10, NOW).items
    assert [item.item_id for item in items[-2:]] == ["brie", "rolls"]
    assert items[-1].score == items[-2].score
    assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)


def test_more_than_there_is_gives_what_there_is(grocery: ItemIndex) -> None:
    assert len(recommend(grocery, UserMemory(), 1000, NOW).items) == 6


def test_what_is_due_comes_before_what_was_just_bought(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    habits = tuple(statement(f"Buys {key} about every 10 days.", "habit", "item", key) for key in ("beans", "bread"))
    due = ranked(grocery, UserMemory((bought("beans", days_ago=11), bought("bread", days_ago=1)), habits))
    assert next(iter(due)) == "beans"
    assert due["beans"].reason == "Due now: Buys beans about every 10 days."
    assert due["bread"].score < due["milk"].score
    later = ranked(grocery, UserMemory((bought("beans", days_ago=11), bought("bread", days_ago=1)), habits), at_us=NOW + 60 * DAY_US)
    assert "Due" not in later["beans"].reason


@pytest.mark.parametrize(("days_ago", "prefix"), [(6, "Due soon: "), (10, "Due now: "), (25, "Overdue: ")])
def test_due_words_follow_the_moment(grocery: ItemIndex, statement: Callable[..., Statement], days_ago: float, prefix: str) -> None:
    memory = UserMemory((bought("beans", days_ago=days_ago),), (statement("Buys beans.", "habit", "item", "beans"),))
    assert ranked(grocery, memory)["beans"].reason == f"{prefix}Buys beans."


def test_an_interval_that_no_statement_calls_regular_is_not_called_due(grocery: ItemIndex) -> None:
    beans = ranked(grocery, UserMemory((bought("beans", days_ago=11),)))["beans"]
    assert beans.reason in {"Bought 10 times.", "Bought 10 times, about every 10 days."}
    assert beans.evidence == {"statistic": "item_facts", "dim": "item", "key": "beans", "n": 10}


def test_a_regular_interval_counts_more_than_a_median_one(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    fact = bought("beans", days_ago=11)
    regular = ranked(grocery, UserMemory((fact,), (statement("Buys beans.", "habit", "item", "beans"),)))["beans"].score
    median = ranked(grocery, UserMemory((fact,)))["beans"].score
    without = ranked(grocery, UserMemory((bought("beans", days_ago=11, every_days=None),)))["beans"].score
    assert regular > median > without
    few = [ranked(grocery, UserMemory((bought("beans", days_ago=11, n=4, every_days=every),)))["beans"].score for every in (10.0, None)]
    assert few[0] == few[1]


def test_the_strongest_of_several_stances_counts(grocery: ItemIndex) -> None:
    likes, needs = KeyFact("department", "dairy", stance="likes"), KeyFact("product", "kefir", stance="needs")
    both, alone = (ranked(grocery, UserMemory(facts))["kefir"].score for facts in ((needs, likes), (needs,)))
    assert both == alone
    assert (
        ranked(grocery, UserMemory((likes, KeyFact("item", "kefir", stance="likes"))))["kefir"].score
        > ranked(grocery, UserMemory((likes,)))["kefir"].score
    )


def test_the_reason_quotes_the_statement_and_gives_its_evidence(offers: ItemIndex, statement: Callable[..., Statement]) -> None:
    said = statement("Pays at BLUE BOTTLE: 20 of 50 purchases.", "likes", "merchant", "BLUE BOTTLE", n=20, of=50, last="1970-04-01")
    ranking = recommend(offers, UserMemory((bought("BLUE BOTTLE", "merchant", every_days=None),), (said,)), 5, NOW)
    assert ranking.items[0].item_id == "o1"
    assert ranking.items[0].reason == said.text
    assert ranking.items[0].evidence == {"rows": ["00000000000000aa"], "statistic": "likes_of_user"}


def test_a_hypothesis_is_not_quoted(offers: ItemIndex, statement: Callable[..., Statement]) -> None:
    said = statement("Pays at BLUE BOTTLE, maybe.", "likes", "merchant", "BLUE BOTTLE", status="hypothesis")
    first = recommend(offers, UserMemory((bought("BLUE BOTTLE", "merchant", every_days=None),), (said,)), 1, NOW).items[0]
    assert first.reason == "Paid at BLUE BOTTLE 10 times."


def test_likes_and_needs_move_items_up(offers: ItemIndex, statement: Callable[..., Statement]) -> None:
    before = list(ranked(offers, UserMemory()))
    assert before.index("o3") > 0
    liking = UserMemory((KeyFact("merchant_category", "books", stance="likes"),))
    assert next(iter(ranked(offers, liking))) == "o3"
    needing = UserMemory((*liking.facts, KeyFact("category", "fuel", stance="needs")))
    assert list(ranked(offers, needing))[:2] == ["o4", "o3"]
    said = statement("Member of the reading club.", "stance", "category", "books", stance="likes", until=None)
    told = ranked(offers, UserMemory(statements=(said,)))
    assert next(iter(told)) == "o3"
    assert (told["o3"].reason, told["o3"].evidence) == ("Member of the reading club.", {"operator": True})


def test_an_avoids_statement_is_never_the_reason_for_another_item(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    said = statement("No dairy.", "stance", "department", "dairy", stance="avoids", until=None)
    assert all("dairy" not in item.reason for item in recommend(grocery, UserMemory(statements=(said,)), 10, NOW).items)


def test_a_stance_that_has_ended_is_not_quoted_for_the_opposite_one(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    ended = statement("No dairy in spring.", "stance", "department", "dairy", stance="avoids", until="1970-01-02")
    memory = UserMemory((KeyFact("department", "dairy", stance="likes"),), (ended,))
    kefir = ranked(grocery, memory)["kefir"]
    assert (kefir.reason, kefir.evidence) == ("Stated by an operator.", {"operator": True})


def test_answered_levels_go_up_and_ignored_ones_down(offers: ItemIndex, statement: Callable[..., Statement]) -> None:
    coffee, fuel = KeyFact("category", "coffee", shown=10, answered=9), KeyFact("category", "fuel", shown=10, answered=0)
    said = statement("Answers coffee offers (9 of 10).", "offer_answers", "category", "coffee", shown=10, answered=9)
    order = ranked(offers, UserMemory((coffee, fuel), (said,)))
    assert set(list(order)[:2]) == {"o1", "o2"}
    assert order["o2"].reason == said.text
    assert list(order)[-1] == "o4"
    assert order["o4"].score < 0


def test_few_exposures_say_little(offers: ItemIndex) -> None:
    few, many = (ranked(offers, UserMemory((KeyFact("category", "books", shown=shown, answered=0),)))["o3"].score for shown in (1, 20))
    assert many < few < ranked(offers, UserMemory())["o3"].score + 1e-9


def test_an_offer_that_was_answered_ranks_lower(offers: ItemIndex) -> None:
    assert ranked(offers, UserMemory((KeyFact("item", "o1", shown=1, answered=1),)))["o1"].score < ranked(offers, UserMemory())["o1"].score


def test_what_goes_with_a_purchase_is_said(grocery: ItemIndex) -> None:
    brie = ranked(grocery, UserMemory((bought("bread", "product", every_days=None, lift=3.0),)))["brie"]
    assert brie.reason == "Goes with bread: bought together or next 4.0 times as often as by chance."
    assert brie.evidence == {"statistic": "pairs", "dim": "product", "key": "bread", "lift": 4.0}


def test_what_has_ended_counts_less(offers: ItemIndex, statement: Callable[..., Statement]) -> None:
    fact = bought("BLUE BOTTLE", "merchant", every_days=None)
    stopped = statement("Used to pay at BLUE BOTTLE.", "stopped", "merchant", "BLUE BOTTLE")
    moved = statement("Moved.", "moved", "merchant", "HILL BOOKS", **{"from": "BLUE BOTTLE"})
    alive = ranked(offers, UserMemory((fact,)))["o1"].score
    assert ranked(offers, UserMemory((fact,), (stopped,)))["o1"].score < alive
    assert ranked(offers, UserMemory((fact,), (moved,)))["o1"].score < alive
    assert "Used to" not in ranked(offers, UserMemory((fact,), (stopped,)))["o1"].reason


def test_a_season_lifts_inside_and_lowers_outside(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    # NOW is in April; winter runs over the turn of the year.
    spring = statement("Buys cheese mostly from March to May.", "season", "product", "cheese", first_month=3, last_month=5)
    winter = statement("Buys cheese mostly from November to February.", "season", "product", "cheese", first_month=11, last_month=2)
    inside, plain, outside = (ranked(grocery, UserMemory(statements=said))["brie"].score for said in ((spring,), (), (winter,)))
    assert inside > plain > outside
    assert ranked(grocery, UserMemory(statements=(spring,)))["brie"].reason == spring.text


def test_statements_stand_in_for_item_facts_that_found_no_room(offers: ItemIndex, statement: Callable[..., Statement]) -> None:
    said = statement("Likes books.", "likes", "category", "books", n=20, of=40, population_share=0.05, last="1970-04-01")
    first = recommend(offers, UserMemory(statements=(said,)), 1, NOW).items[0]
    assert (first.item_id, first.reason) == ("o3", "Likes books.")


def test_a_habit_that_has_lapsed_is_not_quoted(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    said = statement("Buys milk about every 10 days (10 purchases; the next is expected about 5 June).", "habit", "item", "milk", n=10)
    for days_ago, reason in ((8, f"Due now: {said.text}"), (1000, "Bought 10 times.")):
        memory = UserMemory((bought("milk", days_ago=days_ago),), (said,))
        assert ranked(grocery, memory)["milk"].reason == reason


def test_new_items_are_named_new(index_of: Callable[..., ItemIndex]) -> None:
    index = index_of([{"item_id": "a", "valid_from_us": 0}, {"item_id": "b", "valid_from_us": 90 * DAY_US}])
    items = recommend(index, UserMemory(), 2, NOW).items
    assert [(item.item_id, item.reason) for item in items] == [
        ("b", "New since 1970-04-01."),
        ("a", "May be recommended now; nothing that is known speaks for it."),
    ]


def test_an_offer_that_all_users_answer_says_so(index_of: Callable[..., ItemIndex]) -> None:
    answered = [{"dim": "item", "key": key, "users": 0, "shown": 100, "answered": count} for key, count in (("a", 10), ("b", 90))]
    items = recommend(index_of([{"item_id": "a"}, {"item_id": "b"}], popularity=answered), UserMemory(), 2, NOW).items
    assert [(item.item_id, item.reason) for item in items] == [
        ("b", "All users answer it more often than most offers."),
        ("a", "May be recommended now; nothing that is known speaks for it."),
    ]
    assert items[0].evidence == {"statistic": "popularity", "dim": "item", "key": "b"}


def test_tiers_tell_how_much_was_known(grocery: ItemIndex) -> None:
    def tier(*facts: KeyFact) -> str:
        return recommend(grocery, UserMemory(facts), 3, NOW).tier

    assert tier() == "popular"
    assert tier(KeyFact("city", "Bonn", n=9, strength=1.0)) == "popular"
    assert tier(bought("milk")) == "segment"
    assert tier(bought("milk"), bought("bread"), bought("beans")) == "personal"


def test_a_large_catalogue_is_searched_through_what_is_known(
    index_of: Callable[..., ItemIndex],
) -> None:
    items = [{"item_id": f"i{number:04d}", "level_category": f"c{number % 50}"} for number in range(2000)]
    index = index_of(items, popularity=[{"dim": "item", "key": f"i{number:04d}", "users": 2000 - number} for number in range(2000)])
    fact = bought("c49", "category", every_days=None, lift=9.0)
    answer = recommend(index, UserMemory((fact,)), 4, NOW, RankingConfig(candidates=60, per_kind=4)).items
    assert {int(item.item_id[1:]) % 50 for item in answer} == {49}
    assert answer == recommend(index, UserMemory((fact,)), 4, NOW, RankingConfig(candidates=2000, per_kind=4)).items


def test_an_answer_is_varied_as_long_as_it_can_be() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    categories = np.array([0, 0, 0, 1, NO_KEY])
    assert pick(scores, [(categories, 1)], 3) == [0, 3, 4]
    assert pick(scores, [(categories, 1)], 4) == [0, 1, 3, 4]
    assert pick(scores, [(categories, 2), (np.array([5, 6, 6, 6, 6]), 1)], 2) == [0, 1]
    assert pick(scores, [], 9) == [0, 1, 2, 3, 4]


def test_the_order_of_memory_does_not_matter(grocery: ItemIndex, statement: Callable[..., Statement]) -> None:
    facts = (bought("milk"), bought("dairy", "department", lift=3.0), bought("bread", days_ago=30), bought("coffee", "product"))
    said = (
        statement("Buys milk.", "habit", "item", "milk"),
        statement("Likes dairy.", "likes", "department", "dairy", n=4, of=9, last="1970-04-01"),
    )
    assert recommend(grocery, UserMemory(facts, said), 6, NOW) == recommend(grocery, UserMemory(facts[::-1], said[::-1]), 6, NOW)


def test_config_weights_decide(offers: ItemIndex) -> None:
    memory = UserMemory((KeyFact("category", "books", stance="likes"),))
    config = RankingConfig()
    muted = replace_weight(config, "stated", 0.0)
    assert recommend(offers, memory, 1, NOW, config).items[0].item_id == "o3"
    assert recommend(offers, memory, 1, NOW, replace_weight(muted, "new", 0.0)).items[0].item_id != "o3"


def replace_weight(config: RankingConfig, name: str, value: float) -> RankingConfig:
    return config.model_copy(update={"weights": config.weights.model_copy(update={name: value})})


def test_a_habit_without_an_item_fact_counts_by_its_share_of_all_purchases(offers: ItemIndex, statement: Callable[..., Statement]) -> None:
    habit = statement("Pays at CASA VINO about every 9 days.", "habit", "merchant", "CASA VINO", n=20, every_days=9, last="1970-04-02")
    activity = Statement("40 purchases.", Evidence(statistic="activity_of_user"), Fact("activity", values={"n": 40}))
    unknown, known = (recommend(offers, UserMemory(statements=said), 5, NOW).items for said in ((habit,), (habit, activity)))
    assert known[0].item_id == "o5"
    assert known[0].reason == "Due now: Pays at CASA VINO about every 9 days."
    assert known[0].score > next(item.score for item in unknown if item.item_id == "o5")
