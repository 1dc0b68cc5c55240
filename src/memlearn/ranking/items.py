"""The items of a release as arrays: what every request for recommendations shares. Built once, then only read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from memlearn.ranking.config import RankingConfig
from memlearn.ranking.levels import ITEM, MERCHANT, Flags, Ints, Level, Reals, fold, group_items, order_items
from memlearn.ranking.popularity import Popularity, measure_popularity
from memlearn.records import LEVEL_PREFIX

_ALWAYS_FROM = np.iinfo(np.int64).min
_ALWAYS_UNTIL = np.iinfo(np.int64).max
_KEYS_PEOPLE_KNOW = 40

# Exposures by which the answers to one key are drawn towards the answers to all.
ANSWER_PRIOR = 10.0
# Share of offers that is taken to be answered where a release tells nothing about it.
ANSWER_RATE = 0.3


@dataclass(frozen=True, slots=True)
class Companion:
    """A key that is bought with or after another one; `gain` is 0..1."""

    key: str
    gain: float
    lift: float


@dataclass(frozen=True, slots=True)
class Answers:
    """How all users answer offers.

    Args:
        overall: share of all exposures that was answered.
        rates: dimension → key → share of the key's exposures that was answered, drawn towards the overall one.
        items: the same for each item; shape (items,).
    """

    overall: float
    rates: Mapping[str, Mapping[str, float]]
    items: Reals

    @property
    def above(self) -> Reals:
        """By how much each item's share lies above the overall one."""
        return self.items - self.overall

    def rate(self, dim: str, key: str) -> float:
        """Share of the exposures of a key that all users answer."""
        return self.rates.get(dim, {}).get(key, self.overall)


@dataclass(frozen=True, slots=True)
class ItemIndex:
    """All items that may be recommended, sorted by id; positions are item numbers.

    Args:
        item_ids, names: of each item.
        valid_from, valid_until: microseconds UTC, half-open; the least and the greatest number where there is no bound.
        levels: dimension → its grouping; `item` and, where offers hold at merchants, `merchant` are among them.
        specific: dimension → how much each key narrows the choice, 0..1; 1 for a key of a single item.
        popular: how many users buy it, pay there or answer it.
        popular_order: positions, the most popular first.
        answers: how all users answer offers.
        companions: (kind, dimension, key) → keys of the same dimension.
        narrower: (dimension, folded key) → keys below it that belong nowhere else.
        category: the dimension in which an answer is kept varied; None where items have no levels.
        kind: the dimension that tells most items apart, where it is not `category`.
        all_names: item → name, also of items that are not recommended.
    """

    item_ids: tuple[str, ...]
    names: tuple[str, ...]
    valid_from: Ints
    valid_until: Ints
    levels: Mapping[str, Level]
    specific: Mapping[str, Reals]
    popular: Popularity
    popular_order: Ints
    answers: Answers
    companions: Mapping[tuple[str, str, str], tuple[Companion, ...]]
    narrower: Mapping[tuple[str, str], tuple[tuple[str, str], ...]]
    category: str | None
    kind: str | None
    all_names: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.item_ids)

    def position(self, item_id: str) -> int | None:
        """The position of an item; None for one that is not recommended."""
        place = bisect_left(self.item_ids, item_id)
        return place if place < len(self.item_ids) and self.item_ids[place] == item_id else None

    def open_at(self, at_us: int) -> Flags:
        """Which items are valid at an instant."""
        return (self.valid_from <= at_us) & (at_us < self.valid_until)


def prepare_items(
    items: pl.DataFrame, popularity: pl.DataFrame, pairs: pl.DataFrame, key_levels: pl.DataFrame, config: RankingConfig | None = None
) -> ItemIndex:
    """Turn the global tables of a release into arrays.

    Args:
        items: the catalogue with its `level_*` columns; only rows with `recommend` can be recommended.
        popularity: dim, key, n, users, recent; with `shown` and `answered` where answers are known.
        pairs: kind, dim, key, other, n, users, lift.
        key_levels: dim, key, parent_dim, parent_key.
        config: settings.
    """
    config = config or RankingConfig()
    chosen = items.filter(pl.col("recommend").fill_null(value=False)).sort("item_id")
    answers = _answers(popularity, chosen["item_id"])
    plain = _levels(chosen, config)
    popular = measure_popularity(plain, _users(popularity), answers.above)
    levels = {dim: order_items(level, popular.values) for dim, level in plain.items()}
    return ItemIndex(
        item_ids=tuple(chosen["item_id"].to_list()),
        names=tuple(chosen.select(pl.coalesce("name", "item_id")).to_series().to_list()),
        valid_from=_bound(chosen["valid_from_us"], _ALWAYS_FROM),
        valid_until=_bound(chosen["valid_until_us"], _ALWAYS_UNTIL),
        levels=levels,
        specific={dim: _specific(level, len(chosen)) for dim, level in levels.items()},
        popular=popular,
        popular_order=np.lexsort((np.arange(len(chosen)), -popular.values)).astype(np.int64),
        answers=answers,
        companions=_companions(pairs),
        narrower=_narrower(key_levels),
        category=_category(levels),
        kind=_kind(levels),
        all_names=dict(items.select("item_id", pl.coalesce("name", "item_id")).rows()),
    )


