"""What one shard's states could say: claims with their numbers, before they are judged against the population.

Everything here is computed from single users' states; it is what `render` is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from memlearn.learning.embedded.annotate import CATEGORY, Catalogue
from memlearn.learning.embedded.bands import BANDS, BANDS_OF_KIND, KIND_OF_SLOT, KINDS
from memlearn.learning.embedded.changes import CHANGE_DAYS, MOVE_COUNT, find_beginnings_and_ends, find_moves
from memlearn.learning.embedded.habits import find_habits, find_steady
from memlearn.learning.embedded.seasons import find_seasons
from memlearn.learning.embedded.spending import find_spending, find_spending_changes
from memlearn.learning.embedded.state import WHOLE, State
from memlearn.learning.embedded.telling import find_item_facts, top_rows
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
    raw = {
        "likes": _likes(state),
        "habits": find_habits(state, steady).filter(pl.col("loose") == 0),
        **find_by_month(state, steady, parents, places),
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
        "facts": find_item_facts(state, offers),
    }
    return Candidates({**named, **{name: _with_user(state, frame) for name, frame in plain.items()}})


def find_by_month(state: State, steady: pl.DataFrame, parents: pl.DataFrame, places: list[int]) -> dict[str, pl.DataFrame]:
    """What the months tell of each key: seasons, started, stopped, moves; a block of users at a time.

    Args:
        state: the shard's state.
        steady: keys bought at a steady interval.
        parents: dim_name, label, parent (label): which keys are alike enough to move between.
        places: dimensions of places and ways of buying.
    """
    parents = _parent_index(state, parents)
    found: dict[str, list[pl.DataFrame]] = {"seasons": [], "started": [], "stopped": [], "moves": []}
    for monthly in state.monthly(_often(state)):
        started, stopped = find_beginnings_and_ends(state, monthly, steady)
        found["seasons"].append(find_seasons(state, monthly, places))
        found["started"].append(started)
        found["stopped"].append(stopped)
        found["moves"].append(find_moves(state, monthly, parents, places))
    order = {"moves": ["u", "dim", "parent"]}
    return {name: pl.concat(parts).sort(*order.get(name, ["u", "dim", "key"])) for name, parts in found.items()}


def _often(state: State) -> pl.DataFrame:
    """Keys that are bought often enough to have a season or a change."""
    n, days, dim = (state.counts[name].to_numpy() for name in ("n", "days", "dim"))
    return state.by_user(np.flatnonzero((n >= MOVE_COUNT) & (days >= CHANGE_DAYS) & np.isin(dim, state.keys.broad)))


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
    return found[top_rows(group, found["n"].to_numpy().astype(np.int64), np.full(len(found), LIKES_KEPT))]


def _bands(state: State) -> pl.DataFrame:
    user, slot, n = (state.tables.slots[name].to_numpy().astype(np.int64) for name in ("u", "slot", "n"))
    # Sums of integers below 2**53 are exact in floating point, in any order.
    kinds = (
        np.bincount(user * KINDS + KIND_OF_SLOT[slot], weights=n, minlength=len(state.users) * KINDS).astype(np.int64).reshape(-1, KINDS)
    )
    labels = sorted(BANDS)
    inside = BANDS_OF_KIND[[BANDS.index(name) for name in labels]].T
    # Of integers: BLAS would multiply numbers, and then keep the other cores busy with waiting for more.
    of, hits = (kinds @ of_band.astype(np.int64) for of_band in (inside >= 0, inside > 0))
    known, band = np.nonzero(of)
    names = pl.Series("label", labels, dtype=pl.String).gather(band)
    return pl.DataFrame({"u": known.astype(np.int32), "label": names, "hits": hits[known, band], "of": of[known, band]})


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


def parent_table(catalogue: Catalogue, merchants: pl.DataFrame) -> pl.DataFrame:
    """dim_name, label, parent: the next coarser key, for merchants and catalogue levels; sorted.

    Args:
        catalogue: items and levels, coarse to fine.
        merchants: merchant, merchant_category of the events seen.
    """
    return with_merchants(catalogue.parents, merchants)


def with_merchants(parents: pl.DataFrame, merchants: pl.DataFrame) -> pl.DataFrame:
    """The parents of a catalogue's levels with those of merchants: dim_name, label, parent; sorted.

    Args:
        parents: of the catalogue's levels.
        merchants: merchant, merchant_category of the events seen.
    """
    seen = merchants.drop_nulls().select(
        pl.lit("merchant").alias("dim_name"),
        pl.col("merchant").alias("label"),
        (pl.lit(f"{CATEGORY}:") + pl.col("merchant_category")).alias("parent"),
    )
    if seen.is_empty():
        return parents
    return pl.concat([seen, parents]).group_by("dim_name", "label").agg(pl.col("parent").min()).sort("dim_name", "label")
