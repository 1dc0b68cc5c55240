"""How strongly counts speak against chance: large-deviation bounds, vectorised, and how strongly they have to."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of each kind of claim one user in so many may be told one by chance, as far as the bound tells; at the numbers that users
# have the bound is loose by a factor of four or more. Nats, before the number of tests is paid for.
ONE_USER_IN = 50
NATS = math.log(ONE_USER_IN)


def needed(tests: pl.Expr) -> pl.Expr:
    """Nats that the best of so many tests has to reach (Bonferroni's bound).

    Args:
        tests: how many claims of the kind were tried for the user.
    """
    return NATS + tests.cast(pl.Float64).clip(1.0).log()


def surprise(hits: pl.Expr, trials: pl.Expr, chance: pl.Expr) -> pl.Expr:
    """How surprising so many hits are, were each trial a hit by `chance`; in nats.

    The Chernoff bound: P(as many hits or more) <= exp(-surprise) where hits/trials > chance (Hoeffding, JASA 1963, theorem 1).
    Where hits/trials is below `chance`, it bounds P(as few hits or fewer).

    Args:
        hits: how many of the trials were hits.
        trials: how many there were, more than none.
        chance: probability of a hit; values outside [1e-6, 1 - 1e-6] are clipped.
    """
    share = hits / trials
    base = chance.clip(1e-6, 1 - 1e-6)
    up = pl.when(share > 0).then(share * (share / base).log()).otherwise(0.0)
    down = pl.when(share < 1).then((1 - share) * ((1 - share) / (1 - base)).log()).otherwise(0.0)
    return trials * (up + down)


def surprises(hits: Floats, trials: Floats, chance: Floats) -> Floats:
    """`surprise` of arrays; 0 where there are no trials."""
    share = hits / np.maximum(trials, 1)
    base = np.clip(chance, 1e-6, 1 - 1e-6)
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(share > 0, share * np.log(share / base), 0.0)
        down = np.where(share < 1, (1 - share) * np.log((1 - share) / (1 - base)), 0.0)
    result: Floats = trials * (up + down)
    return result


def silence(count: Floats, expected: Floats) -> Floats:
    """How surprising so few Poisson counts are, in nats (Chernoff bound); 0 where there are as many as expected, or more."""
    with np.errstate(divide="ignore", invalid="ignore"):
        nats = expected - count + np.where(count > 0, count * np.log(count / np.maximum(expected, 1e-9)), 0.0)
    return np.where(count < expected, nats, 0.0)


def g_statistic(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """G statistic of 2x2 tables [[a, b], [c, d]] (likelihood ratio; Sokal and Rohlf, Biometry, section 17.4)."""
    total = a + b + c + d
    parts = ((a, a + b, a + c), (b, a + b, b + d), (c, c + d, a + c), (d, c + d, b + d))
    result = np.zeros_like(total, dtype=np.float64)
    for cell, row, column in parts:
        expected = row * column / np.maximum(total, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            result += np.where(cell > 0, cell * np.log(cell / np.maximum(expected, 1e-12)), 0.0)
    return 2 * result
