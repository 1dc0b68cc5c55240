"""What one shard's states could say: claims with their numbers, before they are judged against the population.

Everything here is computed from single users' states; it is what `render` is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import CATEGORY, Catalogue
from memlearn.learning.embedded.bands import BAND_OF_SLOT, BANDS
from memlearn.learning.embedded.changes import CHANGE_DAYS, MOVE_COUNT, find_beginnings_and_ends, find_moves
from memlearn.learning.embedded.habits import find_habits, find_seasons, find_steady
from memlearn.learning.embedded.spending import find_spending, find_spending_changes
from memlearn.learning.embedded.state import WHOLE, Ints, State
from memlearn.records import LEVEL_PREFIX

NAMES = (
    "users",
    "likes",
    "habits",
    "seasons",
    "started",
    "stopped",
    "moves",
    "bands",
    "offers",
    "rates",
    "spending",
    "spending_changes",
    "facts",
)

LIKE_COUNT = 5
LIKE_DAYS = 4
LIKE_SPAN = 45
LIKES_KEPT = 40
# Of single items and merchants more keys are kept for the table of item facts than of coarser dimensions.
SINGLE_KEPT, COARSE_KEPT = 24, 8
SINGLE = ("item", "merchant")
GAP_DAYS = 3
# Recency: a purchase counts half after so many months; weights are fixed-point.
HALF_LIFE_MONTHS = 6
WEIGHT_ONE = 1 << 20
SORTABLE_BITS = 63
FACT_NUMBERS = ("n", "returned", "days", "first_us", "last_us")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Frames by name (`NAMES`), with user_id, dim and label as strings."""

    frames: dict[str, pl.DataFrame]


def find_candidates(state: State, catalogue: Catalogue, parents: pl.DataFrame, attributes: Sequence[str] = ()) -> Candidates:
    """Find everything that the states of a shard could say.

    Args:
        state: the shard's state.
        catalogue: items and levels.
        parents: dim_name, label, parent (label): which keys are alike enough to move between.
        attributes: names of the free attributes, whose keys are places or ways of buying.
    """
    places = [number for name in attributes if (number := state.keys.index(name)) is not None]
    steady = find_steady(state, places)
    monthly = state.monthly(_often(state))
    started, stopped = find_beginnings_and_ends(state, monthly, steady)
    raw = {
        "likes": _likes(state),
        "habits": find_habits(state, steady).filter(pl.col("loose") == 0),
        "seasons": find_seasons(state, monthly, places),
        "started": started,
        "stopped": stopped,
        "moves": find_moves(state, monthly, _parent_index(state, parents), places),
    }
    named = {name: _decode(state, frame) for name, frame in raw.items()}
    offers = _offers(state, catalogue)
    plain = {
        "users": state.whole()
        .join(state.tables.activity, on="u", how="full", coalesce=True)
        .with_columns(pl.col("user_n", "user_days").fill_null(0)),
        "bands": _bands(state),
        "offers": offers,
        "rates": _rates(state),
        "spending": _currency(state, find_spending(state)),
        "spending_changes": _currency(state, find_spending_changes(state)),
        "facts": _facts(state, offers),
    }
    return Candidates({**named, **{name: _with_user(state, frame) for name, frame in plain.items()}})


def _often(state: State) -> pl.DataFrame:
    """Keys that are bought often enough to have a season or a change."""
    often = (pl.col("n") >= MOVE_COUNT) & (pl.col("days") >= CHANGE_DAYS) & pl.col("dim").is_in(state.keys.broad)
    return state.counts.filter(often)


def _with_user(state: State, frame: pl.DataFrame) -> pl.DataFrame:
    users = state.users["user_id"].gather(frame["u"])
    return frame.drop("u").with_columns(users)


def _decode(state: State, frame: pl.DataFrame) -> pl.DataFrame:
    """Replace indices of users, dimensions and keys by their names."""
    dims, labels = state.keys.names(frame)
    names = [dims.alias("dim"), labels.alias("label")]
    if "other" in frame.columns:
        names.append(state.keys.names(frame.select("dim", pl.col("other").alias("key")))[1].alias("other_label"))
    return _with_user(state, frame.drop("dim", "key", "other", "row", "at", "old", strict=False).with_columns(names))


