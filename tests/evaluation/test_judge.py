from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from memlearn.errors import InputError, UsageError
from memlearn.evaluation.aspects import novelty
from memlearn.evaluation.baselines import METHODS, tune
from memlearn.evaluation.item_sets import list_sets, pair_sets
from memlearn.evaluation.judge import NO_TRUTH, Bootstrap, Categories, Lists, Question, judge, tuning_of
from memlearn.evaluation.metrics import measure
from memlearn.evaluation.paired import compare, mean_intervals
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import (
    BlockUse,
    Changes,
    Cut,
    Evaluation,
    Facts,
    MemoryQuality,
    Missing,
    Staleness,
    Subject,
    of_json,
)
from memlearn.ranking.history import make_history

FAST = Bootstrap(draws=200)
SUBJECT = Subject("shop", "shop.yaml", "0.1.0", "2026-11-23", final=False, cuts=(Cut("one", "2026-01-01", "2026-02-01", "r1"),))
MEMORY = MemoryQuality(
    Facts(90, 1, 9),
    Missing("no statement cites a row"),
    0,
    {"items": Interval(0.4, 0.3, 0.5), "categories": Missing("the items have no categories")},
    (BlockUse("tastes", 0.9, 0.4),),
    Changes("r0", 10, 2, 4),
)


def question(users: int = 60, items: int = 12, cuts: int = 1, seed: int = 3) -> tuple[Question, list[Lists]]:
    """Users who mostly buy what they bought; one method knows that, one ranks at random."""
    random = np.random.default_rng(seed)
    rows = users * cuts
    bought = pair_sets(np.repeat(np.arange(rows), 4), random.integers(0, items, rows * 4), rows)
    came = np.where(
        random.random(rows * 3) < 0.7, bought.items[bought.starts[np.repeat(np.arange(rows), 3)]], random.integers(0, items, rows * 3)
    )
    some = np.repeat(random.random(rows) < 0.9, 3)
    truth = pair_sets(np.repeat(np.arange(rows), 3)[some], came[some], rows)
    noise = random.random((rows, items))
    knows = noise + bought.contains(np.arange(rows)[:, None], np.broadcast_to(np.arange(items), (rows, items)))
    lists = [Lists("ours", "Ours", np.argsort(-knows, axis=1)[:, :5]), Lists("noise", "Noise", np.argsort(-noise, axis=1)[:, :5])]
    buyers = np.bincount(bought.items, minlength=items)
    user = np.tile(np.arange(users), cuts)
    asked = Question(truth, bought, np.arange(users) % 7, buyers, rows, user, np.repeat(np.arange(cuts), users) if cuts > 1 else None)
    return asked, lists


def judged(**changes: object) -> Evaluation:
    asked, lists = question()
    return judge(SUBJECT, replace(asked, **changes), lists, "ours", (2, 5), bootstrap=FAST)  # type: ignore[arg-type]


def test_figures_are_those_of_the_metrics_and_of_one_set_of_draws() -> None:
    asked, lists = question()
    found = judge(SUBJECT, asked, lists, "ours", (2, 5), bootstrap=FAST)
    ours, noise = (measure(one.ranked, asked.truth, (2, 5), asked.user) for one in lists)
    alone = mean_intervals(ours.values, FAST.draws, FAST.seed)
    assert found.method("ours").metrics == alone
    against = found.compared("all", "ndcg@2")["noise"]
    expected = compare(ours.values["ndcg@2"], {"noise": noise.values["ndcg@2"]}, FAST.draws, FAST.seed)["noise"]
    assert (against.difference, against.ratio, against.p_holm) == (expected.difference, expected.ratio, expected.p_holm)
    assert against.difference.low > 0
    assert found.users.judged == len(ours.user)
    assert found.users.left_out == {NO_TRUTH: ours.without}
    assert found.protocol.main == "ndcg@2"


def test_parts_are_over_their_own_users() -> None:
    asked, lists = question()
    one = judge(SUBJECT, asked, lists, "ours", (2, 5), bootstrap=FAST).method("ours")
    whole = measure(lists[0].ranked, asked.truth, (2,), asked.user)
    cold = asked.baskets[whole.user] <= 3
    assert (one.cold.users, one.warm.users) == (int(cold.sum()), int((~cold).sum()))
    assert isinstance(one.cold.metrics["recall@2"], Interval)
    assert one.cold.metrics["recall@2"].mean == pytest.approx(whole.values["recall@2"][cold].mean())
    assert one.repeat.users > 0
    assert one.beyond["novelty@2"].mean == pytest.approx(
        novelty(lists[0].ranked, asked.buyers, asked.shoppers, (2,), asked.user).means()["novelty@2"]
    )
    assert set(one.coverage) == {"coverage@2", "coverage@5"}


