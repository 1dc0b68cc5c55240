"""Look up single rows of a shard by their ids, without reading the others' content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from memlearn.errors import DamagedError
from memlearn.store.rows import ID, newest_versions


def find_rows(folder: Path, files: Sequence[str], row_ids: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """Rows of a shard that count, in no order.

    Args:
        folder: the shard's folder.
        files: its files, oldest first, as the ledger names them.
        row_ids: ids of the wanted rows; where users' rows share an id, all of them are found.
        columns: which columns; those that a file lacks are left out.

    Raises:
        DamagedError: a file is missing or cannot be read.
    """
    found = [_find_in_file(folder / name, row_ids, columns) for name in files]
    newest = newest_versions(found) if len(found) > 1 else found[0]
    return newest.filter(~pl.col("tombstone")).drop("tombstone", "user_hash")


def find_holders(folder: Path, files: Sequence[str], wanted: Callable[[pl.Series], pl.Series]) -> pl.DataFrame:
    """`user_hash` and `row_id` of a shard's rows that count and whose ids are wanted, in no order; errors as in `find_rows`.

    Args:
        folder: the shard's folder.
        files: its files, oldest first, as the ledger names them.
        wanted: says of each id of a column whether it is wanted.
    """
    found = []
    for name in files:
        held = _collect(folder / name, lambda scan: scan.select(*ID, "tombstone"))
        found.append(held.filter(wanted(held["row_id"])))
    newest = newest_versions(found) if len(found) > 1 else found[0]
    return newest.filter(~pl.col("tombstone")).select(ID)


def _find_in_file(path: Path, row_ids: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    def choose(scan: pl.LazyFrame) -> pl.LazyFrame:
        known = scan.collect_schema().names()
        names = [name for name in dict.fromkeys((*ID, "user_id", "tombstone", *columns)) if name in known]
        return scan.filter(pl.col("row_id").is_in(row_ids.implode())).select(names)

    return _collect(path, choose)


def _collect(path: Path, choose: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
    try:
        return choose(pl.scan_parquet(path)).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamagedError(
            f"Row file {str(path)!r} is damaged: {str(error).splitlines()[0]}. Releases are served as before. "
            "Restore the store from its backup, or remove the store's folder and learn again from the sources."
        ) from error
