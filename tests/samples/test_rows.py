"""The exported rows, read by an independent reader, are the truth's events once the documented treatment is applied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

BERLIN = ZoneInfo("Europe/Berlin")
CURRENCIES = {"EUR": 100, "GBP": 100, "USD": 100, "JPY": 1}
KINDS = {"PURCHASE": "purchase", "REFUND": "refund", "REVERSAL": "cancellation"}
Rows = Callable[[Path], list[dict[str, Any]]]


def read_time(value: Any) -> datetime:
    """A time of any of the files, in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d", value):
        return datetime.strptime(value, "%d.%m.%Y %H:%M").replace(tzinfo=BERLIN).astimezone(UTC)
    return datetime.fromisoformat(value).astimezone(UTC)


def read_amount(value: Any, currency: str) -> int:
    """Minor units, from a number or from text with a point or a comma."""
    if isinstance(value, str):
        value = float(value.replace(".", "").replace(",", ".") if "," in value else value)
    return round(value * CURRENCIES[currency])


def reason_to_reject(row: dict[str, Any]) -> str:
    """Why a row cannot be used; "" where it can."""
    if "broken" in row or "too_many" in row:
        return "broken_json" if "broken" in row else "ragged"
    if not (row["customer_no"] or "").strip():
        return "missing_user"
    for reason, read in (("bad_time", lambda: read_time(row["booked_at"])), ("bad_amount", lambda: read_amount(row["amount"], "EUR"))):
        try:
            read()
        except ValueError:
            return reason
    return "" if row["currency"] in CURRENCIES else "bad_currency"


