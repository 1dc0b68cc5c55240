"""Offers that were drawn at random (Starbucks rewards): whether completions are foreseen, and whether choosing by them brings more.

The sends of one hour are judged, learned as of that hour: 504 on validation, 576, the last one, as the test. No send and no completion of that hour or
after it is seen, and no total of the whole period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

import memlearn
from memlearn.evaluation.completion import calibration_curve, calibration_error
from memlearn.evaluation.off_policy import compare_policies, evaluate_policy
from memlearn.evaluation.off_policy_checks import Refused
from memlearn.evaluation.offer_log import assigned_at_random, choose, evenly
from memlearn.evaluation.offer_order import order_intervals
from memlearn.serving import open_memory
from memlearn.store import StoreLayout
from quality.looks import note
from quality.section import OURS, Asked, Demand, Found, Section, plain, said

VALIDATION, TEST = 504, 576
FIRST = datetime(2018, 7, 1, tzinfo=UTC)
LEAST_AUC = 0.85
_WAYS = ("replay", "snips")
_DRAWS = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The sends of the judged hour that can be completed.

    Args:
        users: ids, one for each send.
        offers: ids of the offers that can be completed, sorted.
        shown: number of the offer of each send.
        completed: which were completed.
        rates: share of each offer's earlier sends that was completed before the hour.
    """

    users: list[str]
    offers: list[str]
    shown: NDArray[np.int64]
    completed: NDArray[np.bool_]
    rates: NDArray[np.float64]


def read_sends(folder: Path, hour: int) -> Judged:
    """Read the sends of an hour, and how offers were completed before it."""
    portfolio = pl.read_parquet(folder / "portfolio.parquet")
    offers = portfolio.filter(pl.col("offer_type") != "informational")["offer_id"].sort()
    every = pl.read_parquet(folder / "offer_exposures.parquet").filter(pl.col("offer_id").is_in(offers.implode()))
    every = every.with_columns(pl.col("offer_id").cast(pl.Enum(offers)).to_physical().cast(pl.Int64).alias("offer"))
    now = every.filter(pl.col("received_hour") == hour)
    before = every.filter(pl.col("received_hour") < hour)
    known = (before["completed_hour"] <= hour).fill_null(value=False).to_numpy()
    offer = before["offer"].to_numpy()
    rates = np.bincount(offer, weights=known, minlength=len(offers)) / np.maximum(np.bincount(offer, minlength=len(offers)), 1)
    return Judged(now["person_id"].to_list(), offers.to_list(), now["offer"].to_numpy(), now["completed"].to_numpy(), rates)


def chances(store: Path, judged: Judged, at: datetime) -> NDArray[np.float64]:
    """Memory's score of each offer for the user of each send; shape (sends, offers)."""
    code = {offer: number for number, offer in enumerate(judged.offers)}
    found = np.zeros((len(judged.users), len(code)))
    at_us = int(at.timestamp()) * 1_000_000
    with open_memory(StoreLayout(store), warm=True) as memory:
        for row, user in enumerate(judged.users):
            for item in memory.recommend(user, 2 * len(code), at_us).items:
                if item.item_id in code:
                    found[row, code[item.item_id]] = item.score
    return found


def run(asked: Asked) -> Found:
    """Learn as of the judged hour, and judge its sends."""
    hour = TEST if asked.final else VALIDATION
    at, store = FIRST + timedelta(hours=hour), asked.store(f"starbucks-{hour}")
    memlearn.learn(memlearn.load_config(Path(__file__).with_name("starbucks.yaml"), {**asked.variables, "STORE": str(store)}), as_of=at)
    judged = read_sends(asked.data / "starbucks_offers", hour)
    score = chances(store, judged, at)
    rows = np.arange(len(judged.shown))
    user = np.unique(judged.users, return_inverse=True)[1].astype(np.int64)
    allowed = np.ones_like(score, dtype=np.bool_)
    reward = judged.completed.astype(np.float64)
    log = assigned_at_random(user, judged.shown, reward, allowed)
    hindsight = np.bincount(judged.shown, weights=reward) / np.bincount(judged.shown)
    policies = {
        OURS: choose(score.argmax(axis=1), len(judged.offers)),
        "best_before": choose(np.full(len(rows), judged.rates.argmax()), len(judged.offers)),
        "best_in_hindsight": choose(np.full(len(rows), hindsight.argmax()), len(judged.offers)),
        "even_draw": evenly(allowed),
    }
    figures: dict[str, dict[str, Mapping[str, float | None]]] = {name: {} for name in policies}
    lines = [f"{len(rows):,} sends of {len(judged.offers)} offers at hour {hour}; {100 * reward.mean():.1f} % completed"]
    model = np.broadcast_to(judged.rates, score.shape)
    for name, policy in policies.items():
        estimates = evaluate_policy(log, policy, model, draws=_DRAWS).estimates
        for way, own in estimates.items():
            if not isinstance(own, Refused):
                figures[name][way] = plain(own.value)
        told = ", ".join(f"{way} {said(figures[name][way])}" for way in ("replay", "snips", "doubly_robust") if way in figures[name])
        lines.append(f"  {name:18} {told}")
    for name, order in {OURS: score[rows, judged.shown], "offer_share": judged.rates[judged.shown]}.items():
        ends = order_intervals(user, judged.completed, order, _DRAWS)
        error = calibration_error(calibration_curve(judged.completed, order))
        figures.setdefault(name, {}).update({metric: plain(one) for metric, one in ends.items()})
        figures[name]["calibration_error"] = {"mean": error, "low": None, "high": None}
        lines.append(
            f"  {name:18} AUC {said(plain(ends['auc']))}, average precision {said(plain(ends['average_precision']))}, off by {error:.3f}"
        )
    area = figures[OURS]["auc"]
    demands = [Demand(f"completion AUC above {LEAST_AUC}", said(area), (area["mean"] or 0.0) > LEAST_AUC)]
    against = compare_policies(log, policies[OURS], policies["best_before"], model, draws=_DRAWS)
    for way in _WAYS:
        found = against[way]
        what = f"choosing by memory brings more than the single offer that was best before, by {way}, the interval above zero"
        if isinstance(found, Refused):
            demands.append(Demand(what, found.message, None))
            continue
        figures[OURS][f"{way}_over_best_before"] = plain(found.difference)
        demands.append(Demand(what, said(plain(found.difference)), found.difference.low > 0))
    if asked.final:
        note(asked.log, "starbucks", figures)
    return Found(figures, tuple(lines), tuple(demands))


SECTIONS = (Section("starbucks", "Offers that were drawn at random: Starbucks rewards", run),)