def _bound(column: pl.Series, missing: int) -> Ints:
    return column.cast(pl.Int64).fill_null(missing).to_numpy().astype(np.int64)


def _levels(items: pl.DataFrame, config: RankingConfig) -> dict[str, Level]:
    columns = {name.removeprefix(LEVEL_PREFIX): items[name].cast(pl.String) for name in items.columns if name.startswith(LEVEL_PREFIX)}
    of_merchant = [columns[name] for name in config.merchant_levels if name in columns]
    if of_merchant:
        columns[MERCHANT] = pl.select(pl.coalesce(of_merchant)).to_series() if len(items) else of_merchant[0]
    return {ITEM: group_items(ITEM, items["item_id"]), **{dim: group_items(dim, column) for dim, column in columns.items()}}


def _specific(level: Level, items: int) -> Reals:
    """Like an inverse document frequency: a key of one item says all, a key of every item next to nothing."""
    sizes = np.maximum(level.sizes(), 1)
    specific: Reals = np.log1p(items / sizes) / np.log1p(items) if items else np.zeros(0)
    return specific


def _users(popularity: pl.DataFrame) -> dict[str, dict[str, int]]:
    users: dict[str, dict[str, int]] = {}
    for dim, key, count in popularity.select("dim", "key", "users").filter(pl.col("users") > 0).sort("dim", "key").iter_rows():
        users.setdefault(dim, {})[key] = count
    return users


def _answers(popularity: pl.DataFrame, item_ids: pl.Series) -> Answers:
    if not {"shown", "answered"} <= set(popularity.columns):
        return Answers(ANSWER_RATE, {}, np.full(len(item_ids), ANSWER_RATE))
    seen = popularity.select("dim", "key", pl.col("shown", "answered").fill_null(0)).filter(pl.col("shown") > 0)
    single = seen.filter(pl.col("dim") == ITEM)
    total = int(single["shown"].sum())
    overall = int(single["answered"].sum()) / total if total else ANSWER_RATE
    drawn = (pl.col("answered") + ANSWER_PRIOR * overall) / (pl.col("shown") + ANSWER_PRIOR)
    rates: dict[str, dict[str, float]] = {}
    for dim, key, rate in seen.select("dim", "key", drawn.round(6)).sort("dim", "key").iter_rows():
        rates.setdefault(dim, {})[key] = rate
    known = rates.get(ITEM, {})
    return Answers(overall, rates, np.array([known.get(item_id, overall) for item_id in item_ids.to_list()], dtype=np.float64))


def _companions(pairs: pl.DataFrame) -> dict[tuple[str, str, str], tuple[Companion, ...]]:
    known = pairs.filter(pl.col("lift") > 1).select("kind", "dim", "key", "other", "lift")
    both = pl.concat([known, known.filter(pl.col("kind") == "with").rename({"key": "other", "other": "key"}).select(known.columns)])
    gain = (pl.col("lift").log(2) / 3).clip(0, 1).round(6)
    out: dict[tuple[str, str, str], list[Companion]] = {}
    ordered = both.with_columns(gain.alias("gain")).sort("kind", "dim", "key", -pl.col("gain"), "other")
    for kind, dim, key, other, lift, value in ordered.iter_rows():
        out.setdefault((kind, dim, key), []).append(Companion(other, value, lift))
    return {place: tuple(companions) for place, companions in out.items()}


def _narrower(key_levels: pl.DataFrame) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """Keys below each key. A key with several parents in one dimension belongs to none of them for certain and is left out."""
    links = key_levels.unique(["dim", "key", "parent_dim", "parent_key"])
    certain = links.filter(pl.len().over("dim", "key", "parent_dim") == 1).sort("parent_dim", "parent_key", "dim", "key")
    out: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for dim, key, parent_dim, parent_key in certain.select("dim", "key", "parent_dim", "parent_key").iter_rows():
        out.setdefault((parent_dim, fold(parent_key)), []).append((dim, key))
    return {place: tuple(below) for place, below in out.items()}


def _category(levels: Mapping[str, Level]) -> str | None:
    return leading_level({dim: len(level.keys) for dim, level in levels.items() if dim not in (ITEM, MERCHANT)})


def leading_level(sizes: Mapping[str, int]) -> str | None:
    """`category` where there is one, else the level whose number of keys is nearest to what people keep apart; None without levels.

    Args:
        sizes: level → its number of keys.
    """
    if "category" in sizes:
        return "category"
    others = {dim: size for dim, size in sizes.items() if size}
    return min(others, key=lambda dim: (abs(np.log(others[dim] / _KEYS_PEOPLE_KNOW)), dim), default=None)


def _kind(levels: Mapping[str, Level]) -> str | None:
    others = {dim: len(level.keys) for dim, level in levels.items() if dim not in (ITEM, _category(levels)) and level.keys}
    return min(others, key=lambda dim: (-others[dim], dim), default=None)
