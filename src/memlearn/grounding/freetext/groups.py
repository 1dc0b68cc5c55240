"""Claims about names as such: which one is the most frequent, how many there are, and texts that stand in the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, limit_mask, name_mask, what
from memlearn.grounding.freetext.view import Mask

_DIMS = {"category": "merchant_category", "merchant": "merchant", "city": "city", "item": "item"}
_SAME = {"merchant_category": "category"}


def read_ranking(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`Coffee is the third most important category`, `the most visited merchant is X`."""
    tags = {"most", "themost", "important", "number", "byspend", "max", "favourite", "many", "often", "mostoften", "leastoften", "runnerup"}
    beaten = _is_unbeaten(clause)
    tags |= {"nootherwise", "not", "more", "than"} if beaten else set()
    if (
        not clause.only((el.Name, el.Period, el.Rank, el.Currency), tags | ({"sharenoun"} if "max" in clause.tags else set()))
        or len(clause.of(el.Rank)) > 1
        or (clause.of(el.Rank) and clause.of(el.Rank)[0].by_amount)
    ):
        return None
    most = bool(clause.tags & {"most", "themost"})
    if "leastoften" in clause.tags and (clause.tags & tags != {"leastoften"} or clause.of(el.Rank)):
        return None
    if "runnerup" in clause.tags and (clause.tags & tags != {"runnerup"} or clause.of(el.Rank) or not _inherits_rank(clause)):
        return None
    if not (
        clause.tags & {"max", "favourite", "mostoften", "leastoften", "runnerup"}
        or beaten
        or (most and clause.tags & {"important", "buy", "spend"})
        or (clause.of(el.Rank) and clause.tags & {"important", "max", "number", "byspend"})
    ):
        return None
    chosen = _ranked(clause)
    if chosen is None:
        return None
    name, dim = chosen
    rows = clause.filtered(skip=(el.Name,)) & (clause.view.columns[dim] != "")
    for other in clause.of(el.Name):
        rows = rows if other is name else rows & name_mask(other, clause.view)
    place = clause.of(el.Rank)[0].place if clause.of(el.Rank) else 1 + ("runnerup" in clause.tags)
    keys, weights = _weights(clause, rows, dim)
    mine = [at for at, key in enumerate(keys) if bool((name_mask(name, clause.view) & (clause.view.columns[dim] == key)).any())]
    if place < 1 or len(mine) != 1:
        return [Finding(ok=False, needs=rows, message=f"{name.text!r} is none of them")] if place >= 1 else None
    if "leastoften" in clause.tags:
        weights = -weights
    more, same = int((weights > weights[mine[0]]).sum()), int((weights == weights[mine[0]]).sum())
    ok = (more + 1 == place and same == 1) or None if more + 1 <= place <= more + same else False
    return [Finding(ok=ok, needs=rows, message=f"{name.text!r} is at place {more + 1}, not {place}")]


def _ranked(clause: Clause) -> tuple[el.Name, str] | None:
    """The name that is ranked, and the dimension that it is ranked in; another name may say among what."""
    names = clause.of(el.Name) or [part.value for part in clause.inherited if isinstance(part.value, el.Name)]
    told = clause.tags | {part.value.tag for part in clause.inherited if isinstance(part.value, el.Word) and "runnerup" in clause.tags}
    dim = next((dim for tag, dim in _DIMS.items() if tag in told), None)
    if dim is None and len(names) == 1 and (_by_money(clause) or clause.tags & {"mostoften", "leastoften"}):
        dim = next((dim for dim in _DIMS.values() for dim in (dim, _SAME.get(dim, dim)) if dim in names[0].masks), None)
    if dim in _SAME and not any(dim in name.masks for name in names):
        dim = _SAME[dim]
    fitting = [name for name in names if dim in name.masks] if len(names) > 1 else names
    return None if dim is None or dim not in clause.view.columns or len(fitting) != 1 or len(names) > 2 else (fitting[0], dim)  # noqa: PLR2004


def _inherits_rank(clause: Clause) -> bool:
    """`Groceries are the most frequent category, followed by transport`: what is said of the first holds of the second."""
    told = {part.value.tag for part in clause.inherited if isinstance(part.value, el.Word)}
    return bool(told & {"most", "themost", "mostoften", "max", "favourite", "busiest"}) and not told & {"byspend", "spend", "leastoften"}


def _is_unbeaten(clause: Clause) -> bool:
    """`No other shop gets more money than X`, `in no month were there more purchases than in May`."""
    return {"more", "than"} <= clause.tags and bool(clause.tags & {"nootherwise", "not"}) and not clause.tags & {"fewer", "never"}


def _by_money(clause: Clause) -> bool:
    """A name goes without the word for its sort where it is ranked by money or by number."""
    if _is_unbeaten(clause):
        return "nootherwise" in clause.tags
    most = "spend" in clause.tags and bool(clause.tags & {"max", "themost"}) and "event" not in clause.tags
    return most or bool(clause.of(el.Rank) and clause.tags & {"number", "byspend"})


def _weights(clause: Clause, rows: Mask, dim: str) -> tuple[list[str], NDArray[np.float64 | np.int64]]:
    keys, inverse = np.unique(clause.view.columns[dim][rows], return_inverse=True)
    if "byspend" in clause.tags or "spend" in clause.tags:
        return keys.tolist(), np.bincount(inverse, weights=amounts(clause.view, rows), minlength=len(keys))
    return keys.tolist(), np.bincount(inverse, minlength=len(keys))


