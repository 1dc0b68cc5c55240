"""What the words of a line stand for, typed: quantities, money, shares, periods, times, names, and words with a meaning of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from memlearn.grounding.freetext.view import Mask

FOREVER = 10**9
Form = Literal["exact", "about", "over", "under", "between"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it is meant: all values from `low` to `high` agree with it.

    Args:
        low: least value.
        high: greatest value.
        value: as said.
        form: how it was said; `over` and `under` have one bound only.
    """

    low: float
    high: float
    value: float
    form: Form = "exact"

    def holds(self, found: float) -> bool:
        """Whether a computed value agrees."""
        return self.low - 1e-9 <= found <= self.high + 1e-9

    def scaled(self, factor: float) -> Quantity:
        """The same in another unit."""
        return replace(self, low=self.low * factor, high=self.high * factor, value=self.value * factor)

    def loosened(self, share: float) -> Quantity:
        """Wider by a share of the value on each closed side."""
        slack = abs(self.value) * share
        low = self.low if self.form == "over" else min(self.low, self.value - slack)
        high = self.high if self.form == "under" else max(self.high, self.value + slack)
        return replace(self, low=low, high=high)


@dataclass(frozen=True, slots=True)
class Quantified:
    """A value with a number."""

    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Count(Quantified):
    """A bare number, of whatever follows."""


@dataclass(frozen=True, slots=True)
class Times(Quantified):
    """How many times: twice, seven times."""


@dataclass(frozen=True, slots=True)
class OutOf:
    """So many out of so many."""

    hits: Quantity
    whole: Quantity


@dataclass(frozen=True, slots=True)
class Money(Quantified):
    """An amount in minor units; the currency is None for cents of no named currency."""

    currency: str | None


@dataclass(frozen=True, slots=True)
class Share(Quantified):
    """A share of something, 0 to 1: half, 80 percent, most of, none of."""

    label: str = ""


@dataclass(frozen=True, slots=True)
class Duration(Quantified):
    """A stretch of time, in days."""

    unit: float


@dataclass(frozen=True, slots=True)
class Rate:
    """So many times in so many days: weekly, twice a month, every nine days."""

    times: Quantity
    days: float
    counted: bool

    @property
    def gap(self) -> float:
        """Days from one to the next."""
        return self.days / self.times.value


@dataclass(frozen=True, slots=True)
class Per:
    """For each so many days; None: for each purchase."""

    days: float | None


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `start` to `end`, both in it.

    Args:
        start: first day, days since 1970-01-01.
        end: last day.
        role: how it was introduced: in, since, until, before, after, from (a range), or bare.
        base: the period named, of which a role made another.
        parts: both ends of a range, as periods.
        days: single days that it may be, where a date has two readings.
        other: first and last day of another reading; what is said must hold of both.
    """

    start: int
    end: int
    role: str = "bare"
    base: tuple[int, int] = (0, 0)
    parts: tuple[Period, ...] = ()
    days: tuple[int, ...] = ()
    other: tuple[int, int] | None = None

    def covers(self, day: int) -> bool:
        """Whether a day is in it."""
        return day in self.days if self.days else self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, Monday 0."""

    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of the day in seconds, half-open; a range may pass midnight."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A minute of the day, in seconds."""

    second: int


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency that is paid in, apart from any amount."""

    code: str


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A name of the user's rows or of a catalogue.

    Args:
        text: as written.
        masks: dimension → rows; empty for a name that no row of the user has.
    """

    text: str
    masks: Mapping[str, Mask]


@dataclass(frozen=True, slots=True)
class Quote:
    """Words in quotation marks that are no name."""

    words: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rank:
    """Which one in order of time: 1 the first, -1 the last; or in order of the amount where `by_amount`."""

    place: int
    by_amount: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word with a meaning, by its tag in the lexicon."""

    tag: str
    text: str


Value = (
    Count | Times | OutOf | Money | Share | Duration | Rate | Per | Period | Weekdays | Hours | Clock | Currency | Name | Quote | Rank | Word
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A value and the tokens that it was read from."""

    start: int
    end: int
    value: Value


def exactly(value: float, step: float = 0.0) -> Quantity:
    """A number said plainly, rounded to a step."""
    return Quantity(value - step / 2, value + step / 2, value)


def about(value: float, step: float = 0.0, share: float = 0.1) -> Quantity:
    """A number said roughly: within a share of it, or as it was rounded."""
    slack = max(abs(value) * share, step / 2)
    return Quantity(value - slack, value + slack, value, "about")


def above(value: float) -> Quantity:
    """More than a number."""
    return Quantity(math.nextafter(value + 1e-8, math.inf), math.inf, value, "over")


def below(value: float) -> Quantity:
    """Less than a number."""
    return Quantity(-math.inf, math.nextafter(value - 1e-8, -math.inf), value, "under")


def at_least(value: float) -> Quantity:
    """A number or more."""
    return Quantity(value, math.inf, value, "over")


def at_most(value: float) -> Quantity:
    """A number or less."""
    return Quantity(-math.inf, value, value, "under")


def between(low: float, high: float, step: float = 0.0) -> Quantity:
    """From one number to another."""
    return Quantity(low - step / 2, high + step / 2, (low + high) / 2, "between")
