"""Plain text to an outline: headings are underlined, numbered, or short lines in capitals."""

from __future__ import annotations

import re

from memlearn.sources.documents.outline import Outline, Part, heading_text, join_paragraph

_UNDERLINE = re.compile(r"^\s*([=\-~_*^])\1{2,}\s*$")
_NUMBERED = re.compile(r"^\s*(?:§\s*)?((?:\d{1,3}|[A-Z]|[IVX]{1,5})(?:\.\d{1,3})*)[.)]?\s+(\S.*)$")
_ITEM = re.compile(r"^(\s*)(?:[-*+•·‣–]|(\d{1,3}|[a-z])[.)])\s+(\S.*)$")
_LONGEST_HEADING = 80


def parse_plain(text: str) -> Outline:
    r"""Read plain text.

    A heading is a line of at most 80 characters that is underlined (`===` first level, others second), or stands
    alone between blank lines and is numbered (`2.1 Refunds`; the depth of the number is the level) or all in capitals.
    Hard-wrapped lines of a paragraph are joined; list items stay on lines of their own.

    Args:
        text: the file's content with `\n` line ends.
    """
    parts: list[Part] = []
    for lines in _paragraphs(text):
        level, name, rest = _take_heading(lines)
        if level:
            parts.append(Part(level, name))
        if rest:
            parts.append(Part(0, join_lines(rest)))
    return Outline(None, tuple(parts))


def join_lines(lines: list[str]) -> str:
    """Join the wrapped lines of a paragraph; a list item opens a new line."""
    groups: list[list[str]] = []
    for line in lines:
        item = _ITEM.match(line)
        if item:
            mark = f"{item.group(2)}." if item.group(2) else "-"
            groups.append([f"{mark} {item.group(3)}"])
        elif groups:
            groups[-1].append(line)
        else:
            groups.append([line])
    return "\n".join(join_paragraph(group) for group in groups)


def numbered_heading(line: str) -> tuple[int, str] | None:
    """Level and text of a numbered heading such as `2.1 Refunds`; None for a sentence or a list item."""
    match = _NUMBERED.match(line)
    if match is None or len(line.strip()) > _LONGEST_HEADING or line.rstrip()[-1] in ".,;:!?" or not match.group(2)[0].isupper():
        return None
    return 1 + match.group(1).count(".") + 1, heading_text(line)


def capital_heading(line: str) -> str | None:
    """A short line all in capitals, with at least one word of three letters; None for others."""
    text = line.strip()
    if len(text) > _LONGEST_HEADING or text != text.upper() or not re.search(r"[^\W\d_]{3}", text) or text[-1:] in ".,;!?":
        return None
    return heading_text(text)


def is_underline(line: str) -> bool:
    """True for a line made of one repeated mark."""
    return bool(_UNDERLINE.match(line))


def _paragraphs(text: str) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for line in text.replace("\f", "\n\n").split("\n"):
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _take_heading(lines: list[str]) -> tuple[int, str, list[str]]:
    first = lines[0]
    if len(lines) == 1 and is_underline(first):
        return 0, "", []
    if len(lines) > 1 and is_underline(lines[1]) and len(first.strip()) <= _LONGEST_HEADING:
        return (1 if "=" in lines[1] else 2), heading_text(first), lines[2:]
    capital = capital_heading(first)
    if len(lines) == 1:
        numbered = numbered_heading(first)
        if numbered:
            return numbered[0], numbered[1], []
    if capital and (len(lines) == 1 or lines[1].strip() != lines[1].strip().upper()):
        return 2, capital, lines[1:]
    return 0, "", lines
