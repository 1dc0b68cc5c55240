"""The row store: every event, partitioned by user into shards of immutable Parquet files.

A shard is a base file and delta files, oldest first; the newest version of a row counts. A row that a newer file
holds as a tombstone is deleted. Files are written aside, moved into place, and count once the ledger names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from memlearn.errors import DamagedError
from memlearn.records import ATTRIBUTE_PREFIX, EVENT_SCHEMA
from memlearn.records.coded import is_coded
from memlearn.store.coding import dense_rank, is_constant, take_rows, to_dictionary
from memlearn.store.files import is_whole, move_checked
from memlearn.store.row_hash import Hashes, column_hash, finish, hash_rows, name_hash

ORDER = ["user_hash", "time_us", "seq", "row_id"]
CONTENT = [name for name in EVENT_SCHEMA if name not in ("key", "tombstone")]
ROW_SCHEMA: dict[str, pl.DataType] = {**EVENT_SCHEMA, "user_hash": pl.UInt64(), "content": pl.UInt64(), "row_id": pl.UInt64()}
ID = ["user_hash", "row_id"]

# Values that hardly repeat, or only in one place, which a dictionary would make no smaller.
_UNLIKE = ("time_us", "content", "row_id", "user_hash")

# Groups are skipped where only some users are read; but each of them holds all its dictionaries.
ROW_GROUP = 262_144

# A shard is rewritten as one base when its deltas hold more than this share of its rows, or are more than so many.
COMPACT_SHARE = 0.25
COMPACT_FILES = 8


@dataclass(frozen=True, slots=True)
class ShardDelta:
    """What one delivery changed in one shard.

    Args:
        shard: number of the shard.
        file: name of the new file in the shard's folder; None where nothing changed.
        rows: rows in the file.
        replaces: True: the file is a new base, older files no longer count.
        changed: user_hash, user_id, since_us (earliest time at which the user's rows changed).
        lost: rows that a snapshot no longer holds.
        held: rows of snapshot sources that the shard held before.
        came: rows of snapshot sources that the shard is to hold now.
    """

    shard: int
    file: str | None
    rows: int
    replaces: bool
    changed: pl.DataFrame
    lost: dict[str, int]
    held: dict[str, int]
    came: dict[str, int]


def user_hash(user_ids: pl.Series) -> Hashes:
    """Stable hash of each user's id; the shard is this modulo the number of shards."""
    return column_hash(user_ids)


def content_hash(events: pl.DataFrame, users: Hashes, known: Mapping[str, Hashes] | None = None) -> pl.Series:
    """Hash of everything that an event says, its key apart.

    Args:
        events: rows with the canonical columns.
        users: `user_hash` of their users.
        known: hashes of other columns that are already at hand.
    """
    attributes = [name for name in events.columns if name.startswith(ATTRIBUTE_PREFIX)]
    return pl.Series("content", hash_rows(events, [*CONTENT, *attributes], {**(known or {}), "user_id": users}))


def key_hash(events: pl.DataFrame) -> Hashes:
    """The id of each row that has a key: the hash of source and key, whoever the user is."""
    return hash_rows(events, ["source", "key"])


def number_rows(events: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """Give every row its id: the hash of source and key, or of content and occurrence within the delivery.

    Args:
        events: rows with `content` and `delivery`, and with `row_id` where the ids of those with a key are at hand.

    Returns:
        The rows with `row_id`; and whether two of them have one id.
    """
    content = events["content"]
    keyed = events["key"].is_not_null()
    if len(keyed) and keyed.all():
        numbered = pl.Series("row_id", _key_ids(events))
        return events.with_columns(numbered), _repeats(numbered)
    ids = finish(content.to_numpy() ^ name_hash("row"))
    repeated = _repeats(content)
    if repeated:
        # Rows with a key are no occurrences of one without, though they say the same.
        alike = ("delivery", "content", pl.col("key").is_null())
        occurrence = events.select(pl.int_range(pl.len(), dtype=pl.UInt64).over(*alike)).to_series().to_numpy()
        ids = np.where(occurrence == 0, ids, finish(ids + occurrence))
    if keyed.any():
        ids = np.where(keyed.to_numpy(), _key_ids(events), ids)
    numbered = pl.Series("row_id", ids)
    # Where the ids come of the contents alone, they differ as these do: mixing is one to one.
    return events.with_columns(numbered), (repeated or keyed.any()) and _repeats(numbered)


def _key_ids(events: pl.DataFrame) -> Hashes:
    return events["row_id"].fill_null(0).to_numpy() if "row_id" in events.columns else key_hash(events)


def _repeats(numbers: pl.Series) -> bool:
    """Whether a number occurs twice; sorting 64-bit numbers costs less than a table of them."""
    ordered = np.sort(numbers.to_numpy())
    return bool((ordered[1:] == ordered[:-1]).any())


def sort_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort into the total order: user (by hash), time, sequence, row id."""
    if rows.is_empty():
        return rows
    rank: NDArray[np.integer]
    if rows["user_id"].dtype == pl.String:
        rank = np.unique(rows["user_hash"].to_numpy(), return_inverse=True)[1]
    else:
        rank, _ = dense_rank(rows["user_id"], lambda users: pl.Series(user_hash(users)))
    return take_rows(rows, total_order(rank, *(rows[name].to_numpy() for name in ORDER[1:])))


def total_order(rank: NDArray[np.integer], time_us: NDArray[np.int64], seq: NDArray[np.int64], row_id: Hashes) -> NDArray[np.int64]:
    """Positions of the rows in the total order; a fast sort over user and time, then one over what is tied.

    Args:
        rank: dense number of each row's user, in the order of their hashes.
        time_us: times.
        seq: sequence numbers.
        row_id: ids.
    """
    span = int(time_us.max() - time_us.min())
    shift = span.bit_length()
    if int(rank.max()).bit_length() + shift > np.iinfo(np.uint64).bits:
        return np.lexsort((row_id, seq, time_us, rank))
    packed = (rank.astype(np.uint64) << np.uint64(shift)) | (time_us - time_us.min()).astype(np.uint64)
    # Rows mostly arrive in order of time, and NumPy sorts numbers of up to 16 bits by counting.
    order = np.argsort(rank.astype(np.min_scalar_type(rank.max())), kind="stable")
    ordered = packed[order]
    if (ordered[1:] < ordered[:-1]).any():
        order = np.argsort(packed)
        ordered = packed[order]
    same = ordered[1:] == ordered[:-1]
    tied = np.flatnonzero(np.concatenate(([False], same)) | np.concatenate((same, [False])))
    if len(tied):
        rows = order[tied]
        order[tied] = rows[np.lexsort((row_id[rows], seq[rows], packed[rows]))]
    return order


def latest_arrivals(rows: pl.DataFrame) -> pl.DataFrame:
    """Of rows with one id the one that arrived last."""
    return rows.sort("delivery", maintain_order=True).unique(ID, keep="last", maintain_order=True)


def read_rows(folder: Path, files: Sequence[str], users: pl.Series | None = None, columns: list[str] | None = None) -> pl.DataFrame:
    """Read the rows of a shard that count, in total order.

    Args:
        folder: the shard's folder.
        files: its files, oldest first, as the ledger names them.
        users: hashes of users; only rows of these.
        columns: only these columns, the order columns at least; default: all.
    """
    if not files:
        return pl.DataFrame(schema=ROW_SCHEMA)
    names = None if columns is None else list(dict.fromkeys([*ORDER, "user_id", "tombstone", *columns]))
    frames = [_read_file(folder / name, users, names) for name in files]
    if len(frames) == 1:
        return frames[0].filter(~pl.col("tombstone"))
    merged = newest_versions(frames).filter(~pl.col("tombstone"))
    return sort_rows(merged)


def read_times(folder: Path, files: Sequence[str]) -> pl.DataFrame:
    """`user_hash` and `time_us` of a shard's rows that count, in no particular order; parameters as in `read_rows`."""
    names = ["user_hash", "time_us", "tombstone", *(["row_id"] if len(files) > 1 else [])]
    frames = [_read_file(folder / name, None, names) for name in files]
    return newest_versions(frames).filter(~pl.col("tombstone")).select("user_hash", "time_us")


def newest_versions(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The newest version of each row, tombstones included; frames oldest first, each without repetitions."""
    if len(frames) == 1:
        return frames[0]
    kept = [frames[-1]]
    for frame in reversed(frames[:-1]):
        newer = pl.concat([rows.select(ID) for rows in kept])
        kept.append(frame.join(newer, on=ID, how="anti", maintain_order="left"))
    return pl.concat(kept, how="diagonal")


def _read_file(path: Path, users: pl.Series | None, columns: list[str] | None) -> pl.DataFrame:
    try:
        if users is None and columns is None and not is_whole(path):
            raise OSError("its content is not what its name says")  # noqa: TRY301 - one message for all damage
        scan = pl.scan_parquet(path)
        if columns is not None:
            known = scan.collect_schema().names()
            scan = scan.select([name for name in columns if name in known])
        if users is not None:
            scan = scan.filter(pl.col("user_hash").is_in(users.implode()))
        return scan.collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamagedError(
            f"Row file {str(path)!r} is damaged: {str(error).splitlines()[0]}. Releases are served as before. "
            "Restore the store from its backup, or remove the store's folder and learn again from the sources."
        ) from error


def merge_delivery(
    folder: Path,
    files: Sequence[str],
    new: pl.DataFrame,
    *,
    shard: int,
    name: str,
    snapshots: Sequence[str],
    moved: pl.DataFrame | None = None,
) -> ShardDelta:
    """Merge newly delivered rows into a shard and write what changed.

    Args:
        folder: the shard's folder; the new file is written there under `name`.
        files: the shard's files, oldest first.
        new: rows with `content`, `delivery` (ascending order of arrival) and every canonical column.
        shard: number of the shard.
        name: name of the new file, to which its checksum is added.
        snapshots: sources that were delivered whole: rows of theirs that are not in `new` are deleted.
        moved: user_hash and row_id of rows that another user has now: they are deleted, and passed over in `new`.
    """
    moved = pl.DataFrame(schema=dict.fromkeys(ID, pl.UInt64)) if moved is None else moved
    arrived, repeated = number_rows(new)
    if len(moved):
        arrived = arrived.join(moved, on=ID, how="anti", maintain_order="left")
    arrived = (latest_arrivals(arrived) if repeated else arrived).drop("delivery")
    old = _old_rows(folder, files, pl.concat([arrived.select(ID), moved.select(ID)]), arrived.clear(), snapshots)
    if files:
        arrived = arrived.cast({pl.Categorical: pl.String})
    changed = _changed_rows(arrived, old)
    gone, lost, held = _gone_rows(arrived, old, snapshots, moved)
    came = _came(arrived, snapshots)
    delta = sort_rows(pl.concat([changed, gone], how="diagonal") if len(gone) else changed)
    if delta.is_empty():
        return ShardDelta(shard, None, 0, replaces=False, changed=_no_changes(), lost=lost, held=held, came=came)
    touched = _changed_users(delta, old)
    replaces = not files
    if files and _wants_compaction(folder, files, len(delta)):
        delta = newest_versions([*[_read_file(folder / file, None, None) for file in files], delta])
        delta = sort_rows(delta)
        replaces = True
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{name}.tmp"
    _write(delta, aside)
    name = move_checked(aside, folder, name)
    return ShardDelta(shard, name, len(delta), replaces=replaces, changed=touched, lost=lost, held=held, came=came)


def write_base(folder: Path, rows: pl.DataFrame, name: str) -> str:
    """Write all rows of a shard as one file, whatever files it has.

    Args:
        folder: the shard's folder; made where it is missing.
        rows: with the columns of `ROW_SCHEMA`, in any order.
        name: of the file, to which its checksum is added.

    Returns:
        The file's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{name}.tmp"
    _write(sort_rows(rows), aside)
    return move_checked(aside, folder, name)


def _write(rows: pl.DataFrame, path: Path) -> None:
    """Write rows as Parquet; categories become plain strings.

    Arrow's writer takes over the codes of categories, and spends next to nothing on columns without values, and on those
    without nulls that are declared so. Statistics are written only of the users, who are found by them.
    """
    arrays = [_to_arrow(column) for column in rows]
    fields = [pa.field(name, array.type, nullable=array.null_count > 0) for name, array in zip(rows.columns, arrays, strict=True)]
    pq.write_table(
        pa.table(arrays, schema=pa.schema(fields)),
        path,
        row_group_size=ROW_GROUP,
        compression="lz4",
        use_dictionary=[column.name for column in rows if _repeats_apart(column)],  # type: ignore[arg-type]
        write_statistics=["user_hash"],
        store_schema=False,
    )


def _repeats_apart(column: pl.Series) -> bool:
    """Whether a dictionary makes a column smaller: what repeats in one place is made small by the compression alone, at less cost."""
    return column.name not in _UNLIKE and not (column.dtype.is_integer() and is_constant(column))


def _to_arrow(column: pl.Series) -> pa.Array[Any]:
    if column.null_count() == len(column):
        plain = pl.Series([], dtype=pl.String if is_coded(column.dtype) else column.dtype)
        kind: Any = plain.to_arrow(compat_level=pl.CompatLevel.oldest()).type
        return pa.nulls(len(column), kind)  # type: ignore[no-any-return]
    if is_coded(column.dtype):
        return to_dictionary(column)
    return column.to_arrow(compat_level=pl.CompatLevel.oldest())


def _no_changes() -> pl.DataFrame:
    return pl.DataFrame(schema={"user_hash": pl.UInt64, "user_id": pl.String, "since_us": pl.Int64})


def _old_rows(folder: Path, files: Sequence[str], touched: pl.DataFrame, none: pl.DataFrame, snapshots: Sequence[str]) -> pl.DataFrame:
    users = None if snapshots else touched["user_hash"].unique()
    frames = [_read_file(folder / file, users, None) for file in files]
    return newest_versions(frames) if frames else none


def _changed_rows(arrived: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    if old.is_empty():
        return arrived
    same = old.select(*ID, "content", "tombstone")
    return arrived.join(same, on=[*ID, "content", "tombstone"], how="anti", maintain_order="left")


def _gone_rows(
    arrived: pl.DataFrame, old: pl.DataFrame, snapshots: Sequence[str], moved: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, int], dict[str, int]]:
    """Tombstones of rows that moved and of those that snapshots lack; and how many the latter are, and were, by source."""
    if old.is_empty() or not (snapshots or len(moved)):
        return arrived.clear(), {}, {}
    there = old.filter(~pl.col("tombstone"))
    held = there.filter(pl.col("source").is_in(list(snapshots)))
    # What another user has now is not lost.
    missing = held.join(pl.concat([arrived.select(ID), moved.select(ID)]), on=ID, how="anti")
    gone = pl.concat([there.join(moved, on=ID, how="semi"), missing]).with_columns(pl.lit(True).alias("tombstone"))
    return gone, dict(missing.group_by("source").len().iter_rows()), dict(held.group_by("source").len().iter_rows())


def _came(arrived: pl.DataFrame, snapshots: Sequence[str]) -> dict[str, int]:
    """How many rows of snapshots were delivered, by source."""
    sources = arrived.filter(~pl.col("tombstone"), pl.col("source").is_in(list(snapshots))).select(pl.col("source").cast(pl.String))
    return dict(sources.group_by("source").len().iter_rows()) if snapshots else {}


def _changed_users(delta: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    # A tombstone's own time says nothing; the row that it deletes has one.
    times = delta.select("user_hash", "user_id", pl.when(~pl.col("tombstone")).then("time_us").alias("time_us"))
    if len(old):
        before = old.join(delta.select(ID), on=ID, how="semi")
        times = pl.concat([times, before.select("user_hash", "user_id", "time_us")])
    users = times.group_by("user_hash").agg(pl.col("user_id").first(), pl.col("time_us").min().alias("since_us"))
    return users.cast({"user_id": pl.String}).sort("user_id")


def _wants_compaction(folder: Path, files: Sequence[str], added: int) -> bool:
    sizes = [pl.scan_parquet(folder / file).select(pl.len()).collect().item() for file in files]
    deltas = sum(sizes[1:]) + added
    return len(files) >= COMPACT_FILES or deltas > COMPACT_SHARE * (sizes[0] + deltas)
