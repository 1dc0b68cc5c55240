"""Instants of a release as people read them."""

from __future__ import annotations

from memlearn.records.instants import iso_instant
from memlearn.store.manifest import Manifest


def learned_until(manifest: Manifest) -> str:
    """The instant that was learned up to: the one asked for, else that of the newest event."""
    return iso_instant(manifest.learned_until_us)
