"""The stage of a learn run in which the agent reads what is new: its steps, side by side, journaled and booked."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from memlearn.learning.agent.answers import Answers
from memlearn.learning.agent.books import forget_steps, write_steps
from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.agent.conversation import OperatorTool, Settings
from memlearn.learning.agent.due import DUE_SCHEMA, mark_waiting
from memlearn.learning.agent.money import Purse, Rates
from memlearn.learning.agent.pace import Pace
from memlearn.learning.agent.prompt import Prompts
from memlearn.learning.agent.run import FinishedStep, Tally, UserSteps, do_users
from memlearn.learning.agent.search import Library, Reader
from memlearn.learning.agent.sender import Client, Known, Sender
from memlearn.learning.agent.step import Check, StepInput
from memlearn.learning.agent.stepper import Forms, Stepper
from memlearn.learning.agent.tools import built_in_tools
from memlearn.learning.agent.version import agent_version, model_settings
from memlearn.learning.agent.work import ShardWork, UserWork
from memlearn.llm.messages import Tool
from memlearn.memory import BlockSpec
from memlearn.store.journal import JournalWriter, Place, Record
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.rows import user_hash

# Steps are booked together: their answers are in the journal, so that a crash loses none of them.
_BOOKED_TOGETHER = 256
_BOOKED_SECONDS = 2.0
_SKIPPED_TOLD = 20

_REQUESTS = pl.Schema(
    {
        "user_id": pl.String,
        "shard": pl.Int32,
        "step_key": pl.Binary,
        "turn": pl.Int32,
        "digest": pl.String,
        "segment": pl.String,
        "intent": pl.Int64,
        "answer": pl.Int64,
    }
)

Say = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent of a run, as it is configured.

    Args:
        config: model and budgets.
        prompts: its texts.
        client: makes what sends its requests, inside the event loop that uses it.
        cap: units of money that the run may spend; None: no cap.
        retry_skipped: do skipped steps again.
        known: answers that were given before, in place of those of the store's journals.
        operator_tools: tools of the operator: what is offered, and the function behind it.
        removed_tools: built-in tools that are not offered.
    """

    config: AgentConfig
    prompts: Prompts
    client: Callable[[], Client]
    cap: int | None = None
    retry_skipped: bool = False
    known: Known | None = None
    operator_tools: tuple[tuple[Tool, OperatorTool], ...] = ()
    removed_tools: tuple[str, ...] = ()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What is offered, in order."""
        own = tuple(tool for tool, _ in self.operator_tools)
        replaced = {tool.name for tool in own} | set(self.removed_tools)
        return (*(tool for tool in built_in_tools() if tool.name not in replaced), *own)

    def version(self, specs: Sequence[BlockSpec]) -> str:
        """The version of its steps."""
        return agent_version(self.config, self.prompts, specs, self.tools)


@dataclass(slots=True)
class _Journal:
    """A journal that is begun with its first record, so that a run without a request leaves none."""

    folder: Path
    name: str
    _writer: JournalWriter | None = None

    def append(self, record: Record) -> Future[Place]:
        """Hand a record over to be written; see `JournalWriter.append`."""
        if self._writer is None:
            self._writer = JournalWriter(self.folder, self.name)
        return self._writer.append(record)

    @property
    def segments(self) -> tuple[str, ...]:
        """The segment, if one was begun."""
        return () if self._writer is None else (self._writer.path.name,)

    def close(self) -> None:
        """Write what waits, and close the segment."""
        if self._writer is not None:
            self._writer.close()


@dataclass(frozen=True, slots=True)
class Totals:
    """How the stage went.

    Args:
        tally: steps by outcome, and why it stopped.
        reused: steps that stood.
        refused: calls that changed nothing and were not mended.
        cost: units of money that count as spent.
        perhaps: units of it that nobody can confirm.
        possibly_paid: requests of earlier runs that were under way when their process died.
        skipped: user and reason of steps without an answer, the first ones.
    """

    tally: Tally
    reused: int
    refused: int
    cost: int
    perhaps: int
    possibly_paid: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class AgentStage:
    """One run's agent stage.

    Args:
        agent: as configured.
        layout: of the store.
        ledger: the books.
        run_id: the run.
        specs: the blocks that the agent writes.
        library: the passages that it may search.
        check: what judges lines.
        say: told steps done, steps known so far, and a word.
    """

    agent: Agent
    layout: StoreLayout
    ledger: Ledger
    run_id: str
    specs: tuple[BlockSpec, ...]
    library: Library
    check: Check
    say: Say
    counts: dict[int, dict[str, int]] = field(default_factory=dict)
    _at_work: dict[str, UserWork] = field(default_factory=dict)
    _finished: list[tuple[FinishedStep, int, int]] = field(default_factory=list)
    _booked_at: float = 0.0
    _done: int = 0
    _known: int = 0
    _reused: int = 0
    _refused: int = 0
    _perhaps: int = 0
    _skipped: list[tuple[bytes, str, str]] = field(default_factory=list)
    _shards: dict[str, int] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version of its steps."""
        return self.agent.version(self.specs)

    def run(self, shards: Sequence[int], find: Callable[[int], ShardWork]) -> Totals:
        """Do the missing steps of some shards' users.

        Args:
            shards: their numbers.
            find: what a shard needs.

        Returns:
            How it went. `counts` tells afterwards how many steps of each user stand, by shard.
        """
        settled = {
            str(segment) for (segment,) in self.ledger.fetch("select segment from journals where settled").iter_rows()
        }
        there = sorted(path.name for path in self.layout.journals.glob("*.journal")) if self.layout.journals.is_dir() else []
        unsettled = [name for name in there if name not in settled]
        answers = Answers.read(self.layout.journals, unsettled)
        journal = _Journal(self.layout.journals, f"{self.run_id}-{secrets.token_hex(3)}")
        purse = Purse(self.agent.cap)
        self._booked_at = time.monotonic()
        try:
            tally = asyncio.run(self._run(shards, find, answers, journal, purse))
        finally:
            journal.close()
            self._book()
        forget_steps(self.ledger, tally.withdrawn)
        self._note_unfinished(tally)
        self._settle([*unsettled, *journal.segments], answers)
        taken_back = set(tally.withdrawn)
        skipped = tuple((user_id, reason) for key, user_id, reason in self._skipped if key not in taken_back)
        return Totals(tally, self._reused, self._refused, purse.spent, self._perhaps, answers.open_requests, skipped[:_SKIPPED_TOLD])

    async def _run(
        self, shards: Sequence[int], find: Callable[[int], ShardWork], answers: Answers, journal: _Journal, purse: Purse
    ) -> Tally:
        config = self.agent.config
        client = self.agent.client()
        sender = Sender(
            client=client,
            model=model_settings(config),
            journal=journal,
            known=self.agent.known or answers.known,
            pace=Pace(config.in_flight, config.requests_per_minute, config.tokens_per_minute),
            purse=purse,
            rates=None if config.prices is None else Rates.of(config.prices),
            attempts=config.attempts,
        )
        settings = Settings(
            prompts=self.agent.prompts,
            specs=self.specs,
            tools=self.agent.tools,
            turns=config.turns,
            max_tokens=config.max_tokens,
            window=config.window,
        )
        forms = Forms("tools" if config.replies == "auto" else config.replies, fixed=config.replies != "auto")
        tools = {tool.name: function for tool, function in self.agent.operator_tools}
        stepper = Stepper(settings, forms, sender.ask, self.check, self._reader, tools)

        async def record(step: FinishedStep) -> None:
            self._record(step, answers)

        with ThreadPoolExecutor(1, "agent work") as pool:
            works = self._works(shards, find, answers, pool)
            try:
                return await do_users(works, stepper.do, record, self.version, side_by_side=config.in_flight)
            finally:
                answers.found += sender.answered
                await client.close()

    def _works(
        self, shards: Sequence[int], find: Callable[[int], ShardWork], answers: Answers, pool: ThreadPoolExecutor
    ) -> Iterator[UserSteps]:
        """The users' steps, shard after shard; the next shard is looked at while one is at work."""
        futures = {number: pool.submit(find, shard) for number, shard in enumerate(shards[:1])}
        for number in range(len(shards)):
            found = futures.pop(number).result()
            if number + 1 < len(shards):
                futures[number + 1] = pool.submit(find, shards[number + 1])
            self.counts[found.shard] = {work.steps.user_id: work.standing for work in found.work}
            mark_waiting(self.ledger, found.shard, found.users, found.waiting)
            answers.add_booked(self.ledger, found.shard, [work.steps.user_id for work in found.work if work.steps.inputs])
            self._reused += sum(work.standing for work in found.work)
            self._known += sum(len(work.steps.inputs) for work in found.work)
            self.say(self._done, self._known, "steps")
            for work in found.work:
                if work.steps.inputs:
                    self._at_work[work.steps.user_id] = work
                    self._shards[work.steps.user_id] = work.shard
                    yield work.steps

    def _reader(self, step: StepInput) -> Reader:
        work = self._at_work[step.user_id]
        before = [row for given in work.steps.inputs if given.chunk < step.chunk for row in given.rows]
        return Reader(step, (*work.earlier, *before), self.library)

    def _record(self, step: FinishedStep, answers: Answers) -> None:
        work = self._at_work[step.user_id]
        given = next(given for given in work.steps.inputs if given.chunk == step.chunk)
        earlier = answers.take_spent(step.key.hex())
        spent = replace(
            step.spent,
            requests=step.spent.requests + earlier.requests,
            cost=step.spent.cost + earlier.cost,
            perhaps=step.spent.perhaps + earlier.perhaps,
        )
        self._finished.append((replace(step, spent=spent), work.shard, len(given.rows)))
        self.counts[work.shard][step.user_id] = step.chunk + 1
        self._done += 1
        self._perhaps += step.spent.perhaps
        if step.reason is not None:
            self._skipped.append((step.key, step.user_id, step.reason))
        if step.result is not None:
            self._refused += sum(not refused.mended for refused in step.result.refused)
        if given is work.steps.inputs[-1]:
            del self._at_work[step.user_id]
        now = time.monotonic()
        if len(self._finished) >= _BOOKED_TOGETHER or now - self._booked_at >= _BOOKED_SECONDS:
            self._book()
            self.say(self._done, self._known, "steps")

    def _book(self) -> None:
        finished, self._finished = self._finished, []
        write_steps(self.ledger, finished, self.version, self.run_id)
        self._booked_at = time.monotonic()

    def _settle(self, segments: Sequence[str], answers: Answers) -> None:
        """Name every answer of some journals in the ledger, so that they need not be read through again."""
        shards = int(self.ledger.fact("shards") or 1)
        users = [one.asked.user_id for one in answers.found]
        places = (user_hash(pl.Series(users, dtype=pl.String)) % np.uint64(shards)).tolist()
        rows = [
            {
                "user_id": one.asked.user_id,
                "shard": shard,
                "step_key": bytes.fromhex(one.asked.step),
                "turn": one.asked.turn,
                "digest": one.digest,
                "segment": one.answer.segment,
                "intent": one.intent.offset,
                "answer": one.answer.offset,
            }
            for one, shard in zip(answers.found, places, strict=True)
        ]
        with self.ledger.transaction():
            self.ledger.append("agent_requests", pl.DataFrame(rows, schema=_REQUESTS) if rows else pl.DataFrame())
            for segment in segments:
                self.ledger.execute("insert or replace into journals values (?, ?, true)", [segment, self.run_id])

    def _note_unfinished(self, tally: Tally) -> None:
        """Whoever has steps left is looked at again by the next run, whatever arrives."""
        if tally.withdrawn:
            for user_id in tally.unfinished:
                shard = self._shards[user_id]
                held = self.ledger.fetch("select count(*) as n from agent_steps where user_id = ? and shard = ?", [user_id, shard]).item()
                self.counts[shard][user_id] = min(self.counts[shard][user_id], held)
        rows = [(user_id, self._shards[user_id], 0, "unfinished") for user_id in tally.unfinished]
        by_shard = pl.DataFrame(rows, schema=DUE_SCHEMA, orient="row")
        for (shard,), users in by_shard.group_by("shard"):
            held = self.ledger.fetch("select * from agent_due where shard = ?", [shard])
            kept = held.join(users, on="user_id", how="semi")
            mark_waiting(self.ledger, int(str(shard)), users["user_id"].to_list(), pl.concat([users, kept.select(list(DUE_SCHEMA)).cast(DUE_SCHEMA)]))
