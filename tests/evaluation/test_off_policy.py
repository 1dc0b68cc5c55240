from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.off_policy import Estimate, PolicyDifference, PolicyValue, compare_policies, evaluate_policy
from memlearn.evaluation.off_policy_checks import OffPolicyConfig, Refused, effective_size
from memlearn.evaluation.offer_log import OfferLog, always, assigned_at_random, choose, evenly

LENIENT = OffPolicyConfig(min_effective=1)
DRAWS = 300


def estimate(value: PolicyValue, method: str) -> Estimate:
    found = value.estimates[method]
    assert isinstance(found, Estimate), found
    return found


def reason(log: OfferLog, policy: np.ndarray, method: str = "snips", config: OffPolicyConfig | None = None) -> tuple[str, str]:
    found = evaluate_policy(log, policy, config=config, draws=20).estimates[method]
    assert isinstance(found, Refused), found
    return found.reason, found.message


def simulated(rounds: int, seed: int, propensity: np.ndarray | None = None) -> tuple[OfferLog, np.ndarray]:
    """Sends with a known probability of completion for each context and offer; the log, and the true rewards of all offers."""
    random = np.random.default_rng(seed)
    context = random.integers(0, 2, rounds)
    true = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.4]])[context]
    chances = np.full((rounds, 3), 1 / 3) if propensity is None else propensity[context]
    shown = (random.random(rounds)[:, None] > np.cumsum(chances, axis=1)).sum(axis=1)
    reward = (random.random(rounds) < true[np.arange(rounds), shown]).astype(float)
    return OfferLog(np.arange(rounds), shown, reward, chances[np.arange(rounds), shown]), true


def test_by_hand() -> None:
    log = OfferLog(np.arange(4), np.array([0, 1, 0, 1]), np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.5, 0.5, 0.25, 0.75]))
    policy = np.array([[1.0, 0.0], [0.5, 0.5], [0.2, 0.8], [0.0, 1.0]])
    predicted = np.array([[0.8, 0.1], [0.2, 0.4], [0.5, 0.5], [0.3, 0.6]])
    weight = np.array([2.0, 1.0, 0.8, 4 / 3])
    value = evaluate_policy(log, policy, predicted, LENIENT, DRAWS)
    assert isinstance(value.estimates["replay"], Refused)
    ips, snips, robust = (estimate(value, name) for name in ("ips", "snips", "doubly_robust"))
    assert ips.value.mean == pytest.approx((2.0 + 4 / 3) / 4)
    assert snips.value.mean == pytest.approx((2.0 + 4 / 3) / weight.sum())
    expected = [0.8 + 2 * 0.2, 0.3 + 1 * -0.4, 0.5 + 0.8 * -0.5, 0.6 + 4 / 3 * 0.4]
    assert robust.value.mean == pytest.approx(np.mean(expected))
    assert snips.effective == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert snips.agreeing == 4


rounds = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 2), st.sampled_from([0.0, 1.0, 2.5])), min_size=4, max_size=40
)


@settings(deadline=None)
@given(rounds)
def test_with_uniform_propensities_snips_is_replay(rows: list[tuple[int, int, int, float]]) -> None:
    user, shown, chosen, reward = (np.array(column) for column in zip(*rows, strict=True))
    assume((shown == chosen).any())
    log = assigned_at_random(user, shown, reward, np.ones((len(user), 3), dtype=bool))
    value = evaluate_policy(log, choose(chosen, 3), config=LENIENT, draws=50)
    if isinstance(value.estimates["snips"], Refused):
        assert value.estimates["replay"] == value.estimates["snips"]
        assert value.estimates["snips"].reason == "misfit"
        return
    replay, snips = estimate(value, "replay"), estimate(value, "snips")
    assert replay.value.mean == pytest.approx(reward[shown == chosen].mean())
    assert snips.value.mean == pytest.approx(replay.value.mean)
    assert snips.value.low == pytest.approx(replay.value.low, nan_ok=True)
    assert (snips.agreeing, snips.effective) == (int((shown == chosen).sum()), pytest.approx((shown == chosen).sum()))


def test_the_senders_own_policy_is_worth_what_the_log_brought() -> None:
    chances = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    log, true = simulated(3_000, 1, chances)
    context = (true[:, 0] > 0.5).astype(int)
    value = evaluate_policy(log, chances[context], draws=DRAWS)
    assert value.logged is not None
    for name in ("ips", "snips"):
        one = estimate(value, name)
        assert one.value == value.logged
        assert one.effective == pytest.approx(3_000)


