"""Writes the exported files; the same rows give the same bytes."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maker.exports import CARD_COLUMNS, CARD_FILES, CardExports, Row, digits_of, plain_amount, utc
from maker.offers import Exposure, Offer
from maker.purchases import BERLIN, Event
from maker.world import MERCHANTS, iso_day

WALLET_FILE = "wallet-export.csv"
EXPOSURE_FILE = "offer-impressions.parquet"
REDEMPTION_FILE = "offer-redemptions.jsonl.gz"
OFFER_FILE = "offers.csv"
LACKING_OFFERS = ("O-901", "O-902", "O-903")


def write_json(path: Path, value: Any) -> None:
    """Compact, sorted JSON; compressed without a time stamp where the name ends in .gz."""
    _write_text(path, json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")


def write_csv(path: Path, columns: tuple[str, ...], rows: list[list[str]], *, delimiter: str = ",", encoding: str = "utf-8", crlf: bool = False) -> None:
    """CSV; characters that the encoding lacks are left out."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n" if crlf else "\n")
    writer.writerow(columns)
    writer.writerows(rows)
    _write_text(path, buffer.getvalue(), encoding)


def _write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    data = text.encode(encoding, errors="ignore" if encoding == "cp1252" else "strict")
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def write_cards(folder: Path, exports: CardExports) -> dict[str, Any]:
    """Write the card files.

    Returns:
        For each file: rows, rejected rows by reason, repeated rows.
    """
    expected = {}
    for file in CARD_FILES:
        unusable = exports.unusable[file]
        rows = sorted(exports.rows[file], key=lambda row: row["booked_at"])
        if file.endswith(".parquet"):
            _write_card_parquet(folder / file, rows + [row for _, row in unusable if not isinstance(row, str)])
        elif file.endswith(".zst"):
            _write_card_jsonl(folder / file, rows, unusable)
        else:
            _write_card_csv(folder / file, rows, unusable)
        reasons = Counter(reason for reason, _ in unusable)
        expected[file] = {"rows": len(rows) + len(unusable), "rejected": dict(sorted(reasons.items())), "repeated": exports.duplicates[file]}
    return expected


def _card_texts(row: Row, file: str) -> list[str]:
    """A card row as CSV fields, in the dialect of its file; values that are already text are mess and stay."""
    german = file == CARD_FILES[1]
    when, amount = row["booked_at"], row["amount"]
    if not isinstance(when, str):
        when = f"{when:%d.%m.%Y %H:%M}" if german else when.isoformat()
    if not isinstance(amount, str):
        amount = plain_amount(amount, row["currency"])
        amount = amount.replace(".", ",") if german else amount
    shown = row | {"booked_at": when, "amount": amount}
    return [str(shown[column]) for column in CARD_COLUMNS]


def _write_card_csv(path: Path, rows: list[Row], unusable: list[tuple[str, Any]]) -> None:
    german = path.name == CARD_FILES[1]
    lines = [_card_texts(row, path.name) for row in rows]
    for number, (_, row) in enumerate(unusable):
        fields = _card_texts(row, path.name) + (row["__broken"].split(",") if "__broken" in row else [])
        lines.insert((number * 97 + 41) % (len(lines) + 1), fields)
    encoding = "cp1252" if german else "utf-8-sig" if path.suffix == ".gz" else "utf-8"
    write_csv(path, CARD_COLUMNS, lines, encoding=encoding, crlf=german)


def _write_card_parquet(path: Path, rows: list[Row]) -> None:
    columns: dict[str, Any] = {}
    for name in CARD_COLUMNS:
        values: list[Any] = [row[name] for row in rows]
        if name == "booked_at":
            columns[name] = pa.array([utc(value) for value in values], pa.timestamp("us", tz="UTC"))
        elif name == "amount":
            columns[name] = pa.array([row["amount"] / 10 ** digits_of(row["currency"]) for row in rows], pa.float64())
        elif name == "record_deleted":
            columns[name] = pa.array([value == "true" for value in values], pa.bool_())
        else:
            columns[name] = pa.array([value or None for value in values], pa.string())
    pq.write_table(pa.table(columns), path, compression="zstd")


def _write_card_jsonl(path: Path, rows: list[Row], unusable: list[tuple[str, Any]]) -> None:
    lines = [_card_line(row) for row in rows]
    for number, (reason, row) in enumerate(unusable):
        line = _card_line({name: row[name] for name in CARD_COLUMNS})
        lines.insert((number * 131 + 17) % (len(lines) + 1), line[:60] if reason == "broken_json" else line)
    with pa.output_stream(str(path), compression="zstd") as stream:
        stream.write(("\n".join(lines) + "\n").encode())


