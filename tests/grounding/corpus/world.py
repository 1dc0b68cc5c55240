"""The learned rows in plain Python: users, groups of their purchases, offers and what is given about persons."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median

import polars as pl

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "samples"
FIRST_DAY, LAST_DAY = date(2025, 6, 1), date(2026, 5, 31)
# What must not be stated at all, and names that were made to deceive, are no matter of truth.
_UNTOLD = {"pharmacy", "health", "drugstore", "gambling", "alcohol", None}
_LONGEST_NAME = 25
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local wall clock


@dataclass(frozen=True, slots=True)
class Row:
    """One learned event; `at` is local time, `cents` minor units."""

    row_id: str
    user_id: str
    at: datetime
    kind: str
    merchant: str | None
    category: str | None
    cents: int
    currency: str | None
    city: str | None
    item: str | None
    text: str | None
    key: str | None
    refers_to: str | None

    @property
    def day(self) -> date:
        return self.at.date()


@dataclass(frozen=True)
class Group:
    """Rows of one user that share a key: purchases at a merchant, of a category, in a city; or all purchases (dim None)."""

    user_id: str
    dim: str | None
    key: str | None
    rows: tuple[Row, ...]

    @property
    def n(self) -> int:
        return len(self.rows)

    @cached_property
    def days(self) -> list[date]:
        return sorted({row.day for row in self.rows})

    @property
    def first(self) -> date:
        return self.days[0]

    @property
    def last(self) -> date:
        return self.days[-1]

    @cached_property
    def gaps(self) -> list[int]:
        return gaps(self.rows)

    @property
    def total(self) -> int:
        return total(self.rows)

    @property
    def mean(self) -> float:
        return total(self.rows) / self.n

    @cached_property
    def months(self) -> Counter[str]:
        return Counter(f"{row.at:%Y-%m}" for row in self.rows)


def gaps(rows: Iterable[Row]) -> list[int]:
    """Days between days with a row."""
    return [(b - a).days for a, b in pairwise(sorted({row.day for row in rows}))]


def total(rows: Iterable[Row]) -> int:
    return sum(row.cents for row in rows)


def usual_gap(rows: Iterable[Row]) -> float:
    """The median of the days between."""
    found = gaps(rows)
    return float(median(found)) if found else 0.0


def within(rows: Iterable[Row], start: date, end: date) -> list[Row]:
    """Rows of the days from start to end, both included."""
    return [row for row in rows if start <= row.day <= end]


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def months_back(day: date, months: int) -> date:
    """The first day of an earlier (or, below zero, later) month."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


@dataclass
class World:
    """Everything known; groups hold none of which anything was given back, so that counts and sums have one reading."""

    rows: dict[str, list[Row]]
    persons: dict[str, dict[str, str]] = field(default_factory=dict)
    offers: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, user_id: str, *kinds: str) -> list[Row]:
        return [row for row in self.rows[user_id] if row.kind in kinds]

    @cached_property
    def users(self) -> list[str]:
        return sorted(self.rows)

    @cached_property
    def merchants(self) -> list[Group]:
        return self._groups("merchant", lambda row: row.merchant)

    @cached_property
    def categories(self) -> list[Group]:
        return self._groups("merchant_category", lambda row: row.category)

    @cached_property
    def cities(self) -> list[Group]:
        """Purchases of which the city is known."""
        return self._groups("city", lambda row: row.city)

    @cached_property
    def spenders(self) -> list[Group]:
        """All purchases of each user who never gave anything back and paid in euros only."""
        clean = [user for user in self.users if not self.of(user, "refund", "cancellation")]
        whole = [Group(user, None, None, tuple(self.of(user, "purchase"))) for user in clean]
        return [group for group in whole if {row.currency for row in group.rows} == {"EUR"}]

    def paid(self, user_id: str, merchant: str | None, day: date) -> list[int]:
        """What the user paid to a merchant on a day, in cents."""
        return [row.cents for row in self.of(user_id, "purchase") if row.merchant == merchant and row.day == day]

    def whole(self, user_id: str) -> Group:
        """All purchases of a user."""
        return Group(user_id, None, None, tuple(self.of(user_id, "purchase")))

    def _groups(self, dim: str, key: Callable[[Row], str | None]) -> list[Group]:
        found = []
        for user in self.users:
            grouped: dict[str, list[Row]] = defaultdict(list)
            for row in self.of(user, "purchase"):
                grouped[key(row) or ""].append(row)
            backs = {key(row) for row in self.of(user, "refund", "cancellation")}
            told = (Group(user, dim, one, tuple(rows)) for one, rows in sorted(grouped.items()) if one and one not in backs)
            found += [group for group in told if dim == "city" or _may_be_told(group)]
        return [group for group in found if {row.currency for row in group.rows} == {"EUR"}]


def _may_be_told(group: Group) -> bool:
    return all(row.category not in _UNTOLD and len(row.merchant or "") <= _LONGEST_NAME for row in group.rows)


def read_world(rows_folder: Path) -> World:
    """Read a store's rows, which one run must have written, and the sources of persons and offers.

    Args:
        rows_folder: the row store's folder.
    """
    frames = [pl.read_parquet(file) for file in sorted(rows_folder.glob("*/*.parquet"))]
    table = pl.concat(frames, how="diagonal").filter(~pl.col("tombstone")).sort("user_id", "time_us", "row_id")
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in table.iter_rows(named=True):
        rows[row["user_id"]].append(_row(row))
    persons = {}
    with (SAMPLES / "customers.csv").open(encoding="utf-8-sig", newline="") as file:
        for line in sorted(csv.DictReader(file), key=lambda line: line["record_date"]):
            persons[line["customer_no"]] = line
    with (SAMPLES / "offers.csv").open(encoding="utf-8-sig", newline="") as file:
        offers = {line["offer_id"]: line for line in csv.DictReader(file)}
    return World(dict(rows), persons, offers)


def _row(row: dict[str, object]) -> Row:
    seconds = int(str(row["time_us"])) // 1_000_000 + int(str(row["offset_s"]))
    return Row(
        f"{row['row_id']:016x}", str(row["user_id"]), _EPOCH + timedelta(seconds=seconds), str(row["kind"]),
        row["merchant"], row["merchant_category"], row["amount"] or 0, row["currency"], row["attr_city"], row["item_id"],
        row["text"], row["key"], row["refers_to"],
    )  # type: ignore[arg-type] # fmt: skip
