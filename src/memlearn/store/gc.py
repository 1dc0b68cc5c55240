"""Removing old releases and what nothing needs any more; never what is current, in use or shared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from memlearn.errors import UsageError
from memlearn.store.files import sync_folder
from memlearn.store.layout import StoreLayout
from memlearn.store.locks import claimed_names, folder_size, lock_file, release_claims, sweep_workspaces, writing_releases
from memlearn.store.switch import ReleaseEntry, list_releases


@dataclass(frozen=True, slots=True)
class GcReport:
    """What a clean-up did.

    Args:
        removed: releases that are gone.
        kept: releases that are there.
        in_use: releases among the kept that are only there because a reader has them open.
        segments: segment files removed.
        bytes: bytes freed, leftovers of dead processes included.
    """

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    in_use: tuple[str, ...]
    segments: tuple[str, ...]
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """As printed with `--json`."""
        return asdict(self)

    def describe(self) -> str:
        """One sentence for people."""
        in_use = f", {len(self.in_use)} of them in use by readers" if self.in_use else ""
        return (
            f"Removed {len(self.removed)} release(s) and {len(self.segments)} file(s), freeing {self.bytes / 2**20:,.1f} MiB; "
            f"kept {len(self.kept)} release(s){in_use}."
        )


@dataclass(frozen=True, slots=True)
class Pins:
    """What the releases there are need of the other parts of the store.

    Args:
        lance: the versions of each Lance dataset.
        row_files: row-store files, relative to the store.
        complete: False where a manifest could not be read, so that the pins of that release are unknown.
    """

    lance: dict[str, frozenset[int]]
    row_files: frozenset[str]
    complete: bool


def pinned(layout: StoreLayout) -> Pins:
    """What must not be removed from Lance and from the row store."""
    entries = list_releases(layout)
    manifests = [entry.manifest for entry in entries if entry.manifest]
    names = {name for manifest in manifests for name in manifest.lance}
    lance = {name: frozenset(manifest.lance[name] for manifest in manifests if name in manifest.lance) for name in sorted(names)}
    rows = frozenset(file for manifest in manifests for file in manifest.pinned_row_files)
    return Pins(lance, rows, complete=len(manifests) == len(entries))


def collect_garbage(layout: StoreLayout, keep: int) -> GcReport:
    """Remove all but the newest `keep` releases that were not refused, the newest refused one, the current one and those that readers hold open.

    Orphan segments and the work folders of dead processes go too; segments that a living process is about to publish stay.
    While a release's manifest cannot be read, no segment is removed, as it may be needed to repair it.

    Raises:
        UsageError: `keep` is less than 1.
        BusyError: another process is changing the releases.
    """
    if keep < 1:
        raise UsageError(f"gc keeps at least 1 release; {keep} was asked for.")
    with writing_releases(layout):
        entries = list_releases(layout)
        # However many are refused, there is something to roll back to.
        refused = [entry for entry in entries if entry.refused is not None]
        newest = {entry.release_id for entry in (*[one for one in entries if one.refused is None][-keep:], *refused[-1:])}
        removed, in_use, freed = [], [], 0
        for entry in entries:
            if entry.current or entry.release_id in newest:
                continue
            size = _remove_release(layout, entry)
            if size is None:
                in_use.append(entry.release_id)
            else:
                removed.append(entry.release_id)
                freed += size
        rest = [entry for entry in entries if entry.release_id not in removed]
        segments, size = _remove_segments(layout, rest)
        freed += size + sweep_workspaces(layout) + _remove_strays(layout)
        return GcReport(tuple(removed), tuple(entry.release_id for entry in rest), tuple(in_use), segments, freed)


def drop_unpublished(layout: StoreLayout) -> None:
    """Remove the segments that this process wrote and no release names; called at the end of a run, however it ended."""
    written = [path for path in layout.segments.iterdir() if path.name in claimed_names()]
    if not written:
        return
    with writing_releases(layout):
        release_claims(path.name for path in written)
        entries = list_releases(layout)
        if any(entry.manifest is None for entry in entries):
            return
        needed = {segment.file for entry in entries if entry.manifest for segment in entry.manifest.segments}
        for path in written:
            if path.name not in needed:
                _remove_unclaimed(path)


def _remove_release(layout: StoreLayout, entry: ReleaseEntry) -> int | None:
    """Bytes freed; None where a reader has the release open."""
    folder = layout.release(entry.release_id)
    manifest = layout.manifest(entry.release_id)
    lock = lock_file(manifest, shared=False) if manifest.is_file() else -1
    if lock is None:
        return None
    size = folder_size(folder)
    # The manifest goes first: a reader that waited for the lock sees that the release is gone.
    with suppress(FileNotFoundError):
        manifest.unlink()
    shutil.rmtree(folder)
    sync_folder(layout.releases)
    if lock >= 0:
        os.close(lock)
    return size


def _remove_segments(layout: StoreLayout, entries: Iterable[ReleaseEntry]) -> tuple[tuple[str, ...], int]:
    needed: set[str] = set()
    for entry in entries:
        if entry.manifest is None:
            return (), 0
        needed.update(segment.file for segment in entry.manifest.segments)
    removed, freed = [], 0
    for path in sorted(layout.segments.iterdir()):
        if path.name in needed:
            continue
        size = _remove_unclaimed(path)
        if size is not None:
            removed.append(path.name)
            freed += size
    return tuple(removed), freed


def _remove_unclaimed(path: Path) -> int | None:
    lock = lock_file(path, shared=False)
    if lock is None:
        return None
    size = path.stat().st_size
    path.unlink()
    os.close(lock)
    return size


def _remove_strays(layout: StoreLayout) -> int:
    """What killed processes left: half-written CURRENT and HISTORY files, and releases whose removal was cut short."""
    freed = 0
    for folder in layout.releases.glob("r*"):
        if folder.is_dir() and not (folder / "manifest.json").is_file():
            freed += folder_size(folder)
            shutil.rmtree(folder)
    for name in (layout.current.name, layout.history.name):
        for path in layout.root.glob(f".{name}.*.tmp"):
            freed += path.stat().st_size
            path.unlink()
    return freed
