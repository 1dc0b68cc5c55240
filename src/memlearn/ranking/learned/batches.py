"""Candidates of many users with their features, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from memlearn.ranking.learned.candidates import find_candidates
from memlearn.ranking.learned.companions import closeness
from memlearn.ranking.learned.features import make_features
from memlearn.ranking.learned.values import Companions, Flags, Ints, ItemFigures, UserFacts, Weights

# So many cells of (user, item) are held at a time; they should fit into a processor's cache.
_CELLS = 250_000


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Candidates of users with their features.

    Args:
        owner: user of each, ascending.
        item: position of each, ascending within a user.
        features: shape (candidates, features), columns as in `FEATURES`.
    """

    owner: Ints
    item: Ints
    features: Weights


def candidates_of(
    facts: UserFacts,
    figures: ItemFigures,
    companions: Mapping[str, Companions],
    popular: Ints,
    *,
    close: int,
    most_popular: int,
    wanted: Flags | None = None,
    allowed: Flags | None = None,
    more: Ints | None = None,
    some: Callable[[Ints, Ints], Flags] | None = None,
) -> Iterator[Candidates]:
    """Candidates and features of some users.

    Args:
        facts: of all users; all their items are candidates.
        figures: of the items.
        companions: of each kind.
        popular: positions of items, the most popular first.
        close: how many items come in by closeness.
        most_popular: how many come in by popularity.
        wanted: which users; shape (users,); None: all.
        allowed: items that may be ranked; shape (users, items), or (items,) for all users alike; None: all.
        more: positions of items that are candidates of everybody besides, if they may be ranked.
        some: given user and item of each candidate, which of them to make features of; None: of all.
    """
    items = len(figures)
    step = max(1, _CELLS // max(items, 1))
    for first in range(0, len(facts), step):
        end = min(first + step, len(facts))
        chosen = None if wanted is None else wanted[first:end]
        if chosen is not None and not chosen.any():
            continue
        batch = facts.users(first, end)
        mine = allowed
        if allowed is not None:
            mine = allowed[first:end] if allowed.ndim > 1 else np.broadcast_to(allowed, (end - first, items))
        near = closeness(batch, companions, items)
        owner, item = find_candidates(batch, near, popular, close=close, most_popular=most_popular, allowed=mine)
        if more is not None and len(more):
            owner, item = _with_more(owner, item, more, mine, end - first, items)
        if chosen is not None:
            owner, item = owner[chosen[owner]], item[chosen[owner]]
        if some is not None:
            taken = some(owner + first, item)
            owner, item = owner[taken], item[taken]
        yield Candidates(owner + first, item, make_features(batch, owner, item, figures, near))


def _with_more(owner: Ints, item: Ints, more: Ints, allowed: Flags | None, users: int, items: int) -> tuple[Ints, Ints]:
    everybody, added = np.repeat(np.arange(users, dtype=np.int64), len(more)), np.tile(more, users)
    if allowed is not None:
        kept = allowed[everybody, added]
        everybody, added = everybody[kept], added[kept]
    packed = np.union1d(owner * items + item, everybody * items + added)
    return packed // items, packed % items
