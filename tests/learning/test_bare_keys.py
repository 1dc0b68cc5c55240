"""Keys without letters, and keys that begin with the name of their dimension, read as what they are; and the words are checked."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from random import Random

import polars as pl
import pytest

import memlearn
from memlearn.learning.embedded.render.words import display, with_dim

CONFIG = """
version: 1
shared: {min_users: 2}
sources:
  shop: {role: events, path: shop.csv, columns: {user: user, time: time, item: item}, attributes: {store: store, l3: deep}}
  notes: {role: statements, path: notes.csv, columns: {user: user, time: time, stance: stance, dim: dim, key: key}}
"""


@pytest.mark.parametrize(
    ("dim", "label", "name", "shown"),
    [
        ("manufacturer", "1230", None, "manufacturer 1230"),
        ("item", "50", None, "item 50"),
        ("item", "50", "Milk", "Milk"),
        ("item_group", "7-2", None, "item group 7-2"),
        ("brand", "7UP", None, "7UP"),
        ("category", "Öl", None, "Öl"),
    ],
)
def test_a_key_without_letters_is_told_with_its_level(dim: str, label: str, name: str | None, shown: str) -> None:
    row = pl.DataFrame({"dim": [dim], "label": [label], "name": [name]}, schema=dict.fromkeys(("dim", "label", "name"), pl.String))
    assert row.select(display(pl.col("dim"), pl.col("label"), pl.col("name"))).item() == shown


def test_a_key_that_begins_with_its_level_is_told_as_it_stands() -> None:
    rows = pl.DataFrame({"dim": ["store", "store", "store"], "shown": ["Store 304", "304", "Storefront"]})
    assert rows.select(with_dim(pl.col("dim"), pl.col("shown"))).to_series().to_list() == ["Store 304", "store 304", "store Storefront"]


def test_they_are_learned_and_verified(tmp_path: Path) -> None:
    random, rows = Random(1), []
    for user, day in product(range(12), range(60)):
        item = 50 + (user if random.random() < 0.5 else random.randrange(9))
        rows.append(f"u{user},2025-{day // 28 + 1:02d}-{day % 28 + 1:02d},{item},store {300 + user},{1000 + item * 7 % 40}")
    (tmp_path / "shop.csv").write_text("user,time,item,store,deep\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "notes.csv").write_text("user,time,stance,dim,key\nu1,2025-01-01,avoids,l3,1015\n", encoding="utf-8")
    config = tmp_path / "memlearn.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    memlearn.learn(config)
    report = memlearn.verify(config)
    assert (report.contradicted, report.problems) == (0, ())
    said = "\n".join(block.value for block in memlearn.show(config, "u10").blocks)
    for words in ("Mostly shops at store 310: ", "Mostly buys item 60: ", "Mostly buys l3 1020: ", "Popular: item 51 ("):
        assert words in said
    assert "Avoids l3 1015 (stated)." in "\n".join(block.value for block in memlearn.show(config, "u1").blocks)
