"""Freed memory is kept while a run works, and given back afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, platform
import numpy as np
from memlearn.learning.allocator import memory_kept

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

before = resident()
with memory_kept():
    held = [np.ones(1 << 20) for _ in range(24)]
    del held
    kept = resident() - before
after = resident() - before
print(kept, after)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_stays_until_the_run_is_over() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    kept, after = (int(part) / 2**20 for part in done.stdout.split())
    assert kept > 150, "192 MiB were freed inside, and stay"
    assert after < 50, "they are given back at the end"


@pytest.mark.parametrize(("given", "expected"), [("dirty_decay_ms:1", "dirty_decay_ms:1"), (None, "dirty_decay_ms:10000,muzzy_decay_ms:10000")])
def test_the_allocator_of_polars_is_set_where_nobody_set_it(given: str | None, expected: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    if given is not None:
        environment["_RJEM_MALLOC_CONF"] = given
    script = "import os, memlearn; print(os.environ['_RJEM_MALLOC_CONF'])"
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert said.stdout.strip() == expected
