"""The stage of a learn run that trains the ranker."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

from memlearn.learning.ranker import RANKER_VERSION
from memlearn.learning.ranker.config import RankerTraining
from memlearn.learning.ranker.examples import RankerConfig, Shared
from memlearn.learning.ranker.facts import facts_of
from memlearn.learning.ranker.gathered import Visits
from memlearn.learning.ranker.train import Trained, train_ranker
from memlearn.ranking.history import History
from memlearn.ranking.learned import FEATURES, LEVELS, Ints, LearnedRanker
from memlearn.records import LEVEL_PREFIX
from memlearn.store import SHARED_TABLES

# So many cells of (user, item) are gone through at most when training; with more items fewer users are learned from.
_MOST_CELLS = 1_000_000_000


def learn_ranker(
    visits: Visits,
    items: pl.DataFrame,
    levels: Sequence[str],
    settings: RankerTraining,
    kept: int,
    min_users: int,
    earlier: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Train the ranker, or take the one that was trained on the same.

    Args:
        visits: of the sampled users.
        items: the catalogue, with its `level_*` columns.
        levels: names of the levels, coarse to fine.
        settings: how to train.
        kept: items that memory holds of a user.
        min_users: fewest users behind a figure.
        earlier: the shared table of the current release.

    Returns:
        The shared table `ranker`; no row where there are too few visits to learn from.
    """
    history, config = visits.history, RankerConfig(kept=kept, groups=settings.visits, min_users=min_users)
    names = tuple(level for level in reversed(levels) if LEVEL_PREFIX + level in items.columns)[:LEVELS]
    codes = _level_codes(visits.item_ids, items, names)
    learned_from = _learned_from(visits, codes, config)
    if earlier is not None and len(earlier) and json.loads(earlier["told"][0]).get("learned_from") == learned_from:
        return earlier
    # What all users tell at the end is counted beside the training, which begins on one core.
    with ThreadPoolExecutor(1) as pool:
        counted = pool.submit(lambda: Shared.of(history, facts_of(history, kept), codes, min_users))
        whole, fresh = train_ranker(_fewer(history), codes, config)
        shared = counted.result()
    if whole is None:
        return pl.DataFrame(schema=SHARED_TABLES["ranker"])
    ranker = LearnedRanker(
        visits.item_ids,
        shared.figures,
        shared.companions,
        names,
        whole.model,
        None if fresh is None else fresh.model,
        (whole.training.start, 0.0 if fresh is None else fresh.training.start),
        config.close,
        config.popular,
    )
    content, digest = ranker.to_bytes()
    told = {
        "version": RANKER_VERSION,
        "learned_from": learned_from,
        "users": int(np.count_nonzero(history.baskets_by_user())),
        "items": history.items,
        "features": len(FEATURES),
        "everything": _told(whole),
        "new": None if fresh is None else _told(fresh),
    }
    row = {"digest": [digest], "told": [json.dumps(told, sort_keys=True)], "content": [content]}
    return pl.DataFrame(row, schema=SHARED_TABLES["ranker"])


def _learned_from(visits: Visits, codes: Ints, config: RankerConfig) -> str:
    """A digest of all that the ranker depends on."""
    found = blake2b(repr((RANKER_VERSION, config, visits.item_ids)).encode(), digest_size=16)
    for column in (visits.history.user, visits.history.item, visits.history.time, codes):
        found.update(np.ascontiguousarray(column).tobytes())
    return found.hexdigest()


def _told(trained: Trained) -> dict[str, Any]:
    chosen = {"trees": trained.training.trees, "leaves": trained.training.leaves, "start": trained.training.start}
    return {"visits": trained.groups, "chosen": chosen, "validation_ndcg_at_10": [round(value, 6) for value in trained.validation]}


def _fewer(history: History) -> History:
    """The users to train on: all, or as many as there is time for; every so manieth, so that those left are like the others."""
    most = max(1, _MOST_CELLS // max(history.items, 1))
    step = -(-history.users // most)
    return history if step <= 1 else history.kept(history.user % step == 0)


def _level_codes(item_ids: Sequence[str], items: pl.DataFrame, levels: Sequence[str]) -> Ints:
    """Codes of items in some levels; -1 where an item has no key there."""
    known = pl.DataFrame({"item_id": item_ids}, schema={"item_id": pl.String}).join(
        items.unique("item_id", keep="first", maintain_order=True), on="item_id", how="left", maintain_order="left"
    )
    codes = np.full((len(levels), len(item_ids)), -1, dtype=np.int64)
    for number, level in enumerate(levels):
        column = known[LEVEL_PREFIX + level]
        keys = column.drop_nulls().unique().sort()
        codes[number] = column.cast(pl.String).cast(pl.Enum(keys.cast(pl.String))).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    return codes
