"""Small random histories for Hypothesis, and the same as plain Python lists."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

from memlearn.ranking.history import History, make_history

# The baskets of every user, oldest first, each a sorted list of items.
Baskets = list[list[list[int]]]


def plain(history: History) -> Baskets:
    """A history as lists."""
    found: Baskets = [[] for _ in range(history.users)]
    for user, basket, item in zip(history.user.tolist(), history.basket.tolist(), history.item.tolist(), strict=True):
        while len(found[user]) <= basket:
            found[user].append([])
        found[user][basket].append(item)
    return found


def rows(baskets: Baskets) -> Iterator[tuple[int, int, int]]:
    for user, own in enumerate(baskets):
        for number, basket in enumerate(own):
            for item in basket:
                yield user, number, item


def history_of(baskets: Baskets, items: int, times: list[list[float]] | None = None) -> History:
    """The history of such lists; `times` has one for each basket."""
    columns = list(rows(baskets))
    user, order, item = ([row[place] for row in columns] for place in range(3))
    days = None if times is None else [times[u][n] for u, n, _ in columns]
    return make_history(len(baskets), items, user, order, item, days)


@st.composite
def histories(draw: st.DrawFn, *, timed: bool | None = None, max_users: int = 7, max_items: int = 6) -> History:
    """Histories with users who bought nothing, users with one basket, and items that nobody bought."""
    items = draw(st.integers(1, max_items))
    basket = st.lists(st.integers(0, items - 1), min_size=1, max_size=4, unique=True)
    baskets = draw(st.lists(st.lists(basket, max_size=5), min_size=1, max_size=max_users))
    if timed is None:
        timed = draw(st.booleans())
    if not timed:
        return history_of(baskets, items)
    gaps = [[draw(st.integers(1, 9)) for _ in own] for own in baskets]
    times = [[sum(own[: number + 1]) / 2 for number in range(len(own))] for own in gaps]
    return history_of(baskets, items, times)
