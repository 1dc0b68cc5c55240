"""Items for a user by the trained ranker, within what may be shown, with reasons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from memlearn.ranking.allowed import allowed_items
from memlearn.ranking.config import RankingConfig
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.learned.features import STARTS_AT, start_scores
from memlearn.ranking.learned.ranker import LearnedRanker
from memlearn.ranking.learned.reasons import Explainer
from memlearn.ranking.learned.values import Flags, Ints, Reals, UserFacts
from memlearn.ranking.memory import AVOIDS, Stance, UserMemory, stances_at
from memlearn.ranking.recommend import RankedItem
from memlearn.ranking.signals import Signal, stated_signals


@dataclass(frozen=True, eq=False)
class Place:
    """Where the ranker's items stand among the items of a release.

    Args:
        ranker: the ranker.
        index: the items of the release.
        position: of each of the ranker's items in the index; -1 for one that may not be recommended; shape (items,).
    """

    ranker: LearnedRanker
    index: ItemIndex
    position: Ints

    @staticmethod
    def of(ranker: LearnedRanker, index: ItemIndex) -> Place:
        """Find them."""
        places = (index.position(item_id) for item_id in ranker.item_ids)
        return Place(ranker, index, np.array([-1 if place is None else place for place in places], dtype=np.int64))

    def among(self, allowed: Flags) -> Flags:
        """Flags of the index's items as flags of the ranker's."""
        return (self.position >= 0) & allowed[self.position]


def rank_learned(
    place: Place,
    facts: UserFacts,
    memory: UserMemory,
    k: int,
    at_us: int,
    config: RankingConfig,
    excluded: Collection[str] = (),
    *,
    only_new: bool = False,
) -> tuple[RankedItem, ...]:
    """The best items for one user.

    What operators state stands above what the ranker learned: avoided items are out, and liked or needed ones are raised.

    Args:
        place: the ranker, and where its items stand.
        facts: of the user.
        memory: of the user.
        k: how many.
        at_us: the moment, microseconds UTC.
        config: settings.
        excluded: ids of items that are not wanted.
        only_new: True ranks what the user has not bought, as far as memory knows.
    """
    ranker, stances = place.ranker, stances_at(memory, at_us)
    allowed = place.among(allowed_items(place.index, stances, at_us, config))
    allowed[[ranker.positions[item_id] for item_id in excluded if item_id in ranker.positions]] = False
    if only_new:
        allowed[facts.item] = False
    signals = _stated(place, stances, config)
    more = _stated_items(place, signals, config)
    part = next(ranker.candidates(facts, allowed, more))
    trees = ranker.new_trees if only_new and ranker.new_trees is not None else ranker.trees
    scores = trees.scores(part.features)
    scores = np.round(scores + _raised(place, part.item, signals, scores, config), 6)
    # Candidates are in the order of their ids, which settles ties.
    best = np.argsort(-scores, kind="stable")[:k]
    contributions = trees.contributions(part.features[best])
    if trees.start:
        start = trees.start * start_scores(part.features)
        contributions[:, STARTS_AT] += start[best] - start.mean()
    explainer = Explainer(ranker, place.index, facts, memory)
    return tuple(
        _explained(place, explainer, int(part.item[at]), float(scores[at]), contributions[number], signals)
        for number, at in enumerate(best)
    )


def _explained(
    place: Place, explainer: Explainer, item: int, score: float, contributions: Reals, signals: tuple[Signal, ...]
) -> RankedItem:
    text, evidence = explainer.explain(item, contributions)
    position = int(place.position[item])
    for signal in signals:
        if int(place.index.levels[signal.dim].codes[position]) == signal.code:
            said = next(
                (line for line in explainer.memory.named.get(signal.source, ()) if line.fact is not None and line.fact.kind == "stance"),
                None,
            )
            text = f"{said.text.rstrip('.') if said is not None else 'Stated by an operator'}. {text}"
            evidence = {**evidence, **({"operator": True} if said is None else said.evidence.to_json())}
            break
    return RankedItem(place.index.item_ids[position], place.index.names[position], score, text, evidence)


def _stated(place: Place, stances: tuple[Stance, ...], config: RankingConfig) -> tuple[Signal, ...]:
    wanted = [stance for stance in stances if stance.stance != AVOIDS]
    return tuple(stated_signals(place.index, wanted, config)) if wanted else ()


def _stated_items(place: Place, signals: tuple[Signal, ...], config: RankingConfig) -> Ints | None:
    """Positions in the ranker of what the stated keys bring in."""
    if not signals:
        return None
    positions = [place.index.levels[signal.dim].items(signal.code)[: config.per_key] for signal in signals]
    wanted = np.unique(np.concatenate(positions))
    return np.flatnonzero(np.isin(place.position, wanted)).astype(np.int64)


def _raised(place: Place, items: Ints, signals: tuple[Signal, ...], scores: Reals, config: RankingConfig) -> Reals:
    """By how much stated likes and needs raise the scores: their weight, in spreads of the scores."""
    raised = np.zeros(len(items))
    spread = float(scores.std()) if len(scores) else 0.0
    for signal in signals:
        at = place.index.levels[signal.dim].codes[place.position[items]] == signal.code
        raised[at] = np.maximum(raised[at], config.weights.stated * signal.value * (spread or 1.0))
    return raised
