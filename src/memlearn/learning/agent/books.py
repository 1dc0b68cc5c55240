"""The agent's steps in the ledger: what stands of each user, what was accepted, refused and spent, and who waits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from memlearn.learning.agent.chain import Done
from memlearn.learning.agent.conversation import StepResult
from memlearn.learning.agent.costs import write_costs
from memlearn.learning.agent.replaced import replace_steps
from memlearn.learning.agent.run import FinishedStep
from memlearn.learning.agent.sender import Spent
from memlearn.memory import Block, BlockSpec, Edit, Evidence, Fact, Statement
from memlearn.store.ledger import Ledger

_SCHEMA = pl.Schema(
    {
        "user_id": pl.String,
        "shard": pl.Int32,
        "chunk": pl.Int32,
        "given": pl.Binary,
        "step_key": pl.Binary,
        "version": pl.String,
        "outcome": pl.String,
        "reason": pl.String,
        "events": pl.Int32,
        "run_id": pl.String,
        "blocks": pl.String,
        "accepted": pl.String,
        "refused": pl.String,
        "requests": pl.Int32,
        "input_bytes": pl.Int64,
        "cost": pl.Int64,
        "perhaps": pl.Int64,
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A user's steps in the ledger.

    Args:
        steps: in order of their chunks.
        blocks: the blocks that each has left, as JSON.
    """

    steps: tuple[Done, ...]
    blocks: tuple[str, ...]


NOBODY = Standing((), ())


def read_standing(ledger: Ledger, shard: int, users: Sequence[str] | None = None) -> dict[str, Standing]:
    """The agent steps of a shard's users, or of some of them."""
    query = "select user_id, given, version, step_key, outcome, blocks from agent_steps where shard = ? order by user_id, chunk"
    rows = ledger.fetch(query, [shard])
    if users is not None:
        rows = rows.filter(pl.col("user_id").is_in(list(users)))
    found: dict[str, tuple[list[Done], list[str]]] = {}
    for user_id, given, version, key, outcome, blocks in rows.iter_rows():
        steps, texts = found.setdefault(user_id, ([], []))
        steps.append(Done(given, version, key, outcome == "skipped"))
        texts.append(blocks)
    return {user_id: Standing(tuple(steps), tuple(texts)) for user_id, (steps, texts) in found.items()}


def write_steps(ledger: Ledger, finished: Sequence[tuple[FinishedStep, int, int]], version: str, run_id: str) -> None:
    """Enter steps in one transaction; a user's steps from the same chunk on, which they replace, are laid by.

    Args:
        ledger: the books.
        finished: each step with its shard and its number of events.
        version: of the agent that did them, where a step does not name its own.
        run_id: the run.
    """
    rows = [_row(step, shard, events, version, run_id) for step, shard, events in finished]
    if not rows:
        return
    frame = pl.DataFrame(rows, schema=_SCHEMA)
    first = frame.group_by("user_id").agg(pl.col("chunk").min())
    with ledger.transaction():
        replace_steps(ledger, first["user_id"].to_list(), first["chunk"].to_list(), run_id)
        ledger.append("agent_steps", frame)
        # What was paid stays paid, also for steps that are done again.
        write_costs(ledger, [step for step, _, _ in finished], run_id)


def forget_steps(ledger: Ledger, keys: Iterable[bytes]) -> None:
    """Take back steps, and a user's steps after them."""
    with ledger.transaction():
        for key in keys:
            ledger.execute(
                "delete from agent_steps using (select user_id as u, chunk as c from agent_steps where step_key = ?) taken"
                " where user_id = taken.u and chunk >= taken.c",
                [key],
            )


def dump_blocks(blocks: Iterable[Block]) -> str:
    """Blocks as JSON: label → lines; read-only ones are given, so they are left out."""
    lines = {block.label: [dump_line(line) for line in block.statements] for block in blocks if not block.spec.read_only}
    return json.dumps(lines, ensure_ascii=False, separators=(",", ":"))


def dump_line(line: Statement) -> dict[str, Any]:
    """A line as JSON values; `load_line` gives it back."""
    fact = {} if line.fact is None else {"fact": [line.fact.kind, line.fact.dim, line.fact.key, line.fact.values]}
    return {"text": line.text, "evidence": line.evidence.to_json(), "status": line.status, **fact}


def load_line(data: Mapping[str, Any]) -> Statement:
    """A line from what `dump_line` gave."""
    evidence = data["evidence"]
    return Statement(
        data["text"],
        Evidence(
            tuple(evidence.get("rows", ())), evidence.get("statistic"), tuple(evidence.get("passages", ())), evidence.get("operator", False)
        ),
        Fact(*data["fact"]) if "fact" in data else None,
        data["status"],
    )


def load_blocks(text: str, specs: Iterable[BlockSpec]) -> tuple[Block, ...]:
    """Blocks from what `dump_blocks` gave; of a block that is specified no more nothing is left."""
    lines = json.loads(text)
    return tuple(Block(spec, tuple(load_line(line) for line in lines.get(spec.label, ()))) for spec in specs)


def _row(step: FinishedStep, shard: int, events: int, version: str, run_id: str) -> dict[str, Any]:
    result, spent = step.result, step.spent_in_all
    return {
        "user_id": step.user_id,
        "shard": shard,
        "chunk": step.chunk,
        "given": step.given,
        "step_key": step.key,
        "version": step.version or version,
        "outcome": step.outcome,
        "reason": step.reason,
        "events": events,
        "run_id": run_id,
        "blocks": dump_blocks(step.blocks),
        "accepted": _accepted(result),
        "refused": _refused(result),
        **_spent(spent),
    }


def _spent(spent: Spent) -> dict[str, int]:
    return {"requests": spent.requests, "input_bytes": spent.input_bytes, "cost": spent.cost, "perhaps": spent.perhaps}


def _accepted(result: StepResult | None) -> str:
    return json.dumps([] if result is None else [dump_edit(edit) for edit in result.accepted], ensure_ascii=False, separators=(",", ":"))


def dump_edit(edit: Edit) -> dict[str, Any]:
    """An edit as JSON values."""
    return {"operation": edit.operation, "label": edit.label, "line": edit.line, "lines": [dump_line(line) for line in edit.statements]}


def _refused(result: StepResult | None) -> str:
    calls = [] if result is None else result.refused
    told = [
        {"turn": call.turn, "call": call.call, "reason": call.reason, "label": call.label, "mended": call.mended, "code": call.code}
        for call in calls
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