def _currency(state: State, frame: pl.DataFrame) -> pl.DataFrame:
    names = pl.DataFrame({"label": state.keys.currencies.cast(pl.String)}).with_row_index("key").with_columns(pl.col("key").cast(pl.Int32))
    return frame.with_columns(pl.col("key").cast(pl.Int32)).join(names, on="key").drop("key")


def _parent_index(state: State, parents: pl.DataFrame) -> pl.DataFrame:
    names = state.keys.table()
    joined = names.join(parents, on=["dim_name", "label"])
    return joined.select("dim", "key", pl.col("parent").rank("dense").cast(pl.Int64))


def _likes(state: State) -> pl.DataFrame:
    """The keys each user bought most and over some time, with the number of keys that were looked at."""
    number, users = state.keys.index(WHOLE), len(state.users)
    group = state.counts["dim"].to_numpy().astype(np.int64) * users + state.counts["u"].to_numpy()
    totals = np.bincount(group, weights=state.counts["n"].to_numpy(), minlength=1)
    lasting = (pl.col("last_day") - pl.col("first_day")) >= LIKE_SPAN
    often = (pl.col("n") >= LIKE_COUNT) & (pl.col("days") >= LIKE_DAYS) & (pl.col("dim") != number) & lasting
    found = state.counts.filter(often)
    user = found["u"].to_numpy()
    group = found["dim"].to_numpy().astype(np.int64) * users + user
    found = found.with_columns(
        pl.Series("tests", np.bincount(user, minlength=users)[user]).cast(pl.UInt32), pl.Series("of", totals[group]).cast(pl.Int32)
    )
    return found[_top_rows(group, found["n"].to_numpy().astype(np.int64), np.full(len(found), LIKES_KEPT))]


def _top_rows(group: Ints, weight: Ints, kept: Ints) -> Ints:
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


def _bands(state: State) -> pl.DataFrame:
    user, slot, n = (state.tables.slots[name].to_numpy() for name in ("u", "slot", "n"))
    users, sums = len(state.users), []
    for name in BANDS:
        inside = BAND_OF_SLOT[name][slot]
        of = np.bincount(user, weights=np.where(inside >= 0, n, 0), minlength=users)
        hits = np.bincount(user, weights=np.where(inside > 0, n, 0), minlength=users)
        known = np.flatnonzero(of)
        sums.append(
            pl.DataFrame({"u": known.astype(np.int32), "hits": hits[known].astype(np.int64), "of": of[known].astype(np.int64)}).select(
                "u", pl.lit(name).alias("label"), "hits", "of"
            )
        )
    return pl.concat(sums).sort("u", "label")


def _offers(state: State, catalogue: Catalogue) -> pl.DataFrame:
    """Offers shown and answered by each user, for each item and each level of the catalogue."""
    number = state.keys.index("item")
    schema = pl.Schema(
        {
            "u": pl.Int32,
            "dim": pl.String,
            "label": pl.String,
            "shown": pl.Int64,
            "strong": pl.Int64,
            "answered": pl.Int64,
            "answered_row": pl.UInt64,
            "shown_row": pl.UInt64,
            "offers": pl.UInt32,
        }
    )
    if number is None or state.tables.offers.is_empty():
        return pl.DataFrame(schema=schema)
    names = state.keys.table().filter(pl.col("dim") == number).select("key", pl.col("label").alias("item_id"))
    offers = state.tables.offers.join(names, on="key").with_columns(pl.min_horizontal("answered", "shown").alias("answered"))
    offers = offers.filter(pl.col("shown") > 0).sort("u", "item_id")
    levels = {level: LEVEL_PREFIX + level for level in catalogue.levels}
    known = offers.join(catalogue.items.select("item_id", *levels.values()), on="item_id", how="left")
    sums = []
    for dim, column in {"item": "item_id", **levels}.items():
        sums.append(
            known.drop_nulls(column)
            .group_by("u", pl.lit(dim).alias("dim"), pl.col(column).alias("label"), maintain_order=True)
            .agg(
                pl.col("shown").sum().cast(pl.Int64),
                (pl.col("shown") - pl.col("weak")).sum().cast(pl.Int64).alias("strong"),
                pl.col("answered").sum().cast(pl.Int64),
                pl.col("answered_row").sort_by("answered_us").drop_nulls().last(),
                pl.col("shown_row").sort_by("shown_us").drop_nulls().last(),
                pl.len().alias("offers"),
            )
        )
    return pl.concat(sums).select(list(schema)).cast(schema)


