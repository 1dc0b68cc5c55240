"""What a user's lines are checked against: the rows so far as columns, and which of them must never be spoken of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from memlearn.errors import UsageError
from memlearn.grounding.freetext import KnownNames, UserView
from memlearn.grounding.freetext.view import Mask, RowColumns, in_order
from memlearn.learning.agent.step import Past, StepInput
from memlearn.memory.sensitive import SensitiveConfig, is_sensitive
from memlearn.records import ATTRIBUTE_PREFIX, LEVEL_PREFIX

_EPOCH = date(1970, 1, 1).toordinal()
# Names and texts whose judgement is kept; many users share them.
_MOST_JUDGED = 500_000
# Rows of all the worlds that are kept; the oldest go first.
_MOST_ROWS = 400_000


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One user up to the end of a chunk.

    Args:
        past: what it was made of.
        view: the rows.
        private: rows of which nothing may be inferred: a name in them is sensitive, or belongs to one that is.
        owned: dimensions whose keys belong to others: a shop to its category, not a city to the shop that stands there.
        read: kept readings of lines, by their text.
    """

    past: Past
    view: UserView
    private: Mask
    owned: frozenset[str]
    read: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Worlds:
    """Makes worlds, and keeps those of the steps that are under way.

    Args:
        items: canonical items.
        known: all names of the catalogue.
        sensitive: what is never stated.
        suppressed: (dim, key) of keys that must not be stated, by what they belong to.
        weak: source → what its rows are no evidence for.
    """

    items: pl.DataFrame
    known: KnownNames
    sensitive: SensitiveConfig
    suppressed: frozenset[tuple[str, str]] = frozenset()
    weak: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _kept: OrderedDict[tuple[str, int], World] = field(default_factory=OrderedDict)
    _rows: int = 0
    _titles: dict[str, str] = field(default_factory=dict)
    _judged: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember what each item is called."""
        self._titles = dict(self.items.select(pl.col("item_id", "name").cast(pl.String)).drop_nulls().iter_rows())

    def of(self, step: StepInput) -> World:
        """The world of a step.

        Raises:
            UsageError: the step came without the rows that it is to be checked against.
        """
        if step.past is None:
            raise UsageError(f"Step {step.chunk} of user {step.user_id!r} has no rows to check lines against; give it `past`.")
        key = (step.user_id, step.chunk)
        kept = self._kept.get(key)
        if kept is not None and kept.past is step.past:
            self._kept.move_to_end(key)
            return kept
        if kept is not None:
            self._forget(key)
        world = self.make(step.past, step.span[1])
        self._kept[key] = world
        self._rows += world.view.size
        while self._rows > _MOST_ROWS and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))
        return world

    def _forget(self, key: tuple[str, int]) -> None:
        self._rows -= self._kept.pop(key).view.size

    def make(self, past: Past, last: str) -> World:
        """The world of rows up to a day, ISO; it is not kept."""
        columns = past.columns or RowColumns.of(in_order(past.rows), self.items, self.weak)
        last_day = date.fromisoformat(last).toordinal() - _EPOCH
        view = columns.view(past.start, past.start + len(past.rows), self._titles, past.person, last_day, self.known)
        owned = frozenset(dim for dim in view.columns if ATTRIBUTE_PREFIX + dim not in past.rows.columns)
        return World(past, view, self._private(view), owned)

    def _private(self, view: UserView) -> Mask:
        """Judged by each key's own name, by what it belongs to, and by the words of a text."""
        keys = [(dim, key) for dim, column in view.columns.items() for key in dict.fromkeys(column.tolist()) if key]
        names = [self._titles.get(key) or key if dim == "item" else key for dim, key in keys]
        judged = self._judge({*names, *view.written})
        private = np.array([judged[text] for text in view.written], dtype=np.bool_)
        for (dim, key), name in zip(keys, names, strict=True):
            if judged[name] or (dim, key) in self.suppressed:
                private = private | (view.columns[dim] == key)
        return private

    def _judge(self, texts: set[str]) -> dict[str, bool]:
        """Which texts are sensitive; each is judged once."""
        fresh = sorted(texts - self._judged.keys())
        if fresh:
            if len(self._judged) > _MOST_JUDGED:
                self._judged.clear()
                fresh = sorted(texts)
            found = is_sensitive(pl.Series(fresh, dtype=pl.String), self.sensitive)
            self._judged.update(zip(fresh, found.to_list(), strict=True))
        return self._judged


def catalogue_items(items: pl.DataFrame) -> pl.DataFrame:
    """The columns of the items' table that name something."""
    return items.select("item_id", "name", *(name for name in items.columns if name.startswith(LEVEL_PREFIX)))
