from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.evaluation.item_sets import list_sets
from memlearn.evaluation.metrics import measure, row_metrics

NAMES = ("recall", "precision", "phr", "ndcg", "ndcg_cut", "map", "mrr")


def plain(ranked: list[int], truth: set[int], k: int) -> dict[str, float]:
    hits = [place for place, item in enumerate(ranked[:k], start=1) if item in truth]
    dcg = sum(1 / math.log2(place + 1) for place in hits)
    ideal = [1 / math.log2(place + 1) for place in range(1, len(truth) + 1)]
    return {
        f"recall@{k}": len(hits) / len(truth),
        f"precision@{k}": len(hits) / k,
        f"phr@{k}": float(bool(hits)),
        f"ndcg@{k}": dcg / sum(ideal),
        f"ndcg_cut@{k}": dcg / sum(ideal[:k]),
        f"map@{k}": sum(number / place for number, place in enumerate(hits, start=1)) / min(k, len(truth)),
        f"mrr@{k}": 1 / hits[0] if hits else 0.0,
    }


def test_figures_computed_by_hand() -> None:
    found = row_metrics(np.array([[7, 3, 9, 1]]), list_sets([[3, 1, 8]]), [1, 2, 4])
    assert {name: values[0] for name, values in found.items() if name.endswith("@1")} == {f"{name}@1": 0.0 for name in NAMES}
    assert found["recall@2"][0] == pytest.approx(1 / 3)
    assert found["precision@4"][0] == 0.5
    assert found["phr@2"][0] == 1.0
    assert found["mrr@4"][0] == 0.5
    assert found["map@4"][0] == pytest.approx((1 / 2 + 2 / 4) / 3)
    # DCG 1/log2(3); ideal 1 + 1/log2(3) + 1/2 over all three, 1 + 1/log2(3) over the two that fit.
    assert found["ndcg@2"][0] == pytest.approx(0.63093 / 2.13093, abs=1e-5)
    assert found["ndcg_cut@2"][0] == pytest.approx(0.63093 / 1.63093, abs=1e-5)


rows = st.lists(
    st.tuples(st.permutations(range(9)).map(lambda order: list(order[:5])), st.integers(0, 5), st.sets(st.integers(0, 11), max_size=8)),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(rows)
def test_every_metric_is_what_the_plain_formula_says(given_rows: list[tuple[list[int], int, set[int]]]) -> None:
    ranked = [order[:filled] + [-1] * (5 - filled) for order, filled, _ in given_rows]
    truth = [items for _, _, items in given_rows]
    found = row_metrics(np.array(ranked, dtype=np.int32), list_sets(truth), [1, 3, 5])
    for number, (order, items) in enumerate(zip(ranked, truth, strict=True)):
        for k in (1, 3, 5):
            if not items:
                assert all(math.isnan(found[f"{name}@{k}"][number]) for name in NAMES)
                continue
            expected = plain(order, items, k)
            assert {name: found[name][number] for name in expected} == pytest.approx(expected)


@settings(deadline=None)
@given(rows)
def test_metrics_lie_between_0_and_1_and_recall_grows_with_k(given_rows: list[tuple[list[int], int, set[int]]]) -> None:
    found = row_metrics(np.array([order for order, _, _ in given_rows]), list_sets([items for _, _, items in given_rows]), [1, 2, 5])
    for values in found.values():
        known = values[~np.isnan(values)]
        assert ((known >= 0) & (known <= 1 + 1e-12)).all()
    known = found["recall@1"] >= 0
    assert (found["recall@1"][known] <= found["recall@5"][known]).all()
    assert (found["ndcg@5"][known] <= found["ndcg_cut@5"][known] + 1e-12).all()


def test_the_ideal_ranking_scores_one() -> None:
    found = row_metrics(np.array([[4, 2, 9], [1, 2, 3]]), list_sets([[2, 4], [1, 2, 3, 4, 5]]), [3])
    assert found["ndcg@3"][0] == found["ndcg_cut@3"][0] == found["map@3"][0] == pytest.approx(1.0)
    assert found["ndcg_cut@3"][1] == found["map@3"][1] == pytest.approx(1.0)
    assert found["ndcg@3"][1] < 0.8


def test_several_cuts_are_averaged_within_the_user_and_users_without_truth_counted() -> None:
    ranked = np.array([[1], [1], [1], [1], [1]])
    truth = list_sets([[1], [2], [], [1], []])
    scores = measure(ranked, truth, [1], np.array([7, 7, 7, 3, 5]))
    assert scores.user.tolist() == [3, 7]
    assert scores.values["recall@1"].tolist() == [1.0, 0.5]
    assert (scores.rows, scores.without) == (3, 1)
    assert scores.means()["recall@1"] == 0.75


def test_nobody_has_truth() -> None:
    scores = measure(np.array([[1], [2]]), list_sets([[], []]), [1])
    assert (len(scores.user), scores.rows, scores.without) == (0, 0, 2)
    assert math.isnan(scores.means()["recall@1"])


def test_items_that_cannot_be_ranked_count_in_the_denominator() -> None:
    assert measure(np.array([[1, 0]]), list_sets([[1, 4_000]]), [2]).means()["recall@2"] == 0.5


@pytest.mark.parametrize(
    ("ranked", "ks", "said"),
    [([[1, 2], [1, 2]], [2], "2 rows|1 rows"), ([[1, 2]], [3], "2 places"), ([[1, 2]], [0], "2 places"), ([[1, 1]], [1], "twice")],
)
def test_what_does_not_fit_is_refused(ranked: list[list[int]], ks: list[int], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        measure(np.array(ranked), list_sets([[1]]), ks)
