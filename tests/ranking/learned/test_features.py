"""Features of candidates by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from memlearn.ranking.learned import FADES, FEATURES, ItemFigures, UserFacts, make_features, start_scores
from memlearn.ranking.learned.companions import KINDS

USER = UserFacts(
    # The first user bought item 0 four times on six visits ten days apart, item 2 once; the second one nothing that is known.
    starts=np.array([0, 2, 2]),
    item=np.array([0, 2]),
    visits=np.array([4.0, 1.0]),
    first=np.array([100.0, 120.0]),
    last=np.array([130.0, 120.0]),
    faded=np.array([[1.0, 2.0, 3.5], [0.5, 0.9, 1.0]]),
    at=np.array([155.0, 50.0]),
    user_visits=np.array([6.0, 1.0]),
    user_bought=np.array([12.0, 2.0]),
    user_items=np.array([3.0, 2.0]),
    user_first=np.array([100.0, 40.0]),
    user_last=np.array([150.0, 40.0]),
    user_last_size=np.array([3.0, 2.0]),
)
FIGURES = ItemFigures(
    users=20,
    buyers=np.array([10.0, 5.0, 0.0]),
    visits=np.array([15.0, 5.0, 0.0]),
    latest=np.array([4.0, 0.0, 0.0]),
    repeaters=np.array([6.0, 0.0, 0.0]),
    size=np.array([2.5, 1.0, 0.0]),
    levels=np.array([[0, 0, 1], [0, -1, 0]]),
)


def features(owner: list[int], item: list[int], near: np.ndarray | None = None) -> list[dict[str, float]]:
    """Features of candidates by name."""
    empty = np.zeros((len(KINDS), 2, 3), dtype=np.float32)
    made = make_features(USER, np.array(owner), np.array(item), FIGURES, empty if near is None else near)
    return [dict(zip(FEATURES, row.tolist(), strict=True)) for row in made]


def weighed(fade: float) -> float:
    """Six visits, what is past counting less."""
    return sum(fade**age for age in range(6))


def test_what_is_known_of_a_bought_item() -> None:
    (made,) = features([0], [0])
    wanted = {
        "visits": 4,
        "share": 4 / 6,
        # Against six visits that lie evenly, weighed alike.
        "lately": 1.0 / weighed(FADES[0]),
        "faded": 2.0 / weighed(FADES[1]),
        "slowly_faded": 3.5 / weighed(FADES[2]),
        "lately_place": 0,
        "lately_best": 1,
        "age": 2,
        "age_days": 25,
        "first_age": 5,
        "since": 4 / 6,
        "gap": 1,
        "due": 3,
        "user_visits": 6,
        "user_size": 2,
        "user_repeats": 0.75,
        "user_items": 3,
        "user_last_size": 3,
        "user_pace": 10,
        "user_away": 5,
        "buyers": 0.5,
        "bought": 0.75,
        "latest": 0.2,
        "trend": 5 / 20,
        "repeated": 6 / 15,
        "size": 2.5,
        "level1_visits": 4 / 6,
        "level1_age": 2,
        # In the second level items 0 and 2 are alike.
        "level2_visits": 5 / 6,
        "level2_age": 2,
    }
    assert {name: made[name] for name in wanted} == pytest.approx(wanted)
    assert all(np.isnan(made[name]) for name in ("level3_visits", "level3_age"))


def test_an_item_that_was_not_bought_is_no_item_bought_long_ago() -> None:
    (made,) = features([0], [1])
    assert (made["visits"], made["share"]) == (0, 0)
    assert all(np.isnan(made[name]) for name in ("age", "age_days", "first_age", "since", "gap", "due"))
    # Its kind was: item 0 is of the same key.
    assert (made["level1_visits"], made["level1_age"]) == pytest.approx((4 / 6, 2))
    assert np.isnan(made["level2_visits"])


def test_items_have_their_place_among_those_of_their_user() -> None:
    first, second = features([0, 0], [0, 2])
    assert (first["faded_place"], second["faded_place"]) == (0, 1)
    assert (first["faded_best"], second["faded_best"]) == pytest.approx((1, 0.45))
    assert np.isnan(features([0], [1])[0]["faded_place"])
    assert features([0], [1])[0]["faded_best"] == 0


def test_where_nothing_is_left_of_what_was_bought_no_share_is_undefined() -> None:
    long_ago = replace(USER, faded=np.array([[0.0, 0.1, 0.5], [0.0, 0.0, 0.2]]))
    empty = np.zeros((len(KINDS), 2, 3), dtype=np.float32)
    made = make_features(long_ago, np.array([0, 0]), np.array([0, 2]), FIGURES, empty)
    assert made[:, FEATURES.index("lately_best")].tolist() == [0, 0]
    assert made[:, FEATURES.index("faded_best")].tolist() == [1, 0]


def test_scores_start_at_how_often_an_item_is_bought() -> None:
    empty = np.zeros((len(KINDS), 2, 3), dtype=np.float32)
    made = make_features(USER, np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0]), FIGURES, empty)
    start = start_scores(made)
    assert start[0] > start[2] > start[1] == start[3] == pytest.approx(np.log(0.01))


def test_a_user_of_one_visit_has_no_pace() -> None:
    (made,) = features([1], [0])
    assert np.isnan(made["user_pace"])
    assert (made["user_away"], made["visits"], made["level1_visits"]) == (10, 0, 0)


def test_closeness_is_told_plainly_and_against_the_highest() -> None:
    near = np.zeros((len(KINDS), 2, 3), dtype=np.float32)
    near[0, 0] = [1, 4, 2]
    made = features([0, 0, 1], [1, 2, 1], near)
    assert [row[KINDS[0]] for row in made] == [4, 2, 0]
    assert [row[f"{KINDS[0]}_best"] for row in made] == [1, 0.5, 0]


def test_one_user_at_a_time_gives_the_same() -> None:
    together = make_features(USER, np.array([0, 0, 1]), np.array([0, 1, 2]), FIGURES, np.ones((len(KINDS), 2, 3), dtype=np.float32))
    near = np.ones((len(KINDS), 1, 3), dtype=np.float32)
    first = make_features(USER.users(0, 1), np.array([0, 0]), np.array([0, 1]), FIGURES, near)
    second = make_features(USER.users(1, 2), np.array([0]), np.array([2]), FIGURES, near)
    np.testing.assert_array_equal(np.concatenate([first, second]), together)


def test_items_without_a_level_are_of_no_kind() -> None:
    nowhere = replace(FIGURES, levels=np.full((1, 3), -1))
    made = make_features(USER, np.array([0]), np.array([0]), nowhere, np.zeros((len(KINDS), 2, 3), dtype=np.float32))
    assert np.isnan(made[0, FEATURES.index("level1_visits")])
