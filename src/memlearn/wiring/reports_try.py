"""What `try` reports."""

from __future__ import annotations

from dataclasses import dataclass

from memlearn.wiring.report import Report


@dataclass(frozen=True, slots=True)
class TriedLine(Report):
    """A line of a block.

    Args:
        text: what a person reads.
        status: `verified` or `hypothesis`.
        written: True where the agent wrote it; False where the embedded manager counted it.
    """

    text: str
    status: str
    written: bool


@dataclass(frozen=True, slots=True)
class TriedBlock(Report):
    """A block that was found, or that would be published."""

    label: str
    limit: int
    lines: tuple[TriedLine, ...]


@dataclass(frozen=True, slots=True)
class TriedUser(Report):
    """A user's blocks, before and after.

    Args:
        user_id: the user.
        before: as the current release has them; empty where it does not know the user.
        after: for each variant, in their order.
    """

    user_id: str
    before: tuple[TriedBlock, ...]
    after: tuple[tuple[TriedBlock, ...], ...]


@dataclass(frozen=True, slots=True)
class TriedRefusal(Report):
    """A call of the model that changed nothing.

    Args:
        user_id, chunk: of which step.
        call: as the model made it.
        reason: as it was told.
        code: the sort of reason.
        mended: True where a later call of the step changed the same block.
    """

    user_id: str
    chunk: int
    call: str
    reason: str
    code: str
    mended: bool


@dataclass(frozen=True, slots=True)
class Variant(Report):
    """What came of one prompt and one model.

    Args:
        name: as a column is headed.
        model: as the endpoint knows it.
        prompt: the file of the system prompt; None: that of the config.
        steps: that were done.
        steps_skipped: that got no answer.
        statements: lines that were accepted.
        refused_edits: calls that stayed refused.
        refusals: all calls that were refused, also those that were mended later.
        requests: that were sent.
        reused_answers: answers that the store's journals held; they cost nothing now.
        input_tokens, cached_tokens, output_tokens: of all answers, as the provider counted; cached ones are part of the input.
        cost: of all answers, also of the reused ones, in the currency of the prices; None: the model has no prices.
        paid: what was spent on it now.
        currency: of its prices; None: it has none.
        stopped: why it stopped before everything was read; None: it did not.
        unpublished_lines: lines that were accepted and would not be published.
    """

    name: str
    model: str
    prompt: str | None
    steps: int
    steps_skipped: int
    statements: int
    refused_edits: int
    refusals: tuple[TriedRefusal, ...]
    requests: int
    reused_answers: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost: str | None
    paid: str
    currency: str | None
    stopped: str | None
    unpublished_lines: int = 0


@dataclass(frozen=True, slots=True)
class TryReport(Report):
    """What several prompts and models make of some users.

    Args:
        release_id: the release that `before` is of; None where nothing was published.
        variants: the configured one first.
        users: as they were named.
        seconds: wall-clock duration.
        warnings: what should be looked at, one line each.
    """

    release_id: str | None
    variants: tuple[Variant, ...]
    users: tuple[TriedUser, ...]
    seconds: float
    warnings: tuple[str, ...] = ()
