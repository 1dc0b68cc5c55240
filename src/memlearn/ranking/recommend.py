"""From what is known of a user to a ranked, varied and explained list of items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from memlearn.ranking.allowed import allowed_items
from memlearn.ranking.candidates import choose_candidates
from memlearn.ranking.config import RankingConfig
from memlearn.ranking.features import make_features, score
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.levels import MERCHANT, NO_KEY, Flags, Ints, Reals
from memlearn.ranking.memory import UserMemory, stances_at
from memlearn.ranking.popularity import Popularity
from memlearn.ranking.reasons import give_reason
from memlearn.ranking.signals import Signal, find_signals

Tier = Literal["personal", "segment", "popular"]


@dataclass(frozen=True, slots=True)
class RankedItem:
    """An item with its score, the reason for it and the evidence behind the reason."""

    item_id: str
    name: str
    score: float
    reason: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Items for a user, best first.

    Args:
        tier: where they come from: `personal`, `segment` or `popular`.
        items: at most as many as were asked for; fewer where no more may be shown.
    """

    tier: Tier
    items: tuple[RankedItem, ...]


def recommend(
    index: ItemIndex,
    memory: UserMemory,
    k: int,
    at_us: int,
    config: RankingConfig | None = None,
    segment: Callable[[], Popularity | None] | None = None,
    excluded: Collection[str] = (),
) -> Ranking:
    """Rank items for a user at an instant.

    Args:
        index: the items.
        memory: what is known of the user; an empty one gets what is popular.
        k: how many items.
        at_us: the instant, microseconds UTC.
        config: settings.
        segment: finds what is popular with users like this one; called where too little is known for a personal answer.
        excluded: ids of items that are not wanted.
    """
    config = config or RankingConfig()
    stances = stances_at(memory, at_us)
    allowed = allowed_items(index, stances, at_us, config)
    allowed[[place for item_id in excluded if (place := index.position(item_id)) is not None]] = False
    signals = find_signals(index, memory, stances, at_us, config)
    found = _count(index, allowed, signals)
    near = segment() if segment is not None and found < config.personal_signals else None
    popular = near or index.popular
    candidates = choose_candidates(index, allowed, signals, config)
    features = make_features(index, candidates, signals, at_us, config, popular)
    scores = score(features, config)
    items = tuple(
        _explained(index, int(candidates[place]), float(scores[place]), memory, signals, popular, at_us, config)
        for place in pick(scores, groups_of(index, candidates, config), k)
    )
    return Ranking(_tier(found, near, config), items)


def pick(scores: Reals, groups: Sequence[tuple[Ints, int]], k: int) -> list[int]:
    """Choose the best `k`, at most so many of a group as long as there are others.

    Args:
        scores: of candidates that are sorted by item id; ties go to the lower position.
        groups: for each way to group candidates the group of each (`NO_KEY` for none) and the most of one group.
        k: how many.

    Returns:
        Places of the chosen ones, highest score first.
    """
    places: list[int] = np.argsort(-scores, kind="stable").tolist()
    columns = [(codes.tolist(), most, Counter[int]()) for codes, most in groups]
    chosen: list[int] = []
    passed: list[int] = []
    for rank, place in enumerate(places):
        if len(chosen) == k:
            break
        if all(codes[place] == NO_KEY or held[codes[place]] < most for codes, most, held in columns):
            chosen.append(rank)
            for codes, _, held in columns:
                held[codes[place]] += 1
        else:
            passed.append(rank)
    return [places[rank] for rank in sorted(chosen + passed[: k - len(chosen)])]


def groups_of(index: ItemIndex, candidates: Ints, config: RankingConfig) -> list[tuple[Ints, int]]:
    """The groups of which an answer holds only so many items.

    Args:
        index: the items.
        candidates: positions of items.
        config: settings.
    """
    most = {index.kind: config.per_kind, MERCHANT: config.per_merchant, index.category: config.per_category}
    return [(index.levels[dim].codes[candidates], number) for dim, number in most.items() if dim is not None and dim in index.levels]


def _tier(found: int, segment: Popularity | None, config: RankingConfig) -> Tier:
    if found >= config.personal_signals:
        return "personal"
    return "segment" if found or segment is not None else "popular"


def _count(index: ItemIndex, allowed: Flags, signals: Sequence[Signal]) -> int:
    """How many different keys of memory bear on an item that may be shown."""
    return len({signal.source for signal in signals if allowed[index.levels[signal.dim].items(signal.code)].any()})


def _explained(
    index: ItemIndex,
    item: int,
    value: float,
    memory: UserMemory,
    signals: Sequence[Signal],
    popular: Popularity,
    at_us: int,
    config: RankingConfig,
) -> RankedItem:
    reason = give_reason(index, item, memory, signals, popular, at_us, config)
    return RankedItem(index.item_ids[item], index.names[item], value, reason.text, reason.evidence)
