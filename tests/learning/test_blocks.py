"""Memory by month stays bounded whatever the dates: blocks of users, and the same findings in blocks as at once."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.chunks import ChunkConfig
from memlearn.learning.embedded import spending, state
from memlearn.learning.embedded.annotate import Catalogue, annotate
from memlearn.learning.embedded.blocks import month_blocks
from memlearn.learning.embedded.candidates import find_candidates, parent_table
from memlearn.learning.embedded.join import join
from memlearn.learning.embedded.pieces import count_pieces
from memlearn.learning.embedded.population import sum_shard
from memlearn.learning.embedded.state import Keys, State
from memlearn.records import EVENT_SCHEMA, ITEM_SCHEMA
from memlearn.store.rows import content_hash, user_hash

DAY = 86_400
BEGIN = dt.date(2023, 1, 5)
NO_ITEMS = Catalogue.of(pl.DataFrame(schema=ITEM_SCHEMA), ())
users = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 300), st.integers(1, 9)), max_size=30)


@given(users, st.integers(1, 2000))
def test_blocks_hold_every_user_once_and_none_but_single_users_are_too_large(spans: list[tuple[int, int, int]], cells: int) -> None:
    first, width, size = np.array(spans, dtype=np.int64).reshape(len(spans), 3).T
    blocks = list(month_blocks(first, first + width, size, cells))
    assert sorted(np.concatenate(blocks).tolist()) == list(range(len(spans)))
    for block in blocks:
        assert block.tolist() == sorted(block.tolist())
        if len(block) > 1:
            months = int((first + width)[block].max()) - int(first[block].min()) + 1
            assert int(size[block].sum()) * months <= cells


def test_one_stray_user_costs_few_blocks() -> None:
    first = np.full(1000, 24_000)
    first[500] = 23_000
    blocks = list(month_blocks(first, np.full(1000, 24_020), np.full(1000, 10), 250_000))
    assert len(blocks) < 10


def merchants_of(random: Random, user: int) -> list[tuple[dt.date, str, int]]:
    """What a user bought: regularly, in a season, until a change, from a change on, dearer from then on."""
    turn = random.randrange(300, 600)
    season = random.randrange(12)
    rows = []
    for day in range(0, 900, 6):
        date = BEGIN + dt.timedelta(days=day + random.randrange(3))
        rows.append((date, "MARKET", 2000 if day < turn else 4100))
        rows.append((date, f"OLD {user % 3}" if day < turn else "NEW PLACE", 700))
        if (date.month - season) % 12 < 2:
            rows.append((date, "GARDEN", 1500))
    return rows


def company(count: int, strays: dict[int, dt.date]) -> tuple[State, pl.DataFrame]:
    random = Random(3)
    rows = [(f"u{user}", *row) for user in range(count) for row in merchants_of(random, user)]
    rows += [(f"u{user}", date, "MARKET", 2000) for user, date in strays.items()]
    named = pl.DataFrame(rows, schema=["user_id", "date", "merchant", "amount"], orient="row")
    known = {
        "time_us": pl.col("date").cast(pl.Datetime("us")).to_physical() + DAY // 2 * 1_000_000,
        "kind": pl.lit("purchase"),
        "source": pl.lit("cards"),
        "currency": pl.lit("EUR"),
        "offset_s": pl.lit(0),
        "has_clock": pl.lit(False),
        "seq": pl.lit(0),
        "tombstone": pl.lit(False),
        "merchant_category": pl.lit("shops"),
    }
    frame = named.with_columns(**known)
    frame = frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in EVENT_SCHEMA.items() if name not in frame.columns)
    frame = frame.select(*(pl.col(name).cast(dtype) for name, dtype in EVENT_SCHEMA.items()))
    hashes = user_hash(frame["user_id"])
    frame = frame.with_columns(pl.Series("user_hash", hashes, dtype=pl.UInt64), content_hash(frame, hashes))
    frame = frame.with_columns(pl.int_range(pl.len()).cast(pl.UInt64).alias("row_id")).sort("user_hash", "time_us", "row_id")
    made = annotate(frame, NO_ITEMS, chunks=ChunkConfig(), weak={}, attributes=())
    keys = Keys(tuple(part.name for part in made.dimensions), tuple(part.labels for part in made.dimensions), made.currency.labels)
    pieces = count_pieces(made, np.ones(len(made), dtype=np.bool_))
    whole = State.of(made.users, keys, join(pieces))
    sums = sum_shard(made, whole.counts, 3000 * 12)
    return whole, sums


def found_in(whole: State) -> dict[str, pl.DataFrame]:
    merchants = pl.DataFrame({"merchant": ["OLD 0", "OLD 1", "OLD 2", "NEW PLACE"], "merchant_category": ["shops"] * 4})
    return find_candidates(whole, NO_ITEMS, parent_table(NO_ITEMS, merchants)).frames


def test_findings_are_the_same_in_blocks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = company(12, {2: dt.date(1970, 1, 2), 5: dt.date(2099, 5, 1)})
    at_once = found_in(whole)
    for name in ("seasons", "started", "stopped", "moves", "spending_changes"):
        assert len(at_once[name]), name
    for module in (state, spending):
        monkeypatch.setattr(module, "month_blocks", lambda first, last, size: month_blocks(first, last, size, 1))
    for name, frame in found_in(whole).items():
        assert frame.equals(at_once[name]), name


@pytest.mark.slow
def test_stray_dates_of_two_users_do_not_multiply_memory() -> None:
    whole, _ = company(500, {2: dt.date(1901, 1, 2), 400: dt.date(2199, 5, 1)})
    tracemalloc.start()
    found_in(whole)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 350 << 20


def test_sums_by_month_take_no_room_for_months_without_purchases() -> None:
    _, sums = company(3, {1: dt.date(1901, 1, 2)})
    months = sums.filter(pl.col("month").is_not_null() & (pl.col("label") == "MARKET")).sort("month")
    assert months["month"][0] == 1901 * 12
    assert months["n"][0] == 1
    assert months["n"].sum() == 3 * 150 + 1
