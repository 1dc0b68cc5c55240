"""Which strptime format a text of a time has. Pure; no column, no zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

DayOrder = Literal["day", "month", "mixed", "unknown"]
"""What a file's dates like 03/04/2025 begin with: decided, contradictory, or never decided."""

_TIME = (
    r"(?:(?P<gap>T|\s+|,\s*)(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2}(?P<fraction>\.\d{1,9})?)?(?P<half>\s?[AaPp][Mm])?"
    r"(?P<zone>\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<sep>[-/.])\d{1,2}(?P=sep)\d{1,2}" + _TIME)
_YEAR_LAST = re.compile(r"(?P<first>\d{1,2})(?P<sep>[-/.])(?P<second_part>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})" + _TIME)
_DAY_NAME = re.compile(r"(?:[A-Za-z]{3,9},?\s+)?\d{1,2}(?P<sep>[-\s./])(?P<month>[A-Za-z]{3,9})(?P=sep)(?P<year>\d{4}|\d{2})" + _TIME)
_NAME_DAY = re.compile(r"(?P<month>[A-Za-z]{3,9})\s+\d{1,2},?\s+(?P<year>\d{4})" + _TIME)
_COMPACT = re.compile(r"(?:19|20|21)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?P<clock>T?\d{6})?")
_MONTHS = 12
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
NUMBER = "number"


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How to read a text of a time.

    Args:
        pattern: strptime format of the date-time crate; `number` for a number of units.
        clock: whether it holds a clock time.
        utc: whether the text says that it is UTC by a literal suffix in the pattern.
        offset: whether it holds an offset that the pattern reads.
    """

    pattern: str
    clock: bool
    utc: bool = False
    offset: bool = False


def detect_format(text: str, order: Callable[[], DayOrder], *, days: bool = False) -> TimeFormat | None:
    """Tell the format of a text; None where it is no time that we know, or day and month cannot be told apart.

    Args:
        text: trimmed text.
        order: gives the file's order of day and month; asked only where it matters.
        days: True where plain digits are a count of days, not a date such as 20250601.
    """
    if match := _YEAR_FIRST.fullmatch(text):
        separator = match["sep"]
        return _with_time(f"%Y{separator}%m{separator}%d", match)
    if match := _YEAR_LAST.fullmatch(text):
        return _year_last(match, order)
    if match := _COMPACT.fullmatch(text) if not days else None:
        clock = match["clock"]
        return TimeFormat("%Y%m%d" + (("T" if clock[0] == "T" else "") + "%H%M%S" if clock else ""), bool(clock))
    if _NUMBER.fullmatch(text):
        return TimeFormat(NUMBER, clock=True)
    return _named(text)


def _named(text: str) -> TimeFormat | None:
    if match := _DAY_NAME.fullmatch(text):
        separator = " " if match["sep"].isspace() else match["sep"]
        weekday = re.match(r"[A-Za-z]+(,?)\s+", text)
        lead = f"%A{weekday.group(1)} " if weekday else ""
        return _with_time(f"{lead}%d{separator}%B{separator}{_year(match['year'])}", match)
    if match := _NAME_DAY.fullmatch(text):
        return _with_time(f"%B %d{',' if ',' in text[: match.end('year')] else ''} %Y", match)
    return None


def _year_last(match: re.Match[str], order: Callable[[], DayOrder]) -> TimeFormat | None:
    first, second, separator = int(match["first"]), int(match["second_part"]), match["sep"]
    decided: DayOrder = "day" if first > _MONTHS or first == second else "month" if second > _MONTHS else order()
    if decided == "unknown" and separator == ".":
        # Dates with dots are written day first wherever they are in use.
        decided = "day"
    if decided in ("mixed", "unknown"):
        return None
    front = f"%d{separator}%m" if decided == "day" else f"%m{separator}%d"
    return _with_time(f"{front}{separator}{_year(match['year'])}", match)


def _year(text: str) -> str:
    return "%y" if len(text) == len("25") else "%Y"


def _with_time(date: str, match: re.Match[str]) -> TimeFormat:
    if match["hour"] is None:
        return TimeFormat(date, clock=False)
    gap = "T" if match["gap"] == "T" else ", " if "," in match["gap"] else " "
    pattern = date + gap + ("%I:%M" if match["half"] else "%H:%M")
    if match["second"]:
        pattern += ":%S"
    if match["fraction"]:
        pattern += "%.f"
    if half := match["half"]:
        pattern += (" " if half[0].isspace() else "") + "%p"
    zone = match["zone"]
    if not zone:
        return TimeFormat(pattern, clock=True)
    pattern += " " if zone[0].isspace() else ""
    literal = zone.strip()
    if literal in ("Z", "UTC", "GMT"):
        return TimeFormat(pattern + literal, clock=True, utc=True)
    return TimeFormat(pattern + "%#z", clock=True, offset=True)
