"""HTML to an outline, with the standard library's parser: no scripts, styles, navigation or hidden text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from memlearn.sources.documents.outline import Outline, Part, heading_text, tidy, tidy_lines

_SKIPPED = frozenset({"script", "style", "nav", "template", "noscript", "svg", "iframe", "object", "select", "button", "footer"})
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_BLOCKS = frozenset(
    "address article aside blockquote body dd details div dl dt fieldset figcaption figure form header hr html li main ol p section "  # noqa: SIM905 - reads better as text
    "summary table tbody tfoot thead title tr ul caption".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)


def parse_html(text: str) -> Outline:
    """Read an HTML page or fragment.

    Headings `h1` to `h6` cut it; list items keep a dash, table rows are one line with `|` between cells, quotations get
    a leading `> `, `pre` an indentation of four blanks. Entities are resolved. What is not shown to a reader of the page
    (scripts, styles, navigation, footers, hidden elements) is dropped.

    Args:
        text: the file's content.
    """
    parser = _Parser()
    parser.feed(text)
    parser.close()
    parser.flush()
    tops = [part.text for part in parser.parts if part.level == 1]
    # The page's title often carries the site's name; its one first-level heading does not.
    return Outline(tops[0] if len(tops) == 1 else heading_text(parser.title) or None, tuple(parser.parts))


class _Parser(HTMLParser):
    """Collects text up to the next block border, then emits it as a part."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[Part] = []
        self.title = ""
        self._text: list[str] = []
        self._lines: list[str] = []  # lines of the running list or table
        self._skipping: list[str] = []
        self._lists: list[int | None] = []  # running number of each open list; None for bullets
        self._heading = 0
        self._quotes = 0
        self._pre = 0
        self._in_title = False
        self._cells: list[str] | None = None
        self._item_mark: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.append(tag)
            return
        if tag not in _VOID and (tag in _SKIPPED or _is_hidden(dict(attrs))):
            self._skipping.append(tag)
            return
        if tag == "br":
            self._text.append("\n")
        elif tag == "img":
            self._text.append(dict(attrs).get("alt") or "")
        elif tag in ("td", "th"):
            self._close_cell()
        elif tag in _BLOCKS or tag in _HEADINGS or tag == "pre":
            self._border()
        self._open(tag, dict(attrs))

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in _HEADINGS:
            self._end_lines()
            self._heading = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            start = attributes.get("start") or "1"
            self._lists.append((int(start) if start.isdigit() else 1) if tag == "ol" else None)
        elif tag == "li":
            self._item_mark = self._next_mark()
        elif tag == "tr":
            self._cells = []
        elif tag == "blockquote":
            self._end_lines()
            self._quotes += 1
        elif tag == "pre":
            self._end_lines()
            self._pre += 1
        elif tag == "title":
            self._in_title = True
        elif tag in ("p", "div", "table") and not self._lists and self._cells is None:
            self._end_lines()

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.pop()
            return
        if tag in ("td", "th"):
            self._close_cell()
        elif tag == "tr" and self._cells is not None:
            self._close_cell()
            self._add_line(" | ".join(self._cells))
            self._cells = None
        elif tag in _BLOCKS or tag in _HEADINGS or tag == "pre":
            self._border()
        self._close(tag)

    def _close(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._heading = 0
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            if not self._lists:
                self._end_lines()
        elif tag == "table":
            self._end_lines()
        elif tag == "blockquote" and self._quotes:
            self._end_lines()
            self._quotes -= 1
        elif tag == "pre" and self._pre:
            self._pre -= 1
        elif tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        if self._in_title:
            self.title += data
        else:
            self._text.append(data if self._pre else re.sub(r"\s+", " ", data))

    def flush(self) -> None:
        """Emit what is still open at the end of the file."""
        if self._cells is not None:
            self._close_cell()
            self._add_line(" | ".join(self._cells))
            self._cells = None
        self._border()
        self._end_lines()

    def _border(self) -> None:
        raw = "".join(self._text)
        self._text = []
        if self._cells is not None:
            if tidy(raw):
                self._text.append(tidy(raw) + " ")
            return
        if self._pre and not self._heading:
            self._emit(0, tidy_lines("\n".join("    " + line for line in raw.expandtabs(4).split("\n"))))
            return
        lines = [line for line in (tidy(line) for line in raw.split("\n")) if line]
        if not lines:
            return
        if self._heading:
            self._emit(self._heading, heading_text(" ".join(lines)))
        elif self._lists:
            indent = "  " * (min(len(self._lists), 5) - 1)
            self._add_line(f"{indent}{self._item_mark or '  '}{' '.join(lines)}")
            self._item_mark = None
        else:
            self._end_lines()
            self._emit(0, "\n".join(lines))

    def _next_mark(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _close_cell(self) -> None:
        text = tidy("".join(self._text))
        self._text = []
        if self._cells is not None and text:
            self._cells.append(text)

    def _add_line(self, line: str) -> None:
        if line.strip():
            self._lines.append(line)

    def _end_lines(self) -> None:
        if self._lines:
            self._emit(0, "\n".join(self._lines))
        self._lines = []

    def _emit(self, level: int, text: str) -> None:
        if not text.strip():
            return
        if self._quotes and not level:
            text = "\n".join("> " + line for line in text.split("\n"))
        self.parts.append(Part(level, text))


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    return "hidden" in attributes or attributes.get("aria-hidden") == "true" or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
