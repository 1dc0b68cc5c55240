"""The truth agrees with the data, recomputed here from the events without the generator's code."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

KINDS = ("likes", "habits", "seasons", "moved", "started", "stopped", "returns")
DAYPARTS = {"morning": range(6, 11), "midday": range(11, 17), "evening": range(17, 24)}

Truth = dict[str, Any]


@pytest.fixture(scope="module")
def purchases(events: pl.DataFrame) -> pl.DataFrame:
    """All purchases."""
    return events.filter(pl.col("kind") == "purchase")


def entries(truth: Truth, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """(user, fact) of all facts of one kind."""
    return [(user_id, entry) for user_id, user in truth["users"].items() for entry in user[kind]]


def expected(truth: Truth, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Those that must be found."""
    return [(user_id, entry) for user_id, entry in entries(truth, kind) if entry["expected"]]


def of_key(frame: pl.DataFrame, user_id: str, dim: str, key: str) -> pl.DataFrame:
    """A user's purchases of a key."""
    return frame.filter((pl.col("user_id") == user_id) & (pl.col({"merchant_category": "category"}.get(dim, dim)) == key))


def test_every_kind_has_enough_facts_to_judge_a_learner(truth: Truth) -> None:
    least = {"likes": 300, "habits": 150, "seasons": 20, "moved": 40, "started": 25, "stopped": 25, "returns": 20}
    assert {kind: len(expected(truth, kind)) >= number for kind, number in least.items()} == dict.fromkeys(least, True)
    users = truth["users"].values()
    assert sum(fact["expected"] for user in users for fact in user["time"]["facts"]) >= 60
    assert sum(bool(user["spending_change"] and user["spending_change"]["expected"]) for user in users) >= 25
    for kind in ("answers", "ignores"):
        assert sum(fact["expected"] for user in users for fact in user["offer_response"][kind]) >= 100
    assert sum(not user["likes"] or not any(user[kind] for kind in KINDS[1:]) for user in users) >= 20
    assert len({decoy["kind"] for user in users for decoy in user["decoys"]}) == 4


def test_size_and_skew(truth: Truth, purchases: pl.DataFrame) -> None:
    counts = purchases.group_by("user_id").len()["len"]
    assert len(counts) == len(truth["users"]) == 300
    assert 19_500 <= purchases.height <= 21_500
    assert int(counts.min()) >= 40  # type: ignore[arg-type]
    assert 55 <= float(counts.median()) <= 75  # type: ignore[arg-type]
    assert int(counts.max()) >= 2.5 * float(counts.median())  # type: ignore[arg-type, operator]
    noise = [user["noise_share"] for user in truth["users"].values() if 0 < user["noise_share"] < 1]
    assert min(noise) >= 0.3
    assert float(np.quantile(noise, 0.75)) <= 0.75


def test_books_are_the_sums_of_the_events(truth: Truth, events: pl.DataFrame) -> None:
    for user_id, frame in events.partition_by("user_id", as_dict=True).items():
        books = truth["users"][user_id[0]]["books"]
        bought = frame.filter(pl.col("kind") == "purchase")
        kinds = dict(frame["kind"].value_counts().iter_rows())
        assert (books["purchases"], books["refunds"], books["cancellations"]) == tuple(
            kinds.get(name, 0) for name in ("purchase", "refund", "cancellation")
        )
        assert books["days"] == bought["when"].dt.date().n_unique()
        assert sum(books["monthly_purchases"]) == books["purchases"]
        assert books["first"].startswith(str(bought["local_time"].min()))
        assert books["last"].startswith(str(bought["local_time"].max()))
        net = dict(frame.group_by("currency").agg(pl.col("amount_minor").sum()).iter_rows())
        assert {currency: money["net"] for currency, money in books["money"].items()} == net
        assert all(money["net"] == money["gross"] - money["given_back"] for money in books["money"].values())


def test_habits_have_their_interval_in_the_data(truth: Truth, purchases: pl.DataFrame) -> None:
    wrong = []
    for user_id, habit in entries(truth, "habits"):
        if habit["dim"] != "merchant":
            continue
        mine = of_key(purchases, user_id, "merchant", habit["key"]).filter(pl.col("part") == "habit")["when"].sort()
        gaps = np.diff(mine.dt.epoch("s").to_numpy()) / 86400
        assert len(mine) >= 6, (user_id, habit)
        assert date.fromisoformat(habit["from"]) <= mine[0].date() <= mine[-1].date() <= date.fromisoformat(habit["to"])
        if (
            abs(float(np.median(gaps)) - habit["interval_days"]) > max(1.0, 0.15 * habit["interval_days"])
            or abs(len(mine) - habit["count"]) > 4 + 0.2 * habit["count"]
        ):
            wrong.append((user_id, habit["key"], float(np.median(gaps)), habit["interval_days"], len(mine), habit["count"]))
    assert wrong == []