@pytest.mark.parametrize("chances", [None, np.array([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]])])
def test_estimates_find_the_true_value(chances: np.ndarray | None) -> None:
    log, true = simulated(40_000, 2, chances)
    policy = choose(true.argmax(axis=1), 3)
    value = evaluate_policy(log, policy, true, draws=DRAWS)
    worth = 0.55
    for name, one in value.estimates.items():
        if chances is not None and name == "replay":
            assert isinstance(one, Refused)
            assert one.reason == "not_uniform"
            continue
        assert isinstance(one, Estimate)
        assert one.value.low - 0.005 < worth < one.value.high + 0.005
        assert one.value.high - one.value.low < 0.04
    assert value.logged is not None
    assert value.logged.high < 0.45


def test_intervals_hold_the_true_value_as_often_as_they_say() -> None:
    inside = dict.fromkeys(("ips", "snips", "doubly_robust"), 0)
    for seed in range(150):
        log, true = simulated(600, seed, np.array([[0.2, 0.3, 0.5], [0.3, 0.4, 0.3]]))
        worth = float(np.mean(true.max(axis=1)))
        for name, one in evaluate_policy(log, choose(true.argmax(axis=1), 3), np.full((600, 3), 0.35), draws=200).estimates.items():
            if isinstance(one, Estimate):
                inside[name] += one.value.low <= worth <= one.value.high
    assert all(0.88 <= held / 150 <= 0.99 for held in inside.values()), inside


def test_a_good_model_makes_the_doubly_robust_interval_narrower_and_a_bad_one_moves_nothing() -> None:
    log, true = simulated(6_000, 4, np.array([[0.1, 0.3, 0.6], [0.2, 0.6, 0.2]]))
    policy = choose(true.argmax(axis=1), 3)
    good = evaluate_policy(log, policy, true, draws=DRAWS)
    ips, best = estimate(good, "ips"), estimate(good, "doubly_robust")
    worst = estimate(evaluate_policy(log, policy, np.full((6_000, 3), 0.9), draws=DRAWS), "doubly_robust")
    assert best.value.high - best.value.low < 0.8 * (ips.value.high - ips.value.low)
    assert worst.value.low < 0.55 < worst.value.high


def test_users_and_not_sends_are_drawn() -> None:
    log, true = simulated(500, 5)
    policy = choose(true.argmax(axis=1), 3)
    copied = OfferLog(np.tile(log.user, 4), np.tile(log.shown, 4), np.tile(log.reward, 4), np.tile(log.propensity, 4))
    once = evaluate_policy(log, policy, draws=DRAWS)
    often = evaluate_policy(copied, np.tile(policy, (4, 1)), draws=DRAWS)
    assert (once.users, often.users, often.rounds) == (500, 500, 2_000)
    first, second = estimate(once, "snips"), estimate(often, "snips")
    assert second.value.low == pytest.approx(first.value.low)
    assert second.value.high == pytest.approx(first.value.high)


def test_two_policies_are_compared_over_the_same_draws() -> None:
    log, true = simulated(3_000, 6)
    good, same, bad = choose(true.argmax(axis=1), 3), always(2, 3_000, 3), choose(true.argmin(axis=1), 3)
    found = compare_policies(log, good, bad, true, draws=DRAWS)
    assert list(found) == ["replay", "ips", "snips", "doubly_robust"]
    for one in found.values():
        assert isinstance(one, PolicyDifference)
        assert one.difference.low > 0.3
        assert one.difference.mean == pytest.approx(one.ours - one.theirs)
        assert one.p_value == pytest.approx(2 / (DRAWS + 1))
        assert 900 < one.effective < 1_100
    for one in compare_policies(log, same, same, draws=DRAWS).values():
        assert isinstance(one, PolicyDifference)
        assert (one.difference.low, one.difference.high, one.p_value) == (0.0, 0.0, 1.0)


def test_a_comparison_is_refused_where_either_policy_is() -> None:
    log, true = simulated(900, 7)
    found = compare_policies(log, choose(true.argmax(axis=1), 3), evenly(np.ones((900, 3), dtype=bool)), draws=DRAWS)
    assert isinstance(found["replay"], Refused)
    assert found["replay"].reason == "not_one_offer"
    assert isinstance(found["snips"], PolicyDifference)
    strict = compare_policies(log, choose(true.argmax(axis=1), 3), always(0, 900, 3), config=OffPolicyConfig(min_effective=800))
    assert {one.reason for one in strict.values() if isinstance(one, Refused)} == {"too_few"}
    assert len(strict) == 3


def test_without_propensities_it_is_refused() -> None:
    log = OfferLog(np.arange(500), np.zeros(500, dtype=int), np.ones(500), None)
    kind, message = reason(log, always(0, 500, 2))
    assert kind == "no_propensities"
    assert "at random" in message


