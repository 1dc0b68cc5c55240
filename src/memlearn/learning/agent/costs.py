"""What the agent cost, in the ledger: by run, user, block and accepted statement. Nothing is ever taken out of these books."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from memlearn.learning.agent.names import DOCUMENT_SHARD, document_name
from memlearn.learning.agent.unpublished import UnpublishedLine, read_unpublished
from memlearn.memory import Edit
from memlearn.store.ledger import Ledger

if TYPE_CHECKING:
    from memlearn.learning.agent.run import FinishedStep

_SCHEMA = pl.Schema(
    {
        "run_id": pl.String,
        "user_id": pl.String,
        "chunk": pl.Int32,
        "label": pl.String,
        "statements": pl.Int32,
        "requests": pl.Int32,
        "cost": pl.Int64,
        "perhaps": pl.Int64,
    }
)
_SUMS = (
    "sum(cost)::bigint as cost, sum(perhaps)::bigint as perhaps, sum(statements)::bigint as statements, sum(requests)::bigint as requests"
)


_ALL = (
    "coalesce(sum(cost), 0)::bigint as cost, coalesce(sum(perhaps), 0)::bigint as perhaps, coalesce(sum(statements), 0)::bigint as statements,"
    " coalesce(sum(requests), 0)::bigint as requests"
)
_OF_DOCUMENTS = f"starts_with(user_id, '{document_name('')}')"


@dataclass(frozen=True, slots=True)
class Cost:
    """What something cost.

    Args:
        name: the user, block or run; None: steps that changed nothing, or that did not end.
        cost: units of money.
        perhaps: units of it that nobody can confirm.
        statements: lines that were accepted for it.
    """

    name: str | None
    cost: int
    perhaps: int
    statements: int


@dataclass(frozen=True, slots=True)
class Costs:
    """What the agent cost so far, and what it has not read.

    Args:
        requests: that were sent.
        total: over everything.
        users: the dearest, dearest first.
        documents: what reading documents cost.
        blocks: by label, dearest first.
        runs: run → units of money, and those of them that nobody can confirm.
        unfinished: users with steps that are still to be done.
        unfinished_documents: documents with such steps.
        skipped: steps that stand without an answer.
        first_skipped: user or document, as in the books, and reason of the first of them.
        unpublished: lines that were accepted and are not in the release.
        first_unpublished: the first of them.
    """

    requests: int
    total: Cost
    users: tuple[Cost, ...]
    documents: Cost
    blocks: tuple[Cost, ...]
    runs: Mapping[str, tuple[int, int]]
    unfinished: int
    unfinished_documents: int
    skipped: int
    first_skipped: tuple[str, str] | None
    unpublished: int
    first_unpublished: UnpublishedLine | None


def write_costs(ledger: Ledger, finished: Sequence[FinishedStep], run_id: str) -> None:
    """Enter what finished steps cost, in each run that paid for them, divided over the blocks that they changed by the lines written there."""
    rows = [row for step in finished for row in _rows(step, run_id)]
    ledger.append("agent_costs", pl.DataFrame(rows, schema=_SCHEMA))


def write_unfinished(ledger: Ledger, spent: Mapping[str, tuple[int, int]]) -> None:
    """Enter what was spent on steps that did not end: what the journal of each run says, less what is entered for that run.

    Args:
        ledger: the books.
        spent: run → units of money that its journal holds, and those of them that nobody can confirm.
    """
    query = f"select run_id, {_SUMS} from agent_costs where run_id in (select unnest(?)) group by run_id"
    entered = {row["run_id"]: (int(row["cost"]), int(row["perhaps"])) for row in ledger.fetch(query, [sorted(spent)]).iter_rows(named=True)}
    rows = []
    for run_id, (cost, perhaps) in sorted(spent.items()):
        cost_entered, perhaps_entered = entered.get(run_id, (0, 0))
        left = max(0, cost - cost_entered)
        doubtful = min(left, max(0, perhaps - perhaps_entered))
        if left:
            rows.append(_row(run_id, cost=left, perhaps=doubtful))
    ledger.append("agent_costs", pl.DataFrame(rows, schema=_SCHEMA))


def _rows(step: FinishedStep, run_id: str) -> Iterator[dict[str, Any]]:
    edits = () if step.result is None else step.result.accepted
    weights: dict[str | None, int] = {}
    for edit in edits:
        weights[edit.label] = weights.get(edit.label, 0) + max(1, len(edit.statements))
    labels = list(weights) or [None]
    for run, spent in ((run_id, step.spent), *step.earlier.items()):
        costs = divide(spent.cost, [weights.get(label, 1) for label in labels])
        doubtful = divide(spent.perhaps, [weights.get(label, 1) for label in labels])
        for at, label in enumerate(labels):
            # The lines were written by the run that came to the step's end.
            written = _lines(edits, label) if run == run_id else 0
            requests = spent.requests if at == 0 else 0
            yield _row(run, step.user_id, step.chunk, label, statements=written, requests=requests, cost=costs[at], perhaps=doubtful[at])


def _row(
    run_id: str,
    user_id: str | None = None,
    chunk: int | None = None,
    label: str | None = None,
    *,
    statements: int = 0,
    requests: int = 0,
    cost: int = 0,
    perhaps: int = 0,
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "user_id": user_id,
        "chunk": chunk,
        "label": label,
        "statements": statements,
        "requests": requests,
        "cost": cost,
        "perhaps": perhaps,
    }


def divide(amount: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of an amount in proportion to weights; their sum is the amount.

    Args:
        amount: units, at least 0.
        weights: at least 1 each.
    """
    whole = sum(weights)
    ends = [amount * sum(weights[: at + 1]) // whole for at in range(len(weights))]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _lines(edits: Sequence[Edit], label: str | None) -> int:
    return sum(len(edit.statements) for edit in edits if edit.label == label)


def read_costs(ledger: Ledger, dearest: int = 10) -> Costs | None:
    """What the agent cost, from the ledger; None where no agent was ever at work.

    Args:
        ledger: the books.
        dearest: so many users are named.
    """
    total = ledger.fetch(f"select {_SUMS}, count(*) as entries from agent_costs").row(0, named=True)
    if not total["entries"]:
        return None
    users = ledger.fetch(
        f"select user_id as name, {_SUMS} from agent_costs where user_id is not null and not {_OF_DOCUMENTS} group by user_id"
        " order by cost desc, user_id limit ?",
        [dearest],
    )
    documents = ledger.fetch(f"select {_ALL} from agent_costs where {_OF_DOCUMENTS}").row(0, named=True)
    blocks = ledger.fetch(f"select label as name, {_SUMS} from agent_costs group by label order by cost desc, label")
    runs = ledger.fetch(f"select run_id, {_SUMS} from agent_costs group by run_id order by run_id")
    skipped, first_skipped = read_skipped(ledger)
    query = "select count(distinct user_id) filter (shard <> ?), count(distinct user_id) filter (shard = ?) from agent_due where reason = 'unfinished'"
    unfinished, unfinished_documents = ledger.fetch(query, [DOCUMENT_SHARD, DOCUMENT_SHARD]).row(0)
    lines, first = read_unpublished(ledger, most=1)
    return Costs(
        requests=int(total["requests"]),
        total=_cost({"name": None, **total}),
        users=tuple(_cost(row) for row in users.iter_rows(named=True)),
        blocks=tuple(_cost(row) for row in blocks.iter_rows(named=True)),
        runs={row["run_id"]: (int(row["cost"]), int(row["perhaps"])) for row in runs.iter_rows(named=True)},
        documents=_cost({"name": None, **documents}),
        unfinished=int(unfinished),
        unfinished_documents=int(unfinished_documents),
        skipped=skipped,
        first_skipped=first_skipped,
        unpublished=lines,
        first_unpublished=first[0] if first else None,
    )


def read_skipped(ledger: Ledger) -> tuple[int, tuple[str, str] | None]:
    """How many steps stand without an answer; and the user or document, as in the books, and the reason of the first of them."""
    query = "select user_id, reason, count(*) over () as n from agent_steps where outcome = 'skipped' order by user_id, chunk limit 1"
    first = ledger.fetch(query)
    return (0, None) if first.is_empty() else (int(first["n"][0]), (str(first["user_id"][0]), str(first["reason"][0])))


def _cost(row: Mapping[str, Any]) -> Cost:
    return Cost(row["name"], int(row["cost"]), int(row["perhaps"]), int(row["statements"]))


def failed_calls(ledger: Ledger, run_id: str) -> int:
    """Calls of a run that failed in a function of the operator."""
    query = 'select coalesce(sum(len(string_split(refused, \'"code":"tool"\')) - 1), 0)::bigint as n from agent_steps where run_id = ?'
    return int(ledger.fetch(query, [run_id]).item())
