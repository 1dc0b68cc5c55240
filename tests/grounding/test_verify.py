from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from memlearn.grounding import check_facts, verify_release
from memlearn.grounding import verify as verify_module
from memlearn.store import StoreLayout, open_release

AGAINST_ALL = ["likes", "time_habit", "offer_answers", "offer_ignores", "returns", "discounts", "popular", "trend", "with", "after"]


def verify(learned: Any, layout: StoreLayout) -> Any:
    job = learned.job
    told: list[tuple[int, int]] = []
    with open_release(layout) as release:
        found = verify_release(
            release,
            layout,
            weak=job.weak,
            attributes=job.context.attributes,
            min_users=job.shared.min_users,
            progress=lambda done, total: told.append((done, total)),
        )
    assert told[-1][0] == told[-1][1]
    return found


def copy_store(learned: Any, folder: Path) -> StoreLayout:
    shutil.copytree(learned.layout.root, folder / "store")
    return StoreLayout(folder / "store")


def test_a_release_of_the_samples_is_not_contradicted(learned: Any) -> None:
    found = verify(learned, learned.layout)
    assert found.problems == ()
    assert (found.contradicted, found.source_gone, found.hypotheses) == (0, 0, 0)
    assert found.facts == found.verified == len(learned.statements)


@pytest.mark.slow
def test_users_are_checked_a_block_at_a_time_with_the_same_outcome(learned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(facts: pl.DataFrame, tables: Any) -> pl.DataFrame:
        seen.append(facts["user_id"].n_unique())
        return check_facts(facts, tables)

    def outcome() -> Any:
        with open_release(learned.layout) as release:
            return verify_release(release, learned.layout, weak={"wallet_payments": ["preferences"]}, attributes=["city"], min_users=5)

    at_once = outcome()
    assert at_once.contradicted > len(at_once.problems) == 100
    monkeypatch.setattr(verify_module, "check_facts", counted)
    monkeypatch.setattr(verify_module, "BLOCK_USERS", 37)
    assert outcome() == at_once
    assert max(seen) <= 37


def test_without_row_files_the_sources_are_gone(learned: Any, tmp_path: Path) -> None:
    layout = copy_store(learned, tmp_path)
    for path in layout.rows.glob("*/*.parquet"):
        path.unlink()
    found = verify(learned, layout)
    computed = learned.statements.filter(~pl.col("kind").is_in(["person", "stance", "passage"]))
    assert (found.contradicted, found.source_gone) == (0, len(computed))
    assert {problem.outcome for problem in found.problems} == {"source_gone"}


def test_rows_deleted_from_the_store_leave_their_facts_without_source(learned: Any, tmp_path: Path) -> None:
    layout = copy_store(learned, tmp_path)
    user = learned.statements.filter(pl.col("kind") == "activity")["user_id"][0]
    for path in layout.rows.glob("*/*.parquet"):
        rows = pl.read_parquet(path)
        rows.filter(pl.col("user_id") != user).write_parquet(path)
    found = verify(learned, layout)
    # Sums over all users cannot be taken any more, so all that is judged against them has lost its source too.
    own = learned.statements.filter((pl.col("user_id") == user) & ~pl.col("kind").is_in(["person", "stance"]))
    against = learned.statements.filter(pl.col("kind").is_in(AGAINST_ALL) & pl.col("user_id").ne_missing(user))
    assert (found.contradicted, found.source_gone) == (0, len(own) + len(against))


def test_users_that_got_rows_since_they_were_learned_are_told_apart(learned: Any, tmp_path: Path) -> None:
    layout = copy_store(learned, tmp_path)
    (path,) = layout.rows.glob("*/*.parquet")
    rows = pl.read_parquet(path)
    more = rows.filter(pl.col("kind") == "purchase").head(1).with_columns(pl.lit(1, pl.UInt64).alias("row_id"))
    pl.concat([rows, more]).write_parquet(path)
    found = verify(learned, layout)
    assert found.contradicted == 0
    own = [problem.reason for problem in found.problems if problem.user_id == more["user_id"][0]]
    assert "the rows that the user was learned from are not there" in own


def test_another_reading_of_the_sources_contradicts(learned: Any) -> None:
    job = replace(learned.job, shared=learned.job.shared.model_copy(update={"min_users": 50}))
    found = verify(replace(learned, job=job), learned.layout)
    assert found.contradicted > 0
    assert "population_share is" in " ".join(problem.reason for problem in found.problems)
