"""Order, place and running sums of rows, against plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.embedded.render.runs import order_by, place_in_run, sum_in_run

numbers = st.integers(0, 5) | st.integers(0, 2**40)
keys = st.lists(st.tuples(numbers, numbers, st.integers(0, 3)), max_size=30)


@given(keys)
def test_rows_are_sorted_by_their_keys_and_ties_stay(rows: list[tuple[int, int, int]]) -> None:
    columns = np.array(rows, dtype=np.int64).reshape(len(rows), 3).T
    assert order_by(*columns).tolist() == sorted(range(len(rows)), key=lambda row: rows[row])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=30))
def test_places_and_sums_start_anew_with_every_run(rows: list[tuple[int, int]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    group, values = np.array(rows, dtype=np.int64).reshape(len(rows), 2).T
    seen: Counter[int] = Counter()
    total: Counter[int] = Counter()
    expected = []
    for number, value in rows:
        total[number] += value
        expected.append((seen[number], total[number]))
        seen[number] += 1
    assert list(zip(place_in_run(group).tolist(), sum_in_run(group, values).tolist(), strict=True)) == expected
