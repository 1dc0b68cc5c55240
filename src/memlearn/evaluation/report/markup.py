"""Well-formed HTML and SVG from values: whatever comes from outside is escaped, which the type `Html` keeps apart from text."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NewType

Html = NewType("Html", str)

# Marks that turn the direction of writing, by which a name could make the text beside it read otherwise.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Text under a cell's figure that is longer than any interval may break.
_LONG = 30
_VOID = frozenset({"meta", "line", "rect", "circle", "polyline", "path", "br"})


def plain(value: str) -> str:
    """Text without characters that no page may hold or that change how others read; each becomes U+FFFD."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if sign in _TURNING or (unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\t\n") else sign
        for sign in value
    )


def text(value: object) -> Html:
    """A value as text of a page."""
    return Html(html.escape(plain(str(value))))


def element(name: str, attributes: Mapping[str, object] | None = None, *children: Html) -> Html:
    """One element; attributes are escaped, children are markup already.

    Args:
        name: of the element.
        attributes: name → value; none are left out.
        children: what it holds; nothing for an element that holds nothing.
    """
    given = "".join(f' {key}="{text(value)}"' for key, value in (attributes or {}).items() if value is not None)
    if name in _VOID:
        return Html(f"<{name}{given} />")
    return Html(f"<{name}{given}>{''.join(children)}</{name}>")


def joined(parts: Sequence[Html]) -> Html:
    """Pieces of markup, one after the other, each in a line of its own."""
    return Html("\n".join(parts))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: what it says, and the smaller text under it."""

    main: str
    under: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `ours` marks it."""

    head: str
    cells: Sequence[Cell | str]
    ours: bool = False


def table(caption: str, columns: Sequence[str], rows: Sequence[Row]) -> Html:
    """A table with a caption and scopes, in a region that scrolls sideways and that the keyboard reaches.

    Args:
        caption: what it shows.
        columns: heads of all columns, that of the rows' heads included.
        rows: each with one cell fewer than there are columns.
    """
    head = element("thead", None, element("tr", None, *(element("th", {"scope": "col"}, text(name)) for name in columns)))
    body = element("tbody", None, *map(_row, rows))
    whole = element("table", None, element("caption", None, element("span", None, text(caption))), head, body)
    return element("div", {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": caption}, whole)


def _row(row: Row) -> Html:
    label = marked(row.head, ours=row.ours)
    cells = (cell if isinstance(cell, Cell) else Cell(cell) for cell in row.cells)
    made = (element("td", None, text(cell.main), *_under(cell.under)) for cell in cells)
    return element("tr", {"class": "ours" if row.ours else None}, element("th", {"scope": "row"}, text(label)), *made)


def _under(value: str) -> tuple[Html, ...]:
    kind = "under long" if len(value) > _LONG else "under"
    return (Html(" "), element("span", {"class": kind}, text(value))) if value else ()


def marked(title: str, *, ours: bool) -> str:
    """A method's title; ours carries a mark, so that colour is not needed to see it."""
    return f"◆ {title}" if ours else title


def section(anchor: str, title: str, *children: Html) -> Html:
    """A section of the page with its heading."""
    head = element("h2", {"id": anchor}, text(title))
    return element("section", {"aria-labelledby": anchor}, joined([head, *children]))


def paragraph(value: str, kind: str | None = None) -> Html:
    """A paragraph of text."""
    return element("p", {"class": kind}, text(value))


def definitions(pairs: Sequence[tuple[str, str]]) -> Html:
    """A list of terms with what they are."""
    return element(
        "dl", None, *(element("div", None, element("dt", None, text(name)), element("dd", None, text(value))) for name, value in pairs)
    )
