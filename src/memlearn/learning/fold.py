"""Fold a shard: cut chunks, do the steps that are missing, join the states, find what they could say.

A step's key covers the state before, every byte it is given and the manager's version; a step whose key the ledger
knows is not done again. Steps of closed chunks leave their piece behind; the open last chunk is counted anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.chunks import chain_keys, digest_chunks
from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Catalogue, annotate
from memlearn.learning.embedded.candidates import NAMES as CANDIDATES
from memlearn.learning.embedded.candidates import find_candidates, parent_table
from memlearn.learning.embedded.join import join
from memlearn.learning.embedded.pairs import sum_pairs
from memlearn.learning.embedded.pieces import count_numbered, count_pieces
from memlearn.learning.embedded.population import sum_shard
from memlearn.learning.embedded.state import Keys, State
from memlearn.learning.job import MANAGER_VERSION, Job
from memlearn.learning.offers.sends import sends_of, telling_items
from memlearn.learning.pieces_store import load_pieces, save_pieces, sound_files
from memlearn.learning.ranker.facts import bought_of
from memlearn.learning.ranker.visits import recommended_items, visits_of
from memlearn.learning.tables import Tables, held_items
from memlearn.store.ledger import Ledger
from memlearn.store.rows import read_rows


@dataclass(frozen=True, slots=True)
class FoldTask:
    """One shard to fold.

    Args:
        shard: its number.
        files: its row files that count, oldest first.
        users: hashes of the users to fold; None for all.
        boundary: sum the population over months before this one; None where it is not needed.
        pairs: dimension whose keys are paired, and one in how many users is sampled for it.
        visits: one in how many users the ranker learns from; None where no ranker is trained.
        sends: the same of the ranker of offers.
        folder: where the results go, of the run's own.
        run_id: the run.
        until_us: leave out rows at or after this instant; None: there are none.
    """

    shard: int
    files: tuple[str, ...]
    users: pl.Series | None
    boundary: int | None
    pairs: tuple[str, int]
    visits: int | None
    sends: int | None
    folder: Path
    run_id: str
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """The chain of steps of a shard's users.

    Args:
        table: u, chunk, user_id, step_key, events, closed, known; a user's steps in order.
        first: position of each step's first row.
    """

    table: pl.DataFrame
    first: NDArray[np.int64]


def fold_shard(job: Job, ledger: Ledger, tables: Tables, task: FoldTask) -> None:
    """Fold one shard and leave candidates, users and population sums in the run's folder.

    The new steps are recorded in the ledger in one transaction, after their pieces are on disk.
    """
    catalogue = tables.catalogue
    rows = read_rows(job.layout.rows / f"{task.shard:04d}", task.files, task.users)
    if task.until_us is not None:
        rows = rows.filter(pl.col("time_us") < task.until_us)
    merchants = rows.select("merchant", "merchant_category").drop_nulls().unique()
    annotated = annotate(rows, catalogue, chunks=job.chunks, weak=job.weak, attributes=job.context.attributes)
    del rows
    steps = chain_steps(annotated, known_keys(ledger, task.shard, annotated))
    state = _advance(job, ledger, task, annotated, steps)
    parents = parent_table(catalogue, merchants)
    found = find_candidates(state, catalogue, parents, job.context.attributes)
    for name in CANDIDATES:
        _leave(task, name, found.frames[name])
    _leave(task, "parents", parents)
    offers, none = job.learning.offers, pl.Series("item_id", [], dtype=pl.String)
    recommended = recommended_items(catalogue) if job.learning.ranker.train else none
    applied = telling_items(catalogue.items, tables.applies) if offers.train and len(tables.applies) else none
    for name, frame in bought_of(state, pl.concat([recommended, applied]).unique(), held_items(job, tables)).items():
        _leave(task, name, frame)
    offered = recommended_items(catalogue) if offers.train else none
    _leave(task, "offered", sends_of(annotated, offered, offers.answer_days, offers.sends).drop("user_hash"))
    _leave(task, "steps", user_steps(steps))
    _leave(task, "strangers", unknown_offers(annotated, catalogue))
    if task.boundary is not None:
        _leave(task, "population", sum_shard(annotated, state.counts, task.boundary))
        dim, modulus = task.pairs
        _leave(task, "pairs", sum_pairs(annotated, task.boundary, modulus, dim))
        if task.visits is not None:
            _leave(task, "visits", visits_of(annotated, recommended, task.boundary, task.visits))
        if task.sends is not None:
            sends = sends_of(annotated, offered, offers.answer_days, offers.sends, task.boundary)
            _leave(task, "sends", sends.filter(pl.col("user_hash") % task.sends == 0))
            _leave(task, "applied", visits_of(annotated, applied, task.boundary, task.sends))


def unknown_offers(rows: Annotated, catalogue: Catalogue) -> pl.DataFrame:
    """Items that were shown or answered and that no source describes; none where there is no catalogue at all."""
    item = next((dimension for dimension in rows.dimensions if dimension.name == "item"), None)
    if item is None or catalogue.items.is_empty():
        return pl.DataFrame(schema={"item_id": pl.String})
    offered = item.codes[(rows.exposure | rows.answer) & (item.codes != NO_KEY)]
    seen = np.flatnonzero(np.bincount(offered, minlength=len(item.labels)))
    named = pl.DataFrame({"item_id": item.labels.gather(seen).cast(pl.String)})
    return named.join(catalogue.items.select("item_id"), on="item_id", how="anti")


def chain_steps(rows: Annotated, known: pl.Series) -> Steps:
    """Cut the rows into steps and give each its key.

    Args:
        rows: the shard's rows.
        known: keys of the steps that the ledger has.
    """
    changed = np.ones(len(rows), dtype=np.bool_)
    changed[1:] = (rows.user[1:] != rows.user[:-1]) | (rows.chunk[1:] != rows.chunk[:-1])
    first = np.flatnonzero(changed)
    bounds = np.append(first, len(rows))
    user, chunk = rows.user[first], rows.chunk[first]
    digests = digest_chunks(rows.digest, bounds)
    keys = chain_keys(user.tolist(), digests, MANAGER_VERSION.encode())
    last = np.append(user[1:] != user[:-1], True) if len(user) else np.zeros(0, dtype=np.bool_)
    table = pl.DataFrame(
        {
            "u": pl.Series(user).cast(pl.Int32),
            "chunk": pl.Series(chunk).cast(pl.Int32),
            "user_id": rows.users["user_id"].gather(user),
            "step_key": pl.Series(keys, dtype=pl.Binary),
            "events": pl.Series(np.diff(bounds)).cast(pl.Int32),
            "closed": ~last,
        }
    )
    return Steps(table.with_columns(pl.col("step_key").is_in(known.implode()).alias("known")), first)


def known_keys(ledger: Ledger, shard: int, rows: Annotated) -> pl.Series:
    """Keys of the steps that the ledger has for these users."""
    users = pl.DataFrame({"user_id": rows.users["user_id"]})
    held = ledger.fetch("select user_id, step_key from steps where shard = ?", [shard])
    return held.join(users, on="user_id", how="semi")["step_key"] if len(held) else pl.Series("step_key", [], dtype=pl.Binary)


def user_steps(steps: Steps) -> pl.DataFrame:
    """Per user: number of steps and events, steps done anew, and the last step's key, which names the state."""
    return steps.table.group_by("user_id", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("steps"),
        pl.col("events").sum().cast(pl.Int64),
        (~pl.col("known")).sum().cast(pl.Int64).alias("done"),
        pl.col("step_key").last().bin.encode("hex").alias("state_digest"),
    )


