"""Evidence of many rows as it is published: the first and the last one with their content, and all of them by name.

The ledger keeps every id. A release keeps the content of the rows that it names, of which there is room for some dozens a user.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from memlearn.memory.cited import name_rows
from memlearn.memory.statistic_names import join_names, split_names

MOST_ROWS = 6
"""Rows of a line that are published one by one."""

Order = Callable[[Sequence[str]], pl.DataFrame]
"""user_id, row_id in hexadecimal digits: all rows of some users, each user's in order."""


def narrow_evidence(lines: pl.DataFrame, order: Order) -> pl.DataFrame:
    """Lines whose evidence takes little room.

    Args:
        lines: user_id, rows, statistic and more.
        order: looks up users' rows.
    """
    wide = lines["rows"].list.len() > MOST_ROWS
    if not wide.any():
        return lines
    held = order(lines.filter(wide)["user_id"].unique().cast(pl.String).to_list())
    places = {
        str(user_id): {row: place for place, row in enumerate(part["row_id"].to_list(), start=1)}
        for (user_id,), part in held.group_by("user_id", maintain_order=True)
    }
    narrowed = [
        _narrow(rows, statistic, places.get(str(user_id), {})) if is_wide else (rows, statistic)
        for user_id, rows, statistic, is_wide in zip(lines["user_id"], lines["rows"].to_list(), lines["statistic"], wide, strict=True)
    ]
    rows, statistics = zip(*narrowed, strict=True)
    return lines.with_columns(
        pl.Series("rows", rows, dtype=lines.schema["rows"]), pl.Series("statistic", statistics, dtype=lines.schema["statistic"])
    )


def _narrow(rows: list[str], statistic: str | None, places: dict[str, int]) -> tuple[list[str], str | None]:
    known = [row for row in rows if row in places]
    if len(known) <= MOST_ROWS:
        return rows, statistic
    ends = [min(known, key=places.__getitem__), max(known, key=places.__getitem__)]
    name = name_rows(known, places)
    return [*ends, *(row for row in rows if row not in places)], join_names([*split_names(statistic), name])
