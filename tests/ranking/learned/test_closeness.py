"""Closeness against the same sums written down slowly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memlearn.ranking.learned import COMPANION_KINDS, FADES, Companions, UserFacts, closeness
from memlearn.ranking.learned.companions import KINDS

ITEMS = 6


def companions(weights: dict[int, dict[int, float]]) -> Companions:
    """Companions from item → companion → weight."""
    starts, item, weight = [0], [], []
    for first in range(ITEMS):
        for other, close in sorted(weights.get(first, {}).items()):
            item.append(other)
            weight.append(close)
        starts.append(len(item))
    return Companions(np.array(starts), np.array(item, dtype=np.int64), np.array(weight, dtype=np.float32))


def facts_of_visits(users: list[list[set[int]]]) -> UserFacts:
    """Facts of users whose visits are a day apart."""
    rows = []
    for visits in users:
        bought = sorted(set().union(*visits))
        rows.append([(item, [day for day, basket in enumerate(visits) if item in basket]) for item in bought])
    facts = [fact for own in rows for fact in own]
    return UserFacts(
        starts=np.cumsum([0, *map(len, rows)]).astype(np.int64),
        item=np.array([item for item, _ in facts], dtype=np.int64),
        visits=np.array([len(days) for _, days in facts], dtype=float),
        first=np.array([days[0] for _, days in facts], dtype=float),
        last=np.array([days[-1] for _, days in facts], dtype=float),
        faded=np.zeros((len(facts), len(FADES))),
        at=np.array([len(visits) for visits in users], dtype=float),
        user_visits=np.array([len(visits) for visits in users], dtype=float),
        user_bought=np.array([sum(map(len, visits)) for visits in users], dtype=float),
        user_items=np.array([len(own) for own in rows], dtype=float),
        user_first=np.zeros(len(users)),
        user_last=np.array([max(len(visits) - 1, 0) for visits in users], dtype=float),
        user_last_size=np.array([len(visits[-1]) if visits else 0 for visits in users], dtype=float),
    )


BASKETS = st.lists(st.sets(st.integers(0, ITEMS - 1), min_size=1, max_size=4), max_size=8)
WEIGHTS = st.dictionaries(
    st.integers(0, ITEMS - 1), st.dictionaries(st.integers(0, ITEMS - 1), st.floats(0.125, 2, width=32), max_size=4), max_size=ITEMS
)


@given(users=st.lists(BASKETS, min_size=1, max_size=4), tables=st.tuples(WEIGHTS, WEIGHTS, WEIGHTS))
def test_sums_over_what_the_user_bought(users: list[list[set[int]]], tables: tuple[dict[int, dict[int, float]], ...]) -> None:
    facts = facts_of_visits(users)
    found = closeness(facts, dict(zip(COMPANION_KINDS, map(companions, tables), strict=True)), ITEMS)
    table_of = {"with_all": 0, "with_lately": 0, "basket_lately": 1, "after_last": 2, "after_lately": 2}
    for number, kind in enumerate(KINDS):
        for user, visits in enumerate(users):
            wanted = np.zeros(ITEMS)
            for item in set().union(*visits):
                days = [day for day, basket in enumerate(visits) if item in basket]
                age = len(visits) - 1 - days[-1]
                weight = {"all": len(days) * 0.9**age, "last": float(age == 0), "lately": 0.6**age if age < 5 else 0.0}[kind.split("_")[1]]
                for other, close in tables[table_of[kind]].get(item, {}).items():
                    wanted[other] += weight * close
            np.testing.assert_allclose(found[number, user], wanted, rtol=1e-5)


@given(users=st.lists(BASKETS, min_size=2, max_size=5), tables=st.tuples(WEIGHTS, WEIGHTS, WEIGHTS))
def test_a_user_alone_gets_what_they_get_among_others(users: list[list[set[int]]], tables: tuple[dict[int, dict[int, float]], ...]) -> None:
    facts, kinds = facts_of_visits(users), dict(zip(COMPANION_KINDS, map(companions, tables), strict=True))
    together = closeness(facts, kinds, ITEMS)
    for user in range(len(users)):
        np.testing.assert_array_equal(closeness(facts.users(user, user + 1), kinds, ITEMS)[:, 0], together[:, user])
