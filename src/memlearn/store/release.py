"""Reading a release: one consistent generation, from any thread, while others publish, switch and clean up."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np
import polars as pl

from memlearn.duck import Connection, connect, fetch, translated
from memlearn.errors import DamagedError, NoReleaseError, StoreError, UnknownUserError
from memlearn.memory import Block, BlockSpec
from memlearn.store.apart import LearnedApart, read_apart
from memlearn.store.layout import StoreLayout
from memlearn.store.locks import lock_file
from memlearn.store.manifest import WAY_OUT, Manifest, read_manifest
from memlearn.store.segments import winners_query
from memlearn.store.switch import check_segment, current_release_id
from memlearn.store.tables import SHARED_TABLES, USER_ORDER, USER_TABLES, columns_of, has_table
from memlearn.store.users import Bought, CitedRow, ItemFact, Offered, StatementRecord, UserRecord, to_statement_record
from memlearn.store.warm import WarmUsers

_MEMORY_LIMIT = "512MB"
_ATTEMPTS = 20

# A user's segment, or this, and their number there.
_Place = tuple[int, int]
_IN_MEMORY = -1


def open_release(layout: StoreLayout, release_id: str | None = None, *, verify: bool = False, warm: bool = False) -> Release:
    """Open a release for reading; use it as a context manager, or close it.

    Args:
        layout: the store.
        release_id: None for the current one.
        verify: True compares the SHA-256 of every file first; else only sizes.
        warm: True holds all users in memory (some KiB each), which makes reading one user about ten times faster; for
            readers that live long.

    Raises:
        NoReleaseError: nothing was published, or there is no such release.
        DamagedError: the manifest or a segment is missing or damaged.
        FormatError: a newer memlearn wrote it.
    """
    for _ in range(_ATTEMPTS):
        wanted = release_id or current_release_id(layout)
        try:
            lock = lock_file(layout.manifest(wanted), shared=True)
        except FileNotFoundError:
            lock = None
        # None: gc is removing that very release. CURRENT names another one by now; a release asked for by name is gone.
        if lock is not None:
            return _open_locked(layout, wanted, lock, verify=verify, warm=warm)
        if release_id is not None:
            break
    raise NoReleaseError(f"There is no release {wanted!r} in {str(layout.root)!r}. `memlearn release list CONFIG` shows those there are.")


def _open_locked(layout: StoreLayout, release_id: str, lock: int, *, verify: bool, warm: bool) -> Release:
    try:
        manifest = read_manifest(layout, release_id)
        for segment in manifest.segments:
            check_segment(layout, segment, verify=verify)
        if verify:
            read_apart(layout, manifest)
        release = Release(layout, manifest, lock)
    except BaseException:
        os.close(lock)
        raise
    if warm:
        try:
            release.warm()
        except BaseException:
            release.close()
            raise
    return release


class Release:
    """An open release. Reads may come from many threads; made by `open_release`."""

    def __init__(self, layout: StoreLayout, manifest: Manifest, lock: int) -> None:
        """Attach the segments; `lock` is the descriptor of the reader's lock, closed with the release."""
        self.manifest = manifest
        self._layout = layout
        self._guard = threading.Lock()
        self._local = threading.local()
        self._connection = connect(memory_limit=_MEMORY_LIMIT)
        self._cursors: list[Connection] = []
        self._index: tuple[_UserIndex, ...] | None = None
        self._winners = False
        self._warm: WarmUsers | None = None
        self._specs: tuple[BlockSpec, ...] | None = None
        self._versions: list[int] = []
        self._shared_version = 0
        try:
            self._attach()
        except BaseException:
            self._connection.close()
            raise
        self._lock: int | None = lock

    def __enter__(self) -> Self:
        """The release itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Give up files and lock; may be called twice."""
        with self._guard:
            for cursor in self._cursors:
                cursor.close()
            self._cursors.clear()
            self._connection.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def warm(self) -> None:
        """Read all users into memory; later reads of one user no longer touch the files."""
        self._warm = WarmUsers(self.users(), {name: self.table(name) for name in USER_TABLES})

    @property
    def release_id(self) -> str:
        """Which release this is."""
        return self.manifest.release_id

    def has_user(self, user_id: str) -> bool:
        """True where the release holds memory of the user."""
        return self._find(user_id) is not None

    def namesakes(self, user_id: str) -> tuple[str, ...]:
        """Users whose ids differ from this one in case or surrounding blanks only, by id; looks at all users."""
        pieces = [f"select user_id from s{index}.users" for index in range(len(self.manifest.user_segments))]
        if not pieces:
            return ()
        query = f"select distinct user_id from ({' union all '.join(pieces)}) where lower(user_id) = lower($wanted) order by user_id"
        found = self._fetch(query, {"wanted": user_id.strip()})["user_id"].to_list()
        return tuple(name for name in found if name != user_id and self.has_user(name))

    def user(self, user_id: str) -> UserRecord | None:
        """All that the release holds about one user; None for an unknown one."""
        found = self._find(user_id)
        if found is None:
            return None
        steps, events, first_us, last_us, state_digest, content_digest = self._user_values(found)
        rows = {table: self._user_rows(found, table) for table in USER_TABLES}
        return UserRecord(
            user_id=user_id,
            steps=steps,
            events=events,
            first_us=first_us,
            last_us=last_us,
            state_digest=state_digest,
            content_digest=content_digest,
            statements=tuple(map(to_statement_record, rows["statements"])),
            item_facts=tuple(ItemFact(*row) for row in rows["item_facts"]),
            cited_rows=tuple(CitedRow(*row) for row in rows["cited_rows"]),
            persons=dict(rows["persons"]),
            bought=next((Bought(*row) for row in rows["bought"]), None),
            offered=next((Offered(*row) for row in rows["offered"]), None),
        )

    def users(self) -> pl.DataFrame:
        """The users of the release with their counts and digests, sorted by `user_id`."""
        self._settle_winners()
        return self._fetch("select * exclude (segment, user_no, user_hash, removed) from winner order by user_id")

    def apart(self) -> LearnedApart:
        """Who was learned from other rows than all the other users."""
        return read_apart(self._layout, self.manifest)

    def table(self, name: str, user_ids: Sequence[str] | None = None) -> pl.DataFrame:
        """The effective rows of one of `USER_TABLES`, sorted by user and the table's own order.

        Args:
            name: the table.
            user_ids: None for all users.
        """
        if name not in USER_TABLES:
            raise StoreError(f"A release has no user table {name!r}; it has {', '.join(USER_TABLES)}.")
        self._settle_winners()
        chosen = "winner" if user_ids is None else "(select * from winner where user_id in (select unnest($users)))"
        pieces = [
            f"select w.user_id, {columns_of(name, version)} from s{index}.{name} t join {chosen} w on w.segment = {index} and w.user_no = t.user_no"
            for index, version in enumerate(self._versions)
            if has_table(name, version)
        ]
        if not pieces:
            return pl.DataFrame(schema=USER_TABLES[name])
        order = ", ".join(("user_id", *USER_ORDER[name]))
        parameters: dict[str, object] | None = None if user_ids is None else {"users": list(user_ids)}
        return self._fetch(f"select * from ({' union all '.join(pieces)}) order by {order}", parameters)

    def batches(self, name: str, users: int = 10_000) -> Iterator[pl.DataFrame]:
        """The rows of `table(name)` in pieces of so many users, for tables that should not be held whole."""
        everyone = self.users()["user_id"].to_list()
        for start in range(0, len(everyone), users):
            yield self.table(name, everyone[start : start + users])

    def shared(self, name: str) -> pl.DataFrame:
        """One of `SHARED_TABLES`, in the order it was written."""
        if name not in SHARED_TABLES:
            raise StoreError(f"A release has no shared table {name!r}; it has {', '.join(SHARED_TABLES)}.")
        if not has_table(name, self._shared_version):
            return pl.DataFrame(schema=SHARED_TABLES[name])
        return self._fetch(f'select * from shared_segment."{name}"')

    def blocks(self, user_id: str) -> tuple[Block, ...]:
        """The user's blocks in the configured order, empty ones included.

        Raises:
            UnknownUserError: the release does not hold the user.
        """
        found = self._find(user_id)
        if found is None:
            raise UnknownUserError(
                f"Release {self.release_id!r} knows no user {user_id!r}; it holds {self.manifest.counts.get('users', 0)} users."
            )
        rows = self._user_rows(found, "statements")
        return self._fill_blocks([to_statement_record(row) for row in rows], shared=False)

    def shared_blocks(self) -> tuple[Block, ...]:
        """The blocks that are the same for all users."""
        columns = columns_of("statements", self._shared_version)
        rows = self._fetch(f"select {columns} from shared_segment.shared_statements t order by label, line").rows()
        return self._fill_blocks([to_statement_record(row) for row in rows], shared=True)

    def _fill_blocks(self, records: Sequence[StatementRecord], *, shared: bool) -> tuple[Block, ...]:
        if self._specs is None:
            query = 'select label, description, "limit", read_only, shared from shared_segment.blocks'
            self._specs = tuple(BlockSpec(**row) for row in self._fetch(query).rows(named=True))
        return tuple(
            Block(spec, tuple(record.to_statement() for record in records if record.label == spec.label))
            for spec in self._specs
            if spec.shared is shared
        )

    def _find(self, user_id: str) -> _Place | None:
        """Segment and number of the user in the newest segment that holds them, or the number in memory."""
        if self._warm is not None:
            known = self._warm.find(user_id)
            return None if known is None else (_IN_MEMORY, known)
        user_hash = int.from_bytes(hashlib.md5(user_id.encode(), usedforsecurity=False).digest()[:8], "little")
        index = self._load_index()
        for segment in reversed(range(len(index))):
            for number in index[segment].numbers(user_hash):
                for found, removed in self._rows(f"select user_id, removed from s{segment}.users where user_no = {number}"):
                    if found == user_id:
                        return None if removed else (segment, number)
        return None

    def _user_values(self, place: _Place) -> tuple[Any, ...]:
        segment, number = place
        if segment == _IN_MEMORY and self._warm is not None:
            return self._warm.user(number)
        columns = "steps, events, first_us, last_us, state_digest, content_digest"
        return self._rows(f"select {columns} from s{segment}.users where user_no = {number}")[0]

    def _user_rows(self, place: _Place, table: str) -> list[tuple[Any, ...]]:
        segment, number = place
        if segment == _IN_MEMORY and self._warm is not None:
            return self._warm.rows(table, number)
        if not has_table(table, self._versions[segment]):
            return []
        columns = columns_of(table, self._versions[segment])
        rows = self._rows(f"select {columns} from s{segment}.{table} t where user_no = {number}")
        keys = [list(USER_TABLES[table]).index(column) - 1 for column in USER_ORDER[table]]
        return sorted(rows, key=lambda row: tuple((row[key] is None, row[key]) for key in keys))

    def _load_index(self) -> tuple[_UserIndex, ...]:
        with self._guard:
            if self._index is None:
                with self._described():
                    frames = (
                        fetch(self._connection, f"select user_hash, user_no from s{segment}.users")
                        for segment in range(len(self.manifest.user_segments))
                    )
                    self._index = tuple(_UserIndex(frame) for frame in frames)
            return self._index

    def _settle_winners(self) -> None:
        """Find once which segment every user's rows come from."""
        with self._guard, self._described():
            if self._winners:
                return
            count = len(self.manifest.user_segments)
            query = winners_query(count) if count else f"select * from ({_NO_USERS})"
            self._connection.execute(f"create table winner as {query}")
            self._winners = True

    def _attach(self) -> None:
        names = [*(f"s{index}" for index in range(len(self.manifest.user_segments))), "shared_segment"]
        versions: list[int] = []
        for name, segment in zip(names, self.manifest.segments, strict=True):
            path = self._layout.segment(segment.file)
            literal = str(path).replace("'", "''")
            try:
                with translated(path):
                    self._connection.execute(f"attach '{literal}' as {name} (read_only)")
                    version = fetch(self._connection, f"select version from {name}.format")["version"][0]
            except DamagedError as error:
                raise DamagedError(f"{error} {WAY_OUT}") from error
            if not 1 <= version <= self.manifest.format:
                raise DamagedError(f"{str(path)!r} has format {version}, its manifest has {self.manifest.format}. {WAY_OUT}")
            versions.append(version)
        # Where only some users were learned since, the others' segments may be of an older format.
        *self._versions, self._shared_version = versions

    def _fetch(self, query: str, parameters: dict[str, object] | None = None) -> pl.DataFrame:
        with self._described():
            return fetch(self._cursor(), query, parameters)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._described():
            return self._cursor().execute(query).fetchall()

    def _cursor(self) -> Connection:
        cursor: Connection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            with self._guard:
                if self._lock is None:
                    raise StoreError(f"Release {self.release_id!r} is closed.")
                cursor = self._connection.cursor()
                self._cursors.append(cursor)
            self._local.cursor = cursor
        return cursor

    @contextmanager
    def _described(self) -> Iterator[None]:
        """Say which file is damaged where DuckDB finds one to be."""
        try:
            with translated(self._layout.segments):
                yield
        except StoreError as error:
            for segment in self.manifest.segments:
                check_segment(self._layout, segment, verify=True)
            raise type(error)(f"Release {self.release_id!r}: {error}") from error


class _UserIndex:
    """Finds a user's number in a segment by the hash of the id."""

    def __init__(self, frame: pl.DataFrame) -> None:
        ordered = frame.sort("user_hash", "user_no")
        self._hashes = ordered["user_hash"].to_numpy()
        self._numbers = ordered["user_no"].to_numpy()

    def numbers(self, user_hash: int) -> list[int]:
        """Candidates; more than one only where hashes collide."""
        wanted = np.uint64(user_hash)
        first, last = np.searchsorted(self._hashes, wanted, "left"), np.searchsorted(self._hashes, wanted, "right")
        return [int(number) for number in self._numbers[first:last]]


_NO_USERS = (
    "select 0 as segment, 0 as user_no, 0::ubigint as user_hash, ''::varchar as user_id, 0::bigint as steps, 0::bigint as events, "
    "0::bigint as first_us, 0::bigint as last_us, ''::varchar as state_digest, false as removed, ''::varchar as content_digest limit 0"
)
