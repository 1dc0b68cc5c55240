"""How many parts a store has, which has no bearing on what is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from companies import Company, Site, make_company

from memlearn.learning import shards
from memlearn.store.ledger import Ledger
from memlearn.store.spill import Spill


@pytest.fixture
def company() -> Company:
    """Seven users, over two nights."""
    return make_company(5, users=7, events=12, nights=2, changes=True, days=100)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of twenty rows, or of two users."""
    monkeypatch.setattr(shards, "SHARD_WEIGHT", 20)


def _number(site: Site) -> int:
    ledger = Ledger(site.layout.ledger)
    try:
        return int(ledger.fact("shards") or 0)
    finally:
        ledger.close()


def _learn(folder: Path, company: Company, settings: dict[str, Any] | None = None) -> Site:
    site = Site(folder, settings or {}).set_up(company)
    for night in company.nights:
        site.deliver(*night)
        site.learn()
    return site


@pytest.mark.slow
def test_many_thin_users_make_more_shards_with_the_same_content(tmp_path: Path, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    one = _learn(tmp_path / "one", company)
    assert _number(one) == 1
    monkeypatch.setattr(shards, "SHARD_WEIGHT", 20)
    many = _learn(tmp_path / "many", company)
    assert _number(many) > 5
    assert many.digest() == one.digest()
    held = sorted(path.name for path in many.layout.rows.iterdir())
    assert len(held) > 2


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_configured_number_stays(tmp_path: Path, company: Company) -> None:
    assert _number(_learn(tmp_path / "site", company, {"learning": {"shards": 2}})) == 2


@pytest.mark.parametrize("users", [1, 10, 1000, 100_000, 3_000_000])
def test_about_how_many_users_there_are(tmp_path: Path, users: int) -> None:
    spill = Spill(tmp_path / "spill", 1)
    hashes = np.random.default_rng(7).integers(0, 2**64, users, dtype=np.uint64)
    for part in np.array_split(np.concatenate([hashes, hashes]), 3):
        spill.count_users(part)
    assert spill.estimate_users() == pytest.approx(users, rel=0.01, abs=0.5)
    assert pl.Series(hashes).n_unique() == users
