"""Passages: a document cut along headings, then paragraphs, then sentences, to a budget of tokens. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from memlearn.chunks.sentences import split_sentences
from memlearn.chunks.tokens import BYTES_PER_TOKEN, estimate_tokens
from memlearn.records import Document, Section

_PARAGRAPH = re.compile(r"\n{2,}")
_NOT_WORD = re.compile(r"[^\w]+")
_LONGEST_SLUG = 60


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that is searched and cited as one.

    Args:
        passage_id: `<document id>#<heading path>/<occurrence>`; an edit under another heading does not change it.
        document_id: the document.
        source: name of the source in the config.
        path: the document's path relative to the source's folder.
        title: the document's title.
        kind: `policy`, `guideline` or `other`.
        headings: the path of headings from the document's title down.
        text: the text; the texts of a section's passages join to the section's text.
        digest: digest of headings and text, 32 hexadecimal digits.
    """

    passage_id: str
    document_id: str
    source: str
    path: str
    title: str
    kind: str
    headings: tuple[str, ...]
    text: str
    digest: str


def cut_passages(document: Document, budget_tokens: int = 220) -> list[Passage]:
    """Cut a document into passages.

    A passage never crosses a heading. Within a section whole paragraphs are put together up to the budget; a paragraph
    above it is cut between sentences, a sentence above it between words, a word above it between characters.

    Args:
        document: the document.
        budget_tokens: most tokens of one passage, by our fixed estimate; at least 1.
    """
    occurrences: Counter[str] = Counter()
    passages: list[Passage] = []
    for section in document.sections:
        slug = "/".join(slugify(heading) for heading in section.headings[1:])
        for text in cut_text(section.text, budget_tokens):
            occurrences[slug] += 1
            passages.append(_passage(document, section, f"{document.document_id}#{slug}/{occurrences[slug]}", text))
    return passages


def cut_text(text: str, budget_tokens: int) -> list[str]:
    """Cut a text at paragraphs, sentences, words or characters, the coarsest that fits; the pieces join to the text."""
    return _cut(text, budget_tokens, (_split_paragraphs, split_sentences, _split_words, _split_characters(budget_tokens)))


def slugify(heading: str) -> str:
    """A heading as part of an id: lower-case words joined by dashes, at most 60 characters."""
    return _NOT_WORD.sub("-", heading.casefold()).strip("-")[:_LONGEST_SLUG].strip("-") or "section"


def _passage(document: Document, section: Section, passage_id: str, text: str) -> Passage:
    content = "\x1f".join((*section.headings, text))
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return Passage(
        passage_id, document.document_id, document.source, document.path, document.title, document.kind, section.headings, text, digest
    )


def _cut(text: str, budget: int, splitters: tuple[Callable[[str], list[str]], ...]) -> list[str]:
    if _fits(text, budget) or not splitters:
        return [text] if text else []
    pieces: list[str] = []
    for unit in splitters[0](text):
        if pieces and _fits(pieces[-1] + unit, budget):
            pieces[-1] += unit
        elif _fits(unit, budget):
            pieces.append(unit)
        else:
            pieces.extend(_cut(unit, budget, splitters[1:]))
    return pieces


def _fits(text: str, budget: int) -> bool:
    # Trailing white space is carried along to rejoin, not read by anybody.
    return estimate_tokens(text.rstrip()) <= budget


def _split_paragraphs(text: str) -> list[str]:
    return _split_after(_PARAGRAPH, text)


def _split_words(text: str) -> list[str]:
    return _split_after(re.compile(r"\s+"), text)


def _split_characters(budget: int) -> Callable[[str], list[str]]:
    # A character takes at most four bytes, which is one token: so many always fit.
    size = max(1, budget * BYTES_PER_TOKEN // 4)
    return lambda text: [text[at : at + size] for at in range(0, len(text), size)]


def _split_after(border: re.Pattern[str], text: str) -> list[str]:
    ends = [match.end() for match in border.finditer(text)]
    starts = [0, *ends]
    return [piece for piece in (text[start:end] for start, end in zip(starts, [*ends, len(text)], strict=True)) if piece]
