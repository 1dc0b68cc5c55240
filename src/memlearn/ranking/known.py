"""What statements tell of single keys, put beside the item facts: a release may hold a statement of a key and no fact of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from memlearn.memory import Fact
from memlearn.ranking.memory import KeyFact, UserMemory, instant_us, month_at
from memlearn.ranking.timing import DAY_US

# Days in which a share that a statement tells of the whole history loses half its weight, counted from the last purchase.
_HALF_LIFE_DAYS = 120.0
# What stays of a preference that has ended, or that is out of its season.
_ENDED, _OUT_OF_SEASON = 0.25, 0.35


def known_facts(memory: UserMemory, at_us: int) -> tuple[KeyFact, ...]:
    """Item facts, and for keys without one what verified statements tell, in the order of dimension and key.

    Args:
        memory: of the user.
        at_us: the moment of asking, microseconds UTC.
    """
    facts = {(fact.dim, fact.key): fact for fact in memory.facts}
    purchases = _purchases(memory)
    for place, statements in memory.named.items():
        if place not in facts:
            told: dict[str, Any] = {}
            for statement in statements:
                if statement.fact is not None:
                    told = {**_told(statement.fact, purchases), **told}
            if told:
                facts[place] = _aged(KeyFact(*place, **told), at_us)
    return tuple(facts[place] for place in sorted(facts))


def regular_keys(memory: UserMemory) -> frozenset[tuple[str, str]]:
    """Keys with a statement that they are bought at a regular interval."""
    return frozenset(
        place
        for place, statements in memory.named.items()
        if any(statement.fact is not None and statement.fact.kind == "habit" for statement in statements)
    )


def dampers(memory: UserMemory, at_us: int) -> dict[tuple[str, str], float]:
    """Keys that the user has given up, moved away from, or buys in other months only, and what stays of their worth.

    Args:
        memory: of the user.
        at_us: the moment of asking, microseconds UTC.
    """
    found: dict[tuple[str, str], float] = {}
    for (dim, key), statements in memory.named.items():
        for fact in (statement.fact for statement in statements):
            if fact is not None and fact.kind == "stopped":
                found[dim, key] = _ENDED
            elif fact is not None and fact.kind == "moved" and "from" in fact.values:
                found[dim, str(fact.values["from"])] = _ENDED
            elif fact is not None and in_season(fact, at_us) is False:
                found.setdefault((dim, key), _OUT_OF_SEASON)
    return found


def in_season(fact: Fact, at_us: int) -> bool | None:
    """Whether an instant lies in the months that a fact names; None where it names none."""
    if fact.kind != "season" or not {"first_month", "last_month"} <= fact.values.keys():
        return None
    month, first, last = month_at(at_us), int(fact.values["first_month"]), int(fact.values["last_month"])
    return first <= month <= last if first <= last else month >= first or month <= last


def _aged(fact: KeyFact, at_us: int) -> KeyFact:
    days = max(0.0, (at_us - fact.last_us) / DAY_US) if fact.last_us is not None else 0.0
    return replace(fact, strength=fact.strength * 0.5 ** (days / _HALF_LIFE_DAYS))


def _purchases(memory: UserMemory) -> int:
    """How many purchases the user made, by the statement about their activity; 0 where there is none."""
    counts = [
        line.fact.values.get("n", 0)
        for line in memory.statements
        if line.fact is not None and line.fact.kind == "activity" and line.status == "verified"
    ]
    return int(counts[0]) if counts else 0


def _told(fact: Fact, purchases: int) -> dict[str, Any]:
    """The fields of a `KeyFact` that a statement's fact tells."""
    values = fact.values
    if fact.kind == "likes" and {"n", "of", "last"} <= values.keys():
        return {"n": int(values["n"]), "last_us": instant_us(values["last"]), **_shares(values)}
    if fact.kind in ("offer_answers", "offer_ignores") and {"shown", "answered"} <= values.keys():
        return {"shown": int(values["shown"]), "answered": int(values["answered"])}
    if fact.kind not in ("habit", "started", "season") or "n" not in values:
        return {}
    told: dict[str, Any] = {"n": int(values["n"]), "strength": min(1.0, int(values["n"]) / purchases) if purchases else 0.0}
    if "last" in values:
        told["last_us"] = instant_us(values["last"])
    if fact.kind == "habit" and "every_days" in values:
        told["every_days"] = float(values["every_days"])
    return told


def _shares(values: Mapping[str, Any]) -> dict[str, float]:
    share = int(values["n"]) / max(int(values["of"]), 1)
    common = values.get("population_share")
    return {"strength": share, "lift": share / common} if common else {"strength": share}
