"""A release answers for moments from where its learning ended on; what is asked of an earlier one is left to earlier releases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from companies import BEGIN, Site, make_company, site_of, write_csv

import memlearn
from memlearn.cli.app import main
from memlearn.errors import NoReleaseError, UsageError
from memlearn.serving import open_memory

DAY = timedelta(days=1)
AVOIDED = BEGIN + 60 * DAY
ENDED = BEGIN + 90 * DAY
NOTES = ("customer", "at", "stance", "dim", "key", "ends")


def avoiding(site: Site, user: str) -> None:
    row = {"customer": user, "at": BEGIN.isoformat(), "stance": "avoids", "dim": "item", "key": "p1", "ends": ENDED.isoformat()}
    write_csv(site.folder / "notes.csv", NOTES, [row])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Learned as of a moment at which u4 avoids p1, then as of one after the end of that."""
    settings = {"sources": {"notes": {"columns": {"until": "ends"}}}}
    made = site_of(tmp_path_factory.mktemp("moments") / "site", make_company(7, users=4, events=40, nights=1), **settings)
    avoiding(made, "u4")
    made.learn(as_of=AVOIDED.isoformat())
    made.learn()
    return made


def releases(site: Site) -> tuple[str, str]:
    newer, older = memlearn.releases(site.config).releases
    return older.release_id, newer.release_id


def test_a_moment_before_the_end_of_learning_is_refused_with_the_way_out(site: Site) -> None:
    older, newer = releases(site)
    moment = AVOIDED + 10 * DAY
    with pytest.raises(UsageError) as refused:
        memlearn.recommend(site.config, "u4", at=moment.isoformat())
    message = str(refused.value)
    assert message.startswith(f"Release {newer!r} was learned up to 2025-07-")
    assert "`memlearn learn CONFIG --as-of T`" in message
    assert f"ask release {older!r} (`--release`), which was learned up to 2025-04-29T22:00:00Z" in message
    # Nothing was learned up to a moment as early as that.
    with pytest.raises(UsageError) as refused:
        memlearn.recommend(site.config, "u4", at=(AVOIDED - 10 * DAY).isoformat())
    assert "--release" not in str(refused.value)


def test_the_way_out_obeys_what_held_then_and_quotes_nothing_later(site: Site) -> None:
    older, _ = releases(site)
    for moment, shown in ((AVOIDED, False), (ENDED - timedelta(seconds=1), False), (ENDED, True)):
        answer = memlearn.recommend(site.config, "u4", k=100, at=moment.isoformat(), release=older)
        assert answer.release_id == older
        assert ("p1" in {item.item_id for item in answer.items}) is shown
    with open_memory(site.layout, older) as memory:
        user = memory.user("u4")
    assert user is not None
    rows = {row.row_id: datetime.fromtimestamp(row.time_us / 1_000_000, UTC) for row in user.cited_rows}
    assert rows
    assert max(rows.values()) < AVOIDED.replace(tzinfo=UTC)
    asked = memlearn.recommend(site.config, "u4", k=100, at=AVOIDED.isoformat(), release=older)
    assert {row for item in asked.items for row in item.evidence.get("rows", ())} <= set(rows)
    # The newer release holds nothing of what has ended before.
    assert "p1" in {item.item_id for item in memlearn.recommend(site.config, "u4", k=100).items}


def test_the_moment_that_an_answer_names_may_be_asked_for(site: Site) -> None:
    for release in releases(site):
        answer = memlearn.recommend(site.config, "u4", release=release)
        assert answer.at is not None
        again = memlearn.recommend(site.config, "u4", at=answer.at, release=release)
        assert [item.item_id for item in again.items] == [item.item_id for item in answer.items]


def test_on_the_command_line(site: Site, capsys: Any) -> None:
    older, newer = releases(site)
    moment = AVOIDED.isoformat()
    assert main(["recommend", str(site.config), "u4", "--at", moment]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"Release {newer!r} was learned up to" in said
    assert main(["recommend", str(site.config), "u4", "--at", moment, "--release", older]) == 0
    assert older in capsys.readouterr().out
    with pytest.raises(NoReleaseError, match="There is no release 'r9'"):
        memlearn.recommend(site.config, "u4", release="r9")
