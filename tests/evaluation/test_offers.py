"""Offers judged from sends: what is known to be true comes out, and what cannot be known is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest
from evaluations import evaluation

import memlearn
from memlearn.evaluation.offers import CutSends, judge_offers
from memlearn.evaluation.report import render_page
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Missing, OfferResults, of_json
from memlearn.evaluation.sends import Sends, read_sends, shrunken_rates
from memlearn.store.ledger import Ledger

USERS, OFFERS = 400, 4
HIGH, LOW = 0.8, 0.2


def cut(seed: int, *, informed: bool = True) -> CutSends:
    """Each user likes one offer; offers are drawn evenly; memory knows who likes what, or nothing."""
    random = np.random.default_rng(seed)
    liked = np.arange(USERS) % OFFERS
    user = np.repeat(np.arange(USERS), 5)
    shown = random.integers(0, OFFERS, len(user))
    answered = random.random(len(user)) < np.where(shown == liked[user], HIGH, LOW)
    frame = pl.DataFrame(
        {"user_id": [f"u{number:03d}" for number in user], "item": shown, "time_us": np.arange(len(user)), "answered": answered}
    )
    score = np.where(np.arange(OFFERS) == liked[user][:, None], 1.0, 0.0) if informed else np.full((len(user), OFFERS), np.nan)
    before = pl.DataFrame(
        {"item": shown, "user_id": frame["user_id"], "answered": random.random(len(user)) < np.where(shown == 1, 0.5, 0.3)}
    )
    return CutSends(frame, score, np.ones((len(user), OFFERS), dtype=np.bool_), before)


def judged(*cuts: CutSends, random: bool = True) -> OfferResults:
    found = judge_offers(cuts, "memlearn", random=random, min_effective=100, draws=300, order_draws=100)
    assert isinstance(found, OfferResults)
    return found


def test_a_choice_that_knows_who_likes_what_is_worth_it() -> None:
    found = judged(cut(1), cut(2))
    ours, best, even = found.policies
    assert isinstance(ours.snips, Interval)
    assert ours.snips.low < HIGH < ours.snips.high
    assert isinstance(best.snips, Interval)
    assert best.snips.mean == pytest.approx((HIGH + 3 * LOW) / 4, abs=0.06)
    assert isinstance(even.snips, Interval)
    assert even.snips.mean == pytest.approx(found.logged.mean, abs=1e-9)
    gap = found.against["snips"]
    assert isinstance(gap, Interval)
    assert gap.low > 0.3
    assert (found.sends, found.users) == (2 * USERS * 5, USERS)
    # A quarter of the sends agrees with a choice of one in four.
    assert ours.effective == pytest.approx(found.sends / 4, rel=0.1)
    models = {model.title: model for model in found.models}
    assert models["memlearn"].ndcg.mean > models["the offer's past share of answers"].ndcg.mean + 0.1
    assert isinstance(models["memlearn"].calibration_error, Missing)


def test_without_known_chances_nothing_is_said_of_other_choices_but_answers_are_foreseen() -> None:
    found = judged(cut(1), random=False)
    for policy in found.policies:
        assert isinstance(policy.snips, Missing)
        assert "no random assignment is stated" in policy.snips.reason
    assert isinstance(found.against["snips"], Missing)
    assert found.models[0].auc.mean > 0.7
    assert found.logged.mean == pytest.approx((HIGH + 3 * LOW) / 4, abs=0.05)


def test_too_few_sends_are_refused_with_how_many_they_count_like() -> None:
    few = cut(3)
    small = CutSends(few.sends.head(200), few.score[:200], few.allowed[:200], few.before)
    assert "at least 100 are asked for" in judged(small).policies[0].snips.reason


def test_nothing_known_is_no_better_than_chance() -> None:
    found = judged(cut(4, informed=False))
    assert found.models[0].auc.mean == pytest.approx(0.5, abs=1e-9)


def test_no_sends_at_all() -> None:
    none = cut(5)
    empty = CutSends(none.sends.clear(), none.score[:0], none.allowed[:0], none.before)
    found = judge_offers([empty], "memlearn", random=True, min_effective=100, draws=100, order_draws=50)
    assert found == Missing("no offer was sent in the periods that were judged")


def test_the_page_says_what_was_found_and_what_was_refused() -> None:
    held = replace(evaluation(), offers=judged(cut(1), cut(2)))
    assert of_json(held.to_json()).offers == held.offers
    page = render_page(held)
    tree = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    drawn = next(node for node in tree.iter("svg") if str(node.get("aria-labelledby")).startswith("plot-offers-title"))
    values = ["".join(node.itertext()) for node in drawn.iter("text") if "value" in str(node.get("class"))]
    assert values == [f"{policy.snips.mean:.4f}" for policy in held.offers.policies]
    refused = render_page(replace(held, offers=judged(cut(1), random=False)))
    assert "What another choice would have brought is not said" in refused
    assert "plot-offers" not in refused
    assert "Nothing can be said: no sends" in render_page(replace(held, offers=Missing("no sends")))


CONFIG = """
version: 1
sources:
  log: {role: events, path: log.csv, columns: {user: who, time: at, item: what, kind: kind}, kinds: {shown: exposure, taken: redemption}}
  offers: {role: items, path: offers.csv, columns: {item: what}}
