"""Claims about habits without a figure, and about the first or the last few of something, each with its day."""

from __future__ import annotations

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, what
from memlearn.grounding.freetext.rhythm import gaps_of

_BACK = frozenset({"back", "returned", "returns", "return", "returns to", "came", "comes"})
_OFTEN, _RARE, _SEASON = 6, 3, 92


def read_regular(clause: Clause) -> list[Finding] | None:
    """`Regularly shops at X`, `a regular customer of X`: often, without a long break, and still so where no end is told."""
    if not clause.only((el.Name, el.Period), {"regularly"}) or "regularly" not in clause.tags:
        return None
    if not any(isinstance(part.value, el.Name) for part in (*clause.parts, *clause.inherited)) or len(clause.of(el.Period)) > 1:
        return None
    rows = clause.filtered()
    days = np.unique(clause.view.day[rows])
    if len(days) < _RARE:
        return [Finding(ok=False, needs=rows, message=f"there are {int(rows.sum())} {what(clause)}, too few for a habit")]
    ends = [min(period.end, clause.view.last_day) for period in clause.of(el.Period)] or [clause.view.last_day]
    starts = [period.base[1] for period in clause.of(el.Period) if period.role == "since"]
    steady = bool(
        gaps_of(clause, rows).max() <= _SEASON and ends[0] - days[-1] <= _SEASON and all(days[0] - start <= _SEASON for start in starts)
    )
    return [Finding(ok=True if len(days) >= _OFTEN and steady else None, needs=rows)]


def read_first_few(clause: Clause) -> list[Finding] | None:
    """`The first two visits to X were on 3 and 12 May`."""
    ranks, counts, periods = clause.of(el.Rank), clause.of(el.Count), clause.of(el.Period)
    if not clause.only((el.Name, el.Rank, el.Count, el.Period), {"and"}) or len(ranks) != 1 or len(counts) != 1 or ranks[0].by_amount:
        return None
    told = counts[0].quantity
    if abs(ranks[0].place) != 1 or told.form != "exact" or told.value != len(periods) or len(periods) < 2:  # noqa: PLR2004
        return None
    if clause.parts.index(next(part for part in clause.parts if part.value is ranks[0])) > _place(clause, counts[0]):
        return None
    if any(period.start != period.end or period.days for period in periods):
        return None
    rows = np.flatnonzero(clause.filtered(skip=(el.Period,)))
    few = rows[: int(told.value)] if ranks[0].place == 1 else rows[-int(told.value) :]
    same = sorted(clause.view.day[few].tolist()) == sorted(period.start for period in periods)
    return [Finding(ok=same, needs=clause.filtered(skip=(el.Period,)), message=f"those {what(clause)} were on other days")]


def read_steps(clause: Clause) -> list[Finding] | None:
    """`The second visit was three days after the first`, `came back three days after the first visit`."""
    ranks, said = clause.of(el.Rank), clause.of(el.Duration)
    if not clause.only((el.Name, el.Rank, el.Duration), {"after", "later", "pass", "gap", "and", "lasted", "before"}) or len(said) != 1:
        return None
    if (
        any(rank.by_amount for rank in ranks)
        or not clause.tags & {"after", "later", "pass", "gap", "before"}
        or clause.kinds() != ("purchase",)
    ):
        return None
    came_back = any(isinstance(part.value, el.Word) and part.value.tag == "buy" and part.value.text in _BACK for part in clause.parts)
    places = [rank.place for rank in ranks]
    if len(places) == 1 and came_back and places[0] > 0 and "after" in clause.tags:
        places.append(places[0] + 1)
    if len(places) != 2 or said[0].unit != 1:  # noqa: PLR2004
        return None
    rows = clause.filtered()
    found = np.flatnonzero(rows)
    if any(abs(place) > len(found) for place in places):
        return [Finding(ok=False, needs=rows, message=f"there are only {len(found)} {what(clause)}")]
    days = [int(clause.view.day[found[place - 1 if place > 0 else place]]) for place in places]
    # The second came two days after the first.
    gap = abs(days[1] - days[0])
    ordered = days[0] - days[1] if "after" in clause.tags else days[1] - days[0] if "before" in clause.tags else gap
    gap = ordered if len(ranks) == 2 else gap  # noqa: PLR2004
    return [Finding(ok=said[0].quantity.holds(gap), needs=rows, message=f"they are {gap} days apart")]


def _place(clause: Clause, value: el.Value) -> int:
    return next(at for at, part in enumerate(clause.parts) if part.value is value)
