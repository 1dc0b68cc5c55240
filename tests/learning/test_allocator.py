"""Freed memory is kept while a run works, and given back afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


HEAPS = """
import ctypes, os, sys, threading
from memlearn.learning.allocator import memory_kept

library = ctypes.CDLL(None)
library.malloc.restype = library.fdopen.restype = ctypes.c_void_p
library.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
library.fclose.argtypes = [ctypes.c_void_p]

with memory_kept():
    pass
together = threading.Barrier(4)

def work():
    together.wait()
    library.malloc(1000)
    together.wait()

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
stream = library.fdopen(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), b"w")
library.malloc_info(0, stream)
library.fclose(stream)
print(open(sys.argv[1]).read().count("<heap nr"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_threads_have_heaps_of_their_own_again_afterwards(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", HEAPS, str(tmp_path / "heaps")], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 1


@pytest.mark.parametrize(("given", "expected"), [("dirty_decay_ms:1", "dirty_decay_ms:1"), (None, "dirty_decay_ms:10000,muzzy_decay_ms:10000")])
def test_the_allocator_of_polars_is_set_where_nobody_set_it(given: str | None, expected: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    if given is not None:
        environment["_RJEM_MALLOC_CONF"] = given
    script = "import os, memlearn; print(os.environ['_RJEM_MALLOC_CONF'])"
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert said.stdout.strip() == expected
