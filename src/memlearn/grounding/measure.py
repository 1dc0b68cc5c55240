"""What the rows say to each claim about a user: SQL over whole tables, many users at once.

A claim is a number, a user, a kind of fact and what the fact is about. Nothing here knows what the fact claims.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from polars import selectors

from memlearn.duck import Connection, fetch, open_database
from memlearn.grounding.citations import check_citations
from memlearn.grounding.events import BANDS, create_events, register
from memlearn.grounding.tables import FactTables

CLAIM_SCHEMA: dict[str, pl.DataType] = {
    "claim": pl.Int64(),
    "user_id": pl.String(),
    "kind": pl.String(),
    "dim": pl.String(),
    "key": pl.String(),
    "other": pl.String(),
    "month": pl.Int32(),
    "low": pl.Int32(),
    "high": pl.Int32(),
    "rows": pl.List(pl.String()),
}
"""other: the key that a user moved from; month: of a change; low and high: first and last month (1 to 12) of a season."""

# Gaps from 60 % to 140 % of the median gap fit a habit; the months of a season are counted round the year.
_FITS = "10 * gap between 6 * median and 14 * median"
_IN_SEASON = "((e.month % 12) + 1 - c.low + 12) % 12 <= (c.high - c.low + 12) % 12"


def measure(claims: pl.DataFrame, tables: FactTables) -> pl.DataFrame:
    """Compute from rows what claims about users are checked against.

    Args:
        claims: the columns of `CLAIM_SCHEMA`.
        tables: rows and items.

    Returns:
        One row for each claim: `claim`, and a column for each figure, null where the rows say nothing to it.
    """
    with open_database(memory_limit="2GB") as connection:
        dims = create_events(connection, tables)
        users = tables.rows.select("user_id", "user_hash").unique()
        register(connection, "given", claims.join(users, on="user_id", how="left"))
        connection.execute("create temp table claim as select * from given")
        _create_hits(connection, dims)
        queries = [_counts(), _habits(), _users(), _months(), _dim_totals(dims), _bands(), _offers(), _money(), _spending_changes()]
        found = claims.select("claim")
        for query in queries:
            # Sums of 64-bit integers have 128 bits in SQL; all of these are counts and amounts that fit.
            figures = fetch(connection, query).with_columns(selectors.decimal().cast(pl.Int64))
            found = found.join(figures, on="claim", how="left", maintain_order="left")
        return found.join(check_citations(connection, claims, tables.kept_rows), on="claim", how="left", maintain_order="left")


def _create_hits(connection: Connection, dims: Mapping[str, str]) -> None:
    """`hit`: the events of each claim's key, and for moves (`old`) those of the key moved from."""
    parts = []
    for name, column in dims.items():
        dim = "'" + name.replace("'", "''") + "'"
        for side, key in (("false", "key"), ("true", "other")):
            parts.append(
                f"""select c.claim, {side} as old, e.row_id, e.item_id, e.day, e.month, e.purchase, e.returned, e.exposure, e.answer, e.weak_exposure,
                    e.weak_interval from claim c join event e on c.user_hash = e.user_hash and c.{key} = e.{column} where c.dim = {dim}"""
            )
    connection.execute(f"create temp table hit as {' union all '.join(parts)}")


def _counts() -> str:
    bought, old = "purchase and not old", "purchase and old"
    return f"""
        select c.claim, count(*) filter ({bought}) as n, count(*) filter (returned and not old) as returned, count(distinct e.day) filter ({bought}) as days,
            min(e.day) filter ({bought})::varchar as first, max(e.day) filter ({bought})::varchar as last,
            count(*) filter ({bought} and e.month < c.month) as before, count(*) filter ({bought} and e.month >= c.month) as after,
            count(*) filter ({old} and e.month < c.month) as from_before, count(*) filter ({old} and e.month >= c.month) as from_after,
            count(*) filter ({bought} and {_IN_SEASON}) as in_season,
            count(*) filter ({bought} and e.month % 12 + 1 = c.low) as in_low, count(*) filter ({bought} and e.month % 12 + 1 = c.high) as in_high,
            count(*) filter ({bought} and weak_interval) as weak_intervals
        from claim c join hit e using (claim) group by c.claim
        """


