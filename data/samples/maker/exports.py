"""Turns the truth into exported rows: card files with duplicates, late rows, corrections and rows that nobody can read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from maker.descriptors import inject, raw_descriptor
from maker.purchases import Event

CARD_FILES = (
    "transactions-2025-06_08.csv.gz",
    "transactions-2025-09_11.csv",
    "transactions-2025-12_2026-02.parquet",
    "transactions-2026-03_05.jsonl.zst",
    "transactions-2026-06-late.csv",
)
LATE_FILE = CARD_FILES[-1]
CARD_COLUMNS = ("txn_id", "customer_no", "booked_at", "merchant_descriptor", "amount", "currency", "txn_type", "city", "ref_txn_id", "record_deleted")
TYPES = {"purchase": "PURCHASE", "refund": "REFUND", "cancellation": "REVERSAL"}

Row = dict[str, Any]


@dataclass(slots=True)
class CardExports:
    """Rows of the card files before they are written, and what a reader is expected to find.

    `unusable` rows are written as they are; the others carry a datetime and a number of minor units.
    """

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in CARD_FILES})
    unusable: dict[str, list[tuple[str, Row | str]]] = field(default_factory=lambda: {name: [] for name in CARD_FILES})
    duplicates: Counter[str] = field(default_factory=Counter)
    corrections: int = 0
    deletions: int = 0
    late: int = 0


def digits_of(currency: str) -> int:
    """Decimal places of a currency of the samples."""
    return 0 if currency == "JPY" else 2


def plain_amount(amount: int, currency: str) -> str:
    """Minor units as text with a decimal point."""
    digits = digits_of(currency)
    return f"{amount / 10**digits:.{digits}f}"


def export_cards(events: list[Event], rng: np.random.Generator) -> CardExports:
    """Spread the card events over the files and add the mess."""
    exports = CardExports()
    cards = [event for event in events if event.export == "cards"]
    noise = [n for n, event in enumerate(cards) if event.part == "noise" and event.kind == "purchase"]
    injected = {int(n): place for place, n in enumerate(rng.choice(noise, min(20, len(noise)), replace=False))}
    for number, event in enumerate(cards):
        row = _card_row(event, rng)
        if number in injected:
            row["merchant_descriptor"] = inject(event.merchant, injected[number])
        _place_row(exports, event, row, rng)
    _add_phantoms(exports, cards, rng)
    _add_unusable(exports, cards, rng)
    return exports


def _card_row(event: Event, rng: np.random.Generator) -> Row:
    """One row; a refund that names no purchase is exported as a negative purchase in half of the cases."""
    kind, amount = TYPES[event.kind], event.amount
    if event.kind == "refund" and not event.refers_to and rng.random() < 0.5:
        kind, amount = TYPES["purchase"], -event.amount
    user = f" {event.user_id} " if rng.random() < 0.002 else event.user_id
    store_of = sum(event.user_id.encode()) % 3
    text = raw_descriptor(event.merchant, event.city, event.when, store_of, rng)
    return {
        "txn_id": event.key, "customer_no": user, "booked_at": event.when, "merchant_descriptor": text, "amount": amount, "currency": event.currency,
        "txn_type": kind, "city": event.city, "ref_txn_id": event.refers_to, "record_deleted": "",
    }  # fmt: skip


def _file_of(when: datetime) -> str:
    return CARD_FILES[((when.year - 2025) * 12 + when.month - 6) // 3]


def _place_row(exports: CardExports, event: Event, row: Row, rng: np.random.Generator) -> None:
    home = _file_of(event.when)
    chance = rng.random()
    if chance < (0.02 if event.when.year == 2026 and event.when.month >= 4 else 0.003):
        exports.rows[LATE_FILE].append(row)
        exports.late += 1
        return
    if chance > 0.997:
        wrong = dict(row, amount=row["amount"] * 10 if chance > 0.9985 else row["amount"] + 100)
        exports.rows[home].append(wrong)
        exports.rows[LATE_FILE].append(row)
        exports.corrections += 1
        return
    exports.rows[home].append(row)
    if rng.random() < 0.005:
        exports.rows[home].append(dict(row))
        exports.duplicates[home] += 1


def _add_phantoms(exports: CardExports, cards: list[Event], rng: np.random.Generator) -> None:
    """Rows that a later delivery deletes: they never happened."""
    for n in rng.choice(len(cards), min(12, len(cards)), replace=False):
        event = cards[int(n)]
        row = _card_row(event, rng) | {"txn_id": event.key + "P", "txn_type": "PURCHASE", "amount": 99900, "currency": "EUR", "ref_txn_id": ""}
        row["booked_at"] = event.when + timedelta(minutes=0)
        exports.rows[_file_of(event.when)].append(row)
        exports.rows[LATE_FILE].append(dict(row, record_deleted="true"))
        exports.deletions += 1


def _add_unusable(exports: CardExports, cards: list[Event], rng: np.random.Generator) -> None:
    """Rows that a reader has to reject, each of its own key, so that they take nothing from the truth."""
    plan: dict[str, list[tuple[str, str, str]]] = {
        CARD_FILES[0]: [("missing_user", "customer_no", ""), ("missing_user", "customer_no", "  "), ("bad_amount", "amount", "to follow"),
                        ("bad_amount", "amount", "12.5O"), ("bad_currency", "currency", "EURO"), ("bad_currency", "currency", "X1")],
        CARD_FILES[1]: [("bad_time", "booked_at", "31.09.2025 10:10"), ("bad_time", "booked_at", "unbekannt"), ("bad_time", "booked_at", ""),
                        ("missing_user", "customer_no", ""), ("ragged", "", "two,more"), ("ragged", "", "x")],
        CARD_FILES[2]: [("missing_user", "customer_no", "")],
        CARD_FILES[3]: [("broken_json", "", ""), ("broken_json", "", ""), ("missing_user", "customer_no", "")],
        LATE_FILE: [("bad_time", "booked_at", "2026-13-01T09:00:00+01:00"), ("bad_amount", "amount", "see receipt")],
    }  # fmt: skip
    for file, wanted in plan.items():
        fitting = [event for event in cards if file in (_file_of(event.when), LATE_FILE)]
        for number, (reason, column, value) in enumerate(wanted):
            event = fitting[int(rng.integers(0, len(fitting)))]
            row = _card_row(event, rng) | {"txn_id": f"{event.key}U{number}", "txn_type": "PURCHASE", "ref_txn_id": ""}
            row["amount"] = abs(row["amount"])
            if column:
                row[column] = value
            exports.unusable[file].append((reason, row if reason not in ("ragged", "broken_json") else dict(row, __broken=value)))


def utc(when: datetime) -> datetime:
    """The instant in UTC."""
    return when.astimezone(UTC)
