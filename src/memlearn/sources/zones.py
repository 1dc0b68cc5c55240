"""Time zones over whole columns: local time to UTC and back by the zone's transitions. No parsing of text."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

FIRST_YEAR = 1900
LAST_YEAR = 2199
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_US = 1_000_000

Int64Array = NDArray[np.int64]


def check_zone(name: str) -> str:
    """Return the name of a time zone if it is one.

    Raises:
        ValueError: there is no such zone; the message names the nearest ones.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        folded = {known.casefold(): known for known in available_timezones()}
        near = [folded[match] for match in difflib.get_close_matches(name.casefold(), sorted(folded), n=3, cutoff=0.6)]
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ValueError(f"Time zone {name!r} is unknown.{hint} Use a name such as 'Europe/Berlin' or 'UTC'.") from error
    return name


def local_to_utc(zone: str, local_us: Int64Array) -> Int64Array:
    """Turn local clock times into instants.

    A time that a change of clocks skips is read with the offset before the change (02:30 becomes 03:30); a time that occurs
    twice is the first of the two.

    Args:
        zone: name of the time zone.
        local_us: microseconds of the local clock since 1970-01-01T00:00, within the years 1900 to 2199.
    """
    if local_us.size == 0:
        return local_us
    instants, offsets = _transitions(zone, *_years(local_us))
    if len(instants) == 0:
        return local_us - int(offsets[0]) * _SECOND_US
    # The offset before a change holds until both readings of the clock have passed it.
    borders = (instants + np.maximum(offsets[:-1], offsets[1:])) * _SECOND_US
    shift: Int64Array = np.take(offsets, np.searchsorted(borders, local_us, side="right")) * _SECOND_US
    return np.subtract(local_us, shift)


def utc_offsets(zone: str, utc_us: Int64Array) -> NDArray[np.int32]:
    """Seconds that local time is ahead of UTC at each instant."""
    if utc_us.size == 0:
        return np.zeros(0, dtype=np.int32)
    instants, offsets = _transitions(zone, *_years(utc_us))
    if len(instants) == 0:
        return np.full(utc_us.size, offsets[0], dtype=np.int32)
    return offsets.astype(np.int32)[np.searchsorted(instants * _SECOND_US, utc_us, side="right")]


def _years(us: Int64Array) -> tuple[int, int]:
    """The years that the instants span, with a day to spare on both sides."""
    day = 86_400 * _SECOND_US
    first, last = ((_EPOCH + timedelta(microseconds=int(edge))).year for edge in (us.min() - day, us.max() + day))
    return first, last


@lru_cache(maxsize=256)
def _transitions(zone: str, first_year: int, last_year: int) -> tuple[Int64Array, Int64Array]:
    """Instants (seconds) at which the offset changes, and the offsets before, between and after them (seconds)."""
    years = [_year_transitions(zone, year) for year in range(first_year, last_year + 1)]
    instants = [instant for year in years for instant, _ in year]
    after = [offset for year in years for _, offset in year]
    offsets = [_offset(zone, _year_start(first_year)), *after]
    return np.array(instants, dtype=np.int64), np.array(offsets, dtype=np.int64)


@lru_cache(maxsize=4096)
def _year_transitions(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """(instant, offset from then on) of every change of offset within a year."""
    found = []
    low, end = _year_start(year), _year_start(year + 1)
    before = _offset(zone, low)
    while low < end:
        high = min(low + 86_400, end)
        after = _offset(zone, high)
        if after != before:
            found.append((_first_instant_with(zone, low, high, before), after))
            before = after
        low = high
    return tuple(found)


def _first_instant_with(zone: str, low: int, high: int, before: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _year_start(year: int) -> int:
    return int((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())


def _offset(zone: str, instant: int) -> int:
    moment = _EPOCH + timedelta(seconds=instant)
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
