"""A row's key names it among all users: the last arrival counts, and takes the row from whoever held it before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from companies import Company, Delivery, Row, Site, make_company
from hypothesis import given, settings
from hypothesis import strategies as st

import memlearn
from memlearn.errors import ShrinkError, UnknownUserError
from memlearn.learning.ingest import find_pending, ingest, known_deliveries
from memlearn.store.ledger import Ledger
from memlearn.store.rows import read_rows
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config

# Of five shards, anna and Anna fall in one, José and u4 in another.
USERS = ("anna", "Anna", "José", "u4")
SHARDS: dict[str, Any] = {"learning": {"shards": 5}, "chunks": {"tokens": 300}}
SNAPSHOT: dict[str, Any] = {**SHARDS, "sources": {"shop": {"mode": "snapshot"}}}
BOTH = pytest.mark.parametrize("mode", [SHARDS, SNAPSHOT], ids=["append", "snapshot"])

File = Sequence[Row]
Night = Sequence[File]


def _row(key: str, user: str, product: str = "p5", day: int = 30, gone: str = "", paid: str = "7.77") -> Row:
    at = f"2025-05-{day:02d}T08:00"
    same = {"at": at, "no": "0", "what": "sale", "money": "EUR", "pieces": "1", "off": "", "of_receipt": "", "branch": ""}
    return {**same, "customer": user, "receipt": key, "product": product, "paid": paid, "gone": gone}


@pytest.fixture(scope="module")
def company() -> Company:
    """Four users with enough rows that each of them keeps some."""
    return make_company(3, users=4, events=20, nights=1, changes=False, days=100)


def _site(folder: Path, company: Company, settings: dict[str, Any]) -> Site:
    site = Site(folder, settings).set_up(company)
    site.deliver(*company.nights[0])
    return site


def _deliver(site: Site, night: int, files: Night) -> None:
    for number, rows in enumerate(files):
        site.deliver(Delivery("shop", f"n{night:02d}-{number}", tuple(rows)))


def _last(nights: Sequence[Night], company: Company) -> tuple[Row, ...]:
    """The rows of the shop that count in the end: of each key the one that arrived last, unless it is a deletion."""
    rows = {row["receipt"]: row for row in company.final["shop"]}
    for night in nights:
        for file in night:
            for row in file:
                rows[row["receipt"]] = row
    return tuple(row for row in rows.values() if not row["gone"])


def _scratch(folder: Path, company: Company, rows: tuple[Row, ...], settings: dict[str, Any]) -> Site:
    site = Site(folder, settings).set_up(company)
    others = (part for part in company.nights[0] if part.source != "shop")
    site.deliver(*others, Delivery("shop", "all", rows))
    site.learn()
    return site


def _check(folder: Path, company: Company, nights: Sequence[Night], settings: dict[str, Any] = SHARDS) -> None:
    """Learned night by night, at once, and from the rows that count alone: the same."""
    nightly = _site(folder / "nightly", company, settings)
    nightly.learn()
    for number, night in enumerate(nights):
        _deliver(nightly, number, night)
        nightly.learn()
    once = _site(folder / "once", company, settings)
    for number, night in enumerate(nights):
        _deliver(once, number, night)
    once.learn()
    scratch = _scratch(folder / "scratch", company, _last(nights, company), settings)
    assert nightly.content() == scratch.content()
    assert nightly.digest() == once.digest() == scratch.digest()
    found = memlearn.verify(nightly.config)
    assert (found.contradicted, found.source_gone) == (0, 0)
    assert nightly.learn().published is False


K1, K2 = _row("m1", "anna"), _row("m2", "anna", "p1", 29)
CASES: dict[str, list[Night]] = {
    "in one file": [[[K1, K2, _row("m1", "u4")]]],
    "in one file and one shard": [[[K1, K2, _row("m1", "Anna")]]],
    "in two files of one night": [[[K1, K2], [_row("m1", "José")]]],
    "in two nights": [[[K1, K2]], [[_row("m1", "José")]]],
    "in two nights and one shard": [[[K1, K2]], [[_row("m1", "Anna", "p2")]]],
    "back and forth": [[[K1]], [[_row("m1", "u4")]], [[K1]], [[_row("m1", "José")]]],
    "back in the same night": [[[K1]], [[_row("m1", "u4")], [_row("m1", "anna", "p2")]]],
    "away and changed on the way": [[[K1]], [[_row("m1", "anna", "p2"), _row("m1", "u4", "p2")]]],
    "to an earlier time": [[[K1]], [[_row("m1", "u4", "p2", 1)]]],
    "deleted by its new user": [[[K1]], [[_row("m1", "u4")]], [[_row("m1", "u4", gone="1")]]],
    "deleted in another user's name": [[[K1, K2]], [[_row("m1", "José", gone="1")]]],
    "deleted and there again with another user": [[[K1]], [[_row("m1", "anna", gone="1")]], [[_row("m1", "u4")]]],
    "deleted and there again in one night": [[[K1]], [[_row("m1", "u4", gone="1")], [_row("m1", "Anna")]]],
    "among much else": [[[_row(f"m{n}", USERS[n % 4]) for n in range(60)]], [[_row(f"m{n}", USERS[n % 3]) for n in range(0, 60, 2)]]],
}


def _all_cases() -> list[Night]:
    """Every case with keys of its own, side by side in the same nights."""
    nights: list[list[list[Row]]] = [[[], []] for _ in range(max(map(len, CASES.values())))]
    for number, case in enumerate(CASES.values()):
        for night, files in enumerate(case):
            for place, file in enumerate(files):
                nights[night][place] += [{**row, "receipt": f"{number}-{row['receipt']}"} for row in file]
    return [[file for file in night if file] for night in nights]


@pytest.mark.parametrize("nights", CASES.values(), ids=CASES.keys())
def test_the_last_arrival_of_a_key_counts_whoever_its_user_is(tmp_path: Path, nights: list[Night]) -> None:
    _is_a_dictionary(tmp_path, nights, SHARDS)


@pytest.mark.slow
def test_learned_nightly_at_once_and_from_what_counts_is_the_same(tmp_path: Path, company: Company) -> None:
    _check(tmp_path, company, _all_cases())


@pytest.mark.slow
@BOTH
def test_all_rows_of_a_user_move(tmp_path: Path, company: Company, mode: dict[str, Any]) -> None:
    """A user without rows is a user no more; and rows that moved are not lost, whatever a snapshot may lose."""
    only_shop = replace(company, nights=(tuple(part for part in company.nights[0] if part.source == "shop"),))
    moved = tuple({**row, "customer": "Anna" if row["customer"] == "anna" else row["customer"]} for row in company.final["shop"])
    site = _site(tmp_path / "site", only_shop, mode)
    site.learn()
    site.deliver(Delivery("shop", "00" if mode is SNAPSHOT else "01", moved))
    site.learn()
    fresh = _site(tmp_path / "fresh", replace(only_shop, nights=((Delivery("shop", "00", moved),),)), mode)
    fresh.learn()
    assert site.digest() == fresh.digest()
    assert {row["user_id"] for row in site.content()["users"]} == {"Anna", "José", "u4"}
    with pytest.raises(UnknownUserError):
        memlearn.show(site.config, "anna")


def test_a_snapshot_whose_files_name_a_key_twice(tmp_path: Path) -> None:
    _is_a_dictionary(tmp_path, [[[K1, K2], [_row("m1", "u4")]], [[_row("m2", "José"), _row("m3", "u4")]]], SNAPSHOT)


def test_a_snapshot_that_lost_rows_stops_though_others_moved(tmp_path: Path, company: Company) -> None:
    rows = company.final["shop"]
    site = _site(tmp_path, company, SNAPSHOT)
    site.learn()
    before = site.digest()
    moved = tuple({**row, "customer": "Anna"} for row in rows[: len(rows) // 2])
    site.deliver(Delivery("shop", "00", moved))
    with pytest.raises(ShrinkError, match=rf"'shop' lost {len(rows) - len(moved)} of {len(rows)} rows"):
        site.learn()
    assert site.digest() == before


def test_a_row_that_is_unusable_in_its_later_version_stays_where_it_was(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", {**SHARDS, "max_rejects": 1.0}).set_up(Company((), {}))
    _deliver(site, 0, [[K1, K2]])
    _ingest(site, 0)
    _deliver(site, 1, [[_row("m1", "u4", paid="a lot"), _row("m2", "u4")]])
    assert _ingest(site, 1) == ([("anna", "m1", "p5"), ("u4", "m2", "p5")], {"anna", "u4"})


def test_a_file_that_grew_does_not_move_rows_back(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", SHARDS).set_up(Company((), {}))
    for number, night in enumerate([[[K1]], [[_row("m1", "u4")]]]):
        _deliver(site, number, night)
        _ingest(site, number)
    _deliver(site, 0, [[K1, _row("m9", "José")]])
    assert _ingest(site, 2) == ([("José", "m9", "p5"), ("u4", "m1", "p5")], {"José"})


def test_another_mapping_keeps_rows_with_whom_they_arrived_last(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", SHARDS).set_up(Company((), {}))
    for number, night in enumerate([[[K1, K2]], [[_row("m1", "u4")]]]):
        _deliver(site, number, night)
        _ingest(site, number)
    site.settings = {**SHARDS, "sources": {"shop": {"attributes": {"branch": "money"}}}}
    assert _ingest(site, 2) == ([("anna", "m2", "p1"), ("u4", "m1", "p5")], {"anna", "u4"})


def test_a_source_leaves_the_rows_of_others_alone_whatever_their_keys(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", SHARDS).set_up(Company((), {}))
    _deliver(site, 0, [[K1, K2]])
    _ingest(site, 0)
    shown = {"customer": "u4", "at": "2025-05-30T09:00", "id": "m1", "offer": "o1", "what": "shown"}
    site.deliver(Delivery("app", "n1", (shown,)))
    assert _ingest(site, 1) == ([("anna", "m1", "p5"), ("anna", "m2", "p1"), ("u4", "m1", "o1")], {"u4"})


@pytest.mark.slow
def test_who_is_not_named_gets_or_loses_the_row_with_a_later_run(tmp_path: Path, company: Company) -> None:
    nights: list[Night] = [[[K1, K2]], [[_row("m1", "u4")]]]
    site = _site(tmp_path / "site", company, SHARDS)
    _deliver(site, 0, nights[0])
    site.learn()
    before = _events(site)
    _deliver(site, 1, nights[1])
    site.learn(users=["u4"])
    assert _events(site) == {**before, "u4": before["u4"] + 1}
    assert memlearn.verify(site.config).contradicted == 0
    site.learn(users=["anna"])
    assert _events(site) == {**before, "u4": before["u4"] + 1, "anna": before["anna"] - 1}
    site.learn()
    fresh = _scratch(tmp_path / "fresh", company, _last(nights, company), SHARDS)
    assert site.digest() == fresh.digest()


def _events(site: Site) -> dict[str, int]:
    return {row["user_id"]: row["events"] for row in site.content()["users"]}


KEYED = st.tuples(
    st.integers(0, 5), st.sampled_from(USERS), st.integers(1, 3), st.sampled_from(["p1", "p2"]), st.sampled_from(["", "", "", "1"])
)
MODES = st.sampled_from([SHARDS, SNAPSHOT])
NIGHTS = st.lists(st.lists(st.lists(KEYED, min_size=1, max_size=5), min_size=1, max_size=2), min_size=1, max_size=4)


def _as_rows(nights: list[list[list[tuple[int, str, int, str, str]]]]) -> list[Night]:
    return [[[_row(f"m{key}", user, item, day, gone) for key, user, day, item, gone in file] for file in night] for night in nights]


@pytest.mark.slow
@given(nights=NIGHTS.map(_as_rows), mode=MODES)
@settings(max_examples=5, deadline=None)
def test_learned_is_the_same_for_any_moves(
    tmp_path_factory: pytest.TempPathFactory, company: Company, nights: list[Night], mode: dict[str, Any]
) -> None:
    _check(tmp_path_factory.mktemp("moves"), company, nights, mode)


@given(nights=NIGHTS.map(_as_rows), mode=MODES)
@settings(max_examples=5, deadline=None)
def test_ingest_is_a_dictionary_of_keys(tmp_path_factory: pytest.TempPathFactory, nights: list[Night], mode: dict[str, Any]) -> None:
    _is_a_dictionary(tmp_path_factory.mktemp("ingest"), nights, mode)


@pytest.mark.slow
@given(nights=NIGHTS.map(_as_rows), mode=MODES)
@settings(max_examples=60, deadline=None)
def test_ingest_is_a_dictionary_of_keys_often(tmp_path_factory: pytest.TempPathFactory, nights: list[Night], mode: dict[str, Any]) -> None:
    _is_a_dictionary(tmp_path_factory.mktemp("ingest"), nights, mode)


def _is_a_dictionary(folder: Path, nights: Sequence[Night], mode: dict[str, Any]) -> None:
    """Every night the store holds the rows that count, and whoever got, lost or changed one is to be learned anew."""
    site = Site(folder / "site", mode).set_up(Company((), {}))
    held: dict[str, Row] = {}
    for number, night in enumerate(nights):
        _deliver(site, number, night)
        before = dict(held)
        held.update((row["receipt"], row) for file in night for row in file)
        changed = {key for key in held if before.get(key) != held[key]}
        touched = {rows[key]["customer"] for key in changed for rows in (before, held) if key in rows and not rows[key]["gone"]}
        found, dirty = _ingest(site, number)
        assert found == sorted((row["customer"], row["receipt"], row["product"]) for row in held.values() if not row["gone"])
        assert touched <= dirty


def _ingest(site: Site, number: int) -> tuple[list[tuple[str, ...]], set[str]]:
    """Ingest what is new: the rows that the store holds then, and the users that wait to be learned."""
    job = make_job(load_config(site.config))
    folder = site.layout.tmp / f"night-{number}"
    folder.mkdir(parents=True)
    site.layout.create()
    ledger = Ledger(site.layout.ledger)
    try:
        ledger.execute("delete from dirty")
        ingest(job, ledger, find_pending(job, known_deliveries(ledger)), folder, f"run-{number:06d}")
        files = {shard: [file.file for file in held] for shard, held in ledger.row_files().items()}
        dirty = set(ledger.fetch("select user_id from dirty")["user_id"])
    finally:
        ledger.close()
    rows: list[tuple[str, ...]] = []
    for shard, names in files.items():
        rows += read_rows(job.layout.rows / f"{shard:04d}", names).select("user_id", "key", "item_id").rows()
    return sorted(rows), dirty
