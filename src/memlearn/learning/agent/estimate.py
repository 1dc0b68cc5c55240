"""What an agent run would take, before anything is asked: steps, tokens and money, with their basis."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from memlearn.chunks.documents import Passage
from memlearn.learning.agent.documents.reading import Documents
from memlearn.learning.agent.money import Rates
from memlearn.learning.agent.reading import shown_of
from memlearn.learning.agent.replies import form_instructions
from memlearn.learning.agent.search import Library
from memlearn.learning.agent.work import ShardSource, ShardWork, Wanted, find_work
from memlearn.learning.extent import measure_extent
from memlearn.learning.job import Job
from memlearn.learning.shared import read_in_order
from memlearn.learning.tables import in_force, read_tables
from memlearn.store.ledger import Ledger

BYTES_PER_TOKEN = 4
# Tokens of an answer that changes a line or two.
ANSWER_TOKENS = 250


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the agent would do.

    Args:
        steps: steps to do, of users' rows and of documents.
        events: rows that they are given.
        input_tokens: of first requests, a fourth of their bytes.
        output_tokens: of answers of usual length.
        cost: units of money for both; None: there are no prices.
        cost_most: the most that all turns of all steps could cost; None: there are no prices.
        waves: in batch mode the waves where nothing has to be mended: the most steps that a user has to do; 0: no batches.
        waves_most: where every step of that user takes all its turns.
    """

    steps: int
    events: int
    input_tokens: int
    output_tokens: int
    cost: int | None
    cost_most: int | None
    waves: int = 0
    waves_most: int = 0


def estimate(job: Job, ledger: Ledger) -> Estimate:
    """Look at what is to be done with the rows of a store, and ask nothing.

    Args:
        job: what would be learned; it has an agent.
        ledger: the books.
    """
    agent = job.agent
    assert agent is not None
    config = agent.config
    system = len(agent.prompts.system_text(job.agent_blocks, form_instructions("tools", agent.tools)).encode())
    tools = json.dumps([[tool.name, tool.description, dict(tool.parameters)] for tool in agent.tools], ensure_ascii=False)
    fixed = system + len(tools.encode())
    # What the lines will be nobody knows; they may fill their blocks.
    lines = sum(spec.limit for spec in job.agent_blocks)
    passages = read_in_order(job)[0]
    of_documents, longest = _document_sizes(job, ledger, passages)
    sizes, events = [], 0
    for shard in _shards(job, ledger, passages):
        for work in shard.work:
            longest = max(longest, len(work.steps.inputs))
            for step in work.steps.inputs:
                sizes.append(fixed + len(agent.prompts.step_text(step).encode()) + lines // 2)
                events += len(step.rows)
    whole = sum(sizes) + sum(of_documents)
    steps = len(sizes) + len(of_documents)
    rates = None if config.prices is None else Rates.of(config.prices, batch=config.mode == "batch")
    cost = most = None
    if rates is not None:
        cost = whole // BYTES_PER_TOKEN * rates.input + steps * ANSWER_TOKENS * rates.output
        answers = config.max_tokens * BYTES_PER_TOKEN
        most = sum(rates.most(whole + steps * turn * answers, steps * config.max_tokens) for turn in range(config.turns))
    waves = longest if config.mode == "batch" else 0
    return Estimate(steps, events, whole // BYTES_PER_TOKEN, steps * ANSWER_TOKENS, cost, most, waves, waves * config.turns)


def _document_sizes(job: Job, ledger: Ledger, passages: Sequence[Passage]) -> tuple[list[int], int]:
    """Bytes of the first request of each step that reads a document, and the most steps of one document."""
    assert job.agent is not None
    documents = Documents.of(job.agent, passages, job.blocks) if job.users is None else None
    if documents is None:
        return [], 0
    wanted = _wanted(job, (), 0)
    sizes, longest = [], 0
    for work in documents.find(ledger, wanted, None).work:
        longest = max(longest, len(work.steps.inputs))
        sizes += [documents.first_request(step) for step in work.steps.inputs]
    return sizes, longest


def _wanted(job: Job, extra: tuple[str, ...], as_of_us: int) -> Wanted:
    assert job.agent is not None
    return Wanted(
        config=job.agent.config,
        version=job.agent_version,
        extra=extra,
        relearn=job.learning.on_manager_change == "relearn",
        retry_skipped=job.agent.retry_skipped,
        as_of_us=as_of_us,
    )


def _shards(job: Job, ledger: Ledger, passages: Sequence[Passage]) -> list[ShardWork]:
    files = {shard: tuple(file.file for file in held) for shard, held in ledger.row_files().items()}
    extent = measure_extent(job, files)
    if extent is None:
        return []
    as_of_us = job.as_of_us if job.as_of_us is not None else extent.newest_us + 1
    tables = in_force(read_tables(job), as_of_us)
    library = Library.of(sorted(passages, key=lambda passage: passage.passage_id))
    wanted = _wanted(job, (library.digest,), as_of_us)
    shown = shown_of(job, tables)
    until = job.as_of_us if job.as_of_us is not None else (as_of_us if extent.late is not None else None)
    sources = (ShardSource(shard, files[shard], None, until) for shard in sorted(files))
    return [found for source in sources for found in find_work(job, ledger, tables.catalogue, shown, source, wanted)]
