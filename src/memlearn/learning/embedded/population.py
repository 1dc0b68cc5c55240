"""What all users do together: the base rates that a single user is judged against.

Sums are taken shard by shard, as integers, over rows before the boundary month, so that they do not depend on shards
and stay the same until the boundary moves. Only aggregates over at least k users leave this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Dimension, Ints
from memlearn.learning.embedded.bands import BANDS, BANDS_OF_KIND, KIND_OF_SLOT, KINDS
from memlearn.learning.embedded.counting import pick_rows

# Pseudo-dimensions that carry base rates which belong to no key of the catalogue.
BAND = "#band"
ANSWER = "#answers"
RETURN = "#returns"
DISCOUNT = "#discounts"
TOTAL = "#total"
# Parts of so many rows are added up at once.
ROWS_HELD = 500_000

SCHEMA = pl.Schema(
    {
        "dim": pl.String,
        "label": pl.String,
        "month": pl.Int32,
        "n": pl.Int64,
        "of": pl.Int64,
        "users": pl.Int64,
    }
)


def sum_shard(rows: Annotated, counts: pl.DataFrame, boundary: int) -> pl.DataFrame:
    """Sum one shard's rows of months before `boundary`.

    Args:
        rows: the shard's rows.
        counts: the joined counts of its users, which tell how many users know a key.
        boundary: calendar month (year * 12 + month - 1).

    Returns:
        dim, label, month (null for sums over all months), n, of, users (0 where months are told apart).
    """
    before = rows.month < boundary
    bought = before & rows.purchase
    month, *codes = pick_rows(bought, rows.month, *(dimension.codes for dimension in rows.dimensions))
    months, place = _place_months(month)
    knowing = _count_knowing(rows, counts, boundary)
    parts = [
        _sum_keys(dimension, code, months, place, users) for dimension, code, users in zip(rows.dimensions, codes, knowing, strict=True)
    ]
    parts += [_sum_bands(rows, bought), _sum_answers(rows, before), _sum_rates(rows, before)]
    return pl.concat(parts).cast(SCHEMA)


def _place_months(month: Ints) -> tuple[Ints, Ints]:
    """The months that are there, and the place of each row's among them: one row dated 1970 must not cost every key half a century."""
    low = int(month.min()) if len(month) else 0
    there = np.flatnonzero(np.bincount(month - low))
    place = np.zeros(int(there.max(initial=0)) + 1, dtype=np.int64)
    place[there] = np.arange(len(there))
    return there + low, place.take(month - low, mode="clip")


def _count_knowing(rows: Annotated, counts: pl.DataFrame, boundary: int) -> list[Ints]:
    """Of each dimension how many users bought each key before the boundary month."""
    first_day = np.datetime64(f"{boundary // 12:04d}-{boundary % 12 + 1:02d}", "D").astype(np.int64)
    known = counts.select("dim", "key").filter((counts["n"] > 0) & (counts["first_day"] < first_day))
    sizes = np.array([len(dimension.labels) for dimension in rows.dimensions], dtype=np.int64)
    ends = np.cumsum(sizes)
    users = np.bincount((ends - sizes).take(known["dim"].to_numpy(), mode="clip") + known["key"].to_numpy(), minlength=int(sizes.sum()))
    return np.split(users, ends[:-1])


def _sum_keys(dimension: Dimension, codes: Ints, months: Ints, place: Ints, users: Ints) -> pl.DataFrame:
    """Purchases and users of each key of a dimension, and but for single items the purchases of each month.

    Args:
        dimension: names of the keys.
        codes: key of each purchase, `NO_KEY` where it has none.
        months: the months there are.
        place: which of them that of each purchase is.
        users: how many users know each key.
    """
    name, labels = dimension.name or TOTAL, dimension.labels.cast(pl.String)
    # What has no key comes first, and is left out.
    single = name == "item"
    width = 1 if single else len(months)
    cells = np.bincount(codes + 1 if single else (codes + 1) * width + place, minlength=(len(labels) + 1) * width)
    by_month = cells[width:].reshape(len(labels), width)
    n = by_month.sum(axis=1)
    keys = np.flatnonzero(n)
    if len(keys) == 0:
        return pl.DataFrame(schema=SCHEMA)
    frame = _sums(name, labels.gather(keys), None, n[keys], np.full(len(keys), n.sum()), users[keys])
    if single:
        return frame
    key, month = np.nonzero(by_month)
    nothing = np.zeros(len(key), dtype=np.int64)
    return pl.concat([frame, _sums(name, labels.gather(key), months[month], by_month[key, month], nothing, nothing)])


def _sums(name: str, labels: pl.Series, months: Ints | None, n: Ints, of: Ints, users: Ints) -> pl.DataFrame:
    month = pl.lit(None, pl.Int32).alias("month") if months is None else pl.Series("month", months)
    numbers = pl.DataFrame({"label": labels, "n": n, "of": of, "users": users})
    return numbers.select(pl.lit(name).alias("dim"), "label", month, "n", "of", "users").cast(SCHEMA)


