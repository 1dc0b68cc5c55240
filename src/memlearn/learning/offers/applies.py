"""What offers apply to, as the ranker of offers holds it, and how much users cared for it before each send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from memlearn.learning.ranker.facts import facts_of
from memlearn.learning.ranker.visits import SCHEMA
from memlearn.ranking.history import make_history
from memlearn.ranking.offers import NOTHING, Applies, Bought
from memlearn.ranking.offers.applies import LEVELS
from memlearn.ranking.offers.lists import Lists
from memlearn.ranking.offers.sends import Flags, Ints, Reals
from memlearn.records import LEVEL_PREFIX

# Of an offer so many items, those bought by most users, and in each level so many keys, those of most of its items, are held.
_MOST_ITEMS, _MOST_KEYS = 2_000, 200
# Moments looked at together, as far as they have no more purchases than this.
_MOMENTS, _ROWS = 1_000, 2_000_000
_DAY, _HALF_DAY = 1440, 720


def make_applies(
    ids: pl.Series, pairs: pl.DataFrame, items: pl.DataFrame, levels: Sequence[str], users: pl.DataFrame, judged: Flags, told: pl.Series
) -> Applies:
    """What offers apply to.

    Args:
        ids: of the offers; positions are their numbers.
        pairs: offer_id, item_id.
        items: the catalogue, with its `level_*` columns.
        levels: names of the levels, coarse to fine.
        users: item_id, users: how many bought each item.
        judged: which offers have been sent to anybody.
        told: ids of the offers of which it may be told how much everybody buys of what they apply to.
    """
    offers = pl.DataFrame({"offer_id": ids}).with_row_index("offer").with_columns(pl.col("offer").cast(pl.Int64))
    own = pairs.join(offers, on="offer_id", how="inner")
    if own.is_empty():
        return NOTHING
    own = own.join(items, on="item_id", how="left").join(users, on="item_id", how="left").with_columns(pl.col("users").fill_null(0))
    names = [name for name in reversed(levels) if own[LEVEL_PREFIX + name].null_count() < len(own)][:LEVELS]
    best = own.sort("offer", -pl.col("users"), "item_id").filter(pl.int_range(pl.len()).over("offer") < _MOST_ITEMS)
    item_ids, of_items = _lists_of(best["offer"], best["item_id"], len(ids))
    found = [_keys_of(own.select("offer", pl.col(LEVEL_PREFIX + name).alias("key")).drop_nulls(), len(ids)) for name in names]
    source = offers.join(items.select(offer_id="item_id", source="source"), on="offer_id", how="left", maintain_order="left")["source"]
    crowd = offers.join(own.group_by("offer").agg(pl.col("users").sum()), on="offer", how="left", maintain_order="left").select(
        pl.when(pl.col("offer_id").is_in(told.implode())).then("users").otherwise(0).fill_null(0).alias("users"), source=source
    )
    shares = crowd.select((pl.col("users") / pl.col("users").max().over("source").clip(1)).round(6))["users"].to_numpy()
    sent = pl.DataFrame({"source": source, "judged": judged}).select(pl.col("judged").any().over("source"))["judged"].to_numpy()
    keys, of_keys = tuple(own[0] for own in found), tuple(own[1] for own in found)
    return Applies(item_ids, tuple(names), keys, of_items, of_keys, shares, (of_items.sizes() > 0) & ~sent)


def enough_users(parts: Sequence[pl.DataFrame], pairs: pl.DataFrame, fewest: int) -> pl.Series:
    """Ids of the offers of which so many users bought what they apply to.

    Args:
        parts: frames of `visits_of`.
        pairs: offer_id, item_id.
        fewest: users.
    """
    bought = pl.concat([pl.DataFrame(schema=SCHEMA), *parts]).select("user_hash", "item_id").unique()
    # An item that so many bought is enough by itself; the others are looked at user by user.
    buyers = bought.with_columns(pl.len().over("item_id").alias("buyers"))
    alone = pairs.join(buyers.filter(pl.col("buyers") >= fewest).select("item_id").unique(), on="item_id", how="semi")["offer_id"].unique()
    rest = pairs.filter(~pl.col("offer_id").is_in(alone.implode())).join(buyers, on="item_id", how="inner")
    counted = rest.group_by("offer_id").agg(pl.col("user_hash").n_unique().alias("users")).filter(pl.col("users") >= fewest)
    return pl.concat([alone, counted["offer_id"]])


def _keys_of(own: pl.DataFrame, offers: int) -> tuple[tuple[str, ...], Lists]:
    counted = own.group_by("offer", "key").len().sort("offer", -pl.col("len").cast(pl.Int64), "key")
    most = counted.filter(pl.int_range(pl.len()).over("offer") < _MOST_KEYS)
    return _lists_of(most["offer"], most["key"], offers)


def _lists_of(offer: pl.Series, key: pl.Series, offers: int) -> tuple[tuple[str, ...], Lists]:
    """The keys, sorted, and which offer has which."""
    keys = key.unique().sort()
    codes, rows = key.cast(pl.Enum(keys)).to_physical().to_numpy().astype(np.int64), offer.to_numpy()
    order = np.lexsort((codes, rows))
    starts = np.searchsorted(rows[order], np.arange(offers + 1)).astype(np.int64)
    return tuple(keys.to_list()), Lists(starts, codes[order], len(keys))


class Purchases:
    """What sampled users bought, day by day."""

    def __init__(self, parts: Sequence[pl.DataFrame], users: pl.Series, items: pl.DataFrame, applies: Applies, kept: int) -> None:
        """Number users and items.

        Args:
            parts: frames of `visits_of`.
            users: hashes of the users; positions are their numbers.
            items: the catalogue, with its `level_*` columns.
            applies: what offers apply to.
            kept: most items of a user that memory holds.
        """
        self._applies, self._kept = applies, kept
        rows = pl.concat([pl.DataFrame(schema=SCHEMA), *parts])
        ids = rows["item_id"].unique().sort()
        numbers = pl.DataFrame({"user_hash": users}).with_row_index("u").unique("user_hash", keep="first")
        self._rows = rows.join(numbers, on="user_hash", how="inner").select(
            pl.col("u").cast(pl.Int64), "day", pl.col("item_id").cast(pl.Enum(ids)).to_physical().cast(pl.Int64).alias("item")
        )
        known = pl.DataFrame({"item_id": ids}).join(items.unique("item_id"), on="item_id", how="left", maintain_order="left")
        self._items = len(ids)
        self._place = np.array([applies.positions.get(item, -1) for item in ids.to_list()], dtype=np.int64)
        columns = (
            [codes.get(key, -1) for key in known[LEVEL_PREFIX + level]] for level, codes in zip(applies.levels, applies.codes, strict=True)
        )
        self._keys = np.array(list(columns), dtype=np.int64).reshape(len(applies.levels), len(ids))

    def affinities(self, user: Ints, offer: Ints, at: Ints) -> Reals:
        """How much users cared for what offers apply to at moments, as memory would have told it then.

        Args:
            user: of each query.
            offer: number of the offer of each query.
            at: the moment of each query, minutes; purchases of the same day do not count.

        Returns:
            As `Applies.affinities`; shape (queries,).
        """
        found = np.full(len(user), np.nan)
        # Days are local ones; nowhere on earth has a day begun that the moment half a day before is not in or after.
        day = (at - _HALF_DAY) // _DAY
        wanted = np.flatnonzero(self._applies.known[offer])
        if not len(wanted):
            return found
        moments, of_moment = np.unique(np.column_stack([user[wanted], day[wanted]]), axis=0, return_inverse=True)
        of_moment = of_moment.ravel()
        for low, high, bought in self._moments(moments):
            its = np.flatnonzero((of_moment >= low) & (of_moment < high))
            found[wanted[its]] = self._applies.affinities(bought, of_moment[its] - low, offer[wanted[its]])
        return found

    def _moments(self, moments: Ints) -> Iterator[tuple[int, int, Bought]]:
        """What memory held at some moments, so many at a time."""
        sizes = np.bincount(self._rows["u"].to_numpy(), minlength=int(moments[:, 0].max()) + 1)[moments[:, 0]]
        low = 0
        while low < len(moments):
            fitting = int(np.searchsorted(np.cumsum(sizes[low : low + _MOMENTS]), _ROWS, side="right"))
            high = min(len(moments), low + max(1, fitting))
            chosen = pl.DataFrame({"moment": np.arange(high - low), "u": moments[low:high, 0], "until": moments[low:high, 1]})
            rows = chosen.join(self._rows, on="u", how="inner").filter(pl.col("day") < pl.col("until"))
            day = rows["day"].to_numpy()
            history = make_history(high - low, self._items, rows["moment"].to_numpy(), day, rows["item"].to_numpy(), day)
            facts = facts_of(history, self._kept, moments[low:high, 1].astype(np.float64))
            place, keys = self._place[facts.item], self._keys[:, facts.item]
            yield low, high, Bought(facts.starts, place, keys, facts.visits, facts.first, facts.last, facts.at)
            low = high
