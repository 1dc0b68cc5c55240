"""What the verbs of the agent report."""

from __future__ import annotations

from dataclasses import dataclass

from memlearn.wiring.report import Report


@dataclass(frozen=True, slots=True)
class AgentPlan(Report):
    """What an agent would take, told without asking it.

    Args:
        steps: steps to do, of users' rows and of documents.
        input_tokens: of first requests, about: a fourth of their bytes.
        output_tokens: of answers of usual length, about.
        cost: about, in the currency of the prices; None: there are no prices.
        cost_most: the most that all turns of all steps could cost; None: there are no prices.
        currency: of the prices.
        basis: how the figures were found, in words.
        waves: in batch mode the waves where nothing has to be mended; None: requests are sent one by one.
        waves_most: where every step takes all its turns.
        hours_most: the worst case for all of them: each wave takes the provider's 24 hours.
    """

    steps: int
    input_tokens: int
    output_tokens: int
    cost: str | None
    cost_most: str | None
    currency: str | None
    basis: str
    waves: int | None = None
    waves_most: int | None = None
    hours_most: int | None = None


@dataclass(frozen=True, slots=True)
class AgentReport(Report):
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
        skipped: the first skipped steps, as `user: reason` or `document: reason`.
        currency: of the prices; None: there are none.
        unfinished_documents: documents with steps left.
        unpublished_lines: lines that were accepted, by this run or before, and are not in the release.
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
    currency: str | None = None
    unfinished_documents: int = 0
    unpublished_lines: int = 0


@dataclass(frozen=True, slots=True)
class CostView(Report):
    """What something cost.

    Args:
        name: the user or the block; None: steps that changed no block, and requests of steps that did not end.
        cost: in the currency of the prices.
        perhaps: the part of it that nobody can confirm.
        statements: lines that were accepted for it.
        cost_per_statement: the mean; None where none was accepted.
    """

    name: str | None
    cost: str
    perhaps: str
    statements: int
    cost_per_statement: str | None


@dataclass(frozen=True, slots=True)
class AgentStatus(Report):
    """What the agent cost so far, over all runs, and what it has not read.

    Args:
        currency: of the prices in the config; None: there are none.
        requests: that were sent.
        total: over everything.
        users: the dearest ones, dearest first.
        blocks: each block's share: the cost of a step is divided over the lines that it wrote.
        unfinished_users: users with steps left, which the next run goes on with.
        steps_skipped: steps that stand without an answer; `--retry-skipped` does them again.
        warnings: what an operator should look at, one line each.
        documents: what reading documents cost; part of the total.
        unfinished_documents: documents with steps left.
        unpublished_lines: lines that were accepted and are not in the release.
    """

    currency: str | None
    requests: int
    total: CostView
    users: tuple[CostView, ...]
    blocks: tuple[CostView, ...]
    unfinished_users: int
    steps_skipped: int
    warnings: tuple[str, ...]
    documents: CostView
    unfinished_documents: int
    unpublished_lines: int = 0


@dataclass(frozen=True, slots=True)
class RefusedCall(Report):
    """A call of the model that changed nothing.

    Args:
        call: as the model made it.
        reason: as it was told.
        code: the sort of reason, in one word, such as `evidence`, `number`, `limit` or `form`.
        mended: True where a later call of the step changed the same block.
    """

    call: str
    reason: str
    code: str
    mended: bool


@dataclass(frozen=True, slots=True)
class ExchangeView(Report):
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
class StepView(Report):
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
class UnpublishedView(Report):
    """A line that was accepted and is not in the release.

    Args:
        label: of its block.
        text: the line.
        reason: why it is not published.
    """

    label: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class StepsReport(Report):
    """The agent's steps of a user.

    Args:
        user_id: the user.
        steps: in order of their chunks.
        unpublished: lines that the steps have left and that are not in the release.
    """

    user_id: str
    steps: tuple[StepView, ...]
    unpublished: tuple[UnpublishedView, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplayReport(Report):
    """A run again, without a request.

    Args:
        run_id: the run.
        release_id: what it published.
        content_digest: of that.
        replayed_digest: of what the replay made.
        answers: answers that were taken from the journals.
        same: True where both are the same.
        problem: why the content is another one; None: it is the same.
        booked: steps of an earlier version of the agent, which cannot be done again; their lines were taken from the ledger.
    """

    run_id: str
    release_id: str
    content_digest: str
    replayed_digest: str
    answers: int
    same: bool
    problem: str | None = None
    booked: int = 0
