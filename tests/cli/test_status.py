"""`memlearn status`: what is pending of every source, whatever is missing, while a run is at work, and before the first one."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

import memlearn
from memlearn.cli import main
from memlearn.learning import unread
from memlearn.learning.run import open_run
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config

Capture = pytest.CaptureFixture[str]
SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FILES = {
    "purchases": "purchases.csv",
    "coupons": "coupon_events.csv",
    "products": "products.csv",
    "coupon_list": "coupons.csv",
    "customers": "customers.csv",
    "policies": "policies.md",
}


def pending(shop: Path) -> set[tuple[str, str]]:
    report = memlearn.status(shop / "memlearn.yaml")
    assert report.problems == ()
    return {(one.source, one.reason) for one in report.pending}


def edit(shop: Path, **sources: dict[str, Any]) -> None:
    """Change keys of sources, or add sources."""
    path = shop / "memlearn.yaml"
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, change in sources.items():
        tree["sources"][name] = {**tree["sources"].get(name, {}), **change}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


@pytest.mark.parametrize("source", FILES)
def test_what_changed_in_any_source_is_pending_until_it_is_learned(shop: Path, source: str) -> None:
    path = shop / "data" / FILES[source]
    assert pending(shop) == set()
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert pending(shop) == {(source, "changed")}
    memlearn.learn(shop / "memlearn.yaml")
    assert pending(shop) == set()


def test_a_change_that_keeps_the_size_is_seen_and_one_that_keeps_the_content_is_none(shop: Path) -> None:
    path = shop / "data" / "customers.csv"
    text = path.read_text(encoding="utf-8")
    os.utime(path, ns=(0, 1))
    assert pending(shop) == set()
    path.write_text(text.replace("anna", "Anna", 1), encoding="utf-8")
    assert pending(shop) == {("customers", "changed")}


def test_the_content_of_large_files_is_not_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MOST_COMPARED", 1000)
    path = shop / "data" / "purchases.csv"
    assert path.stat().st_size > 1000
    os.utime(path, ns=(0, 1))
    os.utime(shop / "data" / "customers.csv", ns=(0, 1))
    assert pending(shop) == {("purchases", "touched")}


def test_files_that_come_and_go(shop: Path) -> None:
    edit(
        shop,
        policies={"path": "data/rules"},
        customers={"path": "data/people-*.csv"},
        purchases={"path": "data/buys", "mode": "snapshot"},
    )
    data = shop / "data"
    for folder in ("rules", "buys"):
        (data / folder).mkdir()
    shutil.move(data / "policies.md", data / "rules" / "a.md")
    shutil.move(data / "customers.csv", data / "people-a.csv")
    shutil.move(data / "purchases.csv", data / "buys" / "a.csv")
    for name in ("rules/b.md", "people-b.csv", "buys/b.csv"):
        shutil.copy(data / name.replace("b.", "a."), data / name)
    memlearn.learn(shop / "memlearn.yaml")
    assert pending(shop) == set()
    for name in ("rules/b.md", "people-b.csv", "buys/b.csv"):
        (data / name).rename(data / name.replace("b.", "c."))
    found = {(one.source, one.name, one.reason) for one in memlearn.status(shop / "memlearn.yaml").pending}
    assert found == {
        ("customers", "data/people-b.csv", "gone"),
        ("customers", "data/people-c.csv", "new"),
        ("policies", "b.md", "gone"),
        ("policies", "c.md", "new"),
        ("purchases", "data/buys/b.csv", "gone"),
        ("purchases", "data/buys/c.csv", "new"),
    }


def test_another_mapping_makes_a_source_pending(shop: Path) -> None:
    edit(shop, products={"levels": {"brand": "brand"}})
    report = memlearn.status(shop / "memlearn.yaml")
    assert [(one.source, one.reason) for one in report.pending] == [("products", "changed")]
    assert report.config_changed


@pytest.mark.parametrize("source", FILES)
def test_a_missing_file_is_told_and_hides_nothing_else(shop: Path, source: str, capsys: Capture) -> None:
    before = memlearn.status(shop / "memlearn.yaml")
    (shop / "data" / FILES[source]).unlink()
    other = "customers" if source != "customers" else "products"
    with (shop / "data" / FILES[other]).open("a", encoding="utf-8") as file:
        file.write("\n")
    capsys.readouterr()
    assert main(["status", str(shop / "memlearn.yaml"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["release_id"] == before.release_id
    assert [problem["source"] for problem in report["problems"]] == [source]
    message = report["problems"][0]["message"]
    assert repr(source) in message
    assert FILES[source] in message
    assert "does not exist" in message
    assert "Correct `path`" in message
    assert [(one["source"], one["reason"]) for one in report["pending"]] == [(other, "changed")]
    assert main(["status", str(shop / "memlearn.yaml")]) == 0
    assert message.split(".")[0] in capsys.readouterr().out.replace("\n", " ")


def test_databases(shop: Path) -> None:
    edit(
        shop,
        till={
            "role": "events",
            "database": "sqlite:data/till.db",
            "sql": "select * from till",
            "columns": {"user": "customer", "time": "at", "item": "product"},
        },
    )
    problems = memlearn.status(shop / "memlearn.yaml").problems
    assert [problem.source for problem in problems] == ["till"]
    assert "till.db" in problems[0].message
    with sqlite3.connect(shop / "data" / "till.db") as connection:
        connection.execute("create table till (customer, at, product)")
        connection.execute("insert into till values ('anna', '2026-01-01 10:00', 'p01')")
    connection.close()
    assert pending(shop) == {("till", "new")}
    memlearn.learn(shop / "memlearn.yaml")
    assert pending(shop) == set()


def test_while_a_run_is_at_work(shop: Path) -> None:
    config = shop / "memlearn.yaml"
    earlier = memlearn.status(config)
    with (shop / "data" / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    with open_run(make_job(load_config(config))) as run:
        run.ingest()
        # The catalogue goes missing after the run has read it.
        (shop / "data" / "products.csv").unlink()
        report = memlearn.status(config)
        assert report.running is not None
        assert report.running.run_id == run.run_id
        assert report.running.message.startswith("ingest")
        assert SECOND.fullmatch(report.running.started)
        assert [(one.source, one.reason) for one in report.pending] == [("customers", "changed")]
        assert [problem.source for problem in report.problems] == ["products"]
        assert [one.run_id for one in report.runs] == [one.run_id for one in earlier.runs]
    assert memlearn.status(config).running is None


def test_before_the_first_run_everything_is_new_and_nothing_is_made(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "shop")]) == 0
    for made in (False, True):
        if made:
            (tmp_path / "shop" / "store").mkdir()
        report = memlearn.status(tmp_path / "shop" / "memlearn.yaml")
        assert report.release_id is None
        assert {(one.source, one.reason) for one in report.pending} == {(source, "new") for source in FILES}
        assert all(SECOND.fullmatch(one.since or "") for one in report.pending)
        assert list((tmp_path / "shop").glob("store/*")) == []
    assert not report.config_changed


def test_a_run_that_learns_some_users_reads_no_documents(shop: Path) -> None:
    with (shop / "data" / "policies.md").open("a", encoding="utf-8") as file:
        file.write("\nYou must never show an offer twice a day.\n")
    memlearn.learn(shop / "memlearn.yaml", users=["anna"])
    assert pending(shop) == {("policies", "changed")}


@pytest.mark.slow
def test_after_a_rollback_it_says_that_another_release_was_learned_last(shop: Path, capsys: Capture) -> None:
    config = shop / "memlearn.yaml"
    with (shop / "data" / "purchases.csv").open("a", encoding="utf-8") as file:
        file.write("".join(f"N{day:02d},hugo,2026-06-{day:02d} 10:00,p01,1,14.90,station\n" for day in range(1, 29, 3)))
    memlearn.learn(config)
    assert not memlearn.status(config).rolled_back
    memlearn.rollback(config)
    assert memlearn.status(config).rolled_back
    capsys.readouterr()
    assert main(["status", str(config)]) == 0
    assert "not the one learned last" in capsys.readouterr().out
    memlearn.learn(config)
    assert not memlearn.status(config).rolled_back


def test_people_read_whole_seconds(tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "memlearn.yaml"
    config.write_text("version: 1\nsources:\n  app: {role: events, path: app.csv, columns: {user: user, time: time}}\n", encoding="utf-8")
    (tmp_path / "app.csv").write_text("user,time\na,2025-01-02T10:11:12.345678Z\n", encoding="utf-8")
    memlearn.learn(config)
    for command in (["status", str(config)], ["show", str(config), "a"], ["recommend", str(config), "a"], ["release", "list", str(config)]):
        capsys.readouterr()
        assert main(command) == 0
        told = capsys.readouterr().out
        assert "2025-01-02T10:11:12Z" in told
        assert not re.search(r":\d\d\.\d", told)
    # Who computes with it gets the instant itself.
    assert memlearn.status(config).as_of == "2025-01-02T10:11:12.345678Z"
