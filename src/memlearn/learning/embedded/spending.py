"""Claims about spending: how much in each currency, and since when more or less."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.evidence import NATS
from memlearn.learning.embedded.state import Ints, State

Floats = NDArray[np.float64]

# A change leaves so many full months on either side.
SPENDING_MONTHS = 3
SPENDING_FACTOR = 1.5
# Every month is tried; neighbouring splits are so alike that they count as so many tests.
SPENDING_SPLITS = 4
# Smallest variance of a purchase's logarithm that is believed, so that a few equal months do not look certain.
SMALLEST_VARIANCE = 0.02


def find_spending(state: State) -> pl.DataFrame:
    """What each user spent in each currency: u, key, n, amount (net, minor units), first_month, last_month."""
    grouped = state.tables.money.group_by("u", "key").agg(
        pl.col("n").sum().cast(pl.Int64), pl.col("amount").sum(), pl.col("month").min().alias("first_month"), pl.col("month").max().alias("last_month")
    )
    return grouped.sort("u", "key")


def find_spending_changes(state: State) -> pl.DataFrame:
    """Users whose monthly spending in a currency rose or fell for good.

    The user's full months (the first and last one left out) are split where the logarithms of the mean purchases of the
    months, weighted by their numbers, differ most; the ratio of likelihoods of two levels and of one has to be large
    enough, and the monthly sums have to have changed by a factor in the same direction.

    Returns:
        u, key (currency), month (first month after), before and after (mean minor units a month, rounded half up),
        months_before, months_after, score.
    """
    money = state.tables.money.sort("u", "key", "month")
    amount, number, inside, first, chosen = _by_month(money)
    mean = np.log(np.maximum(amount, 1) / np.maximum(number, 1))
    score, best, rises = _best_split(np.where(inside & (amount > 0), number, 0).astype(np.float64), mean, inside)
    index = np.arange(amount.shape[1])[None, :]
    before = inside & (index <= best[:, None])
    sums = [(np.where(side, amount, 0).sum(axis=1), side.sum(axis=1)) for side in (before, inside & ~before)]
    (low, months_before), (high, months_after) = sums
    found = chosen.with_columns(
        pl.Series("score", score),
        pl.Series("rises", rises),
        pl.Series("month", best + first + 1).cast(pl.Int64),
        pl.Series("before", _rounded_mean(low, months_before)),
        pl.Series("after", _rounded_mean(high, months_after)),
        pl.Series("months_before", months_before).cast(pl.Int64),
        pl.Series("months_after", months_after).cast(pl.Int64),
    )
    ratio = pl.max_horizontal("before", "after") / pl.min_horizontal("before", "after").clip(1)
    agreed = (pl.col("after") > pl.col("before")) == pl.col("rises")
    enough = pl.col("score") >= NATS + np.log(SPENDING_SPLITS)
    return found.filter(enough & agreed & (ratio >= SPENDING_FACTOR) & (pl.min_horizontal("before", "after") > 0)).drop("rises")


def _by_month(money: pl.DataFrame) -> tuple[Ints, Ints, NDArray[np.bool_], int, pl.DataFrame]:
    """Amounts and numbers of purchases by (u, currency) and month, which months are full ones, the first column's month, and the rows."""
    month, new = money["month"].to_numpy().astype(np.int64), np.ones(len(money), dtype=np.bool_)
    user, key = money["u"].to_numpy(), money["key"].to_numpy()
    new[1:] = (user[1:] != user[:-1]) | (key[1:] != key[:-1])
    row, starts = np.cumsum(new) - 1, np.flatnonzero(new)
    first = int(month.min()) if len(month) else 0
    width = int(month.max()) - first + 1 if len(month) else 1
    amount, number = np.zeros((len(starts), width), dtype=np.int64), np.zeros((len(starts), width), dtype=np.int64)
    amount[row, month - first], number[row, month - first] = money["amount"].to_numpy(), money["n"].to_numpy()
    low, high = month[starts] - first, month[np.append(starts[1:], len(month)) - 1] - first if len(starts) else starts
    index = np.arange(width)[None, :]
    inside = (index > low[:, None]) & (index < high[:, None])
    return amount, number, inside, first, money.select("u", "key")[starts]


def _best_split(weight: Floats, value: Floats, inside: NDArray[np.bool_]) -> tuple[Floats, Ints, NDArray[np.bool_]]:
    """The best split of each row into two levels: log-likelihood ratio against one level, last column before it, and whether it rises."""
    kept = np.where(weight > 0, value, 0.0)
    months, used, n, s, q = (np.cumsum(part, axis=1) for part in (inside, weight > 0, weight, weight * kept, weight * kept**2))
    left, right = (n, s), (n[:, -1:] - n, s[:, -1:] - s)
    means = [total / np.maximum(number, 1) for number, total in (left, right)]
    rest = q[:, -1:] - sum(number * mean**2 for (number, _), mean in zip((left, right), means, strict=True))
    freedom = np.maximum(used[:, -1:] - 2, 1)
    variance = np.maximum(rest / freedom, SMALLEST_VARIANCE)
    harmonic = n * right[0] / np.maximum(n[:, -1:], 1)
    square = harmonic * (means[1] - means[0]) ** 2 / variance
    wide = (months >= SPENDING_MONTHS) & (months[:, -1:] - months >= SPENDING_MONTHS)
    score = np.where(wide & (harmonic > 0), (freedom + 1) / 2 * np.log1p(square / freedom), 0.0)
    rows, best = np.arange(len(score)), score.argmax(axis=1)
    return score[rows, best], best, means[1][rows, best] > means[0][rows, best]


def _rounded_mean(total: Ints, count: Ints) -> Ints:
    count = np.maximum(count, 1)
    return (2 * total + count) // (2 * count)
