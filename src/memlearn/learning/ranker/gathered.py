"""The history that the ranker learns from: what the fold of all shards left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from memlearn.learning.ranker.visits import SCHEMA
from memlearn.ranking.history import History, make_history


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """What sampled users bought.

    Args:
        history: users in the order of their hashes, items in that of their ids; a visit is a day, times are days since 1970-01-01.
        item_ids: of the items, sorted.
    """

    history: History
    item_ids: tuple[str, ...]


def gather_visits(parts: Iterable[pl.DataFrame]) -> Visits:
    """Put together what the shards left; the same whatever the shards.

    Args:
        parts: frames of `visits_of`.
    """
    rows = pl.concat([pl.DataFrame(schema=SCHEMA), *parts])
    users, items = rows["user_hash"].unique().sort(), rows["item_id"].unique().sort()
    user = np.searchsorted(users.to_numpy(), rows["user_hash"].to_numpy())
    item = rows["item_id"].cast(pl.Enum(items)).to_physical().to_numpy()
    day = rows["day"].to_numpy().astype(np.float64)
    return Visits(make_history(len(users), len(items), user, day, item, day), tuple(items.to_list()))
