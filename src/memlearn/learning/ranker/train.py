"""Train the ranker on users' own histories: what a user bought last is to be ranked first from what was known before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from memlearn.learning.ranker.examples import Examples, RankerConfig, last_visits, make_examples
from memlearn.ranking.history import History
from memlearn.ranking.learned import FEATURES, Flags, Ints, Reals
from memlearn.ranking.learned.model import RankModel, Training, train_model

_FEWEST_USERS = 5
_TOP = 10
_VISITS = FEATURES.index("visits")


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
    visits = last_visits(history, config)
    if visits == 0:
        return None, None
    examples = make_examples(history, levels, config, visits)
    new = examples.features[:, _VISITS] == 0
    # A visit with nothing new among the candidates teaches nothing of what is new.
    told = np.isin(examples.group, examples.group[new & examples.bought])
    # Each is trained by one thread of its own: threads that share one training wait for each other most of the time.
    with ThreadPoolExecutor(2) as pool:
        whole, fresh = pool.map(lambda rows: _train(rows, config), (examples, examples.where(new & told)))
    return whole, fresh


def _train(examples: Examples, config: RankerConfig) -> Trained | None:
    groups = len(_sizes(examples.group))
    if groups < config.min_groups or len(np.unique(examples.owner)) < _FEWEST_USERS:
        return None
    scores = [_compare(examples, training) for training in config.tried] if len(config.tried) > 1 else [0.0]
    best = config.tried[int(np.argmax(scores))]
    return Trained(_fit(examples, examples.taught, best), best, tuple(scores), groups)


def _compare(examples: Examples, training: Training) -> float:
    """How well settings rank all candidates of users who are left out."""
    found = []
    for number in range(examples.left_out):
        held = examples.fold == number
        taught = examples.taught & ~held
        if not held.any() or not taught.any():
            continue
        share = float(np.mean(~held))
        small = replace(training, leaf_rows=max(20, int(training.leaf_rows * share)))
        model = RankModel(_fit(examples, taught, small), small.start)
        found.append(_ndcg(model.scores(examples.features[held]), examples.bought[held], examples.group[held]))
    return float(np.mean(found)) if found else 0.0


def _fit(examples: Examples, rows: Flags, training: Training) -> str:
    return train_model(examples.features[rows], examples.bought[rows], _sizes(examples.group[rows]), FEATURES, training)


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
