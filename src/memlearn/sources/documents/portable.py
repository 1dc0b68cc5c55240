"""PDF to an outline, with pypdf: text of every page, headings by larger type, by number or in capitals."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from dataclasses import dataclass, field

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from memlearn.sources.documents.outline import Outline, Part, heading_text, tidy
from memlearn.sources.documents.plain import capital_heading, join_lines, numbered_heading

# What pypdf says of a damaged file is told in the file's reject; only an application that listens hears it too.
logging.getLogger("pypdf").addHandler(logging.NullHandler())

# Type this much larger than the body's is a heading's.
_LARGER = 1.12
_LONGEST_HEADING = 100
# Fewer pages do not tell a running title from a repeated line.
_FEWEST_PAGES = 3
_PAGE_NUMBER = re.compile(r"^\s*(?:page\s+)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?\s*$", re.IGNORECASE)


class UnreadablePdfError(ValueError):
    """The file is damaged, encrypted or holds no text; the message says which."""


@dataclass(slots=True)
class _Sizes:
    """How large each piece of text was set, collected while pypdf walks the pages."""

    of_text: dict[str, float] = field(default_factory=dict)
    characters: Counter[float] = field(default_factory=Counter)

    def visit(self, text: str, _cm: list[float], tm: list[float], _font: object, size: float) -> None:
        """Called by pypdf for each piece of text."""
        words = tidy(text)
        if words:
            scaled = round(abs(size * (tm[3] or tm[0] or 1.0)), 1)
            self.characters[scaled] += len(words)
            self.of_text[words] = max(scaled, self.of_text.get(words, 0.0))

    @property
    def body(self) -> float:
        """The size that most characters have."""
        return max(self.characters.items(), key=lambda pair: (pair[1], -pair[0]))[0] if self.characters else 0.0


def parse_pdf(content: bytes) -> Outline:
    """Read a PDF.

    Args:
        content: the file's bytes.

    Raises:
        UnreadablePdfError: the file is damaged, encrypted with a password, or holds no text.
    """
    sizes = _Sizes()
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        _open_for_all(reader)
        pages = [page.extract_text(visitor_text=sizes.visit) for page in reader.pages]
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except UnreadablePdfError:
        raise
    except (PyPdfError, ImportError) as error:
        raise UnreadablePdfError(f"it cannot be read as PDF: {error}") from error
    except Exception as error:  # pypdf lets KeyError, TypeError, RecursionError and others through on damaged files
        raise UnreadablePdfError(f"it is damaged: {type(error).__name__}: {error}") from error
    lines = _body_lines(pages)
    if not any(re.search(r"\w", line) for line in lines):
        raise UnreadablePdfError("it holds no text (a scan?)")
    return Outline(heading_text(title) or None, tuple(_parts(lines, sizes)))


def _open_for_all(reader: PdfReader) -> None:
    """Many files are encrypted with an empty password, so that anybody may read but not change them."""
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadablePdfError("it is encrypted with a password")


def _body_lines(pages: list[str]) -> list[str]:
    """Lines of all pages without page numbers and the lines that most pages repeat; a page's end is no paragraph's end."""
    split = [page.replace("\r", "\n").split("\n") for page in pages]
    seen = Counter(line for page in split for line in {tidy(line) for line in (*page[:2], *page[-2:])} if line)
    repeated = {line for line, count in seen.items() if len(pages) >= _FEWEST_PAGES and count > len(pages) / 2}
    return [line for page in split for line in page if not _PAGE_NUMBER.match(line) and tidy(line) not in repeated]


def _parts(lines: list[str], sizes: _Sizes) -> list[Part]:
    body = sizes.body
    larger = sorted({size for size in sizes.of_text.values() if size > body * _LARGER}, reverse=True)
    width = max((len(line) for line in lines), default=0)
    parts: list[Part] = []
    paragraph: list[str] = []

    def end_paragraph() -> None:
        if paragraph:
            parts.append(Part(0, join_lines(_unhyphenate(paragraph))))
            paragraph.clear()

    for raw in lines:
        line = tidy(raw)
        if not line:
            end_paragraph()
            continue
        level, name = _heading(line, sizes.of_text.get(line, 0.0), larger, fresh=not paragraph)
        if level:
            end_paragraph()
            parts.append(Part(level, name))
            continue
        paragraph.append(line)
        if line[-1] in ".!?:" and len(line) < 0.75 * width:
            end_paragraph()
    end_paragraph()
    return parts


def _heading(line: str, size: float, larger: list[float], *, fresh: bool) -> tuple[int, str]:
    if size in larger and len(line) <= _LONGEST_HEADING:
        return min(6, 1 + larger.index(size)), heading_text(line)
    if fresh:
        numbered = numbered_heading(line)
        if numbered:
            return numbered
        capital = capital_heading(line)
        if capital:
            return 2, capital
    return 0, ""


def _unhyphenate(lines: list[str]) -> list[str]:
    joined: list[str] = []
    for line in lines:
        if joined and re.search(r"[a-zäöüàèéìòù]-$", joined[-1]) and line[:1].islower():
            joined[-1] = joined[-1][:-1] + line
        else:
            joined.append(line)
    return joined
