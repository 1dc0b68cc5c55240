"""What is popular with users like this one: the same given attributes, counted over enough users of the release."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from memlearn.ranking import ItemIndex, Popularity, RankingConfig, measure_popularity
from memlearn.store import Release

# The users of a segment are counted on at most so many, the first by id, so that the first answer stays quick.
_MOST_USERS = 2000


def segment_popularity(release: Release, index: ItemIndex, attributes: Mapping[str, str], config: RankingConfig) -> Popularity | None:
    """Count what users with the same attributes buy.

    Attributes are dropped, the last by name first, until enough users share the rest.

    Args:
        release: the release.
        index: its items.
        attributes: attribute → value; only such as may be stated.
        config: how many users there must be.

    Returns:
        None where too few users share even one attribute, or nothing is known of them.
    """
    if not attributes:
        return None
    persons = release.table("persons")
    shared = dict(sorted(attributes.items()))
    while shared:
        users = _sharing(persons, shared)
        if len(users) >= config.segment_users:
            return _measured(release, index, shared, users[:_MOST_USERS], config.min_users)
        shared.popitem()
    return None


def _sharing(persons: pl.DataFrame, attributes: Mapping[str, str]) -> list[str]:
    wanted = pl.DataFrame({"attribute": list(attributes), "value": list(attributes.values())})
    same = persons.join(wanted, on=["attribute", "value"], how="semi").group_by("user_id").agg(pl.col("attribute").n_unique().alias("same"))
    users: list[str] = same.filter(pl.col("same") == len(attributes))["user_id"].sort().to_list()
    return users


def _measured(release: Release, index: ItemIndex, attributes: Mapping[str, str], users: list[str], min_users: int) -> Popularity | None:
    bought = (
        release.table("item_facts", users).filter(pl.col("n") > 0).group_by("dim", "key").agg(pl.col("user_id").n_unique().alias("users"))
    )
    counts: dict[str, dict[str, int]] = {}
    for dim, key, count in bought.filter(pl.col("users") >= min_users).sort("dim", "key").iter_rows():
        counts.setdefault(dim, {})[key] = count
    if not set(counts) & set(index.levels):
        return None
    words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in attributes.items())
    return measure_popularity(index.levels, counts, index.answers.above, f"with users of {words}")
