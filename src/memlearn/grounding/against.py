"""What all users do, beside what a fact says of one user; and facts about all users."""

from __future__ import annotations

import polars as pl

from memlearn.grounding.values import Definition, Value

_RATES = ("returns", "discounts")


def population_of(facts: pl.DataFrame, sums: pl.DataFrame, min_users: int) -> pl.Series:
    """The share or rate of all users that each fact is judged against; null where fewer than `min_users` users are behind it.

    Args:
        facts: kind, dim, key.
        sums: as of `sum_population`.
        min_users: fewest users.
    """
    whole = sums.filter(pl.col("month").is_null() & pl.col("other").is_null())
    enough = pl.col("users") >= min_users
    keys = whole.filter((pl.col("what") == "key") & (pl.col("dim") != ""))
    keys = (
        keys.with_columns((pl.col("n") / pl.col("n").sum().over("dim")).alias("p"))
        .filter(enough)
        .select(pl.lit("likes").alias("kind"), "dim", "key", "p")
    )
    bands = whole.filter((pl.col("what") == "band") & enough & (pl.col("of") > 0)).select(
        pl.lit("time_habit").alias("kind"), "dim", "key", _rate("n")
    )
    offers = whole.filter((pl.col("what") == "offer") & enough & (pl.col("of") > 0)).select(
        "dim", "key", _rate(pl.min_horizontal("n", "of"))
    )
    overall = offers.filter(pl.col("dim") == "")["p"]
    both = [offers.select(pl.lit(kind).alias("kind"), "dim", "key", "p") for kind in ("offer_answers", "offer_ignores")]
    rates = whole.filter(pl.col("what").is_in(_RATES) & enough & (pl.col("of") > 0)).select(
        pl.col("what").alias("kind"), _rate("n").alias("p_all")
    )
    found = facts.select("kind", "dim", "key").join(
        pl.concat([keys, bands, *both]), on=["kind", "dim", "key"], how="left", maintain_order="left"
    )
    found = found.join(rates, on="kind", how="left", maintain_order="left")
    fallback = (
        pl.when(pl.col("kind").str.starts_with("offer_")).then(pl.lit(overall[0] if len(overall) else 0.0)).otherwise(pl.col("p_all"))
    )
    return found.select(pl.coalesce("p", fallback).alias("population"))["population"]


def _rate(hits: str | pl.Expr) -> pl.Expr:
    return ((pl.col(hits) if isinstance(hits, str) else hits) / pl.col("of")).alias("p")


def shared_figures(facts: pl.DataFrame, sums: pl.DataFrame, min_users: int) -> pl.DataFrame:
    """Add to facts about all users the figures that they are checked against.

    Args:
        facts: kind, dim, key, the arguments, and `month` as a number.
        sums: as of `sum_population`.
        min_users: fewest users.
    """
    bought = sums.filter((pl.col("what") == "key") & (pl.col("dim") != ""))
    whole = (
        bought.filter(pl.col("month").is_null())
        .with_columns(pl.col("n").sum().over("dim").alias("dim_n"))
        .select("dim", "key", "n", "users", "dim_n")
    )
    out = facts.join(
        whole.rename({name: f"k_{name}" for name in ("n", "users", "dim_n")}), on=["dim", "key"], how="left", maintain_order="left"
    )
    out = out.with_columns((pl.col("k_users") >= min_users).fill_null(value=False).alias("enough"))
    out = _with_trend(out, bought, sums)
    out = _with_season(out, bought, sums)
    return _with_pairs(out, sums, min_users)


def _totals(sums: pl.DataFrame) -> pl.DataFrame:
    return sums.filter((pl.col("what") == "key") & (pl.col("dim") == "") & pl.col("month").is_not_null()).select("month", "n")


