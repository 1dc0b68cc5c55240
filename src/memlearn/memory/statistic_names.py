r"""Names of statistics, as they stand between semicolons in a statement's evidence: `counts merchant ACME; weekdays`.

Dimensions and keys come from sources and may hold any character. A backslash stands before what would end a name or a dimension
otherwise: `; ` is written `;\ `, a blank in a dimension `\ `, and a backslash twice; `\_` is nothing, and stands between a semicolon that
a dimension ends with and the blank after it. Every other name reads as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

SEPARATOR = "; "
_ESCAPED = r"\\(?:([\\ ])|_)"
# Up to the first blank that no backslash stands before.
_WORD = re.compile(r"((?:\\.|[^\\ ])*)(?: (.*))?", re.DOTALL)


def name_statistic(kind: str, dim: str | None = None, key: str | None = None) -> str:
    """The name of a statistic: `counts merchant ACME`; `counts` alone where it is of the user as a whole.

    Args:
        kind: of its fact; one word.
        dim: dimension of the key.
        key: any text.
    """
    parts = [kind]
    if dim is not None:
        quoted = dim.replace("\\", "\\\\").replace(" ", "\\ ")
        parts.append(quoted + "\\_" if dim.endswith(";") else quoted)
    if key is not None:
        parts.append(key.replace("\\", "\\\\").replace(SEPARATOR, ";\\ "))
    return " ".join(parts)


def read_name(name: str) -> tuple[str, str | None, str | None]:
    """Kind, dimension and key of a name that `name_statistic` gave."""
    kind, rest = _first_word(name)
    if rest is None:
        return kind, None, None
    dim, key = _first_word(rest)
    return kind, unescape(dim), None if key is None else unescape(key)


def join_names(names: Iterable[str]) -> str | None:
    """Names as evidence holds them, each once; None where there are none."""
    return SEPARATOR.join(dict.fromkeys(names)) or None


def split_names(statistic: str | None) -> list[str]:
    """The names of an evidence."""
    return [] if statistic is None else statistic.split(SEPARATOR)


def unescape(text: str) -> str:
    """A part of a name as it is in the source."""
    return re.sub(_ESCAPED, r"\1", text)


def unescaped(name: pl.Expr) -> pl.Expr:
    """The same of a column."""
    return name.str.replace_all(_ESCAPED, "${1}")


def _first_word(text: str) -> tuple[str, str | None]:
    found = _WORD.fullmatch(text)
    # A lone backslash at the end, in a name that an earlier version wrote.
    return (text, None) if found is None else (found[1], found[2])
