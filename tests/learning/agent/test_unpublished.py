"""Evidence of many rows finds room in a release, and what finds none is told wherever an operator looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from companies import Company, Site, make_company
from models import agent_site

import memlearn
from memlearn.cli import main
from memlearn.testing import ModelServer, Reply, Request, last_user_text, silent, turn

ITEMS = {"profile": "Espresso beans", "preferences": "Rye bread", "habits": "Oat milk", "offers": "Bin bags", "changes": "Light bulb"}


@pytest.fixture(scope="module")
def company() -> Company:
    """Two users with many rows."""
    return make_company(3, users=2, events=150, nights=1, days=400, changes=False)


def cites(evidence: Callable[[list[str]], list[str]]) -> Callable[[Request], Reply]:
    """A model that counts an item in each block, and cites for it what it makes of the names of all rows."""

    def write(request: Request) -> Reply:
        rows = re.findall(r"^(r\d+) \S+(?: \d\d:\d\d)? (.*)$", last_user_text(request), re.MULTILINE)
        if turn(request) or not rows:
            return silent(request)
        calls = []
        for label, item in ITEMS.items():
            bought = [row for row, what in rows if what.startswith(f"{item} [")]
            line = {"label": label, "text": f"Bought {item} {len(bought)} times.", "evidence": evidence([row for row, _ in rows])}
            calls.append(("memory_insert", line))
        return Reply(tool_calls=[*calls, ("memory_finish_edits", {})])

    return write


def make_site(folder: Path, company: Company, server: ModelServer, **learning: Any) -> Site:
    site = agent_site(folder, company, server)
    site.settings["chunks"] = {"tokens": 6000}
    site.settings["learning"] |= learning
    return site


def written(site: Site, user: str) -> list[str]:
    return [
        line.partition(": ")[2].removesuffix(" (hypothesis)") for step in memlearn.steps(site.config, user).steps for line in step.accepted
    ]


def published(site: Site, user: str) -> list[str]:
    return [line.text for block in memlearn.show(site.config, user).blocks for line in block.statements]


@pytest.mark.slow
def test_lines_that_cite_a_wide_range_are_published_and_verified(
    tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(cites(lambda rows: [f"{rows[0]}-{rows[-1]}"])) as server:
        site = make_site(tmp_path / "site", company, server)
        report = site.learn()
    user = company.users[0]
    assert len(written(site, user)) > len(ITEMS) - 2
    assert set(written(site, user)) <= set(published(site, user))
    assert report.agent is not None
    assert report.agent.unpublished_lines == 0
    found = memlearn.verify(site.config)
    assert (found.contradicted, found.source_gone) == (0, 0)
    lines = [
        line
        for block in memlearn.show(site.config, user, evidence=True).blocks
        for line in block.statements
        if line.text in written(site, user)
    ]
    assert all(len(line.rows) == 2 and line.cited > 100 for line in lines)
    assert main(["show", str(site.config), user, "--evidence"]) == 0
    assert f"and {lines[0].cited - 2} rows between them" in " ".join(capsys.readouterr().out.split())
    # They stand on all the rows that they name, and not on the two that are shown.
    texts = {line.text: line.evidence["statistic"] for line in lines}
    assert any("rows 1-" in name for name in texts.values())


@pytest.mark.slow
def test_what_finds_no_room_is_told_wherever_an_operator_looks(
    tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(cites(lambda rows: [f"{rows[0]}-{rows[-1]}"])) as server:
        site = make_site(tmp_path / "site", company, server, memory_bytes=1600)
        assert main(["learn", str(site.config)]) == 0
    told = capsys.readouterr()
    missing = {user: [text for text in written(site, user) if text not in published(site, user)] for user in company.users}
    count = sum(map(len, missing.values()))
    assert count > 0
    warning = f"{count} accepted lines of the agent are not published, the first in block"
    assert warning in told.err
    assert "there is no room for it and the rows that it cites within `learning.memory_bytes`" in told.err
    assert f"not published {count} accepted lines; see `memlearn steps CONFIG USER`" in " ".join(told.out.split())
    assert main(["status", str(site.config)]) == 0
    assert warning in " ".join(capsys.readouterr().out.split())
    for user, texts in missing.items():
        assert sorted(line.text for line in memlearn.steps(site.config, user).unpublished) == sorted(texts)
    user = next(user for user, texts in missing.items() if texts)
    assert main(["steps", str(site.config), user]) == 0
    assert f"accepted, and not published {memlearn.steps(site.config, user).unpublished[0].label}: " in " ".join(
        capsys.readouterr().out.split()
    )
    with ModelServer(cites(lambda rows: [f"{rows[0]}-{rows[-1]}"])) as server:
        site.settings["learning"]["agent"]["base_url"] = server.base_url
        tried = memlearn.try_agent(site.config, [user])
    assert tried.variants[0].unpublished_lines == len(missing[user])
    assert any(f"as configured: {len(missing[user])} accepted lines would not be published" in warning for warning in tried.warnings)
    # What finds room later is told no more.
    site.settings["learning"]["memory_bytes"] = 8192
    report = site.learn()
    assert report.agent is not None
    assert report.agent.unpublished_lines == 0
    assert all(set(written(site, user)) <= set(published(site, user)) for user in company.users)


@pytest.mark.slow
def test_what_became_sensitive_or_lost_its_block_is_told_too(tmp_path: Path, company: Company) -> None:
    with ModelServer(cites(lambda rows: rows[:3])) as server:
        site = make_site(tmp_path / "site", company, server)
        site.learn()
        site.settings["sensitive"] = {"words": ["rye"]}
        site.learn()
    told = [line for user in company.users for line in memlearn.steps(site.config, user).unpublished]
    assert {line.reason for line in told} <= {"the config calls its words sensitive now"}
    assert all("Rye" in line.text for line in told)
