"""Claims about regularity: purchases at a steady interval, and in some months of the year."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.evidence import surprise
from memlearn.learning.embedded.state import WHOLE, State

# A habit needs so many purchase days, and so many nats against a process without memory.
HABIT_DAYS = 6
HABIT_SURPRISE = 5.3
HABIT_FIT = 0.5
# Gaps count as fitting from 60 % to 140 % of the median gap.
WINDOW_LOW, WINDOW_HIGH = 6, 14
LONGEST_GAP = 92
# A habit lapsed when the user went on for so many intervals without it.
LAPSE_INTERVALS = 2.5
LAPSE_DAYS = 14

SEASON_DAYS = 5
SEASON_SHARE = 0.85
SEASON_SURPRISE = 8.0
SEASON_SPAN = 300
SEASON_WIDEST = 5

_KEY = ["u", "dim", "key"]


def find_habits(state: State) -> pl.DataFrame:
    """Keys bought at a steady interval.

    The gaps between purchase days are compared with a process without memory of the same rate (geometric gaps): the
    share of gaps near the median must be larger than such a process would give.

    Returns:
        u, dim, key, n, returned, days, gaps, fitting, every_days, first_day, last_day, first_row, last_row, score,
        lapsed (the user went on without it).
    """
    whole = state.keys.index(WHOLE)
    often = state.counts.filter((pl.col("days") >= HABIT_DAYS) & (pl.col("dim") != whole))
    gaps = state.tables.gaps.join(often.select(_KEY), on=_KEY, how="semi").sort(*_KEY, "gap")
    medians = _median_gaps(gaps)
    fitted = gaps.join(medians, on=_KEY).filter(pl.col("gap").is_between(pl.col("low"), pl.col("high")))
    fit = fitted.group_by(_KEY).agg(pl.col("n").sum().alias("fitting"), (pl.col("gap") * pl.col("n")).sum().alias("fitting_days"))
    tested = medians.join(fit, on=_KEY).with_columns(
        surprise(pl.col("fitting"), pl.col("gaps"), _chance()).alias("score"),
        ((2 * pl.col("fitting_days") + pl.col("fitting")) // (2 * pl.col("fitting"))).cast(pl.Int32).alias("every_days"),
    )
    steady = tested.filter(
        (pl.col("score") >= HABIT_SURPRISE)
        & (pl.col("fitting") > HABIT_FIT * pl.col("gaps"))
        & (pl.col("fitting") > _chance() * pl.col("gaps"))
        & pl.col("every_days").is_between(2, LONGEST_GAP)
    )
    found = steady.select(*_KEY, "gaps", "fitting", "every_days", "score").join(often, on=_KEY).join(state.whole(), on="u")
    silent = pl.col("user_last_day") - pl.col("last_day")
    return found.with_columns((silent > (LAPSE_INTERVALS * pl.col("every_days")).clip(LAPSE_DAYS)).alias("lapsed"))


def _median_gaps(gaps: pl.DataFrame) -> pl.DataFrame:
    total = pl.col("n").sum().over(_KEY)
    running = pl.col("n").cum_sum().over(_KEY)
    middle = gaps.filter(2 * running >= total).group_by(_KEY).agg(pl.col("gap").min().alias("median"))
    sums = gaps.group_by(_KEY).agg(pl.col("n").sum().alias("gaps"), (pl.col("gap") * pl.col("n")).sum().alias("span"))
    low = -(-WINDOW_LOW * pl.col("median") // 10)
    return middle.join(sums, on=_KEY).with_columns(low.alias("low"), (WINDOW_HIGH * pl.col("median") // 10).alias("high"))


def _chance() -> pl.Expr:
    """Chance of a gap in the window, were every day a purchase day with the same probability."""
    stay = 1 - pl.col("gaps") / pl.col("span")
    return stay ** (pl.col("low") - 1) - stay ** pl.col("high")


def find_seasons(state: State) -> pl.DataFrame:
    """Keys bought in a few neighbouring months of the year, year after year or once within a longer history.

    Returns:
        u, dim, key, n, days, hits, first_month and last_month of the season (1..12), share of the user's purchases in
        these months, first_row, last_row, score.
    """
    long_enough = state.whole().filter(pl.col("user_last_day") - pl.col("user_first_day") >= SEASON_SPAN)
    chosen = state.counts.filter(pl.col("dim").is_in(state.keys.broad) & (pl.col("days") >= SEASON_DAYS)).join(long_enough, on="u")
    if chosen.is_empty():
        return _no_seasons(chosen)
    of_key, first = state.months_of(chosen)
    totals = state.counts.filter(pl.col("dim") == state.keys.index(WHOLE)).select("u", "dim", "key", "n", "first_day", "last_day")
    of_user, user_first = state.months_of(totals)
    row_of = np.zeros(len(state.users), dtype=np.int64)
    row_of[totals["u"].to_numpy()] = np.arange(len(totals))
    key_year, user_year = _fold_year(of_key, first), _fold_year(of_user, user_first)[row_of[chosen["u"].to_numpy()]]
    start, width, hits, chance = _best_window(key_year, user_year)
    whole_season = _clear_of_the_ends(of_key, start, width, first, chosen)
    found = chosen.with_columns(
        pl.Series("hits", hits),
        pl.Series("chance", chance),
        pl.Series("first_month", start + 1).cast(pl.Int32),
        pl.Series("last_month", (start + width - 1) % 12 + 1).cast(pl.Int32),
        pl.Series("whole", whole_season),
        pl.Series("months", (of_key > 0).sum(axis=1)),
    )
    scored = found.with_columns(surprise(pl.col("hits"), pl.col("n"), pl.col("chance")).alias("score"))
    return scored.filter(
        (pl.col("score") >= SEASON_SURPRISE) & (pl.col("hits") >= SEASON_SHARE * pl.col("n")) & pl.col("whole") & (pl.col("months") >= 2)
    )


def _no_seasons(like: pl.DataFrame) -> pl.DataFrame:
    extra = {"hits": pl.Int64, "chance": pl.Float64, "first_month": pl.Int32, "last_month": pl.Int32, "score": pl.Float64}
    return like.with_columns([pl.lit(None, dtype).alias(name) for name, dtype in extra.items()])


def _fold_year(matrix: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    year = np.zeros((len(matrix), 12), dtype=np.int64)
    for column in range(matrix.shape[1]):
        year[:, (first + column) % 12] += matrix[:, column]
    return year


def _best_window(
    key_year: NDArray[np.int64], user_year: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The narrowest run of months that holds enough of the purchases; of equally narrow ones the fullest."""
    total = key_year.sum(axis=1)
    rows = np.arange(len(key_year))
    start, width = np.zeros(len(key_year), dtype=np.int64), np.full(len(key_year), 12)
    hits = np.zeros(len(key_year), dtype=np.int64)
    for size in range(SEASON_WIDEST, 0, -1):
        sums = _circular_sums(key_year, size)
        best = sums.argmax(axis=1)
        enough = sums[rows, best] >= SEASON_SHARE * total
        start, width = np.where(enough, best, start), np.where(enough, size, width)
        hits = np.where(enough, sums[rows, best], hits)
    chance = np.zeros(len(key_year))
    for size in range(1, SEASON_WIDEST + 1):
        at = width == size
        chance[at] = _circular_sums(user_year, size)[rows, start][at] / np.maximum(user_year.sum(axis=1), 1)[at]
    return start, width, hits, np.where(width == 12, 1.0, chance)


