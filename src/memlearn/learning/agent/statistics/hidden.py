"""Which keys no statistic is told of: those that belong to what is never stated of a user, and items that no name tells apart."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.agent.statistics.layout import Telling
from memlearn.learning.embedded.annotate import NO_KEY, Annotated
from memlearn.learning.embedded.state import WHOLE, State
from memlearn.memory.sensitive import SensitiveConfig, is_sensitive

Flags = NDArray[np.bool_]


def private_rows(rows: Annotated, telling: Telling, sensitive: SensitiveConfig, suppressed: frozenset[tuple[str, str]]) -> Flags:
    """The rows of which nothing may be inferred: a key of theirs is sensitive by its name, or belongs to one that is.

    Args:
        rows: of some users.
        telling: the items' names.
        sensitive: what is never stated.
        suppressed: (dim, key) of keys that must not be stated by what they belong to.
    """
    private = np.zeros(len(rows), dtype=np.bool_)
    for dimension in rows.dimensions:
        if dimension.name == WHOLE:
            continue
        codes = np.unique(dimension.codes[dimension.codes != NO_KEY])
        labels = dimension.labels.gather(codes).cast(pl.String)
        names = labels.replace(telling.names) if dimension.name == "item" else labels
        below = [(dimension.name, label) in suppressed for label in labels.to_list()]
        flagged = codes[is_sensitive(names, sensitive).to_numpy() | np.array(below, dtype=np.bool_)]
        if len(flagged):
            private |= np.isin(dimension.codes, flagged)
    return private


def items_of_one_name(state: State, telling: Telling) -> pl.DataFrame | None:
    """u, dim, label of the items that share their name with another one of their user; None where there are none.

    Whoever speaks of the name speaks of all of them, so the figures of one of them can be told in no words.

    Args:
        state: the users' state.
        telling: the items' names.
    """
    number = state.keys.index("item")
    if number is None:
        return None
    bought = state.counts.filter(pl.col("dim") == number).select("u", "key")
    items = pl.concat([bought, state.tables.offers.select("u", "key")]).unique(maintain_order=True)
    labels = state.keys.labels[number].cast(pl.String).alias("label")
    name = labels.replace(telling.names).str.to_lowercase().alias("name")
    if name.n_unique() == len(name):
        return None
    named = items.with_columns(labels.gather(items["key"]), name.gather(items["key"]))
    shared = named.filter(pl.len().over("u", "name") > 1)
    return shared.select("u", pl.lit("item").alias("dim"), "label")


def hidden_keys(rows: Annotated, counted: Flags, private: Flags, attributes: tuple[str, ...]) -> pl.DataFrame | None:
    """u, dim, label of the keys all of whose counted rows are private; None where there are none.

    The keys of attributes are told all the same: a city does not belong to the shop that stands in it.

    Args:
        rows: of some users.
        counted: rows that are counted.
        private: rows of which nothing may be inferred.
        attributes: names of the free attributes.
    """
    if not (private & counted).any():
        return None
    found = []
    for dimension in rows.dimensions:
        if dimension.name in (WHOLE, *attributes):
            continue
        size = len(dimension.labels)
        packed = rows.user.astype(np.int64) * size + dimension.codes
        known = counted & (dimension.codes != NO_KEY)
        alone = np.setdiff1d(packed[known & private], packed[known & ~private])
        labels = dimension.labels.gather(alone % size).cast(pl.String).alias("label")
        users = pl.Series("u", alone // size, dtype=pl.Int64).cast(pl.Int32)
        found.append(pl.DataFrame([users, labels]).select("u", pl.lit(dimension.name).alias("dim"), "label"))
    return pl.concat(found) if found else None
