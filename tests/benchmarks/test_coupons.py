"""The section of coupons and campaigns, on few households: what it gives and prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
FIRST = date(2016, 3, 22)
STARTS = (300, 340, 380, 420, 460, 500, 600)
HOUSEHOLDS, PRODUCTS, COUPONS = 120, 24, 8


def write_data(folder: Path) -> None:
    """A household buys products of one type, and redeems coupons for them; half of the households redeem often."""
    random = Random(4)
    bought, received, redeemed = [], [], []
    for household in range(HOUSEHOLDS):
        for day in range(10, 600, 9):
            bought += [(household, FIRST + timedelta(days=day), household % COUPONS + COUPONS * random.randrange(2))]
        for campaign, start in enumerate(STARTS):
            received.append((campaign, household))
            if random.random() < (0.8 if household % 2 else 0.1):
                coupon = household % COUPONS if random.random() < 0.8 else random.randrange(COUPONS)
                redeemed.append((household, start + 3, FIRST + timedelta(days=start + 3), coupon, campaign))
    (folder / "two_year").mkdir(parents=True)
    lines = pl.DataFrame(bought, schema={"household_id": pl.Int32, "date": pl.Date, "product_id": pl.Int32}, orient="row")
    lines.write_parquet(folder / "undiscounted_baskets.parquet")
    sample = lines.head(5).select("household_id", "product_id", pl.lit("2017-01-03T10:00").str.to_datetime().alias("transaction_timestamp"))
    sample.write_parquet(folder / "transactions_sample.parquet")
    named = ["department", "product_category", "product_type"]
    products = [(product, "all", f"category {product % 2}", f"type {product % COUPONS}") for product in range(PRODUCTS)]
    pl.DataFrame(products, schema=["product_id", *named], orient="row").write_parquet(folder / "products.parquet")
    people = pl.DataFrame({"household_id": range(HOUSEHOLDS)}, schema={"household_id": pl.Int32})
    attributes = ("age", "income", "home_ownership", "household_size", "kids_count")
    people.with_columns(pl.lit("one").alias(name) for name in attributes).write_parquet(folder / "demographics.parquet")
    campaigns = [
        (campaign, "AB"[campaign % 2], start, start + 30, FIRST + timedelta(days=start), FIRST + timedelta(days=start + 30))
        for campaign, start in enumerate(STARTS)
    ]
    columns = ["campaign_id", "campaign_type", "start_day", "end_day", "start_date", "end_date"]
    pl.DataFrame(campaigns, schema=columns, orient="row").write_parquet(folder / "two_year" / "campaign_descriptions.parquet")
    pl.DataFrame(received, schema=["campaign_id", "household_id"], orient="row").cast(pl.Int32).write_parquet(
        folder / "two_year" / "campaigns.parquet"
    )
    pairs = [
        (campaign, coupon, coupon + COUPONS * number) for campaign in range(len(STARTS)) for coupon in range(COUPONS) for number in (0, 2)
    ]
    pl.DataFrame(pairs, schema=["campaign_id", "coupon_upc", "product_id"], orient="row").cast(pl.Int32).write_parquet(
        folder / "two_year" / "coupons.parquet"
    )
    taken = ["household_id", "day", "redemption_date", "coupon_upc", "campaign_id"]
    pl.DataFrame(redeemed, schema=taken, orient="row").with_columns(pl.col(pl.Int64).cast(pl.Int32)).write_parquet(
        folder / "two_year" / "coupon_redemptions.parquet"
    )


@pytest.mark.slow
def test_it_ranks_coupons_and_foresees_who_redeems(tmp_path: Path) -> None:
    write_data(tmp_path / "completejourney")
    log = tmp_path / "looks.jsonl"
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "quality.py"),
        str(tmp_path),
        "--only",
        "coupons",
        "--cuts",
        "1",
        "--log",
        str(log),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # The latest campaign of validation is judged, and none of the test.
    assert "campaigns 5:" in done.stdout
    figures = json.loads(done.stdout.splitlines()[-1])["coupons"]
    ours, plain = figures["memlearn"], figures["product_affinity"]
    for metric in ("ndcg@10", "ap", "campaign_auc"):
        assert ours[metric]["low"] <= ours[metric]["mean"] <= ours[metric]["high"]
    gap = ours["ndcg@10"]["mean"] - plain["ndcg@10"]["mean"]
    assert abs(ours["ndcg@10_over_product_affinity"]["mean"] - gap) < 1e-9
    assert ours["ndcg@10"]["mean"] > 0.7
    assert ours["campaign_auc"]["mean"] > 0.75
    # Looks at validation are not logged.
    assert not log.exists()
