"""Users who are learned apart from the others: what each was learned from is known, and their facts are checked on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from companies import BEGIN, Company, Delivery, Site, make_company, site_of

import memlearn
from memlearn.cli import main
from memlearn.store import current_release_id, open_release, read_apart
from memlearn.store.manifest import Manifest, read_manifest
from memlearn.wiring.reports_status import WaitingUsers

COMPANY = make_company(11, users=5, events=40, nights=3)
ANNA, BERT, *OTHERS = COMPANY.users


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The first night is learned, the second one has arrived, with late rows, corrections and deletions."""
    made = Site(tmp_path / "site").set_up(COMPANY)
    made.deliver(*COMPANY.nights[0])
    made.learn()
    made.deliver(*COMPANY.nights[1])
    return made


def manifest_of(site: Site) -> Manifest:
    return read_manifest(site.layout, current_release_id(site.layout))


def apart(site: Site) -> dict[str, int]:
    return dict(read_apart(site.layout, manifest_of(site)).users.iter_rows())


def row_files(site: Site) -> set[str]:
    return {str(path.relative_to(site.layout.root)) for path in site.layout.rows.glob("*/*.parquet")}


def told(site: Site) -> str:
    """What is said of all users."""
    with open_release(site.layout) as release:
        return "\n".join(release.table("statements")["text"])


def all_hold(site: Site) -> None:
    """No fact is contradicted or without source, and those of every user are executed."""
    found = memlearn.verify(site.config)
    assert (found.contradicted, found.source_gone, found.problems) == (0, 0, ())
    assert found.facts == found.verified
    with open_release(site.layout) as release:
        lines = len(release.table("statements")) + len(release.shared("shared_statements"))
    assert found.facts + found.hypotheses == lines > 0


def learned_at_once(folder: Path, company: Company) -> str:
    once = site_of(folder, company)
    once.learn()
    return once.digest()


@pytest.mark.slow
def test_the_others_are_checked_on_the_rows_they_were_learned_from(site: Site) -> None:
    site.learn(users=[ANNA])
    assert set(apart(site)) == {ANNA}
    all_hold(site)
    # Whoever is checked on rows is contradicted when these change.
    wrong = pl.col("user_id").is_in([BERT]) & (pl.col("kind") == "purchase")
    for name in manifest_of(site).row_files:
        path = site.layout.root / name
        rows = pl.read_parquet(path)
        rows.with_columns(pl.when(wrong).then(pl.col("time_us") - 86_400_000_000).otherwise("time_us").alias("time_us")).write_parquet(path)
    found = memlearn.verify(site.config)
    assert found.contradicted > 0
    assert {problem.user_id for problem in found.problems} >= {BERT}


@pytest.mark.slow
def test_rows_that_are_really_gone_are_told(site: Site) -> None:
    site.learn(users=[ANNA])
    with open_release(site.layout) as release:
        facts = release.table("statements").filter(~pl.col("kind").is_in(["person", "stance"]))
    (theirs,) = manifest_of(site).apart
    (fresh,) = {site.layout.root / name for name in theirs.row_files} - {site.layout.root / name for name in manifest_of(site).row_files}
    fresh.unlink()
    found = memlearn.verify(site.config)
    assert (found.contradicted, found.source_gone) == (0, len(facts.filter(pl.col("user_id") == ANNA)))
    assert {problem.user_id for problem in found.problems} == {ANNA}


@pytest.mark.slow
def test_run_after_run_for_single_users_pins_no_more_than_they_need(site: Site, tmp_path: Path) -> None:
    site.learn(users=[ANNA])
    site.deliver(*COMPANY.nights[2])
    site.learn(users=[BERT])
    assert apart(site) == {ANNA: 0, BERT: 1}
    all_hold(site)
    site.learn(users=[ANNA, OTHERS[0]])
    # All of them are learned from the same rows now.
    assert apart(site) == {ANNA: 0, BERT: 0, OTHERS[0]: 0}
    assert len(manifest_of(site).apart) == 1
    all_hold(site)
    before = current_release_id(site.layout)
    assert site.learn(users=[BERT]).release_id == before
    site.learn()
    assert (apart(site), manifest_of(site).apart, manifest_of(site).apart_users) == ({}, (), None)
    all_hold(site)
    assert site.digest() == learned_at_once(tmp_path / "once", COMPANY)


def test_a_run_for_everybody_then_has_nothing_left_to_do(site: Site) -> None:
    site.learn(users=[ANNA])
    site.learn()
    again = site.learn()
    assert (again.steps_done, again.release_id) == (0, current_release_id(site.layout))


@pytest.mark.slow
def test_what_a_kept_release_was_learned_from_outlives_the_clean_up(site: Site) -> None:
    site.learn(users=[ANNA])
    site.deliver(*COMPANY.nights[2])
    site.learn(users=[BERT])
    memlearn.gc(site.config, keep=1)
    all_hold(site)
    assert row_files(site) == manifest_of(site).pinned_row_files > set(manifest_of(site).row_files)
    # What nobody was learned from is free to go once everybody is learned from the newest rows.
    site.learn()
    memlearn.gc(site.config, keep=1)
    assert row_files(site) == set(manifest_of(site).row_files)
    all_hold(site)


