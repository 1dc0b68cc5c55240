"""Clean what releases alone do not own: row files, population snapshots and Lance versions that nothing names."""

from __future__ import annotations

import os

from memlearn.errors import BusyError
from memlearn.learning.lock import hold_learning_lock
from memlearn.learning.sweep import sweep
from memlearn.store import StoreLayout, pinned
from memlearn.store.ledger import Ledger
from memlearn.store.switch import list_releases
from memlearn.store.vectors import VectorStore


def clean_store(layout: StoreLayout) -> int:
    """Remove orphans; returns the bytes freed.

    Raises:
        BusyError: a learn run works on this store.
    """
    if not layout.ledger.is_file():
        return 0
    descriptor = hold_learning_lock(layout)
    if descriptor is None:
        raise BusyError(f"A learn run works on the store {str(layout.root)!r}. Wait for it to end, then run gc again.")
    try:
        before = _size(layout)
        ledger = Ledger(layout.ledger)
        try:
            sweep(layout, ledger)
        finally:
            ledger.close()
        named = {str(entry.manifest.population.get("file")) for entry in list_releases(layout) if entry.manifest is not None}
        for path in (layout.root / "population").glob("*"):
            if path.stem.removesuffix("-pairs") not in named:
                path.unlink()
        pins = pinned(layout)
        if pins.complete and layout.lance.is_dir():
            VectorStore(layout.lance).cleanup(pins.lance)
        return max(before - _size(layout), 0)
    finally:
        os.close(descriptor)


def _size(layout: StoreLayout) -> int:
    folders = (layout.rows, layout.root / "pieces", layout.root / "population", layout.lance)
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
