"""What the fold leaves of sends and answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import yaml

import memlearn
from memlearn.store import StoreLayout, open_release

ROWS = [
    ("ann", "2026-03-01T08:00", "tea", "sent"),
    ("ann", "2026-03-02T08:00", "tea", "sent"),
    ("ann", "2026-03-02T08:00", "tea", "sent"),
    # Answers the latest send before it; the second answer counts no more.
    ("ann", "2026-03-03T09:30", "tea", "answered"),
    ("ann", "2026-03-03T10:00", "tea", "answered"),
    # Sent and answered in the same minute; an answer of another offer is none.
    ("ann", "2026-03-04T08:00", "rye", "answered"),
    ("ann", "2026-03-04T08:00", "rye", "sent"),
    # Too late, and never sent.
    ("bob", "2026-03-01T08:00", "tea", "sent"),
    ("bob", "2026-03-20T08:00", "tea", "answered"),
    ("cid", "2026-03-20T08:00", "tea", "answered"),
    # What may not be recommended is no offer.
    ("cid", "2026-03-21T08:00", "ad", "sent"),
]


def offered(folder: Path, not_evidence_for: Sequence[str] = (), **settings: object) -> dict[str, list[tuple[str, str, str | None]]]:
    pl.DataFrame(ROWS, schema=["user", "time", "offer", "what"], orient="row").write_csv(folder / "sends.csv")
    pl.DataFrame({"offer": ["tea", "rye"]}).write_csv(folder / "offers.csv")
    source = {
        "columns": {"user": "user", "time": "time", "item": "offer", "kind": "what"},
        "kinds": {"sent": "exposure", "answered": "redemption"},
    }
    config = {
        "version": 1,
        "store": "store",
        "learning": {"offers": {"train": True, "answer_days": 10, **settings}},
        "sources": {
            "sends": {"role": "events", "path": "sends.csv", "not_evidence_for": list(not_evidence_for), **source},
            "offers": {"role": "items", "path": "offers.csv", "columns": {"item": "offer"}},
        },
    }
    (folder / "memlearn.yaml").write_text(yaml.safe_dump(config))
    memlearn.learn(folder / "memlearn.yaml")
    with open_release(StoreLayout(folder / "store")) as release:
        table = release.table("offered")

    def told(minute: int) -> str | None:
        return None if minute < 0 else datetime.fromtimestamp(minute * 60, UTC).strftime("%d %H:%M")

    return {
        user: [(item, told(sent), told(answered)) for item, sent, answered in zip(*columns, strict=True)]  # type: ignore[misc]
        for user, *columns in table.iter_rows()
    }


def test_an_answer_belongs_to_the_latest_send_of_the_same_offer(tmp_path: Path) -> None:
    assert offered(tmp_path) == {
        "ann": [("tea", "01 08:00", None), ("tea", "02 08:00", "03 09:30"), ("rye", "04 08:00", "04 08:00")],
        "bob": [("tea", "01 08:00", None)],
    }


def test_so_many_of_the_latest_sends_are_kept(tmp_path: Path) -> None:
    assert offered(tmp_path, sends=1) == {"ann": [("rye", "04 08:00", "04 08:00")], "bob": [("tea", "01 08:00", None)]}


def test_sends_of_which_nobody_knows_that_they_were_let_pass_say_nothing(tmp_path: Path) -> None:
    assert offered(tmp_path, ["ignored_offers"]) == {}


def test_without_training_nothing_is_kept(tmp_path: Path) -> None:
    assert offered(tmp_path, train=False) == {}