def _sum_bands(rows: Annotated, bought: NDArray[np.bool_]) -> pl.DataFrame:
    users = max(len(rows.users), 1)
    user, slot = pick_rows(bought, rows.user, rows.slot)
    kinds = np.bincount(user * KINDS + KIND_OF_SLOT.take(slot, mode="clip"), minlength=users * KINDS).reshape(users, KINDS)
    whole, out = kinds.sum(axis=0), []
    for name, of_kind in zip(BANDS, BANDS_OF_KIND, strict=True):
        inside = of_kind > 0
        knowing = kinds[:, inside].any(axis=1).sum()
        out.append((BAND, name, int(whole[inside].sum()), int(whole[of_kind >= 0].sum()), int(knowing)))
    return _rates(out)


def _sum_answers(rows: Annotated, before: NDArray[np.bool_]) -> pl.DataFrame:
    """Offers shown and answered: of each user and item at most as many answers as exposures, for who was not shown an offer answers none."""
    items = next((dimension.codes for dimension in rows.dimensions if dimension.name == "item"), None)
    if items is None:
        return _rates([])
    at = np.flatnonzero(before & (rows.exposure | rows.answer) & (items != NO_KEY))
    if len(at) == 0:
        return _rates([])
    plain = pl.DataFrame({"user": rows.user[at], "item": items[at], "shown": rows.exposure[at], "answered": rows.answer[at]})
    out = []
    for dimension in rows.dimensions:
        keyed = plain.with_columns(pl.Series("key", dimension.codes[at])).filter(pl.col("key") != NO_KEY)
        single = keyed.group_by("user", "item", "key").agg(pl.col("shown", "answered").sum()).filter(pl.col("shown") > 0)
        sums = single.group_by("key").agg(
            pl.min_horizontal("shown", "answered").sum().alias("n"), pl.col("shown").sum(), pl.col("user").n_unique()
        )
        labels = dimension.labels.cast(pl.String).to_list()
        prefix = f"{ANSWER}{dimension.name}"
        out += [(prefix, labels[key], n, shown, users) for key, n, shown, users in sums.sort("key").iter_rows()]
    return _rates(out)


def _sum_rates(rows: Annotated, before: NDArray[np.bool_]) -> pl.DataFrame:
    out = []
    for name, hit, of in (
        (RETURN, rows.returned, rows.purchase),
        (DISCOUNT, rows.discounted & rows.priced & rows.purchase, rows.priced & rows.purchase),
    ):
        users = np.bincount(*pick_rows(of & before, rows.user))
        out.append((name, "", int(np.count_nonzero(hit & before)), int(users.sum()), int(np.count_nonzero(users))))
    return _rates(out)


def _rates(rows: list[tuple[str, str, int, int, int]]) -> pl.DataFrame:
    return pl.DataFrame([(dim, label, None, n, of, users) for dim, label, n, of, users in rows], schema=SCHEMA, orient="row")


def sum_parts(parts: Iterable[pl.DataFrame], key: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
    """Sums over the parts of many shards, some at a time, so that memory does not grow with their number.

    Args:
        parts: at least one, with the columns of `key` and `numbers`.
        key: what tells rows that are added up.
        numbers: what is added.
    """

    def summed(tables: list[pl.DataFrame]) -> pl.DataFrame:
        return pl.concat(tables).group_by(key).agg(pl.col(numbers).sum())

    held: list[pl.DataFrame] = []
    for part in parts:
        held.append(part.select(*key, *numbers))
        if len(held) > 1 and sum(map(len, held)) > max(ROWS_HELD, 2 * len(held[0])):
            held = [summed(held)]
    return summed(held)


def add_up(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The population's sums over all shards, sorted."""
    summed = sum_parts(parts, ["dim", "label", "month"], ["n", "users", "of"])
    whole = summed.filter(pl.col("month").is_null()).with_columns(pl.col("n").sum().over("dim").alias("dim_n"))
    # Of a key's dimension the trials are all purchases in it, also those of shards that never saw the key.
    keyed = ~pl.col("dim").str.starts_with("#")
    fixed = whole.with_columns(pl.when(keyed).then(pl.col("dim_n")).otherwise(pl.col("of")).alias("of")).drop("dim_n")
    months = summed.filter(pl.col("month").is_not_null())
    return pl.concat([fixed, months.select(fixed.columns)]).sort("dim", "label", "month")


def base_rates(population: pl.DataFrame, min_users: int) -> pl.DataFrame:
    """dim, label, base (share of all users' trials), of, users; only aggregates over at least `min_users` users."""
    whole = population.filter(pl.col("month").is_null() & (pl.col("of") > 0))
    return whole.filter(pl.col("users") >= min_users).select("dim", "label", (pl.col("n") / pl.col("of")).alias("base"), "of", "users")
