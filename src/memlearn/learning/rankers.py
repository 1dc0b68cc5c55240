"""What ranks, trained by the runs that learn everybody; what training takes is loaded by them alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from memlearn.learning.embedded.pairs import sample_modulus
from memlearn.learning.job import Job
from memlearn.learning.ranker.visits import ranker_modulus
from memlearn.learning.scope import Scope
from memlearn.learning.tables import Tables, held_items

if TYPE_CHECKING:
    from memlearn.learning.offers.config import OfferTraining
    from memlearn.learning.ranker.config import RankerTraining


def one_in(scope: Scope, settings: RankerTraining | OfferTraining) -> int | None:
    """One in how many users a ranker learns from; None where none is trained."""
    return ranker_modulus(sample_modulus(scope.extent.users), settings.users) if settings.train and scope.full else None


def train_ranker_of(job: Job, tables: Tables, scope: Scope, parts: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
    """Train the ranker of what users buy, unless the current release's was trained on the same.

    Args:
        job: what is learned.
        tables: the catalogue.
        scope: of the run.
        parts: what the fold of each shard left of visits.

    Returns:
        The shared table `ranker`; None where nothing that may be recommended was bought.
    """
    if not any(map(len, parts)):
        return None
    from memlearn.learning.ranker.gathered import gather_visits
    from memlearn.learning.ranker.stage import learn_ranker

    visits, learning = gather_visits(parts), job.learning
    job.report("ranker", 0, 1, f"{len(visits.history)} purchases of {visits.history.users} users")
    earlier = scope.load_shared(job.layout, "ranker")
    ranker = learn_ranker(
        visits, tables.catalogue.items, job.levels, learning.ranker, held_items(job, tables), job.shared.min_users, earlier
    )
    if ranker is earlier:
        told = "the purchases that it learns from are the same, so that it stands"
    else:
        told = "trained" if len(ranker) else "too few visits to learn from"
    job.report("ranker", 1, 1, told)
    return ranker


def train_offers_of(
    job: Job, tables: Tables, scope: Scope, population: pl.DataFrame, parts: Sequence[pl.DataFrame], visits: Sequence[pl.DataFrame]
) -> pl.DataFrame | None:
    """Train the ranker of offers.

    Args:
        job: what is learned.
        tables: the catalogue.
        scope: of the run.
        population: sums over all users.
        parts: what the fold of each shard left of sends.
        visits: and of purchases of what offers apply to, and of what is like it.

    Returns:
        The shared table `offer_ranker`; None where nothing was sent, and of no offer it is known what it applies to.
    """
    if not any(map(len, parts)) and tables.applies.is_empty():
        return None
    from memlearn.learning.offers.stage import train_offers

    return train_offers(job, tables, population, parts, visits, scope.offers_end_us)
