"""Learning is a memoised fold: the same rows give the same memory, however they came, were cut, shared out or taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from companies import BEGIN, Company, Delivery, Site, make_company, scratch_of, site_of
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import ShrinkError, SourceError
from memlearn.wiring import verbs

SEEDS = st.integers(min_value=0, max_value=100_000)


def _varied(seed: int, **settings: object) -> Company:
    random = Random(seed)
    shape = {"users": random.choice([2, 4, 7]), "events": random.choice([15, 40]), "days": random.choice([40, 150, 400])}
    return make_company(seed, **{**shape, **settings})  # type: ignore[arg-type]


def _when(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["at"] if "at" in row else row["day"])


def _zone(seed: int) -> str:
    return ["Europe/Berlin", "America/New_York", "UTC"][seed % 3]


def _nights_are_one_run(folder: Path, seed: int) -> None:
    company = _varied(seed, nights=Random(seed).choice([2, 4]))
    chunks = {"tokens": 300}
    nightly = Site(folder / "nightly", {"timezone": _zone(seed), "chunks": chunks}).set_up(company)
    for night in company.nights:
        nightly.deliver(*night)
        nightly.learn()
    once = site_of(folder / "once", company, timezone=_zone(seed), chunks=chunks)
    once.learn()
    assert nightly.content() == once.content()
    assert nightly.digest() == once.digest()
    # Corrected and deleted rows leave nothing behind.
    scratch = scratch_of(folder / "scratch", company, timezone=_zone(seed), chunks=chunks)
    scratch.learn()
    assert scratch.digest() == once.digest()


def _order_of_arrival_does_not_matter(folder: Path, seed: int) -> None:
    random = Random(seed)
    company = _varied(seed, nights=3, changes=False)
    shuffled = [[replace(part, rows=tuple(random.sample(part.rows, len(part.rows)))) for part in night] for night in company.nights]
    random.shuffle(shuffled)
    late = Site(folder / "late").set_up(company)
    for night in shuffled:
        late.deliver(*night)
        late.learn()
    once = site_of(folder / "once", company)
    once.learn()
    assert late.content() == once.content()
    assert late.digest() == once.digest()


def _chunk_boundaries_do_not_matter(folder: Path, seed: int) -> None:
    company = _varied(seed)
    one = site_of(folder / "one", company, chunks={"tokens": 1_000_000, "calendar": "none"})
    one.learn()
    random = Random(seed)
    many = Site(
        folder / "many", {"chunks": {"tokens": random.choice([100, 200, 1000]), "calendar": random.choice(["none", "month", "quarter"])}}
    )
    many.set_up(company)
    # Closed chunks are taken over from the nights before.
    steps = []
    for night in company.nights:
        many.deliver(*night)
        steps.append(many.learn())
    assert many.content() == one.content()
    assert steps[-1].steps_done + steps[-1].steps_reused > len(company.users)


def _learning_again_does_nothing(folder: Path, seed: int) -> None:
    site = site_of(folder / "site", _varied(seed))
    first = site.learn()
    assert first.published
    again = site.learn()
    assert (again.published, again.release_id, again.steps_done) == (False, first.release_id, 0)
    assert again.steps_reused == first.steps_done
    assert again.run_id != first.run_id


def _workers_and_shards_do_not_matter(folder: Path, seed: int) -> None:
    company = _varied(seed)
    found = set()
    for workers, shards in ((1, 1), (2, 3), (4, 7)):
        site = site_of(folder / f"{workers}-{shards}", company, learning={"workers": workers, "shards": shards})
        site.learn()
        found.add(site.digest())
    assert len(found) == 1


def _as_of_is_learning_what_was_before(folder: Path, seed: int) -> None:
    company = _varied(seed, changes=False, events=40, days=150)
    moment = BEGIN + timedelta(days=Random(seed).randrange(60, 140))
    whole = site_of(folder / "whole", company, chunks={"tokens": 200})
    whole.learn()
    before = whole.learn(as_of=moment.isoformat())
    assert before.steps_reused > 0
    early = Site(folder / "early", {"chunks": {"tokens": 200}}).set_up(company)
    for source, rows in company.final.items():
        early.deliver(Delivery(source, "all", tuple(row for row in rows if _when(row) < moment)))
    early.learn()
    assert whole.content() == early.content()
    again = whole.learn()
    assert again.steps_done == 0
    now = site_of(folder / "now", company, chunks={"tokens": 200})
    now.learn()
    assert whole.digest() == now.digest()


def _named_users_only(folder: Path, seed: int) -> None:
    company = _varied(seed, nights=2, users=4, events=40)
    site = Site(folder / "site").set_up(company)
    site.deliver(*company.nights[0])
    site.learn()
    before = site.content()
    site.deliver(*company.nights[1])
    named = company.users[0]
    site.learn(users=[named])
    after = site.content()
    for table, rows in before.items():
        others = [[row for row in each if row.get("user_id", "") != named] for each in (rows, after[table])]
        assert others[0] == others[1]
    # Their time comes with the next run, and shared memory's too.
    site.learn()
    once = site_of(folder / "once", company)
    once.learn()
    assert site.digest() == once.digest()


def _given_facts_change(folder: Path, seed: int) -> None:
    company = _varied(seed)
    site = site_of(folder / "site", company)
    site.learn()
    # A source of statements may not be empty; this one is about nobody.
    nobody = {"customer": "nobody", "at": "2025-03-02", "stance": "likes", "dim": "item", "key": "p1"}
    changed = replace(company, persons=({"customer": company.users[0], "age": "65+", "tier": "basic"},), notes=(nobody,))
    other = site_of(folder / "other", changed)
    other.learn()
    for name in ("persons.csv", "notes.csv"):
        (site.folder / name).write_bytes((other.folder / name).read_bytes())
    site.learn()
    assert site.content() == other.content()
    assert site.digest() == other.digest()


PROPERTIES = (
    _nights_are_one_run,
    _order_of_arrival_does_not_matter,
    _chunk_boundaries_do_not_matter,
    _learning_again_does_nothing,
    _workers_and_shards_do_not_matter,
    _as_of_is_learning_what_was_before,
    _named_users_only,
    _given_facts_change,
)
_names = [check.__name__.strip("_") for check in PROPERTIES]


@pytest.mark.parametrize("check", PROPERTIES[:5], ids=_names[:5])
@given(seed=SEEDS)
@settings(max_examples=1, deadline=None, derandomize=True)
def test_property(check: Callable[[Path, int], None], tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    check(tmp_path_factory.mktemp("fold"), seed)


@pytest.mark.slow
@pytest.mark.parametrize("check", PROPERTIES, ids=_names)
@given(seed=SEEDS)
@settings(max_examples=6, deadline=None, derandomize=True)
def test_property_often(check: Callable[[Path, int], None], tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    check(tmp_path_factory.mktemp("fold"), seed)


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
