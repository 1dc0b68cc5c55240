"""What a snapshot that lost too many rows says: how many came, how many are new, and why corrected rows count as lost."""

from __future__ import annotations

from pathlib import Path

import pytest

import memlearn
from memlearn.errors import ShrinkError

HEAD = "version: 1\ncurrency: EUR\nsources:\n  shop:\n    role: events\n    path: shop.csv\n    mode: snapshot\n    columns: {user: user, time: time, amount: paid, %s}\n"


def write(folder: Path, prices: list[int]) -> None:
    rows = [f"k{place},u{place % 3},2025-{place // 28 + 1:02d}-{place % 28 + 1:02d},{price}" for place, price in enumerate(prices)]
    (folder / "shop.csv").write_text("id,user,time,paid\n" + "\n".join(rows) + "\n", encoding="utf-8")


def test_corrected_rows_without_a_key_are_told_from_missing_ones(tmp_path: Path) -> None:
    config = tmp_path / "memlearn.yaml"
    config.write_text(HEAD % "currency: null", encoding="utf-8")
    write(tmp_path, [5] * 100)
    memlearn.learn(config)
    write(tmp_path, [5] * 40 + [6] * 70)
    with pytest.raises(ShrinkError, match=r"lost 60 of 100 rows .*110 rows came, 70 of them new\. .*map `columns\.key`\. .*`max_shrink`"):
        memlearn.learn(config)
    write(tmp_path, [5] * 40)
    with pytest.raises(ShrinkError, match=r"lost 60 of 100 rows .*40 rows came, 0 of them new\. If the rows are really gone"):
        memlearn.learn(config)


def test_with_a_key_corrected_rows_are_not_lost(tmp_path: Path) -> None:
    config = tmp_path / "memlearn.yaml"
    config.write_text(HEAD % "key: id", encoding="utf-8")
    write(tmp_path, [5] * 100)
    memlearn.learn(config)
    write(tmp_path, [5] * 40 + [6] * 70)
    assert memlearn.learn(config).events == 110
    write(tmp_path, [7] * 50)
    with pytest.raises(ShrinkError, match=r"50 rows came, 0 of them new\. If the rows"):
        memlearn.learn(config)
