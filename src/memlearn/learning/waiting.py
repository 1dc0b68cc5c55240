"""Whom the next run for everybody has to learn: users whose rows are read already, as after a run that named others."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from memlearn.store import StoreLayout, read_apart
from memlearn.store.ledger import Ledger
from memlearn.store.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Waiting:
    """Users who wait to be learned.

    Args:
        users: how many.
        apart: how many of them the current release holds as learned apart from everybody else.
        since_us: time of the first event that was read and is not learned with everybody; None where no events but something else given changed.
    """

    users: int
    apart: int
    since_us: int | None


def find_waiting(ledger: Ledger, layout: StoreLayout, current: Manifest | None) -> Waiting | None:
    """Who waits; None where nobody does.

    Args:
        ledger: the books.
        layout: the store.
        current: the current release.

    Raises:
        DamagedError: the list of users who were learned apart is missing or damaged.
    """
    dirty = ledger.fetch("select user_id, since_us from dirty")
    if dirty.is_empty():
        return None
    learned = [] if current is None else read_apart(layout, current).users["user_id"].to_list()
    since = dirty["since_us"].min()
    return Waiting(len(dirty), dirty.filter(pl.col("user_id").is_in(learned)).height, since if isinstance(since, int) else None)
