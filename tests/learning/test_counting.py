"""Counts by key are those of the rows one by one, however the rows are put in order."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memlearn.learning.embedded import counting
from memlearn.learning.embedded.annotate import NO_KEY, Annotated, Dimension, month_numbers
from memlearn.learning.embedded.bands import BAND_OF_SLOT, BANDS, BANDS_OF_KIND, KIND_OF_SLOT
from memlearn.learning.embedded.counting import sort_groups
from memlearn.learning.embedded.join import join
from memlearn.learning.embedded.pieces import Pieces, count_numbered, count_pieces
from memlearn.learning.embedded.state import Keys, State
from memlearn.learning.embedded.telling import top_rows

FIRST_DAY = 20_089  # 2025-01-01
KEYS = 4
# User, chunk, days since the row before, key, what the row is: purchase, loose purchase, return, neither.
rows_of_users = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from([0, 0, 1, 7, 40]), st.integers(NO_KEY, KEYS - 1), st.integers(0, 3)),
    max_size=60,
)


def annotated(rows: list[tuple[int, int, int, int, int]]) -> Annotated:
    """Rows of users and chunks in order, each so many days after the one before it."""
    ordered = sorted(rows, key=lambda row: row[:2])
    user, chunk, later, key, what = (np.array(part, dtype=np.int64) for part in (zip(*ordered, strict=True) if ordered else [[]] * 5))
    day = FIRST_DAY + np.cumsum(later)
    none, size = np.zeros(len(user), dtype=np.bool_), len(user)
    labels = pl.Series([f"k{number}" for number in range(KEYS)])
    return Annotated(
        users=pl.DataFrame({"user_id": [f"u{number}" for number in range(4)]}),
        user=user,
        chunk=chunk,
        digest=np.zeros(size, dtype=np.uint64),
        row_id=np.arange(size, dtype=np.uint64) + np.uint64(7),
        time_us=day * 86_400_000_000 + np.arange(size),
        day=day,
        month=month_numbers(day),
        slot=np.zeros(size, dtype=np.int64),
        purchase=what < 2,
        loose=what == 1,
        returned=what == 2,
        exposure=none,
        answer=none,
        weak_exposure=none,
        amount=np.full(size, 5),
        paid=~none,
        priced=~none,
        discounted=none,
        currency=Dimension("currency", np.zeros(size, dtype=np.int64), pl.Series(["EUR"])),
        dimensions=(Dimension("", np.zeros(size, dtype=np.int64), pl.Series([""])), Dimension("brand", key, labels)),
    )


def told(rows: Annotated) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Counts, gaps and months, counted row by row."""
    of: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, dimension in enumerate(rows.dimensions):
        for at in np.flatnonzero((rows.purchase | rows.returned) & (dimension.codes != NO_KEY)):
            of[int(rows.user[at]), int(rows.chunk[at]), number, int(dimension.codes[at])].append(int(at))
    counts, gaps, months = [], [], []
    for key, places in of.items():
        bought = [at for at in places if rows.purchase[at]]
        days = sorted({int(rows.day[at]) for at in bought})
        first, last = (bought[0], bought[-1]) if bought else (None, None)
        ends = [0 if at is None else int(values[at]) for values in (rows.time_us, rows.day, rows.row_id) for at in (first, last)]
        counts.append((*key, len(bought), sum(bool(rows.loose[at]) for at in bought), len(places) - len(bought), len(days), *ends))
        by_month = Counter(int(rows.month[at]) for at in bought)
        if len(bought) > 2:
            gaps += [(*key, gap, n) for gap, n in Counter(later - earlier for earlier, later in pairwise(days)).items()]
            months += [(*key, month, n) for month, n in by_month.items() if len(by_month) > 1]
    return sorted(counts), sorted(gaps), sorted(months)


def listed(pieces: Pieces) -> tuple[list[tuple[int, ...]], ...]:
    return tuple(sorted(table.rows()) for table in (pieces.counts, pieces.gaps, pieces.months))


@pytest.mark.parametrize("bits", [63, 0], ids=["one number a row", "column by column"])
@given(rows_of_users)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_counts_are_those_of_the_rows(bits: int, rows: list[tuple[int, int, int, int, int]]) -> None:
    made = annotated(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_SORTABLE_BITS", bits)
        patch.setattr(counting, "_SHORT_BITS", bits // 2)
        assert listed(count_pieces(made, np.ones(len(made), dtype=np.bool_))) == told(made)


def test_days_far_apart_count_like_others() -> None:
    rows = [(0, 0, days, key, 0) for days in (0, 400_000, 1, 1) for key in (0, 0, 1)]
    made = annotated(rows)
    assert listed(count_pieces(made, np.ones(len(made), dtype=np.bool_))) == told(made)


@given(rows_of_users)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_states_counted_in_one_go_are_those_joined_of_chunks(rows: list[tuple[int, int, int, int, int]]) -> None:
    made = annotated([(user, 0, days, key, what) for user, _, days, key, what in rows])
    keys = Keys(tuple(part.name for part in made.dimensions), tuple(part.labels for part in made.dimensions), made.currency.labels)
    every = np.ones(len(made), dtype=np.bool_)
    at_once = State.of_numbered(made.users, keys, count_numbered(made, every))
    joined = State.of(made.users, keys, join(count_pieces(made, every)))
    assert at_once.counts.equals(joined.counts)
    assert at_once.gap_ends.tolist() == joined.gap_ends.tolist()
    assert at_once.month_ends.tolist() == joined.month_ends.tolist()
    assert at_once.tables.gaps.equals(joined.tables.gaps.select("gap", "n"))
    assert at_once.tables.months.equals(joined.tables.months.select("month", "n"))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 15)), max_size=80), st.integers(1, 9))
def test_groups_are_sorted_in_blocks_as_all_together(pairs: list[tuple[int, int]], block: int) -> None:
    packed = np.array([(group << 4) | value for group, value in sorted(pairs, key=lambda pair: pair[0])], dtype=np.int64)
    expected = sorted(packed.tolist())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_BLOCK", block)
        sort_groups(packed, 4)
    assert packed.tolist() == expected


@pytest.mark.parametrize("bits", [63, 0], ids=["one number a row", "by columns"])
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=60), st.lists(st.integers(1, 5), min_size=5, max_size=5))
def test_the_heaviest_rows_of_each_group_are_kept(bits: int, pairs: list[tuple[int, int]], limits: list[int]) -> None:
    group, weight = np.array(sorted(pairs, key=lambda pair: pair[0]), dtype=np.int64).reshape(-1, 2).T
    expected = []
    for number in range(5):
        places = [at for at in range(len(group)) if group[at] == number]
        expected += sorted(places, key=lambda at: (-weight[at], at))[: limits[number]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("memlearn.learning.embedded.telling.SORTABLE_BITS", bits)
        assert top_rows(group, weight, np.array(limits)[group]).tolist() == sorted(expected)


def test_slots_of_one_kind_are_alike_in_every_band() -> None:
    for name, of_kind in zip(BANDS, BANDS_OF_KIND, strict=True):
        assert of_kind[KIND_OF_SLOT].tolist() == BAND_OF_SLOT[name].tolist()
