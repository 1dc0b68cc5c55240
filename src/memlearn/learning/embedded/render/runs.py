"""Order, place and running sums of rows whose groups lie together, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_MOST_BITS = 63


def order_by(*keys: Ints) -> Ints:
    """Positions of rows sorted by some keys, the first one first; ties stay in the order of the rows.

    Args:
        keys: of equal length; no number is negative.
    """
    count = len(keys[0])
    widths = [int(key.max()).bit_length() for key in keys] if count else [0 for _ in keys]
    if sum(widths) + count.bit_length() > _MOST_BITS:
        return np.lexsort(keys[::-1]).astype(np.int64)
    # All keys and the position in one number: sorting it is several times as fast as sorting by several.
    packed = np.zeros(count, dtype=np.int64)
    for key, width in zip(keys, widths, strict=True):
        packed = (packed << width) | key
    packed = (packed << count.bit_length()) | np.arange(count)
    packed.sort()
    return packed & ((1 << count.bit_length()) - 1)


def place_in_run(group: Ints) -> Ints:
    """Position of each row inside its run of equal groups, from 0."""
    return np.arange(len(group)) - _starts(group)


def sum_in_run(group: Ints, values: Ints) -> Ints:
    """Sum of the values of each row's run up to and with the row."""
    sums = np.cumsum(values)
    starts = _starts(group)
    return sums - sums[starts] + values[starts] if len(group) else sums


def _starts(group: Ints) -> Ints:
    """Position of the first row of each row's run."""
    first = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1]))) if len(group) else np.zeros(0, dtype=np.int64)
    return np.repeat(first, np.diff(np.append(first, len(group))))
