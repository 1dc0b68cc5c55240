"""Extractive `policies` and `guidelines` blocks: the sentences that command or advise most, word for word, with their passage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from memlearn.chunks.documents import Passage
from memlearn.chunks.sentences import split_sentences
from memlearn.learning.same_rule import says_the_same
from memlearn.learning.wording import advice_strength, rule_strength
from memlearn.memory import Evidence, Fact, Statement

_SHORTEST, _LONGEST = 28, 230
_FEWEST_WORDS = 5
_WEAKEST = 2.0
# What one more sentence of the same document, or of the same section, must be better by to come first.
_SAME_DOCUMENT, _SAME_SECTION = 0.35, 0.8
_ITEM = re.compile(r"^\s*(?:-|\d{1,3}\.|[a-z]\.)\s+")
_START = re.compile(r"[A-ZÀ-ÖØ-Þ0-9“\"'‘]")
_END = re.compile(r"[.!][\"'”’)\]]*$")
_DEBRIS = re.compile(r"https?://|www\.|@|\||\{|\}|\[|\]|<|>|\\|_{2,}|\*|`|#|»|^\W*\w+:\s*$")
# A sentence that leans on the one before it says nothing alone.
_LEANING = re.compile(
    r"^(?:this|that|these|those|it|its|they|their|them|he|she|such|however|also|so|but|and|or|yet|thus|hence|therefore|otherwise|then|again|"
    r"further|furthermore|additionally|moreover|likewise|similarly|instead|finally|conversely|rather|here|there|if so|if not|in (?:this|that|such|these|those|addition|turn|both|either)\b|"
    r"for (?:example|instance|this|that|these|those)|to do (?:so|this|that)|as (?:a result|such|mentioned|above)|because of|the (?:former|latter|above|following)|"
    r"when that|after that|once (?:this|that)|with this|both|either|neither|other|others|one of these|remember,? |note that (?:this|these)|see\b|learn more|read more|click|visit|thanks)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:above|below|following|as follows|listed here|example|e\.g\.|see |this (?:page|section|guide|list|way|case|situation)|these \w+|(?:do|does|doing|done) so|"
    r"that (?:way|case|situation)|such (?:cases?|situations?|requests?)|anymore)\b|^\w+ (?:it|them|this|that|these|those)\b|\w\.(?:com|gov|org|net|io|edu)\b",
    re.IGNORECASE,
)
# "You may not:" turns the meaning of the list under it round; "You must:" makes its lines halves of a sentence.
_GOVERNING = re.compile(
    r"\b(?:not|never|avoid|don['’]t|cannot|can['’]t|instead of|rather than|without|except|unless|may|must|shall|should|can|will)\b[^.]*:$",
    re.IGNORECASE,
)
_ADVISING = re.compile(r"\b(?:should|must|tips?|recommend\w*|suggest\w*|guidelines?)\b[^.]*:$", re.IGNORECASE)
_TURNING = re.compile(r"\b(?:not|never|avoid|don['’]t|instead of|rather than|without)\b[^.]*:$", re.IGNORECASE)
_EXEMPLARY = re.compile(r"\b(?:example|for instance|such as|e\.g\.)[^.]*:$", re.IGNORECASE)
_LEGAL_TEXT = re.compile(
    r"(?:^|[\s/_-])(?:licen[cs]e|licensing|readme|changelog|contributing|contributors|code[ _-]of[ _-]conduct|copying|notice)(?:[\s._-]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    quote: str
    start: int
    strength: float

    @property
    def section(self) -> tuple[str, tuple[str, ...]]:
        return self.passage.document_id, self.passage.headings

    @property
    def line(self) -> str:
        return titled(self.passage.title, self.quote)


def policy_statements(passages: Sequence[Passage], limit: int, said: Sequence[Statement] = ()) -> list[Statement]:
    """Choose what the policy documents require: sentences with must, may not, never, only, at most, within so many days.

    Args:
        passages: of documents of kind `policy`; licences and readme files among them are passed over.
        limit: most characters of the block, line breaks included.
        said: lines that quote passages already; what says the same is left out.

    Returns:
        Statements in the documents' order. Each is `<document title>: <sentence as it stands>`, with the passage as evidence
        and a fact of kind `passage` that says where in the passage the quotation stands.
    """
    return _choose(passages, limit, rule_strength, said)


def guideline_statements(passages: Sequence[Passage], limit: int, said: Sequence[Statement] = ()) -> list[Statement]:
    """Choose what the guidelines advise: sentences that tell a writer what to do or to avoid.

    Args and result as of `policy_statements`.
    """
    return _choose(passages, limit, advice_strength, said)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage.

    Args:
        passage: where it stands.
        quote: the sentence, without the mark of a list item before it.
        start: where in the passage's text the quotation begins, in characters.
        lead: the line above its list, where that changes what the sentence means; empty: there is none.
        alone: True where the sentence means by itself what it means in its place.
    """

    passage: Passage
    quote: str
    start: int
    lead: str
    alone: bool

    @property
    def line(self) -> str:
        """The quotation with the document's title before it."""
        return titled(self.passage.title, self.quote)

    def fact(self) -> Fact:
        """Says where the quotation stands."""
        return Fact("passage", "passage", self.passage.passage_id, quotation(self.passage, self.start, self.quote))


