"""Cuts lie on local midnights, in three periods that never look into each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memlearn.errors import InputError
from memlearn.evaluation.config import EvaluationConfig
from memlearn.evaluation.cuts import choose_cuts, midnight_us

EPOCH = date(1970, 1, 1)
YEAR = (date(2025, 6, 1) - EPOCH).days


@given(
    first=st.integers(-20_000, 20_000),
    days=st.integers(7, 4000),
    cuts=st.integers(1, 12),
    every=st.sampled_from(["auto", "auto", "day", "week", "month"]),
    truth=st.sampled_from(["next_visit", "horizon"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_periods_follow_each_other(
    first: int, days: int, cuts: int, every: Literal["auto", "day"], truth: Literal["next_visit", "horizon"], zone: str
) -> None:
    config = EvaluationConfig(cuts=cuts, every=every, truth=truth, horizon_days=10)
    try:
        found = choose_cuts(first, first + days - 1, zone, config)
    except InputError:
        assert every != "auto"
        return
    whole = [*found.tuning, *found.validation, *found.test]
    starts = [cut.as_of_us for cut in whole]
    assert starts == sorted(set(starts))
    assert len({len(found.tuning), len(found.validation), len(found.test)}) == 1
    assert len(found.tuning) <= cuts
    end = midnight_us(EPOCH + timedelta(first + days), zone)
    for period, after in ((found.tuning, found.validation[0].as_of_us), (found.validation, found.test[0].as_of_us), (found.test, end)):
        for cut in period:
            assert cut.as_of_us < cut.until_us <= after
            assert cut.as_of_us == midnight_us(date.fromisoformat(cut.name), zone)
            if truth == "next_visit":
                assert cut.until_us == after
    if every == "auto":
        assert whole[0].as_of_us >= midnight_us(EPOCH + timedelta(first + days // 2), zone)


def test_a_year_is_cut_by_weeks_and_seven_years_by_months() -> None:
    year = choose_cuts(YEAR, YEAR + 364, "Europe/Berlin", EvaluationConfig())
    assert (year.unit, year.test[-1].name) == ("week", "2026-05-25")
    assert {date.fromisoformat(cut.name).weekday() for cut in year.test} == {0}
    long = choose_cuts(YEAR, YEAR + 7 * 365, "Europe/Berlin", EvaluationConfig(cuts=8))
    assert long.unit == "month"
    assert len(long.test) == 8
    assert {date.fromisoformat(cut.name).day for cut in long.test} == {1}


def test_midnight_is_local() -> None:
    assert datetime.fromtimestamp(midnight_us(date(2026, 5, 1), "Europe/Berlin") / 1e6, UTC) == datetime(2026, 4, 30, 22, tzinfo=UTC)


def test_too_little_time_is_refused_with_the_days_there_are() -> None:
    with pytest.raises(InputError, match="covers 4 days, 2025-06-01 to 2025-06-04"):
        choose_cuts(YEAR, YEAR + 3, "UTC", EvaluationConfig())
    with pytest.raises(InputError, match=r"or with `evaluation\.every: auto`"):
        choose_cuts(YEAR, YEAR + 40, "UTC", EvaluationConfig(every="month"))
