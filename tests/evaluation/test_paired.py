from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from memlearn.errors import UsageError
from memlearn.evaluation import resample
from memlearn.evaluation.holm import holm
from memlearn.evaluation.item_sets import list_sets
from memlearn.evaluation.metrics import measure
from memlearn.evaluation.paired import compare, compare_scores, mean_intervals
from memlearn.evaluation.resample import percentiles, resampled_sums, sign_p_value, user_counts


def test_a_draw_takes_as_many_users_as_there_are() -> None:
    counts = np.concatenate(list(user_counts(50, 400, 1)))
    assert counts.shape == (400, 50)
    assert (counts.sum(axis=1) == 50).all()
    # A user is left out with (1 - 1/50)^50 = .364, and taken once on average.
    assert np.mean(counts == 0) == pytest.approx(0.364, abs=0.01)
    assert np.mean(counts) == 1.0


def test_sums_are_those_of_the_drawn_users() -> None:
    values = np.random.default_rng(2).normal(size=(30, 3)) * [1e-9, 1.0, 1e6]
    counts = np.concatenate(list(user_counts(30, 100, 7)))
    largest = np.abs(values).max(axis=0) * 30
    assert (np.abs(resampled_sums(values, 100, 7) - counts @ values) < 1e-14 * largest).all()


def test_neither_the_size_of_a_piece_nor_threads_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).random((900, 4))
    whole = resampled_sums(values, 300, 1)
    monkeypatch.setattr(resample, "_CELLS", 5_000)
    with threadpool_limits(1):
        assert np.array_equal(whole, resampled_sums(values, 300, 1))
    # Adding columns changes nothing for the others: all see the same draws.
    assert np.array_equal(whole[:, 1], resampled_sums(values[:, 1:2], 300, 1)[:, 0])


def test_another_seed_is_another_bootstrap() -> None:
    values = {"x": np.random.default_rng(4).random(60)}
    assert mean_intervals(values, 500, 1) == mean_intervals(values, 500, 1)
    assert mean_intervals(values, 500, 1) != mean_intervals(values, 500, 2)


def test_the_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    inside = 0
    for run in range(400):
        found = mean_intervals({"x": random.exponential(2.0, 80)}, 400, seed=run)["x"]
        inside += found.low <= 2.0 <= found.high
    # The percentile interval of a skewed mean of 80 users holds it a little less often than 95 %.
    assert 0.91 <= inside / 400 <= 0.97


def test_the_interval_is_as_wide_as_the_standard_error_says() -> None:
    values = np.random.default_rng(6).normal(3.0, 2.0, 500)
    found = mean_intervals({"x": values})["x"]
    error = float(np.std(values)) / math.sqrt(500)
    assert found.mean == pytest.approx(float(np.mean(values)))
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1.0, abs=0.03)


def test_comparing_by_hand() -> None:
    ours, theirs = np.array([0.5, 0.7, 0.9, 0.1]), np.array([0.4, 0.4, 0.8, 0.2])
    found = compare(ours, {"theirs": theirs}, 2_000)["theirs"]
    gaps = np.array([0.1, 0.3, 0.1, -0.1])
    assert (found.users, found.ours, found.theirs) == (4, pytest.approx(0.55), pytest.approx(0.45))
    assert found.difference.mean == pytest.approx(0.1)
    assert found.effect == pytest.approx(0.1 / np.std(gaps, ddof=1))
    assert found.ratio is not None
    assert found.ratio.mean == pytest.approx(0.55 / 0.45)
    assert found.difference.low < 0.1 < found.difference.high <= 0.3
    # At or below 0 are, of 256 draws of four users: the gaps .1, .3, .1, -.1 summed, counted one by one.
    tuples = np.array(np.meshgrid(*[gaps] * 4)).reshape(4, -1).sum(axis=0)
    assert found.p_value == pytest.approx(2 * np.mean(tuples <= 1e-12), abs=0.04)


