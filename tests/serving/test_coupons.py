"""Coupons of which only is known what they apply to, and letters that were sent and answered: from files to answers."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

import memlearn
from memlearn.serving import open_memory
from memlearn.store import StoreLayout

FIRST = datetime.fromisoformat("2026-01-05T09:00")
TYPES = ("milk", "tea", "soap", "bread")
USERS, LETTERS = 120, 8


def write(folder: Path, *, sent: bool = False, by_level: bool = False) -> Path:
    """A user buys one type, products 0 and 1 of it; letters for that type are answered more often."""
    draw = np.random.default_rng(5)
    rows = []
    for user in range(USERS):
        own = TYPES[user % 4]
        rows += [(f"u{user:03d}", FIRST + timedelta(days=7 * week), f"{own} {week % 2}", "bought") for week in range(20)]
        for number in range(LETTERS if sent else 0):
            kind, day = TYPES[int(draw.integers(4))], FIRST + timedelta(days=40 + 10 * number)
            rows.append((f"u{user:03d}", day, f"letter {kind}", "sent"))
            if draw.random() < (0.8 if kind == own else 0.1):
                rows.append((f"u{user:03d}", day + timedelta(hours=5), f"letter {kind}", "answered"))
    events = pl.DataFrame(rows, schema=["user", "time", "item", "what"], orient="row").sort("time", maintain_order=True)
    events.with_columns(pl.col("time").dt.to_string("iso:strict")).write_csv(folder / "events.csv")
    products = [{"item": f"{kind} {number}", "type": kind} for kind in TYPES for number in range(4)]
    pl.DataFrame(products).write_csv(folder / "products.csv")
    # Coupons 0 to 3 are for a product that some buy, 4 to 7 for one of the same type that nobody buys.
    coupons = [(f"coupon {number}", f"{TYPES[number % 4]} {0 if number < 4 else 3}") for number in range(8)]
    pl.DataFrame({"coupon": [coupon for coupon, _ in coupons]}).write_csv(folder / "coupons.csv")
    pl.DataFrame({"letter": [f"letter {kind}" for kind in TYPES]}).write_csv(folder / "letters.csv")
    pl.DataFrame(coupons, schema=["offer", "product"], orient="row").write_csv(folder / "pairs.csv")
    pl.DataFrame([(f"letter {kind}", kind) for kind in TYPES], schema=["offer", "type"], orient="row").write_csv(folder / "by_type.csv")
    sources = {
        "events": {
            "role": "events",
            "path": "events.csv",
            "columns": {"user": "user", "time": "time", "item": "item", "kind": "what"},
            "kinds": {"bought": "purchase", "sent": "exposure", "answered": "redemption"},
        },
        "products": {
            "role": "items",
            "path": "products.csv",
            "columns": {"item": "item"},
            "levels": {"type": "type"},
            "recommend": False,
        },
        "coupons": {"role": "items", "path": "coupons.csv", "columns": {"item": "coupon"}},
        "coupon_products": {"role": "offer_items", "path": "pairs.csv", "columns": {"offer": "offer", "item": "product"}},
    }
    if by_level:
        sources["letters"] = {"role": "items", "path": "letters.csv", "columns": {"item": "letter"}}
        sources["letter_types"] = {
            "role": "offer_items",
            "path": "by_type.csv",
            "columns": {"offer": "offer", "item": "type"},
            "level": "type",
        }
    config = {"version": 1, "store": "store", "learning": {"offers": {"train": True}}, "sources": sources}
    (folder / "memlearn.yaml").write_text(yaml.safe_dump(config))
    return folder / "memlearn.yaml"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coupons")
    memlearn.learn(write(folder))
    return folder / "store"


def test_a_coupon_for_what_a_user_buys_comes_first_then_one_for_what_is_like_it(store: Path) -> None:
    with open_memory(StoreLayout(store)) as memory:
        for user in range(8):
            answer = memory.recommend(f"u{user:03d}", 8)
            assert answer.tier == "personal"
            assert [item.item_id for item in answer.items][:2] == [f"coupon {user % 4}", f"coupon {4 + user % 4}"]
            assert answer.items[0].reason.startswith("Bought what it applies to 10 times, the last time on 2026-05-")
            assert answer.items[1].reason.startswith("Bought what is like what it applies to 20 times")
            assert answer.items[0].evidence["moved"][0]["bought"] == 10
        nobody = memory.recommend("nobody", 8)
        assert nobody.tier == "popular"
        assert {item.item_id for item in nobody.items[:4]} == {f"coupon {number}" for number in range(4)}


def test_memory_is_the_only_source(store: Path, tmp_path: Path) -> None:
    moved = tmp_path / "store"
    shutil.copytree(store, moved)
    shutil.rmtree(moved / "rows")
    (moved / "ledger.duckdb").unlink()
    with open_memory(StoreLayout(store)) as memory, open_memory(StoreLayout(moved), warm=True) as alone:
        assert alone.recommend("u001", 8) == memory.recommend("u001", 8)


def test_a_level_stands_for_its_items_and_what_is_answered_is_learned_from_affinity(tmp_path: Path) -> None:
    memlearn.learn(write(tmp_path, sent=True, by_level=True))
    with open_memory(StoreLayout(tmp_path / "store")) as memory:
        right = 0
        for user in range(40):
            items = [item.item_id for item in memory.recommend(f"u{user:03d}", 20).items]
            letters, coupons = ([item for item in items if item.startswith(kind)] for kind in ("letter", "coupon"))
            right += letters[0] == f"letter {TYPES[user % 4]}"
            # Nobody was told which coupons were let pass: they are ranked by what they apply to.
            assert coupons[:2] == [f"coupon {user % 4}", f"coupon {4 + user % 4}"]
        assert right >= 38


def test_a_pair_that_changes_learns_everybody_anew(tmp_path: Path) -> None:
    config = write(tmp_path)
    memlearn.learn(config)
    pl.DataFrame({"offer": ["coupon 0", "coupon 1"], "product": ["soap 0", "tea 0"]}).write_csv(tmp_path / "pairs.csv")
    memlearn.learn(config)
    with open_memory(StoreLayout(tmp_path / "store")) as memory:
        assert memory.recommend("u002", 1).items[0].item_id == "coupon 0"
