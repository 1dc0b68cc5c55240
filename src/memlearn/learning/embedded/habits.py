"""Claims about regularity: purchases at a steady interval, and in some months of the year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.evidence import needed, silence, surprises
from memlearn.learning.embedded.state import LONGEST, WHOLE, Ints, Monthly, State

Floats = NDArray[np.float64]

# A habit needs so many purchase days, and so large a share of gaps that fit.
HABIT_DAYS = 6
HABIT_FIT = 0.65
# Nats from which on a key counts as steady where that is not the claim itself.
STEADY_NATS = 5.5
# Gaps fit that differ from the median gap by at most so many tenths of it; the more telling of the two widths counts.
WINDOWS = (2, 4)
LONGEST_GAP = 92
# A habit lapsed when the user went on for so many intervals without it.
LAPSE_INTERVALS = 2.5
LAPSE_DAYS = 14

SEASON_COUNT = 8
SEASON_DAYS = 5
SEASON_SHARE = 0.75
SEASON_SPAN = 300
SEASON_WIDEST = 5
# Twelve starts of windows of five widths are tried.
SEASON_WINDOWS = 60
# A season is more than one shopping spree: without gaps longer than so many days it lasts this long.
SEASON_GAP, SEASON_LENGTH = 14, 21
# Nats by which fewer purchases came before the season, and after it, than its pace would have given.
SEASON_SILENCE = 3.0
# Seasons of two years count as such where each holds this share of the purchases.
SEASON_YEARS = 0.2

_GAP_BITS = 20


def find_steady(state: State, places: Sequence[int]) -> pl.DataFrame:
    """Keys bought at a steady interval, as far as that can be told of a single key.

    The gaps between purchase days are compared with a process without memory of the same rate (geometric gaps): the
    share of gaps near the median must be larger than such a process would give. A place has a rhythm of its own only where it
    is not that of all the user's purchases.

    Args:
        state: the shard's state.
        places: dimensions of places and ways of buying.

    Returns:
        The columns of `counts`, and gaps, fitting, every_days, score, tests (keys that were tried for the user).
    """
    days, dim = state.counts["days"].to_numpy(), state.counts["dim"].to_numpy()
    often = state.by_user(np.flatnonzero((days >= HABIT_DAYS) & (dim != state.keys.index(WHOLE))))
    numbers = _fit_gaps(state, often, np.isin(often["dim"].to_numpy(), list(places)))
    tested = often.with_columns(*(pl.Series(name, values) for name, values in numbers.items()), pl.len().over("u").alias("tests"))
    fits = (pl.col("fitting") >= HABIT_FIT * pl.col("gaps")) & pl.col("every_days").is_between(2, LONGEST_GAP)
    return tested.filter((pl.col("score") >= STEADY_NATS) & fits)


def find_habits(state: State, steady: pl.DataFrame) -> pl.DataFrame:
    """The steady keys that cannot be chance, whatever number of keys was tried for the user.

    Returns:
        The columns of `steady` and `State.whole`, and lapsed (the user went on without it).
    """
    sure = steady.filter(pl.col("score") >= needed(pl.col("tests") * len(WINDOWS)))
    found = state.with_whole(sure)
    silent = pl.col("user_last_day") - pl.col("last_day")
    return found.with_columns((silent > (LAPSE_INTERVALS * pl.col("every_days")).clip(LAPSE_DAYS)).alias("lapsed"))


def _fit_gaps(state: State, often: pl.DataFrame, place: NDArray[np.bool_]) -> dict[str, NDArray[np.generic]]:
    """For each key: gaps, those that fit the median, their mean, and how surprising they are."""
    held = state.gaps_of(often)
    gap, packed, sums = held.gap, (held.row << _GAP_BITS) | held.gap, np.concatenate(([0], np.cumsum(held.n)))
    days = np.concatenate(([0], np.cumsum(held.n * gap)))
    rows, start, end = np.arange(len(often), dtype=np.int64), held.ends[:-1], held.ends[1:]
    gaps, span = sums[end] - sums[start], days[end] - days[start]
    middle = np.searchsorted(sums, sums[start] + (gaps + 1) // 2) - 1
    median = gap[np.clip(middle, 0, max(len(gap) - 1, 0))] if len(gap) else np.zeros(len(often), dtype=np.int64)
    score, fitting, every = np.zeros(len(often)), np.zeros(len(often), dtype=np.int64), np.zeros(len(often), dtype=np.int64)
    for tenths in WINDOWS:
        low, high = -(-(10 - tenths) * median // 10), (10 + tenths) * median // 10
        left, right = (np.searchsorted(packed, (rows << _GAP_BITS) | edge) for edge in (low, high + 1))
        fitting, in_days = sums[right] - sums[left], days[right] - days[left]
        every = (2 * in_days + fitting) // np.maximum(2 * fitting, 1)
        chance = _chance(gaps, span, low, high)
        if place.any():
            chance[place] = np.maximum(chance[place], _user_share(state, often.filter(pl.Series(place)), low[place], high[place]))
        # The gap that gave the median fits by itself, so it does not count.
        found = surprises(np.maximum(fitting - 1, 0).astype(float), np.maximum(gaps - 1, 0).astype(float), chance)
        score = np.maximum(score, np.where(fitting - 1 > chance * (gaps - 1), found, 0.0))
    return {"gaps": gaps, "fitting": fitting, "every_days": every.astype(np.int32), "score": score}


def _chance(gaps: Ints, span: Ints, low: Ints, high: Ints) -> Floats:
    """Chance of a gap in the window, were every day a purchase day with the same probability."""
    stay = 1 - gaps / np.maximum(span, 1)
    result: Floats = stay ** np.maximum(low - 1, 0) - stay**high
    return result


def _user_share(state: State, often: pl.DataFrame, low: Ints, high: Ints) -> Floats:
    """Share of the gaps between all purchase days of each key's user that lie in the key's window."""
    wholes = state.wholes()
    wholes = wholes.filter(wholes["u"].is_in(often["u"].unique().implode()))
    held = state.gaps_of(wholes)
    packed, sums = (held.row << _GAP_BITS) | held.gap, np.concatenate(([0], np.cumsum(held.n)))
    of = np.searchsorted(wholes["u"].to_numpy(), often["u"].to_numpy())
    inside, everywhere = (
        sums[np.searchsorted(packed, (of << _GAP_BITS) | right)] - sums[np.searchsorted(packed, (of << _GAP_BITS) | left)]
        for left, right in ((low, high + 1), (np.zeros_like(of), np.full_like(of, LONGEST + 1)))
    )
    result: Floats = inside / np.maximum(everywhere, 1)
    return result


def core_days(state: State, chosen: pl.DataFrame, longest: int) -> Ints:
    """How long the purchases of keys last without gaps longer than so many days: the days in all shorter gaps."""
    held = state.gaps_of(chosen)
    days = np.where(held.gap <= longest, held.gap * held.n, 0)
    sums = np.concatenate(([0], np.cumsum(days)))
    result: Ints = np.diff(sums[held.ends])
    return result


def find_seasons(state: State, monthly: Monthly, places: Sequence[int]) -> pl.DataFrame:
    """Keys bought in a few neighbouring months of the year, year after year or once within a longer history.

    Args:
        state: the shard's state.
        monthly: the keys that may have seasons.
        places: dimensions of places and ways of buying.

    Returns:
        The columns of `monthly.keys`, and hits, first_month and last_month of the season (1..12), score (nats against the
        user's other purchases), tests.
    """
    keys = monthly.keys
    long_enough = keys["user_last_day"] - keys["user_first_day"] >= SEASON_SPAN
    chosen = monthly.take((long_enough & (keys["days"] >= SEASON_DAYS) & (keys["n"] >= SEASON_COUNT)).to_numpy())
    chosen = replace(chosen, keys=chosen.keys.with_columns(pl.len().over("u").alias("tests")))
    # What the widest window does not hold, no narrower one does.
    chosen = chosen.take(
        _circular_sums(_fold_year(chosen.of_key, chosen.first), SEASON_WIDEST).max(axis=1, initial=0)
        >= SEASON_SHARE * chosen.keys["n"].to_numpy()
    )
    key_year, user_year = _fold_year(chosen.of_key, chosen.first), _fold_year(chosen.of_user, chosen.first)
    start, width, hits = _best_window(key_year)
    # Where most purchases happen is no season of its own: places are compared with all purchases.
    against = np.where(np.isin(chosen.keys["dim"].to_numpy(), list(places))[:, None], user_year, user_year - key_year)
    chance = np.maximum(_window_sums(against, start, width) / np.maximum(against.sum(axis=1), 1), width / 24)
    total = key_year.sum(axis=1)
    found = chosen.keys.with_columns(
        pl.Series("hits", hits),
        pl.Series("first_month", (start + 1).astype(np.int32)),
        pl.Series("last_month", ((start + width - 1) % 12 + 1).astype(np.int32)),
        pl.Series("score", np.where(hits > chance * total, surprises(hits.astype(float), total.astype(float), chance), 0.0)),
    )
    enough = ((found["score"] >= found.select(needed(pl.col("tests") * SEASON_WINDOWS)).to_series()) & pl.Series(width < 12)).to_numpy()
    clear = np.zeros(len(found), dtype=np.bool_)
    clear[enough] = _clear_of_the_ends(chosen.take(enough), start[enough], width[enough], places)
    seasons = found.filter(pl.Series(clear))
    return seasons.filter(pl.Series(core_days(state, seasons, SEASON_GAP) >= SEASON_LENGTH))


def _fold_year(matrix: Ints, first: int) -> Ints:
    year = np.zeros((len(matrix), 12), dtype=np.int64)
    for column in range(matrix.shape[1]):
        year[:, (first + column) % 12] += matrix[:, column]
    return year


def _best_window(key_year: Ints) -> tuple[Ints, Ints, Ints]:
    """The run of months in which most purchases lie for its width: start (0..11), width (12: none), purchases.

    Of the widths that hold enough of the purchases the one wins whose density stands out most.
    """
    total, rows = key_year.sum(axis=1), np.arange(len(key_year))
    start, width = np.zeros(len(key_year), dtype=np.int64), np.full(len(key_year), 12)
    hits, best_score = np.zeros(len(key_year), dtype=np.int64), np.full(len(key_year), -1.0)
    for size in range(1, SEASON_WIDEST + 1):
        sums = _circular_sums(key_year, size)
        best = sums.argmax(axis=1)
        held = sums[rows, best]
        score = surprises(held.astype(float), total.astype(float), np.full(len(total), size / 12))
        better = (held >= SEASON_SHARE * total) & (score > best_score)
        start, width, hits = np.where(better, best, start), np.where(better, size, width), np.where(better, held, hits)
        best_score = np.where(better, score, best_score)
    return start, width, hits


def _circular_sums(year: Ints, size: int) -> Ints:
    doubled = np.concatenate((year, year), axis=1).cumsum(axis=1)
    padded = np.concatenate((np.zeros((len(year), 1), dtype=np.int64), doubled), axis=1)
    sums: Ints = padded[:, size : size + 12] - padded[:, :12]
    return sums


def _window_sums(year: Ints, start: Ints, width: Ints) -> Ints:
    months = np.arange(12)[None, :]
    result: Ints = (year * (((months - start[:, None]) % 12) < width[:, None])).sum(axis=1)
    return result


def _clear_of_the_ends(monthly: Monthly, start: Ints, width: Ints, places: Sequence[int]) -> NDArray[np.bool_]:
    """A season, not a beginning or an end: in two years, or once with the user going on long enough before and after it."""
    month = np.arange(monthly.of_key.shape[1])[None, :] + monthly.first
    offset = (month - start[:, None]) % 12
    inside = offset < width[:, None]
    # The month in which a season began tells one year's season from the next one's.
    year = (month - offset - (monthly.first - 11)) // 12
    years = np.stack([(monthly.of_key * (inside & (year == number))).sum(axis=1) for number in range(int(year.max(initial=0)) + 1)], axis=1)
    hits = years.sum(axis=1)
    several = (years >= np.maximum(SEASON_YEARS * hits, 2)[:, None]).sum(axis=1) > 1
    main = inside & (year == years.argmax(axis=1)[:, None])
    others = np.where(np.isin(monthly.keys["dim"].to_numpy(), list(places))[:, None], monthly.of_user, monthly.of_user - monthly.of_key)
    rate = hits / np.maximum((others * main).sum(axis=1), 1)
    begun = np.where(main.any(axis=1), main.argmax(axis=1), 0)
    ended = main.shape[1] - main[:, ::-1].argmax(axis=1)
    index = np.arange(main.shape[1])[None, :]
    sides = (index < begun[:, None], index >= ended[:, None])
    before, after = (silence((monthly.of_key * side).sum(axis=1).astype(float), (others * side).sum(axis=1) * rate) for side in sides)
    clear: NDArray[np.bool_] = several | ((before >= SEASON_SILENCE) & (after >= SEASON_SILENCE))
    return clear
