# ruff: noqa: DTZ001  -- local times without a zone are what is tested
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import ConfigError, SourceError
from memlearn.sources.times import AMBIGUOUS, OUTSIDE, UNREADABLE, TimeReader, TimeRules, Times
from memlearn.sources.zones import check_zone, local_to_utc, utc_offsets

BERLIN = "Europe/Berlin"


def reads(values: Sequence[object] | pl.Series, zone: str = BERLIN, pieces: int = 1, **rules: object) -> Times:
    column = values if isinstance(values, pl.Series) else pl.Series(values)
    reader = TimeReader(TimeRules(zone, **rules), "Source 's'", lambda: iter([column]))
    size = max(1, len(column) // pieces)
    parts = [reader.read(column.slice(start, size)) for start in range(0, len(column), size)]
    return Times(*(pl.concat([getattr(part, name) for part in parts]) for name in ("us", "offset_s", "has_clock", "problem")))


def written(times: Times) -> list[str | None]:
    return [None if us is None else (datetime(1970, 1, 1) + timedelta(microseconds=us)).isoformat() for us in times.us.to_list()]


def test_local_times_follow_the_clock_changes() -> None:
    times = reads(["2025-03-30 01:59:00", "2025-03-30 02:30:00", "2025-03-30 03:00:00", "2025-10-26 02:30:00", "2025-10-26 03:00:00"])
    assert written(times) == [
        "2025-03-30T00:59:00",
        "2025-03-30T01:30:00",
        "2025-03-30T01:00:00",
        "2025-10-26T00:30:00",
        "2025-10-26T02:00:00",
    ]
    assert times.offset_s.to_list() == [3600, 7200, 7200, 7200, 3600]


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "UTC"]


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2060, 1, 1)), min_size=1, max_size=20))
def test_local_times_are_read_as_the_standard_library_reads_them(zone: str, moments: list[datetime]) -> None:
    # Naive datetimes with fold 0: the earlier of two, and the offset before a gap.
    local = np.array([round((moment - datetime(1970, 1, 1)) / timedelta(microseconds=1)) for moment in moments], dtype=np.int64)
    instants = local_to_utc(zone, local)
    expected = [moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for moment in moments]
    assert [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(us)) for us in instants] == expected
    offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset().total_seconds() for moment in expected]
    assert utc_offsets(zone, instants).tolist() == offsets


def test_one_column_may_mix_formats() -> None:
    texts = {
        "2025-06-01 10:00:00": "2025-06-01T08:00:00",
        "2025-06-01T10:00:00.250Z": "2025-06-01T10:00:00.250000",
        "2025-06-01T10:00:00+05:30": "2025-06-01T04:30:00",
        "2025-06-01 10:00 UTC": "2025-06-01T10:00:00",
        "2025/6/1 9:05": "2025-06-01T07:05:00",
        "01.06.2025 10:00": "2025-06-01T08:00:00",
        "1 Jun 2025 10:00 PM": "2025-06-01T20:00:00",
        "June 1, 2025": "2025-06-01T10:00:00",
        "Mon, 02 Jun 2025 10:00:00 +0000": "2025-06-02T10:00:00",
        "20250601": "2025-06-01T10:00:00",
        "20250601T101112": "2025-06-01T08:11:12",
        "1748764800": "2025-06-01T08:00:00",
        " 2025-06-01 ": "2025-06-01T10:00:00",
    }
    times = reads(list(texts))
    assert written(times) == list(texts.values())
    assert times.problem.null_count() == len(texts)
    assert written(reads(list(texts), pieces=5)) == list(texts.values())


def test_what_is_no_time_has_a_reason_and_blanks_have_none() -> None:
    times = reads(["2025-06-01", "soon", "2025-02-30", "0025-06-01", "99999999999999", "", None, "NaT"])
    assert times.problem.to_list() == [None, UNREADABLE, UNREADABLE, OUTSIDE, OUTSIDE, None, None, None]
    assert times.us.null_count() == 7


def test_a_date_stands_for_noon_and_has_no_clock_and_neither_has_midnight() -> None:
    times = reads(["2025-06-01", "2025-06-01 00:00:00", "2025-06-01 00:00:01", "2025-06-01T00:00:00+09:00", "2025-06-01T08:00:00+02:00"])
    assert times.has_clock.to_list() == [False, False, True, False, True]
    assert written(times)[:2] == ["2025-06-01T10:00:00", "2025-05-31T22:00:00"]
    assert written(reads([date(2025, 6, 1)])) == written(reads(["2025-06-01"]))
    assert written(reads([date(2025, 6, 1)], day_part="start")) == ["2025-05-31T22:00:00"]
    assert written(reads(["2025-06-01"], day_part="end")) == ["2025-06-01T22:00:00"]