def read_card(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """('', event), or (reason, {}) for a row that cannot be used."""
    reason = reason_to_reject(row)
    if reason:
        return reason, {}
    when, amount = read_time(row["booked_at"]), read_amount(row["amount"], row["currency"])
    kind = KINDS[row["txn_type"]]
    if kind == "purchase" and amount < 0:
        kind = "refund"
    return "", {
        "key": row["txn_id"], "user_id": row["customer_no"].strip(), "utc_time": when.strftime("%Y-%m-%dT%H:%MZ"), "kind": kind,
        "amount_minor": abs(amount) if kind == "purchase" else -abs(amount), "currency": row["currency"], "city": row["city"] or "",
        "refers_to": row["ref_txn_id"] or "", "deleted": row["record_deleted"] in ("true", True), "text": row["merchant_descriptor"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def cards(samples: Path, truth: dict[str, Any], rows_of: Rows) -> dict[str, dict[str, Any]]:
    """The card events by key as a reader must end up with them; checks the counts of every file on the way."""
    kept: dict[str, dict[str, Any]] = {}
    for path in sorted(samples.glob("transactions-*")):
        expected = truth["expected"]["files"][path.name]
        rows = rows_of(path)
        read = [read_card(row) for row in rows]
        assert len(rows) == expected["rows"], path.name
        assert dict(Counter(reason for reason, _ in read if reason)) == expected["rejected"], path.name
        keys = Counter(event["key"] for reason, event in read if not reason)
        assert sum(count - 1 for count in keys.values()) == expected["repeated"], path.name
        for reason, event in read:
            if not reason:
                kept[event["key"]] = event
    return {key: event for key, event in kept.items() if not event["deleted"]}


def test_the_card_files_hold_the_true_events(cards: dict[str, dict[str, Any]], events: pl.DataFrame) -> None:
    columns = ["key", "user_id", "utc_time", "kind", "amount_minor", "currency", "city", "refers_to"]
    stated = {row["key"]: row for row in events.filter(pl.col("export") == "cards").select(columns).to_dicts()}
    read = {key: {name: event[name] for name in columns} for key, event in cards.items()}
    assert len(stated) > 15_000
    assert read.keys() == stated.keys()
    assert [key for key in read if read[key] != stated[key]] == []


def test_the_late_file_corrects_and_deletes(samples: Path, truth: dict[str, Any], rows_of: Rows) -> None:
    late_file = truth["expected"]["late_file"]
    earlier: dict[str, Any] = {}
    for path in sorted(samples.glob("transactions-*"))[:-1]:
        earlier |= {event["key"]: event for reason, event in map(read_card, rows_of(path)) if not reason}
    late = [event for reason, event in map(read_card, rows_of(samples / late_file["file"])) if not reason]
    known = [event for event in late if event["key"] in earlier]
    deletions = [event for event in known if event["deleted"]]
    corrections = [event for event in known if not event["deleted"] and event["amount_minor"] != earlier[event["key"]]["amount_minor"]]
    assert (len(deletions), len(corrections), len(late) - len(known)) == (
        late_file["deletions"],
        late_file["corrections"],
        late_file["late"],
    )
    assert min(len(deletions), len(corrections), len(late) - len(known)) >= 10


def test_refunds_name_purchases_of_the_same_user_at_an_earlier_time(events: pl.DataFrame) -> None:
    purchases = events.filter(pl.col("kind") == "purchase").select("key", "user_id", "merchant", "amount_minor", earlier="when")
    backs = events.filter((pl.col("kind") != "purchase") & (pl.col("refers_to") != ""))
    joined = backs.join(purchases, left_on=["refers_to", "user_id", "merchant"], right_on=["key", "user_id", "merchant"])
    assert joined.height == backs.height > 200
    assert joined.filter((pl.col("when") < pl.col("earlier")) | (pl.col("amount_minor") != -pl.col("amount_minor_right"))).is_empty()


def test_the_wallet_file_holds_the_true_events(samples: Path, truth: dict[str, Any], events: pl.DataFrame, rows_of: Rows) -> None:
    rows = rows_of(samples / "wallet-export.csv")
    usable = [row for row in rows if row["Kundennummer"] and re.fullmatch(r"[\d.]+,\d\d", row["Betrag"])]
    expected = truth["expected"]["files"]["wallet-export.csv"]
    assert (len(rows), len(rows) - len(usable)) == (expected["rows"], sum(expected["rejected"].values()))
    read = Counter(
        (row["Kundennummer"], read_time(row["Zeitpunkt"]).strftime("%Y-%m-%dT%H:%MZ"), row["Händler"], read_amount(row["Betrag"], "EUR"))
        for row in usable
    )
    wallet = events.filter(pl.col("export") == "wallet").select("user_id", "utc_time", "merchant", "amount_minor")
    assert read == Counter(wallet.rows())


def test_redemptions_follow_an_exposure_of_the_same_offer(samples: Path, truth: dict[str, Any], rows_of: Rows) -> None:
    shown = [row for row in rows_of(samples / "offer-impressions.parquet") if row["customer_no"]]
    answered = [row for row in rows_of(samples / "offer-redemptions.jsonl.gz") if "broken" not in row]
    first: dict[tuple[str, str], float] = {}
    for row in shown:
        key = (row["customer_no"], row["offer_id"])
        first[key] = min(first.get(key, row["shown_at_ms"] / 1000), row["shown_at_ms"] / 1000)
    assert all(datetime.fromisoformat(row["redeemed_at"]).timestamp() > first[row["customer_no"], row["offer_id"]] for row in answered)
    known = {row["offer_id"] for row in rows_of(samples / "offers.csv")}
    lacking = [row for row in shown if row["offer_id"] not in known]
    assert {row["offer_id"] for row in lacking} == set(truth["population"]["offers_not_in_the_catalogue"])
    cells = {user_id: user["offer_response"]["cells"] for user_id, user in truth["users"].items()}
    total = [sum(cell[name] for user in cells.values() for cell in user if cell["dim"] == "item") for name in ("shown", "answered")]
    assert total == [len(shown) - len(lacking), len(answered)]
    assert len(known) == 60
    assert 5_500 <= len(shown) <= 6_500


def test_the_mess_is_there(samples: Path, truth: dict[str, Any], cards: dict[str, dict[str, Any]], rows_of: Rows) -> None:
    names = {event["text"] for event in cards.values()}
    assert any("IGNORE PREVIOUS INSTRUCTIONS" in name for name in names)
    assert any("</statement>" in name for name in names)
    assert any("\u200b" in name or "\u2060" in name for name in names)
    assert any("\u202e" in name for name in names)
    with_bom, windows = (samples / name for name in ("transactions-2025-06_08.csv.gz", "transactions-2025-09_11.csv"))
    assert rows_of(with_bom)[0].keys() == rows_of(windows)[0].keys()
    with pytest.raises(UnicodeDecodeError):
        windows.read_bytes().decode("utf-8")
    first, second = truth["expected"]["case_twins"][0]
    assert first != second == first.lower()
    assert {first, second} <= truth["users"].keys()
    headlines: dict[str, set[str]] = {}
    for row in rows_of(samples / "offer-impressions.parquet"):
        headlines.setdefault(row["offer_id"], set()).add(row["headline"])
    assert max(len(texts) for texts in headlines.values()) >= 4
    raw_forms = {event["text"] for event in cards.values() if "NORTHSIDE COFFEE" in event["text"].upper()}
    assert len(raw_forms) > 30
