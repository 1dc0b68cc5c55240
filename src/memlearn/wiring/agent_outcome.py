"""What the agent's stage and the books of its costs amount to, as reports, and what an operator should look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from memlearn.learning.agent.money import to_amount
from memlearn.learning.agent.names import is_document, told_name
from memlearn.wiring.reports_agent import AgentReport, AgentStatus, CostView

if TYPE_CHECKING:
    from memlearn.learning.agent.costs import Cost, Costs
    from memlearn.learning.agent.stage import Totals
    from memlearn.learning.agent.unpublished import UnpublishedLine
    from memlearn.llm.config import Prices


def agent_report(totals: Totals, prices: Prices | None, unpublished: int) -> AgentReport:
    """How the agent's stage of a run went.

    Args:
        totals: of the stage.
        prices: of the config.
        unpublished: lines that were accepted and are not in the release.
    """
    tally = totals.tally
    return AgentReport(
        steps_done=sum(number for outcome, number in tally.steps.items() if outcome != "skipped"),
        steps_reused=totals.reused,
        steps_skipped=tally.steps.get("skipped", 0),
        refused_edits=totals.refused,
        cost=amount(totals.cost),
        perhaps=amount(totals.perhaps),
        possibly_paid_requests=totals.possibly_paid,
        stopped=tally.stopped,
        unfinished_users=sum(not is_document(name) for name in tally.unfinished),
        unfinished_documents=sum(map(is_document, tally.unfinished)),
        skipped=tuple(f"{name.strip()}: {reason}" for name, reason in totals.skipped),
        currency=None if prices is None else prices.currency,
        unpublished_lines=unpublished,
    )


def agent_warnings(
    totals: Totals,
    skipped: tuple[int, tuple[str, str] | None],
    failed_calls: int,
    unpublished: int,
    first_unpublished: UnpublishedLine | None,
) -> Iterator[str]:
    """What an operator should look at after a run.

    Args:
        totals: how the agent's stage went.
        skipped: how many steps stand without an answer, of this run or an earlier one; user or document, and reason of the first of them.
        failed_calls: calls that failed in a function of the operator.
        unpublished: lines that were accepted and are not in the release.
        first_unpublished: the first of them.
    """
    tally = totals.tally
    users = sum(not is_document(name) for name in tally.unfinished)
    if tally.stopped is not None:
        yield f"The agent stopped before it had read everything: {tally.stopped} {_left(users, len(tally.unfinished) - users)}"
    steps, first = skipped
    if first is not None:
        yield _told_skipped(steps, *first)
    if totals.possibly_paid:
        yield (
            f"{totals.possibly_paid:,} requests were under way when an earlier run died. Nobody can tell whether they were paid, so their highest cost "
            "counts as spent."
        )
    if failed_calls:
        yield (
            f"{failed_calls:,} calls failed in a function under `learning.agent.tools`. `memlearn steps CONFIG USER --json` tells them by the code "
            "`tool`; mend the function, and the agent has a new version."
        )
    if first_unpublished is not None:
        yield _told_unpublished(unpublished, first_unpublished)


def agent_status(costs: Costs, prices: Prices | None, stopped: str | None) -> AgentStatus:
    """What the agent cost, and what it has not read.

    Args:
        costs: of the books.
        prices: of the config.
        stopped: why the last run stopped before all was read.
    """
    warnings = []
    if costs.unfinished or costs.unfinished_documents:
        because = f"The agent stopped before it had read everything: {stopped} " if stopped else ""
        warnings.append(because + _left(costs.unfinished, costs.unfinished_documents))
    if costs.first_skipped is not None:
        warnings.append(_told_skipped(costs.skipped, *costs.first_skipped))
    if costs.first_unpublished is not None:
        warnings.append(_told_unpublished(costs.unpublished, costs.first_unpublished))
    return AgentStatus(
        currency=None if prices is None else prices.currency,
        requests=costs.requests,
        total=_view(costs.total),
        users=tuple(_view(user) for user in costs.users),
        blocks=tuple(_view(block) for block in costs.blocks),
        unfinished_users=costs.unfinished,
        documents=_view(costs.documents),
        unfinished_documents=costs.unfinished_documents,
        steps_skipped=costs.skipped,
        unpublished_lines=costs.unpublished,
        warnings=tuple(warnings),
    )


def amount(units: int) -> str:
    """Units of money as a decimal number of the prices' currency."""
    return f"{to_amount(units):f}"


def _view(cost: Cost) -> CostView:
    mean = amount(cost.cost // cost.statements) if cost.statements else None
    return CostView(cost.name, amount(cost.cost), amount(cost.perhaps), cost.statements, mean)


def _left(users: int, documents: int) -> str:
    who = f"{users:,} users" + (f" and {documents:,} documents" if documents else "")
    return f"{who} have steps left; what is done is kept, and the next `memlearn learn CONFIG` goes on with them."


def _told_skipped(steps: int, name: str, reason: str) -> str:
    return (
        f"{steps:,} steps of the agent have no answer and were left out, the first of {told_name(name)}: {reason} "
        "`memlearn learn CONFIG --retry-skipped` does them again."
    )


def _told_unpublished(lines: int, first: UnpublishedLine) -> str:
    name = told_name(first.user_id)
    return (
        f"{lines:,} accepted lines of the agent are not published, the first in block {first.label!r} of {name}, {first.text!r}: {first.reason}. "
        f"`memlearn steps CONFIG {'SOURCE:PATH' if is_document(first.user_id) else 'USER'}` tells them."
    )
