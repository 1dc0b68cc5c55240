"""What is known of one user, as ranking takes it: values that come from a release, or from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from memlearn.memory import Statement

AVOIDS = "avoids"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class KeyFact:
    """What is known of a user about one key: an item, a merchant, a category.

    Args:
        dim, key: the key.
        n: purchases, net of what was given back.
        last_us: the last purchase, microseconds UTC.
        every_days: the usual days between two purchases; None where there are too few.
        strength: recency-weighted share of the user's purchases in the dimension.
        lift: the user's share against that of all users; None where too few users know the key.
        shown, answered: offers of the key.
        stance: what an operator stated: `likes`, `avoids` or `needs`.
        stance_until_us: when that ends, microseconds UTC, not included.
    """

    dim: str
    key: str
    n: int = 0
    last_us: int | None = None
    every_days: float | None = None
    strength: float = 0.0
    lift: float | None = None
    shown: int = 0
    answered: int = 0
    stance: str | None = None
    stance_until_us: int | None = None


@dataclass(frozen=True, slots=True)
class UserMemory:
    """What is known of one user.

    Args:
        facts: what is known of single keys.
        statements: the lines of the user's blocks.
    """

    facts: tuple[KeyFact, ...] = ()
    statements: tuple[Statement, ...] = ()
    named: Mapping[tuple[str, str], tuple[Statement, ...]] = field(init=False, compare=False)
    """Verified statements by the dimension and key that they are about."""

    def __post_init__(self) -> None:
        """Index the statements that may be quoted."""
        named: dict[tuple[str, str], tuple[Statement, ...]] = {}
        for statement in self.statements:
            fact = statement.fact
            if fact is not None and fact.dim is not None and fact.key is not None and statement.status == "verified":
                named[fact.dim, fact.key] = (*named.get((fact.dim, fact.key), ()), statement)
        object.__setattr__(self, "named", named)


@dataclass(frozen=True, slots=True)
class Stance:
    """What an operator stated: the user likes, avoids or needs a key."""

    stance: str
    dim: str
    key: str


def stances_at(memory: UserMemory, at_us: int) -> tuple[Stance, ...]:
    """Stances in force at an instant, from item facts and from verified statements; a hypothesis is none.

    Args:
        memory: of the user.
        at_us: microseconds UTC; a stance holds until just before its end.
    """
    found: dict[Stance, None] = {}
    for fact in memory.facts:
        if fact.stance is not None and (fact.stance_until_us is None or at_us < fact.stance_until_us):
            found[Stance(fact.stance, fact.dim, fact.key)] = None
    for (dim, key), statements in memory.named.items():
        for statement in statements:
            values = statement.fact.values if statement.fact is not None and statement.fact.kind == "stance" else {}
            until = values.get("until")
            if "stance" in values and (until is None or at_us < instant_us(str(until))):
                found[Stance(str(values["stance"]), dim, key)] = None
    return tuple(found)


def instant_us(text: str) -> int:
    """Microseconds since 1970 of an ISO 8601 instant; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def month_at(at_us: int) -> int:
    """The calendar month of an instant in UTC, 1 to 12."""
    return (_EPOCH + timedelta(microseconds=at_us)).month