def _card_line(row: Row) -> str:
    when = utc(row["booked_at"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    amount = row["amount"] / 10 ** digits_of(row["currency"])
    shown = row | {"booked_at": when, "amount": amount, "record_deleted": row["record_deleted"] == "true", "city": row["city"] or None}
    return json.dumps(shown | {"ref_txn_id": row["ref_txn_id"] or None}, ensure_ascii=False)


def write_wallet(folder: Path, events: list[Event]) -> dict[str, Any]:
    """The wallet's export: no key, semicolons, decimal commas, German headings."""
    rows = []
    for event in events:
        if event.export == "wallet":
            amount = f"{event.amount / 100:,.2f}".translate(str.maketrans(",.", ".,"))
            rows.append([event.user_id, f"{event.when:%d.%m.%Y %H:%M}", MERCHANTS[event.merchant].name, amount, "EUR", event.city])
    bad = [["C10000", "12.03.2026 10:00", "OKTAVIA", "siehe Beleg", "EUR", ""], ["", "13.03.2026 11:30", "OKTAVIA", "12,00", "EUR", ""]]
    for number, row in enumerate(bad):
        rows.insert((number * 57 + 11) % (len(rows) + 1), row)
    write_csv(folder / WALLET_FILE, ("Kundennummer", "Zeitpunkt", "Händler", "Betrag", "Währung", "Ort"), rows, delimiter=";")
    return {"rows": len(rows), "rejected": {"bad_amount": 1, "missing_user": 1}, "repeated": 0}


def write_offers(folder: Path, offers: list[Offer]) -> dict[str, Any]:
    """The catalogue of offers; one of them stands in it twice with another description."""
    columns = ("offer_id", "title", "description", "category", "partner", "value_band", "cashback_pct", "valid_from", "valid_to")
    rows = []
    for offer in offers:
        last = iso_day(offer.last)
        rows.append([offer.offer_id, offer.title, offer.description, offer.category, offer.partner, offer.value_band, str(offer.percent), iso_day(offer.first), last])
    rows.insert(10, [*rows[3][:2], rows[3][2].upper(), *rows[3][3:]])
    write_csv(folder / OFFER_FILE, columns, rows)
    return {"rows": len(rows), "rejected": {}, "repeated": 1}


def write_answers(folder: Path, exposures: list[Exposure]) -> dict[str, dict[str, Any]]:
    """Impressions as Parquet with epoch milliseconds, redemptions as JSON Lines; some name offers that the catalogue lacks."""
    shown = [(e.user_id, e.offer_id, e.shown, e.headline) for e in exposures]
    shown += [(e.user_id, LACKING_OFFERS[n % 3], e.shown, "Welcome bonus") for n, e in enumerate(exposures[5::500])]
    shown.sort(key=lambda row: (row[2], row[0], row[1], row[3]))
    users: list[str | None] = [row[0] for row in shown] + [None, None]
    shown += [shown[0], shown[1]]
    table = pa.table({
        "impression_id": pa.array([f"I{700000 + n}" for n in range(len(shown))], pa.string()),
        "customer_no": pa.array(users, pa.string()),
        "offer_id": pa.array([row[1] for row in shown], pa.string()),
        "shown_at_ms": pa.array([int(row[2].timestamp()) * 1000 for row in shown], pa.int64()),
        "headline": pa.array([row[3] for row in shown], pa.string()),
    })  # fmt: skip
    pq.write_table(table, folder / EXPOSURE_FILE, compression="zstd")
    answered = sorted((e.answered, e.user_id, e.offer_id) for e in exposures if e.answered is not None)
    lines = []
    for number, (moment, user_id, offer_id) in enumerate(answered):
        moment_text = moment.astimezone(BERLIN).isoformat()
        lines.append(json.dumps({"redemption_id": f"R{300000 + number}", "customer_no": user_id, "offer_id": offer_id, "redeemed_at": moment_text}))
    lines.insert(7, '{"redemption_id": "R29')
    _write_text(folder / REDEMPTION_FILE, "\n".join(lines) + "\n")
    return {
        EXPOSURE_FILE: {"rows": len(shown), "rejected": {"missing_user": 2}, "repeated": 0},
        REDEMPTION_FILE: {"rows": len(lines), "rejected": {"broken_json": 1}, "repeated": 0},
    }