@pytest.mark.parametrize("wrong", [0.0, -0.1, 1.01, float("nan"), float("inf")])
def test_propensities_out_of_range_are_refused(wrong: float) -> None:
    propensity = np.full(500, 0.5)
    propensity[[7, 9]] = wrong
    kind, message = reason(OfferLog(np.arange(500), np.arange(500) % 2, np.ones(500), propensity), always(0, 500, 2))
    assert kind == "bad_propensities"
    assert "2 of 500" in message
    assert "row 7" in message


def test_an_offer_shown_against_the_stated_assignment_is_refused() -> None:
    allowed = np.ones((500, 3), dtype=bool)
    allowed[:, 2] = False
    kind, message = reason(assigned_at_random(np.arange(500), np.arange(500) % 3, np.ones(500), allowed), always(0, 500, 3))
    assert kind == "bad_propensities"
    assert "166 of 500" in message


def test_missing_support_is_refused() -> None:
    log = OfferLog(np.arange(400), np.arange(400) % 2, np.ones(400), np.full(400, 0.5))
    kind, message = reason(log, choose(np.where(np.arange(400) < 40, 2, 0), 3))
    assert kind == "no_support"
    assert "10.0%" in message
    allowed = np.ones((400, 2), dtype=bool)
    allowed[:200, 1] = False
    shown = np.where(np.arange(400) < 200, 0, np.arange(400) % 2)
    kind, message = reason(assigned_at_random(np.arange(400), shown, np.ones(400), allowed), always(1, 400, 2))
    assert kind == "no_support"
    assert "50.0%" in message
    # A little of it may be allowed, by config.
    fine = choose(np.where(np.arange(400) < 2, 2, 0), 3)
    assert reason(log, fine)[0] == "no_support"
    assert isinstance(evaluate_policy(log, fine, config=OffPolicyConfig(max_unsupported=0.01), draws=20).estimates["snips"], Estimate)


def test_too_small_an_effective_sample_is_refused() -> None:
    log, true = simulated(270, 8)
    policy = choose(true.argmax(axis=1), 3)
    kind, message = reason(log, policy)
    assert kind == "too_few"
    assert "270 sends count like" in message
    assert "100" in message
    assert isinstance(evaluate_policy(log, policy, config=OffPolicyConfig(min_effective=50), draws=20).estimates["snips"], Estimate)


def test_propensities_that_the_log_contradicts_are_refused() -> None:
    log, true = simulated(4_000, 9, np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]))
    stated = assigned_at_random(log.user, log.shown, log.reward, np.ones((4_000, 3), dtype=bool))
    kind, message = reason(stated, choose(np.where(true[:, 0] > 0.5, 0, 2), 3))
    assert kind == "misfit"
    assert "contradicts" in message


def test_no_sends() -> None:
    log = OfferLog(np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0), np.empty(0))
    value = evaluate_policy(log, np.empty((0, 3)))
    assert (value.rounds, value.users, value.logged) == (0, 0, None)
    assert {one.reason for one in value.estimates.values() if isinstance(one, Refused)} == {"no_sends"}


def test_effective_size_of_huge_weights() -> None:
    assert effective_size(np.array([1e200, 1e200, 0.0])) == pytest.approx(2.0)
    assert effective_size(np.array([1e6, 1.0, 1.0])) == pytest.approx(1.0, abs=1e-4)
    assert effective_size(np.zeros(3)) == effective_size(np.empty(0)) == 0.0


def test_arrays_that_do_not_fit_are_wrong_use() -> None:
    log, _ = simulated(20, 10)
    with pytest.raises(UsageError, match="shape"):
        evaluate_policy(log, always(0, 19, 3))
    with pytest.raises(UsageError, match="shape"):
        evaluate_policy(log, always(0, 20, 2))
    with pytest.raises(UsageError, match="add up to 1"):
        evaluate_policy(log, np.full((20, 3), 0.3))
    with pytest.raises(UsageError, match="Predicted"):
        evaluate_policy(log, always(0, 20, 3), np.zeros((20, 2)))
    with pytest.raises(UsageError, match="lengths"):
        OfferLog(np.arange(2), np.zeros(3, dtype=int), np.zeros(3), None)
    with pytest.raises(UsageError, match="1 of 2 rewards"):
        OfferLog(np.arange(2), np.zeros(2, dtype=int), np.array([1.0, np.nan]), None)
    with pytest.raises(UsageError, match="negative"):
        OfferLog(np.arange(1), np.array([-1]), np.zeros(1), None)
    with pytest.raises(UsageError, match="code 4"):
        assigned_at_random(np.arange(1), np.array([4]), np.zeros(1), np.ones((1, 3), dtype=bool))
