"""Damaged, missing and newer files are recognised, named, and the message says the way out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from memlearn.duck import open_database
from memlearn.errors import DamagedError, FormatError
from memlearn.store import collect_garbage, current_release_id, list_releases, open_release, rollback
from memlearn.store.files import file_sha256
from memlearn.store.manifest import RELEASE_FORMAT, parse_manifest, read_manifest, write_manifest
from memlearn.store.segments import compact

MEMORY = {f"u{number}": [f"cup {number}"] for number in range(200)}


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.99])
def test_one_flipped_bit_in_any_file(company: Any, which: int, part: float) -> None:
    manifest = company.publish(company.segment(MEMORY), company.segment({"u1": ["rye"]}))
    path = company.layout.segment(manifest.segments[which].file)
    content = bytearray(path.read_bytes())
    content[int(part * len(content))] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=f"{path.name}.*SHA-256 should be {manifest.segments[which].sha256}, it is .*rollback"):
        open_release(company.layout, verify=True)


def test_bytes_damaged_under_a_reader_that_did_not_verify(company: Any) -> None:
    manifest = company.release(MEMORY)
    path = company.layout.segment(manifest.user_segments[0].file)
    content = bytearray(path.read_bytes())
    for offset in range(12_288, len(content)):
        content[offset] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=path.name):  # noqa: SIM117 - either line may find it
        with open_release(company.layout) as release:
            release.user("u1")


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_a_truncated_file(company: Any, cut: int) -> None:
    manifest = company.release(MEMORY)
    path = company.layout.segment(manifest.user_segments[0].file)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DamagedError, match=f"{path.name}.*should have {manifest.user_segments[0].bytes} bytes"):
        open_release(company.layout)


@pytest.mark.parametrize("which", [0, 1])
def test_a_missing_segment(company: Any, which: int) -> None:
    manifest = company.release(MEMORY)
    path = company.layout.segment(manifest.segments[which].file)
    path.unlink()
    with pytest.raises(DamagedError, match=f"{path.name}' is missing.*memlearn learn"):
        open_release(company.layout)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'"text"', b"{}", b'{"checksum": "a"}', b'\xff\xfe{"format": 1}'])
def test_a_manifest_that_is_none(company: Any, content: bytes) -> None:
    manifest = company.release(MEMORY)
    company.layout.manifest(manifest.release_id).write_bytes(content)
    with pytest.raises(DamagedError, match=r"manifest\.json.*is damaged.*rollback"):
        open_release(company.layout)


def test_every_changed_value_of_a_manifest_is_noticed(company: Any) -> None:
    manifest = company.release(MEMORY)
    path = company.layout.manifest(manifest.release_id)
    data = json.loads(path.read_bytes())
    for name in data:
        changed = json.dumps({**data, name: 0 if name == "format" else "changed"}).encode()
        with pytest.raises(DamagedError, match="checksum"):
            parse_manifest(changed, path)
    assert parse_manifest(path.read_bytes(), path) == manifest


def test_a_manifest_in_the_wrong_folder(company: Any) -> None:
    first, second = company.release(MEMORY), company.release({"u1": []})
    company.layout.manifest(second.release_id).write_bytes(company.layout.manifest(first.release_id).read_bytes())
    with pytest.raises(DamagedError, match=first.release_id):
        read_manifest(company.layout, second.release_id)


def test_a_newer_format_is_refused_and_one_can_go_back(company: Any) -> None:
    first, second = company.release(MEMORY), company.release({"u1": []})
    path = company.layout.manifest(second.release_id)
    path.write_bytes(write_manifest(second).replace(b'"format": %d' % RELEASE_FORMAT, b'"format": %d' % (RELEASE_FORMAT + 1)))
    with pytest.raises(FormatError, match=rf"has format {RELEASE_FORMAT + 1}; this memlearn reads formats up to {RELEASE_FORMAT}\. Upgrade"):
        open_release(company.layout)
    assert [entry.problem is None for entry in list_releases(company.layout)] == [True, False]
    assert rollback(company.layout).release_id == first.release_id


@pytest.mark.parametrize("content", ["", "\n", "r000009-none\n"])
def test_a_current_file_that_names_nothing(company: Any, content: str) -> None:
    manifest = company.release(MEMORY)
    company.layout.current.write_text(content)
    with pytest.raises(DamagedError, match=f"CURRENT.*{manifest.release_id}.*release promote"):
        current_release_id(company.layout)


def test_gc_removes_no_segment_while_a_manifest_is_unreadable(company: Any) -> None:
    company.release(MEMORY)
    second = company.release({"u1": []})
    company.layout.manifest(second.release_id).write_bytes(b"{")
    report = collect_garbage(company.layout, 1)
    assert len(report.removed) == 1
    assert report.segments == ()
    assert company.layout.segment(second.user_segments[0].file).is_file()


def test_an_older_segment_lacks_columns_and_is_read(company: Any) -> None:
    segment = company.segment(MEMORY)
    path = company.layout.segment(segment.file)
    with open_database(path) as connection:
        connection.execute("alter table bought drop column item_faded")
        connection.execute("update format set version = 3")
    other = replace(segment, bytes=path.stat().st_size, sha256=file_sha256(path))
    company.publish(other)
    with open_release(company.layout) as release:
        assert release.table("bought")["item_faded"].to_list() == [None] * len(MEMORY)
        record = release.user(next(iter(MEMORY)))
        assert (record.bought.item_faded, len(record.bought.items)) == (None, record.bought.visits)
    # Put together with newer ones they are null still.
    company.publish(compact(company.layout, (other, company.segment({"u9": ["tea"]}))))
    with open_release(company.layout) as release:
        held = dict(release.table("bought").select("user_id", "item_faded").iter_rows())
        assert held == {**dict.fromkeys(MEMORY), "u9": [1000] * 3}


def test_a_segment_of_another_format(company: Any) -> None:
    segment = company.segment(MEMORY)
    path = company.layout.segment(segment.file)
    with open_database(path) as connection:
        connection.execute("update format set version = 9")
    other = replace(segment, bytes=path.stat().st_size, sha256=file_sha256(path))
    company.publish(other)
    with pytest.raises(DamagedError, match=f"{path.name}' has format 9, its manifest has {RELEASE_FORMAT}"):
        open_release(company.layout)
