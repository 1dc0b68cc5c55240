"""Segment files: built aside with DuckDB, out of core, then moved under the name of their digest; compaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import polars as pl

from memlearn.duck import Connection, fetch, open_database
from memlearn.errors import StoreError
from memlearn.store.files import disk_full_reported, file_sha256, move_durably
from memlearn.store.layout import StoreLayout
from memlearn.store.locks import claim, workspace
from memlearn.store.manifest import RELEASE_FORMAT, SegmentInfo
from memlearn.store.part_streams import PartStream, UserNumbers, stream_users
from memlearn.store.tables import (
    SHARED_TABLES,
    SILENT_TABLES,
    USER_TABLES,
    USERS_SCHEMA,
    column_types,
    columns_of,
    has_table,
    select_columns,
)

_MEMORY_LIMIT = "700MB"
_MOST_DELTAS = 8
_LARGEST_DELTA_SHARE = 0.25
# A table whose user numbers go down more often than this is sorted: reads would have to look at too many places.
_MOST_DESCENTS = 16

# Writing costs most where DuckDB chooses by itself: it tries to find alike ids, of which there are none, and long texts shrink more so.
_COMPRESSION = {
    "statements": {"text": "zstd", "fact": "zstd", "rows": "uncompressed"},
    "cited_rows": {"row_id": "uncompressed"},
}

# Fills the table of its name through the connection, which is the thread's own.
_Fill = Callable[[Connection], None]

# So that no thread is left alone with much to do.
_LARGEST_FIRST = ("item_facts", "statements", "cited_rows", "bought", "offered", "persons")

# First half of the MD5 of the user's id: readers find a user's number by it, whatever the ids look like.
_USER_HASH = "(md5_number(user_id) & 18446744073709551615::uhugeint)::ubigint"


def write_user_segment(
    layout: StoreLayout, parts: Mapping[str, Sequence[Path]], removed_users: Sequence[str] = (), *, threads: int = 2
) -> SegmentInfo:
    """Build a user segment from part files.

    The tables are flat and ordered by a number of the user inside the segment: zone maps prune point reads on it (they
    keep eight characters of a text, so they would not on ids with a common prefix), and one row per
    user with nested lists took three times as long to write. Fastest where the parts of every table list the same users in the same order.

    Args:
        layout: the store.
        parts: for `users` (with the digests that `with_content` adds) and each of `USER_TABLES` the part files, as `write_part`
            leaves them, in any order; tables may be left out.
        removed_users: users that are gone as of this segment.
        threads: how many tables are written side by side.

    Raises:
        StoreError: the disk is full, a part lacks a column, a user comes twice or has no digest, or rows belong to no user.
    """
    unknown = sorted(set(parts) - {"users", *USER_TABLES})
    if unknown:
        raise StoreError(f"A user segment has no table {unknown[0]!r}; its tables are users, {', '.join(USER_TABLES)}.")
    needed = sum(path.stat().st_size for files in parts.values() for path in files)
    removed = pl.DataFrame({"user_id": sorted(set(removed_users))}, schema={"user_id": pl.String})
    with workspace(layout) as folder, disk_full_reported(layout.segments / "segment", needed):
        path = folder / "users.duckdb"
        with _open_empty(path) as connection:
            connection.register("live", stream_users(parts.get("users", ())))
            connection.register("removed_users", removed.to_arrow())
            users = _number_users(connection, "live", "removed_users")
            numbers = UserNumbers(users.filter(~pl.col("removed")).select("user_id", "user_no"))
            _fill_tables(
                connection, {table: _fill_from_parts(table, files, numbers) for table, files in parts.items() if table != "users"}, threads
            )
            info = _tell(connection, users)
        return _close_segment(layout, path, *info)


def write_shared_segment(layout: StoreLayout, tables: Mapping[str, pl.DataFrame]) -> SegmentInfo:
    """Write the global tables; tables left out are empty.

    Args:
        layout: the store.
        tables: any of `SHARED_TABLES`; each keeps the order of its rows and may have further columns.

    Raises:
        StoreError: the disk is full, a table is unknown, or a column is missing.
    """
    _check_shared(tables)
    frames = {name: tables.get(name, pl.DataFrame(schema=schema)) for name, schema in SHARED_TABLES.items()}
    needed = sum(int(frame.estimated_size()) for frame in frames.values())
    digest = hashlib.sha256()
    with workspace(layout) as folder, disk_full_reported(layout.segments / "segment", needed):
        path = folder / "shared.duckdb"
        with open_database(path, memory_limit=_MEMORY_LIMIT, threads=1) as connection:
            for name, frame in frames.items():
                if len(frame) or name not in SILENT_TABLES:
                    digest.update(f"{name}:{_frame_digest(frame, ordered=name == 'blocks')};".encode())
                connection.register("frame", frame.to_arrow())
                connection.execute(f'create table "{name}" as select * from frame')
                connection.unregister("frame")
            _write_format(connection, "shared")
            _write_out(connection)
        return _close_segment(layout, path, 0, 0, digest.hexdigest())


def stack_segments(layout: StoreLayout, segments: Sequence[SegmentInfo]) -> tuple[SegmentInfo, ...]:
    """The segments as the next release should name them: as they are, or compacted to one when the deltas are too many.

    Args:
        layout: the store.
        segments: oldest first; the first one is the base.
    """
    if not needs_compaction(segments):
        return tuple(segments)
    return (compact(layout, segments),)


def needs_compaction(segments: Sequence[SegmentInfo]) -> bool:
    """True where there are more than 8 deltas, or they hold more than a quarter as many users as the base."""
    deltas = segments[1:]
    touched = sum(segment.users + segment.removed for segment in deltas)
    return len(deltas) > _MOST_DELTAS or (bool(deltas) and touched > _LARGEST_DELTA_SHARE * segments[0].users)


def compact(layout: StoreLayout, segments: Sequence[SegmentInfo], *, threads: int = 2) -> SegmentInfo:
    """Write one base that holds what `segments` hold together; the content digest of a release with it stays the same.

    Raises:
        StoreError: the disk is full.
        DamagedError: a segment cannot be read.
    """
    needed = sum(segment.bytes for segment in segments)
    with workspace(layout) as folder, disk_full_reported(layout.segments / "segment", needed):
        path = folder / "users.duckdb"
        with _open_empty(path) as connection:
            for index, segment in enumerate(segments):
                connection.execute(f"attach {_literal(layout.segment(segment.file))} as s{index} (read_only)")
            # Beside the file, and seen by every thread.
            connection.execute("attach ':memory:' as aside")
            connection.execute(f"create table aside.winner as {winners_query(len(segments))}")
            users = _number_users(connection, "aside.winner", "(select null::varchar as user_id limit 0)")
            connection.execute(
                "create table aside.renumbered as "
                "select w.segment, w.user_no as old_no, u.user_no from aside.winner w join users u on u.user_id = w.user_id"
            )
            versions = [int(fetch(connection, f"select version from s{index}.format").item()) for index in range(len(segments))]
            _fill_tables(connection, {table: _fill_from_segments(table, versions) for table in USER_TABLES}, threads)
            for name in ("aside", *(f"s{index}" for index in range(len(segments)))):
                connection.execute(f"detach {name}")
            info = _tell(connection, users)
        return _close_segment(layout, path, *info)


def winners_query(segments: int) -> str:
    """SQL over attached segments `s0`, `s1` …: the newest row of `users` for every user, with the segment's index; no removed users."""
    union = " union all ".join(f"select {index} as segment, * from s{index}.users" for index in range(segments))
    if segments == 1:
        return f"select * from ({union}) where not removed"
    newest = f"select *, row_number() over (partition by user_id order by segment desc) as age from ({union})"
    return f"select * exclude (age) from ({newest}) where age = 1 and not removed"