def test_shares_are_those_of_the_data(truth: Truth, purchases: pl.DataFrame) -> None:
    for dim, column, name in (("merchant", "merchant", "merchant_share"), ("merchant_category", "category", "category_share")):
        counts = purchases.group_by("user_id", column).len()
        totals = dict(purchases.group_by("user_id").len().iter_rows())
        drawn = {(user, key): count for user, key, count in counts.iter_rows()}
        scores = []
        for user_id, user in truth["users"].items():
            shares = user[name]
            # One merchant has no category; one user goes there often.
            assert user["traits"] == ["injected"] or sum(shares.values()) == pytest.approx(1, abs=0.01)
            for key, share in shares.items():
                mean = share * totals[user_id]
                scores.append((drawn.get((user_id, key), 0) - mean) / max(mean, 1) ** 0.5)
        assert abs(float(np.mean(scores))) < 0.02, dim
        # Habits vary less than Poisson counts, so that no share is further off than chance allows.
        assert float(np.std(scores)) < 1.0, dim
        assert float(np.max(np.abs(scores))) < 6.0, dim


def test_population_shares_are_pooled(truth: Truth, purchases: pl.DataFrame) -> None:
    for column, name in (("merchant", "merchant_share"), ("category", "category_share")):
        shares = truth["population"][name]
        drawn = dict(purchases.group_by(column).len().iter_rows())
        for key, share in shares.items():
            assert drawn.get(key, 0) / purchases.height == pytest.approx(share, rel=0.25, abs=0.0008), key
    for user_id, like in entries(truth, "likes"):
        assert like["lift"] == pytest.approx(like["share"] / like["population_share"], rel=0.02, abs=0.02), (user_id, like)


def test_expected_likes_stand_out_in_the_data(truth: Truth, purchases: pl.DataFrame) -> None:
    totals = dict(purchases.group_by("user_id").len().iter_rows())
    weak = 0
    for user_id, like in expected(truth, "likes"):
        mine = of_key(purchases, user_id, like["dim"], like["key"]).height
        weak += mine / totals[user_id] < 1.8 * like["population_share"]
        assert mine >= 6
        assert truth["population"]["merchants"].get(like["key"], like["key"]) not in truth["population"]["sensitive_categories"]
        assert like["key"] not in truth["population"]["ubiquitous_merchants"]
    assert weak <= 0.02 * len(expected(truth, "likes"))


def test_moves_starts_and_stops_are_in_the_data(truth: Truth, purchases: pl.DataFrame) -> None:
    for user_id, move in expected(truth, "moved"):
        change = datetime.fromisoformat(move["month"] + "-01")
        old, new = (of_key(purchases, user_id, move["dim"], move[end])["when"] for end in ("from", "to"))
        assert (old < change).mean() > 0.6, move  # type: ignore[operator]
        assert (new >= change).mean() > 0.6, move  # type: ignore[operator]
    for kind, sign in (("started", 1), ("stopped", -1)):
        for user_id, entry in expected(truth, kind):
            change = datetime.fromisoformat(entry["month"] + "-01")
            after = (of_key(purchases, user_id, entry["dim"], entry["key"])["when"] >= change).mean()
            assert (after if sign > 0 else 1 - after) > 0.7, entry  # type: ignore[operator]


def test_seasons_are_in_the_data_and_wide(truth: Truth, purchases: pl.DataFrame) -> None:
    for user_id, season in entries(truth, "seasons"):
        assert len(season["months"]) >= 2
        if season["expected"]:
            months = of_key(purchases, user_id, season["dim"], season["key"])["when"].dt.strftime("%Y-%m")
            assert months.is_in(season["months"]).sum() >= 10
            assert months.is_in(season["months"]).mean() > 0.6  # type: ignore[operator]
    december = purchases.filter(pl.col("category") == "gifts")["when"].dt.month() == 12
    assert december.mean() > 0.3  # type: ignore[operator]
    summer = purchases.filter(pl.col("category") == "ice cream")["when"].dt.month().is_in([6, 7, 8])
    assert summer.mean() > 0.5  # type: ignore[operator]


def test_times_of_the_week_are_in_the_data(truth: Truth, purchases: pl.DataFrame) -> None:
    for user_id, user in truth["users"].items():
        times = user["time"]
        assert sum(times["weekday"]) == pytest.approx(1, abs=1e-3)
        assert sum(times["hour"]) == pytest.approx(1, abs=1e-3)
        mine = purchases.filter(pl.col("user_id") == user_id)["when"]
        weekend = float((mine.dt.weekday() >= 6).mean())  # type: ignore[arg-type]
        masses = {"weekend": weekend, "weekday": 1 - weekend}
        masses |= {name: float(mine.dt.hour().is_in(list(hours)).mean()) for name, hours in DAYPARTS.items()}  # type: ignore[arg-type]
        for fact in times["facts"]:
            stated = times["weekday"][5:] if fact["slot"] == "weekend" else times["weekday"][:5]
            if fact["slot"] in DAYPARTS:
                stated = [times["hour"][hour] for hour in DAYPARTS[fact["slot"]]]
            assert fact["mass"] == pytest.approx(sum(stated), abs=1e-3)
            assert abs(masses[fact["slot"]] - fact["mass"]) < 4.5 * (0.25 / len(mine)) ** 0.5, (user_id, fact)


