"""Coupons and campaigns (Complete Journey): are the coupons that a household redeems put first, and is it foreseen who redeems any.

Every campaign is judged as of its first day: nothing of that day or after it is seen. Validation are the latest campaigns that begin before day 587,
what was redeemed before that day counting; the test are all later ones. Coupons to rank are all of a campaign that the household received.
Product affinity is the number of purchases of what a coupon applies to, once with the mean over all orders of coupons that tie, once with ties decided by how
many households buy what it applies to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

import memlearn
from memlearn.evaluation.offer_order import order_intervals, within_user
from memlearn.evaluation.paired import compare, mean_intervals
from memlearn.serving import open_memory
from memlearn.store import StoreLayout
from quality.looks import note
from quality.section import OURS, Asked, Demand, Found, Section, plain, said

FIRST_TEST_DAY = 587
LEAST_AUC = 0.8
# Among these product affinity is the strongest that is known without training.
AFFINITY, POPULAR = "product_affinity", "product_affinity_popular"
_ZONE = ZoneInfo("America/New_York")
_METRICS = {"ndcg@10": "within-household NDCG@10", "ap": "within-household average precision"}
_DRAWS = 10_000
_SCORE = "score"

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """The tables that are judged by.

    Args:
        campaigns: campaign_id, campaign_type, start_day, start_date; those that are judged.
        received: campaign_id, household_id.
        coupons: campaign_id, coupon_upc, product_id.
        redeemed: campaign_id, household_id, coupon_upc; as far as it may be seen.
        earlier: household_id, day of each redemption.
        bought: household_id, day, product_id.
    """

    campaigns: pl.DataFrame
    received: pl.DataFrame
    coupons: pl.DataFrame
    redeemed: pl.DataFrame
    earlier: pl.DataFrame
    bought: pl.DataFrame


def read(folder: Path, *, final: bool, days: int) -> Data:
    """Read what is judged.

    Args:
        folder: of the data set.
        final: the test period.
        days: on validation, the campaigns that began on so many latest days.
    """
    campaigns = pl.read_parquet(folder / "two_year" / "campaign_descriptions.parquet").sort("start_day", "campaign_id")
    later = pl.col("start_day") >= FIRST_TEST_DAY
    chosen = campaigns.filter(later if final else ~later)
    if not final:
        chosen = chosen.filter(pl.col("start_day").is_in(chosen["start_day"].unique().sort().tail(days).implode()))
    redeemed = pl.read_parquet(folder / "two_year" / "coupon_redemptions.parquet")
    seen = redeemed if final else redeemed.filter(pl.col("day") < FIRST_TEST_DAY)
    baskets = pl.read_parquet(folder / "undiscounted_baskets.parquet", columns=["household_id", "date", "product_id"])
    sample = pl.read_parquet(folder / "transactions_sample.parquet", columns=["household_id", "transaction_timestamp", "product_id"])
    lines = sample.select("household_id", pl.col("transaction_timestamp").cast(pl.Date).alias("date"), "product_id")
    return Data(
        chosen,
        pl.read_parquet(folder / "two_year" / "campaigns.parquet"),
        pl.read_parquet(folder / "two_year" / "coupons.parquet").unique(),
        seen.select("campaign_id", "household_id", "coupon_upc").unique(),
        seen.select("household_id", pl.col("redemption_date").alias("date")),
        pl.concat([baskets, lines]).unique(),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What was found of some campaigns.

    Args:
        pairs: household_id, campaign_id, coupon_upc, redeemed, the score by each method (ours: the place, from behind), and as `score` that of ours.
        campaigns: household_id, campaign_id, redeemed, and the score by each method.
    """

    pairs: pl.DataFrame
    campaigns: pl.DataFrame


