"""A tiny PDF writer: headings and wrapped paragraphs on A4, in Helvetica."""

from __future__ import annotations

import textwrap
from pathlib import Path

PAGE_LINES = 52
LINE_CHARACTERS = 92


def write_pdf(path: Path, text: str) -> None:
    """Write a text with `# ` and `## ` headings and paragraphs as a PDF; characters outside Latin-1 are not supported."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = _set_lines(text)
    pages = [lines[start : start + PAGE_LINES] for start in range(0, len(lines), PAGE_LINES)]
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects += [_font(b"Helvetica"), _font(b"Helvetica-Bold")]
    kids = []
    for page in pages:
        content = _content(page)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        resources = b"<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources %s /Contents %d 0 R >>" % (resources, len(objects)))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    path.write_bytes(_file(objects))


def _font(name: bytes) -> bytes:
    return b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>" % name


def _set_lines(text: str) -> list[tuple[int, str]]:
    """Lines with their size: 16 and 13 for headings, 11 for text."""
    lines: list[tuple[int, str]] = []
    for paragraph in text.strip().split("\n\n"):
        if paragraph.startswith("#"):
            size = 16 if paragraph.startswith("# ") else 13
            lines.append((size, paragraph.lstrip("# ")))
        else:
            lines.extend((11, line) for line in textwrap.wrap(" ".join(paragraph.split()), LINE_CHARACTERS))
        lines.append((11, ""))
    return lines


def _content(lines: list[tuple[int, str]]) -> bytes:
    parts = [b"BT 14 TL 56 790 Td"]
    for size, line in lines:
        escaped = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        parts.append(b"/%s %d Tf (%s) Tj T*" % (b"F1" if size == 11 else b"F2", size, escaped))
    return b"\n".join([*parts, b"ET"])


def _file(objects: list[bytes]) -> bytes:
    data = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return data + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