def _circular_sums(year: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    doubled = np.concatenate((year, year), axis=1).cumsum(axis=1)
    padded = np.concatenate((np.zeros((len(year), 1), dtype=np.int64), doubled), axis=1)
    return padded[:, size : size + 12] - padded[:, :12]


def _clear_of_the_ends(
    of_key: NDArray[np.int64], start: NDArray[np.int64], width: NDArray[np.int64], first: int, chosen: pl.DataFrame
) -> NDArray[np.bool_]:
    """A season, not a beginning or an end: seen in two years, or with the user's purchases going on before and after it."""
    month_index = np.arange(of_key.shape[1])[None, :] + first
    inside = ((month_index - start[:, None]) % 12) < width[:, None]
    years = ((of_key > 0) & inside) * (1 + (month_index - start[:, None]) // 12)
    several_years = np.array([len(set(row[row > 0].tolist())) > 1 for row in years], dtype=np.bool_)
    user_first, user_last = (_month(chosen[name].to_numpy()) for name in ("user_first_day", "user_last_day"))
    key_first, key_last = (_month(chosen[name].to_numpy()) for name in ("first_day", "last_day"))
    return several_years | ((user_first < key_first) & (key_last < user_last))


def _month(day: NDArray[np.generic]) -> NDArray[np.int64]:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