def test_returns_are_in_the_data(truth: Truth, events: pl.DataFrame, purchases: pl.DataFrame) -> None:
    planted = set()
    for user_id, entry in expected(truth, "returns"):
        planted.add((user_id, entry["key"]))
        bought = of_key(purchases, user_id, "merchant", entry["key"]).height
        back = of_key(events.filter(pl.col("kind") == "refund"), user_id, "merchant", entry["key"]).height
        assert bought >= 12
        assert entry["rate"] - 0.12 <= back / bought <= entry["rate"] + 0.05, (user_id, entry)
    back = events.filter(pl.col("kind") == "refund").select("user_id", "merchant").rows()
    plain = [pair for pair in back if pair not in planted]
    assert 0.005 < len(plain) / purchases.height < 0.015


def test_spending_changes_are_in_the_data(truth: Truth, purchases: pl.DataFrame) -> None:
    euros = purchases.filter(pl.col("currency") == "EUR")
    agreeing, changes = 0, [(user_id, user["spending_change"]) for user_id, user in truth["users"].items() if user["spending_change"]]
    for user_id, change in changes:
        months = truth["population"]["months"]
        place = months.index(change["month"])
        spent = truth["users"][user_id]["monthly_spend"]
        assert change["ratio"] == pytest.approx(np.mean(spent[place:]) / np.mean(spent[:place]), rel=0.01)
        mine = euros.filter(pl.col("user_id") == user_id).group_by(pl.col("when").dt.strftime("%Y-%m")).agg(pl.col("amount_minor").sum())
        drawn = dict(mine.iter_rows())
        ratio = np.mean([drawn.get(month, 0) for month in months[place:]]) / np.mean([drawn.get(month, 0) for month in months[:place]])
        agreeing += (ratio > 1.3) == (change["ratio"] > 1.3) and (ratio < 1 / 1.3) == (change["ratio"] < 1 / 1.3)
    assert agreeing >= 0.9 * len(changes)


def test_offer_answers_are_drawn_with_the_stated_chances(truth: Truth) -> None:
    cells = [cell for user in truth["users"].values() for cell in user["offer_response"]["cells"] if cell["dim"] == "item"]
    shown, answered, chance = (np.array([cell[name] for cell in cells]) for name in ("shown", "answered", "chance"))
    for low, high in ((0, 0.05), (0.3, 0.4), (0.85, 1)):
        some = (chance >= low) & (chance <= high)
        assert shown[some].sum() > 500
        assert answered[some].sum() / shown[some].sum() == pytest.approx(float((chance * shown)[some].sum() / shown[some].sum()), abs=0.03)
    numbers = truth["parameters"]["numbers"]
    for user in truth["users"].values():
        response = user["offer_response"]
        assert {(f["dim"], f["key"]) for f in response["answers"]} == {
            (c["dim"], c["key"]) for c in response["cells"] if c["chance"] >= numbers["answers_true"]
        }
        assert {(f["dim"], f["key"]) for f in response["ignores"]} == {
            (c["dim"], c["key"]) for c in response["cells"] if c["chance"] <= numbers["ignores_true"]
        }


def test_decoys_are_no_facts(truth: Truth, purchases: pl.DataFrame) -> None:
    for user_id, user in truth["users"].items():
        facts = {(entry["dim"], entry["key"]) for kind in ("habits", "seasons", "started", "stopped") for entry in user[kind]}
        for decoy in user["decoys"]:
            if decoy["kind"] != "travel":
                assert not {("merchant", name) for name in decoy["merchants"]} & facts, (user_id, decoy)
            if decoy["kind"] == "irregular":
                assert of_key(purchases, user_id, "merchant", decoy["merchants"][0]).height >= 9
            if decoy["kind"] == "one_week":
                week = timedelta(days=7)
                times = of_key(purchases, user_id, "merchant_category", decoy["category"]).filter(pl.col("part") == "one_week")["when"]
                assert len(times) >= 5
                assert times.max() - times.min() < week  # type: ignore[operator]


def test_thresholds_are_stated_for_every_kind_of_fact(truth: Truth) -> None:
    support = truth["parameters"]["min_support"]
    assert set(support) == {
        "person", "activity", "spending", "likes", "habit", "time_habit", "season", "offer_answers", "offer_ignores",
        "returns", "moved", "started", "stopped", "spending_change", "stance",
    }  # fmt: skip
    assert all(entry["true_at"] and entry["expected_at"] for entry in support.values())
    numbers = truth["parameters"]["numbers"]
    for _, like in entries(truth, "likes"):
        assert like["lift"] >= numbers["likes_true"] - 1e-5
        assert not like["expected"] or (like["lift"] >= numbers["likes_expected"] and like["count"] >= numbers["likes_count"])
    for _, habit in entries(truth, "habits"):
        assert not habit["expected"] or (habit["active"] and habit["count"] >= numbers["habit_expected"])
