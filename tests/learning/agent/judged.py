"""A user made by hand whose figures can be counted on fingers, as a step of the agent and with the checker of its lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from memlearn.learning.agent.check import Checker
from memlearn.learning.agent.draft import Draft
from memlearn.learning.agent.judge import make_checker
from memlearn.learning.agent.rows import render_rows
from memlearn.learning.agent.step import EditRequest, Line, Past, Row, Statistic, StepInput
from memlearn.memory import Block, BlockSpec, Evidence, Fact, Statement
from memlearn.memory.sensitive import SensitiveConfig
from memlearn.records import EVENT_SCHEMA
from memlearn.records.statements import OPERATOR_STATEMENT_SCHEMA

# day and time, kind, merchant, category, city, cents, currency, offer, text
_ROWS: tuple[tuple[str, str, str | None, str | None, str | None, int | None, str | None, str | None, str | None], ...] = (
    ("2026-01-05 08:10", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 310, "EUR", None, None),
    ("2026-01-12 08:20", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 320, "EUR", None, None),
    ("2026-01-19 08:15", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 330, "EUR", None, None),
    ("2026-01-24 18:30", "purchase", "GREEN MARKET", "groceries", "Berlin", 4200, "EUR", None, None),
    ("2026-01-26 08:05", "purchase", "BLUE BOTTLE", "coffee", "Berlin", 340, "EUR", None, None),
    ("2026-02-02 19:00", "purchase", "BLUE BOTTLE", "coffee", "Hamburg", 700, "EUR", None, None),
    ("2026-02-07 11:00", "purchase", "SUN PHARMACY", "pharmacy", "Berlin", 1100, "EUR", None, None),
    ("2026-02-09 11:30", "purchase", "SUN PHARMACY", "pharmacy", "Berlin", 900, "EUR", None, None),
    ("2026-02-21 18:00", "purchase", "GREEN MARKET", "groceries", "Berlin", 5800, "EUR", None, None),
    ("2026-03-03 12:00", "purchase", "PAPERLANTERN", "books", "London", 1500, "GBP", None, None),
    ("2026-03-10 09:00", "exposure", None, None, None, None, None, "O-1", None),
    ("2026-03-11 09:00", "exposure", None, None, None, None, None, "O-2", None),
    ("2026-03-12 09:00", "redemption", None, None, None, None, None, "O-1", None),
    ("2026-03-14 09:00", "message", None, None, None, None, None, None, "The refund from the shop is missing in my account."),
    ("2026-03-16 18:45", "purchase", "GREEN MARKET", "groceries", "Berlin", 5000, "EUR", None, None),
)  # fmt: skip

ITEMS = pl.DataFrame(
    {
        "item_id": ["O-1", "O-2", "O-3"],
        "name": ["Coffee cashback", "Book cashback", "Oat Dream"],
        "level_category": ["coffee", "books", "plant drinks"],
    }
)
PERSON = {"age_band": "25-34", "federal_state": "Berlin"}
BLUE, GREEN, PHARMACY = ("r1-r3", "r5-r6"), ("r4", "r9", "r15"), ("r7", "r8")


def make_rows() -> pl.DataFrame:
    records = []
    for number, (at, kind, merchant, category, city, cents, currency, item, text) in enumerate(_ROWS, 1):
        time = int(datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()) * 1_000_000
        records.append({
            "user_id": "anna", "time_us": time, "offset_s": 0, "has_clock": True, "seq": 0, "source": "bank", "key": str(number), "kind": kind,
            "item_id": item, "merchant": merchant, "merchant_category": category, "amount": cents, "currency": currency, "quantity": 1000, "discount": None,
            "text": text, "refers_to": None, "tombstone": False, "attr_city": city, "row_id": number,
        })  # fmt: skip
    return pl.DataFrame(records, schema={**EVENT_SCHEMA, "attr_city": pl.String(), "row_id": pl.UInt64()})


def counts(dim: str | None, key: str | None, n: int, text: str) -> Statistic:
    return Statistic(text, Fact("counts", dim, key, {"n": n}))


def line(text: str, *rows: int, status: str = "verified", **more: object) -> Statement:
    return Statement(text, Evidence(tuple(f"{row:016x}" for row in rows), **more), None, status)  # type: ignore[arg-type]


STATISTICS = (
    counts(None, None, 11, "all: 11 purchases"),
    counts("merchant", "BLUE BOTTLE", 5, "merchant BLUE BOTTLE: 5 purchases on 5 days"),
    counts("category", "groceries", 3, "category groceries: 3 purchases"),
    Statistic("net spending: 190.00 EUR in 10 paid rows", Fact("spending", "currency", "EUR", {"amount": 19000, "n": 10})),
)
BLOCKS = (
    Block(BlockSpec(label="habits", description="What is done regularly.", limit=300), (line("Bought coffee five times.", 1, 2, 3, 5, 6),)),
    Block(BlockSpec(label="changes", description="What is new.", limit=90), (line("Bought at Dry Goods on 4 May 2025.", 99),)),
    Block(
        BlockSpec(label="notes", description="Written by people.", read_only=True),
        (
            Statement("Avoids books (stated).", Evidence(operator=True), Fact("stance", "category", "books", {"stance": "avoids"})),
            Statement(
                "Likes pets (stated).",
                Evidence(operator=True),
                Fact("stance", "category", "groceries", {"stance": "likes", "until": "2026-02-01"}),
            ),
        ),
    ),
)


def make_step(rows: pl.DataFrame | None = None) -> StepInput:
    rows = make_rows() if rows is None else rows
    shown = [
        Row(f"{number:016x}", text)
        for number, text in zip(rows["row_id"].to_list(), render_rows(rows, ITEMS, ("category",)).to_list(), strict=True)
    ]
    return StepInput(
        "anna", 0, tuple(shown), STATISTICS, ("age band: 25-34",), BLOCKS, ("2026-01-05", "2026-03-16"), past=Past(rows, PERSON)
    )


STEP = make_step()
STATED = pl.DataFrame(
    {
        "user_id": ["anna"], "time_us": [0], "stance": ["avoids"], "dim": ["merchant"], "key": ["GREEN MARKET"], "until_us": [None], "text": [None],
        "withdrawn": [None],
    },
    schema=OPERATOR_STATEMENT_SCHEMA,
)  # fmt: skip


def make(statements: pl.DataFrame | None = None, **config: list[str]) -> Checker:
    stated = pl.DataFrame(schema=OPERATOR_STATEMENT_SCHEMA) if statements is None else statements
    return make_checker(ITEMS, stated, SensitiveConfig(**config), names=["travel"])  # type: ignore[arg-type]


CHECK = make()


def insert(text: str, *evidence: str, step: StepInput = STEP, check: Checker = CHECK, label: str = "habits") -> Statement:
    """The statement that an insert of the agent becomes."""
    draft = Draft(step, check)
    edit = draft.apply(EditRequest("insert", label, None, (Line(text, evidence),)))
    return edit.statements[0]


def without_rows(*numbers: int) -> StepInput:
    """The step where some rows are gone, the lines as before."""
    rows = make_rows().filter(~pl.col("row_id").is_in(list(numbers)))
    return replace(make_step(rows))
