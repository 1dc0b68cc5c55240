"""Markdown to an outline: front matter, Liquid tags, links and emphasis become plain text; code fences are kept as they are."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import yaml

from memlearn.sources.documents.markup import parse_html
from memlearn.sources.documents.outline import Outline, Part, heading_text, join_paragraph, tidy, tidy_lines

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_LIQUID_BLOCK = re.compile(r"\{%-?\s*(comment|raw|highlight)\b.*?%\}(.*?)\{%-?\s*end\1\s*-?%\}", re.DOTALL)
_LIQUID = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_KRAMDOWN = re.compile(r"\{:[^}\n]*\}|\{#[\w-]+\}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_ITEM = re.compile(r"^(\s*)(?:[-*+]|(\d{1,9})[.)])[ \t]+(.*)$")
_DEFINITION = re.compile(r"^ {0,3}\[([^\]]+)\]:\s*\S+.*$")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
_HTML_BLOCK = re.compile(
    r"^ {0,3}<(table|div|p|ul|ol|dl|details|section|article|blockquote|figure|script|style|nav|pre|h[1-6]|iframe|form|aside)\b",
    re.IGNORECASE,
)

_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\[\]]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_REFERENCE = re.compile(r"\[([^\[\]]+)\]\[[^\]]*\]")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]:?")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^>\s]+|[\w.+-]+@[\w.-]+)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*\\])\*(?=[^\s*])(.+?)(?<=[^\s*\\])\*(?![\w*])|(?<![\w\\])_(?=\S)(.+?)(?<=[^\s\\])_(?!\w)")
# A lone star or underscore at a word's edge is a footnote mark or a broken emphasis, never text.
_STRAY = re.compile(r"(?<=\w)\*+(?=[\s,.;:!?]|$)|(?<!\S)\*+(?=\w)|(?<=[.!?])[*_]+(?=\s|$)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def parse_markdown(text: str) -> Outline:
    r"""Read Markdown, Jekyll pages included.

    Front matter gives the title and is dropped. Liquid tags are dropped, the text between them is kept (except of
    `comment`). Links and images keep their words, lists their dashes and numbers, quotations a leading `> `,
    code an indentation of four blanks, tables one line a row.

    Args:
        text: the file's content with `\n` line ends.
    """
    title, body = _take_front_matter(text)
    body = _LIQUID_BLOCK.sub(lambda match: "" if match.group(1) == "comment" else match.group(2), body)
    body = _COMMENT.sub("", _KRAMDOWN.sub("", _LIQUID.sub("", body)))
    lines = body.split("\n")
    names = {match.group(1).casefold() for line in lines if (match := _DEFINITION.match(line)) and not match.group(1).startswith("^")}
    return Outline(title, tuple(_Reader(lines, names).parts()))


def plain_inline(text: str, references: frozenset[str] | set[str] = frozenset()) -> str:
    """Inline Markdown to plain words: no emphasis, no link targets, no tags, entities resolved."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group(2).strip())
        return f"\ue000{len(kept) - 1}\ue001"

    text = _CODE.sub(keep, text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _REFERENCE.sub(r"\1", _FOOTNOTE.sub("", text))
    text = re.sub(r"\[([^\[\]]+)\]", lambda match: match.group(1) if match.group(1).casefold() in references else match.group(0), text)
    text = _TAG.sub("", _AUTOLINK.sub(r"\1", text))
    for _ in range(2):
        text = _STRONG.sub(r"\2", text)
        text = _EMPHASIS.sub(lambda match: match.group(1) or match.group(2), text)
    text = _ESCAPE.sub(r"\1", _STRAY.sub("", text))
    text = html.unescape(text)
    return tidy(re.sub("\ue000(\\d+)\ue001", lambda match: kept[int(match.group(1))], text))


def _take_front_matter(text: str) -> tuple[str | None, str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return None, text
    try:
        values = yaml.safe_load(match.group(1))
    except yaml.YAMLError:
        values = None
    # A horizontal rule may open a page too: what is no mapping is text.
    if not isinstance(values, dict):
        return None, text
    title = values.get("title")
    return (heading_text(str(title)) or None) if title is not None else None, text[match.end() :]


class _Reader:
    """Walks the lines once; each method takes the lines of one construct."""

    def __init__(self, lines: list[str], references: set[str]) -> None:
        self._lines = lines
        self._references = references
        self._at = 0

    def parts(self) -> Iterator[Part]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip() or _DEFINITION.match(line) or _RULE.match(line):
                self._at += 1
            elif heading := _ATX.match(line):
                self._at += 1
                yield Part(len(heading.group(1)), heading_text(self._inline(heading.group(2) or "")))
            elif _HTML_BLOCK.match(line):
                yield from self._take_html()
            elif line.lstrip().startswith(">"):
                yield from self._take_quote()
            else:
                yield self._take_block(line)

    def _take_block(self, line: str) -> Part:
        if _FENCE.match(line):
            return Part(0, self._take_fence())
        if _ITEM.match(line):
            return Part(0, self._take_list())
        if "|" in line and self._at + 1 < len(self._lines) and _TABLE_RULE.match(self._lines[self._at + 1]):
            return Part(0, self._take_table())
        if line.startswith(("    ", "\t")):
            return Part(0, self._take_code())
        return self._take_paragraph()

    def _inline(self, text: str) -> str:
        return plain_inline(text, self._references)

    def _take_while(self, wanted: re.Pattern[str]) -> list[str]:
        start = self._at
        while self._at < len(self._lines) and wanted.match(self._lines[self._at]):
            self._at += 1
        return self._lines[start : self._at]

    def _take_fence(self) -> str:
        opening = _FENCE.match(self._lines[self._at])
        assert opening is not None
        mark = opening.group(1)
        closing = re.compile(rf"^ {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
        self._at += 1
        body: list[str] = []
        while self._at < len(self._lines) and not closing.match(self._lines[self._at]):
            body.append("    " + self._lines[self._at])
            self._at += 1
        self._at += 1
        return tidy_lines("\n".join(body))

    def _take_code(self) -> str:
        return tidy_lines("\n".join(self._take_while(re.compile(r"^( {4}|\t)"))).expandtabs(4))

    def _take_quote(self) -> Iterator[Part]:
        lines = [re.sub(r"^\s*> ?", "", line) for line in self._take_while(re.compile(r"^\s*>"))]
        for part in _Reader(lines, self._references).parts():
            yield Part(0, "\n".join("> " + line for line in part.text.split("\n")))

    def _take_table(self) -> str:
        rows = [line for line in self._take_while(re.compile(r"^.*\|")) if not _TABLE_RULE.match(line)]
        cells = ([self._inline(cell) for cell in row.strip().strip("|").split("|")] for row in rows)
        return "\n".join(" | ".join(row) for row in cells)

    def _take_html(self) -> Iterator[Part]:
        opening = _HTML_BLOCK.match(self._lines[self._at])
        assert opening is not None
        tag = opening.group(1).lower()
        start, depth = self._at, 0
        while self._at < len(self._lines):
            line = self._lines[self._at].lower()
            depth += len(re.findall(rf"<{tag}\b", line)) - line.count(f"</{tag}>")
            self._at += 1
            if depth <= 0:
                break
        yield from parse_html("\n".join(self._lines[start : self._at])).parts

    def _take_list(self) -> str:
        items: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            match = _ITEM.match(line)
            if match and not _RULE.match(line):
                self._at += 1
                mark = f"{match.group(2)}." if match.group(2) else "-"
                depth = len(match.group(1).expandtabs(4)) // 2
                text = self._inline(join_paragraph([match.group(3), *self._take_continuation()]))
                items.append(f"{'  ' * min(depth, 4)}{mark} {text}".rstrip())
            elif not line.strip() and self._list_goes_on():
                self._at += 1
            else:
                break
        return "\n".join(items)

    def _list_goes_on(self) -> bool:
        following = next((line for line in self._lines[self._at :] if line.strip()), "")
        return bool(_ITEM.match(following)) and not _RULE.match(following)

    def _take_continuation(self) -> list[str]:
        taken: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            indented_after_blank = not line.strip() and self._at + 1 < len(self._lines) and self._lines[self._at + 1].startswith("  ")
            if indented_after_blank and not _ITEM.match(self._lines[self._at + 1]):
                self._at += 1
                continue
            if not line.strip() or _ITEM.match(line) or _ATX.match(line) or _FENCE.match(line) or line.lstrip().startswith(">"):
                break
            taken.append(line)
            self._at += 1
        return taken

    def _take_paragraph(self) -> Part:
        lines = [self._lines[self._at]]
        self._at += 1
        while self._at < len(self._lines):
            line = self._lines[self._at]
            underline = _SETEXT.match(line)
            if underline:
                self._at += 1
                return Part(1 if underline.group(1)[0] == "=" else 2, heading_text(self._inline(join_paragraph(lines))))
            if not line.strip() or self._interrupts(line):
                break
            lines.append(line)
            self._at += 1
        return Part(0, self._inline(join_paragraph(lines)))

    def _interrupts(self, line: str) -> bool:
        return bool(_ATX.match(line) or _FENCE.match(line) or _ITEM.match(line) or _RULE.match(line) or _HTML_BLOCK.match(line)) or (
            line.lstrip().startswith(">")
        )
