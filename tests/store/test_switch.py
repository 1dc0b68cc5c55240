"""Publishing, promoting and rolling back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from memlearn.errors import BusyError, DamagedError, NoReleaseError
from memlearn.store import current_release_id, list_releases, open_release, promote, rollback
from memlearn.store.files import write_durably
from memlearn.store.locks import writing_releases


def test_ids_are_ordered_and_name_the_content(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    second = company.release({"u1": ["rye"]})
    assert first.release_id == f"r000001-{first.content_digest[:8]}"
    assert second.release_id.startswith("r000002-")
    assert [(entry.release_id, entry.current) for entry in list_releases(company.layout)] == [
        (first.release_id, False),
        (second.release_id, True),
    ]
    assert second.counts["users"] == 1


def test_the_same_again_is_a_no_op(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    assert company.release({"u1": ["tea"]}) == first
    assert len(list_releases(company.layout)) == 1


def test_other_inputs_or_shared_content_make_a_new_release(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    later = company.release({"u1": ["tea"]}, as_of_us=2)
    assert later.release_id != first.release_id
    assert later.content_digest == first.content_digest
    assert company.release({"u1": ["tea"]}, as_of_us=2, trend="Rye is popular").content_digest != first.content_digest


def test_the_digest_names_users_unambiguously(company: Any) -> None:
    one = company.release({"ab": [], "c": []})
    other = company.release({"a": [], "bc": []})
    assert one.content_digest != other.content_digest


def test_learning_again_heals_a_damaged_release(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    path = company.layout.segment(first.user_segments[0].file)
    path.write_bytes(b"x" * first.user_segments[0].bytes)
    company.release({"u1": ["tea"]})
    with open_release(company.layout, verify=True) as release:
        assert release.has_user("u1")


def test_written_but_not_switched(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    second = company.release({"u1": ["rye"]}, switch=False)
    assert current_release_id(company.layout) == first.release_id
    promote(company.layout, second.release_id)
    assert current_release_id(company.layout) == second.release_id


def test_rollback_goes_back_step_by_step(company: Any) -> None:
    ids = [company.release({"u1": [text]}).release_id for text in ("tea", "rye", "milk")]
    assert [rollback(company.layout).release_id for _ in range(2)] == [ids[1], ids[0]]
    with pytest.raises(NoReleaseError, match="no earlier release"):
        rollback(company.layout)
    assert current_release_id(company.layout) == ids[0]
    assert company.release({"u1": ["oats"]}).release_id.startswith("r000004-")
    assert rollback(company.layout).release_id == ids[0]


def test_rollback_after_promote_returns_to_where_one_was(company: Any) -> None:
    ids = [company.release({"u1": [text]}).release_id for text in ("tea", "rye", "milk")]
    promote(company.layout, ids[0])
    assert rollback(company.layout).release_id == ids[2]


@pytest.mark.parametrize("history", ["", "[", '{"a": 1}', "[1, null]"])
def test_a_damaged_history_loses_only_itself(company: Any, history: str) -> None:
    ids = [company.release({"u1": [text]}).release_id for text in ("tea", "rye")]
    company.layout.history.write_text(history)
    with pytest.raises(NoReleaseError):
        rollback(company.layout)
    promote(company.layout, ids[0])
    assert rollback(company.layout).release_id == ids[1]


def test_a_switch_cut_short_between_its_two_files(company: Any) -> None:
    ids = [company.release({"u1": [text]}).release_id for text in ("tea", "rye", "milk")]
    # Killed while promoting the first: the history says so already, CURRENT does not.
    write_durably(company.layout.history, json.dumps([*ids, ids[0]]).encode())
    assert rollback(company.layout).release_id == ids[1]
    # Killed while rolling back from the second: CURRENT says so already, the history does not.
    write_durably(company.layout.history, json.dumps(ids[:2]).encode())
    write_durably(company.layout.current, ids[0].encode())
    with pytest.raises(NoReleaseError):
        rollback(company.layout)


def test_promote_and_rollback_refuse_what_is_not_there_or_damaged(company: Any) -> None:
    first = company.release({"u1": ["tea"]})
    second = company.release({"u1": ["rye"]})
    with pytest.raises(NoReleaseError, match=f"no release 'r9'.*{first.release_id}, {second.release_id}"):
        promote(company.layout, "r9")
    path = company.layout.segment(first.user_segments[0].file)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for action in (lambda: promote(company.layout, first.release_id), lambda: rollback(company.layout)):
        with pytest.raises(DamagedError, match=path.name):
            action()
    assert current_release_id(company.layout) == second.release_id


def test_a_segment_that_is_gone_is_not_published(company: Any) -> None:
    segment = company.segment({"u1": ["tea"]})
    company.layout.segment(segment.file).unlink()
    with pytest.raises(DamagedError, match="is missing"):
        company.publish(segment)


HOLD = """
import sys
from pathlib import Path
from memlearn.store import StoreLayout
from memlearn.store.locks import writing_releases
with writing_releases(StoreLayout(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_two_writers_wait_for_each_other(company: Any, start_python: Callable[..., subprocess.Popen[str]]) -> None:
    with start_python(HOLD, str(company.layout.root)) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="Another process is changing the releases"), writing_releases(company.layout, wait=0.05):
            raise AssertionError
        other.kill()
        other.communicate()
    with writing_releases(company.layout, wait=5):
        pass
