"""Data whose times are only an order: each user's last visit is held out, on the production path as for the baselines."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from statistics import fmean

import polars as pl
import pytest
from market import ITEMS, ndcg

import memlearn
from memlearn.evaluation.results import Interval
from memlearn.evaluation.scratch import scratch_of
from memlearn.store import StoreLayout, open_release
from memlearn.wiring.reports_evaluate import EvaluateReport

CONFIG = """
version: 1
timezone: Europe/Berlin
sources:
  baskets: {role: events, path: baskets.csv, time_unit: days, time_origin: "2020-01-01", columns: {user: who, time: number, item: what}}
  items: {role: items, path: items.csv, columns: {item: what}}
evaluation: {draws: 200, tries: 3, baselines: [popularity, decayed_frequency]%s}
"""

Baskets = dict[str, list[set[str]]]


@pytest.fixture(scope="module")
def baskets() -> Baskets:
    random = Random(11)
    found = {}
    for number in range(40):
        liked = random.sample(ITEMS, 4)
        # More than half a year of numbers, so that moved days lie in winter and in summer time.
        size = 250 if number == 0 else random.randint(1, 12)
        found[f"u{number:02d}"] = [{random.choice(liked if random.random() < 0.7 else ITEMS) for _ in range(3)} for _ in range(size)]
    return found


def write(folder: Path, baskets: Baskets, more: str = "") -> Path:
    rows = [f"{user},{number},{item}" for user, own in baskets.items() for number, basket in enumerate(own) for item in sorted(basket)]
    (folder / "baskets.csv").write_text("\n".join(["who,number,what", *rows]) + "\n", encoding="utf-8")
    (folder / "items.csv").write_text("\n".join(["what", *ITEMS]) + "\n", encoding="utf-8")
    (folder / "order.yaml").write_text(CONFIG % more, encoding="utf-8")
    return folder / "order.yaml"


def slowly(baskets: Baskets, last: int) -> float:
    """NDCG@10 of what is popular for each user's last basket but so many, from all baskets before them."""
    past = {user: own[: max(len(own) - last, 0)] for user, own in baskets.items()}
    count = Counter(item for own in past.values() for basket in own for item in basket)
    ranked = sorted(ITEMS, key=lambda item: (-count[item], item))
    return fmean(ndcg(ranked, baskets[user][-last], 10) for user, own in past.items() if own)


def mean(found: EvaluateReport, name: str) -> float:
    figure = found.evaluation.method(name).metrics["ndcg@10"]
    assert isinstance(figure, Interval)
    return figure.mean


@pytest.mark.parametrize(("final", "last"), [(False, 2), (True, 1)])
def test_each_users_last_visit_is_held_out(baskets: Baskets, tmp_path: Path, final: bool, last: int) -> None:  # noqa: FBT001
    config = write(tmp_path, baskets)
    found = memlearn.evaluate(config, final=final)
    assert [cut.name for cut in found.evaluation.subject.cuts] == [f"before each user's last visit{' but one' if last == 2 else ''}"]
    asked = [user for user, own in baskets.items() if len(own) > last]
    assert found.evaluation.users.judged == len(asked)
    assert mean(found, "popularity") == pytest.approx(slowly(baskets, last), abs=1e-12)
    assert mean(found, "decayed_frequency") > mean(found, "popularity")
    # What memory was learned from is what the baselines saw, for every user.
    layout = scratch_of(StoreLayout(tmp_path / "store")).aligned(last)
    release_id = found.evaluation.subject.cuts[0].release
    with open_release(layout, release_id) as release:
        events = dict(release.users().select("user_id", "events").iter_rows())
        population = release.manifest.population["file"]
    assert events == {user: sum(map(len, own[: len(own) - last])) for user, own in baskets.items() if len(own) > last}
    # No visit is left out of what is learned of all users either.
    sums = pl.read_parquet(layout.root / "population" / f"{population}.parquet")
    assert sums.filter((pl.col("dim") == "item") & pl.col("month").is_null())["n"].sum() == sum(events.values())


@pytest.mark.slow
def test_new_baskets_make_the_moved_store_anew(baskets: Baskets, tmp_path: Path) -> None:
    config = write(tmp_path, baskets)
    memlearn.evaluate(config, final=True)
    longer = {user: [*own, {ITEMS[0]}] for user, own in baskets.items()}
    write(tmp_path, longer)
    found = memlearn.evaluate(config, final=True)
    assert mean(found, "popularity") == pytest.approx(slowly(longer, 1), abs=1e-12)
    again = memlearn.evaluate(config, final=True)
    assert again.evaluation.methods == found.evaluation.methods
    assert again.evaluation.subject.cuts == found.evaluation.subject.cuts


@pytest.mark.slow
def test_an_order_may_be_asked_for_and_refused(baskets: Baskets, tmp_path: Path) -> None:
    config = write(tmp_path, baskets, ", protocol: time, every: day, cuts: 1")
    assert [cut.name for cut in memlearn.evaluate(config).evaluation.subject.cuts] == ["2020-09-05"]
    write(tmp_path, {user: own for user, own in baskets.items() if user < "u05"}, ", protocol: last_visit")
    assert memlearn.evaluate(config).evaluation.subject.cuts[0].name == "before each user's last visit but one"