def judge(data: Data, campaign: Mapping[str, object], store: Path) -> Judged:
    """Rank one campaign's coupons for those who received it, from what was known before its first day.

    Args:
        data: the tables.
        campaign: the row of the campaign.
        store: learned as of that day.
    """
    number, begins = campaign["campaign_id"], campaign["start_date"]
    its = data.coupons.filter(pl.col("campaign_id") == number).select("coupon_upc", "product_id")
    households = data.received.filter(pl.col("campaign_id") == number).select("household_id").unique().sort("household_id")
    coupons = its["coupon_upc"].unique().sort()
    name = f"campaign {number}"
    unwanted = {f"coupon {upc}" for upc in data.coupons["coupon_upc"].unique().to_list()} - {f"coupon {upc}" for upc in coupons.to_list()}
    unwanted |= {f"campaign {other}" for other in data.coupons["campaign_id"].unique().to_list() if other != number}
    place = {f"coupon {upc}": at for at, upc in enumerate(coupons.to_list())}
    order, scores = np.zeros((2, len(households), len(place)))
    chance = np.zeros(len(households))
    with open_memory(StoreLayout(store), warm=True) as memory:
        for row, household in enumerate(households["household_id"].to_list()):
            for rank, item in enumerate(memory.recommend(str(household), len(place) + 1, excluded=unwanted).items):
                if item.item_id == name:
                    chance[row] = item.score
                elif item.item_id in place:
                    order[row, place[item.item_id]] = len(place) + 1 - rank
                    scores[row, place[item.item_id]] = item.score
    before = data.bought.filter(pl.col("date") < begins)
    buyers = before.group_by("product_id").agg(pl.col("household_id").n_unique().alias("buyers"))
    popular = its.join(buyers, on="product_id", how="left").group_by("coupon_upc").agg(pl.col("buyers").sum())
    times = (
        its.join(before.join(households, on="household_id", how="semi"), on="product_id")
        .group_by("household_id", "coupon_upc")
        .len("times")
    )
    scored = households.join(pl.DataFrame({"coupon_upc": coupons}), how="cross", maintain_order="left_right")
    scored = scored.with_columns(pl.Series(OURS, order.ravel()), pl.Series(_SCORE, scores.ravel()), campaign_id=pl.lit(number))
    scored = scored.join(times, on=["household_id", "coupon_upc"], how="left").join(popular, on="coupon_upc", how="left")
    counted = pl.col("times").fill_null(0).cast(pl.Float64)
    tie = pl.col("buyers").fill_null(0) / (1 + pl.col("buyers").max().fill_null(0))
    taken = data.redeemed.filter(pl.col("campaign_id") == number).select("household_id", "coupon_upc", redeemed=True)
    pairs = scored.join(taken, on=["household_id", "coupon_upc"], how="left").select(
        "household_id",
        "campaign_id",
        "coupon_upc",
        pl.col("redeemed").fill_null(value=False),
        OURS,
        _SCORE,
        counted.alias(AFFINITY),
        (counted + tie).alias(POPULAR),
    )
    so_far = data.earlier.filter(pl.col("date") < begins).group_by("household_id").len("earlier")
    answered = taken.select("household_id", redeemed=True).unique()
    found = households.with_columns(pl.Series(OURS, chance), campaign_id=pl.lit(number)).join(so_far, on="household_id", how="left")
    kind = 0.5 if campaign["campaign_type"] == "A" else 0.0
    campaigns = found.join(answered, on="household_id", how="left").select(
        "household_id",
        "campaign_id",
        pl.col("redeemed").fill_null(value=False),
        OURS,
        (pl.col("earlier").fill_null(0) + kind).cast(pl.Float64).alias("earlier_and_type"),
    )
    return Judged(pairs, campaigns)


