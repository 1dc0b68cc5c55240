"""Values for unstructured text: a document and its sections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a document under one heading.

    Args:
        headings: the path of headings from the document's title down to this section.
        text: the section's own text, without the text of its subsections.
        start: offset of the text in the document's plain text, in characters.
    """

    headings: tuple[str, ...]
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """A policy, guideline or help page.

    Args:
        document_id: stable id: `<source>:<path relative to the source>`.
        source: name of the source in the config.
        path: path relative to the source's folder, with forward slashes.
        title: first heading, or the file's stem.
        kind: what the config says it is: `policy`, `guideline` or `other`.
        sections: in order; their text covers the document's text.
    """

    document_id: str
    source: str
    path: str
    title: str
    kind: str
    sections: tuple[Section, ...]
