"""Vectors remembered by text and model, so that no text is embedded twice, not even after a crash."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from memlearn.store.vectors.embedder import Embedder, Vectors
from memlearn.store.vectors.lance import LanceFolder, compact, quoted, rows, translated

TABLE = "embeddings"
# At least so many texts are embedded before their vectors are made durable.
_GROUP = 2048
_MOST_FRAGMENTS = 64
# A vector is kept as its bytes (little-endian 32-bit floats): one table holds models of every length.
_SCHEMA = pa.schema({"model": pa.string(), "digest": pa.string(), "numbers": pa.large_binary()})  # type: ignore[arg-type]  # the stubs lack it
_NUMBER = np.dtype("<f4")


class Embedded(NamedTuple):
    """Vectors of texts, and how many of them were not remembered."""

    vectors: Vectors
    fresh: int


def embed_remembered(folder: LanceFolder, digests: pl.Series, texts: pl.Series, embedder: Embedder) -> Embedded:
    """Vectors of texts: remembered ones are read, the others are embedded and remembered, group by group.

    Args:
        folder: where the table lies.
        digests: digest of each text.
        texts: the texts, as long as `digests`.
        embedder: gives the vectors of texts that are not remembered under its model.
    """
    wanted = pl.DataFrame({"digest": digests, "text": texts}).unique("digest", maintain_order=True)
    known = _read(folder, embedder)
    missing = wanted.join(known.select("digest"), on="digest", how="anti", maintain_order="left")
    found = [known]
    for group in missing.iter_slices(max(_GROUP, embedder.batch_size)):
        vectors = embedder.embed(group["text"].to_list())
        _append(folder, embedder.model_id, group["digest"], vectors)
        found.append(pl.DataFrame({"digest": group["digest"], "numbers": _as_bytes(vectors)}))
    return Embedded(_gather(pl.concat(found), digests, embedder.dimensions), missing.height)


def forget_vectors(folder: LanceFolder, needed: pl.DataFrame) -> int:
    """Forget every vector that is not needed.

    Args:
        folder: where the table lies.
        needed: columns `model` and `digest`.

    Returns:
        How many were forgotten.
    """
    if not folder.has(TABLE):
        return 0
    table = folder.open(TABLE)
    with translated(f"Table {TABLE!r}"):
        present = rows(table, ["model", "digest"])
        gone = present.join(needed, on=["model", "digest"], how="anti")
        for (model,), frame in gone.group_by(["model"], maintain_order=True):
            for part in frame.iter_slices(20_000):
                listed = ",".join(quoted(digest) for digest in part["digest"].to_list())
                table.delete(f"model = {quoted(str(model))} and digest in ({listed})")
    return gone.height


def _read(folder: LanceFolder, embedder: Embedder) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"digest": pl.String, "numbers": pl.Binary})
    if not folder.has(TABLE):
        return empty
    table = folder.open(TABLE)
    with translated(f"Table {TABLE!r}"):
        found = rows(table, ["digest", "numbers"], f"model = {quoted(embedder.model_id)}")
    # A model that answers with another length than it used to is another model under the same name.
    return found.filter(pl.col("numbers").bin.size() == embedder.dimensions * _NUMBER.itemsize).unique("digest")


def _append(folder: LanceFolder, model_id: str, digests: pl.Series, vectors: Vectors) -> None:
    data = pa.table(
        {"model": pa.array([model_id] * len(digests)), "digest": pa.array(digests.to_list()), "numbers": pa.array(_as_bytes(vectors))}
    ).cast(_SCHEMA)
    if not folder.has(TABLE):
        folder.overwrite(TABLE, data)
        return
    table = folder.open(TABLE)
    with translated(f"Table {TABLE!r}"):
        table.add(data)
        if table.stats()["fragment_stats"]["num_fragments"] > _MOST_FRAGMENTS:
            compact(table)


def _as_bytes(vectors: Vectors) -> list[bytes]:
    return [vector.tobytes() for vector in vectors.astype(_NUMBER)]


def _gather(found: pl.DataFrame, digests: pl.Series, dimensions: int) -> Vectors:
    joined = digests.rename("digest").to_frame().join(found, on="digest", how="left", maintain_order="left")
    numbers = np.frombuffer(b"".join(joined["numbers"].to_list()), dtype=_NUMBER)
    return numbers.reshape(len(digests), dimensions).astype(np.float32)
