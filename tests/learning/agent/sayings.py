"""Sayings: lines as models write them, true and false, about a user made by hand, the one of `judged`, and two of the samples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from memlearn.records import EVENT_SCHEMA

FILE = Path(__file__).parent / "sayings.txt"
_CHOICE = re.compile(r"\{([^{}]+)\}")

ITEMS = pl.DataFrame(
    {
        "item_id": ["I-1", "I-2", "I-3", "I-4", "I-5", "I-6", "I-7", "I-8", "K-1", "K-2"],
        "name": ["Espresso Beans", "Oat Milk", "Whole Milk", "Sourdough Bread", "Dark Chocolate", "Umbrella", "Running Shoes", "Trail Socks", "Free Pastry Coupon",
                 "Trail House Voucher"],
        "level_category": ["coffee", "plant drinks", "dairy", "bread", "sweets", "accessories", "sportswear", "sportswear", "pastry", "sportswear"],
    }
)  # fmt: skip
PERSON = {"age_band": "35-44", "federal_state": "Hessen", "language": "en"}
LAST = "2026-03-31"


@dataclass(frozen=True, slots=True)
class Saying:
    """A line about a user.

    Args:
        number: of the line in the file.
        user_id: whom it is about.
        text: what it says.
        truth: whether that is so.
    """

    number: int
    user_id: str
    text: str
    truth: bool


def read_sayings() -> Iterator[Saying]:
    """All lines of the file: the true one of each, and one for each way to make it false."""
    user_id = ""
    for number, told in enumerate(FILE.read_text(encoding="utf-8").splitlines(), 1):
        if told.startswith("="):
            user_id = told.removeprefix("=").strip()
        elif told and not told.startswith("#"):
            choices = [found[1].split("|") for found in _CHOICE.finditer(told)]
            true = [choice[0] for choice in choices]
            yield Saying(number, user_id, _fill(told, true), truth=True)
            for at, choice in enumerate(choices):
                for other in choice[1:]:
                    yield Saying(number, user_id, _fill(told, [*true[:at], other, *true[at + 1 :]]), truth=False)


def _fill(told: str, chosen: list[str]) -> str:
    words = iter(chosen)
    text = _CHOICE.sub(lambda _: next(words), told)
    return text[:1].upper() + text[1:]


def make_rows() -> pl.DataFrame:
    """The rows of ben: coffee every Monday, whole milk and then oat milk every other Saturday, bread on Fridays, chocolate before Christmas, one return."""
    told = [
        (_days("2026-01-05", 13), "08:15", "I-1", "CORNER SHOP", 0),
        (_days("2026-01-10", 6, 14), "10:30", "I-2", "HARBOUR MARKET", 240),
    ]
    told += [(_days("2025-10-04", 6, 14), "10:40", "I-3", "HARBOUR MARKET", 120)]
    bread = ["2025-11-07", "2025-11-21", "2025-12-05", "2025-12-19", "2026-01-09", "2026-02-06", "2026-03-06"]
    told += [
        (bread, "17:20", "I-4", "MILL BAKERY", 480),
        (["2025-12-12", "2025-12-18", "2025-12-23"], "13:05", "I-5", "HARBOUR MARKET", 310),
    ]
    told += [(["2025-11-12"], "15:00", "I-6", "HARBOUR MARKET", 1990), (["2026-02-14"], "14:10", "I-7", "TRAIL HOUSE", 12900)]
    told += [(["2026-03-01"], "15:45", "I-8", "TRAIL HOUSE", 1400)]
    rows = [
        (day, at, "purchase", item, shop, cents or (650 if day < "2026-03" else 720))
        for days, at, item, shop, cents in told
        for day in days
    ]
    rows.append(("2026-02-18", "12:00", "refund", "I-7", "TRAIL HOUSE", -12900))
    shown = [("2026-01-15", "K-1"), ("2026-02-12", "K-1"), ("2026-03-12", "K-1"), ("2025-11-20", "K-2"), ("2025-12-20", "K-2")]
    rows += [(day, "09:00", "exposure", item, None, None) for day, item in shown]
    rows.append(("2026-02-13", "09:30", "redemption", "K-1", None, None))
    rows.append(("2026-03-25", "20:00", "message", None, None, None))
    return pl.DataFrame(
        [_record(number, *row) for number, row in enumerate(sorted(rows), 1)], schema={**EVENT_SCHEMA, "row_id": pl.UInt64()}
    )


def _days(first: str, n: int, step: int = 7) -> list[str]:
    return [(date.fromisoformat(first) + timedelta(days=step * at)).isoformat() for at in range(n)]


def _record(number: int, day: str, at: str, kind: str, item: str | None, shop: str | None, cents: int | None) -> dict[str, object]:
    time = int(datetime.strptime(f"{day} {at}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()) * 1_000_000
    return {
        "user_id": "ben", "time_us": time, "offset_s": 0, "has_clock": True, "seq": 0, "source": "till", "key": f"{item}:{day}" if kind == "purchase" else str(number),
        "kind": kind, "item_id": item, "merchant": shop, "merchant_category": None, "amount": cents, "currency": None if cents is None else "EUR", "quantity": 1000,
        "discount": None, "text": "My parcel from Trail House is missing." if kind == "message" else None,
        "refers_to": "I-7:2026-02-14" if kind == "refund" else None, "tombstone": False, "row_id": number,
    }  # fmt: skip
