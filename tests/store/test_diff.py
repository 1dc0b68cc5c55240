"""The difference of two releases in words."""

from __future__ import annotations

import json
from typing import Any

from memlearn.store import Manifest, ReleaseDiff, diff_releases, open_release


def compare(company: Any, before: Manifest, after: Manifest) -> ReleaseDiff:
    with open_release(company.layout, before.release_id) as old, open_release(company.layout, after.release_id) as new:
        return diff_releases(old, new)


def test_who_and_what(company: Any) -> None:
    before = company.release({"u1": ["tea every 9 days", "rye weekly"], "u2": ["milk"], "u3": ["oats"]})
    after = company.release({"u1": ["tea every 4 days", "jam monthly"], "u2": ["milk"], "u4": ["oats"]}, trend="Jam is popular")
    diff = compare(company, before, after)
    assert (diff.users_added, diff.users_removed, diff.users_changed) == (("u4",), ("u3",), ("u1",))
    assert diff.statements.select("user_id", "change", "text", "before").rows() == [
        ("u1", "added", "jam monthly", None),
        ("u1", "changed", "tea every 4 days", "tea every 9 days"),
        ("u1", "removed", "rye weekly", None),
    ]
    text = diff.describe()
    assert "1 user new, 1 gone, 1 changed (1 statement new, 1 reworded, 1 no longer)" in text
    assert "New users: u4." in text
    assert "u1: now in habits: tea every 4 days (before: tea every 9 days)" in text
    assert "u1: no longer in habits: rye weekly" in text
    assert "all users: now in trends: Jam is popular (before: Tea is popular)" in text
    data = json.loads(json.dumps(diff.to_json()))
    assert data["counts"] == {
        "users_added": 1,
        "users_removed": 1,
        "users_changed": 1,
        "statements_added": 1,
        "statements_changed": 1,
        "statements_removed": 1,
        "shared_statements": 1,
    }


def test_the_same_content_over_other_segments_is_no_difference(company: Any) -> None:
    base = company.segment({"u1": ["tea"], "u2": ["rye"], "u3": ["oats"]})
    before = company.publish(base, company.segment({"u1": ["milk"]}, ["u3"]))
    after = company.release({"u1": ["milk"], "u2": ["rye"]}, as_of_us=2)
    diff = compare(company, before, after)
    assert diff.is_empty
    assert diff.describe() == f"{before.release_id} and {after.release_id} say the same."


def test_long_differences_are_cut_and_counted(company: Any) -> None:
    before = company.release({f"u{number:03d}": ["tea"] for number in range(120)})
    after = company.release({f"u{number:03d}": ["x" * 400] for number in range(60)})
    text = compare(company, before, after).describe(limit=10)
    assert "and 50 more." in text
    assert "… and 110 more statements." in text
    assert len(text.splitlines()) < 20
    assert max(map(len, text.splitlines())) < 300
    assert len(compare(company, before, after).to_json(limit=5)["statements"]) == 5


def test_changes_outside_the_statements_are_counted(company: Any) -> None:
    before = company.release({"u1": ["tea", "rye"]})
    after = company.release({"u1": ["rye", "tea"]})
    diff = compare(company, before, after)
    assert diff.users_changed == ("u1",)
    assert "1 user changed in item facts" in diff.describe()
