"""A store whose users' days are moved, so that a visit that is held out lies on one day for all and one as-of instant cuts it off everywhere.

For data whose times are only an order: there, whose third visit comes before whose fifth means nothing, and nothing is lost by moving.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from memlearn.evaluation.learned import Ground
from memlearn.learning.scratch import mirror
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.rows import content_hash, read_rows, write_base

DAY_US = 86_400_000_000
_SAID = "aligned.json"


def make_aligned(raw: StoreLayout, layout: StoreLayout, moved: Mapping[str, int], ground: Ground) -> dict[int, tuple[str, ...]]:
    """Make the moved store from the one that was read into, or take the one that is there where nothing changed.

    Args:
        raw: the store that the sources were read into; nobody works on it.
        layout: the store to make.
        moved: user → days to move all their rows by; users that are not there stay.
        ground: of the store `raw`.

    Returns:
        Row files of each shard.
    """
    said = layout.root / _SAID
    if said.is_file():
        known = json.loads(said.read_text(encoding="utf-8"))
        if known["state"] == ground.state:
            return {int(shard): tuple(files) for shard, files in known["files"].items()}
    aside = StoreLayout(layout.root.with_name(f"{layout.root.name}.tmp"))
    shutil.rmtree(aside.root, ignore_errors=True)
    mirror(raw, aside)
    shifts = pl.DataFrame({"user_id": list(moved), "shift": list(moved.values())}, schema={"user_id": pl.String, "shift": pl.Int64})
    files: dict[int, tuple[str, ...]] = {
        shard: (_move(aside.rows / f"{shard:04d}", names, shifts),) for shard, names in ground.files.items()
    }
    _name(aside.ledger, files, ground)
    (aside.root / _SAID).write_text(json.dumps({"state": ground.state, "files": files}), encoding="utf-8")
    shutil.rmtree(layout.root, ignore_errors=True)
    aside.root.rename(layout.root)
    return files


def _move(folder: Path, names: tuple[str, ...], shifts: pl.DataFrame) -> str:
    """Write a shard's rows anew, in local time counted as UTC, so that a day begins at the same instant for all."""
    rows = read_rows(folder, names)
    days = rows.select("user_id").join(shifts, on="user_id", how="left", maintain_order="left")["shift"].fill_null(0)
    local = pl.col("time_us") + pl.col("offset_s").cast(pl.Int64) * 1_000_000 + days * DAY_US
    there = rows.with_columns(local.alias("time_us"), pl.lit(0, pl.Int32).alias("offset_s"))
    return write_base(folder, there.with_columns(content_hash(there, there["user_hash"].to_numpy())), "aligned.parquet")


def _name(path: Path, files: Mapping[int, tuple[str, ...]], ground: Ground) -> None:
    ledger = Ledger(path)
    try:
        counts = {row.shard: sum(one.rows for one in rows) for rows in ledger.row_files().values() for row in rows}
        named = [
            {"shard": shard, "seq": 0, "file": names[0], "rows": counts[shard], "run_id": "aligned"}
            for shard, names in sorted(files.items())
        ]
        with ledger.transaction():
            ledger.execute("delete from row_files")
            ledger.append("row_files", pl.DataFrame(named))
    finally:
        ledger.close()
    assert set(files) == set(ground.files)
