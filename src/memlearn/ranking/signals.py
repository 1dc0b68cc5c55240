"""What is known of a user, as signals: each says what one key is worth to every item that has it.

There are a few dozen signals for a user, however many items there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from memlearn.ranking.allowed import known_dim
from memlearn.ranking.config import RankingConfig
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.known import dampers, in_season, known_facts, regular_keys
from memlearn.ranking.levels import ITEM
from memlearn.ranking.memory import AVOIDS, KeyFact, Stance, UserMemory
from memlearn.ranking.timing import DAY_US, dueness, restedness

# Purchases or exposures after which a figure is half believed.
_TRUST = 3.0
_ANSWER_TRUST = 4.0
# Share of a preference that stays where all users have it, or where too few users know the key to compare.
_COMMON, _UNCOMPARED = 0.3, 0.65
_LOG_ODDS = 3.0
_COMPANIONS_OF = 8
_LIKES, _NEEDS = 0.8, 1.0
# A median interval without a statement that it is regular says less, and of few purchases nothing.
_IRREGULAR, _FEWEST_DUE = 0.4, 5


@dataclass(frozen=True, slots=True)
class Signal:
    """What one key is worth.

    Args:
        feature: the feature it feeds; `answers` carries log-odds, the others the feature's own scale.
        dim: dimension of the items' key.
        code: the key's code there.
        value: what it is worth to an item with this key.
        source: dimension and key in memory where it comes from.
        fact: the item fact behind it, if there is one.
        regular: a statement says that the key is bought at a regular interval.
        lift: of a pair: how much more often than by chance the two come together.
    """

    feature: str
    dim: str
    code: int
    value: float
    source: tuple[str, str]
    fact: KeyFact | None = None
    regular: bool = False
    lift: float | None = None


def find_signals(index: ItemIndex, memory: UserMemory, stances: Sequence[Stance], at_us: int, config: RankingConfig) -> tuple[Signal, ...]:
    """All signals of a user that bear on an item.

    Args:
        index: the items.
        memory: of the user.
        stances: in force at the instant.
        at_us: the moment of asking, microseconds UTC.
        config: settings.
    """
    facts = known_facts(memory, at_us)
    regular = regular_keys(memory)
    damped = dampers(memory, at_us)
    strongest: dict[str, float] = {}
    for fact in facts:
        strongest[fact.dim] = max(strongest.get(fact.dim, 0.0), fact.strength)
    found: list[Signal] = []
    for fact in facts:
        dim = known_dim(fact.dim, config)
        level = index.levels.get(dim)
        for code in level.find(fact.key) if level is not None else ():
            specific = float(index.specific[dim][code])
            place = Signal("", dim, code, 0.0, (fact.dim, fact.key), fact, (fact.dim, fact.key) in regular)
            found += _bought(place, fact, specific * damped.get(place.source, 1.0), _weight(fact, strongest), at_us)
            found += _answered(fact, dim, code, index)
    found += stated_signals(index, stances, config)
    found += _seasonal(index, memory, at_us, config)
    found += _companions(index, facts, strongest, at_us, config)
    return tuple(found)


def _weight(fact: KeyFact, strongest: Mapping[str, float]) -> float:
    """How much of the user's shopping is of this key, against their strongest one in the dimension; few purchases count less."""
    top = strongest.get(fact.dim, 0.0)
    return math.sqrt(fact.strength / top) * fact.n / (fact.n + _TRUST) if top > 0 and fact.n > 0 else 0.0


def _preference(fact: KeyFact) -> float:
    if fact.lift is None:
        return _UNCOMPARED
    return _COMMON + (1 - _COMMON) * min(1.0, max(0.0, math.log2(max(fact.lift, 1e-6)) / 3))


