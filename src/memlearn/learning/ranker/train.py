"""Train the ranker on users' own histories: what a user bought last is to be ranked first from what was known before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from memlearn.learning.ranker.facts import facts_of
from memlearn.learning.ranker.shared import companions_of, figures_of
from memlearn.ranking.history import History, split_last
from memlearn.ranking.learned import (
    FEATURES,
    Candidates,
    Companions,
    Flags,
    Ints,
    ItemFigures,
    Reals,
    UserFacts,
    candidates_of,
    popular_order,
)
from memlearn.ranking.learned.model import RankModel, Training, train_model

# With fewer visits than this each half of the users is ranked once by what the other half teaches, to choose the settings; with more,
# one user in so many is left out once.
_FEW_GROUPS = 10_000
_FOLDS = 2
_ONE_IN = 5
_TOP = 10
_VISITS = FEATURES.index("visits")


@dataclass(frozen=True, slots=True)
class RankerConfig:
    """How the ranker is trained.

    Args:
        kept: items that memory holds of a user.
        groups: most visits that are learned from.
        visits: most visits of one user that are learned from.
        close, popular: candidates by closeness and by popularity.
        tried: settings among which validation chooses.
        min_users: fewest users behind a figure.
        min_groups: fewest visits without which nothing is trained.
    """

    kept: int = 32
    groups: int = 20_000
    visits: int = 50
    close: int = 110
    popular: int = 50
    tried: tuple[Training, ...] = (Training(), Training(trees=100, leaves=7, leaf_rows=200))
    min_users: int = 5
    min_groups: int = 200


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all users tell: figures and companions of items."""

    figures: ItemFigures
    companions: dict[str, Companions]

    @staticmethod
    def of(history: History, facts: UserFacts, levels: Ints, min_users: int) -> Shared:
        """Count them."""
        return Shared(figures_of(history, levels, min_users), companions_of(history, facts, min_users))


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained ranker.

    Args:
        model: its text.
        training: the settings that validation chose.
        validation: NDCG@10 of each of the tried settings on held-out users.
        groups: visits it was trained on.
    """

    model: str
    training: Training
    validation: tuple[float, ...]
    groups: int


def rank_candidates(facts: UserFacts, shared: Shared, wanted: Flags, config: RankerConfig) -> Iterator[Candidates]:
    """Candidates and features of some users, a batch at a time.

    Args:
        facts: of all users.
        shared: figures and companions of items.
        wanted: which users; shape (users,).
        config: settings.
    """
    return candidates_of(
        facts,
        shared.figures,
        shared.companions,
        popular_order(shared.figures),
        close=config.close,
        most_popular=config.popular,
        wanted=wanted,
    )


def make_examples(history: History, levels: Ints, config: RankerConfig, visits: int) -> tuple[Candidates, Flags, Ints]:
    """Candidates before each of the users' last visits, which of them were bought then, and the group of each.

    Figures and companions are counted before the first of these visits, so that no answer is among them.

    Args:
        history: what users bought.
        levels: codes of each item in the levels of the catalogue; shape (levels, items).
        config: settings.
        visits: last visits of each user that are learned from.
    """
    oldest = split_last(history, visits)[0]
    shared = Shared.of(oldest, facts_of(oldest, config.kept), levels, config.min_users)
    parts: list[Candidates] = []
    bought: list[Flags] = []
    groups: list[Ints] = []
    after = history
    for back in range(visits):
        before, truth = split_last(after)
        facts = facts_of(before, config.kept, _moments(before, truth))
        wanted = np.zeros(history.users, dtype=np.bool_)
        wanted[truth.user] = True
        answers = np.sort(truth.user.astype(np.int64) * history.items + truth.item)
        for part in rank_candidates(facts, shared, wanted, config):
            key = part.owner * history.items + part.item
            place = np.minimum(np.searchsorted(answers, key), len(answers) - 1)
            relevant = answers[place] == key
            # A visit none of whose items is among the candidates teaches nothing.
            told = np.zeros(history.users, dtype=np.bool_)
            told[part.owner[relevant]] = True
            kept = told[part.owner]
            parts.append(Candidates(part.owner[kept], part.item[kept], part.features[kept]))
            bought.append(relevant[kept])
            groups.append(part.owner[kept] * visits + back)
        after = before
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return Candidates(nothing, nothing, np.zeros((0, len(FEATURES)), dtype=np.float32)), np.zeros(0, dtype=np.bool_), nothing
    together = Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("owner", "item", "features")))
    return together, np.concatenate(bought), np.concatenate(groups)


def _moments(before: History, truth: History) -> Reals:
    """When each user's visit was that is to be foretold; 0 for users without one."""
    moments = np.zeros(before.users)
    if before.timed or truth.timed:
        moments[truth.user] = truth.time
    else:
        moments[:] = before.baskets_by_user()
    return moments


