"""What the agent is told of a user's rows so far, counted exactly, so that a model never has to do arithmetic."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from memlearn.learning.agent.rows import escape
from memlearn.learning.agent.step import Statistic
from memlearn.learning.embedded.render.words import money
from memlearn.learning.embedded.state import WHOLE, State
from memlearn.learning.embedded.telling import SINGLE, find_item_facts, top_rows
from memlearn.memory import Fact
from memlearn.sources.currencies import MINOR_DIGITS

# Keys told of each dimension: single items and merchants, and coarser ones.
SINGLE_TOLD, COARSE_TOLD = 10, 4
# A key that was bought once says little more than its row.
_LEAST = 2
_DAY_US = 86_400 * 1_000_000
_NO_OFFERS = pl.DataFrame(schema={"u": pl.Int32, "dim": pl.String, "label": pl.String, "strong": pl.Int64, "answered": pl.Int64})


def tell_statistics(state: State, names: Mapping[str, str]) -> dict[int, tuple[Statistic, ...]]:
    """The statistics of each user, most telling first: all purchases, money, then keys by dimension.

    Args:
        state: joined statistics of the users' rows so far.
        names: item id → name to show.

    Returns:
        User index → statistics; users without purchases are left out.
    """
    told: dict[int, list[Statistic]] = {}
    for part in (_wholes(state), _spent(state), _keys(state, names)):
        for u, text, kind, dim, key, values in part.iter_rows():
            told.setdefault(u, []).append(
                Statistic(text, Fact(kind, dim, key, {name: value for name, value in values.items() if value is not None}))
            )
    return {u: tuple(statistics) for u, statistics in told.items()}


def _wholes(state: State) -> pl.DataFrame:
    whole = state.wholes().sort("u")
    return _as_told(_dated(whole), pl.lit("all"), pl.lit(None, pl.String), pl.lit(None, pl.String))


def _keys(state: State, names: Mapping[str, str]) -> pl.DataFrame:
    facts = find_item_facts(state, _NO_OFFERS).filter((pl.col("dim") != WHOLE) & (pl.col("n") >= _LEAST)).sort("u", "dim", "label")
    dims = facts["dim"].to_list()
    codes = {dim: number for number, dim in enumerate(dict.fromkeys(state.keys.dims))}
    group = facts["u"].to_numpy().astype(np.int64) * len(codes) + np.array([codes[dim] for dim in dims], dtype=np.int64)
    order = np.argsort(group, kind="stable")
    kept = np.array([SINGLE_TOLD if dims[at] in SINGLE else COARSE_TOLD for at in order], dtype=np.int64)
    top = order[top_rows(group[order], facts["n"].to_numpy().astype(np.int64)[order], kept)]
    rank = pl.col("dim").replace_strict(codes, return_dtype=pl.Int64)
    chosen = facts[np.sort(top)].sort("u", rank, pl.col("n"), "label", descending=[False, False, True, False])
    days = [(pl.col(f"{name}_us") // _DAY_US).alias(f"{name}_day") for name in ("first", "last")]
    shown = pl.when(pl.col("dim") == "item").then(pl.col("label").replace(names)).otherwise(pl.col("label"))
    table = chosen.with_columns(*days).with_columns(pl.concat_str("dim", pl.lit(" "), escape(shown)).alias("shown"))
    return _as_told(_dated(table), pl.col("shown"), pl.col("dim"), pl.col("label"))


def _dated(table: pl.DataFrame) -> pl.DataFrame:
    days = [
        pl.col(name).cast(pl.Int32).cast(pl.Date).dt.to_string("iso").alias(name.removesuffix("_day")) for name in ("first_day", "last_day")
    ]
    gap = pl.col("median_gap") if "median_gap" in table.columns else pl.lit(None, pl.Int32).alias("median_gap")
    return table.select("u", *(name for name in ("shown", "dim", "label") if name in table.columns), "n", "days", "returned", *days, gap)


def _as_told(table: pl.DataFrame, shown: pl.Expr, dim: pl.Expr, key: pl.Expr) -> pl.DataFrame:
    """u, text, kind, dim, key, values."""
    counts = (
        pl.col("n").cast(pl.String)
        + " purchases on "
        + pl.col("days").cast(pl.String)
        + " days, "
        + pl.col("first")
        + " to "
        + pl.col("last")
    )
    gap = pl.when(pl.col("median_gap") > 0).then(", median gap " + pl.col("median_gap").cast(pl.String) + " days").otherwise(pl.lit(""))
    back = pl.when(pl.col("returned") > 0).then(", " + pl.col("returned").cast(pl.String) + " given back").otherwise(pl.lit(""))
    values = pl.struct("n", "days", "first", "last", "median_gap", pl.when(pl.col("returned") > 0).then("returned").alias("returned"))
    return table.select(
        "u",
        (shown + ": " + counts + gap + back).alias("text"),
        pl.lit("counts").alias("kind"),
        dim.alias("dim"),
        key.alias("key"),
        values.alias("values"),
    )


def _spent(state: State) -> pl.DataFrame:
    """Net money by currency."""
    currencies = pl.Series(state.keys.currencies, dtype=pl.String)
    by = state.tables.money.group_by("u", "key").agg(pl.col("amount").sum(), pl.col("n").sum()).sort("u", "key")
    named = by.with_columns(currencies.gather(by["key"].cast(pl.Int64)).alias("currency"))
    decimals = pl.col("currency").replace_strict(MINOR_DIGITS, default=2, return_dtype=pl.Int64)
    sign = pl.when(pl.col("amount") < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    amount = sign + money(pl.col("amount").abs(), pl.col("currency"), decimals)
    text = "net spending: " + amount + " in " + pl.col("n").cast(pl.String) + " paid rows"
    return named.select(
        "u",
        text.alias("text"),
        pl.lit("spending").alias("kind"),
        pl.lit("currency").alias("dim"),
        pl.col("currency").alias("key"),
        pl.struct("amount", "n").alias("values"),
    )
