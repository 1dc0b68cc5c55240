"""The vector store of a learning run and of its releases: passages, items and blocks as versioned Lance tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds

from memlearn.chunks.documents import Passage
from memlearn.store.vectors.embedder import Embedder
from memlearn.store.vectors.lance import LanceFolder, Table, compact, drop_versions_before, look_through, quoted, rows, translated, versions
from memlearn.store.vectors.remembered import forget_vectors
from memlearn.store.vectors.texts import DIGEST, MODEL, SEARCHED, Written, search_texts, write_texts

TABLES = ("passages", "items", "blocks")
PASSAGE_SCHEMA: dict[str, pl.DataType] = {
    "passage_id": pl.String(),
    "document_id": pl.String(),
    "source": pl.String(),
    "path": pl.String(),
    "title": pl.String(),
    "kind": pl.String(),
    "headings": pl.List(pl.String()),
    "text": pl.String(),
    "digest": pl.String(),
}
BLOCK_COLUMNS = ("user_id", "label", "value")
_BLOCK_SCHEMA = pa.schema([(name, pa.large_string()) for name in BLOCK_COLUMNS])
_MOST_FRAGMENTS = 64
_DELETED_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a clean-up removed: versions by table, and remembered vectors."""

    versions: Mapping[str, int]
    vectors: int


