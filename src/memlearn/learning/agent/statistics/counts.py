"""How much was bought, when first and last and at which gaps, in all and of each key; and the money."""

from __future__ import annotations

import numpy as np
import polars as pl

from memlearn.learning.agent.statistics.layout import Telling, alike_once, as_part, iso_day, said, without
from memlearn.learning.embedded.render.words import money
from memlearn.learning.embedded.state import WHOLE, State
from memlearn.learning.embedded.telling import SINGLE, median_gaps, top_rows
from memlearn.sources.currencies import MINOR_DIGITS

# Keys told of each dimension: single items and merchants, and coarser ones.
SINGLE_TOLD, COARSE_TOLD = 10, 4
# A key that was bought once says little more than its row.
_LEAST = 2
# Among keys that were bought equally often the later one tells more; so many months at most.
_MONTH, _OLDEST = 30, 48


def tell_whole(state: State) -> pl.DataFrame:
    """All purchases of each user."""
    return _as_counts(_with_gaps(state, state.wholes().sort("u")), pl.lit("all"))


def tell_keys(state: State, telling: Telling, hidden: pl.DataFrame | None) -> pl.DataFrame:
    """The keys that were bought most, dimension after dimension."""
    dim, u = (state.counts[name].to_numpy().astype(np.int64) for name in ("dim", "u"))
    chosen = state.counts[np.flatnonzero((dim != state.keys.index(WHOLE)) & (state.counts["n"].to_numpy() >= _LEAST))]
    dims, labels = state.keys.names(chosen)
    open_to_all = without(
        chosen.with_columns(dims.alias("dim_name"), labels.alias("label")).rename({"dim": "code", "dim_name": "dim"}), hidden
    )
    code, u, n = (open_to_all[name].to_numpy().astype(np.int64) for name in ("code", "u", "n"))
    whole = state.wholes()
    newest = np.zeros(len(state.users), dtype=np.int64)
    newest[whole["u"].to_numpy()] = whole["last_day"].to_numpy()
    age = np.clip((newest[u] - open_to_all["last_day"].to_numpy()) // _MONTH, 0, _OLDEST)
    limit = np.array([SINGLE_TOLD if name in SINGLE else COARSE_TOLD for name in state.keys.dims], dtype=np.int64)
    # Keys are sorted by dimension and user.
    top = top_rows(code * len(state.users) + u, n * (_OLDEST + 1) + _OLDEST - age, limit[code])
    once = alike_once(open_to_all[top], ["n", "days", "returned", "first_us", "last_us"], telling.by_detail(state))
    kept = _with_gaps(state, once).sort("u", "code", "n", "label", descending=[False, False, True, False])
    return _as_counts(kept, telling.shown(), pl.col("dim"), pl.col("label"))


def _with_gaps(state: State, rows: pl.DataFrame) -> pl.DataFrame:
    gaps = pl.Series("median_gap", median_gaps(state, rows)).cast(pl.Int32).replace(0, None)
    return rows.with_columns(gaps, iso_day("first_day").alias("first"), iso_day("last_day").alias("last"))


def _as_counts(table: pl.DataFrame, shown: pl.Expr, dim: pl.Expr | None = None, key: pl.Expr | None = None) -> pl.DataFrame:
    counts = said("n") + " purchases on " + said("days") + " days, " + pl.col("first") + " to " + pl.col("last")
    gap = pl.when(pl.col("median_gap") > 0).then(", median gap " + said("median_gap") + " days").otherwise(pl.lit(""))
    back = pl.when(pl.col("returned") > 0).then(", " + said("returned") + " given back").otherwise(pl.lit(""))
    given_back = pl.when(pl.col("returned") > 0).then("returned").alias("returned")
    values = [*map(pl.col, ("n", "days", "first", "last", "median_gap")), given_back]
    return as_part(table, "counts", shown + ": " + counts + gap + back, values, dim=dim, key=key)


def tell_spending(state: State) -> pl.DataFrame:
    """Net money by currency."""
    currencies = pl.Series(state.keys.currencies, dtype=pl.String)
    by = state.tables.money.group_by("u", "key").agg(pl.col("amount").sum(), pl.col("n").sum()).sort("u", "key")
    named = by.with_columns(currencies.gather(by["key"].cast(pl.Int64)).alias("currency"))
    decimals = pl.col("currency").replace_strict(MINOR_DIGITS, default=2, return_dtype=pl.Int64)
    sign = pl.when(pl.col("amount") < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    amount = sign + money(pl.col("amount").abs(), pl.col("currency"), decimals)
    text = "net spending: " + amount + " in " + said("n") + " paid rows"
    return as_part(named, "spending", text, ["amount", "n"], dim=pl.lit("currency"), key=pl.col("currency"))
