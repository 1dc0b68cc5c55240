"""What is popular: with everybody, or within a segment of users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from memlearn.ranking.levels import ITEM, MERCHANT, NO_KEY, Level, Reals

# How much being bought by many says, by what is counted: the item itself, its merchant, a level it belongs to.
_WEIGHTS = {ITEM: 1.0, MERCHANT: 0.8}
_OF_LEVEL = 0.6

Users = Mapping[str, Mapping[str, int]]
"""Dimension → key → number of users who buy it."""


@dataclass(frozen=True, slots=True)
class Popularity:
    """How many users an item concerns.

    Args:
        values: 0..1 for each item; shape (items,).
        users: dimension → number of users of each key.
        top: dimension → number of users of its most popular key.
        among: whom was counted, in words; empty for everybody.
    """

    values: Reals
    users: Mapping[str, Reals]
    top: Mapping[str, int]
    among: str = ""

    def best_key(self, levels: Mapping[str, Level], item: int) -> tuple[str, str, int] | None:
        """Dimension, key and number of users of what makes an item popular; None where nothing does."""
        found: list[tuple[float, str, str, int]] = []
        for dim, counts in self.users.items():
            code = int(levels[dim].codes[item])
            if code != NO_KEY and counts[code] > 0:
                worth = _WEIGHTS.get(dim, _OF_LEVEL) * float(np.log1p(counts[code]) / np.log1p(self.top[dim]))
                found.append((worth, dim, levels[dim].keys[code], int(counts[code])))
        if not found:
            return None
        return min(found, key=lambda entry: (-entry[0], entry[1]))[1:]


def measure_popularity(levels: Mapping[str, Level], users: Users, above: Reals, among: str = "") -> Popularity:
    """Say for each item how popular it is: the most that any of its keys says.

    Args:
        levels: groupings of the items.
        users: how many users buy each key; keys are matched without case and accents.
        above: by how much the share of users who answer an item lies above that of all items; shape (items,).
        among: whom was counted, in words.
    """
    best = np.zeros(len(levels[ITEM].codes))
    counts: dict[str, Reals] = {}
    top: dict[str, int] = {}
    for dim, level in levels.items():
        known = users.get(dim, {})
        if not known:
            continue
        counts[dim] = _counts(level, known)
        top[dim] = max(known.values())
        scaled = _WEIGHTS.get(dim, _OF_LEVEL) * np.log1p(counts[dim]) / np.log1p(max(top[dim], 1))
        best = np.maximum(best, np.append(scaled, 0.0)[level.codes])
    return Popularity(np.round(np.clip(best + above, 0.0, 1.0), 6).astype(np.float64), counts, top, among)


def _counts(level: Level, users: Mapping[str, int]) -> Reals:
    counts = np.zeros(len(level.keys))
    for key, count in users.items():
        for code in level.find(key):
            counts[code] = max(counts[code], count)
    return counts
