"""Every command on the starter's data: the promised JSON fields, nothing else on standard output, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memlearn.cli import main

Capture = pytest.CaptureFixture[str]


def call(capsys: Capture, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def test_learn_again_does_nothing_and_says_so(shop: Path, capsys: Capture) -> None:
    config = str(shop / "memlearn.yaml")
    before = call(capsys, "status", config)
    report = call(capsys, "learn", config)
    fields = {
        "run_id",
        "release_id",
        "users",
        "events",
        "rejected_rows",
        "steps_done",
        "steps_reused",
        "statements",
        "refused_edits",
        "seconds",
    }
    assert set(report) >= fields
    assert report["users"] == 8
    assert report["events"] == 741
    assert report["rejected_rows"] == 0
    assert report["steps_done"] == 0
    assert report["steps_reused"] > 0
    assert report["release_id"] == before["release_id"]


def test_a_new_row_is_pending_and_planned_until_it_is_learned(shop: Path, capsys: Capture) -> None:
    config = str(shop / "memlearn.yaml")
    first = call(capsys, "status", config)
    assert first["pending"] == []
    with (shop / "data" / "purchases.csv").open("a", encoding="utf-8") as file:
        file.write("L9999,hugo,2026-06-01 10:00,p01,1,14.90,station\n")
    pending = call(capsys, "status", config)["pending"]
    assert [(one["source"], one["reason"]) for one in pending] == [("purchases", "changed")]
    plan = call(capsys, "learn", config, "--plan")["plan"]
    assert plan["steps_to_do"] >= 1
    assert plan["rows_to_read"] > 0
    assert call(capsys, "status", config)["release_id"] == first["release_id"]
    report = call(capsys, "learn", config)
    assert report["events"] == 742
    assert 1 <= report["steps_done"] <= 2
    assert report["release_id"] != first["release_id"]


def test_show_has_the_promised_fields(learned_shop: Path, capsys: Capture) -> None:
    view = call(capsys, "show", str(learned_shop / "memlearn.yaml"), "anna", "--evidence", "--history")
    assert view["user_id"] == "anna"
    labels = [block["label"] for block in view["blocks"]]
    assert labels[:5] == ["profile", "preferences", "habits", "offers", "changes"]
    for block in view["blocks"]:
        assert set(block) >= {"label", "description", "limit", "read_only", "value", "statements"}
        assert len(block["value"]) <= block["limit"]
        assert block["value"].splitlines() == [statement["text"] for statement in block["statements"]]
        for statement in block["statements"]:
            assert set(statement) >= {"text", "fact", "evidence"}
            assert statement["evidence"]
    habits = next(block["value"] for block in view["blocks"] if block["label"] == "habits")
    assert "Espresso beans" in habits
    assert any(statement["rows"] for block in view["blocks"] for statement in block["statements"])


def test_recommend_gives_reasons(learned_shop: Path, capsys: Capture) -> None:
    answer = call(capsys, "recommend", str(learned_shop / "memlearn.yaml"), "anna", "-k", "3")
    assert answer["user_id"] == "anna"
    assert answer["tier"]
    assert 1 <= len(answer["items"]) <= 3
    for item in answer["items"]:
        assert set(item) >= {"item_id", "score", "reason", "evidence"}
        assert item["reason"]
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)


def test_verify_finds_every_fact_true(learned_shop: Path, capsys: Capture) -> None:
    report = call(capsys, "verify", str(learned_shop / "memlearn.yaml"))
    assert set(report) >= {"release_id", "facts", "verified", "contradicted", "hypotheses", "source_gone"}
    assert report["facts"] > 20
    assert report["contradicted"] == 0
    assert report["source_gone"] == 0
    assert report["verified"] == report["facts"]


def test_releases_are_listed_compared_and_switched(shop: Path, capsys: Capture) -> None:
    config = str(shop / "memlearn.yaml")
    old = call(capsys, "release", "list", config)["current"]
    with (shop / "data" / "purchases.csv").open("a", encoding="utf-8") as file:
        file.write("".join(f"N{day:02d},hugo,2026-06-{day:02d} 10:00,p01,1,14.90,station\n" for day in range(1, 29, 3)))
    new = call(capsys, "learn", config)["release_id"]
    listed = call(capsys, "release", "list", config)
    assert [release["release_id"] for release in listed["releases"]] == [new, old]
    difference = call(capsys, "release", "diff", config)
    assert (difference["a"], difference["b"]) == (old, new)
    assert any("hugo" in line for line in difference["lines"])
    assert main(["release", "diff", config]) == 0
    told = capsys.readouterr().out
    assert told.count(f"From {old} to {new}") == 1
    assert "(s)" not in told
    assert call(capsys, "release", "rollback", config)["release_id"] == old
    assert call(capsys, "release", "promote", config, new)["release_id"] == new
    assert call(capsys, "release", "gc", config, "--keep", "1")["removed"] == [old]
    assert call(capsys, "release", "list", config)["current"] == new


@pytest.mark.parametrize("command", ["show", "recommend"])
def test_an_unknown_user_is_1_with_one_message(learned_shop: Path, capsys: Capture, command: str) -> None:
    capsys.readouterr()
    code = main([command, str(learned_shop / "memlearn.yaml"), "Ana", "--json"])
    captured = capsys.readouterr()
    if command == "recommend" and code == 0:
        # Who has no memory gets what is popular, and the answer says so.
        assert json.loads(captured.out)["tier"] != "personal"
        return
    assert (code, captured.out) == (1, "")
    assert "'Ana'" in captured.err
    assert captured.err.count("\n") == 1


def test_before_the_first_learn_each_reader_says_what_to_do(tmp_path: Path, capsys: Capture) -> None:
    assert main(["init", str(tmp_path)]) == 0
    config = str(tmp_path / "memlearn.yaml")
    assert call(capsys, "status", config)["release_id"] is None
    for arguments in (["show", config, "anna"], ["recommend", config, "anna"], ["verify", config]):
        capsys.readouterr()
        assert main(arguments) == 1
        assert "memlearn learn" in capsys.readouterr().err


def test_text_for_people(learned_shop: Path, capsys: Capture) -> None:
    config = str(learned_shop / "memlearn.yaml")
    for arguments in (
        ["show", config, "anna"],
        ["recommend", config, "anna"],
        ["status", config],
        ["verify", config],
        ["release", "list", config],
    ):
        capsys.readouterr()
        assert main(arguments) == 0
        captured = capsys.readouterr()
        assert captured.out.strip()
        assert captured.err == ""


@pytest.mark.parametrize("user", ["Anna", "ANNA", " anna "])
def test_a_user_in_other_letters_or_blanks_is_hinted_at(learned_shop: Path, capsys: Capture, user: str) -> None:
    config = str(learned_shop / "memlearn.yaml")
    capsys.readouterr()
    assert main(["show", config, user]) == 1
    assert f"knows no user {user!r}; it holds 8 users. Did you mean 'anna'?" in capsys.readouterr().err
    assert call(capsys, "recommend", config, user)["note"].endswith("popular with all users. Did you mean 'anna'?")


def test_a_user_like_nobody_is_hinted_at_with_nobody(learned_shop: Path, capsys: Capture) -> None:
    config = str(learned_shop / "memlearn.yaml")
    capsys.readouterr()
    assert main(["show", config, "a%"]) == 1
    assert "Did you mean" not in capsys.readouterr().err
    assert "Did you mean" not in call(capsys, "recommend", config, "a_na")["note"]


def test_learning_a_user_in_other_letters_hints_at_them(shop: Path, capsys: Capture) -> None:
    config = str(shop / "memlearn.yaml")
    assert main(["learn", config, "--users", "Anna"]) == 1
    assert "'Anna' has no events in the sources. Did you mean 'anna'? Ids are compared exactly." in capsys.readouterr().err
