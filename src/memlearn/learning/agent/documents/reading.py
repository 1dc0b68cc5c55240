"""The documents that an agent reads: one fold for each, one step for each passage, beside the folds of users.

In ledger and journal a document is named like a user whose id begins with a blank. Ids of users are trimmed, so none is called so,
and everything that holds for a user's steps (order, keys, journal, purse, waves, replay) holds for a document's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from memlearn.chunks.documents import Passage
from memlearn.chunks.events import EMPTY_DIGEST
from memlearn.learning.agent.books import NOBODY, Standing, load_blocks, read_standing
from memlearn.learning.agent.chain import given_digest, standing
from memlearn.learning.agent.conversation import Settings, StepResult
from memlearn.learning.agent.documents.check import VERSION, DocumentChecker, row_text
from memlearn.learning.agent.documents.lines import document_blocks
from memlearn.learning.agent.documents.tools import CANDIDATES, document_functions, document_tools
from memlearn.learning.agent.due import DUE_SCHEMA
from memlearn.learning.agent.names import DOCUMENT_SHARD, WRITTEN_FILE, document_name, is_document
from memlearn.learning.agent.rows import escape_text
from memlearn.learning.agent.run import Doing, UserSteps
from memlearn.learning.agent.sender import Spent
from memlearn.learning.agent.step import Row, StepInput
from memlearn.learning.agent.stepper import Stepper
from memlearn.learning.agent.version import agent_version
from memlearn.learning.agent.work import ShardWork, UserWork, Wanted, published_blocks
from memlearn.learning.documents import Sentence, is_legal_text, read_sentences
from memlearn.memory import Block, BlockSpec
from memlearn.store.ledger import Ledger
from memlearn.store.rows import user_hash

if TYPE_CHECKING:
    from pathlib import Path

    from memlearn.learning.agent.stage import Agent


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of a run.

    Args:
        agent: as configured; it has prompts for documents.
        passages: id of each document → its passages, in order.
        sentences: id of each passage → its sentences.
        specs: kind of document → the blocks that its steps write.
    """

    agent: Agent
    passages: Mapping[str, tuple[Passage, ...]]
    sentences: Mapping[str, tuple[Sentence, ...]]
    specs: Mapping[str, tuple[BlockSpec, ...]]

    @classmethod
    def of(cls, agent: Agent, passages: Sequence[Passage], blocks: Sequence[BlockSpec]) -> Documents | None:
        """What is there to be read; None: the agent reads no documents, or there are none.

        Args:
            agent: as configured.
            passages: of all documents, each document's in order.
            blocks: that are configured.
        """
        specs = document_blocks(blocks)
        of_document: dict[str, list[Passage]] = {}
        for passage in passages:
            if passage.kind in specs and not is_legal_text(passage):
                of_document.setdefault(passage.document_id, []).append(passage)
        if agent.documents is None or not of_document:
            return None
        sentences: dict[str, list[Sentence]] = {}
        for held in of_document.values():
            for sentence in read_sentences(held):
                if row_text(sentence):
                    sentences.setdefault(sentence.passage.passage_id, []).append(sentence)
        return cls(
            agent,
            {document: tuple(of_document[document]) for document in sorted(of_document)},
            {passage: tuple(held) for passage, held in sentences.items()},
            specs,
        )

    def find(self, ledger: Ledger, wanted: Wanted, only: pl.Series | None) -> ShardWork:
        """Which steps the documents need.

        Args:
            ledger: the books.
            wanted: what decides which steps are done; the version is that of the documents' own.
            only: look at the documents with these hashes of their names; None: at all of them.
        """
        names = pl.Series([document_name(document) for document in self.passages], dtype=pl.String)
        chosen = names if only is None else names.filter(pl.Series(user_hash(names)).is_in(only.implode()))
        held = read_standing(ledger, DOCUMENT_SHARD, chosen.to_list())
        work = [self._work(name, held.get(name, NOBODY), wanted) for name in chosen.to_list()]
        nobody = pl.DataFrame(schema=DUE_SCHEMA)
        # Those that are gone wait for nothing any more.
        gone = (
            ledger.fetch("select distinct user_id from agent_due where shard = ?", [DOCUMENT_SHARD])["user_id"].to_list()
            if only is None
            else []
        )
        users = tuple(dict.fromkeys([*chosen.to_list(), *gone]))
        return ShardWork(DOCUMENT_SHARD, users, tuple(one for one in work if one is not None), nobody)

    def _work(self, name: str, held: Standing, wanted: Wanted) -> UserWork | None:
        kind = self._kind(name)
        inputs = self.inputs(name)
        if not inputs:
            return None
        version = self.version(kind)
        given = [given_digest(step) for step in inputs]
        count = standing(held.steps, given, version, relearn=wanted.relearn, retry_skipped=wanted.retry_skipped)
        blocks = load_blocks(held.blocks[count - 1], self.specs[kind]) if count else inputs[0].blocks
        before = held.steps[count - 1].key if count else EMPTY_DIGEST
        return UserWork(UserSteps(name, inputs[count:], blocks, before, version=version), (), count, DOCUMENT_SHARD)

    def inputs(self, name: str) -> tuple[StepInput, ...]:
        """What each step of a document is given: its passages that say something, in order."""
        blocks = tuple(Block(spec) for spec in self.specs[self._kind(name)])
        told = [passage for passage in self._passages(name) if passage.passage_id in self.sentences]
        return tuple(self._input(name, chunk, passage, blocks) for chunk, passage in enumerate(told))

    def _input(self, name: str, chunk: int, passage: Passage, blocks: tuple[Block, ...]) -> StepInput:
        sentences = self.sentences[passage.passage_id]
        place = [f"document: {escape_text(passage.title)}", "section: " + " › ".join(map(escape_text, passage.headings))]
        # The line that announces a list may stand in the passage before.
        if sentences[0].lead and sentences[0].lead not in passage.text:
            place.append(f"continues: {escape_text(sentences[0].lead)}")
        rows = tuple(Row(passage.passage_id, row_text(sentence)) for sentence in sentences)
        # Lines quote headings and title as they stand, so a step is done anew where these changed in any letter.
        return StepInput(name, chunk, rows, (), tuple(place), blocks, (passage.digest, passage.title))

    def beside(self, users: Stepper) -> Doing:
        """Does steps of users and of documents.

        Args:
            users: does those of users.
        """
        check = DocumentChecker(self.sentences)
        steppers = {
            kind: replace(
                users,
                settings=self._settings(users.settings, kind),
                check=check,
                search=lambda _: lambda _: (),
                operator_tools=document_functions(rules=self._proposes(kind)),
            )
            for kind in self.specs
        }

        async def do(key: str, step: StepInput, spent: Spent) -> StepResult:
            stepper = steppers[self._kind(step.user_id)] if is_document(step.user_id) else users
            return await stepper.do(key, step, spent)

        return do

    def version(self, kind: str) -> str:
        """The version of the steps of a kind of documents."""
        assert self.agent.documents is not None
        tools = document_tools(rules=self._proposes(kind))
        return agent_version(self.agent.config, self.agent.documents, self.specs[kind], tools, checker=VERSION)

    def version_of(self, name: str) -> str:
        """The version of the steps of a document."""
        return self.version(self._kind(name))

    def first_request(self, step: StepInput) -> int:
        """About the bytes of a step's first request, with blocks that are half full."""
        assert self.agent.documents is not None
        kind = self._kind(step.user_id)
        tools = [[tool.name, tool.description, dict(tool.parameters)] for tool in document_tools(rules=self._proposes(kind))]
        texts = (self.agent.documents.system_text(self.specs[kind], ""), self.agent.documents.step_text(step), str(tools))
        return sum(len(text.encode()) for text in texts) + sum(spec.limit for spec in self.specs[kind]) // 2

    def publish(self, ledger: Ledger, counts: Mapping[str, int], folder: Path) -> None:
        """Leave what each document's standing steps have written for the release.

        Args:
            ledger: the books.
            counts: so many steps of each document stand.
            folder: the run's folder.
        """
        published_blocks(ledger, DOCUMENT_SHARD, counts).write_ipc(folder / WRITTEN_FILE)

    def _settings(self, users: Settings, kind: str) -> Settings:
        assert self.agent.documents is not None
        tools = document_tools(rules=self._proposes(kind))
        return replace(users, prompts=self.agent.documents, specs=self.specs[kind], tools=tools)

    def _proposes(self, kind: str) -> bool:
        return any(spec.label == CANDIDATES for spec in self.specs[kind])

    def _passages(self, name: str) -> tuple[Passage, ...]:
        return self.passages[name.removeprefix(document_name(""))]

    def _kind(self, name: str) -> str:
        return self._passages(name)[0].kind
