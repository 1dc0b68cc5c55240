"""Facts, figures and companions against the same written down slowly."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.ranker import shared
from memlearn.learning.ranker.facts import facts_of
from memlearn.learning.ranker.shared import companions_of, figures_of
from memlearn.ranking.history import History, make_history
from memlearn.ranking.learned import Companions

ITEMS = 5
USERS = st.lists(st.lists(st.sets(st.integers(0, ITEMS - 1), min_size=1), max_size=6), min_size=1, max_size=8)
Visits = list[list[set[int]]]


def history_of(users: Visits, apart: float = 3.0) -> History:
    """A history of visits that are some days apart."""
    rows = [(user, number, item) for user, visits in enumerate(users) for number, basket in enumerate(visits) for item in basket]
    user, number, item = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return make_history(len(users), ITEMS, user, number, item, [apart * at for at in number])


def told(companions: Companions) -> dict[int, dict[int, float]]:
    """Item → companion → weight."""
    found: dict[int, dict[int, float]] = {}
    for item in range(ITEMS):
        at = slice(companions.starts[item], companions.starts[item + 1])
        found[item] = dict(zip(companions.item[at].tolist(), companions.weight[at].tolist(), strict=True))
    return {item: others for item, others in found.items() if others}


@given(USERS)
def test_facts(users: Visits) -> None:
    facts = facts_of(history_of(users), kept=ITEMS)
    for user, visits in enumerate(users):
        own = slice(facts.starts[user], facts.starts[user + 1])
        days = {item: [3.0 * at for at, basket in enumerate(visits) if item in basket] for item in sorted(set().union(*visits))}
        assert facts.item[own].tolist() == list(days)
        assert facts.visits[own].tolist() == [len(of) for of in days.values()]
        assert facts.first[own].tolist() == [of[0] for of in days.values()]
        assert facts.last[own].tolist() == [of[-1] for of in days.values()]
        assert facts.user_visits[user] == len(visits)
        assert facts.user_bought[user] == sum(map(len, visits))
        assert facts.user_items[user] == len(days)
        assert facts.user_last_size[user] == (len(visits[-1]) if visits else 0)
        assert facts.user_last[user] == max(3.0 * (len(visits) - 1), 0)


def test_memory_holds_what_is_bought_most_and_what_is_long_past_counts_less() -> None:
    # Item 0 three times long ago, item 1 twice lately, items 2 and 3 once, 3 later.
    visits = [{0}, {0}, {0}, {2}, *[{4}] * 25, {1}, {1}, {3}]
    (history,) = (history_of([visits]),)
    assert facts_of(history, kept=3).item.tolist() == [1, 3, 4]
    assert facts_of(history, kept=4).item.tolist() == [0, 1, 3, 4]


@given(users=USERS, few=st.integers(1, 3))
def test_figures(users: Visits, few: int) -> None:
    found = figures_of(history_of(users), np.zeros((0, ITEMS), dtype=np.int64), few)
    assert found.users == sum(bool(visits) for visits in users)
    for item in range(ITEMS):
        of = [[basket for basket in visits if item in basket] for visits in users]
        buyers = sum(map(bool, of))
        if buyers < few:
            assert not any(column[item] for column in (found.buyers, found.visits, found.latest, found.repeaters, found.size))
            continue
        sizes = [len(basket) for baskets in of for basket in baskets]
        wanted = (buyers, len(sizes), sum(bool(visits) and item in visits[-1] for visits in users), sum(len(baskets) > 1 for baskets in of))
        assert (found.buyers[item], found.visits[item], found.latest[item], found.repeaters[item]) == wanted
        assert found.size[item] == pytest.approx(np.mean(sizes))


@given(users=USERS, few=st.integers(1, 3))
def test_companions(users: Visits, few: int) -> None:
    history = history_of(users)
    found = {kind: told(of) for kind, of in companions_of(history, facts_of(history, ITEMS), few).items()}
    bought = [set().union(*visits) for visits in users]
    buyers = Counter(item for items in bought for item in items)
    number = Counter(item for visits in users for basket in visits for item in basket)
    together, of_users = {"basket": Counter(), "after": Counter()}, {"basket": set(), "after": set()}
    for user, visits in enumerate(users):
        pairs = [("basket", a, b) for basket in visits for a in basket for b in basket if a != b]
        pairs += [("after", a, b) for one, two in pairwise(visits) for a in one for b in two if a != b]
        for kind, a, b in pairs:
            together[kind][a, b] += 1
            of_users[kind].add((a, b, user))
    for a in range(ITEMS):
        for b in range(ITEMS):
            both = sum(a in items and b in items for items in bought) if a != b else 0
            assert found["with"].get(a, {}).get(b, 0) == pytest.approx(both / ((buyers[a] * buyers[b]) ** 0.5 + 5) if both >= few else 0)
            for kind, weight in (
                ("basket", lambda n, a=a, b=b: n / ((number[a] * number[b]) ** 0.5 + 5)),
                ("after", lambda n, a=a, b=b: n / (number[a] + 10) / (number[b] + 10) ** 0.5),
            ):
                enough = sum((a, b, user) in of_users[kind] for user in range(len(users))) >= few
                assert found[kind].get(a, {}).get(b, 0) == pytest.approx(weight(together[kind][a, b]) if enough else 0)


def test_the_closest_companions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "KEPT", 2)
    users = [[{0, 1}], [{0, 1}], [{0, 2}], [{0, 3}], [{0, 3}], [{0, 3}]]
    history = history_of(users)
    found = companions_of(history, facts_of(history, ITEMS), 1)["with"]
    assert set(told(found)[0]) == {1, 3}
    assert found.item[found.starts[0]] == 3


def test_of_a_very_large_visit_some_items_are_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MOST_PER_VISIT", 3)
    history = history_of([[{0, 1, 2, 3, 4}]] * 3 + [[{0, 1}]])
    first, again = (told(companions_of(history, facts_of(history, ITEMS), 1)["basket"]) for _ in range(2))
    assert first == again
    # Other items in each visit: at most three pairs of three visits, and that of the small one.
    assert 4 <= sum(map(len, first.values())) // 2 <= 10
