"""What comes to nothing is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import memlearn

CONFIG = """version: 1
currency: EUR
sources:
  app:
    role: events
    path: app.csv
    columns: {user: user, time: time, item: item, kind: kind, amount: amount}
    kind: other
"""
ITEMS = "  shop:\n    role: items\n    path: items.csv\n    columns: {item: id}\n    levels: {department: department}\n"
SAID = "  desk:\n    role: statements\n    path: said.csv\n    columns: {user: user, time: time, stance: stance, dim: dim, key: key}\n"
NOTHING_SHOWN, NOTHING_LEARNED, NOT_ANSWERED = "nothing to show", "nothing is learned", "never answered"


def warnings(folder: Path, rows: str, more: str = "") -> str:
    (folder / "app.csv").write_text(f"user,time,item,kind,amount\n{rows}", encoding="utf-8")
    (folder / "items.csv").write_text("id,department\np1,Böoks\np2,\n", encoding="utf-8")
    (folder / "memlearn.yaml").write_text(CONFIG + more, encoding="utf-8")
    return "\n".join(memlearn.learn(folder / "memlearn.yaml").warnings)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,2025-01-02,p1,purchase,5\n", set()),
        ("a,2025-01-02,p1,purchase,-5\n", {NOTHING_LEARNED}),
        ("a,2025-01-02,p1,login,\n", {NOTHING_LEARNED}),
        ("a,2025-01-02,p1,exposure,\na,2025-01-03,p1,click,\n", {NOT_ANSWERED}),
        ("a,2025-01-02,p1,exposure,\na,2025-01-03,p1,redemption,\n", set()),
    ],
)
def test_events_that_nothing_is_learned_from_are_told(tmp_path: Path, row: str, said: set[str]) -> None:
    told = warnings(tmp_path, row, ITEMS)
    assert {words for words in (NOTHING_SHOWN, NOTHING_LEARNED, NOT_ANSWERED) if words in told} == said


def test_a_config_without_items_is_told_that_nothing_can_be_recommended(tmp_path: Path) -> None:
    assert NOTHING_SHOWN in warnings(tmp_path, "a,2025-01-02,p1,purchase,5\n")


def test_statements_about_what_nobody_knows_are_told(tmp_path: Path) -> None:
    known = ["item,p1", "Item,p2", "department,books", "merchant,CAFE", "category,coffee"]
    lost = ["item,P1", "department,toys", "colour,red"]
    lines = "".join(f"u{place},2025-01-01,avoids,{key}\n" for place, key in enumerate([*known, *lost]))
    (tmp_path / "said.csv").write_text(f"user,time,stance,dim,key\n{lines}", encoding="utf-8")
    told = warnings(tmp_path, "a,2025-01-02,p1,purchase,5\n", ITEMS + SAID)
    assert "exclude and favour nothing: 3, the first that 'u5' avoids item 'P1'" in told
