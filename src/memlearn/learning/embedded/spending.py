"""Claims about spending: how much in each currency, and since when more or less."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.blocks import month_blocks
from memlearn.learning.embedded.evidence import NATS
from memlearn.learning.embedded.sides import LOG_PARTS
from memlearn.learning.embedded.state import Ints, State, slices

Floats = NDArray[np.float64]
# By split: log-likelihood ratio, and by how much the level rises.
Evidence = tuple[Floats, Floats]

# A change leaves so many full months on either side.
SPENDING_MONTHS = 3
SPENDING_FACTOR = 1.25
# Every month is tried; neighbouring splits are so alike that they count as so many tests.
SPENDING_SPLITS = 6
SPENDING_FREEDOM = 3
# A month's mean purchase also depends on where was bought, so what it says of the level counts less.
LEVELS_WEIGHT = 0.8
# Both kinds of evidence rest on the same purchases in part, so the months' levels count less than half beside the merchants'.
LEVELS_BESIDE = 0.4
# Smallest variance of a purchase's logarithm that is believed, so that a few equal months do not look certain.
SMALLEST_VARIANCE = 0.02


def find_spending(state: State) -> pl.DataFrame:
    """What each user spent in each currency: u, key, n, returns, amount (net, minor units), first_month, last_month."""
    grouped = state.tables.money.group_by("u", "key").agg(
        pl.col("n").sum().cast(pl.Int64),
        pl.col("returns").sum().cast(pl.Int64),
        pl.col("amount").sum(),
        pl.col("month").min().alias("first_month"),
        pl.col("month").max().alias("last_month"),
    )
    return grouped.sort("u", "key")


def find_spending_changes(state: State) -> pl.DataFrame:
    """Users whose monthly spending in a currency rose or fell for good.

    The user's full months (the first and last one left out) are split where two levels explain the amounts best: either of the
    logarithms of the months' mean purchases, weighted by their numbers, or of the purchases at the same merchants, each
    merchant compared with itself. The ratio of likelihoods of two levels and of one has to be large enough, and the
    monthly sums have to have changed by a factor in the same direction.

    Returns:
        u, key (currency), month (first month after), before and after (mean minor units a month, rounded half up),
        months_before, months_after, score.
    """
    money = state.tables.money.sort("u", "key", "month")
    prices = _prices_of(state)
    users, starts = np.unique(money["u"].to_numpy(), return_index=True)
    ends, month = np.append(starts, len(money)), money["month"].to_numpy().astype(np.int64)
    edges = np.searchsorted(prices["u"].to_numpy(), np.append(users, len(state.users)))
    first, last = (part.reduceat(month, starts) if len(starts) else month for part in (np.minimum, np.maximum))
    found = [
        _changes_of(money[slices(ends, block)[1]], prices[slices(edges, block)[1]])
        for block in month_blocks(first, last, np.diff(ends) + np.diff(edges))
    ]
    return pl.concat(found).sort("u", "key")


def _prices_of(state: State) -> pl.DataFrame:
    """Prices paid at merchants, with `money`, the currency's index, sorted by user, currency, merchant and month."""
    names = pl.DataFrame({"currency": state.keys.currencies.cast(pl.String)}).with_row_index("money")
    return state.tables.prices.join(names.cast({"money": pl.Int32}), on="currency").sort("u", "money", "dim", "key", "month")


