from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.memory import Evidence, Fact, Statement
from memlearn.ranking import ItemIndex, KeyFact, RankingConfig, UserMemory, recommend

CATEGORIES = ("dairy", "Bakery", "fuel", None)
MERCHANTS = ("SHOP A", "Shop B", None)
TIMES = st.integers(0, 60)

items = st.lists(
    st.fixed_dictionaries(
        {
            "level_category": st.sampled_from(CATEGORIES),
            "level_partner": st.sampled_from(MERCHANTS),
            "valid_from_us": st.none() | TIMES,
            "valid_until_us": st.none() | TIMES,
            "recommend": st.sampled_from([True, True, True, False]),
        }
    ),
    max_size=14,
).map(lambda rows: [{"item_id": f"i{number:02d}", **row} for number, row in enumerate(rows)])
places = st.one_of(
    st.tuples(st.just("category"), st.sampled_from(["dairy", "bakery", "fuel", "garden"])),
    st.tuples(st.just("merchant"), st.sampled_from(["Shop A", "SHOP B"])),
    st.tuples(st.just("item"), st.integers(0, 13).map(lambda number: f"i{number:02d}")),
)
facts = st.builds(
    lambda place, n, last, every, strength, lift, shown, answered, stance, until: KeyFact(
        *place, n, last, every, strength, lift, shown, min(answered, shown), stance, until
    ),
    places,
    st.integers(0, 40),
    st.none() | TIMES,
    st.none() | st.floats(0.5, 90),
    st.floats(0, 1),
    st.none() | st.floats(0, 50),
    st.integers(0, 30),
    st.integers(0, 30),
    st.sampled_from([None, "likes", "needs", "avoids"]),
    st.none() | TIMES,
)
lines = st.builds(
    lambda place, stance, status: Statement(
        "said", Evidence(operator=True), Fact("stance", *place, {"stance": stance, "until": None}), status
    ),
    places,
    st.sampled_from(["likes", "avoids"]),
    st.sampled_from(["verified", "hypothesis"]),
)


def avoided(row: dict[str, object], dim: str, key: str) -> bool:
    value = {"category": row["level_category"], "merchant": row["level_partner"], "item": row["item_id"]}[dim]
    return isinstance(value, str) and value.casefold() == key.casefold()


@settings(max_examples=150, deadline=None)
@given(items, st.lists(facts, max_size=6), st.lists(lines, max_size=3), TIMES, st.integers(1, 20))
def test_never_an_avoided_expired_or_forbidden_item_and_all_others_in_order(
    index_of: Callable[..., ItemIndex], rows: list[dict[str, object]], known: list[KeyFact], said: list[Statement], at_us: int, k: int
) -> None:
    unique = {(fact.dim, fact.key): fact for fact in known}
    memory = UserMemory(tuple(unique.values()), tuple(said))
    against = [
        (fact.dim, fact.key)
        for fact in unique.values()
        if fact.stance == "avoids" and (fact.stance_until_us is None or at_us < fact.stance_until_us)
    ]
    against += [
        (line.fact.dim, line.fact.key)
        for line in said
        if line.fact and line.status == "verified" and line.fact.values["stance"] == "avoids"
    ]  # type: ignore[misc]
    allowed = {
        str(row["item_id"])
        for row in rows
        if row["recommend"]
        and (row["valid_from_us"] is None or row["valid_from_us"] <= at_us)
        and (row["valid_until_us"] is None or at_us < row["valid_until_us"])
        and not any(avoided(row, dim, key) for dim, key in against)
    }
    ranking = recommend(index_of(rows), memory, k, at_us)
    shown = [item.item_id for item in ranking.items]
    assert set(shown) <= allowed
    assert len(shown) == len(set(shown)) == min(k, len(allowed))
    assert [(-item.score, item.item_id) for item in ranking.items] == sorted((-item.score, item.item_id) for item in ranking.items)
    assert all(item.reason for item in ranking.items)
    assert ranking == recommend(index_of(rows[::-1]), UserMemory(memory.facts[::-1], memory.statements), k, at_us)


@settings(max_examples=60, deadline=None)
@given(items, st.lists(facts, max_size=6), TIMES, st.integers(1, 5))
def test_a_bound_on_candidates_lets_nothing_forbidden_in(
    index_of: Callable[..., ItemIndex], rows: list[dict[str, object]], known: list[KeyFact], at_us: int, bound: int
) -> None:
    index = index_of(rows)
    memory = UserMemory(tuple({(fact.dim, fact.key): fact for fact in known}.values()))
    whole = {item.item_id for item in recommend(index, memory, 20, at_us).items}
    few = recommend(index, memory, 20, at_us, RankingConfig(candidates=bound)).items
    assert {item.item_id for item in few} <= whole
    assert len(few) == min(bound, len(whole))
