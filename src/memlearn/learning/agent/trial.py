"""Try agents on some users, each from the first chunk on, in a store beside the store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from memlearn.learning.agent.money import Rates
from memlearn.learning.agent.recorded import Recorded
from memlearn.learning.agent.sender import Asked
from memlearn.learning.agent.stage import Agent, Totals
from memlearn.learning.agent.unpublished import PART as UNPUBLISHED
from memlearn.learning.agent.unpublished import UnpublishedLine
from memlearn.learning.fold import pick_up
from memlearn.learning.job import Job
from memlearn.learning.render import part_files
from memlearn.learning.run import LearnRun, open_run
from memlearn.learning.scratch import scratch_store
from memlearn.llm.messages import ChatReply, Usage
from memlearn.store.journal import read_segment
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.namesakes import unknown_user
from memlearn.store.parts import read_part

_TABLES = ("agent_steps", "agent_costs", "agent_due", "agent_requests", "journals")


@dataclass(frozen=True, slots=True)
class TriedLine:
    """A line that would be published.

    Args:
        label: of its block.
        text: the line.
        status: `verified` or `hypothesis`.
        written: True where the agent wrote it, False where it was counted.
    """

    label: str
    text: str
    status: str
    written: bool


@dataclass(frozen=True, slots=True)
class TriedRefusal:
    """A call that changed nothing, as the books keep it, and whose step it was."""

    user_id: str
    chunk: int
    call: str
    reason: str
    code: str
    mended: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one agent.

    Args:
        totals: how its stage went; `cost` of it is what was paid now.
        lines: user → what would be published of them.
        statements: lines that were accepted.
        refusals: calls that changed nothing.
        requests: that were sent.
        reused: answers that were taken from the store's journals and cost nothing now.
        input_tokens, cached_tokens, output_tokens: of all answers, as the provider counted; cached ones are part of the input.
        cost: units of money that all answers cost at the agent's prices; None: it has none.
        unpublished: lines that were accepted and would not be published.
    """

    totals: Totals
    lines: Mapping[str, tuple[TriedLine, ...]]
    statements: int
    refusals: tuple[TriedRefusal, ...]
    requests: int
    reused: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost: int | None
    unpublished: tuple[UnpublishedLine, ...]


@dataclass(slots=True)
class _Earlier:
    """Answers of the store's journals, and what those that were taken had used."""

    recorded: Recorded
    used: list[Usage | None] = field(default_factory=list)

    def known(self, asked: Asked, digest: str) -> ChatReply | None:
        """The answer to a request."""
        reply = self.recorded.known(asked, digest)
        if reply is not None:
            self.used.append(reply.usage)
        return reply


def try_agents(job: Job, agents: Sequence[Agent], cap: int | None, tell: Callable[[int], None]) -> tuple[dict[str, list[str]], list[Trial]]:
    """Let agents read some users' rows, one agent after the other.

    Args:
        job: of the config, with the users; nothing of its store is changed.
        agents: to be tried.
        cap: units of money that all of them may spend together; None: no cap.
        tell: told the number of each agent before it begins.

    Returns:
        User → lines that the store's agent has written of them; and what came of each agent.

    Raises:
        BusyError: a learn run works on the store.
        UnknownUserError: a user has no rows.
    """
    found: list[Trial] = []
    with scratch_store(job) as layout, open_run(replace(job, layout=layout, agent=agents[0])) as run:
        run.ingest()
        run.fold()
        _check_users(run)
        run.share()
        before = {user: sorted(texts) for user, texts in _written(run.ledger, run.job.users or ()).items()}
        earlier = Recorded.read(job.layout, run.ledger, job.users)
        for number, agent in enumerate(agents):
            tell(number)
            left = None if cap is None else max(0, cap - sum(trial.totals.cost for trial in found))
            found.append(_try(run, replace(agent, cap=left), _Earlier(earlier)))
    return before, found


