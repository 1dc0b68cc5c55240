"""Locks between processes, all with `flock`: the kernel drops them when their process dies, so none goes stale."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from memlearn.errors import BusyError
from memlearn.store.layout import StoreLayout

_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.02

# Files that this process wrote and did not publish yet, by name. Process-wide on purpose: the lock must live
# until the release that names the file is published, or until the process ends.
_claims: dict[str, list[int]] = {}
_claims_guard = threading.Lock()


def lock_file(path: Path, *, shared: bool) -> int | None:
    """Open and lock a file at once, without waiting.

    Returns:
        The descriptor, which holds the lock until it is closed; None where another process holds a lock in the way.

    Raises:
        FileNotFoundError: the file does not exist, or was removed while it was being locked.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        _check_still_there(descriptor, path)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def writing_releases(layout: StoreLayout, *, wait: float = _WAIT_SECONDS) -> Iterator[None]:
    """Hold the store's one lock for publishing, switching and removing releases.

    Args:
        layout: the store.
        wait: seconds to wait for another process.

    Raises:
        BusyError: another process holds it for longer.
    """
    layout.create()
    layout.release_lock.touch()
    deadline = monotonic() + wait
    pause = threading.Event()
    while (descriptor := lock_file(layout.release_lock, shared=False)) is None:
        if monotonic() >= deadline:
            raise BusyError(
                f"Another process is changing the releases of {str(layout.root)!r}, for {wait:.0f} s now. Wait for it to end, then try again."
            )
        pause.wait(_POLL_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def workspace(layout: StoreLayout) -> Iterator[Path]:
    """A new folder under `tmp`, removed at the end of the block, or by gc when this process dies."""
    layout.create()
    folder, descriptor = _new_workspace(layout)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(FileNotFoundError):
            _lock_of(folder).unlink()
        os.close(descriptor)


def sweep_workspaces(layout: StoreLayout) -> int:
    """Remove the work folders of dead processes.

    Returns:
        Bytes freed.
    """
    freed = 0
    for lock in sorted(layout.tmp.glob("work-*.lock")):
        with suppress(FileNotFoundError):
            descriptor = lock_file(lock, shared=False)
            if descriptor is None:
                continue
            folder = lock.with_suffix("")
            freed += folder_size(folder)
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink()
            os.close(descriptor)
    return freed


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def claim(path: Path) -> None:
    """Keep gc from removing a file that this process is about to publish; the lock goes with the file when it is renamed."""
    descriptor = lock_file(path, shared=True)
    if descriptor is None:
        raise BusyError(f"{str(path)!r} is being removed by another process. Run again.")
    with _claims_guard:
        _claims.setdefault(path.name, []).append(descriptor)


def claimed_names() -> frozenset[str]:
    """Names of the files that this process wrote and did not publish yet."""
    with _claims_guard:
        return frozenset(_claims)


def release_claims(names: Iterator[str]) -> None:
    """Give up the claims on files that a release names now."""
    with _claims_guard:
        for name in names:
            for descriptor in _claims.pop(name, []):
                os.close(descriptor)


def _check_still_there(descriptor: int, path: Path) -> None:
    if os.fstat(descriptor).st_ino != path.stat().st_ino:
        raise FileNotFoundError(path)


def _new_workspace(layout: StoreLayout) -> tuple[Path, int]:
    # The lock comes first, so that no folder ever stands without one; gc may take a newborn lock, then try again.
    while True:
        folder = layout.tmp / f"work-{secrets.token_hex(8)}"
        lock = _lock_of(folder)
        lock.touch(exist_ok=False)
        try:
            descriptor = lock_file(lock, shared=False)
        except FileNotFoundError:
            continue
        if descriptor is not None:
            folder.mkdir()
            return folder, descriptor


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")
