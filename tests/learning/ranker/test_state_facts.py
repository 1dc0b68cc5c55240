"""What memory holds is what the ranker was trained on: facts from the state are those from the history."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Dimension, month_numbers
from memlearn.learning.embedded.pieces import count_numbered
from memlearn.learning.embedded.state import Keys, State
from memlearn.learning.ranker.facts import facts_of, facts_of_state
from memlearn.ranking.history import make_history
from memlearn.ranking.learned import FADES

USERS, ITEMS, FIRST_DAY = 3, 6, 20_089
ROWS = st.lists(st.tuples(st.integers(0, USERS - 1), st.integers(0, 40), st.integers(0, ITEMS - 1)), max_size=80)


def annotated(rows: list[tuple[int, int, int]]) -> Annotated:
    """Purchases in order: user, day, item."""
    user, day, item = (np.array(part, dtype=np.int64) for part in (zip(*sorted(rows), strict=True) if rows else [[]] * 3))
    day += FIRST_DAY
    size = len(user)
    none = np.zeros(size, dtype=np.bool_)
    return Annotated(
        users=pl.DataFrame({"user_id": [f"u{number}" for number in range(USERS)]}),
        user=user,
        chunk=np.zeros(size, dtype=np.int64),
        digest=np.zeros(size, dtype=np.uint64),
        row_id=np.arange(size, dtype=np.uint64),
        time_us=day * 86_400_000_000 + np.arange(size),
        day=day,
        month=month_numbers(day),
        slot=np.zeros(size, dtype=np.int64),
        purchase=~none,
        loose=none,
        returned=none,
        exposure=none,
        answer=none,
        weak_exposure=none,
        amount=np.zeros(size, dtype=np.int64),
        paid=none,
        priced=none,
        discounted=none,
        currency=Dimension("currency", np.full(size, NO_KEY), pl.Series([], dtype=pl.String)),
        dimensions=(
            Dimension("", np.zeros(size, dtype=np.int64), pl.Series([""])),
            Dimension("item", item, pl.Series([f"i{number}" for number in range(ITEMS)])),
        ),
    )


def state_of(rows: Annotated) -> State:
    """The state of rows that are one chunk a user."""
    keys = Keys(
        tuple(dimension.name for dimension in rows.dimensions),
        tuple(dimension.labels for dimension in rows.dimensions),
        rows.currency.labels,
    )
    return State.of_numbered(rows.users, keys, count_numbered(rows, np.ones(len(rows), dtype=np.bool_)))


@given(rows=ROWS, kept=st.integers(1, ITEMS))
def test_facts_of_the_state_are_those_of_the_history(rows: list[tuple[int, int, int]], kept: int) -> None:
    made = annotated(rows)
    from_state = facts_of_state(state_of(made), kept)
    from_history = facts_of(make_history(USERS, ITEMS, made.user, made.day, made.dimensions[1].codes, made.day), kept)
    bought = from_history.user_visits > 0
    for field in fields(from_state):
        one, two = getattr(from_state, field.name), getattr(from_history, field.name)
        # Of purchases of one item on one day the state knows in which month they were, and not which of them are one visit.
        if field.name == "faded" and len(rows) > len(set(rows)):
            continue
        if len(one) == USERS:
            one, two = one[bought], two[bought]
        np.testing.assert_array_equal(one, two, err_msg=field.name)


@given(days=st.sets(st.integers(0, 500), min_size=2, max_size=120), other=st.integers(0, 600))
def test_what_is_left_of_visits_is_close_to_what_their_days_tell(days: set[int], other: int) -> None:
    bought = sorted(days)
    every = sorted({*days, other})
    rows = [(0, day, 0) for day in bought] + [(0, other, 1)]
    made = annotated(rows)
    (left,) = facts_of_state(state_of(made), ITEMS).faded[:1]
    pace = (every[-1] - every[0]) / (len(every) - 1)
    # Known by its month, a visit is half a month off at most.
    off = 16 / pace
    for value, fade in zip(left.tolist(), FADES, strict=True):
        ages = [(every[-1] - day) / pace for day in bought]
        ends = fade ** ages[0] + fade ** ages[-1]
        between = ages[1:-1]
        low = ends + sum(fade ** (age + off) for age in between)
        high = ends + sum(fade ** max(age - off, 0) for age in between)
        assert low - 0.001 <= value <= high + 0.001


def test_visits_that_lie_evenly_count_as_they_do_day_by_day() -> None:
    # Sixty visits six days apart; of a month only its middle is known.
    days = [6 * number for number in range(60)]
    (left,) = facts_of_state(state_of(annotated([(0, day, 0) for day in days])), ITEMS).faded
    exact = [sum(fade**age for age in range(60)) for fade in FADES]
    assert left.tolist() == pytest.approx(exact, rel=0.15)


def test_where_data_has_only_an_order_visits_between_the_first_and_the_last_count_as_in_their_middle() -> None:
    (left,) = facts_of_state(state_of(annotated([(0, day, 0) for day in range(7)])), ITEMS).faded
    exact = [sum(fade**age for age in range(7)) for fade in FADES]
    assert left.tolist() == pytest.approx(exact, rel=0.2)
