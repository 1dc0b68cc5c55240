"""Trying prompts and models on some users: what is shown, what it costs, and that nothing of the store changes."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from companies import Company, Site, make_company
from models import agent_site, note_taker

import memlearn
from memlearn.cli import main, output
from memlearn.errors import BusyError, ConfigError, UnknownUserError, UsageError
from memlearn.learning.run import open_run
from memlearn.testing import CHAT, ModelServer, Reply, Request, messages
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config
from memlearn.wiring.reports_try import TriedBlock

PROMPT = "You note what is bought, in a shout.\n{{blocks}}\n{{form}}\n"
OTHER_PRICES = {"other": {"input": 10.0, "output": 20.0}}


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(3, users=3, events=24, nights=2, days=300, changes=False)


def shouting(request: Request) -> Reply:
    """Takes notes, by another model about the first row and by the prompt of the tests with an edit that is refused."""
    system = messages(request)[0]["content"]
    if "in a shout" in system:
        line = {"label": "preferences", "text": "Bought 999 BIG THINGS.", "evidence": ["r1"]}
        return Reply(tool_calls=[("memory_insert", line), ("memory_finish_edits", {})])
    if request["model"] == "other":
        return Reply(tool_calls=[("memory_finish_edits", {})])
    return note_taker(request)


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder and the digest of its content."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def asked(server: ModelServer) -> int:
    return sum(server.counts()["requests"].get(CHAT, {}).values())


def texts(blocks: tuple[TriedBlock, ...]) -> dict[str, list[str]]:
    return {block.label: [line.text for line in block.lines] for block in blocks}


def published(site: Site, user: str) -> dict[str, list[str]]:
    return {block.label: [line.text for line in block.statements] for block in memlearn.show(site.config, user).blocks if not block.shared}


@pytest.mark.slow
def test_variants_stand_side_by_side_and_nothing_of_the_store_changes(
    tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(shouting) as server:
        site = agent_site(tmp_path / "site", company, server, other_prices=OTHER_PRICES)
        site.learn()
        (site.folder / "brief.md").write_text(PROMPT, encoding="utf-8")
        site.deliver(*company.nights[1])
        user, config = company.users[0], site.config
        before, count = fingerprint(site.folder), asked(server)
        report = memlearn.try_agent(config, [user], prompts=[site.folder / "brief.md"], models=["other"])
        assert fingerprint(site.folder) == before
        sent = asked(server) - count
        mine, other = report.variants
        assert (mine.name, other.name) == ("as configured", f"{site.folder / 'brief.md'}, other")
        # What the store's journals hold is not asked for again; what came since is.
        assert mine.reused_answers > 0
        assert mine.requests + other.requests == sent
        assert other.reused_answers == 0
        assert mine.cost is not None
        assert other.cost is not None
        assert 0 < Decimal(mine.paid) < Decimal(mine.cost)
        assert Decimal(other.cost) == Decimal(other.paid) > 0
        assert other.statements == 0
        assert {refusal.code for refusal in other.refusals} <= {"name", "number"}
        assert len(other.refusals) == other.refused_edits == other.requests
        (tried,) = report.users
        assert texts(tried.before) == published(site, user)
        assert [line.written for block in tried.before for line in block.lines if line.text.startswith("Bought ")]
        assert not any(line.written for block in tried.after[1] for line in block.lines)
        arguments = ["try", str(config), "--users", user, "--prompt", str(site.folder / "brief.md")]
        capsys.readouterr()
        assert main(arguments) == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 120
        assert "before: " in shown
        assert "+ Bought " in shown
        assert "Refused, " in shown
        assert fingerprint(site.folder) == before
        site.learn()
        assert texts(tried.after[0]) == published(site, user)


@pytest.mark.slow
def test_it_works_before_anything_was_learned_and_for_the_embedded_manager(tmp_path: Path, company: Company) -> None:
    with ModelServer(shouting) as server:
        site = agent_site(tmp_path / "site", company, server)
        site.settings["learning"]["manager"] = "embedded"
        config, users = site.config, list(company.users[:2])
        before = fingerprint(site.folder)
        report = memlearn.try_agent(config, users)
        assert fingerprint(site.folder) == before
        assert not site.layout.root.exists()
        assert report.release_id is None
        assert [user.user_id for user in report.users] == users
        assert all(user.before == () or not any(block.lines for block in user.before) for user in report.users)
        site.settings["learning"]["manager"] = "agent"
        site.learn()
        for user in report.users:
            assert texts(user.after[0]) == published(site, user.user_id)


@pytest.mark.slow
def test_a_cap_holds_over_all_variants(tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(shouting) as server:
        site = agent_site(tmp_path / "site", company, server, other_prices=OTHER_PRICES, in_flight=1)
        arguments = ["try", str(site.config), "--users", ",".join(company.users), "--model", "other"]
        assert main([*arguments, "--max-cost", "0.06", "--json"]) == 0
        told = capsys.readouterr()
        report = json.loads(told.out)
        assert 0 < sum(Decimal(variant["paid"]) for variant in report["variants"]) <= Decimal("0.06")
        assert "Raise the cap" in report["variants"][1]["stopped"]
        assert "other: stopped before everything was read" in told.err
        count = asked(server)
        assert main([*arguments[:-1], "unknown", "--max-cost", "1"]) == 2
        assert "set `learning.agent.other_prices` with 'unknown'" in capsys.readouterr().err
        assert asked(server) == count


@pytest.mark.slow
def test_what_cannot_be_tried_is_refused_before_anything_is_asked(tmp_path: Path, company: Company) -> None:
    with ModelServer(shouting) as server:
        site = agent_site(tmp_path / "site", company, server)
        with pytest.raises(UnknownUserError, match="User 'nobody' has no events"):
            memlearn.try_agent(site.config, [company.users[0], "nobody"])
        site.learn(users=[company.users[0]])
        count = asked(server)
        with pytest.raises(UnknownUserError, match="User 'nobody' has no events"):
            memlearn.try_agent(site.config, ["nobody"])
        (site.folder / "bare.md").write_text("You do as you like.", encoding="utf-8")
        with pytest.raises(ConfigError, match=r"bare\.md' lacks \{\{blocks\}\}"):
            memlearn.try_agent(site.config, [company.users[0]], prompts=[site.folder / "bare.md"])
        with pytest.raises(UsageError, match="No user is named"):
            memlearn.try_agent(site.config, [])
        with open_run(make_job(load_config(site.config))), pytest.raises(BusyError):
            memlearn.try_agent(site.config, [company.users[0]])
        site.settings["learning"] = {}
        with pytest.raises(UsageError, match="There is no agent to try"):
            memlearn.try_agent(site.config, [company.users[0]])
        assert asked(server) == count


@pytest.mark.slow
def test_where_no_chunk_is_closed_it_says_so(tmp_path: Path, company: Company) -> None:
    with ModelServer(shouting) as server:
        site = agent_site(tmp_path / "site", company, server, open_chunk="never")
        site.settings["chunks"] = {"tokens": 100_000}
        report = memlearn.try_agent(site.config, [company.users[0]])
    assert "open_chunk: always" in report.warnings[0]


@pytest.mark.parametrize(("width", "beside"), [pytest.param(120, True, marks=pytest.mark.slow), (60, False)])
def test_narrow_terminals_get_one_under_the_other(
    tmp_path: Path, company: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, *, beside: bool
) -> None:
    monkeypatch.setattr(output, "_WIDTH_OF_A_FILE", width)
    with ModelServer(shouting) as server:
        site = agent_site(tmp_path / "site", company, server)
        arguments: list[Any] = ["try", str(site.config), "--users", company.users[0], "--model", "other"]
        assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    heads = [line for line in shown.splitlines() if "as configured: " in line]
    assert heads
    assert all(("other: " in line) is beside for line in heads)
