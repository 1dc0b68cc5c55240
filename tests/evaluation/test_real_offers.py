"""What is known of public logs of offers comes out; run where the data lies beside the project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from memlearn.evaluation.completion import judge_completion
from memlearn.evaluation.off_policy import Estimate, PolicyDifference, compare_policies, evaluate_policy
from memlearn.evaluation.off_policy_checks import Refused
from memlearn.evaluation.offer_log import OfferLog, always, assigned_at_random, evenly
from memlearn.evaluation.offer_order import auc

DATA = Path(__file__).parents[3] / "shared" / "data"
LAST_SEND = 576
DRAWS = 2_000

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the project")]


@dataclass(frozen=True)
class Sends:
    """The last send of the offers that can be completed, and what was known before it."""

    log: OfferLog
    offer_rate: np.ndarray
    late_offer_rate: np.ndarray
    user_rate: np.ndarray


@pytest.fixture(scope="module")
def sends() -> Sends:
    folder = DATA / "starbucks_offers"
    completable = pl.read_parquet(folder / "portfolio.parquet").filter(pl.col("offer_type") != "informational").select("offer_id")
    every = pl.read_parquet(folder / "offer_exposures.parquet").join(completable, on="offer_id", maintain_order="left")
    every = every.with_columns(
        offer=pl.col("offer_id").rank("dense").cast(pl.Int32) - 1,
        user=pl.col("person_id").rank("dense").cast(pl.Int32) - 1,
        # What was completed after the decision is not known at it.
        known=(pl.col("completed_hour") <= LAST_SEND).fill_null(value=False),
    )
    before, last = every.filter(pl.col("received_hour") < LAST_SEND), every.filter(pl.col("received_hour") == LAST_SEND)
    rates = before.group_by("offer").agg(pl.col("known", "completed").mean()).sort("offer")
    rate = rates["known"].to_numpy()
    done = np.bincount(before["user"], weights=before["known"], minlength=17_000)
    log = assigned_at_random(
        last["user"].to_numpy(),
        last["offer"].to_numpy(),
        last["completed"].cast(pl.Float64).to_numpy(),
        np.ones((len(last), 8), dtype=bool),
    )
    sent = np.bincount(before["user"], minlength=17_000)
    return Sends(log, rate, rates["completed"].to_numpy(), ((done + 2 * rate.mean()) / (sent + 2))[last["user"].to_numpy()])


def test_one_offer_for_all_at_the_last_send(sends: Sends) -> None:
    log = sends.log
    hindsight = np.bincount(log.shown, weights=log.reward) / np.bincount(log.shown)
    values = {
        name: evaluate_policy(log, policy, np.broadcast_to(sends.offer_rate, (log.rounds, 8)), draws=DRAWS)
        for name, policy in {
            "random": evenly(np.ones((log.rounds, 8), dtype=bool)),
            "before": always(int(sends.offer_rate.argmax()), log.rounds, 8),
            "hindsight": always(int(hindsight.argmax()), log.rounds, 8),
        }.items()
    }
    snips = {name: value.estimates["snips"] for name, value in values.items()}
    assert log.rounds == 10_175
    for name, expected in {"random": 0.527, "before": 0.621, "hindsight": 0.657}.items():
        one = snips[name]
        assert isinstance(one, Estimate)
        assert one.value.mean == pytest.approx(expected, abs=0.0005)
        assert one.value.low < expected < one.value.high
        if name != "random":
            assert values[name].estimates["replay"] == one
            robust = values[name].estimates["doubly_robust"]
            assert isinstance(robust, Estimate)
            assert robust.value.mean == pytest.approx(expected, abs=0.005)


def test_that_the_best_in_hindsight_is_better_cannot_be_told(sends: Sends) -> None:
    """Less than four points between two single offers are within the error of one send: a policy must gain more to show it."""
    log = sends.log
    best = int((np.bincount(log.shown, weights=log.reward) / np.bincount(log.shown)).argmax())
    found = compare_policies(log, always(best, log.rounds, 8), always(int(sends.offer_rate.argmax()), log.rounds, 8), draws=DRAWS)["snips"]
    assert isinstance(found, PolicyDifference)
    assert found.difference.low < 0 < found.difference.mean


def test_what_the_user_completed_before_says_most_of_what_comes(sends: Sends) -> None:
    log = sends.log
    done = log.reward > 0
    offer_only = judge_completion(log.user, done, sends.offer_rate[log.shown], draws=200)
    with_user = np.clip(sends.offer_rate[log.shown] + sends.user_rate - sends.user_rate.mean(), 0, 1)
    both = judge_completion(log.user, done, with_user, draws=200)
    assert offer_only.auc is not None
    assert both.auc is not None
    # The published .597 is of rates that include what was completed after the last send.
    assert auc(done, sends.late_offer_rate[log.shown]) == pytest.approx(0.597, abs=0.0005)
    assert offer_only.auc.mean == pytest.approx(0.608, abs=0.0005)
    assert both.auc.low > 0.7
    assert both.average_precision is not None
    assert offer_only.average_precision is not None
    assert both.average_precision.low > offer_only.average_precision.high
    assert both.brier < offer_only.brier < 0.25
    # Nobody got two offers at the last send, so there is nothing to order within a user.
    assert (both.within.rows, both.within.without) == (0, 10_175)


def bandit(campaign: str, policy: str) -> OfferLog:
    rows = pl.read_parquet(DATA / "open_bandit_small" / "impressions.parquet")
    rows = rows.filter((pl.col("campaign") == campaign) & (pl.col("policy") == policy))
    click = rows["click"].cast(pl.Float64).to_numpy()
    return OfferLog(np.arange(len(rows)), rows["item_id"].to_numpy(), click, rows["propensity_score"].to_numpy())


def test_what_a_random_choice_brings_is_told_by_the_other_policys_log() -> None:
    log, truth = bandit("men", "bts"), bandit("men", "random")
    value = evaluate_policy(log, evenly(np.ones((log.rounds, 34), dtype=bool)), draws=DRAWS)
    replay, snips = value.estimates["replay"], value.estimates["snips"]
    assert isinstance(replay, Refused)
    assert replay.reason == "not_uniform"
    assert isinstance(snips, Estimate)
    assert snips.value.low < truth.reward.mean() < snips.value.high
    assert snips.effective < 1_000


def test_weights_up_to_a_million_are_refused() -> None:
    log = bandit("women", "bts")
    found = evaluate_policy(log, evenly(np.ones((log.rounds, 46), dtype=bool)), draws=20).estimates
    assert {one.reason for one in found.values() if isinstance(one, Refused)} == {"too_few"}
    assert len(found) == 3