def read_sentences(passages: Sequence[Passage]) -> Iterator[Sentence]:
    """All sentences of a document.

    Args:
        passages: of one document, in order.
    """
    lead = _Lead()
    for passage in passages:
        section = (passage.document_id, passage.headings)
        if lead.section != section:
            lead = _Lead(section)
        strength = advice_strength if passage.kind == "guideline" else rule_strength
        for line in _lines(passage, lead):
            above = lead.line if line.is_item and _is_governed(lead.line, strength) else ""
            for quote, start in _sentences(passage, line.start, line.end):
                alone = not above and not _is_foreign(line.text) and _stands_alone(quote)
                yield Sentence(passage, quote, start, above, alone)


def titled(title: str, quote: str) -> str:
    """A quotation as a line of a block."""
    return f"{title.capitalize() if title.isupper() else title}: {quote}"


def quotation(passage: Passage, start: int, quote: str) -> dict[str, object]:
    """The values of a fact that quotes a passage."""
    return {
        "document": passage.document_id,
        "headings": list(passage.headings),
        "start": start,
        "end": start + len(quote),
        "quote": quote,
    }


def _choose(passages: Sequence[Passage], limit: int, strength: Callable[[str], float], said: Sequence[Statement]) -> list[Statement]:
    order = {passage.passage_id: at for at, passage in enumerate(passages)}
    left = list(_all_candidates([passage for passage in passages if not is_legal_text(passage)], strength))
    for line in map(_quote_of, said):
        left = [candidate for candidate in left if not says_the_same(candidate.quote, line)]
    chosen: list[_Candidate] = []
    room = limit
    while left:
        best = max(left, key=lambda candidate: (_worth(candidate, chosen), -order[candidate.passage.passage_id], -candidate.start))
        left.remove(best)
        size = len(best.line) + bool(chosen)
        if size > room:
            continue
        chosen.append(best)
        room -= size
        left = [candidate for candidate in left if not says_the_same(candidate.quote, best.quote)]
    chosen.sort(key=lambda candidate: (order[candidate.passage.passage_id], candidate.start))
    return [_statement(candidate) for candidate in chosen]


@dataclass(slots=True)
class _Lead:
    """What stands before a line in its section; a list may be cut from the line that announces it, an item in the middle."""

    section: tuple[str, tuple[str, ...]] | None = None
    line: str = ""
    in_item: bool = False