def of_households(pairs: pl.DataFrame, method: str) -> pl.DataFrame:
    """NDCG@10 and average precision within each household and campaign, their mean over a household's campaigns; household_id, then metrics."""
    units = pairs.select("household_id", "campaign_id").unique(maintain_order=True).with_row_index("unit")
    unit = pairs.join(units, on=["household_id", "campaign_id"], how="left", maintain_order="left")["unit"].to_numpy().astype(np.int64)
    own = within_user(unit, pairs["redeemed"].to_numpy(), pairs[method].to_numpy(), [10])
    found = units["household_id"].gather(own.user)
    rows = pl.DataFrame({"household_id": found, **{metric: own.values[metric] for metric in _METRICS}})
    return rows.group_by("household_id").agg(pl.all().mean()).sort("household_id")


def run(asked: Asked) -> Found:
    """Learn as of the first day of each campaign, and judge what was redeemed of it."""
    data = read(asked.data / "completejourney", final=asked.final, days=asked.cuts)
    found: list[Judged] = []
    config = Path(__file__).with_name("coupons.yaml")
    for (begins,), campaigns in data.campaigns.group_by("start_date", maintain_order=True):
        store = asked.store(f"coupons-{begins}")
        at = datetime.combine(begins, datetime.min.time(), _ZONE)
        memlearn.learn(memlearn.load_config(config, {**asked.variables, "STORE": str(store)}), as_of=at)
        found += [judge(data, campaign, store) for campaign in campaigns.iter_rows(named=True)]
    pairs, campaigns = (pl.concat([getattr(own, name) for own in found]) for name in ("pairs", "campaigns"))
    methods = (OURS, AFFINITY, POPULAR)
    scores = {method: of_households(pairs, method) for method in methods}
    figures: dict[str, dict[str, Mapping[str, float | None]]] = {method: {} for method in (*methods, "earlier_and_type")}
    households = len(scores[OURS])
    numbers = ", ".join(str(number) for number in data.campaigns["campaign_id"].to_list())
    lines = [
        f"campaigns {numbers}: {len(campaigns):,} received, {int(campaigns['redeemed'].sum()):,} answered; "
        f"{int(pairs['redeemed'].sum()):,} coupons redeemed by {households:,} households"
    ]
    demands: list[Demand] = []
    for metric, title in _METRICS.items():
        values = {method: scores[method][metric].to_numpy() for method in methods}
        for method, interval in mean_intervals(values, _DRAWS).items():
            figures[method][metric] = plain(interval)
        against = compare(values[OURS], {method: values[method] for method in (AFFINITY, POPULAR)}, _DRAWS)
        for method, comparison in against.items():
            figures[OURS][f"{metric}_over_{method}"] = plain(comparison.difference)
            words = f"{said(plain(comparison.difference))} more than {figures[method][metric]['mean']:.4f}"
            demands.append(Demand(f"{title} not below {method.replace('_', ' ')}", words, comparison.difference.mean >= 0))
    user = pairs["household_id"].to_numpy().astype(np.int64)
    for method in methods:
        ends = order_intervals(user, pairs["redeemed"].to_numpy(), pairs[_SCORE if method == OURS else method].to_numpy(), 200)
        figures[method]["auc"] = plain(ends["auc"])
        told = ", ".join(f"{metric} {said(figures[method][metric])}" for metric in (*_METRICS, "auc"))
        lines.append(f"  {method:26} {told}")
    receiver = campaigns["household_id"].to_numpy().astype(np.int64)
    for method in (OURS, "earlier_and_type"):
        ends = order_intervals(receiver, campaigns["redeemed"].to_numpy(), campaigns[method].to_numpy(), _DRAWS)
        figures[method]["campaign_auc"] = plain(ends["auc"])
        lines.append(f"  {method:26} AUC of household and campaign {said(plain(ends['auc']))}")
    area = figures[OURS]["campaign_auc"]
    demands.append(Demand(f"household and campaign AUC above {LEAST_AUC}", said(area), (area["mean"] or 0.0) > LEAST_AUC))
    if asked.final:
        note(asked.log, "coupons", figures)
    return Found(figures, tuple(lines), tuple(demands))


SECTIONS = (Section("coupons", "Coupons and campaigns: Complete Journey", run),)
