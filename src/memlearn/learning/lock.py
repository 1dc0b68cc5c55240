"""The store's lock of learning: one run at a time. The kernel drops it when its process dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from memlearn.errors import BusyError, StoreError
from memlearn.learning.job import Job
from memlearn.store.files import is_disk_full
from memlearn.store.layout import StoreLayout
from memlearn.store.locks import lock_file

LOCK_TRIES = 40
_PAUSE_SECONDS = 0.05


@contextmanager
def learning(job: Job) -> Iterator[None]:
    """Hold the store's lock of learning.

    Raises:
        BusyError: another learn run holds it.
    """
    descriptor = _wait_for_lock(job.layout)
    if descriptor is None:
        raise BusyError(
            f"Another learn run works on the store {str(job.layout.root)!r}. `memlearn status CONFIG` shows how far it is; wait for it to end, then try again."
        )
    try:
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(layout: StoreLayout) -> int | None:
    """Take the lock of learning; `status` holds it too, for a moment, and must not make a run fail."""
    pause, tries = Event(), LOCK_TRIES
    while (descriptor := hold_learning_lock(layout)) is None and tries:
        tries -= 1
        pause.wait(_PAUSE_SECONDS)
    return descriptor


def hold_learning_lock(layout: StoreLayout) -> int | None:
    """Take the lock of learning at once; its descriptor holds it until closed, also by the end of the process. None: it is taken."""
    try:
        layout.create()
        layout.learn_lock.touch()
    except OSError as error:
        if is_disk_full(error):
            raise
        raise StoreError(
            f"The store {str(layout.root)!r} cannot be written ({error.strerror}). Correct `store` in the config, or the permissions of the folder."
        ) from error
    return lock_file(layout.learn_lock, shared=False)
