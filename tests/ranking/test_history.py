"""A history holds what was bought, whatever the order of the rows; its counts are those of plain lists; cuts lose nothing."""

from __future__ import annotations

from collections import Counter
from itertools import chain, pairwise

import numpy as np
import pytest
from histories import histories, history_of, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.ranking.history import History, make_history, split_at, split_last


def same(one: History, other: History) -> bool:
    columns = ("user", "basket", "item", "time")
    equal = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in columns)
    return equal and (one.users, one.items) == (other.users, other.items)


@given(histories(timed=True), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_and_doubles_of_rows_do_not_matter(history: History, random: object) -> None:
    order = list(range(len(history))) * 2
    random.shuffle(order)  # type: ignore[attr-defined]
    again = make_history(history.users, history.items, history.user[order], history.time[order], history.item[order], history.time[order])
    assert same(again, history)


@given(histories())
@settings(deadline=None)
def test_numbers_are_those_of_lists(history: History) -> None:
    lists = plain(history)
    assert history.baskets_by_user().tolist() == [len(own) for own in lists]
    assert history.baskets_by_item().tolist() == [sum(basket.count(i) for own in lists for basket in own) for i in range(history.items)]
    buyers = [sum(any(i in basket for basket in own) for own in lists) for i in range(history.items)]
    assert history.buyers_by_item().tolist() == buyers
    counts = [Counter(item for basket in own for item in basket) for own in lists]
    assert history.counts().toarray().tolist() == [[own[i] for i in range(history.items)] for own in counts]
    assert history.bought().toarray().tolist() == [[float(own[i] > 0) for i in range(history.items)] for own in counts]
    starts = history.starts()
    assert [history.item[a:b].tolist() for a, b in pairwise(starts)] == [list(chain.from_iterable(own)) for own in lists]
    assert history.first_rows().sum() == sum(map(len, lists))
    users = np.repeat(np.arange(history.users), np.diff(history.counts().indptr)).tolist()
    pairs = list(zip(users, history.counts().indices.tolist(), strict=True))
    holding = [[number for number, basket in enumerate(lists[user]) if item in basket] for user, item in pairs]
    for found, numbers in ((history.first_bought(), [own[0] for own in holding]), (history.last_bought(), [own[-1] for own in holding])):
        assert list(zip(history.user[found].tolist(), history.item[found].tolist(), strict=True)) == pairs
        assert history.basket[found].tolist() == numbers
    assert all(age == len(lists[user]) - 1 - n for user, n, age in zip(history.user, history.basket, history.ages(), strict=True))


@given(histories())
@settings(deadline=None)
def test_weights_are_added_up_by_user_and_item(history: History) -> None:
    weights = np.arange(len(history)) + 0.5
    expected = np.zeros((history.users, history.items))
    np.add.at(expected, (history.user, history.item), weights)
    assert np.allclose(history.summed(weights).toarray(), expected)
    assert history.summed(weights * 0).nnz == history.counts().nnz


@given(histories(), st.integers(1, 3))
@settings(deadline=None)
def test_the_last_baskets_are_split_off(history: History, number: int) -> None:
    before, after = split_last(history, number)
    for whole, old, new in zip(plain(history), plain(before), plain(after), strict=True):
        assert old + new == whole
        assert len(new) == (number if len(whole) > number else 0)


@given(histories(timed=True), st.floats(0, 20), st.floats(0, 10))
@settings(deadline=None)
def test_one_moment_splits_all_users(history: History, moment: float, length: float) -> None:
    before, after = split_at(history, moment)
    assert all(time < moment for time in before.time)
    assert len(before) + len(after) == len(history)
    _, part = split_at(history, moment, moment + length)
    assert sorted(part.time) == [time for time in sorted(after.time) if time < moment + length]


def test_an_order_is_no_time() -> None:
    ordered = history_of([[[0], [1]], []], 2)
    assert not ordered.timed
    assert history_of([[[0], [1]]], 2, [[3.0, 9.0]]).timed
    with pytest.raises(UsageError, match="use split_last"):
        split_at(ordered, 1.0)


def test_wrong_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="0 to 1"):
        make_history(1, 2, [0], [0], [2])
    with pytest.raises(UsageError, match=r"\[1, 2\] rows"):
        make_history(1, 2, [0], [0], [1, 0])
    good = history_of([[[0, 1]]], 2)
    with pytest.raises(UsageError, match="not sorted"):
        History(1, 2, good.user, good.basket + 1, good.item, good.time)
    with pytest.raises(UsageError, match="not sorted"):
        History(1, 2, good.user, good.basket, good.item[::-1], good.time)


def test_nothing_bought_is_a_history() -> None:
    empty = make_history(3, 4, [], [], [])
    assert (len(empty), empty.end, empty.counts().shape) == (0, 0.0, (3, 4))
    assert empty.baskets_by_user().tolist() == [0, 0, 0]
