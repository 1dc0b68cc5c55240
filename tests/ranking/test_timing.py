from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.ranking.timing import DAY_US, Timing, dueness, restedness, timing


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, Timing.RESTED),
        (4.9, Timing.RESTED),
        (5, Timing.SOON),
        (8, Timing.DUE),
        (14.9, Timing.DUE),
        (15, Timing.OVERDUE),
        (40, Timing.LAPSED),
    ],
)
def test_what_is_due_depends_on_the_moment_of_asking(days: float, expected: Timing) -> None:
    assert timing(0, 10, int(days * DAY_US)) is expected


def test_dueness_rises_holds_and_falls() -> None:
    values = [dueness(0, 10, int(days * DAY_US)) for days in (4, 7.5, 10, 19, 30, 41)]
    assert values == [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]


@given(st.floats(0, 400), st.floats(0.1, 200))
def test_nobody_is_due_and_rested_at_once(days: float, every: float) -> None:
    at_us = int(days * DAY_US)
    due, rested = dueness(0, every, at_us), restedness(0, every, at_us)
    assert 0 <= due <= 1
    assert 0 <= rested <= 1
    assert due == 0 or rested == 0


def test_a_moment_before_the_last_purchase_counts_as_just_bought() -> None:
    assert restedness(10 * DAY_US, 7, 0) == 1.0
