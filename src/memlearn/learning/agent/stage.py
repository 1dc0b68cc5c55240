"""The stage of a learn run in which the agent reads what is new: its steps, side by side, journaled and booked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import polars as pl

from memlearn.learning.agent.answers import NOW, Answers
from memlearn.learning.agent.batch_jobs import BatchEndpoint
from memlearn.learning.agent.books import forget_steps, write_steps
from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.agent.conversation import OperatorTool, Settings, StepResult
from memlearn.learning.agent.costs import write_unfinished
from memlearn.learning.agent.documents.reading import Documents
from memlearn.learning.agent.due import mark_unfinished, mark_waiting
from memlearn.learning.agent.money import Purse, Rates
from memlearn.learning.agent.names import is_document
from memlearn.learning.agent.pace import Pace
from memlearn.learning.agent.past import Past
from memlearn.learning.agent.prompt import Prompts
from memlearn.learning.agent.replaced import note_counted
from memlearn.learning.agent.run import Doing, FinishedStep, Tally, UserSteps, do_users
from memlearn.learning.agent.run_journal import RunJournal, journal_name
from memlearn.learning.agent.search import Library, Reader
from memlearn.learning.agent.sender import Client, Known, Sender, Spent
from memlearn.learning.agent.settling import find_unsettled, settle
from memlearn.learning.agent.step import Check, StepInput
from memlearn.learning.agent.stepper import FORMS, Ask, Forms, Stepper
from memlearn.learning.agent.together import quick_turns
from memlearn.learning.agent.tools import built_in_tools
from memlearn.learning.agent.version import agent_version, model_settings
from memlearn.learning.agent.waves import Gather, Waves
from memlearn.learning.agent.work import ShardWork, UserWork
from memlearn.llm.messages import Tool
from memlearn.memory import BlockSpec
from memlearn.store.layout import StoreLayout
from memlearn.store.ledger import Ledger
from memlearn.store.rows import user_hash

# Steps are booked together: their answers are in the journal, so that a crash loses none of them.
_BOOKED_TOGETHER = 256
_BOOKED_SECONDS = 2.0
_SKIPPED_TOLD = 20
# For each request in flight so many users are at work: some wait for their turn, so that at the end nobody has many steps left.
_USERS_IN_FLIGHT = 3

Say = Callable[[int, int, str], None]
Find = Callable[[int, pl.Series | None], Iterator[ShardWork]]
_Finished = tuple[FinishedStep, int, int]


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent of a run, as it is configured.

    Args:
        config: model and budgets.
        prompts: its texts.
        client: makes what sends its requests, inside the event loop that uses it.
        batches: the batch API behind a client; None: requests are sent one by one, whatever the config says.
        cap: units of money that the run may spend; None: no cap.
        retry_skipped: do skipped steps again.
        known: answers that were given before, in place of those of the store's journals.
        past: what an earlier run was made from, to be done again without a request; None: models are asked.
        operator_tools: tools of the operator: what is offered, and the function behind it.
        removed_tools: built-in tools that are not offered.
        tool_sources: digests of the operator's functions, which are part of the version.
        documents: its texts for reading documents; None: it reads none.
    """

    config: AgentConfig
    prompts: Prompts
    client: Callable[[], Client]
    batches: Callable[[Client], BatchEndpoint] | None = None
    cap: int | None = None
    retry_skipped: bool = False
    known: Known | None = None
    past: Past | None = None
    operator_tools: tuple[tuple[Tool, OperatorTool], ...] = ()
    removed_tools: tuple[str, ...] = ()
    tool_sources: tuple[str, ...] = ()
    documents: Prompts | None = None

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What is offered, in order."""
        own = tuple(tool for tool, _ in self.operator_tools)
        replaced = {tool.name for tool in own} | set(self.removed_tools)
        return (*(tool for tool in built_in_tools() if tool.name not in replaced), *own)

    def version(self, specs: Sequence[BlockSpec]) -> str:
        """The version of its steps."""
        return agent_version(self.config, self.prompts, specs, self.tools, self.tool_sources)


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
        documents: that it reads beside users' rows; None: there are none.
    """

    agent: Agent
    layout: StoreLayout
    ledger: Ledger
    run_id: str
    specs: tuple[BlockSpec, ...]
    library: Library
    check: Check
    say: Say
    documents: Documents | None = None
    counts: dict[int, dict[str, int]] = field(default_factory=dict)
    _at_work: dict[str, UserWork] = field(default_factory=dict)
    _finished: list[_Finished] = field(default_factory=list)
    _booked_at: float = 0.0
    _left_open: bool = False
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

    def run(self, shards: Sequence[int], find: Find) -> Totals:
        """Do the missing steps of some shards' users.

        Args:
            shards: their numbers.
            find: what a shard's users need, some after some; of some of its users only, by their hashes, or of all that the run learns.

        Returns:
            How it went. `counts` tells afterwards how many steps of each user stand, by shard.
        """
        unsettled = find_unsettled(self.layout, self.ledger)
        answers = Answers.read(self.layout.journals, unsettled)
        spent = answers.spent_before()
        journal = RunJournal(self.layout.journals, journal_name(self.run_id))
        purse = Purse(self.agent.cap)
        self._booked_at = time.monotonic()
        try:
            with quick_turns():
                tally = asyncio.run(self._run(shards, find, answers, journal, purse))
        finally:
            journal.close()
            self._book(self._take_finished())
        forget_steps(self.ledger, tally.withdrawn)
        self._note_unfinished(tally)
        if not self._left_open:
            settle(self.ledger, [*unsettled, *journal.segments], answers.found, self.run_id)
            write_unfinished(self.ledger, {**spent, self.run_id: (purse.spent, self._perhaps)})
        taken_back = set(tally.withdrawn)
        skipped = tuple((user_id, reason) for key, user_id, reason in self._skipped if key not in taken_back)
        return Totals(tally, self._reused, self._refused, purse.spent, self._perhaps, answers.open_requests, skipped[:_SKIPPED_TOLD])

    async def _run(self, shards: Sequence[int], find: Find, answers: Answers, journal: RunJournal, purse: Purse) -> Tally:
        config = self.agent.config

        async def gather(do: Doing, only: frozenset[str] | None) -> Tally:
            with ThreadPoolExecutor(1, "agent work") as work, ThreadPoolExecutor(1, "agent books") as books:

                async def record(step: FinishedStep) -> None:
                    if self._record(step, answers):
                        # Beside the loop: only this user waits until the books are written.
                        await asyncio.wrap_future(books.submit(self._book, self._take_finished()))
                        self.say(self._done, self._known, "steps")

                works = self._works(shards, find, answers, work, only)
                return await do_users(works, do, record, self.version, side_by_side=config.in_flight * _USERS_IN_FLIGHT)

        if self.agent.past is not None:
            return await gather(self._again(self.agent.past), None)
        client = self.agent.client()
        known = self.agent.known or answers.known
        try:
            if self.agent.batches is not None and (config.mode == "batch" or answers.batches):
                waves = Waves(
                    client=client,
                    endpoint=self.agent.batches(client),
                    model=model_settings(config),
                    journal=journal,
                    name=journal.name,
                    answers=answers,
                    known=known,
                    purse=purse,
                    rates=None if config.prices is None else Rates.of(config.prices, batch=True),
                    config=config.batch,
                    attempts=config.attempts,
                    folder=self.layout.tmp / self.run_id / "batches",
                    say=lambda told: self.say(self._done, self._known, told),
                )
                # Batches of an earlier run are paid for: what they bring is taken before anything is asked.
                await waves.take_up()
                if config.mode == "batch" or waves.left_open:
                    do = self._doing(waves.ask)
                    return await self._in_waves(waves, lambda only: gather(do, only))
                self._perhaps += waves.perhaps
            sender = Sender(
                client=client,
                model=model_settings(config),
                journal=journal,
                known=known,
                pace=Pace(config.in_flight, config.requests_per_minute, config.tokens_per_minute),
                purse=purse,
                rates=None if config.prices is None else Rates.of(config.prices),
                attempts=config.attempts,
                left=self._left,
            )
            try:
                return await gather(self._doing(sender.ask), None)
            finally:
                answers.found += sender.answered
        finally:
            await client.close()

    async def _in_waves(self, waves: Waves, gather: Gather) -> Tally:
        async def gather_and_book(only: frozenset[str] | None) -> Tally:
            tally = await gather(only)
            # The next wave begins where the ledger says that this one has come to.
            self._book(self._take_finished())
            self._at_work.clear()
            return tally

        try:
            return await waves.run(gather_and_book)
        finally:
            self._left_open = waves.left_open
            self._perhaps += waves.perhaps

    def _again(self, past: Past) -> Doing:
        """Does steps as an earlier run did."""
        replies = self.agent.config.replies
        doings = [self._doing(past.ask, Forms(form, fixed=True)) for form in (FORMS if replies == "auto" else (replies,))]

        async def do(key: str, step: StepInput, spent: Spent) -> StepResult:
            del key, spent
            if self.documents is not None and is_document(step.user_id):
                return await past.do(doings, self.documents.version_of(step.user_id), step, ())
            return await past.do(doings, self.version, step, (self.library.digest,))

        return do

    def _doing(self, ask: Ask, forms: Forms | None = None) -> Doing:
        config = self.agent.config
        settings = Settings(
            prompts=self.agent.prompts,
            specs=self.specs,
            tools=self.agent.tools,
            turns=config.turns,
            max_tokens=config.max_tokens,
            window=config.window,
        )
        forms = forms or Forms("tools" if config.replies == "auto" else config.replies, fixed=config.replies != "auto")
        tools = {tool.name: function for tool, function in self.agent.operator_tools}
        users = Stepper(settings, forms, ask, self.check, self._reader, tools)
        return users.do if self.documents is None else self.documents.beside(users)

    async def _works(
        self, shards: Sequence[int], find: Find, answers: Answers, pool: Executor, only: frozenset[str] | None
    ) -> AsyncIterator[UserSteps]:
        """The users' steps, shard after shard, of some users only or of all; the next users are looked at while some are at work."""
        wanted = dict.fromkeys(shards) if only is None else self._hashes(only)
        every = (found for shard in shards if shard in wanted for found in find(shard, wanted[shard]))

        def look() -> ShardWork | None:
            found = next(every, None)
            if found is not None:
                mark_waiting(self.ledger, found.shard, found.users, found.waiting)
                to_do = [work.steps.user_id for work in found.work if work.steps.inputs]
                answers.add_booked(self.ledger, found.shard, to_do)
                if self.agent.past is not None:
                    self.agent.past.read(found.shard, to_do)
            return found

        coming = pool.submit(look)
        while (found := await asyncio.wrap_future(coming)) is not None:
            coming = pool.submit(look)
            self.counts.setdefault(found.shard, {}).update({work.steps.user_id: work.standing for work in found.work})
            if only is None:
                self._reused += sum(work.standing for work in found.work)
                self._known += sum(len(work.steps.inputs) for work in found.work)
                self.say(self._done, self._known, "steps")
            for work in found.work:
                if work.steps.inputs:
                    self._at_work[work.steps.user_id] = work
                    self._shards[work.steps.user_id] = work.shard
                    yield work.steps

    def _left(self, user_id: str) -> int:
        """How many steps a user has to do yet."""
        work = self._at_work.get(user_id)
        return 0 if work is None else work.standing + len(work.steps.inputs) - self.counts[work.shard][user_id]

    def _hashes(self, users: frozenset[str]) -> dict[int, pl.Series | None]:
        """The hashes of some users that were at work before, by shard."""
        by_shard: dict[int, list[str]] = {}
        for user_id in users:
            by_shard.setdefault(self._shards[user_id], []).append(user_id)
        return {shard: pl.Series(user_hash(pl.Series(sorted(held), dtype=pl.String))) for shard, held in by_shard.items()}

    def _reader(self, step: StepInput) -> Reader:
        work = self._at_work[step.user_id]
        before = [row for given in work.steps.inputs if given.chunk < step.chunk for row in given.rows]
        return Reader(step, (*work.earlier, *before), self.library)

    def _record(self, step: FinishedStep, answers: Answers) -> bool:
        """Note a step, and tell whether it is time to book."""
        work = self._at_work[step.user_id]
        given = next(given for given in work.steps.inputs if given.chunk == step.chunk)
        earlier = answers.take_spent(step.key.hex())
        in_batches = earlier.pop(NOW, Spent())
        self._finished.append((replace(step, spent=step.spent + in_batches, earlier=earlier), work.shard, len(given.rows)))
        self.counts[work.shard][step.user_id] = step.chunk + 1
        self._done += 1
        self._perhaps += step.spent.perhaps
        if step.reason is not None:
            self._skipped.append((step.key, step.user_id, step.reason))
        if step.result is not None:
            self._refused += sum(not refused.mended for refused in step.result.refused)
        if given is work.steps.inputs[-1]:
            del self._at_work[step.user_id]
        return len(self._finished) >= _BOOKED_TOGETHER or time.monotonic() - self._booked_at >= _BOOKED_SECONDS

    def _take_finished(self) -> list[_Finished]:
        finished, self._finished = self._finished, []
        self._booked_at = time.monotonic()
        return finished

    def _book(self, finished: Sequence[_Finished]) -> None:
        write_steps(self.ledger, finished, self.version, self.run_id)

    def _note_unfinished(self, tally: Tally) -> None:
        """Whoever has steps left is looked at again by the next run, whatever arrives."""
        if tally.withdrawn:
            for user_id in tally.unfinished:
                shard = self._shards[user_id]
                held = self.ledger.fetch("select count(*) as n from agent_steps where user_id = ? and shard = ?", [user_id, shard]).item()
                self.counts[shard][user_id] = min(self.counts[shard][user_id], held)
        by_shard: dict[int, dict[str, int]] = {}
        for user_id in tally.unfinished:
            shard = self._shards[user_id]
            by_shard.setdefault(shard, {})[user_id] = self.counts[shard].get(user_id, 0)
        for shard, counts in by_shard.items():
            note_counted(self.ledger, self.run_id, shard, counts)
            mark_unfinished(self.ledger, shard, sorted(counts))