def _all_candidates(passages: Sequence[Passage], strength: Callable[[str], float]) -> Iterator[_Candidate]:
    lead = _Lead()
    for passage in passages:
        section = (passage.document_id, passage.headings)
        if lead.section != section:
            lead = _Lead(section)
        yield from _candidates(passage, lead, strength)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a passage, from behind the mark of a list item to its end."""

    text: str
    start: int
    end: int
    is_item: bool


def _lines(passage: Passage, lead: _Lead) -> Iterator[_Line]:
    """The lines of a passage; `lead` is what stands before each."""
    at = 0
    lines = passage.text.split("\n")
    for number, line in enumerate(lines):
        mark = _ITEM.match(line)
        is_item = bool(mark) or (number == 0 and lead.in_item)
        yield _Line(line, at + (mark.end() if mark else 0), at + len(line), is_item)
        at += len(line) + 1
        if line.strip() and not is_item:
            lead.line = line.strip()
        # The last line goes on in the next passage, unless it was ended here.
        lead.in_item = is_item and number == len(lines) - 1


def _candidates(passage: Passage, lead: _Lead, strength: Callable[[str], float]) -> Iterator[_Candidate]:
    for line in _lines(passage, lead):
        if not _is_foreign(line.text) and not (line.is_item and _is_governed(lead.line, strength)):
            for quote, start in _sentences(passage, line.start, line.end):
                found = strength(quote) if _stands_alone(quote) else 0.0
                if found >= _WEAKEST:
                    yield _Candidate(passage, quote, start, found)


def _sentences(passage: Passage, start: int, end: int) -> Iterator[tuple[str, int]]:
    for sentence in split_sentences(passage.text[start:end]):
        quote = sentence.strip()
        if quote:
            yield quote, start + sentence.index(quote)
        start += len(sentence)


def _is_foreign(line: str) -> bool:
    """Quotations, code and tables show examples; they are not the document's own words."""
    return line.startswith((">", "    ")) or " | " in line


def _is_governed(lead: str, strength: Callable[[str], float]) -> bool:
    """True where the line above a list changes what its items mean, or makes them examples."""
    if _EXEMPLARY.search(lead) or _TURNING.search(lead):
        return True
    return bool(_GOVERNING.search(lead)) and not (strength is advice_strength and _ADVISING.search(lead))


def _stands_alone(quote: str) -> bool:
    if not _SHORTEST <= len(quote) <= _LONGEST or not _START.match(quote) or not _END.search(quote) or len(quote.split()) < _FEWEST_WORDS:
        return False
    if _DEBRIS.search(quote) or _LEANING.match(quote) or _POINTING.search(quote):
        return False
    pairs = (("(", ")"), ("“", "”"))
    return all(quote.count(opening) == quote.count(closing) for opening, closing in pairs) and quote.count('"') % 2 == 0


def _worth(candidate: _Candidate, chosen: Sequence[_Candidate]) -> float:
    same_document = sum(other.passage.document_id == candidate.passage.document_id for other in chosen)
    same_section = sum(other.section == candidate.section for other in chosen)
    return candidate.strength - _SAME_DOCUMENT * same_document - _SAME_SECTION * same_section


def _quote_of(statement: Statement) -> str:
    """The sentence that a line rests on."""
    quote = statement.fact.values.get("quote") if statement.fact is not None else None
    return quote if isinstance(quote, str) else statement.text


def is_legal_text(passage: Passage) -> bool:
    """True for licences, readme files and their like, which say nothing about users."""
    return bool(_LEGAL_TEXT.search(PurePosixPath(passage.path).name) or _LEGAL_TEXT.search(passage.title.split(":")[0]))


def _statement(candidate: _Candidate) -> Statement:
    passage = candidate.passage
    values = quotation(passage, candidate.start, candidate.quote)
    return Statement(candidate.line, Evidence(passages=(passage.passage_id,)), Fact("passage", "passage", passage.passage_id, values))
