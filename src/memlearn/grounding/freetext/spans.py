"""Local days and the spans of time that lines name."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from memlearn.grounding.freetext.elements import Period

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Span:
    """A period named, with what of it a longer one may need."""

    first: date
    last: date
    end: int
    year: bool = True
    days: tuple[int, ...] = ()

    def period(self) -> Period:
        """As days since 1970-01-01."""
        start, stop = number(self.first), number(self.last)
        return Period(start, stop, base=(start, stop), days=self.days)


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def day_of(value: int) -> date:
    """The date of so many days since 1970-01-01."""
    return date.fromordinal(value + _EPOCH)


def month_span(year: int, month: int, end: int, months: int = 1, *, given: bool = True) -> Span:
    """Whole months."""
    last = month - 1 + months - 1
    until = year + last // 12, last % 12 + 1
    return Span(date(year, month, 1), date(*until, monthrange(*until)[1]), end, given)
