"""Kinds that nobody mapped are told before they count as something they may not be."""

from __future__ import annotations

from pathlib import Path

import memlearn

HEAD = (
    "version: 1\nsources:\n  shop:\n    role: events\n    path: shop.csv\n    columns: {user: user, time: time, item: item, kind: kind}\n"
)
# Seven values, so that two of them are counted only.
KINDS = ["Kauf"] * 5 + ["STORNO"] * 3 + ["Info"] * 2 + ["a", "b", "c", "d", "View", ""]


def test_kinds_that_are_not_mapped_are_told_with_the_way_out(tmp_path: Path) -> None:
    rows = [f"u{place % 2},2025-01-{place + 1:02d},tea,{kind}" for place, kind in enumerate(KINDS)]
    (tmp_path / "shop.csv").write_text("user,time,item,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    config = tmp_path / "memlearn.yaml"
    config.write_text(HEAD, encoding="utf-8")
    said = [line for line in memlearn.learn(config).warnings if "not mapped" in line]
    assert said == [
        "Source 'shop': 14 rows of kinds that are not mapped, taken for 'purchase': "
        "'Kauf' (5), 'STORNO' (3), 'Info' (2), 'a' (1), 'b' (1) and 2 more. "
        "Say with `kinds` what each of them is ('other' for what is no evidence)."
    ]
    assert not any("not mapped" in line for line in memlearn.learn(config).warnings)
    config.write_text(
        HEAD + "    kinds: {kauf: purchase, storno: cancellation, info: other, a: other, b: other, c: other, d: other}\n", encoding="utf-8"
    )
    assert not any("not mapped" in line for line in memlearn.learn(config).warnings)
