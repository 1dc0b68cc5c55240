"""Single rows of an impossible time: none of the future moves anybody's today, and all of them are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from companies import Company, Delivery, Row, Site, make_company, site_of
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.extent import STRAY_MONTHS, STRAY_SHARE, find_strays

COUNTS = st.dictionaries(st.integers(24_000, 24_100) | st.integers(22_800, 26_400), st.integers(1, 500), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(7, users=4, events=60, nights=2, changes=False)


def dated(company: Company, *times: str) -> Delivery:
    """A purchase of the first user at each of these times."""
    usual = next(row for row in company.final["shop"] if row["what"] == "sale")
    rows: list[Row] = [{**usual, "at": at, "receipt": f"stray {at} {number}"} for number, at in enumerate(times)]
    return Delivery("shop", f"stray-{len(times)}-{times[0][:10]}", tuple(rows))


def learned(folder: Path, company: Company, *strays: Delivery) -> Site:
    site = site_of(folder, company)
    site.deliver(*strays)
    site.learn()
    return site


@given(COUNTS)
def test_strays_are_few_and_far_away(months: dict[int, int]) -> None:
    early, late = find_strays(months)
    whole = sum(months.values())
    for strays, inside, nearest in (
        (late, [month for month in months if late and month < late.month], max),
        (early, [month for month in months if early and month > early.month], min),
    ):
        if strays is not None:
            assert strays.rows * STRAY_SHARE <= whole
            assert abs(nearest(inside) - strays.month) > STRAY_MONTHS
            assert sum(months[month] for month in inside) + strays.rows == whole


def test_months_next_to_one_another_and_many_rows_are_no_strays() -> None:
    assert find_strays({24_000: 1, 24_012: 1000, 24_024: 1}) == (None, None)
    assert find_strays({24_000: 1000, 24_100: 11}) == (None, None)
    early, late = find_strays({22_800: 1, 24_000: 1000, 24_100: 4, 26_400: 5})
    assert early is not None
    assert late is not None
    assert (early.rows, early.month, late.rows, late.month) == (1, 22_800, 9, 24_100)


def test_one_row_of_the_far_future_changes_nothing_and_is_told(tmp_path: Path, company: Company) -> None:
    plain = site_of(tmp_path / "plain", company)
    usual = plain.learn()
    site = site_of(tmp_path / "stray", company)
    site.deliver(dated(company, "2099-12-31T00:00", "2031-05-05T10:00"))
    report = site.learn()
    assert site.digest() == plain.digest()
    assert report.as_of == usual.as_of
    assert any("2 rows are dated 2031-05 or later" in line for line in report.warnings)
    assert site.learn().warnings == ()


@pytest.mark.slow
def test_asked_for_a_later_instant_they_are_learned(tmp_path: Path, company: Company) -> None:
    site = site_of(tmp_path, company)
    site.deliver(dated(company, "2031-05-05T10:00"))
    before = site.learn().events
    assert site.learn(as_of="2032-01-01").events == before + 1


@pytest.mark.slow
def test_night_by_night_they_are_left_out_until_enough_others_join_them(tmp_path: Path, company: Company) -> None:
    site = Site(tmp_path / "nightly").set_up(company)
    first, second = company.nights
    site.deliver(*first, dated(company, "2031-05-05T10:00"))
    site.learn()
    site.deliver(*second)
    site.learn()
    stray = dated(company, "2031-05-05T10:00")
    assert site.digest() == learned(tmp_path / "once", company, stray).digest()
    # Real life goes on in 2031: the first row of that year counts from now on, too.
    more = dated(company, *(f"2031-05-{day:02d}T12:00" for day in range(1, 29)))
    site.deliver(more)
    report = site.learn()
    assert str(report.as_of).startswith("2031-05-28")
    assert site.digest() == learned(tmp_path / "all", company, stray, more).digest()


@pytest.mark.slow
def test_rows_that_counted_among_few_are_left_out_among_many(tmp_path: Path, company: Company) -> None:
    few = dated(company, *(f"2025-03-{day:02d}T12:00" for day in range(1, 20)))
    stray = dated(company, "2031-05-05T10:00")
    site = Site(tmp_path / "nightly").set_up(company)
    site.deliver(few, stray)
    assert str(site.learn().as_of).startswith("2031")
    for night in company.nights:
        site.deliver(*night)
    report = site.learn()
    assert not str(report.as_of).startswith("2031")
    assert site.digest() == learned(tmp_path / "once", company, few, stray).digest()


@pytest.mark.slow
def test_rows_of_the_far_past_are_learned_as_they_stand_and_told(tmp_path: Path, company: Company) -> None:
    site = site_of(tmp_path, company)
    before = site.learn().events
    site.deliver(dated(company, "1995-01-01T10:00"))
    site.settings = {"learning": {"item_facts": 39}}
    report = site.learn()
    assert report.events == before + 1
    assert any("1 rows are dated 1995-01 or earlier" in line for line in report.warnings)
    site.settings = {"sources": {"shop": {"earliest": "2025-01-01"}}}
    report = site.learn()
    assert (report.events, report.rejected_rows) == (before, 1)
