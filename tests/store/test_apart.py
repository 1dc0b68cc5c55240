from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import DamagedError
from memlearn.store import LearnedApart, LearnedRows, ReleaseDraft, open_release, pinned, promote, publish_release, write_shared_segment
from memlearn.store.apart import read_apart, write_apart
from memlearn.store.manifest import parse_manifest, read_manifest, write_manifest

BASE = LearnedRows(9, ("rows/0000/run-1.parquet", "rows/0001/run-1.parquet"))
USERS = ["anna", "bert", 'cä"\n', ""]


def rows(number: int) -> LearnedRows:
    return LearnedRows(number, (f"rows/0000/run-{number}.parquet",))


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(st.sampled_from(USERS), unique=True), st.integers(1, 4)), max_size=8))
def test_the_rows_of_a_user_are_those_they_were_learned_from_last(runs: list[tuple[list[str], int]]) -> None:
    apart, last = LearnedApart.nobody(), dict[str, LearnedRows]()
    for users, number in runs:
        apart = apart.learn(users, rows(number))
        last |= dict.fromkeys(users, rows(number))
    assert {user: apart.versions[version] for user, version in apart.users.iter_rows()} == last
    assert set(apart.versions) == set(last.values())
    assert len(apart.versions) == len(set(apart.versions))
    assert apart.without(list(last)).versions == ()


def test_the_same_rows_are_known_though_more_shards_are_there() -> None:
    assert BASE.holds(LearnedRows(9, BASE.row_files[:1]))
    assert BASE.holds(LearnedRows(9, ()))
    assert not BASE.holds(LearnedRows(8, BASE.row_files[:1]))
    assert not BASE.holds(LearnedRows(9, (*BASE.row_files[:1], "rows/0000/run-2.parquet")))
    assert not LearnedRows(9, (*BASE.row_files, "rows/0000/run-2.parquet")).holds(BASE)


def publish(company: Any, apart: LearnedApart) -> Any:
    shared = write_shared_segment(company.layout, {})
    segments = (company.segment({"anna": ["tea"], "bert": ["rye"]}),)
    return publish_release(company.layout, ReleaseDraft("run-1", 9, "config", segments, shared, row_files=BASE.row_files, apart=apart))


def test_a_release_tells_who_was_learned_apart_and_pins_their_rows(company: Any) -> None:
    apart = LearnedApart.nobody().learn(["anna"], rows(7)).learn(["bert"], rows(8))
    manifest = publish(company, apart)
    assert read_manifest(company.layout, manifest.release_id) == manifest
    with open_release(company.layout, verify=True) as release:
        found = release.apart()
    assert found.versions == (rows(7), rows(8))
    assert found.users.rows() == [("anna", 0), ("bert", 1)]
    assert pinned(company.layout).row_files == {*BASE.row_files, *rows(7).row_files, *rows(8).row_files}
    # The same again is no new release; other users of the same rows are one.
    assert publish(company, apart) == manifest
    assert publish(company, apart.learn(["anna"], rows(8))).release_id != manifest.release_id


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_list_of_users_is_named(company: Any, damage: str) -> None:
    manifest = publish(company, LearnedApart.nobody().learn(["anna"], rows(7)))
    path = company.layout.apart(manifest.release_id)
    path.write_bytes(path.read_bytes()[:-1]) if damage == "changed" else path.unlink()
    for reading in (
        lambda: read_apart(company.layout, manifest),
        lambda: promote(company.layout, manifest.release_id),
        lambda: open_release(company.layout, verify=True),
    ):
        with pytest.raises(DamagedError, match=r"apart\.parquet.*release rollback"):
            reading()
    # Serving needs nothing of it, and what is published next is whole.
    with open_release(company.layout) as release:
        assert release.user("anna") is not None
    healed = publish(company, LearnedApart.nobody().learn(["anna"], rows(7)))
    assert read_apart(company.layout, healed).users.rows() == [("anna", 0)]


def test_without_such_users_there_is_no_file_and_an_older_manifest_reads_as_one_of_these(company: Any) -> None:
    manifest = publish(company, LearnedApart.nobody())
    assert write_apart(LearnedApart.nobody()) is None
    assert not company.layout.apart(manifest.release_id).exists()
    data = json.loads(write_manifest(manifest))
    for name in ("checksum", "apart", "apart_users", "rows_until_us"):
        del data[name]
    older = parse_manifest(_signed(data), company.layout.manifest(manifest.release_id))
    assert older == manifest
    assert (older.learned_rows, older.pinned_row_files) == (LearnedRows(9, BASE.row_files), set(BASE.row_files))


def _signed(data: dict[str, Any]) -> bytes:
    plain = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json.dumps({"checksum": hashlib.sha256(plain.encode()).hexdigest(), **data}).encode()
