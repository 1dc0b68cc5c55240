"""Offers for a user by the trained ranker of offers, within what may be shown, with reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from memlearn.ranking.allowed import allowed_items
from memlearn.ranking.config import RankingConfig
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.memory import AVOIDS, UserMemory, stances_at
from memlearn.ranking.offers.applies import Bought
from memlearn.ranking.offers.ranker import OfferRanker
from memlearn.ranking.offers.reasons import OfferExplainer
from memlearn.ranking.offers.sends import MINUTE_US, Ints, Reals, of_one_user
from memlearn.ranking.recommend import RankedItem, Ranking, Tier, groups_of, pick
from memlearn.ranking.signals import Signal, stated_signals
from memlearn.ranking.timing import DAY_US
from memlearn.records import LEVEL_PREFIX


@dataclass(frozen=True, eq=False)
class OfferPlace:
    """Where the ranker's offers stand among the items of a release.

    Args:
        ranker: the ranker.
        index: the items of the release.
        position: of each of the ranker's offers in the index; -1 for one that may not be recommended; shape (offers,).
        keys: keys of each offer in the ranker's levels; None where it has none.
        bought_keys: item → its keys in each of the levels that tell what is like what offers apply to.
    """

    ranker: OfferRanker
    index: ItemIndex
    position: Ints
    keys: tuple[tuple[str | None, ...], ...]
    bought_keys: tuple[Mapping[str, str], ...] = ()

    @staticmethod
    def of(ranker: OfferRanker, index: ItemIndex, items: pl.DataFrame) -> OfferPlace:
        """Find them.

        Args:
            ranker: the ranker.
            index: the items of the release that may be recommended.
            items: all items of the release.
        """
        columns = (items.select("item_id", LEVEL_PREFIX + level).drop_nulls() for level in ranker.applies.levels)
        places = [index.position(item_id) for item_id in ranker.item_ids]
        position = np.array([-1 if place is None else place for place in places], dtype=np.int64)
        return OfferPlace(
            ranker,
            index,
            position,
            tuple(_keys(index, ranker.levels, place) for place in places),
            tuple(dict(own.iter_rows()) for own in columns),
        )

    def bought(self, facts: OfferFacts, at: float) -> Bought:
        """What memory holds of a user's purchases, as the ranker takes it.

        Args:
            facts: of the user.
            at: the moment, days.
        """
        keys = [[known.get(item) for item in facts.bought] for known in self.bought_keys]
        return self.ranker.applies.bought_of_one(facts.bought, keys, facts.visits, facts.first_day, facts.last_day, at)

    def beside(self, at_us: int) -> bool:
        """Whether any other item may be shown at an instant."""
        others = self.index.open_at(at_us)
        others[self.position[self.position >= 0]] = False
        return bool(others.any())


def _keys(index: ItemIndex, levels: Sequence[str], place: int | None) -> tuple[str | None, ...]:
    def key(dim: str) -> str | None:
        level = index.levels.get(dim)
        code = -1 if level is None or place is None else int(level.codes[place])
        return None if level is None or code < 0 else level.keys[code]

    return tuple(map(key, levels))


@dataclass(frozen=True, slots=True, eq=False)
class OfferFacts:
    """What a release holds of what was sent to a user, in order of time; minutes since 1970-01-01.

    Args:
        items: ids of the offers.
        sent: when each was sent.
        answered: when it was answered; -1 where it was not.
        persons: attributes of the user.
        bought: ids of the items that memory holds.
        visits: on how many days each was bought.
        first_day, last_day: the first and the last of them, days since 1970-01-01.
    """

    items: Sequence[str] = ()
    sent: Sequence[int] = ()
    answered: Sequence[int] = ()
    persons: Mapping[str, str] | None = None
    bought: Sequence[str] = ()
    visits: Sequence[int] = ()
    first_day: Sequence[int] = ()
    last_day: Sequence[int] = ()


def rank_offers(
    place: OfferPlace, facts: OfferFacts, memory: UserMemory, k: int, at_us: int, config: RankingConfig, excluded: Collection[str] = ()
) -> Ranking:
    """The offers that one user is likeliest to answer; the score is the chance that they do.

    What operators state stands above what the ranker learned: avoided offers are out, and liked or needed ones are raised.

    Args:
        place: the ranker, and where its offers stand.
        facts: of the user.
        memory: of the user.
        k: how many.
        at_us: the moment, microseconds UTC.
        config: settings.
        excluded: ids of items that are not wanted.
    """
    ranker, stances, persons = place.ranker, stances_at(memory, at_us), facts.persons or {}
    allowed = allowed_items(place.index, stances, at_us, config)
    unwanted = [ranker.positions[item_id] for item_id in excluded if item_id in ranker.positions]
    open_offers = (place.position >= 0) & allowed[place.position]
    open_offers[unwanted] = False
    items = np.flatnonzero(open_offers).astype(np.int64)
    sends, at = of_one_user(ranker.positions, facts.items, facts.sent, facts.answered), at_us // MINUTE_US
    bought = place.bought(facts, at_us / DAY_US)
    known = len(sends) + (len(bought.item) if ranker.applies.alone.any() else 0)
    tier = _tier(known, any(attribute.name in persons for attribute in ranker.encoding.attributes))
    if not len(items):
        return Ranking(tier, ())
    affinity = ranker.affinities(bought, items)
    values = ranker.features(sends, items, at, persons, affinity).take(ranker.model.features)
    logits = ranker.model.logits(values)
    alone = np.zeros(len(items), dtype=np.bool_)
    if affinity is not None:
        # Of some offers nobody was told what was let pass, so that there is no chance to learn.
        alone = ranker.applies.alone[items]
        logits[alone] = affinity[alone]
    # What hardly anybody answers was not learned from.
    silent = ranker.silent[items]
    logits[silent] = np.minimum(logits[silent], np.log(ranker.rates[items][silent] / (1 - ranker.rates[items][silent])))
    wanted = [stance for stance in stances if stance.stance != AVOIDS]
    raised = _raised(place, items, tuple(stated_signals(place.index, wanted, config)), logits, config) if wanted else np.zeros(len(items))
    scores = np.round(1 / (1 + np.exp(-(logits + raised))), 6)
    best = pick(np.round(logits + raised, 6), groups_of(place.index, place.position[items], config), k)
    contributions = ranker.model.contributions(values[best])
    explainer = OfferExplainer(ranker, sends, at, persons, place.keys, bought)
    found = []
    for number, chosen in enumerate(best):
        offer = int(items[chosen])
        text, evidence = explainer.explain_alone(offer) if alone[chosen] else explainer.explain(offer, contributions[number])
        if raised[chosen] > 0:
            text, evidence = f"Stated by an operator. {text}", {**evidence, "operator": True}
        position = int(place.position[items[chosen]])
        found.append(RankedItem(place.index.item_ids[position], place.index.names[position], float(scores[chosen]), text, evidence))
    return Ranking(tier, tuple(found))


def _tier(sends: int, known: bool) -> Tier:  # noqa: FBT001 - of two
    if sends:
        return "personal"
    return "segment" if known else "popular"


def _raised(place: OfferPlace, items: Ints, signals: tuple[Signal, ...], logits: Reals, config: RankingConfig) -> Reals:
    """By how much stated likes and needs raise the logits: their weight, in spreads of the logits."""
    raised = np.zeros(len(items))
    spread = float(logits.std()) or 1.0
    for signal in signals:
        at = place.index.levels[signal.dim].codes[place.position[items]] == signal.code
        raised[at] = np.maximum(raised[at], config.weights.stated * signal.value * spread)
    return raised