@pytest.mark.slow
def test_after_a_rollback_each_release_is_checked_on_its_own_rows(site: Site, tmp_path: Path) -> None:
    site.learn(users=[ANNA])
    site.deliver(*COMPANY.nights[2])
    site.learn()
    all_hold(site)
    memlearn.rollback(site.config)
    assert set(apart(site)) == {ANNA}
    all_hold(site)
    memlearn.rollback(site.config)
    all_hold(site)
    # The others do not count as up to date because somebody was learned since.
    site.learn(users=[BERT])
    assert set(apart(site)) == {BERT}
    all_hold(site)
    site.learn()
    all_hold(site)
    assert site.digest() == learned_at_once(tmp_path / "once", COMPANY)


@pytest.mark.slow
def test_users_learned_up_to_another_instant_are_checked_up_to_it_and_taken_up_by_the_next_run(tmp_path: Path) -> None:
    moment = (BEGIN + timedelta(days=70)).isoformat()
    site = site_of(tmp_path / "site", COMPANY)
    whole = site.learn()
    site.learn(users=[ANNA], as_of=moment)
    assert set(apart(site)) == {ANNA}
    all_hold(site)
    site.learn()
    assert site.digest() == learned_at_once(tmp_path / "once", COMPANY)
    # And the other way round: what is learned as of an instant holds nothing later for long.
    site.learn(as_of=moment)
    early = site.digest()
    site.learn(users=[ANNA])
    all_hold(site)
    assert site.digest() != early
    site.learn(as_of=moment)
    assert site.digest() == early
    assert whole.users == len(COMPANY.users)


@pytest.mark.slow
def test_a_user_without_rows_before_the_instant_comes_back(tmp_path: Path) -> None:
    late = {"who": "late", "line": "LIDL SAGT DANKE 1182", "total": "3.00"}
    days = [(BEGIN + timedelta(days=day)).date().isoformat() for day in range(100, 140, 5)]
    rows = tuple({**late, "day": day} for day in days)
    company = replace(COMPANY, nights=(*COMPANY.nights, (Delivery("till", "late", rows),)))
    site = site_of(tmp_path / "site", company)
    site.learn()
    before = site.digest()
    site.learn(users=["late"], as_of=(BEGIN + timedelta(days=90)).isoformat())
    with open_release(site.layout) as release:
        assert release.user("late") is None
    all_hold(site)
    site.learn()
    assert site.digest() == before


@pytest.mark.slow
def test_the_catalogue_stays_that_of_everybody_until_everybody_is_learned(site: Site) -> None:
    items = site.folder / "items.csv"
    items.write_text(items.read_text().replace("Bin bags", "Sacks").replace("Rye bread,food,bakery", "Rye bread,home,household"))
    site.learn(users=COMPANY.users[:4])
    all_hold(site)
    assert "Sacks" not in told(site)
    site.learn()
    all_hold(site)
    assert "Sacks" in told(site)


@pytest.mark.parametrize("how", ["changed", "gone"])
@pytest.mark.slow
def test_a_damaged_list_of_users_is_named_and_mended(site: Site, how: str) -> None:
    site.learn(users=[ANNA])
    path = site.layout.apart(current_release_id(site.layout))
    path.write_bytes(b"no") if how == "changed" else path.unlink()
    with pytest.raises(memlearn.errors.DamagedError, match=r"apart\.parquet"):
        memlearn.verify(site.config)
    with pytest.raises(memlearn.errors.DamagedError, match="Learn everybody"):
        site.learn(users=[BERT])
    assert memlearn.show(site.config, ANNA).events > 0
    report = site.learn()
    assert any("mends it" in warning for warning in report.warnings)
    all_hold(site)


@pytest.mark.slow
def test_a_run_for_users_that_changes_nothing_publishes_nothing_and_the_others_are_told_as_waiting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(tmp_path / "site", {"learning": {"shards": 1}}).set_up(COMPANY)
    site.deliver(*COMPANY.nights[0])
    before = site.learn()
    assert memlearn.status(site.config).waiting is None
    last = (BEGIN + timedelta(days=40)).date().isoformat()
    rows = tuple({"who": who, "line": "LIDL SAGT DANKE 1182", "total": "3.00", "day": last} for who in (BERT, OTHERS[0]))
    site.deliver(Delivery("till", "more", rows))
    # The rows that she shares a file with are others now, and hers say the same.
    assert main(["learn", str(site.config), "--users", ANNA]) == 0
    assert f"Release {before.release_id} already says all of it; nothing new to publish." in capsys.readouterr().out
    again = site.learn(users=[ANNA])
    assert (again.published, again.release_id) == (False, before.release_id)
    assert [entry.release_id for entry in memlearn.releases(site.config).releases] == [before.release_id]
    assert apart(site) == {}
    all_hold(site)
    assert memlearn.status(site.config).pending == ()
    assert memlearn.status(site.config).waiting == WaitingUsers(2, 0, f"{last}T10:00:00Z")
    capsys.readouterr()
    assert main(["status", str(site.config)]) == 0
    assert f"  2 users wait for a run for everybody, with events from {last}T10:00:00Z on\n" in capsys.readouterr().out
    assert site.learn(users=[BERT]).published
    assert memlearn.status(site.config).waiting == WaitingUsers(2, 1, f"{last}T10:00:00Z")
    site.learn()
    assert memlearn.status(site.config).waiting is None
    capsys.readouterr()
    main(["status", str(site.config)])
    assert "wait" not in capsys.readouterr().out
