"""Keep freed memory while a run works: handing pages back to the system and taking them again costs a tenth of a learn."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
# Arrays of a shard are some megabytes each: below these sizes memory stays with the process, in one heap for all threads.
_KEPT = {_ARENA_MAX: 1, _MMAP_THRESHOLD: 1 << 30, _TRIM_THRESHOLD: (1 << 31) - 1, _TOP_PAD: 1 << 26}
# What glibc begins with. It takes no 0 for the number of heaps, which would mean: by the number of cores, eight for each.
_USUAL = {_ARENA_MAX: 8 * (os.cpu_count() or 1), _MMAP_THRESHOLD: 1 << 17, _TRIM_THRESHOLD: 1 << 17, _TOP_PAD: 1 << 17}


@contextmanager
def memory_kept() -> Iterator[None]:
    """Let the C library keep freed memory, and give it back at the end; does nothing where there is no glibc.

    Two things glibc does not take back: threads that asked for a heap of their own meanwhile have settled that the process has
    one, and the size from which on memory is mapped apart no longer adapts itself.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    try:
        for parameter, value in _KEPT.items():
            library.mallopt(parameter, value)
        yield
    finally:
        for parameter, value in _USUAL.items():
            library.mallopt(parameter, value)
        give_back()


def give_back() -> None:
    """Give freed memory back to the system, so that a stage does not hold what the one before took; does nothing where there is no glibc."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