def _with_trend(facts: pl.DataFrame, bought: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Purchases from the fact's month on, and in as many months before it."""
    totals = _totals(sums)
    newest = pl.lit(totals["month"].max(), pl.Int32)
    trends = facts.filter(pl.col("kind") == "trend").select("claim", "dim", "key", pl.col("month").alias("turn"))
    late = pl.col("month").is_between(pl.col("turn"), newest)
    early = pl.col("month").is_between(2 * pl.col("turn") - newest - 1, pl.col("turn") - 1)
    months = trends.join(bought.filter(pl.col("month").is_not_null()).select("dim", "key", "month", "n"), on=["dim", "key"], how="left")
    of_key = months.group_by("claim").agg(
        pl.col("n").filter(late).sum().alias("t_after"), pl.col("n").filter(early).sum().alias("t_before")
    )
    every = trends.join(totals, how="cross")
    of_all = every.group_by("claim").agg(
        pl.col("n").filter(late).sum().alias("t_after_total"), pl.col("n").filter(early).sum().alias("t_before_total")
    )
    return facts.join(of_key, on="claim", how="left", maintain_order="left").join(of_all, on="claim", how="left", maintain_order="left")


def _with_season(facts: pl.DataFrame, bought: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Purchases in a month of the year, over all years."""
    totals = _totals(sums).with_columns((pl.col("month") % 12 + 1).alias("of_year"))
    year = totals.group_by("of_year").agg(pl.col("n").sum().alias("s_total"))
    placed = bought.filter(pl.col("month").is_not_null()).with_columns((pl.col("month") % 12 + 1).alias("of_year"))
    of_key = placed.group_by("dim", "key", "of_year").agg(pl.col("n").sum().alias("s_n"))
    with_month = facts.with_columns(
        pl.col("c_month_of_year").cast(pl.Int32, strict=False).alias("of_year"), pl.lit(totals["n"].sum()).alias("s_everything")
    )
    return with_month.join(of_key, on=["dim", "key", "of_year"], how="left", maintain_order="left").join(
        year, on="of_year", how="left", maintain_order="left"
    )


def _with_pairs(facts: pl.DataFrame, sums: pl.DataFrame, min_users: int) -> pl.DataFrame:
    pairs = sums.filter(pl.col("what").is_in(["with", "after"])).select(
        pl.col("what").alias("kind"),
        "dim",
        "key",
        pl.col("other").alias("other_key"),
        pl.col("n").alias("p_n"),
        pl.col("users").alias("p_users"),
    )
    days = sums.filter(pl.col("what") == "pair")
    single = days.filter(pl.col("key").is_not_null()).select("dim", "key", pl.col("n").alias("p_key_n"))
    whole = days.filter(pl.col("key").is_null()).select("dim", pl.col("n").alias("p_days"))
    out = facts.join(pairs, on=["kind", "dim", "key", "other_key"], how="left", maintain_order="left").join(
        single, on=["dim", "key"], how="left", maintain_order="left"
    )
    out = out.join(single.rename({"key": "other_key", "p_key_n": "p_other_n"}), on=["dim", "other_key"], how="left", maintain_order="left")
    return out.join(whole, on="dim", how="left", maintain_order="left").with_columns(
        (pl.col("p_users") >= min_users).fill_null(value=False).alias("pair_enough")
    )


def _of(**columns: str) -> tuple[Value, ...]:
    return tuple(Value(name, pl.col(column).fill_null(0)) for name, column in columns.items())


_TOO_FEW = "fewer users are behind it than the config asks for"
_TREND = pl.col("t_after") * pl.col("t_before_total"), pl.col("t_before") * pl.col("t_after_total")
_FACTOR = (pl.col("s_n") / pl.col("s_total")) / (pl.col("k_n") / pl.col("s_everything"))
_LIFT = pl.col("p_n") * pl.col("p_days") / (pl.col("p_key_n") * pl.col("p_other_n"))
_PAIR = Definition(
    (*_of(n="p_n", users="p_users"), Value("other", pl.col("c_other"), "text"), Value("lift", _LIFT, "share", 4)),
    ((pl.col("pair_enough"), _TOO_FEW), (_LIFT > 1, "the two come together no more often than by chance")),
    population=True,
)
SHARED_DEFINITIONS: dict[str, Definition] = {
    "popular": Definition(_of(n="k_n", of="k_dim_n", users="k_users"), ((pl.col("enough"), _TOO_FEW),), population=True),
    "trend": Definition(
        (
            Value("month", pl.when(pl.col("month").is_not_null()).then(pl.col("c_month")), "text"),
            *_of(after="t_after", after_total="t_after_total", before="t_before", before_total="t_before_total"),
        ),
        ((pl.col("enough"), _TOO_FEW), (_TREND[0] != _TREND[1], "its share did not change")),
        population=True,
    ),
    "season": Definition(
        (
            Value("month_of_year", pl.when(pl.col("of_year").is_between(1, 12)).then(pl.col("of_year"))),
            *_of(n="s_n", total="s_total", all_n="k_n"),
            Value("factor", _FACTOR, "share", 4),
        ),
        ((pl.col("enough"), _TOO_FEW), (_FACTOR > 1, "its share is not larger in that month")),
        population=True,
    ),
    "with": _PAIR,
    "after": _PAIR,
}
"""Facts about all users."""
