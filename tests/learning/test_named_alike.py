"""Articles that are named like their kind, learned from rows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import memlearn

CONFIG = """version: 1
sources:
  till:
    role: events
    path: till.csv
    columns: {user: user, time: day, item: article}
  shop:
    role: items
    path: items.csv
    columns: {item: id, name: name}
    levels: {department: department, product: product}
"""


def test_a_like_is_told_of_the_kind_and_not_of_articles_named_like_it(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(
        "id,name,department,product\n1,WINE,drinks,WINE\n2,WINE,drinks,WINE\n5,WINE,drinks,WINE\n6,WINE,drinks,WINE\n3,Bread,food,bakery\n4,Salt,food,spices\n",
        encoding="utf-8",
    )
    rows = [f"u,{date(2025, 1, 1) + timedelta(days=at * at * 7 % 170)},{(1, 2, 5, 6)[at % 4]}" for at in range(40)]
    rows += [f"u,{date(2025, 1, 1) + timedelta(days=at * 3)},{3 + at % 2}" for at in range(40)]
    rows += [f"v{at % 60},{date(2025, 1, 1) + timedelta(days=at % 170)},{3 + at % 2}" for at in range(2000)]
    rows += [f"v{at},2025-02-0{1 + at % 9},{1 + at % 2}" for at in range(20)]
    (tmp_path / "till.csv").write_text("user,day,article\n" + "\n".join(rows), encoding="utf-8")
    (tmp_path / "memlearn.yaml").write_text(CONFIG, encoding="utf-8")
    memlearn.learn(tmp_path / "memlearn.yaml")
    said = [
        statement.text
        for block in memlearn.show(tmp_path / "memlearn.yaml", "u").blocks
        if block.label == "preferences"
        for statement in block.statements
    ]
    assert [text.split(":")[0] for text in said if "wine" in text.lower()] == ["Often buys wine"]
    assert memlearn.verify(tmp_path / "memlearn.yaml").contradicted == 0