def _habits() -> str:
    return f"""
        with bought as (select distinct claim, day from hit join claim using (claim) where claim.kind = 'habit' and purchase and not old),
        apart as (select claim, day - lag(day) over (partition by claim order by day) as gap from bought),
        ranked as (
            select claim, gap, row_number() over (partition by claim order by gap) as place, count(*) over (partition by claim) as gaps
            from apart where gap is not null
        ),
        middle as (select claim, min(gap) as median from ranked where 2 * place >= gaps group by claim)
        select claim, any_value(gaps) as gaps, count(*) filter ({_FITS}) as fitting,
            (2 * sum(gap) filter ({_FITS}) + count(*) filter ({_FITS})) // (2 * count(*) filter ({_FITS})) as every_days
        from ranked join middle using (claim) group by claim
        """


def _users() -> str:
    return """
        with whole as (
            select user_hash, count(*) as user_n, count(distinct day) as user_days, min(day) as user_first, max(day) as user_last,
                count(*) filter (priced) as priced, count(*) filter (priced and reduced) as reduced
            from event where purchase group by user_hash
        )
        select claim, user_n, user_days, user_first::varchar as user_first, user_last::varchar as user_last, priced, reduced
        from claim join whole using (user_hash)
        """


def _months() -> str:
    """All purchases of the claim's user before and after its month, and in its season."""
    return f"""
        with monthly as (select user_hash, month, count(*) as n from event where purchase group by user_hash, month)
        select c.claim, coalesce(sum(n) filter (e.month < c.month), 0)::bigint as user_before, coalesce(sum(n) filter (e.month >= c.month), 0)::bigint as user_after,
            coalesce(sum(n) filter ({_IN_SEASON}), 0)::bigint as user_in_season
        from claim c join monthly e using (user_hash) where c.kind in ('started', 'stopped', 'season') group by c.claim
        """


def _dim_totals(dims: Mapping[str, str]) -> str:
    """All purchases of the user that have a key in the claim's dimension."""
    cases = " ".join("when '" + name.replace("'", "''") + f"' then {column}" for name, column in dims.items())
    sums = ", ".join(f"count({column}) as {column}" for column in dims.values())
    return f"""
        with totals as (select user_hash, {sums} from event where purchase group by user_hash)
        select claim, case dim {cases} end as of_dim from claim join totals using (user_hash)
        """


def _bands() -> str:
    sums = ", ".join(
        f"count(*) filter ({known} and ({inside})) as in_{name}, count(*) filter ({known}) as of_{name}"
        for name, (known, inside) in BANDS.items()
    )
    hits, trials = (" ".join(f"when '{name}' then {part}_{name}" for name in BANDS) for part in ("in", "of"))
    return f"""
        with timed as (select user_hash, {sums} from event where purchase group by user_hash)
        select claim, case key {hits} end as in_band, case key {trials} end as of_band from claim join timed using (user_hash) where kind = 'time_habit'
        """


def _offers() -> str:
    """Offers shown, and answers; an offer is answered at most as often as it was shown."""
    return """
        with single as (
            select claim, item_id, count(*) filter (exposure) as shown, count(*) filter (answer) as answered, count(*) filter (weak_exposure) as weak_shown
            from hit where not old and item_id is not null and (exposure or answer) group by claim, item_id
        )
        select claim, sum(shown)::bigint as shown, sum(least(answered, shown))::bigint as answered, sum(weak_shown)::bigint as weak_shown from single group by claim
        """


def _money() -> str:
    """Net amounts of the claim's currency."""
    return """
        select claim, count(*) filter (purchase) as paid_n, sum(e.amount)::bigint as amount, (2 * sum(e.amount) + paid_n) // nullif(2 * paid_n, 0) as mean
        from claim c join event e on c.user_hash = e.user_hash and c.key = e.currency
        where c.dim = 'currency' and paid and (purchase or returned) group by claim
        """


def _spending_changes() -> str:
    """Mean net amount a month on both sides of the claim's month, of the months between the first and the last one with payments."""
    return """
        with monthly as (
            select claim, c.month as turn, e.month, sum(e.amount)::bigint as amount
            from claim c join event e on c.user_hash = e.user_hash and c.key = e.currency
            where c.kind = 'spending_change' and paid and (purchase or returned) group by claim, c.month, e.month
        ),
        ends as (select claim, min(month) as low, max(month) as high from monthly group by claim),
        sums as (
            select claim, any_value(turn - low - 1) as months_before, any_value(high - turn) as months_after,
                coalesce(sum(amount) filter (month > low and month < turn), 0) as before, coalesce(sum(amount) filter (month < high and month >= turn), 0) as after
            from monthly join ends using (claim) group by claim
        )
        select claim, months_before, months_after, (2 * before + months_before) // nullif(2 * months_before, 0) as mean_before,
            (2 * after + months_after) // nullif(2 * months_after, 0) as mean_after
        from sums
        """
