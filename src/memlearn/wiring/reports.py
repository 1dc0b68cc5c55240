"""What the verbs report: frozen values that a program reads as JSON and the CLI renders for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class _Report:
    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values, field by field."""
        return asdict(self)


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
class AgentPlan(_Report):
    """What an agent would take, told without asking it.

    Args:
        steps: steps to do, of rows that are in the store.
        more_steps: steps of rows that are still to be read, estimated.
        input_tokens: of first requests, about: a fourth of their bytes.
        output_tokens: of answers of usual length, about.
        cost: about, in the currency of the prices; None: there are no prices.
        cost_most: the most that all turns of all steps could cost; None: there are no prices.
        currency: of the prices.
        basis: how the figures were found, in words.
    """

    steps: int
    more_steps: int
    input_tokens: int
    output_tokens: int
    cost: str | None
    cost_most: str | None
    currency: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class PlanReport(_Report):
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
class AgentReport(_Report):
    """What the agent did in a learn run.

    Args:
        steps_done: steps in which the model was asked, or its earlier answers were taken from the journal.
        steps_reused: steps that were done by an earlier run.
        steps_skipped: steps without an answer after the last attempt; `--retry-skipped` does them again.
        refused_edits: edits of the model that stayed refused.
        cost: what counts as spent, in the currency of the prices.
        perhaps: the part of it that nobody can confirm.
        possibly_paid_requests: requests of earlier runs that were under way when their process died.
        stopped: why the run stopped before all steps were done; None: it did not.
        unfinished_users: users with steps left; the next run goes on with them.
        skipped: the first skipped steps, as `user: reason`.
    """

    steps_done: int
    steps_reused: int
    steps_skipped: int
    refused_edits: int
    cost: str
    perhaps: str
    possibly_paid_requests: int
    stopped: str | None = None
    unfinished_users: int = 0
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnReport(_Report):
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

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> LearnReport:
        """A report from what `to_json` gave, plan apart."""
        agent = data.get("agent")
        return cls(**{**data, "agent": None if agent is None else AgentReport(**agent)})


@dataclass(frozen=True, slots=True)
class RefusedCall(_Report):
    """A call of the model that changed nothing.

    Args:
        call: as the model made it.
        reason: as it was told.
        mended: True where a later call of the step changed the same block.
    """

    call: str
    reason: str
    mended: bool


@dataclass(frozen=True, slots=True)
class ExchangeView(_Report):
    """A request and its answer.

    Args:
        turn: of the step's conversation, from 0.
        asked: the messages that are new in it, as `role: text`.
        answered: text and calls of the answer.
    """

    turn: int
    asked: tuple[str, ...]
    answered: str


@dataclass(frozen=True, slots=True)
class StepView(_Report):
    """One step of the agent.

    Args:
        chunk: number of the user's chunk, from 0.
        run_id: the run that did it.
        version: of the agent.
        outcome: `done`; `silent` and `declined`: the model wrote nothing; `skipped`: there was no answer.
        reason: why it was skipped.
        events: rows that it was given.
        accepted: what changed, in words.
        refused: calls that changed nothing.
        requests: that were sent for it.
        cost: in the currency of the prices.
        perhaps: the part of it that nobody can confirm.
        exchanges: requests and answers, where they were asked for.
    """

    chunk: int
    run_id: str
    version: str
    outcome: str
    reason: str | None
    events: int
    accepted: tuple[str, ...]
    refused: tuple[RefusedCall, ...]
    requests: int
    cost: str
    perhaps: str
    exchanges: tuple[ExchangeView, ...] = ()


@dataclass(frozen=True, slots=True)
class StepsReport(_Report):
    """The agent's steps of a user.

    Args:
        user_id: the user.
        steps: in order of their chunks.
    """

    user_id: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True)