def users_digest(frame: pl.DataFrame) -> str:
    """Digest of a set of users: over the sorted pairs of `user_id` and `content_digest`."""
    ordered = frame.sort("user_id")
    line = pl.format("{}:{}{}", pl.col("user_id").str.len_bytes(), "user_id", pl.col("content_digest").fill_null("-"))
    digest = hashlib.sha256()
    for piece in ordered.select(line=line).iter_slices(100_000):
        digest.update("\n".join(piece["line"].to_list()).encode())
        digest.update(b"\n")
    return digest.hexdigest()


@contextmanager
def _open_empty(path: Path) -> Iterator[Connection]:
    """A new database. Each table is written by one thread, which leaves its rows in their order and in groups of full size."""
    with open_database(path, memory_limit=_MEMORY_LIMIT, threads=1) as connection:
        # Groups of rows are as they shall be: put together anew at the end, they would all be written twice.
        connection.execute("set max_vacuum_tasks = 0")
        connection.execute("set write_buffer_row_group_count = 1")
        yield connection


def _number_users(connection: Connection, live: str, removed: str) -> pl.DataFrame:
    """Write the table of users, in the order of their numbers, from SQL sources; returns user_no, user_id, removed, content_digest."""
    known = f"select cast(user_id as varchar) as user_id, {select_columns(USERS_SCHEMA)}, false as removed from {live}"
    connection.execute(
        f"create table users as select (row_number() over () - 1)::integer as user_no, {_USER_HASH} as user_hash, * "
        f"from ({known} union all by name select user_id, true as removed from {removed})"
    )
    _check_users(connection)
    return fetch(connection, "select user_no, user_id, removed, content_digest from users")


def _fill_tables(connection: Connection, fills: Mapping[str, _Fill], threads: int) -> None:
    """Write the tables, those without rows too, side by side."""

    def fill(table: str) -> None:
        with closing(connection.cursor()) as own:
            _create_table(own, table)
            if table in fills:
                fills[table](own)
                _sort_table(own, table)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(fill, _LARGEST_FIRST):
            pass


