"""The evaluation's own folder beside the store: a store to learn in, and what was ranked at each cut.

Nothing here touches the configured store or its releases. What is there is taken up again: rows that were read, steps that were done, cuts
that were ranked. The folder may be removed at any time, the report apart.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from memlearn.errors import BusyError
from memlearn.learning.job import Job
from memlearn.learning.lock import learning
from memlearn.learning.scratch import mirror
from memlearn.store.layout import StoreLayout
from memlearn.store.locks import lock_file

# What a ranking depends on beside its inputs: another version of any of these ranks anew.
_CODE = ("chunks", "evaluation", "grounding", "learning", "memory", "ranking", "records", "serving", "sources", "store")


@dataclass(frozen=True, slots=True)
class Scratch:
    """The folders of an evaluation.

    Args:
        root: the folder that holds all of it.
    """

    root: Path

    @property
    def layout(self) -> StoreLayout:
        """The store to learn in."""
        return StoreLayout(self.root / "store")

    def aligned(self, number: int) -> StoreLayout:
        """The store to learn in where each user's last visit but so many is held out."""
        return StoreLayout(self.root / f"aligned-{number}")

    @property
    def kept(self) -> Path:
        """What was ranked, a folder for each cut and a file for each method."""
        return self.root / "kept"

    @property
    def report(self) -> Path:
        """Where the report goes unless another folder is named."""
        return self.root / "report"


def scratch_of(layout: StoreLayout) -> Scratch:
    """The evaluation's folder of a store: beside it, with its name and `-evaluation`."""
    root = Path(os.path.normpath(layout.root))
    return Scratch(root.with_name(f"{root.name}-evaluation"))


@contextmanager
def evaluating(scratch: Scratch) -> Iterator[None]:
    """Hold the folder for one evaluation.

    Raises:
        BusyError: another one is at work in it.
    """
    scratch.kept.mkdir(parents=True, exist_ok=True)
    lock = scratch.root / "evaluation.lock"
    lock.touch()
    descriptor = lock_file(lock, shared=False)
    if descriptor is None:
        raise BusyError(f"Another evaluation works in {str(scratch.root)!r}. Wait for it to end, then try again.")
    try:
        yield
    finally:
        os.close(descriptor)


def ready(job: Job, scratch: Scratch) -> None:
    """Make the store to learn in, with what the configured store has read and done already, unless it is there.

    Args:
        job: names the configured store.
        scratch: the folder.

    Raises:
        BusyError: a learn run works on the configured store.
    """
    if scratch.layout.root.is_dir() or not job.layout.ledger.is_file():
        return
    aside = scratch.root / "store.tmp"
    shutil.rmtree(aside, ignore_errors=True)
    with learning(job):
        mirror(job.layout, StoreLayout(aside))
        # Answers that were paid for are not asked again; a journal may grow, so it is no link.
        if job.layout.journals.is_dir():
            shutil.copytree(job.layout.journals, StoreLayout(aside).journals)
    aside.rename(scratch.layout.root)


def clear(scratch: Scratch) -> int:
    """Remove what was learned and ranked; reports stay. Returns the bytes freed."""
    freed = 0
    for folder in (scratch.layout.root, scratch.kept, *scratch.root.glob("aligned-*"), *scratch.root.glob("*.tmp")):
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
    return freed


def code_digest() -> str:
    """A digest of the code that learns, ranks and judges."""
    found = blake2b(digest_size=16)
    for name in _CODE:
        for path, content in _modules(files("memlearn") / name, name):
            found.update(path.encode() + content)
    return found.hexdigest()


def _modules(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _modules(entry, f"{name}/{entry.name}")
        elif entry.name.endswith((".py", ".md")):
            yield f"{name}/{entry.name}", entry.read_bytes()
