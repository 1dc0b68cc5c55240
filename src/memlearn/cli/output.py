"""Writing to the terminal: JSON or text on standard output, progress and warnings on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from memlearn.wiring.reports import Progress

# Control and direction characters could move the cursor or reorder what is read.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_FRACTION = re.compile(r"(?<=:\d\d)\.\d+")
_WIDTH_OF_A_FILE = 120


def console() -> Console:
    """Standard output for people; a fixed width where it is not a terminal."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)


def write_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def warn(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"memlearn: {safe(message)}\n")


def safe(text: str) -> str:
    """A text from data, without characters that act on a terminal."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def plain(text: str, style: str = "") -> Text:
    """A text from data, shown as it is: its brackets are no markup."""
    return Text(safe(text), style=style)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> Table:
    """A table without frame; the columns named in `right` hold numbers."""
    built = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        built.add_column(column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in right)
    for row in rows:
        built.add_row(*(plain(cell) for cell in row))
    return built


def moment(text: str) -> str:
    """An instant in ISO 8601 as people read it: without fractions of a second."""
    return _FRACTION.sub("", text)


def counted(number: int, noun: str) -> str:
    """`1 step`, `2 steps`, `1,000 steps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def money(amount: str, currency: str | None = None) -> str:
    """An amount as people read it: two decimals, and below one three digits that count."""
    value = Decimal(amount)
    if not value:
        text = "0"
    elif abs(value) >= 1:
        text = f"{value:,.2f}"
    else:
        text = f"{value:.{2 - value.adjusted()}f}".rstrip("0")
    return f"{text} {currency}" if currency else text


@contextmanager
def progress() -> Iterator[Callable[[Progress], None] | None]:
    """A callback that draws bars on standard error; None where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.fields[stage]:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(step: Progress) -> None:
            if step.stage not in tasks:
                tasks[step.stage] = bar.add_task("", stage=step.stage, total=None)
            bar.update(tasks[step.stage], completed=step.done, total=step.total or None, description=safe(step.message))

        yield show
