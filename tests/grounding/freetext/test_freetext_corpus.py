"""The frozen statements as the acceptance test: none that is false is ever verified, and nearly all of the true ones are.

The corpus was frozen before the checker was tuned on it, and then read: how much of wording that nobody has read is understood,
the second corpus estimates.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memlearn.grounding.freetext import CitedEvidence, UserView, check_text

CORPUS = Path(__file__).parents[1] / "corpus" / "corpus.jsonl"
VERIFIED_RATE = 0.98


def to_cited(cites: list[Any]) -> CitedEvidence:
    others = [cite for cite in cites if not isinstance(cite, str)]
    statistics = tuple((cite["statistic"]["dim"], cite["statistic"]["key"]) for cite in others if "statistic" in cite)
    return CitedEvidence(
        tuple(cite for cite in cites if isinstance(cite, str)), statistics, tuple(cite["person"] for cite in others if "person" in cite)
    )


@pytest.fixture(scope="module")
def outcomes(views: Callable[[str], UserView]) -> Counter[tuple[str, str]]:
    entries = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return Counter(
        (entry["truth"], check_text(entry["text"], to_cited(entry["cites"]), views(entry["user_id"])).status) for entry in entries
    )


def test_nothing_false_is_verified(outcomes: Counter[tuple[str, str]]) -> None:
    assert outcomes["false", "verified"] == 0


def test_what_cannot_be_checked_is_a_hypothesis(outcomes: Counter[tuple[str, str]]) -> None:
    assert {status for truth, status in outcomes if truth == "uncheckable"} == {"hypothesis"}


def test_nearly_all_true_ones_are_verified(outcomes: Counter[tuple[str, str]]) -> None:
    of = sum(n for (truth, _), n in outcomes.items() if truth == "true")
    assert outcomes["true", "verified"] >= VERIFIED_RATE * of
