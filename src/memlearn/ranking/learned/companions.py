"""How close each item is to what a user bought: sums over companions of the user's items."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from memlearn.ranking.learned.values import Companions, Ints, Reals, UserFacts, Weights

KINDS = ("with_all", "with_lately", "basket_lately", "after_last", "after_lately")
"""Closeness by kind of companion, and by which of the user's items count: all, those of the last visits, those of the very last."""

_OF = {"with_all": "with", "with_lately": "with", "basket_lately": "basket", "after_last": "after", "after_lately": "after"}
# What an item counts for, by how many visits ago it was bought last.
_FADES_ALL, _FADES_LATELY, _LATELY = 0.9, 0.6, 5.0


def closeness(facts: UserFacts, companions: Mapping[str, Companions], items: int) -> Weights:
    """How close each item is to what each user bought.

    Args:
        facts: of a batch of users.
        companions: of each kind in `COMPANION_KINDS`.
        items: how many items there are.

    Returns:
        Shape (kinds, users, items), kinds as in `KINDS`; 0 where nothing leads to the item.
    """
    owner, ages = facts.owner(), facts.ages()
    lately = np.where(ages < _LATELY, _FADES_LATELY**ages, 0.0)
    weights = {
        "with_all": facts.visits * _FADES_ALL**ages,
        "with_lately": lately,
        "basket_lately": lately,
        "after_last": (ages <= 0).astype(np.float64),
        "after_lately": lately,
    }
    found = np.zeros((len(KINDS), len(facts) * items), dtype=np.float32)
    for kind in dict.fromkeys(_OF.values()):
        wanted = [name for name in KINDS if _OF[name] == kind]
        fact, place, near = _reached(facts, owner, companions[kind], items)
        for name in wanted:
            weight = weights[name][fact]
            used = np.flatnonzero(weight > 0)
            found[KINDS.index(name)] = np.bincount(place[used], weights=weight[used] * near[used], minlength=found.shape[1])
    return found.reshape(len(KINDS), len(facts), items)


def _reached(facts: UserFacts, owner: Ints, companions: Companions, items: int) -> tuple[Ints, Ints, Reals]:
    """Every companion of every fact: the fact, where it stands in (users, items), and how close it is."""
    begins = companions.starts[facts.item]
    sizes = companions.starts[facts.item + 1] - begins
    fact = np.repeat(np.arange(len(facts.item), dtype=np.int64), sizes)
    shift = begins - np.concatenate(([0], np.cumsum(sizes)[:-1])) if len(sizes) else begins
    at = np.arange(len(fact), dtype=np.int64) + shift[fact]
    return fact, owner[fact] * items + companions.item[at], companions.weight[at].astype(np.float64)