def _check_users(run: LearnRun) -> None:
    """Nobody is paid for before it is known that everybody who is named is there."""
    there = pl.concat([pick_up(run.folder / "fold", shard, "steps").select(pl.col("user_id").cast(pl.String)) for shard in run.shard_ids()])
    for user_id in run.job.users or ():
        if user_id not in there["user_id"]:
            raise unknown_user(run.job.layout, user_id)


def _try(run: LearnRun, agent: Agent, earlier: _Earlier) -> Trial:
    _forget(run)
    run.job = replace(run.job, agent=replace(agent, known=earlier.known))
    run.learn_by_agent()
    run.render()
    totals = run.agent
    assert totals is not None
    requests, used = _sent(run.job.layout)
    told = [usage for usage in (*used, *earlier.used) if usage is not None]
    rates = None if agent.config.prices is None else Rates.of(agent.config.prices)
    users = run.job.users or ()
    return Trial(
        totals=totals,
        lines=_lines(run, _written(run.ledger, users)),
        statements=int(run.ledger.fetch("select coalesce(sum(statements), 0)::bigint as n from agent_costs").item()),
        refusals=tuple(_refusals(run.ledger)),
        requests=requests,
        reused=len(earlier.used),
        input_tokens=sum(usage.input for usage in told),
        cached_tokens=sum(usage.cached for usage in told),
        output_tokens=sum(usage.output for usage in told),
        cost=None if rates is None else sum(rates.cost(usage) for usage in told) + totals.perhaps,
        unpublished=tuple(UnpublishedLine(*row) for file in part_files(run.folder, UNPUBLISHED) for row in read_part(file).iter_rows()),
    )


def _forget(run: LearnRun) -> None:
    """Nothing of another agent's steps is left."""
    with run.ledger.transaction():
        for table in _TABLES:
            run.ledger.execute(f"delete from {table}")
    shutil.rmtree(run.job.layout.journals, ignore_errors=True)
    shutil.rmtree(run.folder / "parts", ignore_errors=True)


def _written(ledger: Ledger, users: Sequence[str]) -> dict[str, set[str]]:
    """User → the lines that the last of their steps has left."""
    query = "select user_id, arg_max(blocks, chunk) as blocks from agent_steps where user_id in (select unnest(?)) group by user_id"
    held = ledger.fetch(query, [list(users)])
    return {user_id: {line["text"] for lines in json.loads(blocks).values() for line in lines} for user_id, blocks in held.iter_rows()}


def _lines(run: LearnRun, written: Mapping[str, set[str]]) -> dict[str, tuple[TriedLine, ...]]:
    columns = ["user_id", "label", "line", "text", "status"]
    parts = [read_part(file, columns) for file in part_files(run.folder, "statements")]
    lines: dict[str, list[TriedLine]] = {user: [] for user in run.job.users or ()}
    for user_id, label, _, text, status in pl.concat(parts).sort("user_id", "label", "line").iter_rows() if parts else ():
        lines[user_id].append(TriedLine(str(label), text, str(status), text in written.get(user_id, ())))
    return {user: tuple(told) for user, told in lines.items()}


def _refusals(ledger: Ledger) -> Iterator[TriedRefusal]:
    for user_id, chunk, refused in ledger.fetch("select user_id, chunk, refused from agent_steps order by user_id, chunk").iter_rows():
        for call in json.loads(refused):
            yield TriedRefusal(user_id, chunk, call["call"], call["reason"], call["code"], call["mended"])


def _sent(layout: StoreLayout) -> tuple[int, list[Usage | None]]:
    """Requests that were sent, and what their answers used."""
    requests, used = 0, []
    for path in sorted(layout.journals.glob("*.journal")):
        for _, record in read_segment(path):
            requests += record["type"] == "intent"
            if record["type"] == "reply":
                used.append(ChatReply.of_json(record["reply"]).usage)
    return requests, used
