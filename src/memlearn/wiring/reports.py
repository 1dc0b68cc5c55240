"""What the verbs report: frozen values that a program reads as JSON and the CLI renders for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memlearn.wiring.report import Report
from memlearn.wiring.reports_agent import AgentPlan, AgentReport


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Args:
        stage: what is being done: `ingest`, `fold`, `shared`, `render`, `publish`, `verify`.
        done: units finished in this stage.
        total: units of this stage; 0 where that is not known yet.
        message: what the units are, or what is at work now; never a user's text.
    """

    stage: str
    done: int
    total: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class PlanReport(Report):
    """What a run would do, told without doing it.

    Args:
        steps_to_do: steps that would be computed.
        steps_to_reuse: steps that are done already and stay valid.
        rows_to_read: rows of deliveries that are new or changed; for a file not counted yet, an estimate from its size.
        deliveries_to_read: files and queries that are new or changed.
        deliveries_unchanged: files and queries recognised as read before.
        basis: how the figures were found, in words.
        agent: what the agent would take; None where there is none, or nothing was read yet.
    """

    steps_to_do: int
    steps_to_reuse: int
    rows_to_read: int
    deliveries_to_read: int = 0
    deliveries_unchanged: int = 0
    basis: str = ""
    agent: AgentPlan | None = None


@dataclass(frozen=True, slots=True)
class LearnReport(Report):
    """What a learn run did.

    Args:
        run_id: the run; empty for a plan.
        release_id: the release that is current afterwards; None where there is none yet.
        users: users that the release holds.
        events: events that were folded into it.
        rejected_rows: rows that could not be used; they are listed in `rejects_file`.
        steps_done: steps computed in this run.
        steps_reused: steps that were done by an earlier run.
        statements: statements published, over all users and shared.
        refused_edits: lines that found no room in their block; every user keeps the most telling ones.
        seconds: wall-clock duration.
        as_of: the instant that was learned up to, ISO 8601.
        published: False where the current release already said all of it.
        rejects_file: where rejected rows are listed; None without any.
        warnings: what an operator should look at, one line each.
        timings: stage → seconds.
        plan: what would be done; None unless a plan was asked for.
        agent: what the agent did; None where there is none.
        refused_id: the release that the gate refused and that is kept aside; None where it refused none.
        refused: why it was refused.
    """

    run_id: str
    release_id: str | None
    users: int
    events: int
    rejected_rows: int
    steps_done: int
    steps_reused: int
    statements: int
    refused_edits: int
    seconds: float
    as_of: str | None = None
    published: bool = True
    rejects_file: str | None = None
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    plan: PlanReport | None = None
    agent: AgentReport | None = None
    refused_id: str | None = None
    refused: str | None = None

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> LearnReport:
        """A report from what `to_json` gave, plan apart."""
        agent = data.get("agent")
        return cls(**{**data, "agent": None if agent is None else AgentReport(**agent)})


@dataclass(frozen=True, slots=True)
class CitedRow(Report):
    """A row that a statement cites, as a person reads it.

    Args:
        row_id: id of the row, 16 hexadecimal digits.
        time: local time, ISO 8601; a date alone where the source has no clock.
        source: name of the source.
        kind: kind of event.
        label: the item, merchant or text.
        amount: money in major units, as text; None where there is none.
        currency: ISO 4217 code.
        quantity: how many; None where the source has none.
    """

    row_id: str
    time: str
    source: str
    kind: str
    label: str
    amount: str | None = None
    currency: str | None = None
    quantity: float | None = None


@dataclass(frozen=True, slots=True)
class StatementView(Report):
    """One line of a block.

    Args:
        text: what a person reads.
        fact: the typed fact, flat; None where there is none.
        evidence: rows, statistic, passages or operator, as published.
        status: `verified` or `hypothesis`.
        rows: the cited rows whose content the release holds; empty unless evidence was asked for.
        cited: how many rows are cited in all; of many of them the release holds the content of the first and the last one.
    """

    text: str
    fact: dict[str, Any] | None
    evidence: dict[str, Any]
    status: str = "verified"
    rows: tuple[CitedRow, ...] = ()
    cited: int = 0


@dataclass(frozen=True, slots=True)
class BlockView(Report):
    """A block of memory with its lines; `limit` counts characters of `value`."""

    label: str
    description: str
    limit: int
    read_only: bool
    shared: bool
    value: str
    statements: tuple[StatementView, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry(Report):
    """What one release changed for the user: lines that came and lines that went."""

    release_id: str
    as_of: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserView(Report):
    """What is known about a user.

    Args:
        user_id: the user.
        release_id: the release it was read from.
        blocks: the user's blocks, then the shared ones.
        events: events of the user.
        as_of: the instant that was learned up to, ISO 8601.
        history: oldest release first; empty unless history was asked for.
    """

    user_id: str
    release_id: str
    blocks: tuple[BlockView, ...]
    events: int = 0
    as_of: str | None = None
    history: tuple[HistoryEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class RecommendedItem(Report):
    """One recommended item.

    Args:
        item_id: the item.
        score: higher is better; comparable within one answer only.
        reason: why, in words, quoting the statement behind it.
        evidence: rows, statistic or passages of that statement, as published.
        name: what a person calls the item.
    """

    item_id: str
    score: float
    reason: str
    evidence: dict[str, Any]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation(Report):
    """What the user should see now.

    Args:
        user_id: the user.
        release_id: the release that answers.
        tier: where the items come from: `personal`, `segment` or `popular`.
        items: best first; fewer than asked for where no more may be shown.
        at: the moment they are for, ISO 8601.
        note: what who asked should know, an unknown user for example; None where there is nothing.
    """

    user_id: str
    release_id: str
    tier: str
    items: tuple[RecommendedItem, ...]
    at: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class FactProblem(Report):
    """A published fact that the rows do not bear out."""

    user_id: str
    label: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyReport(Report):
    """Published facts, executed again on the source rows.

    Args:
        release_id: the release.
        facts: facts that were executed.
        verified: facts that hold.
        contradicted: facts that the rows contradict.
        hypotheses: statements that make no claim to be checked.
        source_gone: facts whose rows or passages are no longer there.
        problems: the first contradicted ones, at most 100.
        seconds: wall-clock duration.
    """

    release_id: str
    facts: int
    verified: int
    contradicted: int
    hypotheses: int
    source_gone: int
    problems: tuple[FactProblem, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ReleaseInfo(Report):
    """One release that is kept; times are ISO 8601, `refused` says why it was not served when it was learned."""

    release_id: str
    published: str
    as_of: str
    users: int
    statements: int
    bytes: int
    current: bool = False
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseList(Report):
    """Every release that is kept, newest first."""

    current: str | None
    releases: tuple[ReleaseInfo, ...]


@dataclass(frozen=True, slots=True)
class ReleaseSwitch(Report):
    """Which release is served now, which one was before, and why the one that is had been refused, where it had."""

    release_id: str
    previous_id: str | None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class DiffReport(Report):
    """What changed from release `a` to release `b`.

    Args:
        a: the older release.
        b: the newer release.
        lines: what changed for whom, in words; bounded, the last line says what was left out.
        changes: the same as data.
    """

    a: str
    b: str
    lines: tuple[str, ...]
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GcReport(Report):
    """What was removed and what was passed over."""

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    in_use: tuple[str, ...]
    freed_bytes: int
