"""Prepare a shard's rows for counting: dense codes for users and keys, local days, flags, digests.

Everything that a step is given goes through here, so the row digests cover it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.chunks import ChunkConfig, cut_chunks, row_tokens
from memlearn.records import ATTRIBUTE_PREFIX, LEVEL_PREFIX
from memlearn.records.coded import distinct_codes, fresh_categories
from memlearn.store.coding import is_constant
from memlearn.store.row_hash import column_hash, finish, name_hash

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]

DAY_SECONDS = 86_400
NO_KEY = -1
# The number of January 1970.
_FIRST_MONTH = 1970 * 12
CATEGORY = "category"

_RETURNS = ("refund", "cancellation")
_SHOWN = ["item_id", "merchant", "merchant_category", "text"]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to name what an event is about: an item, a catalogue level, a merchant, an attribute.

    Args:
        name: name of the dimension; empty for the user as a whole.
        codes: code of each row's key, `NO_KEY` where it has none; shape (rows,).
        labels: the key of each code, sorted.
    """

    name: str
    codes: Ints
    labels: pl.Series


@dataclass(frozen=True, slots=True)
class Annotated:
    """A shard's rows in total order, as numbers.

    All arrays have one value for each row.
    """

    users: pl.DataFrame
    user: Ints
    chunk: Ints
    digest: Hashes
    row_id: Hashes
    time_us: Ints
    day: Ints
    month: Ints
    slot: Ints
    purchase: Flags
    loose: Flags
    returned: Flags
    exposure: Flags
    answer: Flags
    weak_exposure: Flags
    amount: Ints
    paid: Flags
    priced: Flags
    discounted: Flags
    currency: Dimension
    dimensions: tuple[Dimension, ...]

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is known about items, as the learner needs it.

    Args:
        items: the canonical table of items.
        levels: names of the levels, coarse to fine.
        words: digest of what the table says of each item, as far as steps are shown it.
        parents: dim_name, label, parent: the next coarser key of each level's keys (`<level>:<key>`); sorted.
    """

    items: pl.DataFrame
    levels: tuple[str, ...]
    words: pl.Series
    parents: pl.DataFrame

    @staticmethod
    def of(items: pl.DataFrame, levels: tuple[str, ...]) -> Catalogue:
        """The catalogue of a table of items."""
        words = np.zeros(len(items), dtype=np.uint64)
        for name in ("name", *(LEVEL_PREFIX + level for level in levels)):
            words += column_hash(items[name]) * name_hash(name)
        return Catalogue(items, levels, pl.Series("words", words), _level_parents(items, levels))


def _level_parents(items: pl.DataFrame, levels: tuple[str, ...]) -> pl.DataFrame:
    tables = [pl.DataFrame(schema={"dim_name": pl.String, "label": pl.String, "parent": pl.String})]
    for coarse, fine in itertools.pairwise(levels):
        pair = items.select(
            pl.col(LEVEL_PREFIX + fine).alias("label"), (pl.lit(f"{coarse}:") + pl.col(LEVEL_PREFIX + coarse)).alias("parent")
        )
        tables.append(pair.drop_nulls().select(pl.lit(fine).alias("dim_name"), "label", "parent"))
    return pl.concat(tables).group_by("dim_name", "label").agg(pl.col("parent").min()).sort("dim_name", "label")


def annotate(
    rows: pl.DataFrame, catalogue: Catalogue, *, chunks: ChunkConfig, weak: Mapping[str, Sequence[str]], attributes: Sequence[str]
) -> Annotated:
    """Turn rows into numbers.

    Args:
        rows: a shard's rows in total order.
        catalogue: items and levels.
        chunks: how to cut chunks.
        weak: source → what it is no evidence for (`not_evidence_for`).
        attributes: names of the free attributes to learn from.
    """
    rows = resolve_returns(rows)
    user, users = _dense_users(rows)
    local = rows["time_us"].to_numpy() // 1_000_000 + rows["offset_s"].cast(pl.Int64).to_numpy()
    day = local // DAY_SECONDS
    month = month_numbers(day)
    items = code_column("item", rows["item_id"])
    known = _known_items(items.labels, catalogue)
    kind = rows["kind"]
    weak_for = {
        what: _weak_sources(rows, weak, what) for what in ("preferences", "hours", "intervals", "amounts", "discounts", "ignored_offers")
    }
    counted = ~weak_for["preferences"]
    exposure = (kind == "exposure").to_numpy()
    amount_known = rows["amount"].is_not_null().to_numpy() & ~weak_for["amounts"]
    return Annotated(
        users=users,
        user=user,
        chunk=cut_chunks(user, month, _row_tokens(rows), chunks),
        digest=finish(rows["content"].to_numpy() * name_hash("row digest") + rows["row_id"].to_numpy() + _item_words(items, known)),
        row_id=rows["row_id"].to_numpy(),
        time_us=rows["time_us"].to_numpy(),
        day=day,
        month=month,
        slot=_slots(local, day, rows["has_clock"].to_numpy() & ~weak_for["hours"]),
        purchase=(kind == "purchase").to_numpy() & counted,
        loose=weak_for["intervals"],
        returned=kind.is_in(_RETURNS).to_numpy() & counted,
        exposure=exposure,
        answer=(kind == "redemption").to_numpy(),
        weak_exposure=exposure & weak_for["ignored_offers"],
        amount=np.where(amount_known, rows["amount"].fill_null(0).to_numpy(), 0),
        paid=amount_known,
        priced=amount_known & ~weak_for["discounts"],
        discounted=(rows["discount"].fill_null(0) > 0).to_numpy() & ~weak_for["discounts"],
        currency=code_column("currency", rows["currency"].cast(pl.String)),
        dimensions=_dimensions(rows, items, known, catalogue.levels, attributes),
    )


def _row_tokens(rows: pl.DataFrame) -> Ints:
    """Tokens of each row; columns without a single value cost nothing, also not the time to look at them."""
    shown = [name for name in _SHOWN if rows[name].null_count() < len(rows)]
    return rows.with_columns(row_tokens(shown).alias("tokens"))["tokens"].to_numpy()


def resolve_returns(rows: pl.DataFrame) -> pl.DataFrame:
    """Give refunds and cancellations that name a row what that row was about.

    The named row may lie in an earlier chunk; what is taken from it becomes part of the row, and so of its digest.
    """
    naming = rows["refers_to"].is_not_null() & rows["kind"].is_in(_RETURNS)
    if not naming.any():
        return rows
    filled = ["item_id", "merchant", "merchant_category", *(name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX))]
    named = rows.filter(pl.col("key").is_not_null()).unique(["user_hash", "key"], keep="last", maintain_order=True)
    named = named.select("user_hash", pl.col("key").alias("refers_to"), *(pl.col(name).alias(f"named_{name}") for name in filled))
    joined = rows.join(named, on=["user_hash", "refers_to"], how="left", maintain_order="left")
    is_return = pl.col("kind").is_in(_RETURNS)
    taken = [pl.when(is_return).then(pl.coalesce(name, f"named_{name}")).otherwise(pl.col(name)).alias(name) for name in filled]
    changed = joined.with_columns(taken).drop([f"named_{name}" for name in filled])
    extra = finish(column_hash(changed["item_id"]) + column_hash(changed["merchant"]))
    content = np.where(naming.to_numpy(), changed["content"].to_numpy() ^ extra, changed["content"].to_numpy())
    return changed.with_columns(pl.Series("content", content))


def code_column(name: str, column: pl.Series) -> Dimension:
    """Code a column of strings densely, in the order of its sorted values."""
    if column.null_count() == len(column):
        return Dimension(name, np.full(len(column), NO_KEY, dtype=np.int64), pl.Series(name, [], dtype=pl.String))
    if is_constant(column):
        return Dimension(name, np.zeros(len(column), dtype=np.int64), column.head(1).alias(name))
    # Categories of their own are forgotten again; the common ones last as long as the process.
    coded = column.cast(fresh_categories())
    physical = coded.to_physical()
    codes = physical.fill_null(strategy="max").to_numpy()
    # Strings are numbered as they come, so that no number is missing; what was categories may be a part of them.
    size = int(codes.max()) + 1
    distinct = np.arange(size) if column.dtype == pl.String else distinct_codes(codes, size)
    labels = pl.Series(distinct, dtype=pl.UInt32).cat.to(coded.dtype).cast(pl.String).alias(name)
    order = labels.arg_sort()
    table = np.zeros(int(distinct[-1]) + 1, dtype=np.int64)
    table[distinct[order.to_numpy()]] = np.arange(len(order))
    dense = table.take(codes, mode="clip")
    if column.null_count():
        dense[column.is_null().to_numpy()] = NO_KEY
    return Dimension(name, dense, labels.gather(order))


def _dense_users(rows: pl.DataFrame) -> tuple[Ints, pl.DataFrame]:
    hashes = rows["user_hash"].to_numpy()
    if len(hashes) == 0:
        return np.zeros(0, dtype=np.int64), rows.select("user_hash", "user_id")
    first = np.concatenate(([True], hashes[1:] != hashes[:-1]))
    # In one piece, names are looked up several times as fast.
    return np.cumsum(first) - 1, rows.select("user_hash", "user_id").filter(pl.Series(first)).rechunk()


def month_numbers(days: NDArray[np.integer]) -> Ints:
    """Calendar month (year * 12 + month - 1) of day numbers."""
    if len(days) == 0:
        return np.zeros(0, dtype=np.int64)
    # A table of the days in between: far fewer than the numbers, as a rule.
    low, high = int(days.min()), int(days.max())
    if high - low > len(days):
        return _months(days)
    return _months(np.arange(low, high + 1)).take(days - low, mode="clip")


def month_days(months: NDArray[np.integer]) -> Ints:
    """The first day of calendar months, as `month_numbers` gives them."""
    return (months - _FIRST_MONTH).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _months(days: NDArray[np.integer]) -> Ints:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + _FIRST_MONTH


def month_of_us(time_us: Ints) -> Ints:
    """Calendar month (year * 12 + month - 1), in UTC, of instants in microseconds."""
    return month_numbers(time_us // (DAY_SECONDS * 1_000_000))


def _slots(local: Ints, day: Ints, has_hour: Flags) -> Ints:
    """Weekday * 25 + hour; Monday is 0, hour 24 where the clock time is unknown."""
    # Numbers of 32 bits are divided twice as fast, and a remainder costs more than a quotient.
    from_monday, second = (day + 3).astype(np.int32), (local - day * DAY_SECONDS).astype(np.int32)
    weekday = from_monday - from_monday // np.int32(7) * np.int32(7)
    hour = np.where(has_hour, second // np.int32(3600), np.int32(24))
    return (weekday * np.int32(25) + hour).astype(np.int64)


def _weak_sources(rows: pl.DataFrame, weak: Mapping[str, Sequence[str]], what: str) -> Flags:
    names = [source for source, cannot in weak.items() if what in cannot]
    if not names:
        return np.zeros(len(rows), dtype=np.bool_)
    return rows["source"].is_in(names).to_numpy()


def _known_items(labels: pl.Series, catalogue: Catalogue) -> pl.DataFrame:
    """What the catalogue says of each of the items: its levels and `words`."""
    table = catalogue.items.select("item_id", *(LEVEL_PREFIX + level for level in catalogue.levels), catalogue.words)
    return pl.DataFrame({"item_id": labels}).join(table, on="item_id", how="left", maintain_order="left")


def _item_words(items: Dimension, known: pl.DataFrame) -> Hashes:
    """For each row the digest of what the catalogue says of its item."""
    if items.labels.is_empty():
        return np.zeros(len(items.codes), dtype=np.uint64)
    # What has no key is the last place counted from the end.
    return np.append(known["words"].fill_null(0).to_numpy(), np.uint64(0)).take(items.codes, mode="wrap")


def _dimensions(
    rows: pl.DataFrame, items: Dimension, known: pl.DataFrame, levels: Sequence[str], attributes: Sequence[str]
) -> tuple[Dimension, ...]:
    whole = Dimension("", np.zeros(len(rows), dtype=np.int64), pl.Series("", [""]))
    found = {"": whole, "item": items, "merchant": code_column("merchant", rows["merchant"])}
    for level in levels:
        found[level] = _level_dimension(items, known[LEVEL_PREFIX + level], level)
    found[CATEGORY] = _category(found.get(CATEGORY), rows)
    for name in attributes:
        column = ATTRIBUTE_PREFIX + name
        if column in rows.columns:
            found[name] = code_column(name, rows[column].cast(pl.String))
    return tuple(dimension for dimension in found.values() if len(dimension.labels))


def _level_dimension(items: Dimension, keys: pl.Series, level: str) -> Dimension:
    """The level's key of each row's item.

    Args:
        items: the items.
        keys: the level's key of each item's label.
        level: name of the level.
    """
    if items.labels.is_empty():
        return Dimension(level, items.codes, items.labels)
    of_item = code_column(level, keys)
    # What has no key is the last place counted from the end.
    return Dimension(level, np.append(of_item.codes, NO_KEY).take(items.codes, mode="wrap"), of_item.labels)


def _category(level: Dimension | None, rows: pl.DataFrame) -> Dimension:
    """The catalogue's `category` and the merchants' category are one dimension."""
    merchants = code_column(CATEGORY, rows["merchant_category"])
    if level is None or level.labels.is_empty():
        return merchants
    if merchants.labels.is_empty():
        return level
    labels = pl.concat([level.labels.rename(CATEGORY), merchants.labels.rename(CATEGORY)]).unique().sort()
    codes = np.where(level.codes != NO_KEY, _recode(level, labels), _recode(merchants, labels))
    return Dimension(CATEGORY, codes, labels)


def _recode(dimension: Dimension, labels: pl.Series) -> Ints:
    table = labels.search_sorted(dimension.labels).to_numpy().astype(np.int64)
    return np.where(dimension.codes == NO_KEY, NO_KEY, table[dimension.codes])
