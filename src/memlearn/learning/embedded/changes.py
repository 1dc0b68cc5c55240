"""Claims about change: what began, what ended, where a user moved."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.evidence import g_statistic, needed, silence
from memlearn.learning.embedded.habits import core_days
from memlearn.learning.embedded.state import Monthly, State

Floats = NDArray[np.float64]

CHANGE_COUNT = 6
CHANGE_DAYS = 5
# On the silent side of a change at most one purchase in so many may lie.
STRAY = 7
# The pace on the silent side, relative to the user's purchases, is at most so much of that on the other.
SILENT_PACE = 0.2
# A key that began is still bought, one that ended was bought from early on: within so many days of the user's own ends.
EDGE_DAYS = 62
# What changed had lasted, or lasts since: so many days without gaps longer than a month and a half.
LASTING_GAP, LASTING_DAYS = 45, 42
# Counts of a steady key vary at most so much of what Poisson counts would; G is divided by it (McCullagh and Nelder,
# Generalized Linear Models, section 4.5).
STEADY_DISPERSION = 0.25
# Every month is tried as the moment of change: so many tests in a year.
SPLITS = 12

MOVE_COUNT = 5
MOVE_SHARE = 0.8
MOVE_KEYS = 5

_KEY = ["u", "dim", "key"]


def find_beginnings_and_ends(state: State, monthly: Monthly, steady: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keys that a user began, or stopped, to buy while buying other things all along.

    Every month is tried as the moment of change; the purchases of the key before and after are compared with all other
    purchases of the user by a G test.

    Args:
        state: the shard's state.
        monthly: the keys that may have changed.
        steady: keys bought at a steady interval.

    Returns:
        Two frames (started, stopped): the columns of `monthly.keys`, and month (the first month after the change), before,
        after, user_before, user_after, score.
    """
    chosen = monthly.take(((monthly.keys["n"] >= CHANGE_COUNT) & (monthly.keys["days"] >= CHANGE_DAYS)).to_numpy())
    key, user = (matrix.cumsum(axis=1).astype(np.float64) for matrix in (chosen.of_key, chosen.of_user))
    n, total = key[:, -1:], user[:, -1:]
    others = user - key
    dispersion = _dispersion(state, chosen.keys, steady)[:, None]
    score = g_statistic(key, n - key, others, (total - n) - others) / 2
    before, after = _days_by_split(chosen)
    calm = [
        silence(few, many / np.maximum(days, 1) * quiet)
        for few, many, quiet, days in ((key, n - key, before, after), (n - key, key, after, before))
    ]
    # Only the counts of the key itself are steadier: its silence has to stand out from its own pace too, which tells the month.
    rank = np.where(dispersion < 1, np.maximum(*calm), score)
    score = np.where(dispersion < 1, np.minimum(score, rank) / dispersion, score)
    silent_before = (key * STRAY <= n) & (n - key >= CHANGE_COUNT)
    silent_after = ((n - key) * STRAY <= n) & (key >= CHANGE_COUNT)
    # Less before than the user's own pace would give: a beginning; less after: an end.
    slower = key * (total - user) < SILENT_PACE * (n - key) * user
    faster = (n - key) * user < SILENT_PACE * key * (total - user)
    started = _best_split(chosen, np.where(silent_before & slower, rank, 0.0), score, key, user)
    stopped = _best_split(chosen, np.where(silent_after & faster, rank, 0.0), score, key, user)
    started = started.filter(pl.col("user_last_day") - pl.col("last_day") <= EDGE_DAYS)
    stopped = stopped.filter(pl.col("first_day") - pl.col("user_first_day") <= EDGE_DAYS)
    return _lasting(state, started), _lasting(state, stopped)


def _days_by_split(chosen: Monthly) -> tuple[Floats, Floats]:
    """Days of the user's time before and after each month's end."""
    ends = np.array(
        [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(chosen.first + 1, chosen.first + chosen.of_key.shape[1] + 1)],
        dtype="datetime64[M]",
    )
    days = ends.astype("datetime64[D]").astype(np.int64)[None, :]
    low, high = (chosen.keys[name].to_numpy().astype(np.int64)[:, None] for name in ("user_first_day", "user_last_day"))
    return np.maximum(days - low, 0).astype(np.float64), np.maximum(high + 1 - days, 0).astype(np.float64)


