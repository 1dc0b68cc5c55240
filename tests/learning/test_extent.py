"""Which months the population is counted over: whole ones, and where nothing later was to be seen, up to the instant that learning ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import memlearn
from memlearn.learning.extent import Extent
from memlearn.store import StoreLayout, open_release

CONFIG = """
version: 1
timezone: {zone}
sources:
  sales: {{role: events, path: sales.csv, columns: {{user: who, time: at, item: what}}}}
  items: {{role: items, path: items.csv, columns: {{item: what}}}}
"""
DAYS = ["2026-01-10", "2026-02-11", "2026-03-05", "2026-03-31"]


def us(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


def month(year: int, number: int) -> int:
    return year * 12 + number - 1


MONTHS = {month(2026, 1): 40, month(2026, 2): 40, month(2026, 3): 40}


@pytest.mark.parametrize(
    ("as_of", "boundary"),
    [
        (None, month(2026, 3)),
        (us(2026, 3, 20), month(2026, 3)),
        (us(2026, 4, 1), month(2026, 4)),
        # The first of April of Auckland and of Honolulu.
        (us(2026, 3, 31, 11), month(2026, 4)),
        (us(2026, 4, 1, 10), month(2026, 4)),
        # Nobody did anything in the month of the instant: those before it are whole.
        (us(2026, 6, 17), month(2026, 6)),
    ],
)
def test_the_population_ends_where_a_month_ends(as_of: int | None, boundary: int) -> None:
    assert Extent(us(2026, 3, 18), MONTHS, 9, as_of_us=as_of).boundary == boundary


def test_all_counts_where_most_lies_in_the_newest_month() -> None:
    months = {month(2026, 2): 10, month(2026, 3): 40}
    assert Extent(us(2026, 3, 18), months, 9).boundary == month(2026, 4)
    assert Extent(us(2026, 3, 18), months, 9, as_of_us=us(2026, 3, 20)).boundary == month(2026, 4)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu", "UTC"])
def test_nothing_before_the_first_of_a_month_is_left_out(tmp_path: Path, zone: str) -> None:
    rows = [f"u{user},{day},a" for user in range(8) for day in DAYS] + [f"u{user},2026-04-02,b" for user in range(8)]
    (tmp_path / "sales.csv").write_text("\n".join(["who,at,what", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "items.csv").write_text("what\na\nb\n", encoding="utf-8")
    (tmp_path / "shop.yaml").write_text(CONFIG.format(zone=zone), encoding="utf-8")
    for as_of, bought in (("2026-04-01", 8 * 4), ("2026-03-20", 8 * 2)):
        memlearn.learn(tmp_path / "shop.yaml", as_of=as_of)
        layout = StoreLayout(tmp_path / "store")
        with open_release(layout) as release:
            sums = pl.read_parquet(layout.root / "population" / f"{release.manifest.population['file']}.parquet")
        found = sums.filter((pl.col("dim") == "item") & (pl.col("label") == "a") & pl.col("month").is_null())
        assert found["n"].to_list() == [bought], as_of
