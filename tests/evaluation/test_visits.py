"""Visits are read from a real row store with the meaning that learning gives to purchases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import memlearn
from memlearn.evaluation.visits import Visits, is_order, read_visits, sampled
from memlearn.store.ledger import Ledger
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config

CONFIG = """
version: 1
timezone: Europe/Berlin
sources:
  till: {role: events, path: till.csv, columns: {user: who, time: at, item: what, kind: kind, key: key}, kinds: {refund: refund, shown: exposure, answered: redemption}}
  gifts: {role: events, path: gifts.csv, columns: {user: who, time: at, item: what}, not_evidence_for: [preferences]}
  items: {role: items, path: items.csv, columns: {item: what}}
"""
TILL = """key,who,at,what,kind
1,ana,2026-03-01T23:30:00+01:00,milk,sale
2,ana,2026-03-02T00:30:00+01:00,milk,sale
3,ana,2026-03-02T09:00:00+01:00,milk,sale
4,ana,2026-03-02T10:00:00+01:00,bread,sale
5,ana,2026-03-03T10:00:00+01:00,bread,refund
6,ana,2026-03-04T10:00:00+01:00,bread,shown
7,ana,2026-03-05T10:00:00+01:00,bread,answered
8,bob,2026-03-02T10:00:00+01:00,unknown,sale
9,bob,2026-03-06T10:00:00+01:00,bread,sale
"""


@pytest.fixture
def found(tmp_path: Path) -> tuple[Path, dict[int, tuple[str, ...]]]:
    (tmp_path / "shop.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "till.csv").write_text(TILL, encoding="utf-8")
    (tmp_path / "gifts.csv").write_text("who,at,what\nbob,2026-03-03,milk\n", encoding="utf-8")
    (tmp_path / "items.csv").write_text("what\nmilk\nbread\n", encoding="utf-8")
    memlearn.learn(tmp_path / "shop.yaml")
    ledger = Ledger(tmp_path / "store" / "ledger.duckdb")
    files = {shard: tuple(file.file for file in held) for shard, held in ledger.row_files().items()}
    ledger.close()
    return tmp_path, files


def read(found: tuple[Path, dict[int, tuple[str, ...]]], *kinds: str, until_us: int | None = None) -> Visits:
    folder, files = found
    job = make_job(load_config(folder / "shop.yaml"))
    return read_visits(folder / "store" / "rows", files, ["milk", "bread"], kinds=kinds, weak=job.weak, until_us=until_us)


def plain(visits: Visits) -> list[tuple[str, str, str]]:
    days = np.datetime64("1970-01-01") + visits.day.astype("timedelta64[D]")
    return [(visits.users[u], str(day), visits.items[i]) for u, day, i in zip(visits.user, days, visits.item, strict=True)]


def test_an_item_counts_once_a_local_day_and_only_as_a_purchase(found: tuple[Path, dict[int, tuple[str, ...]]]) -> None:
    visits = read(found, "purchase")
    assert plain(visits) == [
        ("ana", "2026-03-01", "milk"),
        ("ana", "2026-03-02", "bread"),
        ("ana", "2026-03-02", "milk"),
        ("bob", "2026-03-06", "bread"),
    ]
    # Of two on one day the first one's time counts.
    assert visits.time_us[2] == datetime(2026, 3, 1, 23, 30, tzinfo=UTC).timestamp() * 1e6
    assert visits.outside == 1


def test_other_kinds_and_an_end_may_be_asked_for(found: tuple[Path, dict[int, tuple[str, ...]]]) -> None:
    assert plain(read(found, "redemption")) == [("ana", "2026-03-05", "bread")]
    before = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp() * 1e6)
    assert len(read(found, "purchase", until_us=before)) == 2
    assert len(read(found, "purchase", until_us=before + 1)) == 3


def of_days(days: list[list[int]]) -> Visits:
    user = np.repeat(np.arange(len(days)), [len(own) for own in days]).astype(np.int32)
    day = np.concatenate(days).astype(np.int32)
    zeros = np.zeros(len(day), dtype=np.int32)
    return Visits(tuple(f"u{number}" for number in range(len(days))), ("i",), user, day, zeros, day.astype(np.int64), 0)


def test_numbered_visits_are_an_order() -> None:
    assert is_order(of_days([[3, 4, 5], *([3, 4] for _ in range(11))]))
    assert not is_order(of_days([[3, 4, 6], *([3, 4] for _ in range(11))]))
    assert not is_order(of_days([[3, 4, 5], *([4, 5] for _ in range(11))]))
    # So few users or visits may be days in a row by chance.
    assert not is_order(of_days([[3, 4, 5], *([3, 4] for _ in range(5))]))
    assert not is_order(of_days([[3, 4] for _ in range(20)]))


def test_a_sample_of_users_does_not_depend_on_who_else_is_there() -> None:
    users = [f"user {number}" for number in range(500)]
    chosen = sampled(users, 50)
    assert chosen.sum() == 50
    fewer = sampled([user for user, there in zip(users, chosen, strict=True) if there] + ["user 900"], 50)
    assert fewer[:50].sum() >= 49
    assert sampled(users, 500).all()
    assert isinstance(pl.Series(chosen).sum(), int)
