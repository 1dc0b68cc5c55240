"""Facts as published (JSON) to columns: what each kind of fact must say, and nothing else."""

from __future__ import annotations

import polars as pl

from memlearn.duck import fetch, open_database
from memlearn.grounding.events import register
from memlearn.grounding.measure import CLAIM_SCHEMA

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "person": ("value",),
    "activity": ("n", "days", "first", "last"),
    "spending": ("n", "amount", "mean"),
    "likes": ("n", "of", "share", "population_share", "first", "last"),
    "habit": ("n", "every_days", "fitting", "gaps", "first", "last", "next"),
    "time_habit": ("n", "of", "share", "population_share"),
    "season": ("first_month", "last_month", "n", "of"),
    "offer_answers": ("answered", "shown", "rate", "population_rate"),
    "offer_ignores": ("answered", "shown", "rate", "population_rate"),
    "discounts": ("n", "of", "population_rate"),
    "returns": ("returned", "of", "population_rate"),
    "moved": ("from", "month", "from_before", "from_after", "to_before", "to_after"),
    "started": ("n", "before", "after", "month", "user_before", "user_after", "first", "last"),
    "stopped": ("n", "before", "after", "month", "user_before", "user_after", "first", "last"),
    "spending_change": ("month", "before", "after", "months_before", "months_after"),
    "stance": ("stance", "until"),
}
"""Arguments of the facts about users, beside kind, dim and key."""

SHARED_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "popular": ("n", "of", "users"),
    "trend": ("month", "after", "after_total", "before", "before_total"),
    "season": ("month_of_year", "n", "total", "all_n", "factor"),
    "with": ("other", "n", "users", "lift"),
    "after": ("other", "n", "users", "lift"),
    "passage": ("document", "headings", "start", "end", "quote"),
}
"""Arguments of the facts about all users, and of quotations."""


def parse_facts(facts: pl.DataFrame) -> pl.DataFrame:
    """Read the JSON of facts.

    Args:
        facts: `claim` and `fact`.

    Returns:
        claim, kind, dim, key, names (the arguments there are, sorted), and every argument as text in a column `c_<name>`; kind is null
        where the JSON is not a fact.
    """
    names = sorted({name for arguments in (*ARGUMENTS.values(), *SHARED_ARGUMENTS.values()) for name in arguments})
    paths = ", ".join(f"'$.{name}'" for name in ("kind", "dim", "key", *names))
    columns = ", ".join(f'parts[{number}] as "c_{name}"' for number, name in enumerate(names, start=4))
    with open_database() as connection:
        register(connection, "facts", facts.select("claim", "fact"))
        return fetch(
            connection,
            f"""
            with valid as (select claim, case when json_valid(fact) and json_type(fact) = 'OBJECT' then fact end as fact from facts),
            parsed as (select claim, json_extract_string(fact, [{paths}]) as parts, list_sort(json_keys(fact)) as names from valid)
            select claim, parts[1] as kind, parts[2] as dim, parts[3] as key, names, {columns} from parsed order by claim
            """,
        )


def arguments_fit(shared: pl.Expr) -> pl.Expr:
    """True where a fact has exactly the arguments of its kind.

    Args:
        shared: true for facts about all users.
    """
    fitting = pl.lit(value=False)
    for table, of_all in ((ARGUMENTS, False), (SHARED_ARGUMENTS, True)):
        for kind, arguments in table.items():
            wanted = ",".join(sorted(("kind", "dim", "key", *arguments)))
            fitting = (
                pl.when((pl.col("kind") == kind) & (shared == of_all)).then(pl.col("names").list.join(",") == wanted).otherwise(fitting)
            )
    return fitting


def month_number(name: str) -> pl.Expr:
    """A month such as `2026-06` as year * 12 + month - 1; null where it is none."""
    parts = pl.col(name).str.extract_groups(r"^(\d{4})-(0[1-9]|1[0-2])$")
    return parts.struct.field("1").cast(pl.Int32) * 12 + parts.struct.field("2").cast(pl.Int32) - 1


def to_claims(parsed: pl.DataFrame) -> pl.DataFrame:
    """What `measure` needs of facts about users.

    Args:
        parsed: `parse_facts`, with user_id and rows.
    """
    small = {"low": "c_first_month", "high": "c_last_month"}
    # What is no month of the year matches no row, and so no figure.
    months = [pl.col(name).cast(pl.Int32, strict=False).alias(alias) for alias, name in small.items()]
    found = parsed.with_columns(pl.col("c_from").alias("other"), month_number("c_month").alias("month"), *months)
    return found.select(list(CLAIM_SCHEMA)).cast(pl.Schema(CLAIM_SCHEMA))
