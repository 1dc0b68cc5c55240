"""The shapes of the second corpus, and what their tellers have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from corpus.book import MOST_ROWS, Book, Line, Shape, UnfitError
from corpus.verdicts import some
from corpus.world import Group, Row, World, month_end

SHAPES: list[Shape] = []
_COLUMNS = {"merchant": "merchant", "merchant_category": "category", "city": "city"}
_GOODS = {
    "groceries": "grocery", "restaurants": "restaurant", "books": "book", "pets": "pet", "gifts": "gift", "toys": "toy", "shoes": "shoe",
}  # fmt: skip


def told_of(groups: Callable[[World], Iterable[Group]], fits: Callable[[Group], bool], count: int = 2) -> Callable[..., Any]:
    """Register a shape of this corpus, as `corpus.book.told_of` does for the first one."""

    def register(tell: Callable[[Book, Group], None]) -> Callable[[Book, Group], None]:
        SHAPES.append(Shape(tell, groups, fits, count))
        return tell

    return register


def _longer_names(world: World) -> set[str]:
    """Names of merchants that begin with another one's whole name."""
    names = {row.merchant for user in world.users for row in world.rows[user] if row.merchant}
    return {name for name in names if any(name.startswith(f"{other} ") for other in names)}


def merchants(world: World) -> list[Group]:
    """Purchases at a merchant, of users to whom each name can mean one merchant only."""
    longer = _longer_names(world)
    unclear = {user for user in world.users if any(row.merchant in longer for row in world.rows[user])}
    return [group for group in world.merchants if group.user_id not in unclear]


def categories(world: World) -> list[Group]:
    return world.categories


def cities(world: World) -> list[Group]:
    return world.cities


def spenders(world: World) -> list[Group]:
    return world.spenders


def single(group: Group) -> bool:
    """Whether there is one purchase a day, so that visits, days and purchases are the same."""
    return group.n == len(group.days)


def goods(category: str | None) -> str:
    """A category as it stands before `purchase`."""
    return _GOODS.get(category or "", category or "")


def bought(book: Book, user_id: str, dim: str | None, key: str | None) -> list[Row]:
    """A user's purchases of a key."""
    rows = book.world.of(user_id, "purchase")
    return rows if dim is None else [row for row in rows if getattr(row, _COLUMNS[dim]) == key]


def of(book: Book, group: Group, key: str | None, user_id: str | None = None) -> list[Row]:
    """Purchases of a key of a group's sort, by its user or another one."""
    return bought(book, user_id or group.user_id, group.dim, key)


def first_day(rows: Sequence[Row]) -> date | None:
    return min((row.day for row in rows), default=None)


def last_day(rows: Sequence[Row]) -> date | None:
    return max((row.day for row in rows), default=None)


def in_month(rows: Sequence[Row], month: date) -> list[Row]:
    """Rows of the month in which a day lies."""
    return [row for row in rows if (row.at.year, row.at.month) == (month.year, month.month)]


def in_days(rows: Sequence[Row], start: date, end: date) -> list[Row]:
    return [row for row in rows if start <= row.day <= end]


def next_month(day: date) -> date:
    return month_end(day) + timedelta(days=1)


def months(start: date, end: date) -> list[date]:
    """First days of the months from one to another, both included."""
    found, month = [], start.replace(day=1)
    while month <= end:
        found.append(month)
        month = next_month(month)
    return found


def rival(book: Book, group: Group, fits: Callable[[Group], bool]) -> Group:
    """Another group of the same user and sort; StopIteration where none fits."""
    others = {"merchant": merchants, "merchant_category": categories, "city": cities}[group.dim or ""](book.world)
    own = [other for other in others if other.user_id == group.user_id and other.key != group.key]
    return next(other for other in sorted(own, key=lambda other: _draw(other.user_id, other.key)) if fits(other))


def stranger(book: Book, group: Group) -> str:
    """A merchant, category or city that others know and the user never had to do with."""
    others = {"merchant": merchants, "merchant_category": categories, "city": cities}[group.dim or ""](book.world)
    column = _COLUMNS[group.dim or ""]
    own = {getattr(row, column) for row in book.world.rows[group.user_id]}
    keys = {other.key for other in others if other.key is not None} - own - _longer_names(book.world)
    if not keys:
        raise UnfitError(f"{group.user_id} knows every {group.dim}")
    return min(keys, key=lambda key: _draw(group.user_id, key))


def unborne(book: Book, base: dict[str, Any], group: Group) -> None:
    """The same text with the user's rows of something else."""
    other = rival(book, group, lambda other: 2 <= other.n <= MOST_ROWS and not set(other.rows) & set(group.rows))
    hits = sum(getattr(row, _COLUMNS[group.dim or ""]) == group.key for row in other.rows)
    book.false(base, "evidence", (base["text"], some(hits, f"cited rows of {group.key}")), cites=other.rows)


def of_other(book: Book, base: dict[str, Any], group: Group, line: Callable[[str], Line], *, own: bool = True) -> None:
    """The same text about another user of whom it is false.

    Args:
        book: the statements.
        base: the true statement.
        group: what it is about.
        line: text and verdict for a user.
        own: whether the other user's rows are cited, or those of the user of whom it is true.
    """
    world = book.world
    groups = {"merchant": merchants, "merchant_category": categories, "city": cities, None: spenders}[group.dim](world)
    same = [one for one in groups if one.key == group.key and one.user_id != group.user_id and one.n <= MOST_ROWS]
    wrong = [one for one in same if line(one.user_id)[1].truth is False]
    if not wrong:
        raise UnfitError(f"no other user of {group.key!r}")
    other = min(wrong, key=lambda one: (book.told[one.user_id], _draw(one.user_id, base["id"])))
    book.told[other.user_id] += 1
    book.false(base, "user", line(other.user_id), cites=other.rows if own else None, user_id=other.user_id)


def _draw(*parts: str | None) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
