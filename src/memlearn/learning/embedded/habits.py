"""Claims about regularity: purchases at a steady interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.evidence import needed, surprises
from memlearn.learning.embedded.state import LONGEST, WHOLE, Ints, State

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
    often = state.by_user(np.flatnonzero((days >= HABIT_DAYS) & (dim != state.keys.index(WHOLE))), ("row", "u", "dim"))
    fitted = _fit_gaps(state, often, np.isin(often["dim"].to_numpy(), list(places)))
    steady = np.flatnonzero(fitted["score"] >= STEADY_NATS)
    user = often["u"].to_numpy()
    numbers = {**fitted, "tests": np.bincount(user).astype(np.uint32)[user] if len(user) else np.zeros(0, dtype=np.uint32)}
    return state.counts[often["row"].to_numpy()[steady]].with_columns(pl.Series(name, values[steady]) for name, values in numbers.items())


def find_habits(state: State, steady: pl.DataFrame) -> pl.DataFrame:
    """The steady keys that cannot be chance, whatever number of keys was tried for the user.

    Returns:
        The columns of `steady` and `State.whole`, and lapsed (the user went on without it).
    """
    sure = steady.filter(pl.col("score") >= needed(pl.col("tests") * len(WINDOWS)))
    found = state.with_whole(sure)
    silent = pl.col("user_last_day") - pl.col("last_day")
    return found.with_columns((silent > (LAPSE_INTERVALS * pl.col("every_days")).clip(LAPSE_DAYS)).alias("lapsed"))


def _fit_gaps(state: State, often: pl.DataFrame, place: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """For each key: gaps, those that fit the median, their mean, and how surprising they are; 0 where too few fit.

    Args:
        state: the shard's state.
        often: row, u, dim of the keys.
        place: which of them are places.
    """
    held = state.gaps_of(often)
    gap, packed, sums = held.gap, (held.row << _GAP_BITS) | held.gap, np.concatenate(([0], np.cumsum(held.n)))
    days = np.concatenate(([0], np.cumsum(held.n * gap)))
    rows, start, end = np.arange(len(often), dtype=np.int64), held.ends[:-1], held.ends[1:]
    gaps, span = sums[end] - sums[start], days[end] - days[start]
    middle = np.searchsorted(sums, sums[start] + (gaps + 1) // 2) - 1
    median = gap[np.clip(middle, 0, max(len(gap) - 1, 0))] if len(gap) else np.zeros(len(often), dtype=np.int64)

    def within(at: Ints, tenths: int) -> tuple[Ints, Ints, Ints, Ints]:
        low, high = -(-(10 - tenths) * median[at] // 10), (10 + tenths) * median[at] // 10
        left, right = (np.searchsorted(packed, (at << _GAP_BITS) | edge) for edge in (low, high + 1))
        return low, high, sums[right] - sums[left], days[right] - days[left]

    _, _, fitting, in_days = within(rows, max(WINDOWS))
    every = (2 * in_days + fitting) // np.maximum(2 * fitting, 1)
    # Most keys have no rhythm even within the widest window, and need no more looking at.
    fits = np.flatnonzero((fitting >= HABIT_FIT * gaps) & (every >= 2) & (every <= LONGEST_GAP))
    score, place = np.zeros(len(often)), place[fits]
    for tenths in WINDOWS:
        low, high, inside, _ = within(fits, tenths)
        chance = _chance(gaps[fits], span[fits], low, high)
        if place.any():
            chance[place] = np.maximum(chance[place], _user_share(state, often[fits[place]], low[place], high[place]))
        # The gap that gave the median fits by itself, so it does not count.
        hits, trials = np.maximum(inside - 1, 0).astype(float), np.maximum(gaps[fits] - 1, 0).astype(float)
        found = np.where(inside - 1 > chance * (gaps[fits] - 1), surprises(hits, trials, chance), 0.0)
        score[fits] = np.maximum(score[fits], found)
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
