"""Popularity, frequency and TREx give what their formulas give when written down slowly."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from histories import Baskets, histories, history_of, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.baselines import NEVER, Scorer
from memlearn.evaluation.baselines.frequency import DecayedFrequencyParameters, TopFreqParameters, fit_decayed_frequency, fit_top_freq
from memlearn.evaluation.baselines.popularity import RecentPopularityParameters, fit_popularity, fit_recent_popularity
from memlearn.evaluation.baselines.trex import TrexParameters, fit_trex
from memlearn.ranking.history import History


def scores(scorer: Scorer, history: History) -> np.ndarray:
    found = scorer.scores(np.arange(history.users, dtype=np.int32))
    assert found.dtype == np.float32
    assert found.shape == (history.users, history.items)
    return found


def counted(baskets: list[list[int]], items: int) -> list[int]:
    return [sum(item in basket for basket in baskets) for item in range(items)]


def everybodys(lists: Baskets) -> list[list[int]]:
    return [basket for own in lists for basket in own]


@given(histories())
@settings(deadline=None)
def test_popularity(history: History) -> None:
    expected = counted(everybodys(plain(history)), history.items)
    assert scores(fit_popularity(history), history).tolist() == [expected] * history.users


@given(histories(timed=True), st.integers(0, 12))
@settings(deadline=None)
def test_recent_days(history: History, days: int) -> None:
    times = {(user, number): time for user, number, time in zip(history.user, history.basket, history.time, strict=True)}
    recent = [
        basket for user, own in enumerate(plain(history)) for number, basket in enumerate(own) if times[user, number] > history.end - days
    ]
    found = scores(fit_recent_popularity(history, RecentPopularityParameters(days=days)), history)
    assert found.tolist() == [counted(recent, history.items)] * history.users


@given(histories(timed=True), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
@settings(deadline=None)
def test_recent_share(history: History, share: float) -> None:
    times = {(user, number): time for user, number, time in zip(history.user, history.basket, history.time, strict=True)}
    ordered = sorted(times.values())
    first = ordered[min(int((1 - share) * len(ordered)), len(ordered) - 1)] if ordered else 0
    recent = [basket for user, own in enumerate(plain(history)) for number, basket in enumerate(own) if times[user, number] >= first]
    if history.timed:
        found = scores(fit_recent_popularity(history, RecentPopularityParameters(share)), history)
        assert found.tolist() == [counted(recent, history.items)] * history.users


def test_recent_of_an_order_is_the_last_part_of_each_user() -> None:
    history = history_of([[[0], [1], [2]], [[3]], []], 4)
    assert scores(fit_recent_popularity(history, RecentPopularityParameters(0.4)), history)[0].tolist() == [0, 1, 1, 1]
    assert scores(fit_recent_popularity(history, RecentPopularityParameters(0.0)), history)[0].tolist() == [0, 0, 1, 1]


@given(histories(), st.booleans())
@settings(deadline=None)
def test_top_freq_with_ties_by_popularity(history: History, back_off: bool) -> None:  # noqa: FBT001
    lists = plain(history)
    popularity = counted(everybodys(lists), history.items)
    found = scores(fit_top_freq(history, TopFreqParameters(back_off)), history)
    for user, own in enumerate(lists):
        for item, count in enumerate(counted(own, history.items)):
            expected = count + popularity[item] / (max(popularity) + 1)
            assert found[user, item] == (np.float32(expected) if back_off or count else NEVER)


@given(histories(), st.booleans())
@settings(deadline=None)
def test_top_freq_with_the_oldest_first(history: History, back_off: bool) -> None:  # noqa: FBT001
    lists = plain(history)
    popularity = counted(everybodys(lists), history.items)
    found = scores(fit_top_freq(history, TopFreqParameters(back_off, "oldest")), history)
    for user, own in enumerate(lists):
        # A Counter keeps what it met first in front among equals, as the published script does.
        order = [item for item, _ in Counter(item for basket in own for item in basket).most_common()]
        assert sorted(order, key=lambda item: -found[user, item]) == order
        assert all(found[user, item] >= 1 for item in order)
        for item in set(range(history.items)) - set(order):
            assert found[user, item] == (np.float32(popularity[item] / (max(popularity) + 1)) if back_off else NEVER)


@given(histories(), st.sampled_from([0.5, 0.9, 1.0]))
@settings(deadline=None)
def test_decay_by_baskets(history: History, decay: float) -> None:
    found = scores(fit_decayed_frequency(history, DecayedFrequencyParameters(decay)), history)
    for user, own in enumerate(plain(history)):
        expected = [sum(decay**age for age, basket in enumerate(reversed(own)) if item in basket) for item in range(history.items)]
        assert np.allclose(found[user], expected)


@given(histories(timed=True), st.sampled_from([0.5, 0.97]))
@settings(deadline=None)
def test_decay_by_days(history: History, decay: float) -> None:
    if not history.timed:
        return
    expected = np.zeros((history.users, history.items))
    for user, item, time in zip(history.user, history.item, history.time, strict=True):
        expected[user, item] += decay ** (history.time[history.user == user].max() - time)
    found = scores(fit_decayed_frequency(history, DecayedFrequencyParameters(decay, "days")), history)
    assert np.allclose(found, expected)


@given(histories(), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([0.5, 1.0]))
@settings(deadline=None)
def test_trex(history: History, alpha: float, beta: float) -> None:
    lists = plain(history)
    counts = [counted(own, history.items) for own in lists]
    buyers = [sum(own[item] > 0 for own in counts) for item in range(history.items)]
    rate = [sum((own[i] - 1) ** alpha for own in counts if own[i] >= 2) / n if (n := buyers[i]) else 0.0 for i in range(history.items)]
    sold = [rate[item] for item in range(history.items) if buyers[item]]
    mean = sum(sold) / len(sold) if sold else 0.0
    found = scores(fit_trex(history, TrexParameters(alpha, beta)), history)
    for user, own in enumerate(lists):
        for item in range(history.items):
            recency = sum(beta**age for age, basket in enumerate(reversed(own)) if item in basket)
            assert np.isclose(found[user, item], (rate[item] + mean / (buyers[item] + 1)) * recency)


def test_wrong_parameters_are_refused() -> None:
    history = history_of([[[0]]], 1)
    with pytest.raises(UsageError, match=r"parameter decay is 1\.5; it must lie between 1e-06 and 1"):
        fit_decayed_frequency(history, DecayedFrequencyParameters(1.5))
    with pytest.raises(UsageError, match="use unit 'baskets'"):
        fit_decayed_frequency(history, DecayedFrequencyParameters(0.9, "days"))
    with pytest.raises(UsageError, match="beta is nan"):
        fit_trex(history, TrexParameters(0.1, float("nan")))
    with pytest.raises(UsageError, match="share is -1"):
        fit_recent_popularity(history, RecentPopularityParameters(-1))
    with pytest.raises(UsageError, match="days is -1"):
        fit_recent_popularity(history, RecentPopularityParameters(days=-1))
