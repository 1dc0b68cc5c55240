"""Claims about change: what began, what ended, where a user moved, how spending shifted."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.evidence import g_statistic
from memlearn.learning.embedded.state import WHOLE, State, spread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHANGE_COUNT = 6
CHANGE_DAYS = 5
CHANGE_G = 14.0
# On the silent side of a change at most one purchase in so many may lie.
STRAY = 10
# A key that began is still bought, one that ended was bought from early on: within so many days of the user's own ends.
EDGE_DAYS = 62

MOVE_COUNT = 5
MOVE_G = 14.0
MOVE_SHARE = 0.8
MOVE_KEYS = 5

SPENDING_MONTHS = 3
SPENDING_FACTOR = 1.5
SPENDING_T = 4.5

_KEY = ["u", "dim", "key"]


def find_beginnings_and_ends(state: State) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keys that a user began, or stopped, to buy while buying other things all along.

    Every month is tried as the moment of change; the purchases of the key before and after are compared with all other
    purchases of the user by a G test.

    Returns:
        Two frames (started, stopped): u, dim, key, n, days, month (the first month after the change), before, after,
        user_before, user_after, first_day, last_day, first_row, last_row, score.
    """
    chosen = _changing_keys(state)
    if chosen.is_empty():
        empty = _with_nothing(chosen, ("before", "after", "user_before", "user_after", "month"))
        return empty, empty
    key, user, first = _cumulated(state, chosen)
    n, total = key[:, -1:], user[:, -1:]
    others = user - key
    score = g_statistic(key, n - key, others, (total - n) - others)
    silent_before = (key * STRAY <= n) & (n - key >= CHANGE_COUNT)
    silent_after = ((n - key) * STRAY <= n) & (key >= CHANGE_COUNT)
    # Less before than the user's own pace would give: a beginning; less after: an end.
    slower = key * total < n * user
    started = _best_split(chosen, np.where(silent_before & slower, score, 0.0), key, user, first)
    stopped = _best_split(chosen, np.where(silent_after & ~slower, score, 0.0), key, user, first)
    started = started.filter(pl.col("user_last_day") - pl.col("last_day") <= EDGE_DAYS)
    stopped = stopped.filter(pl.col("first_day") - pl.col("user_first_day") <= EDGE_DAYS)
    return started, stopped


