"""What becomes of the second corpus' statements, whose wording the checker was not tuned on: nothing false counts as verified.

The share of the true ones that are verified is an estimate for wording that is new; what is not verified stays a hypothesis,
or is refused with a way out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memlearn.grounding.freetext import CitedEvidence, UserView, check_text

FILE = Path(__file__).parents[1] / "corpus" / "second.jsonl"
# The least share of the true statements that are verified.
FLOOR = 0.7

Statuses = list[tuple[dict[str, Any], str]]


def cited(cites: list[Any]) -> CitedEvidence:
    """What an entry cites."""
    others = [cite for cite in cites if not isinstance(cite, str)]
    return CitedEvidence(
        rows=tuple(cite for cite in cites if isinstance(cite, str)),
        statistics=tuple((one["statistic"]["dim"], one["statistic"]["key"]) for one in others if "statistic" in one),
        persons=tuple(one["person"] for one in others if "person" in one),
    )


@pytest.fixture(scope="module")
def statuses(views: Callable[[str], UserView]) -> Statuses:
    """Each entry and what the checker says of it."""
    entries = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return [(entry, check_text(entry["text"], cited(entry["cites"]), views(entry["user_id"])).status) for entry in entries]


def verified(statuses: Statuses, truth: str) -> list[str]:
    return [entry["id"] for entry, status in statuses if entry["truth"] == truth and status == "verified"]


def test_nothing_false_is_verified(statuses: Statuses) -> None:
    assert verified(statuses, "false") == []


def test_nothing_that_no_row_can_show_is_verified(statuses: Statuses) -> None:
    assert verified(statuses, "uncheckable") == []


def test_enough_of_what_is_true_is_verified(statuses: Statuses) -> None:
    true = sum(entry["truth"] == "true" for entry, _ in statuses)
    share = len(verified(statuses, "true")) / true
    assert share >= FLOOR, f"{share:.1%} of {true} true statements are verified"
