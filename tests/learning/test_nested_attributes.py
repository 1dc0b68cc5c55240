"""Attributes of persons that are objects or lists are kept, and not told."""

from __future__ import annotations

from pathlib import Path

import polars as pl

import memlearn
from memlearn.store.layout import StoreLayout
from memlearn.store.release import open_release

CONFIG = """
version: 1
sources:
  shop: {role: events, path: shop.csv, columns: {user: user, time: time, item: item}}
  persons: {role: persons, path: persons.jsonl, user: user, attributes: {address: address, accounts: accounts, tier: tier}}
"""


def test_nested_attributes_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("user,time,item\nu1,2025-01-01,tea\n", encoding="utf-8")
    person = '{"user": "u1", "address": {"street": "391 Lakeview Drive"}, "accounts": "[371138, 324287]", "tier": "gold"}\n'
    (tmp_path / "persons.jsonl").write_text(person, encoding="utf-8")
    config = tmp_path / "memlearn.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    memlearn.learn(config)
    said = "\n".join(block.value for block in memlearn.show(config, "u1").blocks)
    assert "Tier: gold." in said
    assert "Lakeview" not in said
    assert "Accounts" not in said
    with open_release(StoreLayout(tmp_path / "store")) as release:
        assert set(release.table("persons").filter(pl.col("user_id") == "u1")["attribute"]) == {"address", "accounts", "tier"}
