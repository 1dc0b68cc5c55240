"""Keep the pieces of closed chunks: one file for each shard and run, keyed by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from memlearn.errors import DamagedError
from memlearn.learning.embedded.pieces import NAMES, SCHEMAS, Pieces
from memlearn.learning.embedded.state import Keys
from memlearn.store.files import is_whole, move_checked

# One file holds all tables of a run's pieces, as Arrow streams one after another. Steps and keys are numbered within the
# file, and named in two further tables.
PARTS = (*NAMES, "steps", "labels")
CURRENCY = "#currency"


def save_pieces(folder: Path, name: str, pieces: Pieces, fresh: pl.DataFrame, keys: Keys) -> str | None:
    """Write the pieces of closed chunks.

    Args:
        folder: the shard's folder of pieces.
        name: name of the file.
        pieces: pieces of all counted chunks.
        fresh: the steps whose pieces are not kept yet, in order: u, chunk, step_key, closed.
        keys: names of the pieces' keys.

    Returns:
        The file's name, or None where no chunk was closed.
    """
    closed = fresh.filter(pl.col("closed")).select("u", "chunk", "step_key")
    if closed.is_empty():
        return None
    parts = {part: _numbered(table, part, closed, keys) for part, table in pieces.tables().items()}
    names, everything = (
        [*keys.dims, CURRENCY],
        pl.concat([*(labels.cast(pl.String) for labels in keys.labels), keys.currencies.cast(pl.String)]),
    )
    starts = np.cumsum([0, *(len(labels) for labels in keys.labels)])
    used = _used_keys([rows for rows in parts.values() if "key" in rows.columns], starts, len(everything))
    labels = used.with_columns(
        pl.Series("dim_name", names).gather(used["dim"]),
        everything.gather(starts[used["dim"].to_numpy()] + used["key"].to_numpy()).alias("label"),
    )
    steps = closed.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("step"), "step_key")
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{name}.tmp"
    write_parts(aside, {**parts, "steps": steps, "labels": labels})
    return move_checked(aside, folder, name)


def write_parts(path: Path, parts: Mapping[str, pl.DataFrame]) -> None:
    """Write one table for each of `PARTS`."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(path), "wb") as file:
        for name in PARTS:
            table = parts[name].to_arrow()
            with pa.ipc.new_stream(file, table.schema, options=options) as stream:
                stream.write_table(table)


def read_parts(path: Path) -> dict[str, pl.DataFrame]:
    """The tables of a file of pieces, by name.

    Raises:
        DamagedError: the file cannot be read.
    """
    try:
        with pa.OSFile(str(path), "rb") as file:
            tables = {name: pa.ipc.open_stream(file).read_all() for name in PARTS}
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(
            f"The file of pieces {str(path)!r} cannot be read: {error}. Remove it and learn again; the pieces are counted anew."
        ) from error
    frames = {name: pl.from_arrow(table) for name, table in tables.items()}
    return {name: frame for name, frame in frames.items() if isinstance(frame, pl.DataFrame)}


