"""What is a morning or an evening is one and the same wherever memory is learned, told, worded, checked and documented."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from memlearn.grounding.events import BANDS
from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.times import read_hours
from memlearn.grounding.freetext.tokens import tokenise
from memlearn.learning.agent.statistics.times import TIMES
from memlearn.learning.embedded.bands import BAND_OF_SLOT
from memlearn.records.hours import HOURS

FACTS = Path(__file__).parents[2] / "docs" / "facts.md"
WORDS = {
    "mornings": "in the morning",
    "middays": "at midday",
    "afternoons": "in the afternoons",
    "evenings": "in the evening",
    "nights": "at night",
}


def hours_of(name: str) -> set[int]:
    first, end = HOURS[name]
    return {hour % 24 for hour in range(first, end)}


def test_the_times_of_the_day_are_a_day() -> None:
    assert sorted(hour for name in HOURS for hour in hours_of(name)) == list(range(24))


@pytest.mark.parametrize("name", list(HOURS))
def test_all_parts_mean_the_same_hours(name: str) -> None:
    assert {slot % 25 for slot in range(175) if BAND_OF_SLOT[name][slot] == 1} == hours_of(name)
    _, inside = BANDS[name]
    query = f"select hour from range(24) as hours(hour) where {inside}"
    assert {hour for (hour,) in duckdb.sql(query).fetchall()} == hours_of(name)
    read = read_hours(tokenise(WORDS[name]), 0)
    assert read is not None
    assert read[0] == [el.Hours(HOURS[name][0] * 3600, HOURS[name][1] * 3600)]
    assert f"{HOURS[name][0]}-{HOURS[name][1] % 24}h" in TIMES
    told = FACTS.read_text(encoding="utf-8")
    assert re.search(rf"`{name}`\s+{HOURS[name][0]} to {HOURS[name][1] % 24}\b", told)
