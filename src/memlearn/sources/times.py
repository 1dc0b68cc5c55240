"""Columns of times, of any dtype and format, read as instants with the local offset. Formats are told in `time_formats`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

import numpy as np
import polars as pl

from memlearn.errors import ConfigError, SourceError
from memlearn.sources.texts import clean_ids
from memlearn.sources.time_formats import NUMBER, DayOrder, TimeFormat, detect_format
from memlearn.sources.zones import FIRST_YEAR, LAST_YEAR, Int64Array, local_to_utc, utc_offsets

DayPart = Literal["start", "noon", "end"]
_DAY_US = 86_400_000_000
_PART_US: dict[DayPart, int] = {"start": 0, "noon": _DAY_US // 2, "end": _DAY_US}
_UNIT_US = {"s": 1_000_000, "ms": 1_000, "us": 1, "days": _DAY_US}
_EARLIEST_US = int(datetime(FIRST_YEAR, 1, 2, tzinfo=UTC).timestamp()) * 1_000_000
_LATEST_US = int(datetime(LAST_YEAR, 12, 30, tzinfo=UTC).timestamp()) * 1_000_000
# Stands for a number that is too small, until the problem is told.
_TOO_SMALL_US = _EARLIEST_US - 1
_WRITTEN_MIDNIGHT = r"[T\s]0?0:00(?::00(?:\.0+)?)?\s*(?:[+-]|$)"
_DIRECTIVES = frozenset("aAbBdDeFfHIjkmMpPRSTyYz%")
# Without separators a format takes texts of other lengths, too.
_BY_VALUE = (NUMBER, "%Y%m%d")
_NUMERIC_ORDER = re.compile(r"%[dm][-/.]%[dm]")
_MONTHS = 12
_NUMERIC_DAY = (19_000_101, 21_991_231)

UNREADABLE = "time is not readable"
AMBIGUOUS = "time could be day or month first"
SMALL = (
    "time is a number too small for seconds, which would lie on 1970-01-01 (days of a spreadsheet: time_unit: days, time_origin: 1899-12-30; "
    "earliest: 1970-01-01 admits it)"
)
OUTSIDE = f"time is outside the years {FIRST_YEAR} to {LAST_YEAR} (check time_unit and time_origin)"


@dataclass(frozen=True, slots=True)
class Times:
    """Instants read from a column; columns of equal height.

    Args:
        us: microseconds since 1970 UTC; null where missing or unreadable.
        offset_s: seconds that local time was ahead of UTC; null alike.
        has_clock: whether the source gave a time of day (not just a date, not exactly midnight).
        problem: why a value that is there cannot be read; null elsewhere.
    """

    us: pl.Series
    offset_s: pl.Series
    has_clock: pl.Series
    problem: pl.Series


@dataclass(frozen=True, slots=True)
class TimeRules:
    """How a source writes times.

    Args:
        zone: zone of times without an offset, and of the local offset.
        formats: strptime formats to try in order instead of detecting.
        unit: unit of numbers: s, ms, us or days.
        origin: what numbers count from, ISO; the default is the Unix epoch in UTC, any other is local time.
        day_part: what instant a date without a time stands for.
        small: True takes numbers for seconds of the first day of 1970, too; they are nearly always something else.
    """

    zone: str
    formats: Sequence[str] = ()
    unit: str = "s"
    origin: str = "1970-01-01"
    day_part: DayPart = "noon"
    small: bool = False


class TimeReader:
    """Reads one column of one delivery; what must be decided over the whole file is decided once, when first needed."""

    def __init__(self, rules: TimeRules, where: str, scan: Callable[[], Iterator[pl.Series]]) -> None:
        """Set up.

        Args:
            rules: how the source writes times.
            where: names source, file and column in messages.
            scan: reads the whole column again, in pieces.
        """
        self._rules = rules
        self._where = where
        self._scan = scan
        self._order: DayOrder | None = None
        self._usual: TimeFormat | None = None
        self._formats = [_configured(pattern, where) for pattern in rules.formats]

    def read(self, values: pl.Series) -> Times:
        """Read some of the column's values.

        Raises:
            SourceError: no value of the whole file tells whether dates like 03/04/2025 begin with the day or the month.
        """
        dtype = values.dtype
        if isinstance(dtype, pl.Datetime):
            return self._datetimes(values, dtype.time_zone)
        if dtype == pl.Date:
            return self._dates(values)
        if dtype.is_numeric() and not self._formats:
            return self._numbers(values)
        return self._texts(clean_ids(values))

    def order(self) -> DayOrder:
        """What dates like 03/04/2025 begin with, decided over the whole file."""
        if self._order is None:
            self._order = _decide_order(self._scan())
        return self._order

    def _datetimes(self, values: pl.Series, zone: str | None) -> Times:
        us = values.dt.cast_time_unit("us")
        if zone is None:
            local = us.to_physical()
            return self._finish(local, utc=None, has_clock=local % _DAY_US != 0)
        written = us.dt.replace_time_zone(None) if zone == "UTC" else us.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        return self._finish(us.to_physical(), utc=True, has_clock=written.to_physical() % _DAY_US != 0)

    def _dates(self, values: pl.Series) -> Times:
        local = values.to_physical().cast(pl.Int64) * _DAY_US + _PART_US[self._rules.day_part]
        return self._finish(local, utc=None, has_clock=pl.repeat(False, len(values), eager=True))

    def _numbers(self, values: pl.Series) -> Times:
        rules = self._rules
        origin = datetime.fromisoformat(rules.origin)
        epoch = origin.tzinfo is not None or rules.origin == "1970-01-01"
        origin_us = _micros(origin)
        if rules.unit == "days":
            return self._day_numbers(values, origin_us)
        if not epoch:
            origin_us = int(local_to_utc(rules.zone, np.array([origin_us], dtype=np.int64))[0])
        us = _scaled(values, _UNIT_US[rules.unit]) + origin_us
        if rules.unit == "s" and rules.origin == "1970-01-01" and not rules.small:
            us = us.set((us.abs() < _DAY_US) & (us != 0), _TOO_SMALL_US)
        has_clock = (us + _offsets(rules.zone, us).cast(pl.Int64) * 1_000_000) % _DAY_US != 0
        days = _calendar_numbers(values) if rules.unit == "s" and rules.origin == "1970-01-01" else None
        if days is None:
            return self._finish(us, utc=True, has_clock=has_clock)
        midnights = days.to_physical().cast(pl.Int64) * _DAY_US + _PART_US[rules.day_part]
        is_day = days.is_not_null()
        return self._finish(midnights.zip_with(is_day, us), utc=~is_day, has_clock=has_clock & ~is_day)

    def _day_numbers(self, values: pl.Series, origin_us: int) -> Times:
        local = _scaled(values, _DAY_US) + origin_us
        whole = local % _DAY_US == 0
        local = local + whole.cast(pl.Int64) * _PART_US[self._rules.day_part]
        return self._finish(local, utc=None, has_clock=~whole)

    def _texts(self, text: pl.Series) -> Times:
        """Parse by the file's usual format at once, and what is left by the format of each distinct value."""
        if self._formats:
            return self._from_distinct(text, _parse_configured(text.drop_nulls().unique(maintain_order=True), self._formats))
        if self._usual is None:
            first = text.drop_nulls().head(1)
            self._usual = detect_format(first.item(), self.order, days=self._rules.unit == "days") if len(first) else None
        usual = self._usual
        if (
            usual is None
            or usual.pattern.startswith(_BY_VALUE)
            or (_NUMERIC_ORDER.match(usual.pattern) and self.order() in ("mixed", "unknown"))
        ):
            return self._by_value(text)
        parsed = _parse(text, usual)
        local = parsed["us"]
        left = local.is_null() & text.is_not_null()
        if left.any():
            return self._by_value(text)
        universal: Literal[True] | None = True if usual.utc or usual.offset else None
        times = self._finish(_at_day_part(parsed, self._rules.day_part), universal, parsed["clock"])
        # A year of two digits reads as one of the first century by %Y.
        return self._by_value(text) if times.problem.is_not_null().any() else times

    def _by_value(self, text: pl.Series) -> Times:
        distinct = text.drop_nulls().unique(maintain_order=True)
        detected = [detect_format(value, self.order, days=self._rules.unit == "days") for value in distinct.to_list()]
        if self._order == "unknown" and any(found is None for found in detected):
            self._refuse_ambiguous(distinct, detected)
        pieces = []
        for form in sorted({found for found in detected if found is not None}, key=lambda found: found.pattern):
            chosen = distinct.filter(pl.Series([found == form for found in detected], dtype=pl.Boolean))
            pieces.append(self._number_texts(chosen) if form.pattern == NUMBER else _parse(chosen, form))
        nothing = pl.DataFrame(schema=_PARSED)
        return self._from_distinct(text, pl.concat([nothing, *pieces]))

    def _refuse_ambiguous(self, distinct: pl.Series, detected: list[TimeFormat | None]) -> None:
        for value, found in zip(distinct.to_list(), detected, strict=True):
            if found is None and detect_format(value, lambda: "day") is not None:
                raise SourceError(
                    f"{self._where}: dates like {value!r} could begin with the day or the month, and no value in the file decides. "
                    "Set `time_formats`, for example ['%d/%m/%Y'] or ['%m/%d/%Y']."
                )

    def _number_texts(self, texts: pl.Series) -> pl.DataFrame:
        whole = texts.cast(pl.Int64, strict=False)
        times = self._numbers(whole if whole.null_count() == 0 else texts.cast(pl.Float64, strict=False))
        us = times.us.set(times.problem.is_not_null(), _LATEST_US + 1).set(times.problem == SMALL, _TOO_SMALL_US)
        columns = {"text": texts, "us": us, "utc": pl.repeat(True, len(texts), eager=True), "clock": times.has_clock}
        return pl.DataFrame(columns, schema=_PARSED)

    def _from_distinct(self, text: pl.Series, parsed: pl.DataFrame) -> Times:
        local = parsed.with_columns(us=_at_day_part(parsed, self._rules.day_part))
        joined = text.alias("text").to_frame().join(local, on="text", how="left", maintain_order="left")
        mixed = self._order == "mixed"
        unreadable = joined["us"].is_null() & text.is_not_null()
        times = self._finish(joined["us"], utc=joined["utc"], has_clock=joined["clock"])
        if not unreadable.any():
            return times
        frame = pl.DataFrame({"text": text, "bad": unreadable, "other": times.problem}).select(
            pl.when(pl.col("bad") & pl.lit(mixed) & pl.col("text").str.contains(r"^\d{1,2}[-/.]\d{1,2}[-/.]\d"))
            .then(pl.lit(AMBIGUOUS))
            .when("bad")
            .then(pl.lit(UNREADABLE))
            .otherwise("other")
            .alias("problem")
        )
        return Times(times.us, times.offset_s, times.has_clock, frame["problem"])

    def _finish(self, us: pl.Series, utc: pl.Series | Literal[True] | None, has_clock: pl.Series) -> Times:
        """From local or universal microseconds to instants; `utc` tells which, None meaning all local."""
        there = us.is_not_null()
        outside = there & ~us.is_between(_EARLIEST_US, _LATEST_US)
        bad = bool(outside.any())
        good = us.set(outside, None) if bad else us
        # Gaps are filled with a time of the column, so that the zone is looked up for its years alone.
        plain = good.fill_null(good.min() or 0).to_numpy() if good.null_count() else good.to_numpy()
        if utc is True:
            instants = plain
        else:
            instants = local_to_utc(self._rules.zone, plain)
            if utc is not None:
                instants = np.where(utc.fill_null(False).to_numpy(), plain, instants)
        offsets = pl.Series("offset_s", utc_offsets(self._rules.zone, instants), dtype=pl.Int32)
        result = pl.Series("time_us", instants, dtype=pl.Int64)
        problem = pl.repeat(None, len(us), dtype=pl.String, eager=True)
        if good.null_count():
            result, offsets = (series.set(good.is_null(), None) for series in (result, offsets))
        if bad:
            problem = problem.set(outside, OUTSIDE).set(us == _TOO_SMALL_US, SMALL)
        return Times(result, offsets, has_clock.fill_null(False).alias("has_clock"), problem)