def _numbered(table: pl.DataFrame, part: str, closed: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """The rows of closed chunks, with the number of their step, and a dimension to every key."""
    wanted, packed = _pack_steps(closed), _pack_steps(table)
    place = np.minimum(np.searchsorted(wanted, packed), len(wanted) - 1)
    known = wanted[place] == packed
    rows = table.drop("u", "chunk").with_columns(pl.Series("step", place.astype(np.int32))).filter(pl.Series(known))
    if "key" in rows.columns and "dim" not in rows.columns:
        # Without an item there are no offers, so the number does not matter then.
        number = len(keys.dims) if part == "money" else keys.index("item") or 0
        rows = rows.with_columns(pl.lit(number, pl.Int16).alias("dim"))
    return rows


def _used_keys(tables: Sequence[pl.DataFrame], starts: NDArray[np.int64], keys: int) -> pl.DataFrame:
    """The keys that tables name: dim, key; sorted.

    Args:
        tables: with dim and key.
        starts: number of the first key of each dimension.
        keys: how many keys there are.
    """
    named = np.zeros(keys, dtype=np.bool_)
    for rows in tables:
        named[starts[rows["dim"].to_numpy()] + rows["key"].to_numpy()] = True
    used = np.flatnonzero(named)
    dim = np.searchsorted(starts, used, side="right") - 1
    return pl.DataFrame({"dim": dim.astype(np.int16), "key": (used - starts[dim]).astype(np.int32)})


def _pack_steps(table: pl.DataFrame) -> NDArray[np.int64]:
    packed: NDArray[np.int64] = (table["u"].to_numpy().astype(np.int64) << 32) | table["chunk"].to_numpy()
    return packed


def sound_files(folder: Path, names: Sequence[str]) -> list[str]:
    """The files that are there and whole; what the others held is simply counted again."""
    return [name for name in names if is_whole(folder / name)]


def load_pieces(folder: Path, files: Sequence[str], steps: pl.DataFrame, keys: Keys) -> tuple[Pieces | None, pl.Series]:
    """Load the pieces of known closed chunks.

    Args:
        folder: the shard's folder of pieces.
        files: its files that count.
        steps: the steps wanted: u, chunk, step_key.
        keys: names of the keys to code by; pieces that name a key outside them are not usable and are left to be counted again.

    Returns:
        The pieces (None where there are none) and the keys of the steps they cover.
    """
    nothing = pl.Series("step_key", [], dtype=pl.Binary)
    if steps.is_empty():
        return None, nothing
    pieces, found = None, nothing
    for name in files:
        wanted = steps.filter(~pl.col("step_key").is_in(found.implode()))
        loaded = _load_file(folder / name, wanted, keys)
        if loaded is not None:
            pieces = loaded[0] if pieces is None else pieces.plus(loaded[0])
            found = pl.concat([found, loaded[1]])
    return pieces, found


def _load_file(path: Path, steps: pl.DataFrame, keys: Keys) -> tuple[Pieces, pl.Series] | None:
    """The wanted pieces of one file, and their steps; None where it has none."""
    held = read_parts(path)
    wanted = held["steps"].join(steps.select("u", "chunk", "step_key"), on="step_key")
    names = pl.concat([keys.table(), _currency_table(keys)]).rename({"dim": "new_dim", "key": "new_key"})
    labels = held["labels"].join(names, on=["dim_name", "label"], how="left").select("dim", "key", "new_dim", "new_key")
    tables = {name: _coded(held[name], wanted, labels) for name in NAMES}
    unknown = [rows.filter(pl.col("key").is_null())["step"] for rows in tables.values() if "key" in rows.columns]
    wanted = wanted.filter(~pl.col("step").is_in(pl.concat(unknown).unique().implode()))
    if wanted.is_empty():
        return None
    known = {name: rows.filter(pl.col("step").is_in(wanted["step"].implode())) for name, rows in tables.items()}
    return Pieces(**{name: rows.select(list(SCHEMAS[name])).cast(SCHEMAS[name]) for name, rows in known.items()}), wanted["step_key"]


def _coded(rows: pl.DataFrame, wanted: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """The rows of wanted steps with the numbers that users, chunks and keys have now; null for an unknown key."""
    placed = rows.join(wanted, on="step")
    if "key" not in rows.columns:
        return placed
    coded = placed.join(labels, on=["dim", "key"], how="left")
    return coded.with_columns(pl.col("new_dim").alias("dim"), pl.col("new_key").alias("key"))


def _currency_table(keys: Keys) -> pl.DataFrame:
    """The currencies as keys of a dimension of their own; as `Keys.table`."""
    number = len(keys.dims)
    return pl.DataFrame({"key": np.arange(len(keys.currencies), dtype=np.int32), "label": keys.currencies.cast(pl.String)}).select(
        pl.lit(number, pl.Int16).alias("dim"), "key", pl.lit(CURRENCY).alias("dim_name"), "label"
    )