def _rates(state: State) -> pl.DataFrame:
    """Returns of each user for each key, and discounts of each user as a whole."""
    names = state.keys.table()
    keyed = pl.col("dim") != state.keys.index(WHOLE)
    returned = state.counts.filter((pl.col("returned") > 0) & (pl.col("n") >= 1) & keyed).join(names, on=["dim", "key"])
    returns = returned.select(
        "u",
        pl.lit("returns").alias("what"),
        pl.col("dim_name").alias("dim"),
        "label",
        pl.col("returned").cast(pl.Int64).alias("hits"),
        pl.col("n").cast(pl.Int64).alias("of"),
        "first_row",
        "last_row",
    )
    whole = state.counts.filter(pl.col("dim") == state.keys.index(WHOLE)).select("u", "first_row", "last_row")
    priced = state.tables.activity.filter(pl.col("priced") > 0).join(whole, on="u")
    discounts = priced.select(
        "u",
        pl.lit("discounts").alias("what"),
        pl.lit("").alias("dim"),
        pl.lit("").alias("label"),
        pl.col("discounted").cast(pl.Int64).alias("hits"),
        pl.col("priced").cast(pl.Int64).alias("of"),
        "first_row",
        "last_row",
    )
    return pl.concat([returns, discounts])


def _facts(state: State, offers: pl.DataFrame) -> pl.DataFrame:
    """The telling rows of a user about single keys: bought most and latest, and how offers of the key were answered."""
    users = len(state.users)
    last, of = np.zeros(users, dtype=np.int64), np.zeros(users, dtype=np.int64)
    whole = state.whole()
    last[whole["u"].to_numpy()], of[whole["u"].to_numpy()] = whole["user_last_day"].to_numpy(), whole["user_n"].to_numpy()
    u, dim, n, last_day = (state.counts[name].to_numpy() for name in ("u", "dim", "n", "last_day"))
    bought = np.flatnonzero((dim != state.keys.index(WHOLE)) & (n > 0))
    user, dim = u[bought].astype(np.int64), dim[bought]
    age = np.clip((last[user] - last_day[bought]) // 30, 0, 48)
    limit = np.array([SINGLE_KEPT if name in SINGLE else COARSE_KEPT for name in state.keys.dims])
    top = bought[_top_rows(dim * np.int64(users) + user, n[bought].astype(np.int64) * 64 - age, limit[dim])]
    top = top[np.argsort(u[top], kind="stable")]
    kept = state.counts.select("row", "u", "dim", "key", *FACT_NUMBERS, "loose", "first_day", "last_day")[top]
    dims, labels = state.keys.names(kept)
    facts = kept.select(
        "u",
        dims.alias("dim"),
        labels.alias("label"),
        *FACT_NUMBERS,
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
    user = kept["u"].to_numpy()[row]
    latest = np.zeros(len(state.users), dtype=np.int64)
    np.maximum.at(latest, user, month)
    weights = np.array([int(WEIGHT_ONE * 2 ** (-age / HALF_LIFE_MONTHS)) for age in range(121)], dtype=np.int64)
    # Sums of integers below 2**53 are exact in floating point.
    return np.bincount(row, weights=n * weights[np.clip(latest[user] - month, 0, 120)], minlength=len(kept)).astype(np.int64)


def parent_table(catalogue: Catalogue, merchants: pl.DataFrame) -> pl.DataFrame:
    """dim_name, label, parent: the next coarser key, for merchants and catalogue levels.

    Args:
        catalogue: items and levels, coarse to fine.
        merchants: merchant, merchant_category of the events seen.
    """
    tables = [
        merchants.drop_nulls().select(
            pl.lit("merchant").alias("dim_name"),
            pl.col("merchant").alias("label"),
            (pl.lit(f"{CATEGORY}:") + pl.col("merchant_category")).alias("parent"),
        )
    ]
    for coarse, fine in zip(catalogue.levels, catalogue.levels[1:], strict=False):
        pair = catalogue.items.select(
            pl.col(LEVEL_PREFIX + fine).alias("label"), pl.col(LEVEL_PREFIX + coarse).alias("parent")
        ).drop_nulls()
        tables.append(pair.select(pl.lit(fine).alias("dim_name"), "label", (pl.lit(f"{coarse}:") + pl.col("parent")).alias("parent")))
    return pl.concat(tables).group_by("dim_name", "label").agg(pl.col("parent").min()).sort("dim_name", "label")