def read_busiest(clause: Clause) -> list[Finding] | None:
    """`Friday is the most common day for X`, `December 2025 was the busiest month`."""
    words = {"busiest", "month", "favourite", "themost", "important", "mostoften", "max", "number", "most", "many"}
    beaten = _is_unbeaten(clause) and "spend" not in clause.tags and bool(clause.tags & {"month", "day"})
    words |= {"nootherwise", "not", "more", "than"} if beaten else set()
    if not clause.only((el.Name, el.Period, el.Weekdays), words) or not (
        clause.tags & {"busiest", "favourite", "mostoften"} or beaten or ({"themost", "important"} <= clause.tags)
    ):
        return None
    days, periods = clause.of(el.Weekdays), clause.of(el.Period)
    if not days and not periods and "mostoften" in clause.tags:
        before = [part.value for part in clause.inherited]
        days = [value for value in before if isinstance(value, el.Weekdays) and "day" in clause.tags]
        periods = [value for value in before if isinstance(value, el.Period) and "month" in clause.tags]
    if len(days) + len(periods) != 1 or (days and (not clause.tags & {"day", "mostoften"} or len(days[0].days) != 1)):
        return None
    own = replace(clause, inherited=tuple(part for part in clause.inherited if not isinstance(part.value, el.Period | el.Weekdays)))
    rows = own.filtered(skip=(el.Period, el.Weekdays))
    if days:
        keys, wanted = (clause.view.day[rows] + 3) % 7, next(iter(days[0].days))
    else:
        start, end = periods[0].base
        if "month" not in clause.tags or not 27 <= end - start <= 30:  # noqa: PLR2004
            return None
        months = clause.view.day[rows].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        keys, wanted = months, int(np.int64(start).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))
    values, counts = np.unique(keys, return_counts=True)
    mine = int(counts[values == wanted].sum())
    most = int(counts.max()) if len(counts) else 0
    ok = None if mine == most > 0 and int((counts == most).sum()) > 1 else mine == most > 0
    return [Finding(ok=ok, needs=rows, message=f"there are {mine} {what(clause)} then, and {most} at most at another time")]


def read_distinct(clause: Clause) -> list[Finding] | None:
    """`Purchases in travel come from two merchants only: A and B`."""
    tags = {"only", "and", "both", "different", "total"}
    if not clause.only((el.Name, el.Period, el.Count), tags) or len(clause.of(el.Count)) != 1:
        return None
    at = next(n for n, part in enumerate(clause.parts) if isinstance(part.value, el.Count))
    noun = next(
        (
            part.value
            for part in clause.parts[at + 1 :]
            if not (isinstance(part.value, el.Word) and part.value.tag in ("skip", "different"))
        ),
        None,
    )
    if isinstance(noun, el.Name):
        # Four coffee merchants.
        noun = next((part.value for part in clause.parts[at + 2 :] if isinstance(part.value, el.Word) and part.value.tag != "skip"), None)
    dim = _DIMS.get(noun.tag) if isinstance(noun, el.Word) else None
    if dim is None or dim not in clause.view.columns:
        return None
    names = [part for part in clause.parts if isinstance(part.value, el.Name)]
    listed = [
        part.value
        for part in names
        if isinstance(part.value, el.Name) and (part.start > clause.parts[at].start) and dim in part.value.masks
    ]
    missing = [
        part.value for part in names if isinstance(part.value, el.Name) and part.start > clause.parts[at].start and not part.value.masks
    ]
    rows = clause.base() & (clause.view.columns[dim] != "")
    for part in names:
        if isinstance(part.value, el.Name) and part.value not in listed and part.value not in missing:
            rows = rows & name_mask(part.value, clause.view)
    for period in clause.of(el.Period):
        rows = rows & limit_mask(period, clause.view)
    found = np.unique(clause.view.columns[dim][rows])
    ok = clause.of(el.Count)[0].quantity.holds(len(found)) and not missing
    if listed and ok:
        ok = len(listed) == len(found) and all(bool((rows & name_mask(name, clause.view)).any()) for name in listed)
    return [Finding(ok=ok, needs=rows, message=f"they are {len(found)}: {', '.join(found[:8].tolist())}")]


def read_descriptor(clause: Clause) -> list[Finding] | None:
    """`The descriptor “…” appears twice among the transactions`."""
    if (
        not clause.only((el.Quote, el.Times, el.Count, el.Period), {"descriptor"})
        or len(clause.of(el.Quote)) != 1
        or "descriptor" not in clause.tags
    ):
        return None
    quote = clause.of(el.Quote)[0]
    rows = np.array([text == quote.text for text in clause.view.written], dtype=np.bool_)
    for period in clause.of(el.Period):
        rows = rows & limit_mask(period, clause.view)
    said = clause.said(el.Times, el.Count)
    if len(said) > 1:
        return None
    message = f"{int(rows.sum())} of the {what(clause)} have that text"
    if not said:
        return [Finding(ok=bool((rows & clause.cited).any()), needs=clause.view.none(), message=message)]
    return [Finding(ok=said[0].holds(rows.sum()), needs=rows, message=message)]
