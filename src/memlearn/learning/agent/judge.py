"""The checker of a run: the names of the catalogue read once, for the lines of all users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from memlearn.grounding.freetext import KnownNames
from memlearn.learning.agent.check import Checker
from memlearn.learning.agent.stances import read_stances
from memlearn.learning.agent.world import Worlds, catalogue_items
from memlearn.learning.job import Job
from memlearn.learning.suppressed import find_suppressed
from memlearn.learning.tables import Tables
from memlearn.memory.sensitive import SensitiveConfig
from memlearn.sources.config import MerchantConfig
from memlearn.sources.merchant_names import word_table


def checker_of(job: Job, tables: Tables) -> Checker:
    """The checker of a run."""
    suppressed = find_suppressed(job.sensitive, tables.catalogue).suppressed
    return make_checker(
        tables.catalogue.items,
        tables.statements,
        job.sensitive,
        suppressed=suppressed,
        weak=job.weak,
        names=merchant_categories(job.context.merchants) if any(source.merchants for source in job.events.values()) else (),
    )


def make_checker(
    items: pl.DataFrame,
    statements: pl.DataFrame,
    sensitive: SensitiveConfig,
    *,
    suppressed: pl.DataFrame | None = None,
    names: Sequence[str] = (),
    weak: Mapping[str, Sequence[str]] | None = None,
) -> Checker:
    """A checker.

    Args:
        items: canonical items.
        statements: canonical operator statements in force.
        sensitive: what is never stated.
        suppressed: dim, label of keys that must not be stated by what they belong to.
        names: that exist beside those of the items. Never those of other users' rows: whether a name is known would tell of them.
        weak: source → what its rows are no evidence for.
    """
    named = catalogue_items(items)
    titles = dict(named.select(pl.col("item_id").cast(pl.String), pl.col("name").cast(pl.String)).drop_nulls().iter_rows())
    keys = frozenset() if suppressed is None else frozenset(suppressed.select("dim", "label").iter_rows())
    return Checker(Worlds(named, KnownNames.of(named, names), sensitive, keys, weak or {}), titles, read_stances(statements))


def merchant_categories(config: MerchantConfig) -> tuple[str, ...]:
    """All categories that merchants may have, and the names that aliases stand for."""
    return tuple(sorted({*word_table().values(), *config.categories.values(), *config.aliases.values()}))
