"""A store beside the store: what a run needs to go on from it, in a folder that goes away, so that nothing of the store changes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memlearn.learning.job import Job
from memlearn.learning.lock import learning
from memlearn.store.files import link_file
from memlearn.store.layout import StoreLayout
from memlearn.store.locks import workspace

# Files of these folders are never written again once they are there.
_IMMUTABLE = ("rows", "pieces", "population", "segments", "lance")


@contextmanager
def scratch_store(job: Job) -> Iterator[StoreLayout]:
    """A copy of the job's store for the length of a block; an empty one where nothing was learned yet.

    Rows and releases are linked, not copied. The store's lock is held only while that is done.

    Args:
        job: names the store.

    Raises:
        BusyError: a learn run works on the store.
    """
    if not job.layout.ledger.is_file():
        with tempfile.TemporaryDirectory(prefix="memlearn-") as folder:
            yield StoreLayout(Path(folder) / "store")
        return
    # On the store's own file system, so that its files can be linked; gc removes it should this process die.
    with workspace(job.layout) as folder:
        scratch = StoreLayout(folder)
        with learning(job):
            mirror(job.layout, scratch)
        yield scratch


def mirror(layout: StoreLayout, scratch: StoreLayout) -> None:
    """Make another store with what a run needs to go on; only for the holder of the store's lock of learning.

    Args:
        layout: the store.
        scratch: the other one, on the same file system where files are to be linked and not copied.
    """
    scratch.create()
    for path in (layout.ledger, layout.ledger.with_name(layout.ledger.name + ".wal"), layout.current):
        if path.is_file():
            shutil.copyfile(path, scratch.root / path.name)
    for name in _IMMUTABLE:
        _link(layout.root / name, scratch.root / name)
    # Of releases the current one is enough to go on from.
    if layout.current.is_file():
        current = layout.current.read_text().strip()
        _link(layout.release(current), scratch.release(current))


def _link(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            link_file(path, target / path.relative_to(source))
