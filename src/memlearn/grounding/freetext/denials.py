"""Claims that something is not there at all: not since March, neither of the two, left unused, never again."""

from __future__ import annotations

from dataclasses import replace

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, names_mask, period_groups, what
from memlearn.grounding.freetext.view import Mask

_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours, el.Clock, el.Currency)


def read_none(clause: Clause) -> list[Finding] | None:  # noqa: C901, PLR0911
    """`Has not bought anything at X since March`, `neither books nor pets`, `left unused`, `no refunds`."""
    extra = (
        {"everything"}
        if "kept" in clause.tags
        else {"all"}
        if "unused" in clause.tags
        else {"pass", "wentby"}
        if "without" in clause.tags
        else set()
    )
    if not clause.only((*_LIMITS, el.Count), {*_DENIALS, *extra, "nor", "any", "or", "and", "foreign"}) or len(clause.tags & _DENIALS) != 1:
        return None
    if len([part for part in clause.parts if isinstance(part.value, el.Word) and part.value.tag in _DENIALS]) > 1 + (
        "neither" in clause.tags
    ):
        return None
    if len(period_groups(clause.parts)) > 1:
        return None
    if any(count.quantity.value != 1 for count in clause.of(el.Count)) or ("neither" in clause.tags) != ("nor" in clause.tags):
        return None
    if clause.tags & {"unused", "kept"} and "redeem" in clause.tags:
        return None
    told = clause.tags | {part.value.tag for part in clause.inherited if isinstance(part.value, el.Word)}
    if not told & {"buy", "event", "spend", "redeem", "show", "refund", "message", "unused", "verb", "kept"} and not (
        clause.has(el.Name) and clause.has(el.Period)
    ):
        return None
    kinds = _denied(clause)
    if "neveragain" in clause.tags:
        return _never_again(clause)
    asked = replace(clause, parts=tuple(replace(part, value=_past(part.value)) for part in clause.parts))
    rows = asked.filtered(kinds=kinds)
    about = asked.filtered(kinds=kinds, skip=(el.Period, el.Weekdays, el.Hours))
    offers = clause.kinds() in (("redemption",), ("exposure",)) or "unused" in clause.tags
    if "kept" in clause.tags:
        about = asked.filtered(kinds=("purchase",), skip=(el.Period,))
    needs = about | (clause.filtered(kinds=("exposure",), skip=(el.Period,)) if offers else clause.view.none())
    ongoing = any(period.role in ("since", "after") for period in clause.of(el.Period))
    if ongoing and not about.any() and not _shown(clause, told):
        return [Finding(ok=False, needs=needs, message=f"there are no {what(clause)} at all, before or since")]
    message = f"there are {int(rows.sum())} {what(clause)} then"
    if _only_at_the_ends(clause, rows):
        return [Finding(ok=True, needs=needs, message=message)]
    if not rows.any() and _open_start(clause, about):
        return [Finding(ok=None, needs=needs, message=message)]
    lasting = any(period.role != "until" and period.end >= clause.view.last_day for period in clause.of(el.Period))
    return [Finding(ok=not rows.any(), needs=needs, message=message, ended=True if lasting else None)]


def _shown(clause: Clause, told: frozenset[str]) -> bool:
    """`Shown in May but not redeemed since`: what went before was that it was shown, and no redemption."""
    shown = clause.filtered(kinds=("exposure",), skip=(el.Period, el.Weekdays, el.Hours))
    return "unused" in clause.tags and "show" in told and bool(shown.any())


def _denies_twice(clause: Clause) -> bool:
    """`There was not no purchase`."""
    return len([part for part in clause.parts if isinstance(part.value, el.Word) and part.value.tag in _DENIALS]) > 1


def _only_at_the_ends(clause: Clause, rows: Mask) -> bool:
    """`Nothing between 3 and 20 May`, days that it was there on: between them."""
    periods = [period for period in clause.of(el.Period) if len(period.parts) == 2 and all(part.start == part.end for part in period.parts)]  # noqa: PLR2004
    if len(periods) != 1 or len(clause.of(el.Period)) != 1 or periods[0].end - periods[0].start < 2:  # noqa: PLR2004
        return False
    return sorted(set(clause.view.day[rows].tolist())) == [periods[0].start, periods[0].end]


def _open_start(clause: Clause, about: Mask) -> bool:
    """`None since March`, where there are some in March: whether they count is open."""
    since = [period for period in clause.of(el.Period) if period.role == "since" and period.base[0] < period.base[1]]
    return any(bool((about & (clause.view.day >= period.base[0]) & (clause.view.day <= period.base[1])).any()) for period in since)


_DENIALS = frozenset({"not", "nothing", "neither", "never", "unused", "without", "kept", "neveragain"})


def _denied(clause: Clause) -> tuple[str, ...]:
    if "unused" in clause.tags:
        return ("redemption",)
    return ("refund", "cancellation") if "kept" in clause.tags else clause.kinds()


def _never_again(clause: Clause) -> list[Finding] | None:
    """`On 2 July and never again`: nothing after the time said before."""
    periods = [part.value for part in (*clause.parts, *clause.inherited) if isinstance(part.value, el.Period)]
    if len(periods) != 1 or any(period.role in ("until", "before") for period in clause.of(el.Period)):
        return None
    whole = clause.filtered(skip=(el.Period, el.Weekdays, el.Hours))
    names = whole & names_mask(tuple(part for part in (*clause.parts, *clause.inherited) if isinstance(part.value, el.Name)), clause.view)
    later = names & (clause.view.day > periods[0].base[1])
    return [Finding(ok=not later.any(), needs=names, message=f"there are {int(later.sum())} {what(clause)} after that")]


def _past(value: el.Value) -> el.Value:
    """`Not since March` leaves open what was in March itself."""
    if isinstance(value, el.Period) and value.role == "since":
        return replace(value, start=value.base[1] + 1)
    return value
