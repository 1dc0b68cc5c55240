"""How much a user cares for what offers apply to, from the items that memory holds: purchases of them, and of what is like them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.ranking.offers.lists import Lists
from memlearn.ranking.offers.sends import Ints, Reals

AFFINITY = "affinity"
"""Name of the feature: the logarithm of `Applies.affinities`."""

# A purchase counts half as much with each so many days.
_HALF_LIFE = 90.0
# What a purchase of a key of a level counts against one of the item, the finest level first; and what everybody's purchases count.
_LEVELS = (1e-2, 1e-4)
_CROWD = 0.03
_LEAST = 1e-6
_DECIMALS = 6

LEVELS = len(_LEVELS)
"""So many levels, the fine ones, tell what is like an item."""


@dataclass(frozen=True, slots=True, eq=False)
class Bought:
    """What memory holds of some users' purchases, user by user; days since 1970-01-01.

    Args:
        starts: items of user i are at starts[i] to starts[i + 1]; shape (users + 1,).
        item: number of each item among the items of `Applies`; -1 for one that is not there.
        keys: code of each item's key in each level of `Applies`, -1 where it has none; shape (levels, items).
        visits: on how many days it was bought.
        first, last: the first and the last of them.
        at: the moment; shape (users,).
    """

    starts: Ints
    item: Ints
    keys: Ints
    visits: Reals
    first: Reals
    last: Reals
    at: Reals

    def weights(self) -> Reals:
        """The purchases of each item, each counting less with its age, as if they had been evenly spread."""
        fade = 0.5 ** (1 / _HALF_LIFE)
        at = np.repeat(self.at, np.diff(self.starts))
        # Where all lie on one day the gap is none, and each counts alike.
        step = fade ** ((self.last - self.first) / np.maximum(self.visits - 1, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.where(step < 1, (1 - step**self.visits) / (1 - step), self.visits)
        found: Reals = fade ** np.maximum(at - self.last, 0) * spread
        return found


@dataclass(frozen=True, eq=False)
class Applies:
    """What offers apply to.

    Args:
        item_ids: of the items, sorted; positions are their numbers.
        levels: names of the levels that tell what is like them, fine to coarse; at most `LEVELS`.
        keys: of each level, sorted; positions are their codes.
        of_items: the items of each offer.
        of_keys: its keys, in each level.
        crowd: purchases by everybody of what the offer applies to, against the most of an offer of its source, 0 to 1; shape (offers,).
        alone: which offers are ranked by this alone, as nobody was told what of them was let pass; shape (offers,).
    """

    item_ids: tuple[str, ...]
    levels: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    of_items: Lists
    of_keys: tuple[Lists, ...]
    crowd: Reals
    alone: NDArray[np.bool_]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "item_ids": list(self.item_ids),
            "levels": list(self.levels),
            "keys": [list(own) for own in self.keys],
            "items": self.of_items.to_json(),
            "of_keys": [own.to_json() for own in self.of_keys],
            "crowd": self.crowd.tolist(),
            "alone": np.flatnonzero(self.alone).tolist(),
        }

    @staticmethod
    def from_json(held: Mapping[str, Any], offers: int) -> Applies:
        """Of `to_json`.

        Args:
            held: the JSON.
            offers: how many offers there are.
        """
        alone = np.zeros(offers, dtype=np.bool_)
        alone[held["alone"]] = True
        keys = tuple(tuple(own) for own in held["keys"])
        of_keys = tuple(Lists.from_json(own, len(names)) for own, names in zip(held["of_keys"], keys, strict=True))
        of_items = Lists.from_json(held["items"], len(held["item_ids"]))
        return Applies(
            tuple(held["item_ids"]), tuple(held["levels"]), keys, of_items, of_keys, np.array(held["crowd"], dtype=np.float64), alone
        )

    @cached_property
    def positions(self) -> dict[str, int]:
        """The number of each item."""
        return {item_id: place for place, item_id in enumerate(self.item_ids)}

    @cached_property
    def codes(self) -> tuple[dict[str, int], ...]:
        """The code of each key, by level."""
        return tuple({key: code for code, key in enumerate(keys)} for keys in self.keys)

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Of which offers it is known what they apply to; shape (offers,)."""
        known: NDArray[np.bool_] = self.of_items.sizes() > 0
        return known

    def affinities(self, bought: Bought, user: Ints, offer: Ints) -> Reals:
        """How much users care for what offers apply to; its logarithm is the feature.

        Purchases of the items count most, those of other items of their levels' keys far less, and what everybody buys least.

        Args:
            bought: of the users.
            user: of each query.
            offer: number of the offer of each query.

        Returns:
            The logarithms; NaN where it is not known what an offer applies to; shape (queries,).
        """
        weights, users = bought.weights(), len(bought.at)
        owner = np.repeat(np.arange(users), np.diff(bought.starts))
        value: Reals = _CROWD * self.crowd[offer]
        lists = (self.of_items, *self.of_keys)
        for codes, own, count in zip((bought.item, *bought.keys), lists, (1.0, *_LEVELS[: len(self.levels)]), strict=True):
            value = value + count * own.summed(owner, codes, weights, users)[user, offer]
        logs: Reals = np.where(self.known[offer], np.round(np.log(value + _LEAST), _DECIMALS), np.nan)
        return logs

    def bought_of_one(
        self,
        items: Sequence[str],
        keys: Sequence[Sequence[str | None]],
        visits: Sequence[int],
        first: Sequence[int],
        last: Sequence[int],
        at: float,
    ) -> Bought:
        """What memory holds of one user.

        Args:
            items: ids.
            keys: of each item, in each level.
            visits: on how many days each was bought.
            first: the day of the first of them.
            last: the day of the last of them.
            at: the moment, days.
        """
        place = np.array([self.positions.get(item, -1) for item in items], dtype=np.int64)
        codes = [[-1 if key is None else by_key.get(key, -1) for key in own] for own, by_key in zip(keys, self.codes, strict=True)]
        times, begun, ended = (np.array(column, dtype=np.float64) for column in (visits, first, last))
        starts = np.array([0, len(items)], dtype=np.int64)
        known = np.array(codes, dtype=np.int64).reshape(len(self.levels), len(items))
        return Bought(starts, place, known, times, begun, ended, np.array([at]))


NOTHING = Applies((), (), (), Lists.from_json([], 0), (), np.zeros(0), np.zeros(0, dtype=np.bool_))
"""Nothing is known of what offers apply to."""
