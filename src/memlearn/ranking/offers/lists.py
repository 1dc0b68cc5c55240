"""Short lists of numbers, one for each row, in two arrays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from memlearn.ranking.offers.sends import Flags, Ints, Reals


@dataclass(frozen=True, eq=False)
class Lists:
    """Numbers below a bound, ascending and each once, for each row.

    Args:
        starts: the numbers of row i are at starts[i] to starts[i + 1]; shape (rows + 1,).
        numbers: of all rows.
        bound: all numbers are below it.
    """

    starts: Ints
    numbers: Ints
    bound: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> Ints:
        """The numbers of a row."""
        return self.numbers[self.starts[row] : self.starts[row + 1]]

    def has(self, row: int, numbers: Ints) -> Flags:
        """Which of some numbers a row has."""
        own = self[row]
        if not len(own):
            return np.zeros(len(numbers), dtype=np.bool_)
        found: Flags = own[np.minimum(np.searchsorted(own, numbers), len(own) - 1)] == numbers
        return found

    def sizes(self) -> Ints:
        """How many numbers each row has."""
        return np.diff(self.starts)

    @cached_property
    def turned(self) -> Lists:
        """For each number the rows that have it."""
        rows = np.repeat(np.arange(len(self), dtype=np.int64), self.sizes())
        order = np.argsort(self.numbers, kind="stable")
        starts = np.searchsorted(self.numbers[order], np.arange(self.bound + 1)).astype(np.int64)
        return Lists(starts, rows[order], len(self))

    def summed(self, owner: Ints, number: Ints, weight: Reals, owners: int) -> Reals:
        """The weights of the numbers that each row has, by owner; shape (owners, rows).

        Args:
            owner: of each weighed number.
            number: which one; negative for none.
            weight: of each.
            owners: how many there are.
        """
        there = number >= 0
        owner, number, weight = owner[there], number[there], weight[there]
        turned = self.turned
        sizes = turned.sizes()[number]
        ends = np.cumsum(sizes)
        place = np.arange(int(sizes.sum()), dtype=np.int64) + np.repeat(turned.starts[number] - ends + sizes, sizes)
        cell = np.repeat(owner, sizes) * len(self) + turned.numbers[place]
        sums: Reals = np.bincount(cell, np.repeat(weight, sizes), owners * len(self)).astype(np.float64)
        return sums.reshape(owners, len(self))

    def to_json(self) -> list[list[int]]:
        """The numbers of each row."""
        return [self.numbers[low:high].tolist() for low, high in itertools.pairwise(self.starts.tolist())]

    @staticmethod
    def from_json(rows: Sequence[Sequence[int]], bound: int) -> Lists:
        """Of `to_json`."""
        starts = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
        return Lists(starts, np.array([number for row in rows for number in row], dtype=np.int64), bound)
