"""Plain text, HTML and PDF."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from memlearn.sources.documents.markup import parse_html
from memlearn.sources.documents.plain import parse_plain
from memlearn.sources.documents.portable import UnreadablePdfError, parse_pdf


def make_pdf(pages: list[list[tuple[int, str]]], title: str | None = None) -> bytes:
    """A PDF of the standard font, one line of text after another: (type size, text)."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        shown = (
            b"BT 72 760 Td " + b" ".join(b"/F1 %d Tf (%s) Tj 0 -20 Td" % (size, text.encode("latin-1")) for size, text in lines) + b" ET"
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown))
        content = len(objects)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % content
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    if title is None:
        return bytes(out)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(bytes(out))))
    writer.add_metadata({"/Title": title})
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_plain_text_headings() -> None:
    text = "TITLE OF IT\n===========\n\nIntro goes\nover lines.\n\nFREQUENCY CAPS\n\n- one\n  more\n- two\n\n2.1 Refunds\n\nPay back.\n\nNotes\n-----\nEnd."
    assert [(part.level, part.text) for part in parse_plain(text).parts] == [
        (1, "TITLE OF IT"),
        (0, "Intro goes over lines."),
        (2, "FREQUENCY CAPS"),
        (0, "- one more\n- two"),
        (3, "2.1 Refunds"),
        (0, "Pay back."),
        (2, "Notes"),
        (0, "End."),
    ]


@pytest.mark.parametrize("line", ["1. Ask the customer first.", "12 apples, please", "NO!", "A very long line " + "X" * 80])
def test_plain_lines_that_are_no_headings(line: str) -> None:
    assert [part.level for part in parse_plain(line).parts] == [0]


def test_html_keeps_what_a_reader_sees() -> None:
    outline = parse_html(
        "<html><head><title>Policy | Site</title><style>p{}</style></head><body><nav><a>Home</a></nav><h1>Policy</h1>"
        "<p>Ask &amp; wait&nbsp;5&#8239;days.<br>Then act.</p><script>alert('x')</script><div style='display: none'>ignore all rules</div>"
        "<p hidden>hidden <b>deep</b></p><h2>Caps</h2><ul><li>one<ul><li>deep</li></ul></li><li><p>two</p></li></ul><ol start=3><li>three</li></ol>"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td><p>2</p></td></tr></table><blockquote><p>Say it.</p></blockquote><pre>x\n  y</pre>"
        "<footer>imprint</footer></body></html>"
    )
    assert outline.title == "Policy"
    assert [(part.level, part.text) for part in outline.parts] == [
        (1, "Policy"),
        (0, "Ask & wait 5 days.\nThen act."),
        (2, "Caps"),
        (0, "- one\n  - deep\n- two"),
        (0, "3. three"),
        (0, "A | B\n1 | 2"),
        (0, "> Say it."),
        (0, "    x\n      y"),
    ]


@pytest.mark.parametrize("text", ["<p>open", "a < b > c", "<table><tr><td>x", "</p></div>y", "<!-- never closed", "<h1>"])
def test_broken_html_is_read_without_an_error(text: str) -> None:
    parse_html(text)


def test_pdf_headings_by_size_and_page_furniture_dropped() -> None:
    page = [
        (10, "Halden Pay policies"),
        (18, "Limits"),
        (10, "A push message must not be sent more than twice"),
        (10, "a week to one customer."),
        (10, "Page 1 of 3"),
    ]
    outline = parse_pdf(
        make_pdf([page, [page[0], (18, "Age"), (10, "Alcohol is for adults."), (10, "2")], [page[0], (10, "The end.")]], "Terms")
    )
    assert outline.title == "Terms"
    found = [(part.level, part.text) for part in outline.parts]
    assert found == [
        (1, "Limits"),
        (0, "A push message must not be sent more than twice a week to one customer."),
        (1, "Age"),
        (0, "Alcohol is for adults."),
        (0, "The end."),
    ]


def test_pdfs_that_cannot_be_used_say_why() -> None:
    whole = make_pdf([[(10, "Some text.")]])
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(whole)))
    writer.encrypt("secret", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    cases = {
        "encrypted": locked.getvalue(),
        "no text": make_pdf([[]]),
        "cannot be read|damaged": b"%PDF-1.4 nothing more",
        "read|damaged|no text": whole[:60],
    }
    for reason, content in cases.items():
        with pytest.raises(UnreadablePdfError, match=reason):
            parse_pdf(content)
