"""What `status` reports."""

from __future__ import annotations

from dataclasses import dataclass

from memlearn.wiring.report import Report
from memlearn.wiring.reports_agent import AgentStatus


@dataclass(frozen=True, slots=True)
class RunSummary(Report):
    """One run as the ledger remembers it; times are ISO 8601 UTC. `state` is `running`, `done`, `failed` or `killed`.

    `cost` is what its agent spent, in the currency of the prices; None where no agent was at work, or while a run is.
    """

    run_id: str
    state: str
    started: str
    ended: str | None = None
    release_id: str | None = None
    steps_done: int = 0
    message: str = ""
    cost: str | None = None


@dataclass(frozen=True, slots=True)
class PendingDelivery(Report):
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
class WaitingUsers(Report):
    """Users whose rows are read and whom the next run for everybody learns, as after a run for other users.

    Args:
        users: how many.
        apart: how many of them a run that named them has learned since, apart from everybody else.
        since: time of their first event that is not learned with everybody, ISO 8601 UTC; None where what is given about them changed, and no event.
    """

    users: int
    apart: int = 0
    since: str | None = None


@dataclass(frozen=True, slots=True)
class SourceProblem(Report):
    """A source that cannot be looked at: what is wrong, and the way out."""

    source: str
    message: str


@dataclass(frozen=True, slots=True)
class StatusReport(Report):
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
        waiting: users whose rows are read and not learned with everybody; None where there are none, and while a run is at work.
        problems: sources that cannot be looked at; a run would stop at them.
        config_changed: True where the current release was learned with another config.
        rolled_back: True where the current release is not the one learned last; what is pending is told of that one.
        runs: the last runs, newest first.
        agent: what the agent cost; None where none was ever at work, and while a run is.
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
    waiting: WaitingUsers | None = None
    problems: tuple[SourceProblem, ...] = ()
    config_changed: bool = False
    rolled_back: bool = False
    runs: tuple[RunSummary, ...] = ()
    agent: AgentStatus | None = None
