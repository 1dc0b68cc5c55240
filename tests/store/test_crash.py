"""Killed at any moment, or out of disk: the old release is served, nothing half-written is visible."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from memlearn.store import collect_garbage, list_releases, open_release

PUBLISH = """
import json, sys
from pathlib import Path
from memlearn.store import *
import polars as pl
layout = StoreLayout(Path(sys.argv[1]))
parts = [{table: [Path(file) for file in files] for table, files in each.items()} for each in json.loads(sys.argv[2])]
shared = write_shared_segment(layout, {})
print("started", flush=True)
for number in range(10_000):
    segment = write_user_segment(layout, parts[number % 2])
    publish_release(layout, ReleaseDraft("run", number, "config", (segment,), shared))
    if number % 3 == 2:
        collect_garbage(layout, 2)
"""


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_kill_9_while_publishing(
    company: Any, frames_of: Callable[..., Any], start_python: Callable[..., subprocess.Popen[str]], seed: int
) -> None:
    memories = [{f"u{number}": [text] for number in range(300)} for text in ("tea", "rye")]
    parts = [
        {table: [str(path) for path in paths] for table, paths in company.write_parts(frames_of(memory)).items()} for memory in memories
    ]
    company.release(memories[0])
    with start_python(PUBLISH, str(company.layout.root), json.dumps(parts)) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "started\n"
        time.sleep(random.Random(seed).uniform(0.0, 1.2))
        writer.kill()
        writer.communicate()
    with open_release(company.layout, verify=True) as release:
        assert set(release.table("statements")["text"]) in ({"tea"}, {"rye"})
        assert release.users().height == 300
    assert all(entry.problem is None for entry in list_releases(company.layout))
    company.release({"u1": ["milk"]})
    collect_garbage(company.layout, 1)
    assert list(company.layout.tmp.iterdir()) == []
    assert len(list(company.layout.segments.iterdir())) == 2
    assert len(list(company.layout.releases.iterdir())) == 1


READ = """
import sys
from pathlib import Path
from memlearn.store import StoreLayout, open_release
layout = StoreLayout(Path(sys.argv[1]))
seen = 0
while not Path(sys.argv[2]).exists():
    with open_release(layout) as release:
        texts = {line.text for user in ("u0", "u7", "u299") for line in release.user(user).statements}
        texts |= {row.label for row in release.user("u5").cited_rows} | set(release.table("statements")["text"])
        assert len(texts) == 1, texts
        seen += 1
print(seen)
"""


@pytest.mark.slow
def test_readers_see_whole_releases_during_switch_and_gc(
    company: Any, start_python: Callable[..., subprocess.Popen[str]], tmp_path: Any
) -> None:
    end = tmp_path / "end"
    segments = [company.segment({f"u{number}": [text] for number in range(300)}) for text in ("tea", "rye")]
    company.publish(segments[0])
    readers = [start_python(READ, str(company.layout.root), str(end)) for _ in range(2)]
    for number in range(12):
        company.publish(segments[number % 2], as_of_us=number + 2)
        collect_garbage(company.layout, 2)
    end.touch()
    for reader in readers:
        output, errors = reader.communicate(timeout=60)
        assert errors == ""
        assert reader.returncode == 0
        assert int(output) > 0


FULL = """
import json, resource, sys
from pathlib import Path
from memlearn.errors import StoreError
from memlearn.store import *
layout = StoreLayout(Path(sys.argv[1]))
parts = {table: [Path(file) for file in files] for table, files in json.loads(sys.argv[2]).items()}
what, limit = sys.argv[3], int(sys.argv[4])
shared = write_shared_segment(layout, {})
segment = write_user_segment(layout, parts)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    if what == "segment":
        write_user_segment(layout, parts)
    else:
        publish_release(layout, ReleaseDraft("run", 7, "config", (segment,), shared))
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize(("what", "limit"), [("segment", 100_000), ("segment", 0), ("publish", 100), ("publish", 0)])
def test_no_room_left(
    company: Any, frames_of: Callable[..., Any], start_python: Callable[..., subprocess.Popen[str]], what: str, limit: int
) -> None:
    memory = {f"u{number}": [f"cup {number} {place}" for place in range(5)] for number in range(300)}
    parts = {table: [str(path) for path in paths] for table, paths in company.write_parts(frames_of(memory)).items()}
    first = company.release({"u1": ["tea"]})
    with start_python(FULL, str(company.layout.root), json.dumps(parts), what, str(limit)) as writer:
        output, errors = writer.communicate(timeout=60)
    assert errors == ""
    assert "No room to write" in output
    assert "MiB are needed" in output
    assert "memlearn release gc" in output
    with open_release(company.layout, verify=True) as release:
        assert release.release_id == first.release_id
    collect_garbage(company.layout, 1)
    assert list(company.layout.tmp.iterdir()) == []
    assert len(list(company.layout.segments.iterdir())) == 2
