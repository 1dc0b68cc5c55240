"""Which keys tell most of a user: the candidates of the table of item facts, and how the heaviest of many are found."""

from __future__ import annotations

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import month_numbers
from memlearn.learning.embedded.counting import changes, sort_groups
from memlearn.learning.embedded.state import WHOLE, Ints, State

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
    user = u.astype(np.int64)
    age = np.clip((last.take(user, mode="clip") - last_day).astype(np.int32) // np.int32(30), 0, 48)
    limit = np.array([SINGLE_KEPT if name in SINGLE else COARSE_KEPT for name in state.keys.dims])
    # What was not bought weighs nothing, so it takes no place of what was.
    weight = np.maximum(n.astype(np.int64) * 64 - age, 0)
    top = top_rows(dim * np.int64(users) + user, weight, limit.take(dim, mode="clip"))
    top = top[np.flatnonzero((n[top] > 0) & (dim[top] != state.keys.index(WHOLE)))]
    top = top[np.argsort(u[top], kind="stable")]
    kept = state.counts.select("row", "u", "dim", "key", *NUMBERS, "loose", "first_day", "last_day")[top]
    dims, labels = state.keys.names(kept)
    facts = kept.select(
        "u",
        dims.alias("dim"),
        labels.alias("label"),
        *NUMBERS,
        pl.Series("median_gap", median_gaps(state, kept)).cast(pl.Int32).replace(0, None),
        pl.Series("strength", _strength(state, kept)),
        pl.Series("user_n", of[kept["u"].to_numpy()]),
    )
    # Shown by a source that cannot tell ignoring, an offer only counts where it was answered.
    answers = offers.select("u", "dim", "label", pl.max_horizontal("strong", "answered").alias("shown"), "answered")
    if answers.is_empty():
        return facts.with_columns(pl.lit(None, pl.Int64).alias("shown"), pl.lit(None, pl.Int64).alias("answered"))
    return facts.join(answers, on=["u", "dim", "label"], how="full", coalesce=True).sort("u", "dim", "label")


def median_gaps(state: State, kept: pl.DataFrame) -> Ints:
    """The lower median of the gaps of each key bought on three days or more, by sources that are evidence for intervals; 0 for others.

    Args:
        state: the shard's state.
        kept: rows of its `counts`: row, days, loose.
    """
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
    weights = np.array([int(WEIGHT_ONE * 2 ** (-age / HALF_LIFE_MONTHS)) for age in range(121)], dtype=np.int64)
    # Sums of integers below 2**53 are exact in floating point.
    age = np.clip(latest[users].take(row, mode="clip") - month, 0, len(weights) - 1)
    return np.bincount(row, weights=n * weights.take(age, mode="clip"), minlength=len(kept)).astype(np.int64)


def top_rows(group: Ints, weight: Ints, kept: Ints) -> Ints:
    """Positions, ascending, of the heaviest rows of each group, as many as `kept` says; of equal ones the first.

    Args:
        group: ascending.
        weight: not negative.
        kept: how many rows of each row's group are wanted.
    """
    first = changes(group)
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, len(group)))
    number = np.cumsum(first, dtype=np.int64)
    number -= 1
    crowded = sizes.take(number, mode="clip") > kept
    big = np.flatnonzero(crowded)
    if len(big) == 0:
        return np.arange(len(group))
    of, size, heavy = number.take(big, mode="clip"), kept.take(big, mode="clip"), weight.take(big, mode="clip")
    bits, weight_bits = len(group).bit_length(), int(heavy.max()).bit_length()
    if len(starts).bit_length() + weight_bits + bits > SORTABLE_BITS:
        order = big[np.lexsort((-heavy, of))]
    else:
        # Group, weight from above and position in one number: sorting it is several times as fast as sorting by three.
        packed = (((of << weight_bits) | (heavy.max() - heavy)) << bits) | big
        sort_groups(packed, weight_bits + bits)
        order = packed & ((1 << bits) - 1)
    # Groups stay where they are, so the places in them are those of before.
    firsts = np.flatnonzero(changes(of))
    place = np.arange(len(of)) - np.repeat(firsts, np.diff(np.append(firsts, len(of))))
    chosen = ~crowded
    chosen[order[place < size]] = True
    return np.flatnonzero(chosen)
