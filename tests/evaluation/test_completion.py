from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.completion import brier, calibration_curve, calibration_error, judge_completion
from memlearn.evaluation.offer_order import auc, average_precision, order_intervals, within_user

pairs = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9, 1.0])), min_size=1, max_size=14)


def columns(rows: list[tuple[int, bool, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    user, completed, score = zip(*rows, strict=True)
    return np.array(user), np.array(completed), np.array(score)


@settings(deadline=None)
@given(pairs)
def test_auc_is_mann_whitneys_share_of_won_pairs(rows: list[tuple[int, bool, float]]) -> None:
    _, completed, score = columns(rows)
    duels = [(a > b) + (a == b) / 2 for a in score[completed] for b in score[~completed]]
    found = auc(completed, score)
    assert found == (pytest.approx(sum(duels) / len(duels)) if duels else None)


def test_average_precision_by_hand() -> None:
    completed = np.array([True, False, True, False, True])
    assert average_precision(completed, np.array([0.9, 0.8, 0.7, 0.6, 0.5])) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    # The three of .7 are taken at once: recall grows from 1/3 to 2/3 at a precision of 2/4.
    assert average_precision(completed, np.array([0.9, 0.7, 0.7, 0.7, 0.5])) == pytest.approx(1 / 3 + 1 / 3 * 2 / 4 + 1 / 3 * 3 / 5)
    assert average_precision(completed, np.full(5, 0.3)) == pytest.approx(3 / 5)
    assert average_precision(~completed & completed, np.full(5, 0.3)) is None


@settings(deadline=None)
@given(pairs)
def test_average_precision_is_the_sum_over_thresholds(rows: list[tuple[int, bool, float]]) -> None:
    _, completed, score = columns(rows)
    total, before, result = int(completed.sum()), 0.0, 0.0
    for threshold in sorted(set(score), reverse=True):
        taken = score >= threshold
        recall = completed[taken].sum() / total if total else 0
        result += (recall - before) * completed[taken].mean()
        before = recall
    assert average_precision(completed, score) == (pytest.approx(result) if total else None)


@settings(deadline=None)
@given(pairs, st.permutations(range(14)))
def test_the_order_of_rows_and_any_growing_scale_change_nothing(rows: list[tuple[int, bool, float]], order: list[int]) -> None:
    _, completed, score = columns(rows)
    mixed = [place for place in order if place < len(rows)]
    assert auc(completed[mixed], np.exp(3 * score[mixed])) == auc(completed, score)
    assert average_precision(completed[mixed], np.exp(3 * score[mixed])) == pytest.approx(average_precision(completed, score))


def plain_ndcg(completed: list[bool], score: list[float], k: int, *, cut: bool) -> float:
    """The mean over every order of the offers that agrees with the scores."""
    orders = itertools.permutations(range(len(score)))
    agreeing = [order for order in orders if all(score[a] >= score[b] for a, b in itertools.pairwise(order))]
    gains = [sum(1 / math.log2(place + 2) for place, offer in enumerate(order[:k]) if completed[offer]) for order in agreeing]
    ideal = min(k, sum(completed)) if cut else sum(completed)
    return float(np.mean(gains)) / sum(1 / math.log2(place + 2) for place in range(ideal))


@settings(deadline=None)
@given(
    pairs.map(lambda rows: [row for number, row in enumerate(rows) if [one[0] for one in rows[:number]].count(row[0]) < 5]),
    st.integers(1, 4),
)
def test_within_users_it_is_the_mean_over_orders_of_ties(rows: list[tuple[int, bool, float]], k: int) -> None:
    user, completed, score = columns(rows)
    found = within_user(user, completed, score, [k])
    known = [one for one in sorted(set(user.tolist())) if completed[user == one].any() and not completed[user == one].all()]
    assert found.user.tolist() == known
    assert found.without == len(set(user.tolist())) - len(known)
    for place, one in enumerate(known):
        own = user == one
        assert found.values[f"ndcg@{k}"][place] == pytest.approx(plain_ndcg(completed[own].tolist(), score[own].tolist(), k, cut=False))
        assert found.values[f"ndcg_cut@{k}"][place] == pytest.approx(plain_ndcg(completed[own].tolist(), score[own].tolist(), k, cut=True))
        assert found.values["ap"][place] == pytest.approx(average_precision(completed[own], score[own]))


def test_a_model_that_knows_users_only_is_no_better_within_them() -> None:
    random = np.random.default_rng(1)
    user = np.repeat(np.arange(300), 6)
    rate = np.repeat(random.random(300), 6)
    completed = random.random(1_800) < rate
    constant = within_user(user, completed, np.zeros(1_800), [3]).means()
    assert (auc(completed, rate) or 0) > 0.75
    assert within_user(user, completed, rate, [3]).means() == pytest.approx(constant)
    assert within_user(user, completed, completed.astype(float), [3]).means()["ndcg_cut@3"] == pytest.approx(1.0)


def test_brier_by_hand() -> None:
    assert brier(np.array([True, False]), np.array([0.8, 0.4])) == pytest.approx((0.04 + 0.16) / 2)
    completed = np.arange(100) < 30
    assert brier(completed, np.full(100, 0.3)) == pytest.approx(0.3 * 0.7)


def test_the_calibration_curve_by_hand() -> None:
    probability = np.array([0.1, 0.2, 0.2, 0.9, 0.8, 0.8])
    completed = np.array([False, True, False, True, True, False])
    low, high = calibration_curve(completed, probability, 2)
    assert (low.pairs, low.predicted, low.observed) == (3, pytest.approx(0.5 / 3), pytest.approx(1 / 3))
    assert (high.pairs, high.predicted, high.observed) == (3, pytest.approx(2.5 / 3), pytest.approx(2 / 3))
    # Wilson for 1 of 3, from a table.
    assert (low.low, low.high) == (pytest.approx(0.0615, abs=1e-4), pytest.approx(0.7923, abs=1e-4))
    assert calibration_error((low, high)) == pytest.approx((abs(0.5 - 1) + abs(2.5 - 2)) / 6)
    assert calibration_error(()) == 0.0


@settings(deadline=None)
@given(pairs, st.integers(1, 6))
def test_bins_hold_all_pairs_and_keep_equal_probabilities_together(rows: list[tuple[int, bool, float]], bins: int) -> None:
    _, completed, probability = columns(rows)
    curve = calibration_curve(completed, probability, bins)
    assert 1 <= len(curve) <= bins
    assert sum(one.pairs for one in curve) == len(rows)
    assert sum(one.pairs * one.predicted for one in curve) == pytest.approx(probability.sum())
    assert sum(one.pairs * one.observed for one in curve) == pytest.approx(completed.sum())
    assert [one.predicted for one in curve] == sorted({one.predicted for one in curve})
    assert all(one.low <= one.observed + 1e-12 and one.observed - 1e-12 <= one.high for one in curve)


def test_right_probabilities_have_a_small_calibration_error() -> None:
    random = np.random.default_rng(2)
    probability = random.random(20_000) * 0.05
    completed = random.random(20_000) < probability
    assert calibration_error(calibration_curve(completed, probability)) < 0.004
    assert calibration_error(calibration_curve(completed, np.minimum(1.0, 4 * probability))) > 0.06


def test_intervals_are_over_users() -> None:
    random = np.random.default_rng(3)
    score = random.normal(size=200)
    completed = score + random.normal(size=200) > 0
    alone = order_intervals(np.arange(200), completed, score, 1_000)
    # The same 200 pairs eight times over, still of 200 users: nothing is learned by copying.
    copied = order_intervals(np.tile(np.arange(200), 8), np.tile(completed, 8), np.tile(score, 8), 1_000)
    assert alone["auc"].low < alone["auc"].mean < alone["auc"].high
    assert alone["auc"].mean == auc(completed, score)
    assert copied["auc"].high - copied["auc"].low == pytest.approx(alone["auc"].high - alone["auc"].low, rel=1e-9)
    # Hanley & McNeil's standard error for a like AUC.
    assert (alone["auc"].high - alone["auc"].low) / 3.92 == pytest.approx(0.028, abs=0.006)


def test_the_report_says_all_of_it() -> None:
    random = np.random.default_rng(4)
    user, probability = random.integers(0, 60, 400), random.random(400)
    completed = random.random(400) < probability
    report = judge_completion(user, completed, probability, (3,), draws=200)
    assert (report.pairs, report.completed) == (400, int(completed.sum()))
    assert report.auc is not None
    assert report.auc.mean == auc(completed, probability)
    assert report.average_precision is not None
    assert report.average_precision.low < report.average_precision.mean < report.average_precision.high
    assert report.brier == brier(completed, probability)
    assert report.calibration_error == calibration_error(report.calibration)
    assert set(report.within.values) == {"ndcg@3", "ndcg_cut@3", "ap"}


def test_nothing_completed_has_no_order_to_judge() -> None:
    report = judge_completion(np.arange(5), np.zeros(5, dtype=bool), np.full(5, 0.1), draws=10)
    assert (report.auc, report.average_precision, report.within.without) == (None, None, 5)
    assert len(within_user(np.empty(0, dtype=int), np.empty(0, dtype=bool), np.empty(0), [3]).user) == 0
    assert auc(np.empty(0, dtype=bool), np.empty(0)) is None


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(UsageError, match=r"1 of 2 .*1\.5"):
        brier(np.array([True, False]), np.array([1.5, 0.5]))
    with pytest.raises(UsageError, match="no pairs"):
        brier(np.empty(0, dtype=bool), np.empty(0))
    with pytest.raises(UsageError, match="not numbers"):
        auc(np.array([True]), np.array([math.nan]))
    with pytest.raises(UsageError, match="different lengths"):
        within_user(np.array([1, 2]), np.array([True]), np.array([0.5]), [1])
    with pytest.raises(UsageError, match="at least 1"):
        within_user(np.array([1]), np.array([True]), np.array([0.5]), [0])
    with pytest.raises(UsageError, match="at least one bin"):
        calibration_curve(np.array([True]), np.array([0.5]), 0)
