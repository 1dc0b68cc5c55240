"""What lists must keep, checked on the tables of a real release and apart from what ranks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pytest
from market import BAG, make_rows, write_market

import memlearn
from memlearn.errors import UsageError
from memlearn.evaluation.gate import Verdict, broken_rules, together
from memlearn.serving import open_memory
from memlearn.store import Release, StoreLayout, open_release

SAID = """  desk:
    role: statements
    path: said.csv
    columns: {user: user, time: time, stance: stance, dim: dim, key: key, until: until}
"""


def us(*day: int) -> int:
    return int(datetime(*day, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> StoreLayout:
    config = write_market(tmp_path_factory.mktemp("market"), make_rows(users=20, days=60))
    config.write_text(config.read_text(encoding="utf-8").replace("evaluation:\n", f"{SAID}evaluation:\n", 1), encoding="utf-8")
    items = pl.read_csv(config.parent / "items.csv")
    category = items.filter(pl.col("what") == "i05")["category"].item()
    said = ["u00,2025-01-07,avoids,item,i03,", f"u01,2025-01-07,avoids,category,{category},", "u02,2025-01-07,avoids,item,i03,2025-06-01"]
    (config.parent / "said.csv").write_text("\n".join(["user,time,stance,dim,key,until", *said]) + "\n", encoding="utf-8")
    memlearn.learn(config)
    return StoreLayout(config.parent / "store")


@pytest.fixture(scope="module")
def release(layout: StoreLayout) -> Iterator[Release]:
    with open_release(layout) as opened:
        yield opened


def lists(*rows: tuple[str, str], at: int = us(2025, 4, 1)) -> pl.DataFrame:
    return pl.DataFrame([(user, at, item) for user, item in rows], schema=["user_id", "at_us", "item_id"], orient="row")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("u05", "i00"), ("u00", "i03")], "1 items are shown that users avoid.*user 'u00' is shown item 'i03' that they avoid"),
        ([("u01", "i05")], "1 items are shown that users avoid"),
        ([("u05", BAG)], "1 that may not be shown; for example user 'u05' is shown item 'bag'"),
        ([("u05", "unheard")], "1 that may not be shown"),
    ],
)
def test_what_is_never_shown_is_found_in_lists(release: Release, rows: list[tuple[str, str]], words: str) -> None:
    verdict = broken_rules(release, lists(*rows))
    assert not verdict.passed
    assert pl.Series([verdict.reason]).str.contains(words).item(), verdict.reason


def test_what_may_be_shown_passes(release: Release) -> None:
    assert broken_rules(release, lists(("u00", "i04"), ("u05", "i03"))).passed
    # What is avoided until a day may be shown from then on.
    assert not broken_rules(release, lists(("u02", "i03"))).passed
    assert broken_rules(release, lists(("u02", "i03"), at=us(2025, 7, 1))).passed


def test_what_memory_ranks_passes(layout: StoreLayout, release: Release) -> None:
    requests = release.users().select("user_id", at_us=pl.lit(release.manifest.as_of_us))
    with open_memory(layout, release.manifest.release_id) as memory:
        ranked = memory.rank(requests, 30)
    checked = ranked.join(requests, on="user_id").select("user_id", "at_us", "item_id")
    assert "u00" in checked["user_id"]
    assert broken_rules(release, checked).passed


def test_no_list_at_all_is_no_proof(release: Release) -> None:
    with pytest.raises(UsageError, match="nothing to check"):
        broken_rules(release, lists())


def test_one_failure_is_enough_and_is_told_alone() -> None:
    good, bad = Verdict(passed=True, reason="Good."), Verdict(passed=False, reason="Bad.")
    assert together([good, bad]) == bad
    assert together([good, good]) == Verdict(passed=True, reason="Good. Good.")
