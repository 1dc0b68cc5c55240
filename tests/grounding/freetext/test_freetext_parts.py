"""Numbers, money, periods, times and names as they are read."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.grounding.freetext import UserView
from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.dates import read_period
from memlearn.grounding.freetext.numbers import read_money, read_quantity, read_share, read_times
from memlearn.grounding.freetext.reader import read_text
from memlearn.grounding.freetext.spans import day_of, number
from memlearn.grounding.freetext.times import read_duration, read_hours, read_rate, read_weekdays
from memlearn.grounding.freetext.tokens import tokenise

TODAY = number(date(2026, 5, 31))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("14", 14, 14), ("four", 4, 4), ("a dozen", 12, 12), ("twenty-two", 22, 22), ("two hundred and four", 204, 204), ("about 50", 45, 55), ("1,090", 1090, 1090),
        ("2.7k", 2650, 2750), ("between 3 and 5", 3, 5), ("at least 4", 4, float("inf")), ("up to 9", float("-inf"), 9), ("ca. 20", 18, 22),
    ],
)  # fmt: skip
def test_numbers(text: str, low: float, high: float) -> None:
    found = read_quantity(tokenise(text), 0)
    assert found is not None
    assert (found[0].low, found[0].high) == (pytest.approx(low), pytest.approx(high))


def test_more_than_leaves_out_the_number_itself() -> None:
    found = read_quantity(tokenise("more than 20"), 0)
    assert found is not None
    assert (found[0].holds(20), found[0].holds(21)) == (False, True)


@pytest.mark.parametrize(
    ("text", "cents", "currency"),
    [("€12.50", 1250, "EUR"), ("12,50 EUR", 1250, "EUR"), ("EUR 1,250.00", 125000, "EUR"), ("$5", 500, "USD"), ("817 cents", 817, None), ("500 yen", 500, "JPY"),
     ("45.20 US dollars", 4520, "USD"), ("2k euros", 200000, "EUR")],
)  # fmt: skip
def test_money(text: str, cents: int, currency: str | None) -> None:
    found = read_money(tokenise(text), 0)
    assert found is not None
    assert (found[0].quantity.value, found[0].currency) == (pytest.approx(cents), currency)


def test_a_number_alone_is_no_money() -> None:
    assert read_money(tokenise("12 purchases"), 0) is None


@pytest.mark.parametrize(
    ("text", "share"),
    [("75%", 0.75), ("two-thirds", 2 / 3), ("one in five", 0.2), ("a quarter", 0.25), ("80 percent", 0.8), ("every third purchase", 1 / 3)],
)
def test_shares(text: str, share: float) -> None:
    found = read_share(tokenise(text), 0)
    assert found is not None
    assert found[0].quantity.value == pytest.approx(share)


def test_times() -> None:
    found = read_times(tokenise("twice"), 0)
    assert found is not None
    assert found[0].quantity.value == 2


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("on 2 June 2025", "2025-06-02", "2025-06-02"), ("on June 2nd, 2025", "2025-06-02", "2025-06-02"), ("on 02.06.2025", "2025-06-02", "2025-06-02"),
        ("on 04/20/2026", "2026-04-20", "2026-04-20"), ("on 2025-06-02", "2025-06-02", "2025-06-02"), ("in March 2026", "2026-03-01", "2026-03-31"),
        ("in 03/2026", "2026-03-01", "2026-03-31"), ("last summer", "2025-06-01", "2025-08-31"), ("this spring", "2026-03-01", "2026-05-31"),
        ("in winter 2025", "2025-12-01", "2026-02-28"), ("in the second half of 2025", "2025-07-01", "2025-12-31"), ("in the first five months of 2026", "2026-01-01", "2026-05-31"),
        ("in the first week of June 2025", "2025-06-01", "2025-06-07"), ("between June and August 2025", "2025-06-01", "2025-08-31"),
        ("from December 2025 to January 2026", "2025-12-01", "2026-01-31"), ("June–November 2025", "2025-06-01", "2025-11-30"), ("in October", "2025-10-01", "2025-10-31"),
        ("on 3 March", "2026-03-03", "2026-03-03"), ("in the last three months", "2026-03-01", "2026-05-31"), ("in 2025", "2025-01-01", "2025-12-31"),
    ],
)  # fmt: skip
def test_periods(text: str, first: str, last: str) -> None:
    found = read_period(tokenise(text), 0, TODAY)
    assert found is not None
    assert (str(day_of(found[0].start)), str(day_of(found[0].end))) == (first, last)


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.sampled_from(["{:%Y-%m-%d}", "on {:%d %B %Y}", "{:%d.%m.%Y}", "on {:%B %d, %Y}"]))
def test_every_day_is_read_back(day: date, form: str) -> None:
    found = read_period(tokenise(form.format(day)), 0, TODAY)
    assert found is not None
    assert (day_of(found[0].start), day_of(found[0].end)) == (day, day)


def test_prepositions_open_periods() -> None:
    ends = {text: read_period(tokenise(f"{text} 4 May 2026"), 0, TODAY) for text in ("since", "before", "after", "until")}
    day = number(date(2026, 5, 4))
    read = {text: (found[0].start, found[0].end) for text, found in ends.items() if found is not None}
    assert read == {
        "since": (day, el.FOREVER),
        "before": (-el.FOREVER, day - 1),
        "after": (day + 1, el.FOREVER),
        "until": (-el.FOREVER, day),
    }


@pytest.mark.parametrize(
    ("text", "gap"),
    [("weekly", 7), ("every other week", 14), ("every nine days", 9), ("twice a week", 3.5), ("once a month", 30.4375), ("3x/week", 7 / 3)],
)
def test_rates(text: str, gap: float) -> None:
    found = read_rate(tokenise(text), 0)
    assert found is not None
    assert found[0].gap == pytest.approx(gap)


def test_durations_days_and_hours() -> None:
    duration, days, hours = (
        read_duration(tokenise("at least 17 weeks"), 0),
        read_weekdays(tokenise("Monday to Friday"), 0),
        read_hours(tokenise("after 10 pm"), 0),
    )
    assert duration is not None
    assert duration[0].quantity.low == 119
    assert days is not None
    assert days[0].days == frozenset(range(5))
    assert hours is not None
    assert hours[0] == [el.Hours(22 * 3600, 24 * 3600)]


def test_names_are_read_in_any_spelling_and_the_longest_first(view: UserView) -> None:
    parts = [part.value for part in read_text("Paid blue bottle, Green-Market and “Coffee cashback” in Wohnidee", view).parts]
    names = [value for value in parts if isinstance(value, el.Name)]
    assert [name.text for name in names] == ["blue bottle", "Green Market", "coffee cashback", "Wohnidee"]
    assert [bool(name.masks) for name in names] == [True, True, True, False]


def test_words_that_are_in_no_table_are_unknown(view: UserView) -> None:
    assert read_text("Adores coffee", view).unknown == ["Adores"]
