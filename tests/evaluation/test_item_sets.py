from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import list_sets, pair_sets

lists = st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=6)


@settings(deadline=None)
@given(lists)
def test_rows_hold_their_items_once_and_in_order(items: list[list[int]]) -> None:
    sets = list_sets(items)
    assert sets.rows == len(items)
    for row, expected in enumerate(items):
        assert sets.items[sets.starts[row] : sets.starts[row + 1]].tolist() == sorted(set(expected))
    assert sets.sizes.tolist() == [len(set(row)) for row in items]


@settings(deadline=None)
@given(lists.filter(bool), st.integers(-1, 20))
def test_contains_says_what_a_set_would(items: list[list[int]], item: int) -> None:
    sets = list_sets(items)
    found = sets.contains(np.arange(len(items)), np.full(len(items), item))
    assert found.tolist() == [item in row for row in items]


@settings(deadline=None)
@given(lists)
def test_keeping_some_entries_keeps_the_rows(items: list[list[int]]) -> None:
    kept = list_sets(items)
    even = kept.keep(kept.items % 2 == 0)
    assert even.rows == kept.rows
    assert [even.items[a:b].tolist() for a, b in zip(even.starts, even.starts[1:], strict=False)] == [
        sorted({item for item in row if item % 2 == 0}) for row in items
    ]


def test_pairs_in_any_order() -> None:
    sets = pair_sets(np.array([2, 0, 2, 2]), np.array([5, 1, 3, 5]), 4)
    assert (sets.items.tolist(), sets.starts.tolist()) == ([1, 3, 5], [0, 1, 1, 3, 3])


def test_codes_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="2 rows"):
        pair_sets(np.array([2]), np.array([0]), 2)
    with pytest.raises(UsageError, match="-1 is negative"):
        pair_sets(np.array([0]), np.array([-1]), 2)


def test_an_empty_place_is_not_the_last_item_of_the_row_before() -> None:
    assert not list_sets([[5], [1]]).contains(np.array([1]), np.array([-1]))[0]
