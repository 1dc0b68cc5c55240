"""Claims about seasons: purchases in some months of the year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.evidence import needed, silence, surprises
from memlearn.learning.embedded.habits import core_days
from memlearn.learning.embedded.state import Ints, Monthly, State

SEASON_COUNT = 8
SEASON_DAYS = 5
SEASON_SHARE = 0.75
SEASON_SPAN = 300
# Months of a season that came back in another year; one that was seen once is one of the year's seasons: a shorter spell is a spree,
# a longer one a phase of life, until the next year tells.
WIDTHS, WIDTHS_ONCE = (1, 2, 3, 4, 5), (2, 3)
# Windows that overlap are so alike that only those beside one another count as tests.
SEASON_WINDOWS = sum(12 / width for width in (*WIDTHS, *WIDTHS_ONCE))
# A season is more than one shopping spree: without gaps longer than so many days it lasts this long.
SEASON_GAP, SEASON_LENGTH = 14, 21
# Nats by which fewer purchases came before a season seen once, and after it, than its pace would have given.
SEASON_SILENCE = 3.0
# Seasons of two years count as such where each holds this share of the purchases.
SEASON_YEARS = 0.2


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
    chosen = _worth_trying(monthly)
    again = _judge(chosen, WIDTHS, places, once=False)
    rest = chosen.take(~np.isin(chosen.keys["row"].to_numpy(), again["row"].to_numpy()))
    seasons = pl.concat([again, _judge(rest, WIDTHS_ONCE, places, once=True)]).sort("u", "dim", "key")
    return seasons.filter(pl.Series(core_days(state, seasons, SEASON_GAP) >= SEASON_LENGTH))


def _worth_trying(monthly: Monthly) -> Monthly:
    """The keys that may have a season, as far as plain counts tell, with `tests`, the number tried for the user."""
    day, span = monthly.keys["days"].to_numpy(), (monthly.keys["user_last_day"] - monthly.keys["user_first_day"]).to_numpy()
    n = monthly.keys["n"].to_numpy()
    enough = (span >= SEASON_SPAN) & (day >= SEASON_DAYS) & (n >= SEASON_COUNT)
    # What the widest window does not hold, no narrower one does.
    tried = np.flatnonzero(enough)
    most = np.zeros(len(n), dtype=np.int64)
    most[tried] = _circular_sums(_fold_year(monthly.of_key[tried], monthly.first), max(WIDTHS)).max(axis=1, initial=0)
    return monthly.take(enough & (most >= SEASON_SHARE * n), tests=monthly.count_chosen(enough))


def _judge(chosen: Monthly, widths: Sequence[int], places: Sequence[int], *, once: bool) -> pl.DataFrame:
    """The keys with a season of one of the widths: seen once, with silence before and after it, or in several years."""
    key_year, user_year = _fold_year(chosen.of_key, chosen.first), _fold_year(chosen.of_user, chosen.first)
    start, width, hits = _best_window(key_year, widths)
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
    sure = (found["score"] >= found.select(needed(pl.col("tests") * SEASON_WINDOWS)).to_series()).to_numpy() & (width < 12)
    seasons, start, width = chosen.take(sure), start[sure], width[sure]
    clear = _stands_alone(seasons, start, width, places) if once else _came_back(seasons, start, width)
    return found.filter(pl.Series(sure)).filter(pl.Series(clear))


def _fold_year(matrix: Ints, first: int) -> Ints:
    year = np.zeros((len(matrix), 12), dtype=np.int64)
    for column in range(matrix.shape[1]):
        year[:, (first + column) % 12] += matrix[:, column]
    return year


def _best_window(key_year: Ints, widths: Sequence[int]) -> tuple[Ints, Ints, Ints]:
    """The run of months in which most purchases lie for its width: start (0..11), width (12: none), purchases.

    Of the widths that hold enough of the purchases the one wins whose density stands out most.
    """
    total, rows = key_year.sum(axis=1), np.arange(len(key_year))
    start, width = np.zeros(len(key_year), dtype=np.int64), np.full(len(key_year), 12)
    hits, best_score = np.zeros(len(key_year), dtype=np.int64), np.full(len(key_year), -1.0)
    for size in widths:
        # A window begins and ends with purchases, else it is a narrower one.
        edges = (key_year > 0) & (np.roll(key_year, 1 - size, axis=1) > 0)
        sums = np.where(edges, _circular_sums(key_year, size), 0)
        best = sums.argmax(axis=1)
        held = sums[rows, best]
        score = surprises(held.astype(float), total.astype(float), np.full(len(total), size / 12))
        better = (held >= SEASON_SHARE * total) & (score > best_score)
        start, width, hits = np.where(better, best, start), np.where(better, size, width), np.where(better, held, hits)
        best_score = np.where(better, score, best_score)
    return start, width, hits


def _circular_sums(year: Ints, size: int) -> Ints:
    padded = np.concatenate((np.zeros((len(year), 1), dtype=np.int64), year, year[:, : size - 1]), axis=1).cumsum(axis=1)
    sums: Ints = padded[:, size:] - padded[:, :12]
    return sums


def _window_sums(year: Ints, start: Ints, width: Ints) -> Ints:
    months = np.arange(12)[None, :]
    result: Ints = (year * (((months - start[:, None]) % 12) < width[:, None])).sum(axis=1)
    return result


def _by_year(monthly: Monthly, start: Ints, width: Ints) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """Which months lie in each key's season, in which year's, and the purchases of each year's season; shapes (keys, months) and (keys, years)."""
    month = np.arange(monthly.of_key.shape[1])[None, :] + monthly.first
    offset = (month - start[:, None]) % 12
    inside = offset < width[:, None]
    # The month in which a season began tells one year's season from the next one's.
    year = (month - offset - (monthly.first - 11)) // 12
    sums = [(monthly.of_key * (inside & (year == number))).sum(axis=1) for number in range(int(year.max(initial=0)) + 1)]
    return inside, year, np.stack(sums, axis=1)


def _came_back(monthly: Monthly, start: Ints, width: Ints) -> NDArray[np.bool_]:
    """A season, since it holds a good share of the purchases in more than one year."""
    _, _, years = _by_year(monthly, start, width)
    hits = years.sum(axis=1)
    several: NDArray[np.bool_] = (years >= np.maximum(SEASON_YEARS * hits, 2)[:, None]).sum(axis=1) > 1
    return several


def _stands_alone(monthly: Monthly, start: Ints, width: Ints, places: Sequence[int]) -> NDArray[np.bool_]:
    """A season and neither a beginning nor an end: the user went on long enough before and after it, without the key."""
    inside, year, years = _by_year(monthly, start, width)
    hits = years.sum(axis=1)
    main = inside & (year == years.argmax(axis=1)[:, None])
    others = np.where(np.isin(monthly.keys["dim"].to_numpy(), list(places))[:, None], monthly.of_user, monthly.of_user - monthly.of_key)
    rate = hits / np.maximum((others * main).sum(axis=1), 1)
    begun = np.where(main.any(axis=1), main.argmax(axis=1), 0)
    ended = main.shape[1] - main[:, ::-1].argmax(axis=1)
    index = np.arange(main.shape[1])[None, :]
    sides = (index < begun[:, None], index >= ended[:, None])
    before, after = (silence((monthly.of_key * side).sum(axis=1).astype(float), (others * side).sum(axis=1) * rate) for side in sides)
    alone: NDArray[np.bool_] = (before >= SEASON_SILENCE) & (after >= SEASON_SILENCE)
    return alone
