"""What the agent's two read-only tools find: the user's own earlier rows, and passages of the documents."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from memlearn.chunks.documents import Passage
from memlearn.learning.agent.rows import escape_text
from memlearn.learning.agent.step import Row, StepInput
from memlearn.learning.agent.tools import Search

MOST_ROWS = 20
MOST_PASSAGES = 4
MOST_OF_PASSAGE = 4000
_WORD = re.compile(r"\w+")
# Okapi BM25 with the usual parameters (Robertson et al., TREC-3, 1994).
_K1, _B = 1.2, 0.75


def find_rows(rows: Sequence[Row], query: str, most: int = MOST_ROWS) -> list[Row]:
    """The rows that hold most of the query's words, the latest first among equals; in order of time.

    Args:
        rows: in order of time.
        query: words.
        most: at most so many.
    """
    wanted = set(_words(query))
    hits = [(len(wanted & set(_words(row.text))), at) for at, row in enumerate(rows)]
    best = sorted((hit for hit in hits if hit[0]), reverse=True)[:most]
    return [rows[at] for _, at in sorted(best, key=lambda hit: hit[1])]


@dataclass(frozen=True, slots=True)
class Library:
    """Passages, searchable by words.

    Args:
        rows: the passages as they are shown, with their ids.
        counts: words of each.
        digest: of all of it; empty where there are none.
    """

    rows: tuple[Row, ...]
    counts: tuple[Counter[str], ...]
    digest: str

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> Library:
        """The passages of policies and guidelines, sorted by id."""
        chosen = [passage for passage in passages if passage.kind in ("policy", "guideline")]
        rows = tuple(Row(passage.passage_id, escape_text(f"{passage.title}: {passage.text}", MOST_OF_PASSAGE)) for passage in chosen)
        digest = blake2b("\n".join(f"{row.id} {row.text}" for row in rows).encode(), digest_size=16).hexdigest() if rows else ""
        return cls(rows, tuple(Counter(_words(row.text)) for row in rows), digest)

    def find(self, query: str, most: int = MOST_PASSAGES) -> list[Row]:
        """The passages that fit a query best, best first."""
        wanted = set(_words(query))
        mean = sum(counts.total() for counts in self.counts) / max(len(self.counts), 1)
        rarity = {word: self._rarity(word) for word in wanted}
        scores = []
        for at, counts in enumerate(self.counts):
            norm = _K1 * (1 - _B + _B * counts.total() / mean)
            score = sum(rarity[word] * counts[word] * (_K1 + 1) / (counts[word] + norm) for word in sorted(wanted) if counts[word])
            if score > 0:
                scores.append((-score, at))
        return [self.rows[at] for _, at in sorted(scores)[:most]]

    def _rarity(self, word: str) -> float:
        holding = sum(1 for counts in self.counts if counts[word])
        return math.log(1 + (len(self.counts) - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True, slots=True)
class Reader:
    """Answers the searches of one user's step.

    Args:
        step: of which user and chunk.
        earlier: the user's rows before the chunk, in order.
        library: the passages.
    """

    step: StepInput
    earlier: Sequence[Row]
    library: Library

    def __call__(self, search: Search) -> list[Row]:
        """What was found."""
        return find_rows(self.earlier, search.query) if search.where == "history" else self.library.find(search.query)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
