"""Remove what a run that died left behind: files that neither the ledger nor a release names."""

from __future__ import annotations

import shutil

from memlearn.learning.agent.replaced import drop_replaced
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.switch import list_releases


def sweep(layout: StoreLayout, ledger: Ledger) -> None:
    """Remove orphaned row files, pieces and work folders, and steps that no kept release was made from. Only for the holder of the learning lock."""
    named = {f"rows/{file.shard:04d}/{file.file}" for files in ledger.row_files().values() for file in files}
    entries = list_releases(layout)
    for entry in entries:
        if entry.manifest is not None:
            named.update(entry.manifest.pinned_row_files)
    if entries and all(entry.manifest is not None for entry in entries):
        drop_replaced(ledger, min(entry.manifest.run_id for entry in entries if entry.manifest is not None))
    named |= {f"pieces/{shard:04d}/{file}" for shard, file in ledger.fetch("select shard, file from piece_files").iter_rows()}
    for folder in ("rows", "pieces"):
        for path in (layout.root / folder).glob("*/*"):
            if str(path.relative_to(layout.root)) not in named:
                path.unlink()
    for path in layout.tmp.glob("run-*"):
        shutil.rmtree(path, ignore_errors=True)