def _bought(place: Signal, fact: KeyFact, specific: float, weight: float, at_us: int) -> Iterator[Signal]:
    if weight > 0:
        yield replace(place, feature="liked", value=weight * _preference(fact) * specific)
    if fact.n <= 0 or fact.every_days is None or fact.last_us is None:
        return
    trust = fact.n / (fact.n + _TRUST)
    due = dueness(fact.last_us, fact.every_days, at_us) * (1.0 if place.regular else _IRREGULAR)
    if due > 0 and (place.regular or fact.n >= _FEWEST_DUE):
        yield replace(place, feature="due", value=due * trust * (0.3 + 0.7 * weight) * specific)
    rested = restedness(fact.last_us, fact.every_days, at_us)
    if rested > 0 and place.dim == ITEM:
        yield replace(place, feature="rested", value=rested * trust)


def _answered(fact: KeyFact, dim: str, code: int, index: ItemIndex) -> Iterator[Signal]:
    if fact.shown <= 0:
        return
    source = (fact.dim, fact.key)
    answered = min(fact.answered, fact.shown)
    if dim == ITEM and answered == fact.shown:
        yield Signal("answered", dim, code, 1.0, source, fact)
        return
    base = min(0.99, max(0.01, index.answers.rate(fact.dim, fact.key)))
    rate = (answered + _ANSWER_TRUST * base) / (fact.shown + _ANSWER_TRUST)
    yield Signal("answers", dim, code, log_odds(rate) - log_odds(base), source, fact)


def stated_signals(index: ItemIndex, stances: Sequence[Stance], config: RankingConfig) -> Iterator[Signal]:
    """What operators state that a user likes or needs.

    Args:
        index: the items.
        stances: in force; `avoids` are passed over.
        config: settings.
    """
    for stance in stances:
        dim = known_dim(stance.dim, config)
        level = index.levels.get(dim)
        if stance.stance == AVOIDS or level is None:
            continue
        for code in level.find_all(stance.key):
            worth = (_NEEDS if stance.stance == "needs" else _LIKES) * (0.5 + 0.5 * float(index.specific[dim][code]))
            yield Signal("stated", dim, code, worth, (stance.dim, stance.key))


def _seasonal(index: ItemIndex, memory: UserMemory, at_us: int, config: RankingConfig) -> Iterator[Signal]:
    for (named, key), statements in memory.named.items():
        dim = known_dim(named, config)
        level = index.levels.get(dim)
        for fact in (statement.fact for statement in statements):
            inside = in_season(fact, at_us) if fact is not None else None
            if level is None or inside is None:
                continue
            for code in level.find(key):
                yield Signal("season", dim, code, (1.0 if inside else -0.5) * float(index.specific[dim][code]), (named, key))


def _companions(
    index: ItemIndex, facts: Sequence[KeyFact], strongest: Mapping[str, float], at_us: int, config: RankingConfig
) -> Iterator[Signal]:
    dims = {dim for _, dim, _ in index.companions}
    bought = sorted((fact for fact in facts if fact.dim in dims and fact.n > 0), key=lambda fact: (-fact.strength, fact.dim, fact.key))
    for fact in bought[:_COMPANIONS_OF]:
        dim = known_dim(fact.dim, config)
        level = index.levels.get(dim)
        lately = fact.last_us is not None and at_us - fact.last_us <= config.after_days * DAY_US
        for kind in ("after", "with") if lately else ("with",):
            for companion in index.companions.get((kind, fact.dim, fact.key), ()) if level is not None else ():
                worth = companion.gain * _weight(fact, strongest)
                codes = level.find(companion.key) if level is not None and worth > 0 else ()
                for code in codes:
                    yield Signal(
                        "goes", dim, code, worth * float(index.specific[dim][code]), (fact.dim, fact.key), fact, lift=companion.lift
                    )


def log_odds(rate: float) -> float:
    """The logarithm of the odds of a share between 0 and 1, at most 3 either way."""
    return max(-_LOG_ODDS, min(_LOG_ODDS, math.log(rate / (1 - rate)))) if 0 < rate < 1 else math.copysign(_LOG_ODDS, rate - 0.5)