def _with_nothing(empty: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    return empty.with_columns(*(pl.lit(None, pl.Int64).alias(name) for name in names), pl.lit(None, pl.Float64).alias("score"))


def _changing_keys(state: State) -> pl.DataFrame:
    often = (pl.col("n") >= CHANGE_COUNT) & (pl.col("days") >= CHANGE_DAYS) & pl.col("dim").is_in(state.keys.broad)
    return state.counts.filter(often).join(state.whole(), on="u")


def _cumulated(state: State, chosen: pl.DataFrame) -> tuple[Floats, Floats, int]:
    """Purchases up to and including each month: of each chosen key, and of its user."""
    totals = state.counts.filter(pl.col("dim") == state.keys.index(WHOLE))
    of_user, user_first = state.months_of(totals)
    of_key, first = state.months_of(chosen)
    row_of = np.zeros(len(state.users), dtype=np.int64)
    row_of[totals["u"].to_numpy()] = np.arange(len(totals))
    aligned = np.zeros((len(chosen), of_user.shape[1]), dtype=np.int64)
    offset = first - user_first
    aligned[:, offset : offset + of_key.shape[1]] = of_key
    users = of_user[row_of[chosen["u"].to_numpy()]]
    return aligned.cumsum(axis=1).astype(np.float64), users.cumsum(axis=1).astype(np.float64), user_first


def _best_split(chosen: pl.DataFrame, score: Floats, key: Floats, user: Floats, first: int) -> pl.DataFrame:
    rows = np.arange(len(chosen))
    best = score.argmax(axis=1)
    found = chosen.with_columns(
        pl.Series("score", score[rows, best]),
        pl.Series("month", best + first + 1).cast(pl.Int64),
        pl.Series("before", key[rows, best]).cast(pl.Int64),
        pl.Series("after", key[:, -1] - key[rows, best]).cast(pl.Int64),
        pl.Series("user_before", user[rows, best]).cast(pl.Int64),
        pl.Series("user_after", user[:, -1] - user[rows, best]).cast(pl.Int64),
    )
    return found.filter(pl.col("score") >= CHANGE_G)


def find_moves(state: State, parents: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """Users who went from one key to another of the same kind: another shop of a chain, another merchant of a category.

    Args:
        state: the shard's state.
        parents: dim, key, parent: keys are compared only under the same parent (the category of a merchant).
        places: dimensions whose keys have no parent and are compared with each other all the same: attributes such as the store.

    Returns:
        u, dim, key (moved to), other (moved from), month (first month after), from_before, from_after, to_before,
        to_after, first_row (of the new), last_row (of the old), score.
    """
    often = state.counts.filter((pl.col("n") >= MOVE_COUNT) & pl.col("dim").is_in(state.keys.broad))
    often = often.join(parents, on=["dim", "key"], how="left").filter(pl.col("parent").is_not_null() | pl.col("dim").is_in(places))
    often = often.with_columns(pl.col("parent").fill_null(-1))
    group = ["u", "dim", "parent"]
    often = often.filter(pl.col("n").rank("ordinal", descending=True).over(group) <= MOVE_KEYS)
    often = often.filter(pl.len().over(group) > 1).sort(*_KEY).with_row_index("row")
    new = often.select("row", *group, "key", "first_row", "first_day")
    old = often.select(pl.col("row").alias("old"), *group, pl.col("key").alias("other"), "last_row", pl.col("last_day").alias("old_last_day"))
    pairs = new.join(old, on=group).filter(pl.col("key") != pl.col("other"))
    if pairs.is_empty():
        return _with_nothing(pairs, ("month", "from_before", "from_after", "to_before", "to_after"))
    matrix, first = state.months_of(often)
    sums = matrix.cumsum(axis=1).astype(np.float64)
    to, of = sums[pairs["row"].to_numpy()], sums[pairs["old"].to_numpy()]
    n_to, n_of = to[:, -1:], of[:, -1:]
    clear = (of >= MOVE_SHARE * n_of) & (n_to - to >= MOVE_SHARE * n_to) & (of >= MOVE_COUNT) & (n_to - to >= MOVE_COUNT)
    score = np.where(clear, g_statistic(of, n_of - of, to, n_to - to), 0.0)
    rows, best = np.arange(len(pairs)), score.argmax(axis=1)
    found = pairs.with_columns(
        pl.Series("score", score[rows, best]),
        pl.Series("month", best + first + 1).cast(pl.Int64),
        pl.Series("from_before", of[rows, best]).cast(pl.Int64),
        pl.Series("from_after", n_of[:, 0] - of[rows, best]).cast(pl.Int64),
        pl.Series("to_before", to[rows, best]).cast(pl.Int64),
        pl.Series("to_after", n_to[:, 0] - to[rows, best]).cast(pl.Int64),
    )
    best_of = found.filter(pl.col("score") >= MOVE_G).sort("u", "dim", "parent", "score", "key", "other", descending=[False, False, False, True, False, False])
    return best_of.unique(group, keep="first", maintain_order=True)


def find_spending_changes(state: State) -> pl.DataFrame:
    """Users whose monthly spending in a currency rose or fell for good.

    The user's full months (the first and last one left out) are split where Welch's t over the logarithms of the monthly
    sums is largest.

    Returns:
        u, key (currency), month (first month after), before and after (mean minor units a month, rounded half up),
        months_before, months_after, score.
    """
    money = state.tables.money
    chosen = money.select("u", "key").unique().sort("u", "key").with_row_index("row")
    if chosen.is_empty():
        return _with_nothing(chosen, ("month", "before", "after", "months_before", "months_after"))
    placed = money.join(chosen, on=["u", "key"])
    matrix, first = spread(*(placed[name].to_numpy() for name in ("row", "month", "amount")), len(chosen))
    ends = placed.group_by("row").agg(pl.col("month").min().alias("low"), pl.col("month").max().alias("high")).sort("row")
    index = np.arange(matrix.shape[1])[None, :] + first
    inside = (index > ends["low"].to_numpy()[:, None]) & (index < ends["high"].to_numpy()[:, None])
    score, best = _best_welch(np.log1p(np.maximum(matrix, 0).astype(np.float64)), inside)
    before = inside & (index <= best[:, None] + first)
    after = inside & ~before
    sums = [(np.where(side, matrix, 0).sum(axis=1), side.sum(axis=1)) for side in (before, after)]
    found = chosen.with_columns(
        pl.Series("score", score),
        pl.Series("month", best + first + 1).cast(pl.Int64),
        *(pl.Series(name, _rounded_mean(total, count)) for name, (total, count) in zip(("before", "after"), sums, strict=True)),
        *(pl.Series(name, count).cast(pl.Int64) for name, (_, count) in zip(("months_before", "months_after"), sums, strict=True)),
    )
    ratio = pl.max_horizontal("before", "after") / pl.min_horizontal("before", "after").clip(1)
    return found.filter((pl.col("score") >= SPENDING_T) & (ratio >= SPENDING_FACTOR) & (pl.min_horizontal("before", "after") > 0))


def _rounded_mean(total: Ints, count: Ints) -> Ints:
    count = np.maximum(count, 1)
    return (2 * total + count) // (2 * count)


def _best_welch(logs: Floats, inside: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """The largest Welch t over all splits with enough months on either side, and the last column before the split."""
    kept = np.where(inside, logs, 0.0)
    count, total, square = (np.cumsum(part, axis=1) for part in (inside.astype(np.float64), kept, kept**2))
    statistics = []
    for n, s, q in ((count, total, square), (count[:, -1:] - count, total[:, -1:] - total, square[:, -1:] - square)):
        safe = np.maximum(n, 1)
        mean = s / safe
        variance = np.maximum(q / safe - mean**2, 0) * n / np.maximum(n - 1, 1)
        statistics.append((n, mean, variance))
    (n_a, mean_a, var_a), (n_b, mean_b, var_b) = statistics
    # A floor under the variance keeps a few equal months from looking certain.
    spread_of = np.sqrt((var_a + 0.01) / np.maximum(n_a, 1) + (var_b + 0.01) / np.maximum(n_b, 1))
    t = np.where((n_a >= SPENDING_MONTHS) & (n_b >= SPENDING_MONTHS), np.abs(mean_a - mean_b) / spread_of, 0.0)
    best = t.argmax(axis=1)
    return t[np.arange(len(t)), best], best
