"""The sentences claim what the intervals say, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evaluations import evaluation
from hypothesis import given
from hypothesis import strategies as st

from memlearn.evaluation.report.words import (
    BETTER,
    FEW_USERS,
    UNCLEAR,
    WORSE,
    cautions,
    outcome,
    sources,
    strongest,
    summary,
    unseen,
    verdict,
)
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Against, Evaluation, Missing

FOUND = evaluation()


def against(low: float, high: float, holm: float = 0.001, users: int = 80, ratio: Interval | None = None) -> Against:
    ratio = ratio or Interval(1 + (low + high) / 2, 1 + low, 1 + high)
    return Against(users, Interval((low + high) / 2, low, high), ratio, 0.1, holm, holm)


def with_against(**others: Against) -> Evaluation:
    """The made-up evaluation with other comparisons of all purchases by the main metric."""
    names = {"tifu": "tifu-knn", "knn": "item-knn", "popular": "popularity"}
    chosen = {names[name]: one for name, one in others.items()}
    kept = tuple(
        replace(one, against={**one.against, **chosen}) if (one.part, one.metric) == ("all", "ndcg@10") else one
        for one in FOUND.comparisons
    )
    return replace(FOUND, comparisons=kept)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.0001, 1), st.integers(1, 100))
def test_a_claim_needs_the_interval_the_p_value_and_the_users(low: float, width: float, holm: float, users: int) -> None:
    claimed = outcome(against(low, low + width, holm, users), 0.95)
    if claimed != UNCLEAR:
        assert users >= FEW_USERS
        assert holm < 0.05
        assert (low > 0) if claimed == BETTER else (low + width < 0)
    elif users >= FEW_USERS and holm < 0.05:
        assert low <= 0 <= low + width


def test_better_than_all_is_said_with_the_figures() -> None:
    said = verdict(with_against(tifu=against(0.05, 0.15), knn=against(0.05, 0.2), popular=against(0.1, 0.3)))
    assert said.startswith("Memlearn ranks better than TIFU-KNN, the strongest of the others: NDCG@10 is ")
    assert "(+10.0 %, 95 % interval +5.0 % to +15.0 %)" in said.replace("\N{NO-BREAK SPACE}", " ")
    assert "better than each of the 3 methods" in said


def test_an_interval_around_zero_claims_nothing() -> None:
    said = verdict(with_against(tifu=against(-0.05, 0.06, holm=0.8)))
    assert said.startswith("Memlearn cannot be told from TIFU-KNN")
    assert "no difference at all lies within the interval" in said
    assert "ranks better" not in said
    assert "Of 3 methods, it is better than Item-kNN, Popularity; not to be told from TIFU-KNN." in said


def test_an_interval_beside_zero_claims_nothing_when_holm_does_not_agree() -> None:
    said = verdict(with_against(tifu=against(0.001, 0.06, holm=0.09)))
    assert said.startswith("Memlearn cannot be told from")
    assert "adjusted for 3 comparisons the p-value is 0.090, not below 0.05" in said


def test_worse_is_said() -> None:
    said = verdict(with_against(tifu=against(-0.2, -0.1)))
    assert said.startswith("Memlearn ranks worse than TIFU-KNN")
    assert "worse than TIFU-KNN" in said.split("Of 3 methods")[1]


def test_few_users_claim_nothing_at_all() -> None:
    few = evaluation(users=12, cuts=1)
    said = " ".join(summary(few))
    assert "too few to claim anything by" in said
    assert "ranks better" not in said
    assert "users could be judged; with fewer than 20 nothing can be claimed" in said


def test_the_strongest_other_is_the_highest_mean() -> None:
    leader = strongest(FOUND)
    assert leader is not None
    best = max((one for one in FOUND.methods if one.name != "memlearn"), key=lambda one: one.metrics["ndcg@10"].mean or 0)
    assert leader is best
    new = strongest(FOUND, "explore", "recall@10")
    assert new is not None
    assert new.explore.metrics["recall@10"].mean == max(one.explore.metrics["recall@10"].mean or 0 for one in FOUND.methods[1:])


def test_what_so_many_users_cannot_show_is_half_the_interval() -> None:
    found = with_against(tifu=against(-0.02, 0.04))
    leader = strongest(found)
    assert leader is not None
    mean = leader.metrics["ndcg@10"].mean
    assert mean is not None
    said = unseen(found).replace("\N{NO-BREAK SPACE}", " ")
    assert f"below about 0.0300 in NDCG@10, {100 * 0.03 / mean:.1f} % of its figure" in said


def test_repeats_and_new_things_are_told_apart() -> None:
    said = sources(FOUND).replace("\N{NO-BREAK SPACE}", " ")
    ours = FOUND.method("memlearn")
    again, new = ours.repeat.metrics["recall@10"].mean, ours.explore.metrics["recall@10"].mean
    assert again is not None
    assert new is not None
    assert f"{100 * again:.1f} % (" in said
    assert f"and {100 * new:.1f} % (" in said
    rival = strongest(FOUND, "explore", "recall@10")
    assert rival is not None
    one = FOUND.compared("explore", "recall@10")[rival.name]
    words = {BETTER: "better than", WORSE: "worse than", UNCLEAR: "not to be told from"}[outcome(one, 0.95)]
    assert f"it is {words} {rival.title}" in said


def test_a_ratio_that_is_missing_leaves_the_difference() -> None:
    one = replace(against(0.01, 0.03), ratio=Missing("the other's mean is 0"))
    assert "a difference of +0.0200, 95 % interval +0.0100 to +0.0300" in verdict(with_against(tifu=one)).replace("\N{NO-BREAK SPACE}", " ")


def test_without_ours_nothing_is_claimed() -> None:
    said = summary(evaluation(ours=None))
    assert "no method is marked as ours, so none is claimed to be better" in said[0]
    assert not any("ranks" in sentence for sentence in said)


@pytest.mark.parametrize("final", [True, False])
def test_validation_and_final_looks_are_told_apart(final: bool) -> None:  # noqa: FBT001 a parameter of the test
    said = cautions(replace(FOUND, subject=replace(FOUND.subject, final=final)))
    assert ("This is a look at the test period" in said[0]) is final
    assert "do not say that showing an item makes anybody buy it" in said[-1]


def test_two_methods_with_the_same_lists_are_not_told_apart() -> None:
    said = summary(evaluation(skills=(0.5, 0.5)))
    assert "cannot be told from TIFU-KNN" in said[0]
    assert "both have the same figure for every user" in said[0]
    assert "is the same for all of them" in said[-1]
