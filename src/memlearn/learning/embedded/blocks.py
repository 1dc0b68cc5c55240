"""Cut users into blocks whose months fit into a matrix of bounded size, however far apart their first and last rows lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# Rows times months of one matrix; about a dozen of them are alive at once.
CELLS = 1 << 21


def month_blocks(first: Ints, last: Ints, size: Ints, cells: int = CELLS) -> Iterator[Ints]:
    """The users of each block; those of usual data are one block.

    One row dated 1970 would make the matrix of a whole shard many times as wide; so only its user's neighbours share that width.

    Args:
        first: first month of each user.
        last: last month of each user.
        size: rows of each user.
        cells: most cells (rows times months) of a block of more than one user.

    Yields:
        Users (positions in the arrays), ascending; together all of them. One empty block where there are none.
    """
    # Users of the same time stand together, so that those with stray dates end up in few blocks.
    waiting = [np.argsort(first + last, kind="stable")]
    while waiting:
        users = waiting.pop()
        if len(users) > 1 and int(size[users].sum()) * (int(last[users].max()) - int(first[users].min()) + 1) > cells:
            middle = len(users) // 2
            waiting += [users[middle:], users[:middle]]
        else:
            yield np.sort(users)
