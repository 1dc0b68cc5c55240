"""The ledger: the truth about deliveries, row files, runs and steps. One writer; DuckDB.

Nothing that a run writes counts before the ledger names it, and everything that belongs together is named in one
transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

import polars as pl

from memlearn.duck import Connection, connect, fetch, translated
from memlearn.errors import BusyError, DamagedError, FormatError, StoreError
from memlearn.store.files import is_disk_full, move_durably

FORMAT = 3

_MIGRATIONS: dict[int, Sequence[str]] = {
    1: (
        "create table deliveries (source varchar, name varchar, size bigint, mtime_ns bigint, digest varchar, mapping varchar,"
        " rows bigint, rejected bigint, run_id varchar)",
        "create table row_files (shard integer, seq integer, file varchar, rows bigint, run_id varchar)",
        "create table dirty (user_id varchar, shard integer, since_us bigint)",
        "create table steps (user_id varchar, shard integer, chunk integer, step_key blob, events integer, closed boolean,"
        " version varchar, run_id varchar)",
        "create table piece_files (shard integer, file varchar, run_id varchar)",
        "create table runs (run_id varchar primary key, started_at timestamptz, ended_at timestamptz, state varchar, as_of_us bigint,"
        " version varchar, release_id varchar, report varchar)",
        "create table given (user_id varchar, given varchar)",
        "create table facts (name varchar primary key, value varchar)",
    ),
    2: (
        "create table agent_steps (user_id varchar, shard integer, chunk integer, given blob, step_key blob, version varchar,"
        " outcome varchar, reason varchar, events integer, run_id varchar, blocks varchar, accepted varchar, refused varchar,"
        " requests integer, input_bytes bigint, cost bigint, perhaps bigint)",
        "create table agent_costs (run_id varchar, user_id varchar, chunk integer, label varchar, statements integer, requests integer,"
        " cost bigint, perhaps bigint)",
        "create table agent_due (user_id varchar, shard integer, due_us bigint, reason varchar)",
        "create table agent_requests (user_id varchar, shard integer, step_key blob, turn integer, digest varchar,"
        " asked_in varchar, intent bigint, answered_in varchar, answer bigint)",
        "create table journals (segment varchar primary key, run_id varchar, settled boolean)",
    ),
    3: (
        # Whom a run that learned some users only was told to learn, as JSON, and the release that it built on.
        "alter table runs add column users varchar",
        "alter table runs add column base varchar",
        # Steps that others have replaced since, which the releases of earlier runs were made from.
        "create table agent_steps_replaced (user_id varchar, shard integer, chunk integer, given blob, step_key blob, version varchar,"
        " outcome varchar, run_id varchar, blocks varchar, replaced_in varchar)",
        # Of whom a run that stopped has published fewer steps than the books hold.
        "create table agent_steps_counted (run_id varchar, user_id varchar, shard integer, steps integer)",
        # Lines that were accepted and are not in the release that was published last.
        "create table agent_unpublished (user_id varchar, label varchar, text varchar, reason varchar)",
    ),
}
"""Numbered steps that bring an older ledger to this format."""


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of the row store that counts."""

    shard: int
    seq: int
    file: str
    rows: int


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Say what to do where the file cannot be read as a ledger."""
    try:
        yield
    except (BusyError, FormatError):
        raise
    except StoreError as error:
        if is_disk_full(error) or not (isinstance(error, DamagedError) or "IO Error" in str(error)):
            raise
        reason = str(error).splitlines()[0]
        raise DamagedError(
            f"The ledger {str(path)!r} is damaged ({reason}). What is published is served as before. Restore the store from its backup. "
            "Or: Remove that file and learn again; everything is then read from the sources anew."
        ) from error


class Ledger:
    """An open ledger. Hold one for each process; calls are serialised.

    Args:
        path: the DuckDB file; made where it is missing.

    Raises:
        BusyError: another process holds it.
        DamagedError: it is not a readable DuckDB file.
        FormatError: a newer memlearn wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        self._depth = 0
        with _damage_named(path):
            if not path.exists():
                self._make()
            self._open(path)

    def _make(self) -> None:
        """Make the file aside: one that a kill left half made would be no ledger."""
        aside, log = (self._path.with_name(f"{self._path.name}.{ending}") for ending in ("making", "making.wal"))
        aside.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        self._open(aside)
        self._connection.close()
        move_durably(aside, self._path)

    def _open(self, path: Path) -> None:
        self._connection: Connection = connect(path, memory_limit="512MB")
        try:
            self._migrate()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; may be nested."""
        with self._lock, _damage_named(self._path), translated(self._path):
            self._depth += 1
            try:
                if self._depth == 1:
                    self._connection.execute("begin")
                yield
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("rollback")
                raise
            else:
                if self._depth == 1:
                    self._connection.execute("commit")
            finally:
                self._depth -= 1

    def fetch(self, query: str, parameters: list[object] | None = None) -> pl.DataFrame:
        """Rows of a query."""
        with self._lock, _damage_named(self._path), translated(self._path):
            return fetch(self._connection, query, parameters)

    def execute(self, query: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        with self._lock, _damage_named(self._path), translated(self._path):
            self._connection.execute(query, list(parameters))

    def append(self, table: str, rows: pl.DataFrame) -> None:
        """Append rows to a table, matching columns by name."""
        if rows.is_empty():
            return
        with self._lock, _damage_named(self._path), translated(self._path):
            self._connection.register("appended", rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
            try:
                self._connection.execute(f"insert into {table} by name select * from appended")
            finally:
                self._connection.unregister("appended")

    def fact(self, name: str) -> str | None:
        """A single named value."""
        rows = self.fetch("select value from facts where name = ?", [name])
        return None if rows.is_empty() else str(rows.item())

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Set single named values."""
        with self.transaction():
            for name, value in facts.items():
                self.execute("insert or replace into facts values (?, ?)", [name, value])

    def row_files(self) -> dict[int, list[RowFile]]:
        """The files of each shard that count, oldest first."""
        files: dict[int, list[RowFile]] = {}
        for shard, seq, file, rows in self.fetch("select shard, seq, file, rows from row_files order by shard, seq").iter_rows():
            files.setdefault(shard, []).append(RowFile(shard, seq, file, rows))
        return files

    def last_runs(self, most: int = 20) -> list[dict[str, object]]:
        """The last runs, newest first: run_id, state, started_at, ended_at (ISO 8601), release_id, report (JSON)."""
        rows = self.fetch(
            "select run_id, state, strftime(started_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ') as started_at, "
            "strftime(ended_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ') as ended_at, release_id, report from runs order by run_id desc"
        )
        return rows.head(most).to_dicts()

    def _migrate(self) -> None:
        with translated(self._path):
            tables = fetch(self._connection, "select table_name from information_schema.tables")
        found = int(self.fact("format") or 0) if "facts" in tables["table_name"].to_list() else 0
        if found > FORMAT:
            raise FormatError(
                f"The ledger {self._path.name!r} has format {found}; this memlearn reads up to {FORMAT}. Upgrade memlearn, or use the store's backup."
            )
        for number in range(found + 1, FORMAT + 1):
            with self.transaction():
                for statement in _MIGRATIONS[number]:
                    self.execute(statement)
                self.set_facts({"format": str(number)})
