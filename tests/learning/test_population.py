"""What all users do together and what is bought with what, against a recomputation in plain Python, whatever the shards."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.chunks import ChunkConfig
from memlearn.learning.embedded import pairs
from memlearn.learning.embedded.annotate import Annotated, Catalogue, annotate
from memlearn.learning.embedded.pairs import add_pairs, sum_pairs
from memlearn.learning.embedded.population import add_up, sum_shard
from memlearn.records import EVENT_SCHEMA, ITEM_SCHEMA
from memlearn.store.rows import content_hash, user_hash

DAY = 86_400
BEGIN = int(dt.datetime(2025, 1, 20, tzinfo=dt.UTC).timestamp())
ITEMS = {"i1": ("food", "coffee"), "i2": ("food", "bakery"), "i3": ("food", None), "i4": ("home", "bakery")}
CATEGORIES = {"SHELL": "fuel", "BLUE BOTTLE": "coffee", "NOWHERE": None}
BANDS = {
    "weekends": lambda weekday, _: weekday >= 5,
    "weekdays": lambda weekday, _: weekday < 5,
    "mornings": lambda _, hour: None if hour is None else 5 <= hour < 11,
    "middays": lambda _, hour: None if hour is None else 11 <= hour < 14,
    "afternoons": lambda _, hour: None if hour is None else 14 <= hour < 18,
    "evenings": lambda _, hour: None if hour is None else 18 <= hour < 23,
    "nights": lambda _, hour: None if hour is None else hour >= 23 or hour < 5,
}
Weak = dict[str, list[str]]


class Row(NamedTuple):
    """An event."""

    user: str
    second: int
    offset: int
    clock: bool
    source: str
    kind: str
    item: str | None
    merchant: str | None
    amount: int | None
    discount: int | None
    city: str | None

    @property
    def day(self) -> int:
        """Local day."""
        return (self.second + self.offset) // DAY

    @property
    def month(self) -> int:
        """Local month, year * 12 + month - 1."""
        date = dt.date(1970, 1, 1) + dt.timedelta(days=self.day)
        return date.year * 12 + date.month - 1

    def keys(self) -> dict[str, str]:
        """Dimension → key, without those it has not; the user as a whole has the empty name."""
        department, category = ITEMS.get(self.item or "", (None, None))
        found = {
            "": "",
            "item": self.item,
            "merchant": self.merchant,
            "department": department,
            "category": category or CATEGORIES.get(self.merchant or ""),
            "city": self.city,
        }
        return {dim: key for dim, key in found.items() if key is not None}


def make_rows(seed: int, size: int) -> list[Row]:
    """Rows of few users on few days, the first of a month and its neighbours among them, so that much falls together."""
    random = Random(seed)
    return [
        Row(
            user=random.choice(["u1", "u2", "u3", "u4", "u5"]),
            second=BEGIN + random.choice([0, 1, 11, 12, 13, 40]) * DAY + random.randrange(24) * 3600,
            offset=random.choice([0, 0, 3600, -18_000]),
            clock=random.random() < 0.7,
            source=random.choice(["till", "app"]),
            kind=random.choice(
                ["purchase"] * 6 + ["refund", "cancellation", "exposure", "exposure", "redemption", "redemption", "message"]
            ),
            item=random.choice([None, "i1", "i2", "i3", "i4", "unknown"]),
            merchant=random.choice([None, *CATEGORIES]),
            amount=random.choice([None, 0, 250]),
            discount=random.choice([None, 0, 50]),
            city=random.choice([None, "Bonn", "Ärzen", "Zülpich"]),
        )
        for _ in range(size)
    ]


ROWS = st.builds(make_rows, seed=st.integers(0, 2**32), size=st.sampled_from([0, 1, 5, 20, 60, 150, 150]))
WEAK = st.lists(st.sampled_from(["preferences", "hours", "amounts", "discounts", "ignored_offers"]), unique=True).map(
    lambda what: {"app": what} if what else {}
)
BOUNDARIES = st.sampled_from([2025 * 12 + month for month in (0, 1, 2, 3)])
SHARDS = st.sampled_from([1, 2, 3])


def annotated(rows: Sequence[Row], weak: Weak, shards: int) -> Iterator[Annotated]:
    """The rows as the learner takes them, shard by shard."""
    values = [
        {
            **dict.fromkeys(EVENT_SCHEMA),
            "user_id": row.user,
            "time_us": row.second * 1_000_000,
            "offset_s": row.offset,
            "has_clock": row.clock,
            "seq": 0,
            "source": row.source,
            "kind": row.kind,
            "item_id": row.item,
            "merchant": row.merchant,
            "merchant_category": CATEGORIES.get(row.merchant or ""),
            "amount": row.amount,
            "currency": None if row.amount is None else "EUR",
            "discount": row.discount,
            "tombstone": False,
            "attr_city": row.city,
        }
        for row in rows
    ]
    frame = pl.DataFrame(values, schema={**EVENT_SCHEMA, "attr_city": pl.String()})
    users = user_hash(frame["user_id"])
    frame = frame.with_columns(pl.Series("user_hash", users, dtype=pl.UInt64), content_hash(frame, users))
    frame = frame.with_columns(pl.int_range(pl.len()).cast(pl.UInt64).alias("row_id")).sort("user_hash", "time_us", "row_id")
    items = pl.DataFrame(
        [{"item_id": item, "level_department": top, "level_category": fine} for item, (top, fine) in ITEMS.items()],
        schema={**ITEM_SCHEMA, "level_department": pl.String(), "level_category": pl.String()},
    )
    catalogue = Catalogue.of(items, ("department", "category"))
    for shard in range(shards):
        part = frame.filter(pl.col("user_hash") % shards == shard)
        if len(part):
            yield annotate(part, catalogue, chunks=ChunkConfig(), weak=weak, attributes=("city",))


def joined_counts(rows: Annotated) -> pl.DataFrame:
    """The statistics of users and keys that the sums rest on."""
    found: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for at in range(len(rows)):
        if rows.purchase[at]:
            for number, dimension in enumerate(rows.dimensions):
                if dimension.codes[at] >= 0:
                    found[int(rows.user[at]), number, int(dimension.codes[at])].append(int(rows.day[at]))
    columns = [(user, dim, key, len(days), min(days)) for (user, dim, key), days in found.items()]
    schema = {"u": pl.Int32, "dim": pl.Int16, "key": pl.Int32, "n": pl.Int32, "first_day": pl.Int32}
    return pl.DataFrame(columns, schema=schema, orient="row")


def counted(row: Row, weak: Weak) -> bool:
    return "preferences" not in weak.get(row.source, [])


def expected_population(rows: Sequence[Row], weak: Weak, boundary: int) -> dict[tuple[str, str, int | None], tuple[int, int, int]]:
    past = [row for row in rows if row.month < boundary]
    bought = [row for row in past if row.kind == "purchase" and counted(row, weak)]
    out = {**_keys(bought), **_bands(bought, weak), **_answers(past)}
    returned = [row for row in past if row.kind in ("refund", "cancellation") and counted(row, weak)]
    out["#returns", "", None] = (len(returned), len(bought), len({row.user for row in bought}))
    priced = [row for row in bought if row.amount is not None and not {"amounts", "discounts"} & set(weak.get(row.source, []))]
    reduced = [row for row in priced if (row.discount or 0) > 0]
    out["#discounts", "", None] = (len(reduced), len(priced), len({row.user for row in priced}))
    return out


def _keys(bought: Sequence[Row]) -> dict[tuple[str, str, int | None], tuple[int, int, int]]:
    out: dict[tuple[str, str, int | None], tuple[int, int, int]] = {}
    of = Counter(dim for row in bought for dim in row.keys())  # noqa: SIM118 - a method of the row, not of a mapping
    n = Counter((dim, key) for row in bought for dim, key in row.keys().items())
    by_month = Counter((dim, key, row.month) for row in bought for dim, key in row.keys().items() if dim != "item")
    for (dim, key), count in n.items():
        users = {row.user for row in bought if row.keys().get(dim) == key}
        out[dim or "#total", key, None] = (count, of[dim], len(users))
    for (dim, key, month), count in by_month.items():
        out[dim or "#total", key, month] = (count, 0, 0)
    return out


def _bands(bought: Sequence[Row], weak: Weak) -> dict[tuple[str, str, int | None], tuple[int, int, int]]:
    out: dict[tuple[str, str, int | None], tuple[int, int, int]] = {}
    for name, lies_in in BANDS.items():
        known, inside = 0, []
        for row in bought:
            hour = (row.second + row.offset) % DAY // 3600 if row.clock and "hours" not in weak.get(row.source, []) else None
            found = lies_in((row.day + 3) % 7, hour)
            known += found is not None
            inside += [row.user] if found else []
        out["#band", name, None] = (len(inside), known, len(set(inside)))
    return out


def _answers(past: Sequence[Row]) -> dict[tuple[str, str, int | None], tuple[int, int, int]]:
    """Of each user and item at most as many answers as exposures; who answers without having been shown the offer does not count."""
    single: dict[tuple[str, str], dict[tuple[str, str], Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in past:
        if "item" in row.keys():  # noqa: SIM118 - a method of the row, not of a mapping
            for place in row.keys().items():
                single[place][row.user, row.keys()["item"]][row.kind] += 1
    out: dict[tuple[str, str, int | None], tuple[int, int, int]] = {}
    for (dim, key), offers in single.items():
        shown = {offer: kinds for offer, kinds in offers.items() if kinds["exposure"]}
        if shown:
            hits = sum(min(kinds["redemption"], kinds["exposure"]) for kinds in shown.values())
            out[f"#answers{dim}", key, None] = (hits, sum(kinds["exposure"] for kinds in shown.values()), len({user for user, _ in shown}))
    return out


@given(rows=ROWS, weak=WEAK, boundary=BOUNDARIES, shards=SHARDS)
@settings(max_examples=40, deadline=None)
def test_population_is_the_sum_over_all_users(rows: list[Row], weak: Weak, boundary: int, shards: int) -> None:
    parts = [sum_shard(part, joined_counts(part), boundary) for part in annotated(rows, weak, shards)]
    if not parts:
        return
    found = {(dim, label, month): (n, of, users) for dim, label, month, n, of, users in _columns(add_up(parts))}
    assert found == expected_population(rows, weak, boundary)


def _columns(summed: pl.DataFrame) -> list[tuple[Any, ...]]:
    return summed.select("dim", "label", "month", "n", "of", "users").rows()


def expected_pairs(
    rows: Sequence[Row], weak: Weak, boundary: int, modulus: int, dim: str, most: int, least: int, min_users: int
) -> dict[tuple[str, str, str], tuple[int, int, Fraction]]:
    sampled = {user for user in {row.user for row in rows} if int(user_hash(pl.Series([user]))[0]) % modulus == 0}
    visits: dict[str, dict[int, list[str]]] = {user: {} for user in sampled}
    for user in sampled:
        days: dict[int, set[str]] = defaultdict(set)
        for row in rows:
            if row.user == user and row.month < boundary and row.kind == "purchase" and counted(row, weak) and dim in row.keys():  # noqa: SIM118
                days[row.day].add(row.keys()[dim])
        visits[user] = {day: sorted(keys)[:most] for day, keys in sorted(days.items())}
    single = Counter(key for days in visits.values() for keys in days.values() for key in keys)
    total = sum(len(days) for days in visits.values())
    n, users = Counter[Any](), defaultdict[Any, set[str]](set)
    for user, days in visits.items():
        ordered = list(days.values())
        found = [("with", a, b) for keys in ordered for a in keys for b in keys if a < b]
        found += [("after", a, b) for keys, following in itertools.pairwise(ordered) for a in keys for b in following if a != b]
        for place in found:
            n[place] += 1
            users[place].add(user)
    return {
        (kind, a, b): (count, len(users[kind, a, b]), Fraction(count * total, single[a] * single[b]))
        for (kind, a, b), count in n.items()
        if count >= least and len(users[kind, a, b]) >= min_users
    }


@given(
    rows=ROWS,
    weak=WEAK,
    boundary=BOUNDARIES,
    shards=SHARDS,
    modulus=st.sampled_from([1, 1, 2]),
    dim=st.sampled_from(["category", "city", "merchant", "item"]),
    limits=st.tuples(st.sampled_from([1, 2, 30]), st.sampled_from([1, 2]), st.sampled_from([1, 2])),
)
@pytest.mark.slow
@settings(max_examples=60, deadline=None)
def test_pairs_are_those_of_all_sampled_users(
    rows: list[Row], weak: Weak, boundary: int, shards: int, modulus: int, dim: str, limits: tuple[int, int, int]
) -> None:
    most, least, min_users = limits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "MOST_PER_DAY", most)
        patch.setattr(pairs, "LEAST_COUNT", least)
        parts = [sum_pairs(part, boundary, modulus, dim) for part in annotated(rows, weak, shards)]
        found = add_pairs(parts, min_users) if parts else None
    if found is None:
        return
    expected = expected_pairs(rows, weak, boundary, modulus, dim, most, least, min_users)
    told = {(kind, key, other): (n, users) for kind, of, key, other, n, users, _ in found.iter_rows() if of == dim}
    assert told == {place: (n, users) for place, (n, users, _) in expected.items()}
    assert found.select("kind", "key", "other").rows() == sorted(told)
    for kind, key, other, lift in found.select("kind", "key", "other", "lift").iter_rows():
        assert abs(Fraction(lift) - expected[kind, key, other][2]) <= Fraction(1, 19_999)
