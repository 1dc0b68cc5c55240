"""What the ranker learns from: candidates before each of the users' last visits, and which of them were bought then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    Weights,
    candidates_of,
    popular_order,
)
from memlearn.ranking.learned.model import Training


@dataclass(frozen=True, slots=True)
class RankerConfig:
    """How the ranker is trained.

    Args:
        kept: items that memory holds of a user.
        groups: most visits that are learned from.
        visits: most visits of one user that are learned from.
        others: so many candidates that were not bought are learned from beside what was bought on a visit. A model of 25 ranks as well as one of
            all candidates, and takes a fifth of the time.
        held: about so many visits settings are compared on; all their candidates are ranked.
        close, popular: candidates by closeness and by popularity.
        tried: settings among which validation chooses: with much to learn from, larger trees that find out all by themselves; with little, smaller
            ones that correct how often items were bought.
        min_users: fewest users behind a figure.
        min_groups: fewest visits without which nothing is trained.
    """

    kept: int = 32
    groups: int = 20_000
    visits: int = 50
    others: int = 25
    held: int = 3_000
    close: int = 110
    popular: int = 50
    tried: tuple[Training, ...] = (Training(), Training(trees=100, leaves=7, leaf_rows=200, start=1.0))
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


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Candidates of visits, a visit's together.

    Args:
        owner: user of each row.
        item: position of each row's item.
        features: columns as in `FEATURES`; shape (rows, features).
        bought: which were bought.
        group: the visit of each row.
        fold: part of the users that the row's user is in, by which settings are compared.
        folds: how many parts there are, so that one is left out at a time; all candidates of a visit stand here where its user is in a part that is.
        left_out: how many of the parts are left out, the first ones.
        taught: rows to learn from: what was bought, and a sample of the others.
    """

    owner: Ints
    item: Ints
    features: Weights
    bought: Flags
    group: Ints
    fold: Ints
    folds: int
    left_out: int
    taught: Flags

    def __len__(self) -> int:
        return len(self.group)

    def where(self, rows: Flags) -> Examples:
        """Some of the rows."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _COLUMNS})


_COLUMNS = ("owner", "item", "features", "bought", "group", "fold", "taught")


def rank_candidates(
    facts: UserFacts, shared: Shared, wanted: Flags, config: RankerConfig, some: Callable[[Ints, Ints], Flags] | None = None
) -> Iterator[Candidates]:
    """Candidates and features of some users, a batch at a time.

    Args:
        facts: of all users.
        shared: figures and companions of items.
        wanted: which users; shape (users,).
        config: settings.
        some: given user and item of each candidate, which of them to make features of; None: of all.
    """
    return candidates_of(
        facts,
        shared.figures,
        shared.companions,
        popular_order(shared.figures),
        close=config.close,
        most_popular=config.popular,
        wanted=wanted,
        some=some,
    )


def last_visits(history: History, config: RankerConfig) -> int:
    """How many last visits of each user to learn from: as many as are wanted, and no more than half of what most users have.

    Args:
        history: what users bought.
        config: settings.
    """
    number = history.baskets_by_user()
    usable = number[number > 1]
    if not len(usable):
        return 0
    return int(max(1, min(config.visits, config.groups // len(usable), np.median(usable) // 2)))


def make_examples(history: History, levels: Ints, config: RankerConfig, visits: int) -> Examples:
    """Candidates before each of the users' last visits, and which of them were bought then.

    Figures and companions are counted before the first of these visits, so that no answer is among them.

    Args:
        history: what users bought.
        levels: codes of each item in the levels of the catalogue; shape (levels, items).
        config: settings.
        visits: last visits of each user that are learned from.
    """
    oldest = split_last(history, visits)[0]
    shared = Shared.of(oldest, facts_of(oldest, config.kept), levels, config.min_users)
    asked = _asked(history, visits, config.groups)
    fold, folds, left_out = _folds(asked, visits, config.held)
    none, nothing = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int64)
    features = np.zeros((0, len(FEATURES)), dtype=np.float32)
    parts = [Examples(nothing, nothing, features, none, nothing, nothing, folds, left_out, none)]
    after = history
    for back in range(visits):
        before, truth = split_last(after)
        facts = facts_of(before, config.kept, _moments(before, truth))
        wanted = np.zeros(history.users, dtype=np.bool_)
        wanted[truth.user] = True
        wanted &= asked
        drawn = _Drawn(np.sort(_packed(truth.user, truth.item, history.items)), history.items, back, config.others, fold < left_out)
        for part in rank_candidates(facts, shared, wanted, config, drawn.wanted):
            owner, item = part.owner, part.item
            bought, taught = drawn.relevant(owner, item), drawn.taught(owner, item)
            parts.append(Examples(owner, item, part.features, bought, owner * visits + back, fold[owner], folds, left_out, taught))
        after = before
    columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
    return replace(parts[0], **columns)


def _asked(history: History, visits: int, groups: int) -> Flags:
    """Whose visits are learned from: all users', or every so manieth one's where there are more visits than are wanted."""
    usable = np.flatnonzero(history.baskets_by_user() > 1)
    asked = np.zeros(history.users, dtype=np.bool_)
    asked[usable[:: max(1, -(-visits * len(usable) // max(groups, 1)))]] = True
    return asked


def _folds(asked: Flags, visits: int, held: int) -> tuple[Ints, int, int]:
    """The part that each user is in, how many there are, and how many of them are left out in turn.

    With few visits each half of the users is ranked once by what the other half teaches; with more, one user in so many is left out once.
    """
    usable = np.flatnonzero(asked)
    size = visits * len(usable)
    folds, left_out = (2, 2) if size <= 2 * held else (max(5, -(-size // held)), 1)
    # By their place among those there are: their numbers may have gaps.
    fold = np.zeros(len(asked), dtype=np.int64)
    fold[usable] = np.arange(len(usable)) % folds
    return fold, folds, left_out


def _moments(before: History, truth: History) -> Reals:
    """When each user's visit was that is to be foretold; 0 for users without one."""
    moments = np.zeros(before.users)
    if before.timed or truth.timed:
        moments[truth.user] = truth.time
    else:
        moments[:] = before.baskets_by_user()
    return moments


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Which candidates are learned from at one visit of each user.

    Args:
        answers: packed user and item of what was bought, sorted.
        items: how many items there are.
        back: how many visits ago it was.
        others: how many candidates that were not bought.
        whole: of which users all candidates are wanted; shape (users,).
    """

    answers: Ints
    items: int
    back: int
    others: int
    whole: Flags

    def relevant(self, owner: Ints, item: Ints) -> Flags:
        """Which candidates were bought."""
        if not len(self.answers):
            return np.zeros(len(owner), dtype=np.bool_)
        packed = _packed(owner, item, self.items)
        place = np.minimum(np.searchsorted(self.answers, packed), len(self.answers) - 1)
        found: Flags = self.answers[place] == packed
        return found

    def taught(self, owner: Ints, item: Ints) -> Flags:
        """Which candidates to learn from: what was bought, and of the others the first so many by a stable hash."""
        relevant = self.relevant(owner, item)
        rest = np.flatnonzero(~relevant)
        order = np.lexsort((_mixed(owner[rest], item[rest], self.back), owner[rest]))
        place = np.arange(len(rest)) - np.searchsorted(owner[rest], owner[rest])
        chosen = relevant.copy()
        chosen[rest[order[place < self.others]]] = True
        return chosen

    def wanted(self, owner: Ints, item: Ints) -> Flags:
        """Which candidates features are made of; a visit none of whose items is among them teaches nothing."""
        told = np.isin(owner, owner[self.relevant(owner, item)])
        chosen: Flags = told & (self.taught(owner, item) | self.whole[owner])
        return chosen


def _packed(user: NDArray[np.integer[Any]], item: NDArray[np.integer[Any]], items: int) -> Ints:
    return user.astype(np.int64) * items + item


def _mixed(owner: Ints, item: Ints, back: int) -> NDArray[np.uint64]:
    """Numbers in no order, the same in every run, by the finalizer of splitmix64 (Steele, Lea and Flood, 2014)."""
    state = owner.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + item.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    state ^= np.uint64(back + 1) << np.uint64(32)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed
