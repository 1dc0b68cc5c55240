"""Claims about names as such: which one is the most frequent, how many there are, and texts that stand in the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, amounts, limit_mask, name_mask, what
from memlearn.grounding.freetext.view import Mask

_DIMS = {"category": "merchant_category", "merchant": "merchant", "city": "city", "item": "item"}
_SAME = {"merchant_category": "category"}
_PRICED = frozenset({"expensive", "dearest", "priciest", "costliest", "cheapest", "tiniest"})


def read_ranking(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`Coffee is the third most important category`, `the most visited merchant is X`."""
    tags = {"most", "themost", "important", "number", "byspend", "max", "favourite", "many", "often", "mostoften", "leastoften", "runnerup"}
    beaten = is_unbeaten(clause)
    tags |= {"nootherwise", "not", "more", "than", "thanany", "equal", "as", "higher"} if beaten else set()
    tags |= {"busiest"} if _most_purchases(clause) else set()
    if (
        _is_of_price(clause)
        or not clause.only((el.Name, el.Period, el.Rank, el.Currency), tags | ({"sharenoun"} if "max" in clause.tags else set()))
        or len(clause.of(el.Rank)) > 1
        or (clause.of(el.Rank) and clause.of(el.Rank)[0].by_amount)
    ):
        return None
    most = bool(clause.tags & {"most", "themost"})
    if "leastoften" in clause.tags and (clause.tags & tags != {"leastoften"} or clause.of(el.Rank)):
        return None
    by_number = clause.tags & tags == {"runnerup", "number"}
    if (
        "runnerup" in clause.tags
        and not by_number
        and (clause.tags & tags != {"runnerup"} or clause.of(el.Rank) or not _inherits_rank(clause))
    ):
        return None
    if not (
        clause.tags & {"max", "favourite", "mostoften", "leastoften", "runnerup"}
        or beaten
        or _most_purchases(clause)
        or (most and clause.tags & {"important", "buy", "spend", "event"})
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
    if (
        dim is None
        and len(names) == 1
        and (_by_money(clause) or clause.tags & {"mostoften", "leastoften", "runnerup"} or _most_purchases(clause))
    ):
        dim = next((dim for dim in _DIMS.values() for dim in (dim, _SAME.get(dim, dim)) if dim in names[0].masks), None)
    if dim in _SAME and not any(dim in name.masks for name in names):
        dim = _SAME[dim]
    fitting = [name for name in names if dim in name.masks] if len(names) > 1 else names
    return None if dim is None or dim not in clause.view.columns or len(fitting) != 1 or len(names) > 2 else (fitting[0], dim)  # noqa: PLR2004


def read_top_few(clause: Clause) -> list[Finding] | None:
    """`The two most visited merchants are A and B`."""
    counts, names = clause.of(el.Count), clause.of(el.Name)
    if not clause.only(
        (el.Name, el.Count, el.Period), {"most", "themost", "important", "busiest", "favourite", "max", "and", "both", "byspend", "number"}
    ):
        return None
    dim = next((dim for tag, dim in _DIMS.items() if tag in clause.tags), None)
    told = clause.tags & {"busiest", "favourite", "max"} or (clause.tags & {"most", "themost"} and clause.tags & {"important", "buy"})
    if not told or _is_of_price(clause) or dim is None or len(counts) != 1 or counts[0].quantity.value != len(names) or len(names) < 2:  # noqa: PLR2004
        return None
    dim = dim if all(dim in name.masks for name in names) else _SAME.get(dim, dim)
    if dim not in clause.view.columns or counts[0].quantity.form != "exact":
        return None
    rows = clause.filtered(skip=(el.Name,)) & (clause.view.columns[dim] != "")
    keys, weights = _weights(clause, rows, dim)
    of_name = np.array(
        [[bool((name_mask(name, clause.view) & (clause.view.columns[dim] == key)).any()) for key in keys] for name in names], dtype=np.bool_
    )
    mine = of_name.any(axis=0)
    if int(mine.sum()) != len(names):
        return [Finding(ok=False, needs=rows, message="some of them are none of these")]
    least, other = float(weights[mine].min()), float(weights[~mine].max()) if (~mine).any() else -1.0
    ok = True if least > other else None if least == other else False
    # A list of the first few tells their order too, or leaves it open.
    in_order = bool((np.diff([float(weights[keys_of].sum()) for keys_of in of_name]) <= 0).all())
    return [Finding(ok=ok if in_order or not ok else None, needs=rows, message="others come before one of these")]


def _inherits_rank(clause: Clause) -> bool:
    """`Groceries are the most frequent category, followed by transport`: what is said of the first holds of the second."""
    told = {part.value.tag for part in clause.inherited if isinstance(part.value, el.Word)}
    unbeaten = "thanany" in told or {"not", "as"} <= told or {"not", "than"} <= told or {"nootherwise", "than"} <= told
    return (unbeaten or bool(told & {"most", "themost", "mostoften", "max", "favourite", "busiest"})) and not told & {
        "byspend",
        "spend",
        "leastoften",
    }


def is_unbeaten(clause: Clause) -> bool:
    """`No other shop gets more money than X`, `more than anything else`, `no merchant is used as often as X`."""
    tags = clause.tags
    if tags & {"fewer", "never", "lower"} or ("thanany" in tags and tags & {"not", "nootherwise"}):
        return False
    if "thanany" in tags:
        return bool(tags & {"more", "mostoften", "higher"})
    denied = clause.find("not", "nootherwise")
    if denied is None:
        return False
    after = clause.parts[denied + 1 : denied + 2]
    named = "nootherwise" in tags or (
        bool(after) and isinstance(after[0].value, el.Word) and after[0].value.tag in (*_DIMS, "month", "day")
    )
    return named and ({"more", "than"} <= tags or {"equal", "as"} <= tags)


def _is_of_price(clause: Clause) -> bool:
    """`The most expensive shop`: what it costs there, and not how much goes there."""
    return any(
        isinstance(part.value, el.Word) and part.value.tag in ("max", "min", "important") and _PRICED & set(part.value.text.split())
        for part in clause.parts
    )


def _most_purchases(clause: Clause) -> bool:
    """`The category with the most purchases`."""
    return any(
        isinstance(part.value, el.Word) and part.value.tag == "busiest" and part.value.text.startswith("the most") for part in clause.parts
    )


def _by_money(clause: Clause) -> bool:
    """A name goes without the word for its sort where it is ranked by money or by number."""
    if is_unbeaten(clause):
        return bool(clause.tags & {"nootherwise", "thanany"})
    most = "spend" in clause.tags and bool(clause.tags & {"max", "themost"}) and "event" not in clause.tags
    return most or bool(clause.of(el.Rank) and clause.tags & {"number", "byspend"})


def _weights(clause: Clause, rows: Mask, dim: str) -> tuple[list[str], NDArray[np.float64 | np.int64]]:
    keys, inverse = np.unique(clause.view.columns[dim][rows], return_inverse=True)
    if "byspend" in clause.tags or "spend" in clause.tags:
        return keys.tolist(), np.bincount(inverse, weights=amounts(clause.view, rows), minlength=len(keys))
    return keys.tolist(), np.bincount(inverse, minlength=len(keys))


def read_spread(clause: Clause) -> list[Finding] | None:
    """`56 purchases at 32 merchants`: a number of each."""
    counts = clause.of(el.Count)
    if not clause.only((el.Name, el.Period, el.Count), {"different"}) or len(counts) != 2 or "event" not in clause.tags:  # noqa: PLR2004
        return None
    places = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.Count)]
    between = [part.value.tag for part in clause.parts[places[0] : places[1]] if isinstance(part.value, el.Word)]
    behind = next(
        (part.value.tag for part in clause.parts[places[1] :] if isinstance(part.value, el.Word) and part.value.tag != "different"), ""
    )
    dim = _DIMS.get(behind)
    if between[:1] != ["event"] or "comma" in between or dim is None or dim not in clause.view.columns:
        return None
    rows = clause.filtered()
    found = np.unique(clause.view.columns[dim][rows & (clause.view.columns[dim] != "")])
    number = Finding(ok=counts[0].quantity.holds(rows.sum()), needs=rows, message=f"the number of {what(clause)} is {int(rows.sum())}")
    return [
        number,
        Finding(
            ok=counts[1].quantity.holds(len(found)), needs=rows, message=f"they are {len(found)}: {clause.view.shown(dim, found.tolist())}"
        ),
    ]


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
    return [Finding(ok=ok, needs=rows, message=f"they are {len(found)}: {clause.view.shown(dim, found.tolist())}")]


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
