"""What statements tell of single keys, put beside the item facts: a release may hold a statement of a key and no fact of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memlearn.memory import Fact
from memlearn.ranking.memory import KeyFact, UserMemory, instant_us


def known_facts(memory: UserMemory) -> tuple[KeyFact, ...]:
    """Item facts, and for keys without one what verified statements tell, in the order of dimension and key.

    Args:
        memory: of the user.
    """
    facts = {(fact.dim, fact.key): fact for fact in memory.facts}
    for place, statements in memory.named.items():
        if place not in facts:
            told: dict[str, Any] = {}
            for statement in statements:
                if statement.fact is not None:
                    told = {**_told(statement.fact), **told}
            if told:
                facts[place] = KeyFact(*place, **told)
    return tuple(facts[place] for place in sorted(facts))


def regular_keys(memory: UserMemory) -> frozenset[tuple[str, str]]:
    """Keys with a statement that they are bought at a regular interval."""
    return frozenset(
        place
        for place, statements in memory.named.items()
        if any(statement.fact is not None and statement.fact.kind == "habit" for statement in statements)
    )


def _told(fact: Fact) -> dict[str, Any]:
    """The fields of a `KeyFact` that a statement's fact tells."""
    values = fact.values
    if fact.kind == "habit" and {"n", "every_days", "last"} <= values.keys():
        return {"n": int(values["n"]), "every_days": float(values["every_days"]), "last_us": instant_us(values["last"])}
    if fact.kind == "likes" and {"n", "of", "last"} <= values.keys():
        return {"n": int(values["n"]), "last_us": instant_us(values["last"]), **_shares(values)}
    if fact.kind in ("offer_answers", "offer_ignores") and {"shown", "answered"} <= values.keys():
        return {"shown": int(values["shown"]), "answered": int(values["answered"])}
    return {}


def _shares(values: Mapping[str, Any]) -> dict[str, float]:
    share = int(values["n"]) / max(int(values["of"]), 1)
    common = values.get("population_share")
    return {"strength": share, "lift": share / common} if common else {"strength": share}
