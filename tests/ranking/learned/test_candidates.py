"""Which items are ranked."""

from __future__ import annotations

import numpy as np

from memlearn.ranking.learned import FADES, ItemFigures, UserFacts, find_candidates, popular_order


def facts(items: list[int]) -> UserFacts:
    """One user who bought some items once, on one visit."""
    ones = np.ones(len(items))
    one = np.ones(1)
    return UserFacts(
        starts=np.array([0, len(items)]),
        item=np.array(items, dtype=np.int64),
        visits=ones,
        first=ones,
        last=ones,
        faded=np.ones((len(items), len(FADES))),
        at=one * 2,
        user_visits=one,
        user_bought=one * len(items),
        user_items=one * len(items),
        user_first=one,
        user_last=one,
        user_last_size=one * len(items),
    )


def figures(visits: list[float], latest: list[float] | None = None) -> ItemFigures:
    """Figures of items that were bought so often."""
    counted, nothing = np.array(visits, dtype=float), np.zeros(len(visits))
    last = nothing if latest is None else np.array(latest, dtype=float)
    return ItemFigures(10, counted, counted, last, nothing, nothing, np.zeros((0, len(visits)), dtype=np.int64))


NEAR = np.array([[[0, 0.5, 0, 0.2, 0.9, 0, 0, 0]], [[0, 0, 0, 4.0, 0, 0, 0, 0]]], dtype=np.float32)


def test_bought_close_and_popular_items_come_in() -> None:
    popular = popular_order(figures([0, 0, 0, 0, 0, 3, 9, 5]))
    owner, item = find_candidates(facts([2]), NEAR, popular, close=2, most_popular=2)
    # Against the highest of its kind, item 3 has 0.22 + 1 and item 4 has 1.
    assert item.tolist() == [2, 3, 4, 6, 7]
    assert owner.tolist() == [0] * 5


def test_what_is_bought_takes_no_place_of_what_is_close() -> None:
    _, item = find_candidates(facts([3, 4]), NEAR, np.arange(8), close=1, most_popular=0)
    assert item.tolist() == [1, 3, 4]


def test_equally_close_items_come_in_together() -> None:
    near = np.array([[[0, 1, 1, 1, 0]]], dtype=np.float32)
    _, item = find_candidates(facts([]), near, np.arange(5), close=2, most_popular=0)
    assert item.tolist() == [1, 2, 3]


def test_nothing_comes_in_that_is_not_allowed() -> None:
    allowed = np.array([[False, True, False, False, True, True, True, True]])
    popular = popular_order(figures([9, 8, 7, 6, 5, 4, 3, 2]))
    _, item = find_candidates(facts([2, 6]), NEAR, popular, close=1, most_popular=3, allowed=allowed)
    # Close: item 4; popular among the allowed: 1, 4 and 5; bought and allowed: 6.
    assert item.tolist() == [1, 4, 5, 6]


def test_the_latest_visits_count_most_for_popularity() -> None:
    assert popular_order(figures([5, 9, 9, 0], [4, 1, 1, 0])).tolist() == [0, 1, 2, 3]
