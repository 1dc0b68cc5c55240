"""Rows that a statement cites, named by their places in the user's order: a few characters, however many they are.

Such a name stands among the statistics of the statement's evidence, as `rows 1-126,130 #0a1b2c3d`: the first to the 126th row of the user
and the 130th, and a digest of their ids, by which it is seen whether they still are the rows that were meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from memlearn.memory.statistic_names import split_names

_NAME = re.compile(r"rows (?P<places>\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*) #(?P<digest>[0-9a-f]{8})")


def name_rows(cited: Sequence[str], places: Mapping[str, int]) -> str:
    """The name of some rows of a user.

    Args:
        cited: their ids.
        places: id → place in the user's order, from 1; of all of them at least.
    """
    ordered = sorted(cited, key=places.__getitem__)
    runs: list[list[int]] = []
    for row in ordered:
        place = places[row]
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    told = ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)
    return f"rows {told} #{_digest(ordered)}"


def is_name_of_rows(name: str) -> bool:
    """True for a name that `name_rows` gave."""
    return _NAME.fullmatch(name) is not None


def count_named(statistic: str | None) -> int:
    """How many rows are named among the statistics of an evidence."""
    names = (_NAME.fullmatch(name) for name in split_names(statistic))
    return sum(last - first + 1 for found in names if found is not None for first, last in _runs(found["places"]))


def rows_named(name: str, row_ids: Sequence[str]) -> tuple[str, ...]:
    """The rows of a name.

    Args:
        name: that `name_rows` gave.
        row_ids: of all the user's rows, in order.

    Returns:
        Their ids in order; none where they are not those that were named.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return ()
    rows = tuple(row for first, last in _runs(found["places"]) for row in row_ids[first - 1 : last])
    return rows if _digest(rows) == found["digest"] else ()


def _runs(places: str) -> list[tuple[int, int]]:
    ends = [run.partition("-") for run in places.split(",")]
    return [(int(first), int(last or first)) for first, _, last in ends]


def _digest(rows: Sequence[str]) -> str:
    return blake2b("".join(rows).encode(), digest_size=4).hexdigest()
