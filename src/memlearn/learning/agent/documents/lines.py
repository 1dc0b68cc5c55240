"""The lines that an agent wrote about documents, put together for a release: all documents', within the blocks' limits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import polars as pl

from memlearn.chunks.documents import Passage
from memlearn.grounding.freetext.tokens import fold_words
from memlearn.learning.agent.books import load_line
from memlearn.learning.agent.documents.tools import CANDIDATES
from memlearn.learning.agent.unpublished import FULL_BLOCK, OTHER_PASSAGE
from memlearn.memory import BlockSpec, Statement

_KINDS = {"policies": "policy", "guidelines": "guideline"}
_CANDIDATES = BlockSpec(
    label=CANDIDATES,
    description="Rules that the policy documents seem to lay down, for a person to review; nothing enforces them.",
    limit=8000,
    read_only=True,
    shared=True,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What the agent wrote about documents.

    Args:
        documents: label of a block → each document's lines, in order of documents.
        digest: of all of it.
        names: of the documents in the books.
        writers: label of a block → the name of each document in `documents`.
    """

    documents: Mapping[str, tuple[tuple[Statement, ...], ...]]
    digest: str
    names: tuple[str, ...] = ()
    writers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Written:
        """What was left in the folder of a run."""
        held = pl.read_ipc(path).sort("user_id")
        names, texts = held["user_id"].to_list(), held["blocks"].to_list()
        found: dict[str, list[tuple[Statement, ...]]] = {}
        writers: dict[str, list[str]] = {}
        for name, text in zip(names, texts, strict=True):
            for label, lines in json.loads(text).items():
                found.setdefault(label, []).append(tuple(load_line(line) for line in lines))
                writers.setdefault(label, []).append(name)
        digest = blake2b("\n".join(texts).encode(), digest_size=16).hexdigest()
        return cls(
            {label: tuple(lines) for label, lines in found.items()},
            digest,
            tuple(names),
            {label: tuple(of) for label, of in writers.items()},
        )

    def left_out(self, specs: Sequence[BlockSpec], passages: Sequence[Passage]) -> list[tuple[str, str, str, str]]:
        """Name of the document, label, text and reason of each line that is not published, in these words or at all.

        Args:
            specs: the blocks of the release.
            passages: as they are published.
        """
        known = {passage.passage_id: passage for passage in passages}
        found = []
        for spec in specs:
            said = {fold_words(line.text) for line in self.choose(spec, passages)}
            for name, lines in zip(self.writers.get(spec.label, ()), self.documents.get(spec.label, ()), strict=True):
                missing = [line for line in lines if fold_words(line.text) not in said]
                found += [(name, spec.label, line.text, FULL_BLOCK if _stands(line, known) else OTHER_PASSAGE) for line in missing]
        return found

    def choose(self, spec: BlockSpec, passages: Sequence[Passage]) -> list[Statement]:
        """The lines of a block.

        Where not all find room, verified ones come first, and every document has a line before any has another.

        Args:
            spec: the block.
            passages: as they are published; what quotes other words than they hold is left out.
        """
        known = {passage.passage_id: passage for passage in passages}
        held = [
            (line.status != "verified", number, at, line)
            for at, lines in enumerate(self.documents.get(spec.label, ()))
            for number, line in enumerate(lines)
            if _stands(line, known)
        ]
        chosen: list[tuple[int, int, Statement]] = []
        said: set[tuple[str, ...]] = set()
        room = spec.limit
        for _, number, at, line in sorted(held, key=lambda one: one[:3]):
            size = len(line.text) + bool(chosen)
            words = fold_words(line.text)
            if size <= room and words not in said:
                chosen.append((at, number, line))
                said.add(words)
                room -= size
        return [line for _, _, line in sorted(chosen, key=lambda one: one[:2])]


def document_blocks(blocks: Sequence[BlockSpec]) -> dict[str, tuple[BlockSpec, ...]]:
    """Kind of document → the blocks that are written when it is read.

    Args:
        blocks: that are configured; a document is read where its shared block is among them.
    """
    found: dict[str, tuple[BlockSpec, ...]] = {}
    for label, kind in _KINDS.items():
        spec = next((spec for spec in blocks if spec.label == label and spec.shared), None)
        if spec is not None:
            candidates = candidate_spec(blocks) if kind == "policy" else None
            writable = [one.model_copy(update={"read_only": False}) for one in (spec, candidates) if one is not None]
            found[kind] = tuple(writable)
    return found


def candidate_spec(blocks: Sequence[BlockSpec]) -> BlockSpec | None:
    """The block of proposed rules, ours or the configured one; None: users have a block of that name."""
    own = next((spec for spec in blocks if spec.label == CANDIDATES), _CANDIDATES)
    return own if own.shared else None


def with_candidates(blocks: Sequence[BlockSpec], written: Written | None) -> tuple[BlockSpec, ...]:
    """The blocks of a release: that of proposed rules comes last, where there are any."""
    spec = candidate_spec(blocks)
    held = written is not None and any(written.documents.get(CANDIDATES, ()))
    return (*blocks, spec) if held and spec is not None and spec not in blocks else tuple(blocks)


def _stands(line: Statement, known: Mapping[str, Passage]) -> bool:
    """True where the words that a line rests on stand in their passage, which may have changed since it was read."""
    if line.fact is None:
        return False
    passage = known.get(line.fact.key or "")
    start, end, quote, headings = (line.fact.values.get(name) for name in ("start", "end", "quote", "headings"))
    return passage is not None and list(passage.headings) == headings and passage.text[start:end] == quote
