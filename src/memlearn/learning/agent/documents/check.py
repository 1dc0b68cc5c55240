"""A line about a document against the sentences that it cites: verified where it is one of them, a hypothesis where it keeps to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memlearn.chunks.documents import Passage
from memlearn.errors import EditError
from memlearn.learning.agent.documents.tools import Proposal, ProposedText
from memlearn.learning.agent.rows import escape_text
from memlearn.learning.agent.step import Cited, StepInput
from memlearn.learning.documents import Sentence, quotation
from memlearn.learning.said import (
    Said,
    direction_of,
    lacking,
    read_said,
    same_words,
    share_of_content,
    stem,
    supporting,
    turned,
    words_of,
)
from memlearn.memory import Evidence, Fact, Statement

VERSION = "documents-1"
"""Part of the version of the steps that read documents: changes where the same line may come to another end."""

# So much of what a line says stands in the sentences that it cites.
_CONTENT = (2, 3)
_LONGEST = 400
_EDGES = " \t\"'“”‘’«»"
# Marks that end data, letters that are not seen, and runs of blanks.
_HARMFUL = re.compile("[<>\u115f\u1160\u3164\uffa0\u2800]|  ")


@dataclass(frozen=True, slots=True)
class DocumentChecker:
    """Judges lines about documents; a `Check`.

    Args:
        sentences: id of a passage → its sentences, as they stand.
    """

    sentences: Mapping[str, tuple[Sentence, ...]]

    def __call__(self, step: StepInput, text: str, cited: Cited, others: Sequence[Statement] = ()) -> Statement:
        """The line as a statement, verified or a hypothesis; a candidate of a rule is a hypothesis always.

        Raises:
            EditError: it cannot be written; `code` is evidence, number, name, contradiction, lacking or form.
        """
        del others
        if not cited.rows:
            return _kept(text, cited)
        sentences = self._cited(step, cited)
        if isinstance(text, ProposedText):
            return _candidate(text.proposal, sentences)
        line = one_line(text)
        if not line:
            raise EditError("The line holds nothing that can be read. Write one line of plain text.")
        quoted = next((sentence for sentence in sentences if _is_quotation(line, sentence)), None)
        if quoted is not None:
            return Statement(quoted.line, Evidence(passages=(quoted.passage.passage_id,)), quoted.fact(), "verified")
        if len(line) > _LONGEST:
            raise EditError(f"The line has {len(line)} characters; write at most {_LONGEST}, one thing to a line.")
        best = _require_said(line, sentences)
        return Statement(line, Evidence(passages=(best.passage.passage_id,)), best.fact(), "hypothesis")

    def _cited(self, step: StepInput, cited: Cited) -> tuple[Sentence, ...]:
        """The sentences behind cited rows; rows of a passage in two halves keep their texts, not their numbers."""
        wanted = dict.fromkeys((step.rows[at].id, step.rows[at].text) for at in cited.rows)
        return tuple(
            next(sentence for sentence in self.sentences[passage_id] if row_text(sentence) == text) for passage_id, text in wanted
        )


def row_text(sentence: Sentence) -> str:
    """A sentence as a row of a step."""
    return one_line(sentence.quote)


def one_line(text: str) -> str:
    """A text as it may be shown again; nearly all come so."""
    plain = text.isprintable() and not _HARMFUL.search(text) and text == text.strip()
    return text if plain else escape_text(text, len(text) + 1)


def _kept(text: str, cited: Cited) -> Statement:
    """A line that stays as it is, where a block is written anew."""
    kept = next((line for line in cited.lines if line.text == text), None)
    if kept is None:
        raise EditError("A line about a document cites sentences of this passage, such as ['r2']; an existing line alone shows nothing new.", "evidence")
    return kept


def _is_quotation(line: str, sentence: Sentence) -> bool:
    """True where a line is a sentence word for word, and the sentence may stand alone as it is."""
    clean = row_text(sentence) == sentence.quote and one_line(sentence.line) == sentence.line
    return clean and sentence.alone and line.strip(_EDGES) in {sentence.quote.strip(_EDGES), sentence.line.strip(_EDGES)}


def _basis(sentence: Sentence) -> str:
    """All that a sentence says in its place: "You may not:" above a list belongs to each of its items."""
    return f"{sentence.lead} {sentence.quote}".strip()


def _surroundings(passage: Passage) -> list[str]:
    return words_of(" ".join((passage.title, *passage.headings)))


def _require_said(line: str, sentences: Sequence[Sentence]) -> Sentence:
    """The sentence that carries a line.

    Raises:
        EditError: what the line says does not stand there.
    """
    bare = _without_title(line, sentences[0].passage)
    wanted = read_said(bare)
    sources = [read_said(_basis(sentence)) for sentence in sentences]
    around = _surroundings(sentences[0].passage)
    _require_parts(wanted, sources, around)
    known = {word for source in sources for word in source.content} | {stem(word) for word in around}
    held, of = share_of_content(wanted, known)
    if not held or held * _CONTENT[1] < of * _CONTENT[0]:
        raise EditError(
            f"Only {held} of {of} words that carry the line's meaning stand in the cited sentences. Keep to their words, or cite the sentence that says it.",
            "lacking",
        )
    best = sentences[supporting(wanted, sources)]
    # A line may sum one sentence up, or all that are cited.
    said = direction_of(bare)
    reasons = [turned(said, direction_of(text)) for text in dict.fromkeys((_basis(best), " ".join(map(_basis, sentences))))]
    if all(reasons):
        raise EditError(
            f"The line points another way than {_basis(best)[:120]!r}: {reasons[0]}. Keep its not, never, only, must, may, if and unless.", "contradiction"
        )
    return best


def _require_parts(wanted: Said, sources: Sequence[Said], around: Sequence[str]) -> None:
    missing = lacking(wanted, sources, around)
    if missing is not None:
        code = "name" if missing.startswith("the name") else "number"
        raise EditError(f"No cited sentence has {missing}. Take every number, date and name from the sentences that you cite.", code)


def _without_title(line: str, passage: Passage) -> str:
    title, found, rest = line.partition(": ")
    return rest if found and title.casefold() == passage.title.casefold() else line


def _candidate(proposal: Proposal, sentences: Sequence[Sentence]) -> Statement:
    """A proposed rule as a line with the clause that it comes from.

    Raises:
        EditError: a number, the wording or what it is about does not stand in the cited sentences.
    """
    whole = " ".join(map(_basis, sentences))
    sources = [read_said(_basis(sentence)) for sentence in sentences]
    around = _surroundings(sentences[0].passage)
    if proposal.wording is not None and not same_words(proposal.wording, whole):
        raise EditError(f"The wording {proposal.wording[:80]!r} does not stand in the cited sentences. Copy it word for word.", "lacking")
    for part in (proposal.figure, proposal.applies_to, proposal.condition):
        if part:
            _require_about(part, sources, around)
    wanted = read_said(" ".join(part for part in (proposal.applies_to, proposal.condition, proposal.unit, proposal.wording) if part))
    best = sentences[supporting(wanted, sources)]
    passage = best.passage
    values = {**quotation(passage, best.start, best.quote), **proposal.arguments()}
    clause = one_line(best.line)
    fact = Fact("rule_candidate", proposal.kind, passage.passage_id, values)
    return Statement(f"{proposal.told()} [{clause}]", Evidence(passages=(passage.passage_id,)), fact, "hypothesis")


def _require_about(part: str, sources: Sequence[Said], around: Sequence[str]) -> None:
    said = read_said(part)
    # What a rule is about is written in small letters or large ones; both are taken.
    _require_parts(Said(said.numbers, said.measures, frozenset(), said.dates, (), said.content), sources, around)
    held, of = share_of_content(said, {word for source in sources for word in source.content} | {stem(word) for word in around})
    if held * _CONTENT[1] < of * _CONTENT[0]:
        raise EditError(f"{part[:80]!r} does not stand in the cited sentences. Use their words.", "lacking")
