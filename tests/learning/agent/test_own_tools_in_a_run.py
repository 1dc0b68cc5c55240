"""Learning with tools of the operator, from the config to what is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from companies import Company, Site, make_company
from models import agent_site

import memlearn
from memlearn.errors import ConfigError
from memlearn.testing import ModelServer, Reply, Request, tool_names, turn, wants_json

TOOLS = """
def note_last(arguments, step):
    number = arguments.get("row") or len(step.rows)
    shown = step.rows[-1].text
    day, item = shown.split(" ")[0], shown.split(" [")[0].split(";")[0].split(" ", 2)[2]
    return [{"operation": "insert", "label": "preferences", "text": f"Bought {item} on {day}.", "evidence": [f"r{number}"]}]
"""
NOTE_LAST: dict[str, Any] = {
    "name": "note_last",
    "description": "Notes the last row of the chunk.",
    "parameters": {"type": "object", "properties": {"row": {"type": "integer"}}},
    "function": "tools.py:note_last",
}


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(3, users=2, events=20, nights=1, days=200, changes=False)


def uses_it(request: Request) -> Reply:
    """Calls the tool at first for a row that is not there, then for the right one; in the form that it was asked for."""
    arguments = {"row": 999} if turn(request) == 0 else {}
    if not tool_names(request):
        if wants_json(request):
            return Reply({"calls": [{"tool": "note_last", **arguments}, {"tool": "memory_finish_edits"}]})
        return Reply(f"note_last {json.dumps(arguments)}\nmemory_finish_edits {{}}")
    return Reply(tool_calls=[("note_last", arguments), ("memory_finish_edits", {})])


def site_with_tools(folder: Path, company: Company, server: ModelServer, **agent: Any) -> Site:
    site = agent_site(folder, company, server, **{"tools": [NOTE_LAST], **agent})
    (folder / "tools.py").write_text(TOOLS, encoding="utf-8")
    return site


@pytest.mark.parametrize("replies", ["tools", pytest.param("json", marks=pytest.mark.slow), pytest.param("text", marks=pytest.mark.slow)])
def test_its_edits_are_checked_and_published(tmp_path: Path, company: Company, replies: str) -> None:
    offered: list[list[str]] = []

    def model(request: Request) -> Reply:
        offered.append(tool_names(request))
        return uses_it(request)

    with ModelServer(model) as server:
        site = site_with_tools(tmp_path / "site", company, server, replies=replies, remove_tools=["memory_rethink", "search_history"])
        report = site.learn()
    assert report.agent is not None
    assert (report.agent.stopped, report.agent.steps_skipped) == (None, 0)
    steps = [step for user in company.users for step in memlearn.steps(site.config, user).steps]
    assert {call.code for step in steps for call in step.refused} == {"evidence"}
    assert all("There is no row r999" in step.refused[0].reason for step in steps)
    assert any(edit.startswith("insert preferences: ") for step in steps for edit in step.accepted)
    if replies == "tools":
        assert set(offered[0]) >= {"note_last", "memory_insert", "memory_finish_edits"}
        assert not {"memory_rethink", "search_history"} & set(offered[0])


@pytest.mark.parametrize("change", ["the function", pytest.param("nothing", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_another_function_is_another_version(tmp_path: Path, company: Company, change: str) -> None:
    with ModelServer(uses_it) as server:
        site = site_with_tools(tmp_path / "site", company, server)
        site.settings["learning"]["on_manager_change"] = "relearn"
        first = site.learn()
        if change == "the function":
            (site.folder / "tools.py").write_text(TOOLS.replace("Bought", "Chose"), encoding="utf-8")
        second = site.learn()
    assert first.agent is not None
    assert second.agent is not None
    assert second.agent.steps_done == (first.agent.steps_done if change == "the function" else 0)


def test_a_tool_of_the_name_of_a_built_in_one_replaces_it(tmp_path: Path, company: Company) -> None:
    def model(request: Request) -> Reply:
        assert tool_names(request).count("memory_insert") == 1
        return Reply(tool_calls=[("memory_insert", {}), ("memory_finish_edits", {})])

    with ModelServer(model) as server:
        site = site_with_tools(tmp_path / "site", company, server, tools=[{**NOTE_LAST, "name": "memory_insert"}])
        report = site.learn()
    assert report.agent is not None
    steps = [step for user in company.users for step in memlearn.steps(site.config, user).steps]
    assert any(step.accepted for step in steps)


def test_a_config_whose_tool_is_not_there_says_so(tmp_path: Path, company: Company) -> None:
    with ModelServer(uses_it) as server:
        site = site_with_tools(tmp_path / "site", company, server, tools=[{**NOTE_LAST, "function": "gone.py:note_last"}])
        with pytest.raises(ConfigError, match=r"learning\.agent\.tools\[1\]\.function 'gone\.py:note_last' cannot be loaded"):
            site.learn()
        assert server.counts()["requests"] == {}
        site.settings["learning"]["agent"]["tools"] = [NOTE_LAST]
        site.settings["learning"]["agent"]["remove_tools"] = ["memory_insertt"]
        with pytest.raises(ConfigError, match="Did you mean 'memory_insert'"):
            site.learn()