def _create_table(connection: Connection, table: str) -> None:
    connection.execute(f"create table {table} (user_no integer, {column_types(USER_TABLES[table], _COMPRESSION.get(table, {}))})")


def _sort_table(connection: Connection, table: str) -> None:
    """Parts that list the same users in the same order need no sort, which would cost a third of the time."""
    if _count(connection, f"(select user_no < lag(user_no) over () as down from {table}) where down") <= _MOST_DESCENTS:
        return
    connection.execute(f"alter table {table} rename to unsorted_{table}")
    _create_table(connection, table)
    connection.execute(f"insert into {table} select * from unsorted_{table} order by user_no")
    connection.execute(f"drop table unsorted_{table}")


def _fill_from_parts(table: str, files: Sequence[Path], numbers: UserNumbers) -> _Fill:
    def fill(connection: Connection) -> None:
        stream = PartStream(table, files, numbers)
        connection.register("part", stream.reader())
        connection.execute(f"insert into {table} select user_no, {select_columns(USER_TABLES[table])} from part")
        connection.unregister("part")
        if stream.strays:
            raise StoreError(
                f"{stream.strays} of {stream.rows} rows of table {table!r} belong to no user of the segment. Every user needs a row in `users`."
            )

    return fill


def _fill_from_segments(table: str, versions: Sequence[int]) -> _Fill:
    pieces = " union all ".join(
        f"select n.user_no, {columns_of(table, version)} from s{index}.{table} t "
        f"join aside.renumbered n on n.segment = {index} and n.old_no = t.user_no"
        for index, version in enumerate(versions)
        if has_table(table, version)
    )

    def fill(connection: Connection) -> None:
        if pieces:
            connection.execute(f"insert into {table} {pieces}")

    return fill


def _tell(connection: Connection, users: pl.DataFrame) -> tuple[int, int, str]:
    """Close the file's books; returns users, removed users, content digest."""
    _write_format(connection, "users")
    _write_out(connection)
    gone = int(users["removed"].sum())
    return users.height - gone, gone, users_digest(users)


def _check_users(connection: Connection) -> None:
    double = fetch(connection, "select user_id from users group by user_id having count(*) > 1 order by user_id limit 1")
    if double.height:
        raise StoreError(
            f"User {double['user_id'][0]!r} comes more than once in one segment. Write each user once, either with memory or as removed."
        )
    if fetch(connection, "select 1 from users where user_id is null limit 1").height:
        raise StoreError("A row of `users` has no user_id.")
    blank = fetch(connection, "select user_id from users where content_digest is null and not removed order by user_id limit 1")
    if blank.height:
        raise StoreError(f"User {blank['user_id'][0]!r} has no content_digest. `with_content` adds it to the parts.")


def _write_out(connection: Connection) -> None:
    """Bring everything into the file; closing does that too, but says nothing where it fails, on a full disk for example."""
    connection.execute("checkpoint")


def _close_segment(layout: StoreLayout, path: Path, users: int, removed: int, content_digest: str) -> SegmentInfo:
    digest = file_sha256(path)
    name = f"{digest[:32]}.duckdb"
    size = path.stat().st_size
    # A file of this name has the same bytes unless it is damaged; then this one heals it.
    final = path.with_name(name)
    path.rename(final)
    claim(final)
    move_durably(final, layout.segment(name))
    return SegmentInfo(file=name, sha256=digest, bytes=size, users=users, removed=removed, content_digest=content_digest)


def _check_shared(tables: Mapping[str, pl.DataFrame]) -> None:
    for name, frame in tables.items():
        if name not in SHARED_TABLES:
            raise StoreError(f"A shared segment has no table {name!r}; its tables are {', '.join(SHARED_TABLES)}.")
        missing = [column for column in SHARED_TABLES[name] if column not in frame.columns]
        if missing:
            raise StoreError(f"Shared table {name!r} lacks the column {missing[0]!r}; it has {', '.join(frame.columns)}.")


def _frame_digest(frame: pl.DataFrame, *, ordered: bool) -> str:
    # Bytes are told by a digest beside them.
    columns = sorted(name for name, dtype in frame.schema.items() if dtype != pl.Binary)
    if frame.is_empty():
        return hashlib.sha256(",".join(columns).encode()).hexdigest()
    rows = frame.select(row=pl.struct(columns).struct.json_encode())["row"]
    rows = rows if ordered else rows.sort()
    return hashlib.sha256((",".join(columns) + "\n" + "\n".join(rows.to_list())).encode()).hexdigest()


def _write_format(connection: Connection, kind: str) -> None:
    connection.execute(f"create table format as select {RELEASE_FORMAT} as version, '{kind}' as kind")


def _count(connection: Connection, source: str) -> int:
    return int(fetch(connection, f"select count(*) as n from {source}")["n"][0])


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