def test_typed_columns_equal_their_text() -> None:
    naive = [datetime(2025, 3, 30, 2, 30), datetime(2025, 7, 1, 0, 0), None]
    typed, text = reads(naive), reads(["2025-03-30 02:30:00", "2025-07-01 00:00:00", None])
    assert all(getattr(typed, name).equals(getattr(text, name)) for name in ("us", "offset_s", "has_clock"))
    aware = reads(pl.Series([datetime(2025, 7, 1, 8, tzinfo=timezone(timedelta(hours=2)))]))
    assert (written(aware), aware.offset_s.to_list()) == (["2025-07-01T06:00:00"], [7200])
    zoned = reads(pl.Series([datetime(2025, 7, 1)]).dt.replace_time_zone("Asia/Tokyo"))
    assert (written(zoned), zoned.has_clock.to_list()) == (["2025-06-30T15:00:00"], [False])


def test_the_order_of_day_and_month_is_decided_over_the_whole_file() -> None:
    assert written(reads(["03/04/2025", "13/04/2025"], pieces=2)) == ["2025-04-03T10:00:00", "2025-04-13T10:00:00"]
    assert written(reads(["03/04/2025", "04/13/2025"], pieces=2)) == ["2025-03-04T11:00:00", "2025-04-13T10:00:00"]
    mixed = reads(["03/04/2025", "13/04/2025", "04/13/2025", "5/5/2025"], pieces=4)
    assert mixed.problem.to_list() == [AMBIGUOUS, None, None, None]
    with pytest.raises(SourceError, match=r"'03/04/2025' could begin with the day or the month.*time_formats"):
        reads(["05/05/2025", "03/04/2025"])
    assert written(reads(["03.04.2025"])) == ["2025-04-03T10:00:00"]
    assert written(reads(["03/04/2025 10:00"], formats=["%m/%d/%Y", "%m/%d/%Y %H:%M"])) == ["2025-03-04T09:00:00"]


def test_configured_formats_are_the_only_ones() -> None:
    times = reads(["01.02.25 10:00", "2025-02-01", "20250201 101500.5"], formats=["%d.%m.%y %H:%M", "%Y%m%d %H%M%S.%f"])
    assert written(times) == ["2025-02-01T09:00:00", None, "2025-02-01T09:15:00.500000"]
    assert times.problem.to_list() == [None, UNREADABLE, None]
    with pytest.raises(ConfigError, match="'%Q' is not valid"):
        reads(["x"], formats=["%Q"])


def test_numbers_count_from_their_origin() -> None:
    assert written(reads([1_748_764_800, 20_250_601])) == ["2025-06-01T08:00:00", "2025-06-01T10:00:00"]
    assert written(reads([1_748_764_800_123], unit="ms")) == ["2025-06-01T08:00:00.123000"]
    days = reads([1.0, 2.5, None], unit="days", origin="2016-03-23")
    assert written(days) == ["2016-03-24T11:00:00", "2016-03-25T11:00:00", None]
    assert days.has_clock.to_list() == [False, True, False]
    assert written(reads(["20250601"], unit="days", origin="2016-03-23")) == [None]
    assert written(reads(["20250601", "2025061"])) == ["2025-06-01T10:00:00", "1970-01-24T10:31:01"]
    assert written(reads([60], origin="2016-03-23")) == ["2016-03-22T23:01:00"]
    wrong_unit = reads([1_748_764_800_123, 2**62])
    assert wrong_unit.problem.to_list() == [OUTSIDE, OUTSIDE]


@settings(deadline=None)
@given(st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=20), st.integers(1, 5))
def test_text_reads_as_the_value_it_was_written_from(moments: list[datetime], pieces: int) -> None:
    typed = reads(pl.Series(moments, dtype=pl.Datetime("us")))
    for pattern in ("%Y-%m-%d %H:%M:%S%.6f", "%d %B %Y %H:%M:%S%.6f", "%d.%m.%Y %H:%M:%S%.6f"):
        text = pl.Series(moments, dtype=pl.Datetime("us")).dt.to_string(pattern)
        read = reads(text, pieces=pieces)
        assert read.us.equals(typed.us)
        assert read.has_clock.equals(typed.has_clock)


def test_an_unknown_zone_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'Europe/Berln' is unknown. Did you mean 'Europe/Berlin'"):
        check_zone("Europe/Berln")
