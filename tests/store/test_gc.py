"""Cleaning up: what is needed stays, what is not goes, in other processes too."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from memlearn.errors import NoReleaseError, UsageError
from memlearn.store import collect_garbage, list_releases, open_release, pinned, promote
from memlearn.store.locks import release_claims, workspace


def test_keeps_the_newest_the_current_and_shared_files(company: Any) -> None:
    base = company.segment({f"u{number}": ["tea"] for number in range(9)})
    releases = [company.publish(base, company.segment({"u1": [f"cup {number}"]})) for number in range(5)]
    promote(company.layout, releases[1].release_id)
    report = collect_garbage(company.layout, 2)
    assert report.removed == (releases[0].release_id, releases[2].release_id)
    assert report.kept == tuple(releases[number].release_id for number in (1, 3, 4))
    orphans = 4  # the shared segments that said what the first one says
    assert {releases[0].user_segments[1].file, releases[2].user_segments[1].file} <= set(report.segments)
    assert {release.shared_segment for release in releases} == {releases[0].shared_segment}
    assert f"Removed 2 release(s) and {2 + orphans} file(s)" in report.describe()
    for entry in list_releases(company.layout):
        with open_release(company.layout, entry.release_id, verify=True) as release:
            assert release.users().height == 9
    with pytest.raises(NoReleaseError, match=releases[0].release_id):
        open_release(company.layout, releases[0].release_id)
    assert collect_garbage(company.layout, 2).removed == ()


def test_keep_must_be_at_least_one(company: Any) -> None:
    with pytest.raises(UsageError, match="0 was asked for"):
        collect_garbage(company.layout, 0)


def test_a_release_in_use_stays_until_it_is_closed(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    with open_release(company.layout) as release:
        company.release({"u1": ["rye"]})
        report = collect_garbage(company.layout, 1)
        assert (report.removed, report.in_use) == ((), (first.release_id,))
        record = release.user("u1")
        assert record is not None
        assert record.statements[0].text == "tea"
    assert collect_garbage(company.layout, 1).removed == (first.release_id,)


READ = """
import sys
from pathlib import Path
from memlearn.store import StoreLayout, open_release
release = open_release(StoreLayout(Path(sys.argv[1])))
print(release.user("u1").statements[0].text, flush=True)
sys.stdin.readline()
print(release.user("u2").statements[0].text, flush=True)
sys.stdin.readline()
"""


def test_a_reader_in_another_process_holds_and_its_death_releases(company: Any, start_python: Callable[..., subprocess.Popen[str]]) -> None:
    first = company.release({"u1": ["tea"], "u2": ["rye"]})
    with start_python(READ, str(company.layout.root)) as reader:
        assert reader.stdout is not None
        assert reader.stdin is not None
        assert reader.stdout.readline() == "tea\n"
        company.release({"u1": ["milk"]})
        assert collect_garbage(company.layout, 1).in_use == (first.release_id,)
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "rye\n"
        reader.kill()
        reader.communicate()
    assert collect_garbage(company.layout, 1).removed == (first.release_id,)


def test_a_segment_about_to_be_published_stays(company: Any) -> None:
    company.release({"u1": ["tea"]})
    segment = company.segment({"u1": ["rye"]})
    assert collect_garbage(company.layout, 1).segments == ()
    company.publish(segment)
    collect_garbage(company.layout, 2)
    orphan = company.segment({"u1": ["milk"]})
    release_claims(iter([orphan.file]))
    assert collect_garbage(company.layout, 2).segments == (orphan.file,)


LEAVE = """
import os, sys
from pathlib import Path
from memlearn.store import StoreLayout
from memlearn.store.locks import workspace
with workspace(StoreLayout(Path(sys.argv[1]))) as folder:
    (folder / "part.parquet").write_bytes(b"x" * 5000)
    print("written", flush=True)
    sys.stdin.readline()
"""


def test_work_folders_of_dead_processes_go_and_those_of_living_ones_stay(
    company: Any, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    company.release({"u1": ["tea"]})
    with start_python(LEAVE, str(company.layout.root)) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "written\n"
        assert collect_garbage(company.layout, 1).bytes == 0
        other.kill()
        other.communicate()
    with workspace(company.layout) as mine:
        assert collect_garbage(company.layout, 1).bytes == 5000
        assert mine.is_dir()
    assert list(company.layout.tmp.iterdir()) == []


def test_a_removal_cut_short_is_finished(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    company.release({"u1": ["rye"]})
    company.layout.manifest(first.release_id).unlink()
    (company.layout.root / ".CURRENT.1.tmp").write_text("r0")
    report = collect_garbage(company.layout, 1)
    assert not company.layout.release(first.release_id).exists()
    assert first.user_segments[0].file in report.segments
    assert not (company.layout.root / ".CURRENT.1.tmp").exists()


def test_pins_name_what_other_parts_must_keep(company: Any) -> None:
    company.release({"u1": ["tea"]})
    pins = pinned(company.layout)
    assert (pins.lance, pins.row_files, pins.complete) == ({"blocks": frozenset({3})}, frozenset({"rows/0/base.parquet"}), True)