def _changes_of(money: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """The changes of some users' spending, from their payments and prices by month."""
    amount, number, inside, first, chosen = _by_month(money)
    mean = np.log(np.maximum(amount, 1) / np.maximum(number, 1))
    wide = _wide_enough(inside)
    levels = _two_levels(np.where(inside & (amount > 0), number, 0).astype(np.float64), mean)
    merchants = _same_merchants(prices, chosen, first, amount.shape[1])
    score, best = _best_of(levels, merchants, wide, _factor(amount, inside))
    index = np.arange(amount.shape[1])[None, :]
    before = inside & (index <= best[:, None])
    sums = [(np.where(side, amount, 0).sum(axis=1), side.sum(axis=1)) for side in (before, inside & ~before)]
    (low, months_before), (high, months_after) = sums
    found = chosen.with_columns(
        pl.Series("score", score),
        pl.Series("month", best + first + 1).cast(pl.Int64),
        pl.Series("before", _rounded_mean(low, months_before)),
        pl.Series("after", _rounded_mean(high, months_after)),
        pl.Series("months_before", months_before).cast(pl.Int64),
        pl.Series("months_after", months_after).cast(pl.Int64),
    )
    enough = pl.col("score") >= NATS + np.log(2 * SPENDING_SPLITS)
    return found.filter(enough & (pl.min_horizontal("before", "after") > 0))


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


def _wide_enough(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Splits (after each column) that leave enough full months on either side."""
    months = inside.cumsum(axis=1)
    result: NDArray[np.bool_] = (months >= SPENDING_MONTHS) & (months[:, -1:] - months >= SPENDING_MONTHS)
    return result


def _factor(amount: Ints, inside: NDArray[np.bool_]) -> Floats:
    """By how much the logarithm of the mean monthly sum rises at each split; 0 where the factor is too small to speak of."""
    months, sums = inside.cumsum(axis=1), np.where(inside, amount, 0).cumsum(axis=1)
    before, after = sums / np.maximum(months, 1), (sums[:, -1:] - sums) / np.maximum(months[:, -1:] - months, 1)
    rise = np.log(np.maximum(after, 1)) - np.log(np.maximum(before, 1))
    result: Floats = np.where(np.abs(rise) >= np.log(SPENDING_FACTOR), rise, 0.0)
    return result


def _best_of(levels: Evidence, merchants: Evidence, wide: NDArray[np.bool_], factor: Floats) -> tuple[Floats, Ints]:
    """The best split of each row by either kind of evidence that points where the sums do: its score, and the last column before it."""
    scores = [np.where(wide & (rise * factor > 0), score, 0.0) for score, rise in (levels, merchants)]
    score = np.maximum(LEVELS_WEIGHT * scores[0], scores[1] + LEVELS_BESIDE * scores[0])
    # Months without purchases leave splits alike; of those the first one counts.
    rows, best = np.arange(len(score)), score.argmax(axis=1)
    return score[rows, best], best


def _two_levels(weight: Floats, value: Floats) -> Evidence:
    """Every split of each row into two weighted levels: log-likelihood ratio against one level, and by how much it rises."""
    kept = np.where(weight > 0, value, 0.0)
    used, n, s, q = (np.cumsum(part, axis=1) for part in (weight > 0, weight, weight * kept, weight * kept**2))
    rise = (s[:, -1:] - s) / np.maximum(n[:, -1:] - n, 1) - s / np.maximum(n, 1)
    harmonic = n * (n[:, -1:] - n) / np.maximum(n[:, -1:], 1)
    whole = q[:, -1:] - s[:, -1:] ** 2 / np.maximum(n[:, -1:], 1)
    return _likelihood_ratio(rise, harmonic, whole - harmonic * rise**2, used[:, -1:] - 2.0), rise


def _same_merchants(prices: pl.DataFrame, chosen: pl.DataFrame, first: int, width: int) -> Evidence:
    """Every split of each row's purchases, those at one merchant compared with each other: as `_two_levels`."""
    rows = chosen.select("u", pl.col("key").alias("money"), pl.int_range(pl.len()).alias("row"))
    prices = prices.join(rows, on=["u", "money"], maintain_order="left")
    row, dim, key = (prices[name].to_numpy().astype(np.int64) for name in ("row", "dim", "key"))
    new = np.ones(len(prices), dtype=np.bool_)
    new[1:] = (row[1:] != row[:-1]) | (dim[1:] != dim[:-1]) | (key[1:] != key[:-1])
    # A merchant of one month tells nothing of change.
    several = ~(new & np.append(new[1:], True)) if len(new) else new
    prices, row, new = prices.filter(pl.Series(several)), row[several], new[several]
    merchant, month = np.cumsum(new) - 1, prices["month"].to_numpy() - first
    n, s, q = (np.zeros((int(new.sum()), width)) for _ in range(3))
    n[merchant, month], s[merchant, month] = prices["n"].to_numpy(), prices["logs"].to_numpy() / LOG_PARTS
    q[merchant, month] = prices["squares"].to_numpy() / LOG_PARTS**2
    n, s, q = (part.cumsum(axis=1) for part in (n, s, q))
    after, split = n[:, -1:] - n, (n > 0) & (n[:, -1:] - n > 0)
    rise = (s[:, -1:] - s) / np.maximum(after, 1) - s / np.maximum(n, 1)
    harmonic = np.where(split, n * after / np.maximum(n + after, 1), 0.0)
    rest = q[:, -1:] - s**2 / np.maximum(n, 1) - (s[:, -1:] - s) ** 2 / np.maximum(after, 1)
    freedom = np.where(split, n + after - 2, 0)
    of = row[np.flatnonzero(new)]
    harmonics, rises, rests, freedoms = (
        _sum_rows(part, of, len(chosen)) for part in (harmonic, harmonic * rise, np.where(split, rest, 0.0), freedom)
    )
    mean = rises / np.maximum(harmonics, 1e-9)
    # One rise for all merchants: what they differ from it by is no noise of the purchases, but counts as such.
    spread = _sum_rows(harmonic * rise**2, of, len(chosen)) - harmonics * mean**2
    merchants = _sum_rows(split.astype(np.float64), of, len(chosen))
    return _likelihood_ratio(mean, harmonics, rests + spread, freedoms + merchants - 1), mean


def _sum_rows(part: Floats, of: Ints, rows: int) -> Floats:
    """Sums of the rows of a matrix that belong together; `of` ascends. Each sum depends on its own rows alone, to the last bit."""
    total = np.zeros((rows, part.shape[1]))
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    if len(starts):
        total[of[starts]] = np.add.reduceat(part, starts, axis=0)
    return total


def _likelihood_ratio(rise: Floats, weight: Floats, rest: Floats, freedom: Floats) -> Floats:
    """Log-likelihood ratio of a rise against none, the variance unknown; 0 where there is too little to tell."""
    enough = freedom >= SPENDING_FREEDOM
    freedom = np.maximum(freedom, 1)
    variance = np.maximum(rest / freedom, SMALLEST_VARIANCE)
    square = weight * rise**2 / variance
    result: Floats = np.where(enough & (weight > 0), (freedom + 1) / 2 * np.log1p(square / freedom), 0.0)
    return result


def _rounded_mean(total: Ints, count: Ints) -> Ints:
    count = np.maximum(count, 1)
    return (2 * total + count) // (2 * count)
