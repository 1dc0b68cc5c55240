"""The common form that every reader of a document format produces: headings and paragraphs, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from memlearn.records import Section

_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
# Zero-width and direction-changing characters hide text from people; soft hyphens split words.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A heading (level 1 to 6) or, with level 0, a paragraph, list, table or code listing."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Outline:
    """What a format reader found: a title where the file names one outside its text, and the parts in order."""

    title: str | None
    parts: tuple[Part, ...]


def tidy(text: str) -> str:
    """One line: invisible characters dropped, runs of blanks made one."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text).replace("\n", " ")).strip()


def tidy_lines(text: str) -> str:
    """Several lines, each without invisible characters and trailing blanks; indentation is kept."""
    lines = (_INVISIBLE.sub("", line).rstrip() for line in text.split("\n"))
    return "\n".join(lines).strip("\n")


def build_sections(outline: Outline, fallback_title: str) -> tuple[str, tuple[Section, ...]]:
    """Cut an outline into sections along its headings.

    The title is the one that the file names, else the only first-level heading where it comes first, else the first
    heading, else `fallback_title`. A first-level heading that merely opens the document is its title and no step of its own.

    Args:
        outline: the parts in order.
        fallback_title: used where the document names no title.

    Returns:
        The title and the sections that hold text; `start` counts in the sections' texts joined by a blank line.
    """
    parts = [part for part in outline.parts if part.text]
    headings = [part for part in parts if part.level]
    opening = _opening_heading(parts)
    title = outline.title or (opening or (headings[0].text if headings else "")) or fallback_title
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    texts: list[str] = []
    start = 0
    for part in [*parts, Part(1, "")]:
        if not part.level:
            texts.append(part.text)
            continue
        if texts:
            text = SEPARATOR.join(texts)
            sections.append(Section((title, *(name for _, name in path)), text, start))
            start += len(text) + len(SEPARATOR)
            texts = []
        path = [step for step in path if step[0] < part.level]
        if part.text != opening and not (not path and part.text == title):
            path.append((part.level, part.text))
    return title, tuple(sections)


def heading_text(text: str) -> str:
    """A heading as shown in a path: one line without closing marks."""
    return tidy(text).rstrip(" .:#").strip()


def join_paragraph(lines: Iterable[str]) -> str:
    """Undo hard line wrapping."""
    return tidy(" ".join(lines))


def _opening_heading(parts: list[Part]) -> str | None:
    tops = [part for part in parts if part.level == 1]
    return tops[0].text if len(tops) == 1 and parts[0] is tops[0] else None