def test_each_cut_is_judged_by_its_own_truth() -> None:
    asked, lists = question(users=30, cuts=3)
    assert asked.cut is not None
    found = judge(SUBJECT, asked, lists, "ours", (2, 5), bootstrap=FAST).method("ours")
    assert len(found.cuts) == 3
    for number, part in enumerate(found.cuts):
        inside = asked.cut == number
        alone = measure(lists[0].ranked, asked.truth.keep(inside[asked.truth.row]), (2,), asked.user)
        assert part.users == len(alone.user)
        assert part.metrics["ndcg@2"].mean == pytest.approx(alone.means()["ndcg@2"])


def test_categories_give_calibration_and_without_them_the_reason_stands() -> None:
    asked, lists = question()
    held = Categories(asked.bought.row, asked.bought.items, np.ones(len(asked.bought.items)), np.arange(12) % 3)
    with_them = judge(SUBJECT, replace(asked, categories=held), lists, "ours", (2,), bootstrap=FAST).method("ours")
    assert isinstance(with_them.beyond["miscalibration@2"], Interval)
    assert judged().method("ours").beyond["miscalibration@2"] == Missing("the items have no categories")


def test_nobody_with_truth_leaves_reasons_and_no_comparison() -> None:
    found = judged(truth=list_sets([[]] * 60))
    assert found.users.judged == 0
    assert all(isinstance(figure, Missing) for figure in found.method("ours").metrics.values())
    assert found.comparisons == ()
    assert of_json(found.to_json()) == found


def test_json_round_trip_keeps_every_value_and_no_nan() -> None:
    asked, lists = question(users=40, cuts=2)
    history = make_history(4, 3, [0, 0, 1, 2], [0, 1, 0, 0], [0, 1, 2, 0])
    trex = next(method for method in METHODS if method.name == "trex")
    tuning = tuning_of(tune(trex, history, lambda scorer: float(scorer.scores(np.array([0]))[0, 0]), 3), "ndcg@2")
    tuned = [lists[0], replace(lists[1], tuning=tuning, tiers={"trained": 70, "popular": 10})]
    found = judge(SUBJECT, asked, tuned, "ours", (2, 5), left_out={"bought nothing before": 3}, memory=MEMORY, bootstrap=FAST)
    text = json.dumps(found.to_json(), allow_nan=False)
    again = of_json(json.loads(text))
    assert again == found
    assert json.dumps(again.to_json()) == text
    assert len(tuning.tries) == 3
    assert json.loads(text)["methods"][0]["metrics"]["ndcg@2"].keys() == {"mean", "low", "high"}
    assert json.loads(text)["memory"]["staleness"] == {"reason": "no statement cites a row", "mean": None}


def test_staleness_and_facts_are_told_apart_from_missing() -> None:
    found = replace(judged(), memory=replace(MEMORY, facts=Missing("not checked"), staleness=Staleness(3.0, 90.0, 0.1)))
    assert of_json(json.loads(json.dumps(found.to_json()))) == found


def test_figures_that_are_not_finite_are_refused() -> None:
    one = judged()
    wrong = replace(one, methods=(replace(one.methods[0], coverage={"coverage@2": float("nan")}), one.methods[1]))
    with pytest.raises(UsageError, match=r"methods\.0\.coverage\.coverage@2 is nan"):
        wrong.to_json()


@pytest.mark.parametrize("value", [None, [], {}, {"form": 2}])
def test_other_forms_are_refused(value: object) -> None:
    with pytest.raises(InputError, match="no evaluation of form 1"):
        of_json(value)


def test_wrong_values_are_named() -> None:
    value = judged().to_json()
    value["users"]["judged"] = "many"
    with pytest.raises(InputError, match=r"users\.judged"):
        of_json(value)


def test_names_are_unique_and_ours_is_among_them() -> None:
    asked, lists = question()
    with pytest.raises(UsageError, match="'theirs'"):
        judge(SUBJECT, asked, lists, "theirs", (2,), bootstrap=FAST)
    with pytest.raises(UsageError, match="names must differ"):
        judge(SUBJECT, asked, [lists[0], lists[0]], "ours", (2,), bootstrap=FAST)
    with pytest.raises(UsageError, match="are judged"):
        judge(SUBJECT, asked, lists, "ours", (2,), "map@2", bootstrap=FAST)
