"""What was given back is taken off what was spent, and the sentence says so."""

from __future__ import annotations

from pathlib import Path

import memlearn

CONFIG = "version: 1\ncurrency: EUR\nsources:\n  shop: {role: events, path: shop.csv, columns: {user: user, time: time, amount: paid, kind: kind}}\n"


def test_a_mean_that_returns_lower_is_told_as_net(tmp_path: Path) -> None:
    rows = [f"{user},2025-{day // 28 + 1:02d}-{day % 28 + 1:02d},10,purchase" for user in ("ana", "ben") for day in range(30)]
    rows += [f"ana,2025-03-0{day},10,refund" for day in range(1, 6)]
    (tmp_path / "shop.csv").write_text("user,time,paid,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    config = tmp_path / "memlearn.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    memlearn.learn(config)
    assert memlearn.verify(config).contradicted == 0
    ana, ben = ("\n".join(block.value for block in memlearn.show(config, user).blocks) for user in ("ana", "ben"))
    assert "Spent 250 EUR in 30 purchases, 8.33 EUR on average, less what was given back." in ana
    assert "Spent 300 EUR in 30 purchases, 10.00 EUR on average." in ben
