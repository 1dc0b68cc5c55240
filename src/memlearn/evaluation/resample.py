"""The bootstrap over users: sums over users drawn with replacement, exact and therefore the same on every machine.

A draw takes as many users as there are, with replacement; it is kept as the number of times that each user was taken. Sums over a
draw are products of these whole numbers with values rounded to a grid so fine (2^-52 of the largest sum) and so coarse (no sum
above 2^53) that they are exact in whatever order they are added: neither threads nor the size of a piece change a bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from memlearn.errors import UsageError

Reals = NDArray[np.float64]

DRAWS = 10_000
SEED = 20_180
LEVEL = 0.95
# Counts made in one piece, so that they stay in the processor's cache.
_CELLS = 128_000
_BITS = 52


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its confidence interval.

    Args:
        mean: the figure over the users there are.
        low: lower end of the interval.
        high: upper end.
    """

    mean: float
    low: float
    high: float


def user_counts(users: int, draws: int = DRAWS, seed: int = SEED) -> Iterator[Reals]:
    """How often each user is taken in each draw, some draws at a time.

    Args:
        users: how many users there are to take.
        draws: how many draws.
        seed: of the random numbers; the same seed, users and draws give the same counts.

    Returns:
        Pieces of whole numbers; shape (draws of the piece, users); each row sums to `users`.

    Raises:
        UsageError: there are no users or no draws.
    """
    if users < 1 or draws < 1:
        raise UsageError(f"A bootstrap needs at least one user and one draw; here are {users} users and {draws} draws.")
    random = np.random.default_rng(seed)
    step = max(1, _CELLS // users)
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        counts = np.empty((rows, users))
        for row, taken in enumerate(random.integers(0, users, size=(rows, users), dtype=np.int64)):
            counts[row] = np.bincount(taken, minlength=users)
        yield counts


def resampled_sums(values: Reals, draws: int = DRAWS, seed: int = SEED) -> Reals:
    """Sums of columns over each draw of users; every column sees the same draws.

    Args:
        values: of each user; finite; shape (users, columns).
        draws: how many draws.
        seed: of the random numbers.

    Returns:
        Shape (draws, columns).

    Raises:
        UsageError: a value is not finite, or there are no users.
    """
    if not np.isfinite(values).all():
        raise UsageError(
            f"{int(np.count_nonzero(~np.isfinite(values)))} of {values.size} values are not finite. Leave users without a value out."
        )
    users = len(values)
    largest = np.abs(values).max(axis=0, initial=0.0) * max(users, 1)
    power = _BITS - np.frexp(largest)[1]
    grid = np.rint(np.ldexp(values, power))
    # One thread, because the pieces are small: several spend their time waiting for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        return np.concatenate([np.ldexp(counts @ grid, -power) for counts in user_counts(users, draws, seed)])


def percentiles(drawn: Reals, level: float = LEVEL) -> tuple[float, float]:
    """The two ends of the percentile interval of what the draws gave; draws that gave no figure (NaN) are left out."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def sign_p_value(drawn: Reals) -> float:
    """How often draws of a difference lie on the other side of 0, as a two-sided p-value.

    Twice the smaller of the shares of draws at or below 0 and at or above 0, with one added above and below the line so that it is
    never 0 (Davison & Hinkley 1997, 4.2); at most 1.
    """
    known = drawn[np.isfinite(drawn)]
    least = min(int(np.count_nonzero(known <= 0)), int(np.count_nonzero(known >= 0)))
    return min(1.0, 2 * (least + 1) / (len(known) + 1))
