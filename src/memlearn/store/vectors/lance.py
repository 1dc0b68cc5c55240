"""Lance tables: opening them at a version, writing, listing versions, errors translated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from memlearn.errors import DamagedError, MemlearnError, StoreError
from memlearn.store.vectors.vendor import lancedb

# LanceDB is not typed; a table is used through the functions of this module only.
Table = Any

_FOREVER = timedelta(days=36_500)
_DAMAGE = ("not found", "no such file", "corrupt", "magic", "invalid data", "decode", "checksum", "unexpected end", "lanceerror(io)")
_FULL = ("no space left", "storagefull", "disk quota", "file too large")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn Lance's errors into ours; `what` names the table and version in the message."""
    try:
        yield
    except MemlearnError:
        raise
    except (ValueError, RuntimeError, OSError, pa.ArrowException) as error:
        text = str(error)
        lower = text.lower()
        if any(mark in lower for mark in _FULL):
            raise StoreError(
                f"{what} could not be written: the disk is full. Free space and run again; the last version is unharmed."
            ) from error
        if any(mark in lower for mark in _DAMAGE):
            raise DamagedError(
                f"{what} is damaged: {text[:300]}. Delete its folder and learn again, or roll back to an older release."
            ) from error
        raise StoreError(f"{what}: {text[:300]}") from error
    except Exception as error:
        # What Lance does not expect in a file, it meets with a panic of its own type.
        if "panick" not in str(error):
            raise
        raise DamagedError(
            f"{what} is damaged: {str(error)[:300]}. Delete its folder and learn again, or roll back to an older release."
        ) from error


class LanceFolder:
    """A folder of Lance tables."""

    def __init__(self, root: Path) -> None:
        """Name the folder; nothing is read or made before the first write."""
        self.root = root

    def has(self, table: str) -> bool:
        """True where the table has been written."""
        return (self.root / f"{table}.lance" / "_versions").is_dir()

    def open(self, table: str, version: int | None = None) -> Table:
        """Open a table at a version, or at its newest to write.

        Raises:
            StoreError: there is no such table or version.
            DamagedError: its files are damaged.
        """
        if not self.has(table):
            raise StoreError(f"There is no table {table!r} in {str(self.root)!r}. Run `memlearn learn` first.")
        with translated(f"Table {table!r} in {str(self.root)!r}"):
            opened = lancedb.connect(str(self.root)).open_table(table)
            if version is None or opened.version == version:
                return opened
            if not (known := versions(opened)) or version not in known:
                span = f"{min(known)} to {max(known)}" if known else "none"
                raise StoreError(
                    f"Table {table!r} in {str(self.root)!r} has no version {version}; there are {span}. Learn again, or take a newer release."
                )
            opened.checkout(version)
            return opened

    def overwrite(self, table: str, data: pa.Table | pa.RecordBatchReader, functions: Sequence[Any] = ()) -> Table:
        """Write a table anew as one version; older versions stay readable."""
        with translated(f"Table {table!r} in {str(self.root)!r}"):
            self.root.mkdir(parents=True, exist_ok=True)
            # Overwriting what is not there works too, with a warning on standard error.
            mode = "overwrite" if self.has(table) else "create"
            return lancedb.connect(str(self.root)).create_table(table, data=data, mode=mode, embedding_functions=list(functions) or None)


def versions(table: Table) -> dict[int, datetime]:
    """Every version that a table still has, and when it was written (UTC)."""
    # Lance gives naive local times; the ambiguous hour in autumn counts as its earlier pass, which only keeps more.
    return {int(entry["version"]): entry["timestamp"].astimezone(UTC) for entry in table.list_versions()}


def rows(table: Table, columns: Sequence[str], where: str | None = None) -> pl.DataFrame:
    """Rows of a table at its version, in no particular order."""
    query = table.search().select(list(columns)).limit(max(1, table.count_rows()))
    if where is not None:
        query = query.where(where)
    frame = pl.from_arrow(query.to_arrow())
    assert isinstance(frame, pl.DataFrame)
    return frame.select(columns)


def look_through(table: Table, column: str, searched: str | None = None) -> None:
    """Touch every file that a table's version needs: the ends of all data files, what is deleted, and the full-text index.

    Takes milliseconds for 100,000 rows: a column that hardly varies is read.

    Args:
        table: opened at a version.
        column: a column of text.
        searched: column of the full-text index; None where there is none.
    """
    table.count_rows(f"{column} = ''")
    if searched is not None and table.list_indices():
        table.search("a", query_type="fts").select([column, "_score"]).limit(1).to_arrow()


def compact(table: Table) -> None:
    """Put small fragments together as a new version; older versions are kept."""
    table.optimize(cleanup_older_than=_FOREVER)


def drop_versions_before(table: Table, moment: datetime, margin: timedelta) -> int:
    """Remove versions written well before a moment and the files that only they use.

    Lance removes by age, which it counts from some moment of its own during the call: a version that is older than
    `moment` by less than the margin may stay, one that is younger never goes. Compaction runs before, because it takes time.

    The newest version always stays. To be called by the one writer while nothing is being written.

    Returns:
        How many versions were removed.
    """
    compact(table)
    before = len(table.list_versions())
    age = max(datetime.now(UTC) - moment, timedelta(0))
    table.optimize(cleanup_older_than=age + margin, delete_unverified=True)
    return max(0, before - len(table.list_versions()))


def quoted(text: str) -> str:
    """A string literal for a filter."""
    return "'" + text.replace("'", "''") + "'"
