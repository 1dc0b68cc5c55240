"""Times that can be read and yet cannot be: each goes to the rejects, unless the source says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from memlearn.sources.config import EventColumns, EventSource
from memlearn.sources.limits import EARLY, LATE, ZERO
from memlearn.sources.times import SMALL


def rows(*times: object) -> str:
    return "user,time\n" + "".join(f"u,{time}\n" for time in times)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC", "Asia/Tokyo"])
def test_the_zero_of_clocks_is_no_time(read: Callable[..., Any], zone: str) -> None:
    times = ["1970-01-01", "1970-01-01 00:00:00", "1970-01-01T00:00:00Z", "1970-01-02", "1970-01-01T12:34:00", "2025-01-01"]
    result = read("e.csv", rows(*times), timezone=zone)
    assert result.reasons() == [(1, ZERO), (2, ZERO), (3, ZERO)]


def test_zero_as_a_number_is_no_time_but_a_first_day_of_its_own_is(read: Callable[..., Any]) -> None:
    assert read("s.csv", rows(0, 1_700_000_000)).reasons() == [(1, ZERO)]
    assert read("ms.csv", rows(0, 1_700_000_000_000), time_unit="ms").reasons() == [(1, ZERO)]
    assert read("d.csv", rows(0, 400), time_unit="days", time_origin="2016-03-23").reasons() == []


@pytest.mark.parametrize("name", ["e.csv", "e.jsonl"])
def test_small_numbers_are_no_seconds(read: Callable[..., Any], name: str) -> None:
    times = [45_000, "45000.5", 19_900, 86_399, 86_400, 1_700_000_000, -45_000]
    content = rows(*times) if name == "e.csv" else "".join(f'{{"user": "u", "time": {time}}}\n' for time in times)
    small = [(row, SMALL) for row in (1, 2, 3, 4, 7)]
    assert read(name, content).reasons() == small
    assert read(name, content, timezone="America/New_York").reasons() == small
    # Among dates they are no seconds either.
    assert read("m.csv", rows("2025-01-01 10:00", 45_000)).reasons() == [(2, SMALL)]
    assert read(name, content, earliest="1969-01-01").reasons() == []
    assert read("x.csv", rows(45_000, 45_000.5), time_unit="days", time_origin="1899-12-30").column("time_us") == [
        1_678_878_000_000_000,
        1_678_878_000_000_000,
    ]


def test_limits_of_a_source_count_in_local_days(read: Callable[..., Any]) -> None:
    times = ["2024-12-31T23:59:59", "2025-01-01T00:00:00", "2025-03-31T23:59:59", "2025-04-01", "2024-12-31T23:30:00Z"]
    result = read("e.csv", rows(*times), earliest="2025-01-01", latest="2025-03-31")
    assert result.reasons() == [(1, EARLY), (4, LATE)]
    only_late = read("l.csv", rows(*times, "1970-01-01"), latest="2025-03-31")
    assert only_late.reasons() == [(4, LATE), (6, ZERO)]


def test_a_source_may_admit_the_first_day_of_the_epoch(read: Callable[..., Any]) -> None:
    assert read("e.csv", rows("1970-01-01", "1969-12-31"), earliest="1970-01-01").reasons() == [(2, EARLY)]


def test_a_deletion_may_have_any_time(read: Callable[..., Any]) -> None:
    content = "user,time,key,gone\nu,1970-01-01,k1,1\nu,,k2,1\nu,1970-01-01,k3,\nu,2025-01-01,k4,\n"
    result = read("e.csv", content, columns={"key": "key", "deleted": "gone"})
    assert result.reasons() == [(3, ZERO)]
    assert result.column("tombstone") == [True, True, False]


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="`earliest` \\(2025-01-02\\) is after `latest`"):
        EventSource(columns=EventColumns(user="u", time="t"), path="x.csv", earliest=date(2025, 1, 2), latest=date(2025, 1, 1))
