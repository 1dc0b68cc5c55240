"""Searchable tables of texts, passages and items: written whole, with vectors and a full-text index, searched as of a version."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from memlearn.errors import DamagedError, StoreError
from memlearn.store.vectors.embedder import Embedder, RegistryEmbedder, text_digest
from memlearn.store.vectors.lance import LanceFolder, Table, look_through, quoted, rows, translated
from memlearn.store.vectors.remembered import embed_remembered
from memlearn.store.vectors.vendor import FTS, EmbeddingFunctionConfig

SEARCHED = "search_text"
MODEL = "model"
DIGEST = "text_digest"
VECTOR = "vector"
# Reciprocal rank fusion: Cormack, Clarke and Büttcher, 2009.
_FUSION_CONSTANT = 60
_FEWEST_CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did.

    Args:
        version: the table's version that holds it.
        rows: rows of that version.
        embedded: texts that had to be embedded; the others were remembered.
        embed_seconds: time for that.
        index_seconds: time for the full-text index.
    """

    version: int
    rows: int
    embedded: int = 0
    embed_seconds: float = 0.0
    index_seconds: float = 0.0


def write_texts(folder: LanceFolder, name: str, frame: pl.DataFrame, key: str, embedder: Embedder | None) -> Written:
    """Write a table of texts as a new version, unless the newest version holds just that.

    Args:
        folder: where the table lies.
        name: the table.
        frame: its rows, with a unique `key` and a column `search_text`, which is embedded and indexed.
        key: column of the id.
        embedder: None to write no vectors.
    """
    model_id = embedder.model_id if embedder else ""
    full = frame.with_columns(
        pl.lit(model_id).alias(MODEL),
        pl.col(SEARCHED).map_elements(text_digest, return_dtype=pl.String, skip_nulls=True).alias(DIGEST),
    ).sort(key)
    # What is damaged is written anew, like what changed.
    with suppress(DamagedError):
        current = _current(folder, name, full, key)
        if current is not None:
            return current
    started = time.perf_counter()
    data = full.to_arrow()
    embedded = 0
    if embedder is not None:
        result = embed_remembered(folder, full[DIGEST], full[SEARCHED], embedder)
        embedded = result.fresh
        flat = pa.array(result.vectors.reshape(-1))
        data = data.append_column(VECTOR, pa.FixedSizeListArray.from_arrays(flat, embedder.dimensions))
    embed_seconds = time.perf_counter() - started
    table = folder.overwrite(name, data, _functions(embedder))
    index_seconds = _index(table, name)
    return Written(int(table.version), full.height, embedded, embed_seconds, index_seconds)


def search_texts(
    table: Table, query: str, key: str, embedder: Embedder | None, *, k: int, where: str | None, columns: list[str]
) -> pl.DataFrame:
    """Find texts by words and by meaning, fused by reciprocal rank.

    Equal ranks get equal shares and ties are ordered by id, so that the answer depends on the table's rows only.

    Args:
        table: opened at a version.
        query: what is looked for.
        key: column of the id.
        embedder: the one that the table was written with; None searches words only.
        k: most rows to return.
        where: filter applied before ranking.
        columns: columns to return.

    Returns:
        The columns, `score` (sum of 1 / (60 + rank)), `text_rank` and `vector_rank` (1-based, null where not found).

    Raises:
        StoreError: the table's vectors are of another model.
    """
    if not query.strip() or k < 1:
        return _no_hits(table, columns, key)
    count = max(_FEWEST_CANDIDATES, 4 * k)
    ranks = _text_ranks(table, query, key, where, count)
    ranks = ranks.join(_vector_ranks(table, query, key, where, count, embedder), on=key, how="full", coalesce=True)
    share = pl.sum_horizontal((1.0 / (_FUSION_CONSTANT + pl.col(column))).fill_null(0.0) for column in ("text_rank", "vector_rank"))
    best = ranks.with_columns(share.round(9).alias("score"))
    best = best.sort(["score", key], descending=[True, False]).head(k)
    if best.is_empty():
        return _no_hits(table, columns, key)
    listed = ",".join(quoted(value) for value in best[key].to_list())
    wanted = list(dict.fromkeys([key, *columns]))
    return best.join(rows(table, wanted, f"{key} in ({listed})"), on=key, how="left", maintain_order="left").select(
        *columns, "score", "text_rank", "vector_rank"
    )