_PARSED: dict[str, pl.DataType] = {"text": pl.String(), "us": pl.Int64(), "utc": pl.Boolean(), "clock": pl.Boolean()}


def _parse(texts: pl.Series, form: TimeFormat) -> pl.DataFrame:
    """Columns text, us, utc, clock; us is null where the format does not fit, and a date's midnight where it has no clock."""
    if form.clock:
        us = texts.str.to_datetime(form.pattern, strict=False, time_unit="us", time_zone="UTC" if form.offset else None).to_physical()
        # Midnight as written; behind an offset it is another hour in UTC.
        clock = ~texts.str.contains(_WRITTEN_MIDNIGHT) if form.offset else us % _DAY_US != 0
    else:
        us = texts.str.to_date(form.pattern, strict=False).to_physical().cast(pl.Int64) * _DAY_US
        clock = pl.repeat(None, len(texts), dtype=pl.Boolean, eager=True)
    utc = pl.repeat(form.utc or form.offset, len(texts), eager=True)
    return pl.DataFrame({"text": texts, "us": us, "utc": utc, "clock": clock}, schema=_PARSED)


def _at_day_part(parsed: pl.DataFrame, part: DayPart) -> pl.Series:
    """Dates, which have no answer for `clock`, moved from midnight to the part of the day that they stand for."""
    return parsed["us"] + parsed["clock"].is_null().cast(pl.Int64) * _PART_US[part]