def _advance(job: Job, ledger: Ledger, task: FoldTask, rows: Annotated, steps: Steps) -> State:
    """Do the missing steps, record them, and join all into the users' states."""
    reusable = steps.table.filter(pl.col("known") & pl.col("closed"))
    keys = Keys(
        tuple(dimension.name for dimension in rows.dimensions),
        tuple(dimension.labels for dimension in rows.dimensions),
        rows.currency.labels,
    )
    loaded, found = load_pieces(_folder(job, task), _piece_files(job, ledger, task), reusable, keys)
    counted = ~steps.table["step_key"].is_in(found.implode())
    sizes = np.diff(np.append(steps.first, len(rows)))
    # Where nothing is taken over, the states are counted in one go; only closed chunks need pieces of their own.
    chosen = counted & steps.table["closed"] if loaded is None else counted
    pieces = count_pieces(rows, np.repeat(chosen.to_numpy(), sizes))
    fresh = steps.table.filter(~pl.col("known"))
    _record(ledger, task, fresh, save_pieces(_folder(job, task), f"{task.run_id}.arrows", pieces, steps.table.filter(counted), keys))
    if loaded is not None:
        return State.of(rows.users, keys, join(loaded.plus(pieces)))
    whole = replace(rows, chunk=np.zeros(len(rows), dtype=np.int64))
    return State.of_numbered(rows.users, keys, count_numbered(whole, np.ones(len(rows), dtype=np.bool_)))


def _folder(job: Job, task: FoldTask) -> Path:
    return job.layout.root / "pieces" / f"{task.shard:04d}"


def _piece_files(job: Job, ledger: Ledger, task: FoldTask) -> list[str]:
    """Files of pieces that are sound; the ledger forgets the others."""
    named = ledger.fetch("select file from piece_files where shard = ? order by file", [task.shard])["file"].to_list()
    sound = sound_files(_folder(job, task), named)
    for lost in sorted(set(named) - set(sound)):
        ledger.execute("delete from piece_files where shard = ? and file = ?", [task.shard, lost])
    return sound


def _record(ledger: Ledger, task: FoldTask, fresh: pl.DataFrame, file: str | None) -> None:
    if fresh.is_empty() and file is None:
        return
    shard = pl.lit(task.shard, pl.Int32).alias("shard")
    rows = fresh.select(
        "user_id",
        shard,
        "chunk",
        "step_key",
        "events",
        "closed",
        pl.lit(MANAGER_VERSION).alias("version"),
        pl.lit(task.run_id).alias("run_id"),
    )
    with ledger.transaction():
        ledger.append("steps", rows)
        if file is not None:
            ledger.append("piece_files", pl.DataFrame([{"shard": task.shard, "file": file, "run_id": task.run_id}]))


def _leave(task: FoldTask, name: str, frame: pl.DataFrame) -> None:
    folder = task.folder / f"{task.shard:04d}"
    folder.mkdir(parents=True, exist_ok=True)
    # What is read back within the minute stays in memory as a rule: packing it would cost more than it saves.
    frame.write_ipc(folder / f"{name}.arrow", compression="uncompressed")


def pick_up(folder: Path, shard: int, name: str) -> pl.DataFrame:
    """Read what `fold_shard` left under a name."""
    return pl.read_ipc(folder / f"{shard:04d}" / f"{name}.arrow")


def drop_candidates(folder: Path, shards: Iterable[int]) -> None:
    """Remove what `fold_shard` left for rendering alone."""
    for shard in shards:
        for name in CANDIDATES:
            (folder / f"{shard:04d}" / f"{name}.arrow").unlink(missing_ok=True)