def test_pairing_finds_what_users_hide() -> None:
    random = np.random.default_rng(8)
    users = random.random(400)
    better = users + random.normal(0.01, 0.02, 400)
    found = compare(better, {"base": users}, 2_000)["base"]
    assert found.difference.low > 0
    assert found.p_value < 0.01
    apart = mean_intervals({"better": better, "base": users}, 2_000)
    assert apart["better"].low < apart["base"].high


def test_the_same_method_is_no_better() -> None:
    values = np.random.default_rng(9).random(40)
    found = compare(values, {"same": values}, 200)["same"]
    assert (found.difference.mean, found.difference.low, found.difference.high) == (0.0, 0.0, 0.0)
    assert (found.p_value, found.effect) == (1.0, None)
    assert found.ratio is not None
    assert (found.ratio.low, found.ratio.high) == (1.0, 1.0)


def test_no_ratio_to_nothing() -> None:
    assert compare(np.ones(3), {"none": np.zeros(3), "rare": np.array([0.0, 0.0, 1.0])}, 500)["none"].ratio is None
    assert compare(np.ones(3), {"rare": np.array([0.0, 0.0, 1.0])}, 500)["rare"].ratio is None


def test_holm_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_p_value_and_bonferroni_and_keeps_the_order(values: list[float]) -> None:
    given_values = {str(i): value for i, value in enumerate(values)}
    adjusted = holm(given_values)
    assert list(adjusted) == list(given_values)
    for name, value in given_values.items():
        assert value <= adjusted[name] <= min(1.0, value * len(values)) + 1e-15
        assert all(adjusted[name] <= adjusted[other] for other in given_values if value < given_values[other])


def test_several_baselines_are_adjusted_together() -> None:
    random = np.random.default_rng(10)
    ours = random.random(60)
    found = compare(ours, {"a": ours - 0.02 + random.normal(0, 0.1, 60), "b": ours + random.normal(0, 0.1, 60)}, 2_000)
    assert {name: one.p_holm for name, one in found.items()} == holm({name: one.p_value for name, one in found.items()})
    assert found["a"].p_holm == min(1.0, 2 * found["a"].p_value) or found["b"].p_value < found["a"].p_value


def test_measured_methods_are_compared_metric_by_metric() -> None:
    truth = list_sets([[1, 2], [3], []])
    ours = measure(np.array([[1, 2], [3, 0], [0, 1]]), truth, [1, 2])
    theirs = measure(np.array([[0, 2], [0, 3], [0, 1]]), truth, [1, 2])
    found = compare_scores(ours, {"theirs": theirs}, ["recall@1", "ndcg@2"], 300)
    assert found["recall@1"] == compare(ours.values["recall@1"], {"theirs": theirs.values["recall@1"]}, 300)
    assert found["ndcg@2"] == compare(ours.values["ndcg@2"], {"theirs": theirs.values["ndcg@2"]}, 300)
    with pytest.raises(UsageError, match="recall@9"):
        compare_scores(ours, {"theirs": theirs}, ["recall@9"])
    others = measure(np.array([[1, 2], [3, 0], [0, 1]]), list_sets([[1], [], [0]]), [1, 2])
    with pytest.raises(UsageError, match="not the 2 of ours"):
        compare_scores(ours, {"others": others}, ["recall@1"])


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UsageError, match="'short': 2"):
        compare(np.ones(3), {"short": np.ones(2)})
    with pytest.raises(UsageError, match="1 of 6"):
        compare(np.array([1.0, math.nan, 2.0]), {"b": np.ones(3)})
    with pytest.raises(UsageError, match="0 users"):
        mean_intervals({"x": np.empty(0)})
    assert mean_intervals({}) == {}
    assert compare(np.ones(2), {}) == {}


def test_draws_without_a_figure_are_left_out() -> None:
    assert percentiles(np.array([math.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert all(math.isnan(end) for end in percentiles(np.array([math.nan])))
    assert sign_p_value(np.array([math.nan, 1.0, 2.0, 3.0])) == 0.5