class VectorStore:
    """Lance tables under one folder.

    A write makes new versions and never touches an older one: a reader that names its version sees the same rows
    until `cleanup` removes it. Only one process writes at a time (the learning run holds the store's lock). A write that
    is killed leaves versions that nobody names; the next write starts from the version it is told to build on.
    """

    def __init__(self, root: Path) -> None:
        """Name the folder; nothing is read or made before the first write."""
        self._folder = LanceFolder(root)

    def versions(self, table: str) -> list[int]:
        """Versions of a table that can be opened, oldest first; empty where it was never written."""
        return sorted(versions(self._folder.open(table))) if self._folder.has(table) else []

    def write_passages(self, passages: Sequence[Passage], embedder: Embedder | None) -> Written:
        """Write all passages; only texts that the embedder's model has not seen are embedded."""
        columns = {name: [getattr(passage, name) for passage in passages] for name in PASSAGE_SCHEMA if name != "headings"}
        frame = pl.DataFrame({**columns, "headings": [list(passage.headings) for passage in passages]}, schema_overrides=PASSAGE_SCHEMA)
        searched = pl.concat_str(pl.col("headings").list.join(" › "), pl.col("text"), separator="\n")
        return write_texts(self._folder, "passages", frame.select(*PASSAGE_SCHEMA, searched.alias(SEARCHED)), "passage_id", embedder)

    def write_items(self, items: pl.DataFrame, embedder: Embedder | None) -> Written:
        """Write all items; their name, levels and text are searched.

        Args:
            items: columns of `ITEM_SCHEMA` with unique `item_id`, and any `level_*` columns.
            embedder: None to write no vectors.
        """
        levels = sorted(name for name in items.columns if name.startswith("level_"))
        searched = pl.concat_str([pl.col(name) for name in ("name", *levels, "text")], separator="\n", ignore_nulls=True)
        frame = items.select("item_id", "source", "name", *levels, "recommend", searched.fill_null("").alias(SEARCHED))
        return write_texts(self._folder, "items", frame, "item_id", embedder)

    def write_blocks(
        self, parts: Sequence[Path], removed_users: Collection[str] = (), *, replace: bool = False, base: int | None = None
    ) -> Written:
        """Write the users' block values.

        Args:
            parts: of `write_part`, with the columns user_id, label and value: all blocks of every user they name.
            removed_users: users whose blocks go.
            replace: True: the parts are the whole table. False: the users they name are replaced, the others stay, and
                their files are shared between versions.
            base: version to build on, the one of the release that this run follows; None: the newest.
        """
        data = ds.dataset([str(part) for part in parts], format="ipc") if parts else None
        if replace or not self._folder.has("blocks"):
            table = self._folder.overwrite("blocks", _block_reader(data))
            return Written(int(table.version), int(table.count_rows()))
        table = self._folder.open("blocks")
        with translated("Table 'blocks'"):
            if base is not None and table.version != base:
                table = self._folder.open("blocks", base)
                table.restore()
            changed = [str(user_id) for user_id in data.to_table(columns=["user_id"])["user_id"].unique().to_pylist()] if data else []
            _delete_users(table, sorted({*changed, *removed_users}))
            if changed:
                table.add(_block_reader(data))
            if table.stats()["fragment_stats"]["num_fragments"] > _MOST_FRAGMENTS:
                compact(table)
            return Written(int(table.version), int(table.count_rows()))

    def check(self, table: str, version: int) -> None:
        """See that a table has a version, and that the files it needs are there and have an end.

        Raises:
            StoreError: there is no such table or version.
            DamagedError: its files are damaged.
        """
        opened = self._folder.open(table, version)
        with translated(f"Table {table!r} in {str(self._folder.root)!r}, version {version},"):
            look_through(opened, "label") if table == "blocks" else look_through(opened, MODEL, SEARCHED)

    def read_blocks(self, version: int, user_ids: Sequence[str] | None = None) -> pl.DataFrame:
        """Block values at a version, of all users or of some, sorted by user and label."""
        table = self._folder.open("blocks", version)
        where = None if user_ids is None else f"user_id in ({','.join(quoted(user_id) for user_id in user_ids)})" if user_ids else "false"
        with translated(f"Table 'blocks', version {version},"):
            return rows(table, BLOCK_COLUMNS, where).sort("user_id", "label")

    def read_passages(self, version: int) -> pl.DataFrame:
        """Passages at a version (columns of `PASSAGE_SCHEMA`), sorted by id."""
        table = self._folder.open("passages", version)
        with translated(f"Table 'passages', version {version},"):
            return rows(table, list(PASSAGE_SCHEMA)).sort("passage_id")

    def search_passages(self, version: int, query: str, embedder: Embedder | None, k: int = 10, kind: str | None = None) -> pl.DataFrame:
        """Find passages by words and by meaning at a version, best first.

        Args:
            version: the release's version of the table.
            query: any text.
            embedder: the one that the passages were written with; None searches words only.
            k: most passages to return.
            kind: `policy`, `guideline` or `other`; None for all.

        Returns:
            Columns of `PASSAGE_SCHEMA`, then `score`, `text_rank` and `vector_rank`.
        """
        where = f"kind = {quoted(kind)}" if kind else None
        table = self._folder.open("passages", version)
        with translated(f"Table 'passages', version {version},"):
            return search_texts(table, query, "passage_id", embedder, k=k, where=where, columns=list(PASSAGE_SCHEMA))

    def search_items(self, version: int, query: str, embedder: Embedder | None, k: int = 10) -> pl.DataFrame:
        """Find items by words and by meaning at a version: `item_id`, `name`, `score`, `text_rank`, `vector_rank`."""
        table = self._folder.open("items", version)
        with translated(f"Table 'items', version {version},"):
            return search_texts(table, query, "item_id", embedder, k=k, where=None, columns=["item_id", "name"])

    def cleanup(self, keep_versions: Mapping[str, Collection[int]], *, margin: timedelta = timedelta(minutes=1)) -> Cleaned:
        """Remove what no kept version needs.

        Every table keeps its named versions, all that are younger than the oldest of them, and its newest one. Remembered vectors
        stay while a kept passage or item uses them. Not to be called while something is being written.

        Args:
            keep_versions: by table, the versions that releases name; a table that is not named keeps everything.
            margin: versions that are older than the oldest kept one by less than this stay too.
        """
        removed: dict[str, int] = {}
        for name, kept in sorted(keep_versions.items()):
            if self._folder.has(name):
                table = self._folder.open(name)
                with translated(f"Table {name!r}"):
                    known = versions(table)
                    oldest = min((known[version] for version in kept if version in known), default=None)
                    removed[name] = drop_versions_before(table, oldest, margin) if oldest else 0
        return Cleaned(removed, forget_vectors(self._folder, self._needed_vectors()))

    def _needed_vectors(self) -> pl.DataFrame:
        needed = [pl.DataFrame(schema={"model": pl.String, "digest": pl.String})]
        for name in ("passages", "items"):
            for version in self.versions(name):
                table = self._folder.open(name, version)
                with translated(f"Table {name!r}, version {version},"):
                    needed.append(rows(table, [MODEL, DIGEST]).rename({MODEL: "model", DIGEST: "digest"}))
        return pl.concat(needed).unique()


def _block_reader(data: ds.Dataset | None) -> pa.RecordBatchReader:
    # Lance misreads a batch whose string type is not the declared one, so every batch is cast.
    batches = (batch.cast(_BLOCK_SCHEMA) for batch in data.to_batches(columns=list(BLOCK_COLUMNS))) if data else iter(())
    return pa.RecordBatchReader.from_batches(_BLOCK_SCHEMA, batches)


def _delete_users(table: Table, user_ids: Sequence[str]) -> None:
    for at in range(0, len(user_ids), _DELETED_AT_ONCE):
        listed = ",".join(quoted(user_id) for user_id in user_ids[at : at + _DELETED_AT_ONCE])
        table.delete(f"user_id in ({listed})")