def _no_hits(table: Table, columns: list[str], key: str) -> pl.DataFrame:
    found = rows(table, columns, f"{key} = ''").clear()
    ranks = {"text_rank": pl.lit(None, pl.Int64), "vector_rank": pl.lit(None, pl.Int64)}
    return found.with_columns(pl.lit(None, pl.Float64).alias("score"), **ranks)


def _current(folder: LanceFolder, name: str, full: pl.DataFrame, key: str) -> Written | None:
    if not folder.has(name):
        return None
    table = folder.open(name)
    with translated(f"Table {name!r}"):
        if [column for column in table.schema.names if column != VECTOR] != full.columns or table.count_rows() != full.height:
            return None
        if not rows(table, full.columns).sort(key).equals(full):
            return None
        look_through(table, MODEL, SEARCHED)
        index_seconds = 0.0 if full.is_empty() or table.list_indices() else _index(table, name)
        return Written(int(table.version), full.height, index_seconds=index_seconds)


def _index(table: Table, name: str) -> float:
    started = time.perf_counter()
    if table.count_rows():
        with translated(f"Table {name!r}"):
            table.create_index(
                SEARCHED, config=FTS(language="English", stem=True, remove_stop_words=True, ascii_folding=True), replace=True
            )
    return time.perf_counter() - started


def _functions(embedder: Embedder | None) -> list[Any]:
    if not isinstance(embedder, RegistryEmbedder):
        return []
    return [EmbeddingFunctionConfig(vector_column=VECTOR, source_column=SEARCHED, function=embedder.function)]


def _text_ranks(table: Table, query: str, key: str, where: str | None, count: int) -> pl.DataFrame:
    empty = pl.DataFrame(schema={key: pl.String, "text_rank": pl.Int64})
    if not table.list_indices():
        return empty
    search = table.search(query, query_type="fts").select([key, "_score"]).limit(count)
    found = pl.DataFrame(pl.from_arrow((search.where(where, prefilter=True) if where else search).to_arrow()))
    return _ranks(found, key, -pl.col("_score").round(4), "text_rank", count) if found.height else empty


def _vector_ranks(table: Table, query: str, key: str, where: str | None, count: int, embedder: Embedder | None) -> pl.DataFrame:
    empty = pl.DataFrame(schema={key: pl.String, "vector_rank": pl.Int64})
    if embedder is None or VECTOR not in table.schema.names or not table.count_rows():
        return empty
    model = table.search().select([MODEL]).limit(1).to_arrow()[MODEL][0].as_py()
    if model != embedder.model_id:
        raise StoreError(
            f"The texts of version {table.version} were embedded with {model!r}, the query with {embedder.model_id!r}. "
            "Run `memlearn learn` with the present config, or search with the old one."
        )
    vector = np.asarray(embedder.embed([query])[0], dtype=np.float32)
    search = (
        table.search(vector, vector_column_name=VECTOR, query_type="vector").distance_type("cosine").select([key, "_distance"]).limit(count)
    )
    found = pl.DataFrame(pl.from_arrow((search.where(where, prefilter=True) if where else search).to_arrow()))
    return _ranks(found, key, pl.col("_distance").round(5), "vector_rank", count) if found.height else empty


def _ranks(found: pl.DataFrame, key: str, order: pl.Expr, name: str, count: int) -> pl.DataFrame:
    ranked = found.select(key, order.alias("order"))
    # Which of several equals stands at the cut is chance: they all go.
    if ranked.height >= count and ranked["order"].n_unique() > 1:
        ranked = ranked.filter(pl.col("order") < pl.col("order").max())
    return ranked.select(key, pl.col("order").rank("min").cast(pl.Int64).alias(name))
