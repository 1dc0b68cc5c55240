"""Showing and recommending from a config: what the starter's shop learned."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memlearn.errors import NoReleaseError, UnknownUserError, UsageError
from memlearn.wiring import run
from memlearn.wiring.load import LoadedConfig, load_config
from memlearn.wiring.starter import write_starter
from memlearn.wiring.verbs_serving import recommend, show


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> LoadedConfig:
    loaded = load_config(write_starter(tmp_path_factory.mktemp("shop"))[0])
    run.run_stages(run.prepare(loaded))
    return loaded


def test_show_lists_the_users_blocks_then_the_shared_ones(learned: LoadedConfig) -> None:
    view = show(learned, "anna")
    labels = [(block.label, block.shared) for block in view.blocks]
    assert labels == [(spec.label, spec.shared) for spec in sorted(learned.config.block_specs, key=lambda spec: spec.shared)]
    assert all(block.value == "\n".join(statement.text for statement in block.statements) for block in view.blocks)
    assert all(len(block.value) <= block.limit for block in view.blocks)
    assert view.events > 0
    assert view.as_of is not None
    assert view.as_of.endswith("Z")
    assert view.history == ()
    json.dumps(view.to_json(), allow_nan=False)


def test_evidence_adds_the_cited_rows_as_people_read_them(learned: LoadedConfig) -> None:
    cited = [row for block in show(learned, "anna", evidence=True).blocks for line in block.statements for row in line.rows]
    named = [row for block in show(learned, "anna").blocks for line in block.statements for row in line.rows]
    assert named == []
    assert cited
    assert all(datetime.fromisoformat(row.time) and row.label and len(row.row_id) == 16 for row in cited)
    assert any(row.amount is not None and "." in row.amount for row in cited)


def test_history_begins_with_the_first_release_that_holds_the_user(learned: LoadedConfig) -> None:
    view = show(learned, "anna", history=True)
    texts = {line.text for block in view.blocks if not block.shared for line in block.statements}
    assert [entry.release_id for entry in view.history] == [view.release_id]
    assert set(view.history[0].added) == texts
    assert view.history[0].as_of == view.as_of


def test_recommend_quotes_memory_and_is_the_same_for_text_and_instant(learned: LoadedConfig) -> None:
    answer = recommend(str(learned.path), "anna", k=4)
    assert len(answer.items) == 4
    texts = [line.text for block in show(learned, "anna").blocks for line in block.statements]
    assert any(text in item.reason for item in answer.items for text in texts)
    assert all(item.name and item.evidence for item in answer.items)
    assert answer.at == show(learned, "anna").as_of
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert recommend(learned, "anna", at=moment) == recommend(learned, "anna", at="2026-06-01T12:00:00Z")
    assert recommend(learned, "anna", at=moment).at == "2026-06-01T12:00:00Z"
    json.dumps(answer.to_json(), allow_nan=False)


def test_unknown_users_are_refused_by_show_and_served_by_recommend(learned: LoadedConfig) -> None:
    with pytest.raises(UnknownUserError, match="knows no user 'Anna'"):
        show(learned, "Anna")
    answer = recommend(learned, "Anna")
    assert answer.tier == "popular"
    assert answer.items
    assert answer.note is not None


def test_wrong_use_says_what_to_do(learned: LoadedConfig, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Write it like"):
        recommend(learned, "anna", at="soon")
    with pytest.raises(UsageError, match="Ask for 1 or more"):
        recommend(learned, "anna", k=0)
    empty = load_config(write_starter(tmp_path)[0])
    with pytest.raises(NoReleaseError, match="memlearn learn"):
        show(empty, "anna")
