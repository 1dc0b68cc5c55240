"""Keep the pieces of closed chunks: one Parquet file for each shard and run, keyed by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from memlearn.errors import DamagedError
from memlearn.learning.embedded.pieces import NAMES, Pieces
from memlearn.learning.embedded.state import Keys
from memlearn.store.files import is_whole, move_checked

# One file holds all tables of a run's pieces, told apart by `part`; every table has a subset of the columns.


def save_pieces(folder: Path, name: str, pieces: Pieces, fresh: pl.DataFrame, keys: Keys) -> str | None:
    """Write the pieces of closed chunks.

    Args:
        folder: the shard's folder of pieces.
        name: name of the file.
        pieces: pieces of all counted chunks.
        fresh: the steps whose pieces are not kept yet: u, chunk, step_key, closed.
        keys: names of the pieces' keys.

    Returns:
        The file's name, or None where no chunk was closed.
    """
    closed = fresh.filter(pl.col("closed")).select("u", "chunk", "step_key")
    if closed.is_empty():
        return None
    parts = []
    for part, table in pieces.tables().items():
        rows = table.join(closed, on=["u", "chunk"]).drop("u", "chunk")
        parts.append(_named(rows, part, keys).with_columns(pl.lit(part).alias("part")))
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{name}.tmp"
    pl.concat(parts, how="diagonal").write_parquet(aside, compression="lz4", statistics=False)
    return move_checked(aside, folder, name)


def _named(rows: pl.DataFrame, part: str, keys: Keys) -> pl.DataFrame:
    """The rows of a table with the names of their keys for the keys' indices."""
    if "dim" in rows.columns:
        dims, labels = keys.names(rows)
        return rows.drop("dim", "key").with_columns(dims.alias("dim_name"), labels.alias("label"))
    if "key" not in rows.columns or rows.is_empty():
        return rows.drop("key", strict=False)
    labels = keys.labels[keys.dims.index("item")] if part == "offers" else keys.currencies
    return rows.drop("key").with_columns(labels.cast(pl.String).gather(rows["key"]).alias("label"))


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
    if steps.is_empty() or not files:
        return None, nothing
    try:
        scan = pl.scan_parquet([folder / name for name in files], missing_columns="insert", extra_columns="ignore")
        held = scan.filter(pl.col("step_key").is_in(steps["step_key"].implode())).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamagedError(
            f"A file of pieces in {str(folder)!r} cannot be read: {error}. Remove the files there and learn again; the pieces are counted anew."
        ) from error
    if held.is_empty():
        return None, nothing
    coded = held.join(steps.select("u", "chunk", "step_key"), on="step_key")
    names = keys.table()
    known = coded.join(names, on=["dim_name", "label"], how="left")
    found = known.select("step_key").unique()["step_key"]
    items = names.filter(pl.col("dim_name") == "item").select(pl.col("key").alias("item_key"), "label")
    currencies = (
        pl.DataFrame({"label": keys.currencies.cast(pl.String)})
        .with_row_index("money_key")
        .with_columns(pl.col("money_key").cast(pl.Int32))
    )
    known = known.join(items, on="label", how="left").join(currencies, on="label", how="left")
    return Pieces(**{part: _table(known.filter(pl.col("part") == part), part) for part in NAMES}), found


def _table(rows: pl.DataFrame, part: str) -> pl.DataFrame:
    schema = Pieces.schema(part)
    if part == "offers":
        rows = rows.with_columns(pl.col("item_key").alias("key"))
    elif part == "money":
        rows = rows.with_columns(pl.col("money_key").alias("key"))
    return rows.select(list(schema)).cast(schema)
