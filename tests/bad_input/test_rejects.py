"""What cannot be used is told and listed, whichever kind of source it comes from."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import memlearn

CONFIG = """version: 1
max_rejects: 0.9
sources:
  visits:
    role: events
    path: visits.csv
    columns: {user: user, time: time, item: item}
  shop:
    role: items
    path: items.csv
    columns: {item: id, name: name}
  rules:
    role: documents
    path: rules
    kind: policy
"""


@pytest.mark.parametrize("events_too", [False, True])
def test_rejected_rows_of_tables_and_documents_are_listed_with_those_of_events(tmp_path: Path, *, events_too: bool) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "good.md").write_text("# Rules\n\nCoupons must not be combined.\n", encoding="utf-8")
    (tmp_path / "rules" / "empty.md").write_text("", encoding="utf-8")
    (tmp_path / "items.csv").write_text("id,name\np1,Beans\n,Nothing\n", encoding="utf-8")
    bad = ",2025-01-04,p1\n" if events_too else ""
    (tmp_path / "visits.csv").write_text(f"user,time,item\na,2025-01-02,p1\na,2025-01-03,p1\n{bad}", encoding="utf-8")
    (tmp_path / "memlearn.yaml").write_text(CONFIG, encoding="utf-8")
    report = memlearn.learn(tmp_path / "memlearn.yaml")
    assert report.rejects_file is not None
    listed = pl.read_csv(report.rejects_file).select("source", "file", "row", "reason").rows()
    expected = [("rules", "empty.md", 0, "it holds no text"), ("shop", "items.csv", 2, "no item id")]
    assert sorted(listed) == [*expected, *([("visits", "visits.csv", 3, "no user")] if events_too else [])]
    assert report.rejected_rows == len(listed)
    assert any("'rules': left out 1 file " in warning and "'empty.md': it holds no text" in warning for warning in report.warnings)
    assert any("'shop': left out 1 row " in warning and "'items.csv' row 2: no item id" in warning for warning in report.warnings)


def test_too_many_are_told_with_a_row_of_the_most_frequent_reason(tmp_path: Path) -> None:
    config = "version: 1\nsources: {visits: {role: events, path: visits.csv, columns: {user: user, time: time, item: item}}}\n"
    (tmp_path / "memlearn.yaml").write_text(config, encoding="utf-8")
    (tmp_path / "visits.csv").write_text("user,time,item\n,2025-01-02,p1\na,someday,p1\na,never,p1\na,2025-01-03,p1\n", encoding="utf-8")
    with pytest.raises(memlearn.MemlearnError, match=r"3 of 4 rows are unusable.*\(2 rows\), for example 'visits.csv' row 2\."):
        memlearn.learn(tmp_path / "memlearn.yaml")
