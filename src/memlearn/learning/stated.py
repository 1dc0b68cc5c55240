"""What is given about persons, and which of it may be stated."""

from __future__ import annotations

import polars as pl

from memlearn.learning.embedded.render.words import is_nested
from memlearn.learning.job import Job
from memlearn.learning.tables import Tables
from memlearn.memory.sensitive import is_sensitive


def stated_persons(job: Job, tables: Tables) -> pl.DataFrame:
    """user_id, attribute, value, stated: of all users; `stated` where it may be stated.

    Args:
        job: what is learned.
        tables: what is given.
    """
    may = ~pl.col("attribute").is_in(list(tables.sensitive))
    harmless = ~is_sensitive(tables.persons["value"], job.sensitive) & ~is_sensitive(tables.persons["attribute"], job.sensitive)
    return tables.persons.with_columns((may & harmless & ~is_nested(pl.col("value"))).alias("stated"))
