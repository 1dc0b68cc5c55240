"""A user of two years with one habit of every kind that the statistics tell, learned from files, and the checker of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from companies import write_csv

import memlearn
from memlearn.chunks import ChunkConfig
from memlearn.learning.agent.check import Checker
from memlearn.learning.agent.draft import Draft
from memlearn.learning.agent.inputs import gather_inputs
from memlearn.learning.agent.judge import checker_of
from memlearn.learning.agent.reading import shown_of
from memlearn.learning.agent.step import EditRequest, Line, Statistic, StepInput
from memlearn.learning.embedded.annotate import Annotated, annotate, resolve_returns
from memlearn.learning.job import Job
from memlearn.learning.tables import Tables, read_tables
from memlearn.memory import Block, BlockSpec, Statement
from memlearn.store import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.rows import read_rows
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config

Row = dict[str, str]
BEGIN, END = date(2024, 1, 1), date(2025, 12, 31)
ITEMS = {
    "i1": ("Rye bread", "food", "bakery"),
    "i2": ("Espresso beans", "food", "coffee"),
    "i3": ("Oat milk", "food", "dairy"),
    "i4": ("Cat litter", "home", "pets"),
    "i5": ("Sun cream", "home", "cosmetics"),
    "i6": ("Running shoes", "clothes", "footwear"),
    "i7": ("Pregnancy test", "home", "pregnancy"),
    **{f"c{n}": (f"Coffee coupon {n}", "coupons", "coffee") for n in range(1, 7)},
    **{f"h{n}": (f"Household coupon {n}", "coupons", "household") for n in range(1, 8)},
    **{f"d{n}": (f"Dairy flyer {n}", "coupons", "dairy") for n in range(1, 6)},
}
_SHOP = ("customer", "at", "receipt", "product", "what", "paid", "off", "of_receipt")
_BANK = ("customer", "at", "shop", "paid", "off")
_APP = ("customer", "at", "offer", "what")
SOURCES: dict[str, dict[str, Any]] = {
    "shop": {
        "role": "events",
        "path": "shop.csv",
        "columns": {
            "user": "customer", "time": "at", "key": "receipt", "item": "product", "kind": "what", "amount": "paid", "discount": "off",
            "refers_to": "of_receipt",
        },
        "kinds": {"sale": "purchase", "return": "refund"},
    },
    "bank": {
        "role": "events",
        "path": "bank.csv",
        "columns": {"user": "customer", "time": "at", "text": "shop", "amount": "paid", "discount": "off"},
        "merchants": True,
        "not_evidence_for": ["discounts", "hours"],
    },
    "app": {
        "role": "events",
        "path": "app.csv",
        "columns": {"user": "customer", "time": "at", "item": "offer", "kind": "what"},
        "kinds": {"shown": "exposure", "used": "redemption"},
    },
    "flyer": {
        "role": "events",
        "path": "flyer.csv",
        "columns": {"user": "customer", "time": "at", "item": "offer", "kind": "what"},
        "kinds": {"shown": "exposure", "used": "redemption"},
        "not_evidence_for": ["ignored_offers"],
    },
    "items": {
        "role": "items",
        "path": "items.csv",
        "columns": {"item": "id", "name": "name"},
        "levels": {"department": "department", "category": "category"},
    },
}  # fmt: skip
SPECS = (BlockSpec(label="habits", description="What is done regularly.", limit=2000),)


def _sales() -> Iterator[tuple[datetime, str, str, str]]:
    """When, product, price, discount."""
    for week in range(104):
        # Bread on most Saturdays, at ten.
        if week % 13 != 5:
            yield datetime.combine(date(2024, 1, 6) + timedelta(weeks=week), time(10)), "i1", "3.20", "0.80" if week % 3 == 0 else ""
    for number in range(81):
        yield datetime.combine(BEGIN + timedelta(days=2 + 9 * number), time(18, 30)), "i2", "12.50", ""
    for number in range(20):
        yield datetime.combine(date(2025, 3, 3) + timedelta(days=15 * number + number % 4), time(19)), "i3", "1.90", ""
    for number in range(22):
        yield datetime.combine(date(2024, 1, 9) + timedelta(days=14 * number + number % 3), time(18, 45)), "i4", "7.00", "1.00"
    for year in (2024, 2025):
        for number in range(7):
            yield datetime.combine(date(year, 6, 4) + timedelta(days=11 * number), time(11)), "i5", "9.00", ""
    for day in (date(2024, 2, 13), date(2024, 5, 7), date(2024, 9, 17), date(2025, 4, 8), date(2025, 10, 7)):
        yield datetime.combine(day, time(12, 15)), "i6", "80.00", "20.00"
    for day in (date(2025, 2, 4), date(2025, 2, 5)):
        yield datetime.combine(day, time(17)), "i7", "6.00", ""


def write_site(folder: Path, users: tuple[str, ...] = ("anna",), *, until: date = END) -> Path:
    """The files and the config; every user has the same history, up to a day."""
    shop: list[Row] = []
    bank: list[Row] = []
    app: list[Row] = []
    flyer: list[Row] = []
    for user in users:
        mine = [
            {"customer": user, "at": f"{at:%Y-%m-%dT%H:%M}", "receipt": f"{user}{n}", "product": product, "what": "sale", "paid": paid, "off": off, "of_receipt": ""}
            for n, (at, product, paid, off) in enumerate(sorted(_sales()))
        ]  # fmt: skip
        shoes = [row for row in mine if row["product"] == "i6"][:3]
        back = [
            {**row, "at": f"{datetime.fromisoformat(row['at']) + timedelta(days=6):%Y-%m-%dT%H:%M}", "receipt": row["receipt"] + "r", "what": "return", "of_receipt": row["receipt"], "off": ""}
            for row in shoes
        ]  # fmt: skip
        shop += [*mine, *back]
        bank += [_paid(user, date(2024, 1, 4) + timedelta(days=12 * n + n % 3), "OLD MARKET") for n in range(25)]
        bank += [_paid(user, date(2024, 11, 5) + timedelta(days=13 * n + n % 3), "NEW MARKET") for n in range(32)]
        app += [row for n in range(6) for row in _seen(user, date(2025, 1, 7) + timedelta(days=30 * n), f"c{n + 1}", used=n != 3)]
        app += [row for n in range(7) for row in _seen(user, date(2025, 1, 14) + timedelta(days=30 * n), f"h{n + 1}", used=False)]
        flyer += [row for n in range(5) for row in _seen(user, date(2025, 1, 20) + timedelta(days=30 * n), f"d{n + 1}", used=n < 2)]
    for name, columns, rows in (("shop", _SHOP, shop), ("bank", _BANK, bank), ("app", _APP, app), ("flyer", _APP, flyer)):
        write_csv(folder / f"{name}.csv", columns, [row for row in rows if row["at"][:10] <= until.isoformat()])
    items = [{"id": key, "name": name, "department": top, "category": fine} for key, (name, top, fine) in ITEMS.items()]
    write_csv(folder / "items.csv", ("id", "name", "department", "category"), items)
    tree = {
        "version": 1,
        "store": "store",
        "timezone": "UTC",
        "currency": "EUR",
        "shared": {"min_users": 2},
        "sources": SOURCES,
        "merchants": {"categories": {"OLD MARKET": "groceries", "NEW MARKET": "groceries"}},
        "learning": {"shards": 1},
    }
    path = folder / "memlearn.yaml"
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path


def _paid(user: str, day: date, shop: str) -> Row:
    # The bank's clock and its discounts say nothing: it is no evidence for either.
    return {"customer": user, "at": f"{day}T03:00", "shop": shop, "paid": "40.00", "off": "5.00"}


def _seen(user: str, day: date, offer: str, *, used: bool) -> Iterator[Row]:
    yield {"customer": user, "at": f"{day}T09:00", "offer": offer, "what": "shown"}
    if used:
        yield {"customer": user, "at": f"{day + timedelta(days=2)}T09:00", "offer": offer, "what": "used"}


@dataclass(frozen=True)
class Learned:
    """What a run knows of the site, and its only shard's rows."""

    job: Job
    tables: Tables
    rows: pl.DataFrame
    checker: Checker

    def steps(
        self, *, tokens: int = 100_000, most: int | None = None, rows: pl.DataFrame | None = None
    ) -> dict[str, tuple[StepInput, ...]]:
        """The steps of all users, with chunks of so many tokens."""
        rows = self.rows if rows is None else rows
        numbers = annotated(self, rows, tokens)
        shown = shown_of(self.job, self.tables)
        shown = replace(shown, blocks=tuple(map(Block, SPECS)), **({} if most is None else {"most": most}))
        return dict(gather_inputs(resolve_returns(rows), numbers, np.ones(len(numbers), dtype=np.bool_), shown))

    def insert(self, step: StepInput, text: str, *evidence: str) -> Statement:
        """The statement that an insert of the agent becomes."""
        edit = Draft(step, self.checker).apply(EditRequest("insert", "habits", None, (Line(text, evidence),)))
        return edit.statements[0]


def annotated(learned: Learned, rows: pl.DataFrame, tokens: int) -> Annotated:
    job = learned.job
    return annotate(rows, learned.tables.catalogue, chunks=ChunkConfig(tokens=tokens), weak=job.weak, attributes=job.context.attributes)


def learn(path: Path) -> Learned:
    """Learn a site without an agent, and take up what an agent of it would be given."""
    memlearn.learn(path)
    job = make_job(load_config(path))
    tables = read_tables(job)
    layout = StoreLayout(path.parent / "store")
    ledger = Ledger(layout.ledger)
    try:
        rows = read_rows(layout.rows / "0000", [file.file for file in ledger.row_files()[0]])
    finally:
        ledger.close()
    return Learned(job, tables, rows, checker_of(job, tables))


def cite(step: StepInput, start: str) -> str:
    """The number of the one statistic that begins so."""
    found = [f"s{at}" for at, one in enumerate(step.statistics, 1) if one.text.startswith(start)]
    assert len(found) == 1, (start, [one.text for one in step.statistics])
    return found[0]


def of_kind(step: StepInput, kind: str) -> list[Statistic]:
    """The statistics of one kind."""
    return [one for one in step.statistics if one.fact.kind == kind]