def train_ranker(history: History, levels: Ints, config: RankerConfig) -> tuple[Trained | None, Trained | None]:
    """Train on all users' last visits: a model that ranks everything, and one that ranks what a user has not bought.

    What is repeated and what is explored are different problems: a model of both learns mostly of the repeated. The settings of each are those
    that rank best for users who are left out for that; then everybody is learned from.

    Args:
        history: what users bought.
        levels: codes of each item in the levels of the catalogue, finest first; shape (levels, items).
        config: settings.

    Returns:
        The model of everything and that of what is new to the user; None for what there are too few visits to learn.
    """
    visits = _visits(history, config)
    if visits == 0:
        return None, None
    examples, bought, groups = make_examples(history, levels, config, visits)
    whole = _train(examples, bought, groups, config)
    fresh = examples.features[:, _VISITS] == 0
    # A visit with nothing new among the candidates teaches nothing of what is new.
    told = np.isin(groups, groups[fresh & bought])
    at = fresh & told
    return whole, _train(Candidates(examples.owner[at], examples.item[at], examples.features[at]), bought[at], groups[at], config)


def _train(examples: Candidates, bought: Flags, groups: Ints, config: RankerConfig) -> Trained | None:
    sizes = _sizes(groups)
    if not len(groups) or len(sizes) < config.min_groups or len(np.unique(examples.owner)) < _ONE_IN:
        return None
    scores = _compare(examples, bought, groups, config.tried, len(sizes)) if len(config.tried) > 1 else [0.0]
    best = config.tried[int(np.argmax(scores))]
    model = train_model(examples.features, bought, sizes, FEATURES, best)
    return Trained(model, best, tuple(scores), len(sizes))


def _compare(examples: Candidates, bought: Flags, groups: Ints, tried: tuple[Training, ...], size: int) -> list[float]:
    """How well each of the settings ranks for users who were left out."""
    few = size < _FEW_GROUPS
    # Users by their place among those there are: their numbers may have gaps.
    place = np.unique(examples.owner, return_inverse=True)[1]
    parts = [place % (_FOLDS if few else _ONE_IN) == fold for fold in range(_FOLDS if few else 1)]
    return [float(np.mean([_validate(examples, bought, groups, held, training) for held in parts])) for training in tried]


def _visits(history: History, config: RankerConfig) -> int:
    """How many last visits of each user to learn from: as many as are wanted, and no more than half of what most users have."""
    number = history.baskets_by_user()
    usable = number[number > 1]
    if not len(usable):
        return 0
    return int(max(1, min(config.visits, config.groups // len(usable), np.median(usable) // 2)))


def _validate(examples: Candidates, bought: Flags, groups: Ints, held: Flags, training: Training) -> float:
    share = 1 - float(held.mean())
    small = replace(training, leaf_rows=max(20, int(training.leaf_rows * share)))
    model = RankModel(train_model(examples.features[~held], bought[~held], _sizes(groups[~held]), FEATURES, small))
    return _ndcg(model.scores(examples.features[held]), bought[held], groups[held])


def _ndcg(scores: Reals, bought: Flags, groups: Ints) -> float:
    """Mean NDCG@10 over groups, of what is among the candidates."""
    number = np.cumsum(np.concatenate(([0], np.diff(groups) != 0)))
    order = np.lexsort((np.arange(len(number)), -scores, number))
    place = np.arange(len(number)) - np.searchsorted(number, number)
    hit = bought[order] & (place < _TOP)
    gain = np.bincount(number, weights=hit / np.log2(place + 2))
    whole = np.bincount(number, weights=bought).astype(np.int64)
    ideal = np.concatenate(([0.0], np.cumsum(1 / np.log2(np.arange(2, _TOP + 2)))))[np.minimum(whole, _TOP)]
    return float(np.mean(gain[ideal > 0] / ideal[ideal > 0])) if (ideal > 0).any() else 0.0


def _sizes(groups: Ints) -> Ints:
    """Sizes of the runs of equal groups."""
    edges = np.flatnonzero(np.diff(groups)) + 1 if len(groups) else np.zeros(0, dtype=np.int64)
    return np.diff(np.concatenate(([0], edges, [len(groups)]))).astype(np.int64)
