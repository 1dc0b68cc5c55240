"""A write that is killed leaves the version before it whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from memlearn.store.vectors import VectorStore

WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from memlearn.store.vectors import VectorStore
store, parts, base = VectorStore(Path(sys.argv[1])), [Path(sys.argv[2])], int(sys.argv[3])
print("ready", flush=True)
while True:
    store.write_blocks(parts, base=base)
    store.write_blocks(parts, replace=True)
"""


def part(path: Path, users: int, value: str) -> Path:
    frame = pl.select(pl.int_range(users).alias("n")).select(
        pl.format("u{}", "n").alias("user_id"),
        pl.lit("profile").alias("label"),
        pl.format("{} {}", pl.lit(value), pl.col("n") * 7919).alias("value"),
    )
    frame.write_ipc(path)
    return path


@pytest.mark.slow
def test_kill_at_any_moment_leaves_the_pinned_version_readable(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "lance")
    version = store.write_blocks([part(tmp_path / "old.arrow", 20_000, "old")]).version
    before = store.read_blocks(version)
    new = part(tmp_path / "new.arrow", 30_000, "new")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for attempt in range(4):
        command = [sys.executable, "-W", "ignore", "-c", WRITER, str(tmp_path / "lance"), str(new), str(version)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(0.03 + 0.045 * attempt)
            assert writer.poll() is None
            writer.send_signal(signal.SIGKILL)
        assert VectorStore(tmp_path / "lance").read_blocks(version).equals(before)
    after = store.write_blocks([part(tmp_path / "one.arrow", 1, "fresh")], base=version)
    assert after.rows == 20_000
    assert store.read_blocks(after.version, ["u0", "u1"])["value"].to_list() == ["fresh 0", "old 7919"]
    store.cleanup({"blocks": [after.version]}, margin=timedelta(seconds=1))
    assert store.read_blocks(after.version).height == 20_000
