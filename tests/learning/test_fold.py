"""Learning is a memoised fold: the same rows give the same memory, however they came, were cut, shared out or taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from companies import Delivery, Site, make_company, site_of
from hypothesis import given, settings
from hypothesis import strategies as st
from promises import PROMISES

from memlearn.errors import ShrinkError, SourceError
from memlearn.wiring import verbs

SEEDS = st.integers(min_value=0, max_value=100_000)


_names = [check.__name__ for check in PROMISES]


@pytest.mark.parametrize("check", PROMISES[1:3], ids=_names[1:3])
@given(seed=SEEDS)
@settings(max_examples=1, deadline=None)
def test_property(check: Callable[[Path, int], None], tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    check(tmp_path_factory.mktemp("fold"), seed)


@pytest.mark.slow
@pytest.mark.parametrize("check", PROMISES, ids=_names)
@given(seed=SEEDS)
@settings(max_examples=6, deadline=None)
def test_property_often(check: Callable[[Path, int], None], tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    check(tmp_path_factory.mktemp("fold"), seed)


@pytest.mark.slow
def test_a_snapshot_holds_what_its_last_delivery_holds(tmp_path: Path) -> None:
    company = make_company(5, changes=False, nights=1)
    rows = company.final["shop"]
    settings = {"sources": {"shop": {"mode": "snapshot", "path": "in/shop-*.csv", "max_shrink": 0.2}}}
    site = Site(tmp_path / "site", settings).set_up(company)
    site.deliver(*company.nights[0])
    site.learn()
    first = site.digest()
    site.deliver(Delivery("shop", "00", rows[: len(rows) // 2]))
    shrunk = Random(1).sample(rows, len(rows) * 9 // 10)
    with pytest.raises(
        ShrinkError,
        match=rf"'shop' lost {len(rows) - len(rows) // 2} of {len(rows)} rows \(.*the limit is 20\.0%\).*nothing was changed.*max_shrink",
    ):
        site.learn()
    assert site.digest() == first
    site.deliver(Delivery("shop", "00", tuple(shrunk)))
    site.learn()
    fresh = Site(tmp_path / "fresh", settings).set_up(company)
    fresh.deliver(*(replace(part, rows=tuple(shrunk)) if part.source == "shop" else part for part in company.nights[0]))
    fresh.learn()
    assert site.digest() == fresh.digest() != first


@pytest.mark.slow
def test_another_mapping_is_learned_from_the_beginning(tmp_path: Path) -> None:
    company = make_company(6, nights=2)
    site = site_of(tmp_path / "site", company)
    site.learn()
    mapped = {"sources": {"shop": {"attributes": {"branch": "money"}}, "till": {"columns": {"user": "who", "time": "day", "text": "line"}}}}
    site.settings = mapped
    site.learn()
    fresh = site_of(tmp_path / "fresh", company, **mapped)
    fresh.learn()
    assert site.digest() == fresh.digest()
    (site.folder / "in" / "shop-00.csv").unlink()
    site.settings = {}
    with pytest.raises(SourceError, match=r"mapping of source 'shop' changed.*1 read earlier are gone, 'in/shop-00\.csv' first"):
        site.learn()
    assert site.digest() == fresh.digest()


@pytest.mark.slow
def test_a_file_that_grew_does_not_undo_later_corrections(tmp_path: Path) -> None:
    company = make_company(7, nights=3)
    site = site_of(tmp_path / "site", company)
    site.learn()
    (shop,) = (part for part in company.nights[0] if part.source == "shop")
    grown = replace(shop, rows=(*shop.rows, {**shop.rows[0], "receipt": "k-new", "paid": "3.00"}))
    site.deliver(grown)
    site.learn()
    fresh = site_of(tmp_path / "fresh", company)
    fresh.deliver(grown)
    fresh.learn()
    assert site.digest() == fresh.digest()
    again = site.learn()
    assert (again.published, again.steps_done) == (False, 0)


@pytest.mark.slow
def test_after_a_rollback_the_next_run_learns_everything_anew(tmp_path: Path) -> None:
    company = make_company(8, nights=2)
    site = Site(tmp_path / "site").set_up(company)
    digests = []
    for night in company.nights:
        site.deliver(*night)
        site.learn()
        digests.append(site.digest())
    verbs.rollback(site.config)
    assert site.digest() == digests[0]
    site.learn()
    assert site.digest() == digests[1]


@pytest.mark.parametrize("zone", [pytest.param("America/Los_Angeles", marks=pytest.mark.slow), "Pacific/Kiritimati"])
@pytest.mark.slow
def test_a_row_that_is_late_in_its_local_month_only(tmp_path: Path, zone: str) -> None:
    company = make_company(9, users=2, days=150, changes=False, nights=1)
    # In UTC the new rows lie in the newest month, in the west in the month before.
    newest = {**company.final["shop"][0], "at": "2025-08-01T12:00", "receipt": "newest", "what": "sale", "product": "p1", "of_receipt": ""}
    edge = {**newest, "at": "2025-07-31T23:30", "receipt": "edge", "product": "p5"}
    once = Site(tmp_path / "once", {"timezone": zone}).set_up(company)
    nightly = Site(tmp_path / "nightly", {"timezone": zone}).set_up(company)
    nightly.deliver(*company.nights[0], Delivery("shop", "newest", (newest,)))
    nightly.learn()
    nightly.deliver(Delivery("shop", "edge", (edge,)))
    nightly.learn()
    once.deliver(*company.nights[0], Delivery("shop", "newest", (newest,)), Delivery("shop", "edge", (edge,)))
    once.learn()
    assert nightly.content() == once.content()
