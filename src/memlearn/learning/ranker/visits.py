"""Which items users bought on which days: what the fold leaves for the ranker."""

from __future__ import annotations

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Catalogue
from memlearn.learning.embedded.pairs import SAMPLE_USERS
from memlearn.learning.ranker.facts import ITEM

SCHEMA = pl.Schema({"user_hash": pl.UInt64, "day": pl.Int32, "item_id": pl.String})


def ranker_modulus(pairs_modulus: int, users: int) -> int:
    """One user in so many is learned from; a function of how many are sampled for pairs, so that both change together.

    Args:
        pairs_modulus: of `sample_modulus`.
        users: how many users to learn from, about.
    """
    return max(1, pairs_modulus // max(1, users // SAMPLE_USERS))


def recommended_items(catalogue: Catalogue) -> pl.Series:
    """Ids of the items that may be recommended."""
    return catalogue.items.filter(pl.col("recommend").fill_null(value=False))["item_id"]


def visits_of(rows: Annotated, recommended: pl.Series, boundary: int, modulus: int) -> pl.DataFrame:
    """The items that may be recommended and that sampled users bought, each once a day.

    Args:
        rows: a shard's rows.
        recommended: ids of the items that may be recommended.
        boundary: months before this one count.
        modulus: one user in so many is sampled, by their stable hash.

    Returns:
        user_hash, day, item_id; no row twice.
    """
    dimension = next((dimension for dimension in rows.dimensions if dimension.name == ITEM), None)
    if dimension is None or recommended.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    hashes = rows.users["user_hash"].to_numpy()
    fitting = np.append(dimension.labels.cast(pl.String).is_in(recommended.implode()).to_numpy(), False)
    chosen = hashes % np.uint64(modulus) == 0
    at = np.flatnonzero(chosen[rows.user] & rows.purchase & (rows.month < boundary) & (dimension.codes != NO_KEY))
    at = at[fitting[dimension.codes[at]]]
    bought = pl.DataFrame({"user": rows.user[at], "day": rows.day[at].astype(np.int32), "code": dimension.codes[at]}).unique()
    return bought.select(
        pl.Series("user_hash", hashes[bought["user"].to_numpy()]),
        "day",
        dimension.labels.cast(pl.String).gather(bought["code"]).alias("item_id"),
    )
