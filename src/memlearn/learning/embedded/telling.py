"""Which keys tell most of a user: the candidates of the table of item facts, and how the heaviest of many are found."""

from __future__ import annotations

import numpy as np
import polars as pl

from memlearn.learning.embedded.state import WHOLE, Ints, State, month_numbers

# Of single items and merchants more keys are kept for the table of item facts than of coarser dimensions.
SINGLE_KEPT, COARSE_KEPT = 24, 8
SINGLE = ("item", "merchant")
GAP_DAYS = 3
# Recency: a purchase counts half after so many months; weights are fixed-point.
HALF_LIFE_MONTHS = 6
WEIGHT_ONE = 1 << 20
SORTABLE_BITS = 63
NUMBERS = ("n", "returned", "days", "first_us", "last_us")


def find_item_facts(state: State, offers: pl.DataFrame) -> pl.DataFrame:
    """The telling rows of a user about single keys: bought most and latest, and how offers of the key were answered.

    Args:
        state: the shard's state.
        offers: u, dim, label, strong, answered: offers shown and answered.

    Returns:
        u, dim, label, n, returned, days, first_us, last_us, median_gap (days), strength, user_n, shown, answered.
    """
    users = len(state.users)
    last, of = np.zeros(users, dtype=np.int64), np.zeros(users, dtype=np.int64)
    whole = state.whole()
    last[whole["u"].to_numpy()], of[whole["u"].to_numpy()] = whole["user_last_day"].to_numpy(), whole["user_n"].to_numpy()
    u, dim, n, last_day = (state.counts[name].to_numpy() for name in ("u", "dim", "n", "last_day"))
    bought = np.flatnonzero((dim != state.keys.index(WHOLE)) & (n > 0))
    user, dim = u[bought].astype(np.int64), dim[bought]
    age = np.clip((last[user] - last_day[bought]) // 30, 0, 48)
    limit = np.array([SINGLE_KEPT if name in SINGLE else COARSE_KEPT for name in state.keys.dims])
    top = bought[top_rows(dim * np.int64(users) + user, n[bought].astype(np.int64) * 64 - age, limit[dim])]
    top = top[np.argsort(u[top], kind="stable")]
    kept = state.counts.select("row", "u", "dim", "key", *NUMBERS, "loose", "first_day", "last_day")[top]
    dims, labels = state.keys.names(kept)
    facts = kept.select(
        "u",
        dims.alias("dim"),
        labels.alias("label"),
        *NUMBERS,
        pl.Series("median_gap", _median_gap(state, kept)).cast(pl.Int32).replace(0, None),
        pl.Series("strength", _strength(state, kept)),
        pl.Series("user_n", of[kept["u"].to_numpy()]),
    )
    # Shown by a source that cannot tell ignoring, an offer only counts where it was answered.
    answers = offers.select("u", "dim", "label", pl.max_horizontal("strong", "answered").alias("shown"), "answered")
    if answers.is_empty():
        return facts.with_columns(pl.lit(None, pl.Int64).alias("shown"), pl.lit(None, pl.Int64).alias("answered"))
    return facts.join(answers, on=["u", "dim", "label"], how="full", coalesce=True).sort("u", "dim", "label")


def _median_gap(state: State, kept: pl.DataFrame) -> Ints:
    """The lower median of the gaps of each key bought on three days or more; 0 for others."""
    often = np.flatnonzero((kept["days"].to_numpy() >= GAP_DAYS) & (kept["loose"].to_numpy() == 0))
    held = state.gaps_of(kept[often])
    sums = np.concatenate(([0], np.cumsum(held.n)))
    start, end = sums[held.ends[:-1]], sums[held.ends[1:]]
    middle = np.searchsorted(sums, start + (end - start + 1) // 2) - 1
    result = np.zeros(len(kept), dtype=np.int64)
    if len(held.gap):
        result[often] = np.where(end > start, held.gap[np.clip(middle, 0, len(held.gap) - 1)], 0)
    return result


def _strength(state: State, kept: pl.DataFrame) -> Ints:
    """Recency-weighted purchases, fixed-point, relative to the user's own last month."""
    row, month, n = state.purchases_by_month(kept)
    users = kept["u"].to_numpy()
    latest = np.zeros(len(state.users), dtype=np.int64)
    np.maximum.at(latest, users, month_numbers(kept["last_day"].to_numpy()))
    user = users[row]
    weights = np.array([int(WEIGHT_ONE * 2 ** (-age / HALF_LIFE_MONTHS)) for age in range(121)], dtype=np.int64)
    # Sums of integers below 2**53 are exact in floating point.
    return np.bincount(row, weights=n * weights[np.clip(latest[user] - month, 0, 120)], minlength=len(kept)).astype(np.int64)


def top_rows(group: Ints, weight: Ints, kept: Ints) -> Ints:
    """Positions, ascending, of the heaviest rows of each group, as many as `kept` says; of equal ones the first.

    Args:
        group: ascending.
        weight: not negative.
        kept: how many rows of each row's group are wanted.
    """
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1]))) if len(group) else np.zeros(0, dtype=np.int64)
    sizes = np.diff(np.append(starts, len(group)))
    number = np.repeat(np.arange(len(starts)), sizes)
    crowded = sizes[number] > kept
    chosen = ~crowded
    big = np.flatnonzero(crowded)
    if len(big) == 0:
        return np.flatnonzero(chosen)
    bits, weight_bits = len(group).bit_length(), int(weight.max()).bit_length()
    if len(starts).bit_length() + weight_bits + bits > SORTABLE_BITS:
        order = big[np.lexsort((-weight[big], number[big]))]
    else:
        # Group, weight from above and position in one number: sorting it is several times as fast as sorting by three.
        packed = (((number[big] << weight_bits) | (weight.max() - weight[big])) << bits) | big
        packed.sort()
        order = packed & ((1 << bits) - 1)
    ordered = number[order]
    firsts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    place = np.arange(len(order)) - np.repeat(firsts, np.diff(np.append(firsts, len(order))))
    chosen[order[place < kept[order]]] = True
    return np.flatnonzero(chosen)