"""
LOG = """who,at,what,kind
ana,2026-03-01T10:00:00Z,milk,shown
ana,2026-03-02T10:00:00Z,milk,taken
ana,2026-03-03T10:00:00Z,milk,taken
ana,2026-03-04T10:00:00Z,milk,shown
ana,2026-03-04T11:00:00Z,bread,shown
ana,2026-03-05T10:00:00Z,milk,taken
ana,2026-03-20T10:00:00Z,bread,taken
bob,2026-03-01T10:00:00Z,bread,taken
bob,2026-03-02T10:00:00Z,bread,shown
"""


def test_an_answer_belongs_to_the_latest_send_that_it_can_answer(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "log.csv").write_text(LOG, encoding="utf-8")
    (tmp_path / "offers.csv").write_text("what\nbread\nmilk\n", encoding="utf-8")
    memlearn.learn(tmp_path / "shop.yaml")
    ledger = Ledger(tmp_path / "store" / "ledger.duckdb")
    files = {shard: tuple(file.file for file in held) for shard, held in ledger.row_files().items()}
    ledger.close()
    sends = read_sends(tmp_path / "store" / "rows", files, ["bread", "milk"], answer_days=7)
    days = sends.frame.select(
        "user_id", "item", pl.from_epoch("time_us", "us").dt.day(), answered=pl.from_epoch("answered_us", "us").dt.day()
    )
    # The first answer counts; one after so many days, or before the send, answers nothing.
    assert days.rows() == [("ana", 1, 1, 2), ("ana", 1, 4, 5), ("ana", 0, 4, None), ("bob", 0, 2, None)]
    at = int(np.datetime64("2026-03-05", "us").astype(np.int64))
    # The answer of the fifth is not known at its midnight.
    assert sends.known_at(at)["answered"].to_list() == [True, False, False, False]
    fourth = int(np.datetime64("2026-03-04", "us").astype(np.int64))
    assert sends.within(fourth, at, at + 86_400_000_000)["answered"].to_list() == [True, False]
    assert sends.within(fourth, at, at)["answered"].to_list() == [False, False]


def test_rates_are_drawn_towards_that_of_all() -> None:
    known = pl.DataFrame({"item": [0] * 20 + [1] * 2, "user_id": ["u"] * 22, "answered": [True] * 10 + [False] * 10 + [True] * 2})
    rates = shrunken_rates(known, 3)
    overall = 12 / 22
    assert rates.tolist() == pytest.approx([(10 + 10 * overall) / 30, (2 + 10 * overall) / 12, overall])
    assert isinstance(Sends(known.select("user_id", "item", time_us=1, answered_us=2)).known_at(2), pl.DataFrame)
