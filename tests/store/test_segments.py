"""Segments: layers behave like a dict, digests depend on content alone, wrong parts are refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memlearn.errors import StoreError
from memlearn.store import (
    USER_TABLES,
    StoreLayout,
    compact,
    needs_compaction,
    open_release,
    stack_segments,
    with_content,
    write_shared_segment,
    write_user_segment,
)
from memlearn.store.parts import write_part

STORES = itertools.count()
USERS = ["anna", "Anna", "bo", "customer-000001", "customer-000002", "ä|:\x1f"]
memories = st.dictionaries(st.sampled_from(USERS), st.lists(st.sampled_from(["tea", "rye bread", "milk", ""]), unique=True, max_size=3))
layers = st.lists(st.tuples(st.sampled_from(["full", "delta"]), memories, st.sets(st.sampled_from(USERS))), min_size=1, max_size=4)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layers=layers)
def test_layers_behave_like_a_dict(layers: list[tuple[str, dict[str, list[str]], set[str]]], new_company: Callable[[str], Any]) -> None:
    company = new_company(f"store-{next(STORES)}")
    model: dict[str, list[str]] = {}
    segments: tuple[Any, ...] = ()
    for kind, memory, gone in layers:
        removed = sorted(gone - set(memory)) if kind == "delta" else []
        model = dict(memory) if kind == "full" else {user: texts for user, texts in {**model, **memory}.items() if user not in removed}
        segments = (company.segment(memory, removed),) if kind == "full" else (*segments, company.segment(memory, removed))
    layered = company.publish(*segments)
    assert_holds(company, model)
    assert company.publish(compact(company.layout, segments), as_of_us=2).content_digest == layered.content_digest
    assert_holds(company, model)
    assert company.release(model, as_of_us=3).content_digest == layered.content_digest


def assert_holds(company: Any, model: dict[str, list[str]]) -> None:
    with open_release(company.layout, verify=True) as release, open_release(company.layout, warm=True) as warm:
        assert [warm.user(user) for user in USERS] == [release.user(user) for user in USERS]
        assert release.users()["user_id"].to_list() == sorted(model, key=lambda user: user.encode())
        table = release.table("statements").group_by("user_id", maintain_order=True).agg("text")
        assert dict(table.iter_rows()) == {user: texts for user, texts in model.items() if texts}
        for user in USERS:
            record = release.user(user)
            assert release.has_user(user) == (user in model)
            assert (record and [line.text for line in record.statements]) == model.get(user)
            assert (record and sorted(fact.key for fact in record.item_facts)) == (sorted(model[user]) if user in model else None)


MEMORY = {f"customer-{number:07d}": [f"item{number} bought", f"shop{number % 7} visited"] for number in range(400)}


def test_digest_does_not_depend_on_parts_order_or_threads(company: Any, frames_of: Callable[..., dict[str, pl.DataFrame]]) -> None:
    frames = frames_of(MEMORY)
    whole = write_user_segment(company.layout, company.write_parts(frames), threads=1)
    shuffled = {table: frame.sample(fraction=1.0, shuffle=True, seed=3) for table, frame in frames.items()}
    pieces = company.write_parts(shuffled, pieces=5)
    pieces["statements"].reverse()
    split = write_user_segment(company.layout, pieces, threads=2)
    assert split.content_digest == whole.content_digest
    assert split.users == 400


def test_rows_of_shuffled_parts_are_stored_by_user(company: Any, frames_of: Callable[..., dict[str, pl.DataFrame]]) -> None:
    frames = {table: frame.sample(fraction=1.0, shuffle=True, seed=4) for table, frame in frames_of(MEMORY).items()}
    company.publish(write_user_segment(company.layout, company.write_parts(frames)))
    with open_release(company.layout) as release:
        for user in list(MEMORY)[::50]:
            record = release.user(user)
            assert record is not None
            assert [line.text for line in record.statements] == MEMORY[user]


@pytest.mark.parametrize("table", [table if table == "persons" else pytest.param(table, marks=pytest.mark.slow) for table in USER_TABLES])
def test_digest_changes_with_every_column(company: Any, frames_of: Callable[..., dict[str, pl.DataFrame]], table: str) -> None:
    frames = frames_of({"u1": ["tea", "oat"], "u2": ["rye", "nut"]})
    frame = frames[table]
    digests = [write_user_segment(company.layout, company.write_parts(frames)).content_digest]
    for column, dtype in USER_TABLES[table].items():
        if column == "user_id":
            continue
        old = pl.col(column)
        lists = {pl.List(pl.String): ["x"], pl.List(pl.Int32): [77]}
        texts = pl.lit(lists[dtype], dtype=dtype) if dtype in lists else pl.lit("other")
        other = ~old if dtype == pl.Boolean() else pl.lit(77).cast(dtype) if dtype.is_numeric() else texts
        frames[table] = frame.with_columns(pl.when(pl.col("user_id") == "u1").then(other).otherwise(old).alias(column))
        digests.append(write_user_segment(company.layout, company.write_parts(frames)).content_digest)
    assert len(set(digests)) == len(USER_TABLES[table])


def test_digest_sees_values_that_change_places(company: Any, frames_of: Callable[..., dict[str, pl.DataFrame]]) -> None:
    frames = frames_of({"u1": ["tea", "rye"]})
    before = write_user_segment(company.layout, company.write_parts(frames))
    frames["item_facts"] = frames["item_facts"].with_columns(pl.col("n").reverse())
    assert write_user_segment(company.layout, company.write_parts(frames)).content_digest != before.content_digest


def test_content_digest_is_the_same_as_ever(company: Any) -> None:
    # It holds on every machine. Once a version of memlearn is out, a change here is a change of RELEASE_FORMAT: every user would seem to differ.
    assert company.segment({"u1": ["tea at noon"], "u2": []}, ["u3"]).content_digest == GOLDEN


GOLDEN = "c5302a34deb310ec7f3d2aedcebeefcec573844d1dc3d64cd519d8e0a1f30419"


def test_no_users_at_all(company: Any) -> None:
    company.publish(write_user_segment(company.layout, {}))
    with open_release(company.layout) as release:
        assert release.users().is_empty()
        assert release.user("u1") is None


def test_rows_of_an_unknown_user_are_refused(company: Any, frames_of: Callable[..., dict[str, pl.DataFrame]]) -> None:
    frames = frames_of({"u1": ["tea"], "u2": ["rye"]})
    frames["users"] = frames["users"].head(1)
    with pytest.raises(StoreError, match="1 of 2 rows of table 'item_facts' belong to no user"):
        write_user_segment(company.layout, company.write_parts(frames))
    assert_nothing_left(company.layout)


def test_a_user_given_twice_is_refused(company: Any) -> None:
    with pytest.raises(StoreError, match="'u1' comes more than once"):
        company.segment({"u1": ["tea"]}, removed=["u1"])


def test_a_part_without_a_column_is_refused(company: Any, frames_of: Callable[..., dict[str, pl.DataFrame]]) -> None:
    frames = with_content(frames_of({"u1": ["tea"]}))
    frames["item_facts"] = frames["item_facts"].drop("strength")
    with pytest.raises(StoreError, match="strength"):
        write_user_segment(company.layout, company.write_parts(frames))
    assert_nothing_left(company.layout)


def test_a_user_without_a_digest_is_refused(company: Any, frames_of: Callable[..., dict[str, pl.DataFrame]], tmp_path: Path) -> None:
    write_part(frames_of({"u1": ["tea"]})["users"], tmp_path / "users.arrow")
    with pytest.raises(StoreError, match="'u1' has no content_digest"):
        write_user_segment(company.layout, {"users": [tmp_path / "users.arrow"]})
    assert_nothing_left(company.layout)


def test_unknown_tables_and_missing_shared_columns_are_refused(company: Any) -> None:
    with pytest.raises(StoreError, match="no table 'statement'"):
        write_user_segment(company.layout, {"statement": []})
    with pytest.raises(StoreError, match="no table 'item'"):
        write_shared_segment(company.layout, {"item": pl.DataFrame({"item_id": ["a"]})})
    with pytest.raises(StoreError, match="'popularity' lacks the column 'key'"):
        write_shared_segment(company.layout, {"popularity": pl.DataFrame({"dim": ["item"]})})


def test_shared_digest_ignores_row_and_column_order(company: Any) -> None:
    items = pl.DataFrame({"item_id": ["a", "b"], "level_brand": ["x", None]})
    one = write_shared_segment(company.layout, {"items": items})
    other = write_shared_segment(company.layout, {"items": items.reverse().select("level_brand", "item_id")})
    changed = write_shared_segment(company.layout, {"items": items.with_columns(level_brand=pl.lit("x"))})
    assert one.content_digest == other.content_digest != changed.content_digest


@pytest.mark.slow
def test_many_or_large_deltas_are_compacted(company: Any) -> None:
    base = company.segment({f"u{number}": ["tea"] for number in range(40)})
    deltas = [company.segment({"u1": [f"cup {number}"]}) for number in range(9)]
    assert not needs_compaction([base, *deltas[:8]])
    assert needs_compaction([base, *deltas])
    large = company.segment({f"u{number}": ["rye"] for number in range(8)}, ["u8", "u9", "u10"])
    assert needs_compaction([base, large])
    assert stack_segments(company.layout, [base, deltas[0]]) == (base, deltas[0])
    (compacted,) = stack_segments(company.layout, [base, large])
    assert (compacted.users, compacted.removed) == (37, 0)


def assert_nothing_left(layout: StoreLayout) -> None:
    assert list(layout.tmp.iterdir()) == []
    assert list(layout.segments.iterdir()) == []
