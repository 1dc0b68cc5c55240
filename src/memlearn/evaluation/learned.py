"""One cut on the production path: learn as of it in the scratch store, open the release, rank every user from it alone, keep the lists.

What is kept is named by a digest of everything it came of, so that a cut that was ranked is not ranked again, and one that was not is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.evaluation.asked import Asked
from memlearn.evaluation.item_sets import ItemSets
from memlearn.evaluation.scratch import Scratch, code_digest
from memlearn.learning.job import Job, digest
from memlearn.learning.publish import Outcome
from memlearn.learning.run import LearnRun, finish, open_run
from memlearn.learning.tables import Tables, given_digests
from memlearn.serving import Memory, open_memory
from memlearn.store.ledger import Ledger
from memlearn.store.release import Release, open_release
from memlearn.store.tables import USER_TABLES

NONE = -1
_LISTS, _BYTES, _OFFERS, _SAID = "lists.parquet", "bytes.parquet", "offers.parquet", "cut.json"


@dataclass(frozen=True, slots=True)
class Ground:
    """What all cuts share, once the sources are read.

    Args:
        files: row files of each shard, oldest first.
        items: the catalogue as it is now, items that may not be recommended included.
        state: digest of rows, tables, config and code.
    """

    files: Mapping[int, tuple[str, ...]]
    items: pl.DataFrame
    state: str

    @property
    def catalogue(self) -> pl.DataFrame:
        """The items that may be recommended, in the order of their codes."""
        return self.items.filter(pl.col("recommend").fill_null(value=False)).sort("item_id")


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """What memory ranked at one cut.

    Args:
        release_id: the release that was learned for it.
        ranked: codes of items for each row of what was asked, best first, negative where a place is empty.
        tiers: a way of ranking → how many lists came from it; empty where that is not known.
        bytes: user → bytes of all that the release holds of them.
        offers: user_id, item (code), score of every item for the users who were sent offers after the cut.
    """

    release_id: str
    ranked: NDArray[np.int32]
    tiers: Mapping[str, int]
    bytes: Mapping[str, int]
    offers: pl.DataFrame


def read_sources(job: Job) -> Ground:
    """Read what is new in the sources into the job's store; publishes nothing.

    Raises:
        InputError: the sources cannot be used; nothing was changed.
        BusyError: another run works on the store.
    """
    with open_run(replace(job, as_of_us=None)) as run:
        run.ingest()
        ground = _ground(run, job)
        finish(run, {})
    return ground


def _ground(run: LearnRun, job: Job) -> Ground:
    files = _row_files(run.ledger)
    state = digest(sorted(files.items()), _given(run.tables), job.config_digest, job.agent_version, code_digest())
    return Ground(files, run.tables.catalogue.items, state)


def _row_files(ledger: Ledger) -> dict[int, tuple[str, ...]]:
    return {shard: tuple(file.file for file in held) for shard, held in ledger.row_files().items()}


def _given(tables: Tables) -> str:
    return digest(tables.digest, sorted(given_digests(tables).rows()))


def rank_cut(
    job: Job,
    scratch: Scratch,
    ground: Ground,
    asked: Asked,
    items: Sequence[str],
    users: Sequence[str],
    sent: Sequence[str],
    k: int,
    *,
    repeats: bool,
) -> Ranked:
    """Learn as of a cut and rank every user that is asked about; or take what was kept.

    Args:
        job: the job, its layout the scratch store.
        scratch: the folder.
        ground: what all cuts share.
        asked: the cut.
        items: id of each item's code.
        users: id of each user's code.
        sent: ids of users for whom every item is scored too, those who were sent offers after the cut.
        k: places.
        repeats: False: what a user had before is not ranked.
    """
    folder = scratch.kept / f"cut-{digest(ground.state, asked.cut.as_of_us, asked.user.tolist(), list(sent), k, repeats)}"
    if not (folder / _SAID).is_file():
        _work(job, asked, items, users, sent, k, folder, repeats=repeats)
    said = json.loads((folder / _SAID).read_text(encoding="utf-8"))
    lists = pl.read_parquet(folder / _LISTS)
    ranked = np.full((len(asked.user), k), NONE, dtype=np.int32)
    ranked[lists["row"].to_numpy(), lists["place"].to_numpy()] = lists["item"].to_numpy()
    sizes, offers = pl.read_parquet(folder / _BYTES), pl.read_parquet(folder / _OFFERS)
    return Ranked(said["release_id"], ranked, said["tiers"], dict(sizes.iter_rows()), offers)


def _work(
    job: Job, asked: Asked, items: Sequence[str], users: Sequence[str], sent: Sequence[str], k: int, folder: Path, *, repeats: bool
) -> None:
    outcome = _learn(replace(job, as_of_us=asked.cut.as_of_us))
    release_id = outcome.manifest.release_id
    requests = pl.DataFrame({"user_id": [users[user] for user in asked.user], "at_us": np.full(len(asked.user), asked.cut.as_of_us)})
    exclude = None if repeats else _pairs(asked.bought, requests["user_id"].to_list(), items)
    with open_memory(job.layout, release_id, warm=True) as memory:
        lists = memory.rank(requests, k, exclude, only_new=not repeats)
        scores = _score_offers(memory, sent, asked.cut.as_of_us, items)
    with open_release(job.layout, release_id) as release:
        sizes = memory_bytes(release)
    tiers = dict(lists.filter(pl.col("place") == 0)["tier"].value_counts(sort=True).iter_rows())
    aside = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    _codes(lists, requests, items).write_parquet(aside / _LISTS)
    sizes.write_parquet(aside / _BYTES)
    scores.write_parquet(aside / _OFFERS)
    (aside / _SAID).write_text(json.dumps({"release_id": release_id, "tiers": tiers}), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def _learn(job: Job) -> Outcome:
    """A learn run, stage by stage, as `memlearn learn --as-of` does it; what arrives meanwhile waits for the next evaluation."""
    with open_run(job) as run:
        run.ingest(read=False)
        run.fold()
        run.learn_by_agent()
        run.share()
        run.render()
        outcome = run.publish()
        finish(run, {"release_id": outcome.manifest.release_id, "steps_done": outcome.steps_done})
    return outcome


def _pairs(bought: ItemSets, users: Sequence[str], items: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"user_id": [users[row] for row in bought.row], "item_id": [items[item] for item in bought.items]},
        schema={"user_id": pl.String, "item_id": pl.String},
    )


def _score_offers(memory: Memory, sent: Sequence[str], at_us: int, items: Sequence[str]) -> pl.DataFrame:
    """user_id, item (code), score of all items that memory ranks for some users."""
    code = {item: number for number, item in enumerate(items)}
    found = [(user, code[item.item_id], item.score) for user in sent for item in memory.recommend(user, len(items), at_us).items]
    return pl.DataFrame(found, schema={"user_id": pl.String, "item": pl.Int64, "score": pl.Float64}, orient="row")


def _codes(lists: pl.DataFrame, requests: pl.DataFrame, items: Sequence[str]) -> pl.DataFrame:
    """row, place, item as numbers."""
    rows = requests.select("user_id").with_row_index("row")
    codes = pl.DataFrame({"item_id": list(items)}, schema={"item_id": pl.String}).with_row_index("item")
    return lists.join(rows, on="user_id").join(codes, on="item_id").select("row", "place", pl.col("item").cast(pl.Int32))


def memory_bytes(release: Release) -> pl.DataFrame:
    """user_id, bytes: all that a release holds of each user, counted as UTF-8 text and eight bytes for each number."""
    parts = [_table_bytes(release.table(name)) for name in USER_TABLES]
    return pl.concat(parts).group_by("user_id").agg(pl.col("bytes").sum()).sort("user_id")


def _table_bytes(frame: pl.DataFrame) -> pl.DataFrame:
    sizes = [_size(name, dtype) for name, dtype in frame.schema.items() if name != "user_id"]
    return frame.select("user_id", pl.sum_horizontal(sizes).alias("bytes"))


def _size(name: str, dtype: pl.DataType) -> pl.Expr:
    """Bytes of a column's values."""
    if dtype == pl.String:
        return pl.col(name).str.len_bytes().fill_null(0).cast(pl.Int64)
    if dtype == pl.List(pl.String):
        return pl.col(name).list.eval(pl.element().str.len_bytes()).list.sum().fill_null(0).cast(pl.Int64)
    if isinstance(dtype, pl.List):
        return pl.col(name).list.len().fill_null(0).cast(pl.Int64) * 8
    return pl.lit(8, pl.Int64)
