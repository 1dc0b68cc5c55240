"""Where to cut: three periods of the same length at the end of the data, one to tune on, one to validate by, one to test by.

A cut is the first instant that memory does not see. Cuts are the first moments of months, weeks or days in local time; the truth
of a cut never reaches into the next period, so that nothing of the test period is seen in validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from memlearn.errors import InputError
from memlearn.evaluation.config import EvaluationConfig

Unit = Literal["day", "week", "month"]

_EPOCH = date(1970, 1, 1)
_EPOCH_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS: tuple[Unit, ...] = ("month", "week", "day")
_PERIODS = 3


@dataclass(frozen=True, slots=True)
class TimeCut:
    """One cut.

    Args:
        name: the day in words of the calendar, `2026-05-01`.
        as_of_us: the first instant that memory does not see, microseconds UTC.
        until_us: the first instant that is no longer truth.
    """

    name: str
    as_of_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Periods:
    """All cuts of the three periods, each in order of time.

    Args:
        tuning: the cuts that baselines are tuned on for validation.
        validation: the cuts of a plain evaluation; baselines are tuned on them for the test.
        test: the cuts of a final look.
        unit: how far they lie apart.
    """

    tuning: tuple[TimeCut, ...]
    validation: tuple[TimeCut, ...]
    test: tuple[TimeCut, ...]
    unit: Unit


def choose_cuts(first_day: int, last_day: int, zone: str, config: EvaluationConfig) -> Periods:
    """Lay the cuts.

    Args:
        first_day: of any visit, days since 1970-01-01, local.
        last_day: of any visit.
        zone: IANA name of the zone whose midnights are cuts.
        config: how many cuts, and how far apart.

    Raises:
        InputError: the data covers too little time.
    """
    start, end = _EPOCH + timedelta(first_day), _EPOCH + timedelta(last_day + 1)
    units = _UNITS if config.every == "auto" else (config.every,)
    # Half of the time is left to learn from, unless the distance was asked for.
    earliest = start + timedelta((end - start).days // 2) if config.every == "auto" else start + timedelta(1)
    for number in range(config.cuts, 0, -1):
        for unit in units:
            days = _starts(end, unit, _PERIODS * number)
            if days[0] >= earliest:
                return _lay(days, end, number, unit, zone, config)
    raise InputError(
        f"The data covers {(end - start).days} days, {start} to {end - timedelta(1)}; that is too little to learn from one part and to be judged by "
        "others. Evaluate with more data" + ("." if config.every == "auto" else ", or with `evaluation.every: auto`.")
    )


def _starts(end: date, unit: Unit, number: int) -> list[date]:
    """The newest starts of whole units that end by `end`, or nearly so, in order."""
    found: list[date] = []
    day = _start_of(end, unit)
    while len(found) < number:
        length = (_next(day, unit) - day).days
        # A month of which a day or two is missing is one.
        if (_next(day, unit) - end).days <= length // 10 and day < end:
            found.append(day)
        day = _start_of(day - timedelta(1), unit)
    return found[::-1]


def _start_of(day: date, unit: Unit) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(day.weekday()) if unit == "week" else day


def _next(day: date, unit: Unit) -> date:
    if unit == "month":
        return (day.replace(day=1) + timedelta(31)).replace(day=1)
    return day + timedelta(7 if unit == "week" else 1)


def _lay(days: Sequence[date], end: date, number: int, unit: Unit, zone: str, config: EvaluationConfig) -> Periods:
    bounds = [days[number], days[2 * number], end]
    tuning, validation, test = (
        tuple(_cut(day, bounds[period], zone, config) for day in days[period * number : (period + 1) * number])
        for period in range(_PERIODS)
    )
    return Periods(tuning, validation, test, unit)


def _cut(day: date, end: date, zone: str, config: EvaluationConfig) -> TimeCut:
    until = min(end, day + timedelta(config.horizon_days)) if config.truth == "horizon" else end
    return TimeCut(day.isoformat(), midnight_us(day, zone), midnight_us(until, zone))


def midnight_us(day: date, zone: str) -> int:
    """The first moment of a local day, microseconds UTC."""
    return (datetime.combine(day, time(), ZoneInfo(zone)) - _EPOCH_TIME) // _MICROSECOND