def _parse_configured(distinct: pl.Series, formats: list[TimeFormat]) -> pl.DataFrame:
    pieces, left = [pl.DataFrame(schema=_PARSED)], distinct
    for form in formats:
        parsed = _parse(left, form)
        found = parsed["us"].is_not_null()
        pieces.append(parsed.filter(found))
        left = left.filter(~found)
    return pl.concat(pieces)


def _configured(pattern: str, where: str) -> TimeFormat:
    """A strptime format of Python as one of the date-time crate."""
    unknown = [part for part in re.findall(r"%[-#.:0-9]*(.?)", pattern) if part not in _DIRECTIVES]
    if unknown or "%" not in pattern:
        raise ConfigError(f"{where}: time format {pattern!r} is not valid. Use a strptime format such as '%d.%m.%Y %H:%M'.")
    translated = pattern.replace(".%f", "%.f").replace("%z", "%#z")
    clock = any(part in translated for part in ("%H", "%I", "%T", "%R", "%k"))
    return TimeFormat(translated, clock, offset="%#z" in translated)


def _decide_order(pieces: Iterator[pl.Series]) -> DayOrder:
    day = month = False
    for values in pieces:
        parts = clean_ids(values).str.extract_groups(r"^(?<a>\d{1,2})[-/.](?<b>\d{1,2})[-/.](?:\d{2}|\d{4})(?:\D|$)").struct.unnest()
        first, second = (parts[name].cast(pl.Int64, strict=False) for name in ("a", "b"))
        day |= bool(((first > _MONTHS) & (second <= _MONTHS)).any())
        month |= bool(((second > _MONTHS) & (first <= _MONTHS)).any())
    if day and month:
        return "mixed"
    return "day" if day else "month" if month else "unknown"


def _calendar_numbers(values: pl.Series) -> pl.Series | None:
    """Whole numbers such as 20250601 as dates; as seconds they would all lie in a few weeks of 1970. None where there is none."""
    if not values.dtype.is_integer() or not values.is_between(*_NUMERIC_DAY).any():
        return None
    return values.cast(pl.String).str.to_date("%Y%m%d", strict=False)


def _scaled(values: pl.Series, unit: int) -> pl.Series:
    """Numbers times a unit in microseconds; what does not fit becomes a time far outside the range."""
    if values.dtype.is_integer():
        limit = 2**62 // unit
        return values.cast(pl.Int64, strict=False).clip(-limit, limit) * unit
    scaled = values.cast(pl.Float64, strict=False) * unit
    return scaled.fill_nan(None).clip(-(2.0**62), 2.0**62).round().cast(pl.Int64)


def _offsets(zone: str, us: pl.Series) -> pl.Series:
    inside = us.clip(_EARLIEST_US, _LATEST_US).fill_null(0)
    return pl.Series(utc_offsets(zone, cast("Int64Array", inside.to_numpy())), dtype=pl.Int32)


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
