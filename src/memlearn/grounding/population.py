"""Sums over all users, from rows of the months before the boundary: what shares of the population are checked against."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from memlearn.duck import Connection, fetch, open_database
from memlearn.grounding.events import BANDS, create_events
from memlearn.grounding.tables import FactTables

SCHEMA = {
    "what": pl.String,
    "dim": pl.String,
    "key": pl.String,
    "other": pl.String,
    "month": pl.Int32,
    "n": pl.Int64,
    "of": pl.Int64,
    "users": pl.Int64,
}
"""what: `key` (purchases), `offer` (answers of exposures), `band`, `returns`, `discounts`, `with`, `after`, `pair` (days of a key)."""

_MOST_PER_DAY = 30


def sum_population(tables: FactTables, pair_dims: Iterable[str] = ()) -> pl.DataFrame:
    """Sum the rows of some users; sums of disjoint users add up (`add_sums`).

    Args:
        tables: the rows, items and settings.
        pair_dims: dimensions whose keys are counted in pairs.

    Returns:
        The columns of `SCHEMA`; a row with a month counts that month, others all months.
    """
    with open_database(memory_limit="2GB") as connection:
        dims = create_events(connection, tables, returns=False)
        connection.execute(f"create temp view past as select * from event where month < {tables.settings.boundary}")
        offers = {"item": "item_id", **{name: column for name, column in dims.items() if f"level_{name}" in tables.items.columns}}
        queries = [_whole(), *_bands(), *_rates()]
        queries += [query for name, column in dims.items() for query in _keys(name, column)]
        queries += [_offers("", "''"), *(_offers(name, column) for name, column in offers.items())]
        parts = [fetch(connection, query) for query in queries]
        parts += [_pairs(connection, dim, dims[dim], tables.settings.sampling) for dim in sorted(set(pair_dims)) if dim in dims]
    return add_sums(pl.concat([pl.DataFrame(schema=SCHEMA), *(_fitted(part) for part in parts)]))


def add_sums(sums: pl.DataFrame) -> pl.DataFrame:
    """Add up the sums of disjoint users."""
    return sums.group_by("what", "dim", "key", "other", "month").agg(pl.col("n", "of", "users").sum())


def _fitted(part: pl.DataFrame) -> pl.DataFrame:
    return part.select((pl.col(name) if name in part.columns else pl.lit(None).alias(name)).cast(dtype) for name, dtype in SCHEMA.items())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _whole() -> str:
    return "select 'key' as what, '' as dim, '' as key, month, count(*) as n from past where purchase group by month"


def _keys(name: str, column: str) -> list[str]:
    counted = f"select 'key' as what, {_literal(name)} as dim, {column} as key, "
    bought = f"from past where purchase and {column} is not null group by {column}"
    whole = f"{counted} count(*) as n, count(distinct user_hash) as users {bought}"
    return [whole] if name == "item" else [whole, f"{counted} month, count(*) as n {bought}, month"]


def _bands() -> list[str]:
    return [
        f"""select 'band' as what, 'time_of_week' as dim, '{name}' as key, count(*) filter ({known} and ({inside})) as n,
            count(*) filter ({known}) as of, count(distinct user_hash) filter ({known} and ({inside})) as users from past where purchase"""
        for name, (known, inside) in BANDS.items()
    ]


def _offers(name: str, column: str) -> str:
    """Of each user and item at most as many answers as exposures."""
    single = f"""select user_hash, item_id, {column} as key, count(*) filter (answer) as answered, count(*) filter (exposure) as shown
        from past where (answer or exposure) and item_id is not null and {column} is not null group by all"""
    return f"""select 'offer' as what, {_literal(name)} as dim, key, sum(least(answered, shown)) as n, sum(shown) as of,
        count(distinct user_hash) as users from ({single}) where shown > 0 group by key"""


def _rates() -> list[str]:
    return [
        "select 'returns' as what, count(*) filter (returned) as n, count(*) filter (purchase) as of, "
        "count(distinct user_hash) filter (purchase) as users from past",
        "select 'discounts' as what, count(*) filter (reduced) as n, count(*) as of, count(distinct user_hash) as users "
        "from past where purchase and priced",
    ]


def _pairs(connection: Connection, dim: str, column: str, sampling: int) -> pl.DataFrame:
    """Days on which a sampled user bought a key, two keys, or one key and on the next day with purchases another."""
    connection.execute(
        f"""create or replace temp table visit as
        select user_hash, day, key, dense_rank() over (partition by user_hash order by day) as visit from (
            select distinct user_hash, day, {column} as key from past where purchase and {column} is not null and user_hash % {sampling} = 0
            qualify dense_rank() over (partition by user_hash, day order by {column}) <= {_MOST_PER_DAY}
        )"""
    )
    counted = "count(*) as n, count(distinct a.user_hash) as users from visit a"
    queries = [
        f"select 'with' as what, a.key, b.key as other, {counted} join visit b on a.user_hash = b.user_hash and a.day = b.day and a.key < b.key group by all",
        f"select 'after' as what, a.key, b.key as other, {counted} join visit b on a.user_hash = b.user_hash and b.visit = a.visit + 1 and a.key <> b.key group by all",
        "select 'pair' as what, key, count(*) as n from visit group by key",
        "select 'pair' as what, null as key, count(distinct (user_hash, day)) as n from visit",
    ]
    return pl.concat([_fitted(fetch(connection, query)) for query in queries]).with_columns(pl.lit(dim).alias("dim"))
