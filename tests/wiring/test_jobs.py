"""From a config to a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.wiring.jobs import instant_us, make_job
from memlearn.wiring.load import load_config
from memlearn.wiring.starter import write_starter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_text_and_datetime_are_the_same_instant(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert EPOCH + timedelta(microseconds=instant_us(aware.isoformat(), "Asia/Tokyo", "at")) == aware
    assert instant_us(aware, "Asia/Tokyo", "at") == instant_us(moment.isoformat(), "UTC", "at")


def test_a_date_is_its_first_moment_in_the_config_zone() -> None:
    assert instant_us("2026-06-01", "Europe/Berlin", "at") == instant_us("2026-05-31T22:00:00Z", "UTC", "at")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "31.05.2026", "2026-05-31T25:00:00"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"as_of .* is not an instant"):
        instant_us(text, "UTC", "as_of")


def test_a_job_holds_what_the_config_says(tmp_path: Path) -> None:
    loaded = load_config(write_starter(tmp_path)[0])
    job = make_job(loaded, as_of="2026-03-01", users=["anna", "anna"])
    assert job.layout.root == tmp_path / "store"
    assert job.context.attributes == ("shop",)
    assert job.context.base == tmp_path
    assert job.users == ("anna",)
    assert job.as_of_us == instant_us("2026-03-01", "Europe/Berlin", "as_of")
    with pytest.raises(UsageError, match="No user is named"):
        make_job(loaded, users=[])