def _dispersion(state: State, chosen: pl.DataFrame, steady: pl.DataFrame) -> Floats:
    known = np.isin(state.keys.pack(chosen), state.keys.pack(steady))
    return np.where(known, STEADY_DISPERSION, 1.0)


def _lasting(state: State, found: pl.DataFrame) -> pl.DataFrame:
    return found.filter(pl.Series(core_days(state, found, LASTING_GAP) >= LASTING_DAYS))


def _best_split(chosen: Monthly, rank: Floats, score: Floats, key: Floats, user: Floats) -> pl.DataFrame:
    """The split of each key with the highest rank, where there is one and its score is high enough."""
    rows, best = np.arange(len(score)), rank.argmax(axis=1)
    score = np.where(rank > 0, score, 0.0)
    counts = {
        "before": key[rows, best],
        "after": key[:, -1] - key[rows, best],
        "user_before": user[rows, best],
        "user_after": user[:, -1] - user[rows, best],
    }
    found = chosen.keys.with_columns(
        pl.Series("score", score[rows, best]),
        pl.Series("month", best + chosen.first + 1).cast(pl.Int64),
        *(pl.Series(name, values).cast(pl.Int64) for name, values in counts.items()),
        pl.len().over("u").alias("tests"),
    )
    return found.filter(pl.col("score") >= needed(pl.col("tests") * SPLITS))


def find_moves(state: State, monthly: Monthly, parents: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """Users who went from one key to another of the same kind: another shop of a chain, another merchant of a category.

    Args:
        state: the shard's state.
        monthly: the keys that may be part of a move.
        parents: dim, key, parent: keys are compared only under the same parent (the category of a merchant).
        places: dimensions whose keys have no parent and are compared with each other all the same: attributes such as the store.

    Returns:
        u, dim, key (moved to), other (moved from), month (first month after), from_before, from_after, to_before,
        to_after, first_row (of the new), last_row (of the old), score.
    """
    group = ["u", "dim", "parent"]
    often = monthly.keys.with_row_index("row").filter(pl.col("n") >= MOVE_COUNT)
    often = often.join(parents, on=["dim", "key"], how="left").filter(pl.col("parent").is_not_null() | pl.col("dim").is_in(places))
    often = often.with_columns(pl.col("parent").fill_null(-1)).sort(*group, "n", "key", descending=[False, False, False, True, False])
    often = often.with_columns(pl.int_range(pl.len()).over(group).alias("place"), pl.len().over(group).alias("alike"))
    often = often.filter((pl.col("place") < MOVE_KEYS) & (pl.col("alike") > 1)).drop("place", "alike")
    often = often.filter(pl.Series(core_days(state, often, LASTING_GAP) >= LASTING_DAYS))
    new = often.select("row", *group, "key", "first_row", "user_first_day", "user_last_day")
    old = often.select(pl.col("row").alias("old"), *group, pl.col("key").alias("other"), "last_row")
    pairs = new.join(old, on=group).filter(pl.col("key") != pl.col("other")).sort(*_KEY, "other")
    sums = monthly.of_key.cumsum(axis=1).astype(np.float64)
    to, of = sums[pairs["row"].to_numpy()], sums[pairs["old"].to_numpy()]
    n_to, n_of = to[:, -1:], of[:, -1:]
    clear = (of >= MOVE_SHARE * n_of) & (n_to - to >= MOVE_SHARE * n_to) & (of >= MOVE_COUNT) & (n_to - to >= MOVE_COUNT)
    score = np.where(clear, g_statistic(of, n_of - of, to, n_to - to) / 2, 0.0)
    rows, best = np.arange(len(pairs)), score.argmax(axis=1)
    counts = {
        "from_before": of[rows, best],
        "from_after": n_of[:, 0] - of[rows, best],
        "to_before": to[rows, best],
        "to_after": n_to[:, 0] - to[rows, best],
    }
    found = pairs.with_columns(
        pl.Series("score", score[rows, best]),
        pl.Series("month", best + monthly.first + 1).cast(pl.Int64),
        *(pl.Series(name, values).cast(pl.Int64) for name, values in counts.items()),
        pl.len().over("u").alias("tests"),
    )
    sure = found.filter(pl.col("score") >= needed(pl.col("tests") * SPLITS))
    best_of = sure.sort("u", "dim", "parent", "score", "key", "other", descending=[False, False, False, True, False, False])
    return best_of.unique(group, keep="first", maintain_order=True)