class ReplayReport(_Report):
    """A run again, without a request.

    Args:
        run_id: the run.
        release_id: what it published.
        content_digest: of that.
        replayed_digest: of what the replay made.
        answers: answers that were taken from the journals.
        same: True where both are the same.
        missing: what was asked and is in no journal; None: nothing.
    """

    run_id: str
    release_id: str
    content_digest: str
    replayed_digest: str
    answers: int
    same: bool
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class CitedRow(_Report):
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
class StatementView(_Report):
    """One line of a block.

    Args:
        text: what a person reads.
        fact: the typed fact, flat; None where there is none.
        evidence: rows, statistic, passages or operator, as published.
        status: `verified` or `hypothesis`.
        rows: the cited rows; empty unless evidence was asked for.
    """

    text: str
    fact: dict[str, Any] | None
    evidence: dict[str, Any]
    status: str = "verified"
    rows: tuple[CitedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockView(_Report):
    """A block of memory with its lines; `limit` counts characters of `value`."""

    label: str
    description: str
    limit: int
    read_only: bool
    shared: bool
    value: str
    statements: tuple[StatementView, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry(_Report):
    """What one release changed for the user: lines that came and lines that went."""

    release_id: str
    as_of: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserView(_Report):
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
class RecommendedItem(_Report):
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
class Recommendation(_Report):
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
class FactProblem(_Report):
    """A published fact that the rows do not bear out."""

    user_id: str
    label: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyReport(_Report):
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
class RunSummary(_Report):
    """One run as the ledger remembers it; times are ISO 8601 UTC. `state` is `running`, `done`, `failed` or `killed`."""

    run_id: str
    state: str
    started: str
    ended: str | None = None
    release_id: str | None = None
    steps_done: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class PendingDelivery(_Report):
    """A file or query that the current release has not read.

    Args:
        source: name of the source.
        name: the file, relative to the config (a document: to its folder), or `sql`.
        reason: `new`, `changed`, `touched` (its time changed, and it is too large to compare its content here) or `gone`.
        since: when the file was last changed, ISO 8601 UTC; None where that is not known.
    """

    source: str
    name: str
    reason: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class SourceProblem(_Report):
    """A source that cannot be looked at: what is wrong, and the way out."""

    source: str
    message: str


@dataclass(frozen=True, slots=True)
class StatusReport(_Report):
    """What is learned, what is pending and since when.

    Args:
        store: folder of the store.
        release_id: the current release; None where nothing was published.
        as_of: the instant it was learned up to, ISO 8601.
        published: when it was published, ISO 8601 UTC.
        users: users it holds.
        events: events it was learned from.
        statements: statements it holds.
        running: the run at work now, with its progress as `message`; None where none is.
        pending: what the current release has not read, of all sources; also what a run at work is reading.
        problems: sources that cannot be looked at; a run would stop at them.
        config_changed: True where the current release was learned with another config.
        rolled_back: True where the current release is not the one learned last; what is pending is told of that one.
        runs: the last runs, newest first.
    """

    store: str
    release_id: str | None
    as_of: str | None
    published: str | None
    users: int
    events: int
    statements: int
    running: RunSummary | None = None
    pending: tuple[PendingDelivery, ...] = ()
    problems: tuple[SourceProblem, ...] = ()
    config_changed: bool = False
    rolled_back: bool = False
    runs: tuple[RunSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseInfo(_Report):
    """One published release; times are ISO 8601."""

    release_id: str
    published: str
    as_of: str
    users: int
    statements: int
    bytes: int
    current: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseList(_Report):
    """Every release that is kept, newest first."""

    current: str | None
    releases: tuple[ReleaseInfo, ...]


@dataclass(frozen=True, slots=True)
class ReleaseSwitch(_Report):
    """Which release is served now, and which one was before."""

    release_id: str
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class DiffReport(_Report):
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
class GcReport(_Report):
    """What was removed and what was passed over."""

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    in_use: tuple[str, ...]
    freed_bytes: int
