"""Offers shown, redeemed and passed over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from corpus.book import MOST_ROWS, Book, Line, UnfitError
from corpus.verdicts import Verdict, both, exact, most, none, same, some
from corpus.words import british, iso, often
from corpus.world import Group, Row, World

from .book import goods, told_of


def _shown(world: World, user: str, item: str | None = None, category: str | None = None) -> list[Row]:
    return _picked(world, user, "exposure", item, category)


def _redeemed(world: World, user: str, item: str | None = None, category: str | None = None) -> list[Row]:
    return _picked(world, user, "redemption", item, category)


def _picked(world: World, user: str, kind: str, item: str | None, category: str | None) -> list[Row]:
    rows = world.of(user, kind)
    if category is not None:
        rows = [row for row in rows if _category(world, row) == category]
    return [row for row in rows if item is None or row.item == item]


def _category(world: World, row: Row) -> str | None:
    """The category of a row's offer; None where the catalogue does not have the offer."""
    return world.offers.get(row.item or "", {}).get("category")


def _told(offer: dict[str, str]) -> bool:
    return offer["category"] not in {"pharmacy", "health", "drugstore", "gambling", "alcohol"}


def _by_offer(world: World) -> list[Group]:
    """A user's rows about one offer."""
    found = []
    for user in world.users:
        rows = world.of(user, "exposure", "redemption")
        items = [item for item in sorted({row.item or "" for row in rows} & world.offers.keys()) if _told(world.offers[item])]
        found += [Group(user, "item", item, tuple(row for row in rows if row.item == item)) for item in items]
    return found


def _by_category(world: World) -> list[Group]:
    """A user's rows about the offers of one category."""
    found = []
    for user in world.users:
        rows = world.of(user, "exposure", "redemption")
        offers = [world.offers[row.item or ""] for row in rows if row.item in world.offers]
        for category in sorted({offer["category"] for offer in offers if _told(offer)}):
            picked = tuple(row for row in rows if _category(world, row) == category)
            found += [Group(user, "offers", category, picked)]
    return found


def _by_user(world: World) -> list[Group]:
    groups = (Group(user, "all offers", None, tuple(world.of(user, "exposure", "redemption"))) for user in world.users)
    return [group for group in groups if group.rows]


def _counts(g: Group) -> tuple[int, int]:
    redeemed = sum(row.kind == "redemption" for row in g.rows)
    return g.n - redeemed, redeemed


def _unborne(book: Book, base: dict[str, Any], g: Group) -> None:
    """The same text with the rows about the offers of another category."""
    own = [other for other in _by_category(book.world) if other.user_id == g.user_id and other.key != g.key and 2 <= other.n <= MOST_ROWS]
    if not own:
        raise UnfitError(f"{g.user_id} was shown offers of one category only")
    hits = sum(_category(book.world, row) == g.key for row in own[0].rows)
    book.false(base, "evidence", (base["text"], some(hits, f"cited rows about {g.key} offers")), cites=own[0].rows)


@told_of(_by_offer, lambda g: _counts(g)[0] >= 3 and 1 <= _counts(g)[1] <= _counts(g)[0] - 2, 3)
def shown_and_redeemed(book: Book, g: Group) -> None:
    def say(item: str, shown: int, redeemed: int, user: str | None = None) -> Line:
        title = book.world.offers[item]["title"]
        text = f'Offer "{title}" ({item}): shown {often(shown)}, redeemed {often(redeemed)}.'
        user = user or g.user_id
        found = len(_shown(book.world, user, item)), len(_redeemed(book.world, user, item))
        return text, both(exact(shown, found[0], "shown"), exact(redeemed, found[1], "redeemed"))

    shown, redeemed = _counts(g)
    item = g.key or ""
    base = book.true(g, say(item, shown, redeemed))
    book.false(base, "order", say(item, redeemed, shown))
    book.false(base, "number", say(item, shown + 4, redeemed))
    other = next(one for one in _by_offer(book.world) if one.key == g.key and _counts(one) != (shown, redeemed))
    book.false(base, "user", say(item, shown, redeemed, other.user_id), cites=other.rows, user_id=other.user_id)
    wrong = next(one for one in sorted(book.world.offers) if not _shown(book.world, g.user_id, one) and _told(book.world.offers[one]))
    book.false(base, "entity", say(wrong, shown, redeemed))


@told_of(_by_category, lambda g: 4 <= _counts(g)[0] <= 20 and _counts(g)[1] == 0, 3)
def none_taken_up(book: Book, g: Group) -> None:
    def say(category: str | None, n: int, how: str = "never redeemed") -> Line:
        shown, taken = len(_shown(book.world, g.user_id, category=category)), len(_redeemed(book.world, g.user_id, category=category))
        wanted = none(taken, "redeemed") if how == "never redeemed" else Verdict(taken >= shown > 0, f"redeemed {taken}, said each time")
        return f"{goods(category).capitalize()} offers were shown {n} times and {how}.", both(exact(n, shown, "shown"), wanted)

    n = _counts(g)[0]
    base = book.true(g, say(g.key, n))
    book.false(base, "number", say(g.key, n + 5))
    book.false(base, "negation", say(g.key, n, "redeemed each time"))
    other = next(one for one in _by_category(book.world) if one.user_id == g.user_id and _counts(one)[1] > 0)
    book.false(base, "entity", say(other.key, n), cites=other.rows)


@told_of(_by_user, lambda g: g.n <= MOST_ROWS and 3 <= _counts(g)[1] <= _counts(g)[0] - 4, 3)
def redeemed_in_total(book: Book, g: Group) -> None:
    def say(redeemed: int, shown: int, user: str | None = None) -> Line:
        user = user or g.user_id
        text = f"Offers so far: {shown} impressions, {redeemed} redemptions."
        found = len(_shown(book.world, user)), len(_redeemed(book.world, user))
        return text, both(exact(shown, found[0], "shown"), exact(redeemed, found[1], "redeemed"))

    shown, redeemed = _counts(g)
    base = book.true(g, say(redeemed, shown))
    book.false(base, "number", say(redeemed + 3, shown))
    book.false(base, "order", say(shown, redeemed))
    other = next(one for one in _by_user(book.world) if one.n <= MOST_ROWS and _counts(one) != (shown, redeemed))
    book.false(base, "user", say(redeemed, shown, other.user_id), cites=other.rows, user_id=other.user_id)


@told_of(_by_offer, lambda g: _counts(g)[1] == 1, 3)
def redeemed_on(book: Book, g: Group) -> None:
    row = next(row for row in g.rows if row.kind == "redemption")

    def say(item: str | None, day: date, user: str | None = None) -> Line:
        hits = sum(one.day == day for one in _redeemed(book.world, user or g.user_id, item))
        return f"Offer {item} was redeemed by the customer on {british(day)}.", some(hits, "redemptions that day")

    base = book.true(g, say(g.key, row.day), cites=[row])
    book.false(base, "date", say(g.key, row.day + timedelta(days=6)))
    taken = {one.item for one in _redeemed(book.world, g.user_id)}
    book.false(base, "entity", say(next(item for item in sorted(book.world.offers) if item not in taken), row.day))
    text = f"Offer {g.key} was never redeemed by the customer."
    book.false(base, "negation", (text, none(1, "redemptions")))
    other = next(user for user in book.world.users if user != g.user_id and not _redeemed(book.world, user, g.key))
    book.false(base, "user", say(g.key, row.day, other), user_id=other)


@told_of(_by_category, lambda g: _counts(g)[0] >= 4 and most(_counts(g)[1], _counts(g)[0], "").truth is True and g.n <= MOST_ROWS // 2, 3)
def takes_some_not_others(book: Book, g: Group) -> None:
    rest = (
        one
        for one in _by_category(book.world)
        if one.user_id == g.user_id and 3 <= _counts(one)[0] <= MOST_ROWS // 2 and _counts(one)[1] == 0
    )
    other = next(rest)

    def say(first: Group, second: Group, one: tuple[int, int], two: tuple[int, int]) -> Line:
        text = (
            f"Responds to {goods(first.key)} offers ({one[1]} redemptions from {one[0]} impressions), "
            f"but not to {goods(second.key)} offers ({two[1]} from {two[0]})."
        )
        found = both(same(one, _counts(first), "first"), same(two, _counts(second), "second"))
        return text, both(found, some(_counts(first)[1], "first redeemed"), none(_counts(second)[1], "second redeemed"))

    base = book.true(g, say(g, other, _counts(g), _counts(other)), cites=[*g.rows, *other.rows])
    book.false(base, "order", say(other, g, _counts(other), _counts(g)))
    book.false(base, "entity", say(other, g, _counts(g), _counts(other)))
    book.false(base, "number", say(g, other, (_counts(g)[0] + 6, _counts(g)[1]), _counts(other)))


@told_of(_by_offer, lambda g: _counts(g)[0] >= 2 and _counts(g)[1] == 0, 3)
def ignored(book: Book, g: Group) -> None:
    def say(item: str | None, n: int, how: str = "ignored it every time") -> Line:
        shown, taken = len(_shown(book.world, g.user_id, item)), len(_redeemed(book.world, g.user_id, item))
        text = f"The customer was shown {item} {often(n)} and {how}."
        return text, both(exact(n, shown, "shown"), none(taken, "redeemed") if how.startswith("ignored") else some(taken, "redeemed"))

    n = _counts(g)[0]
    base = book.true(g, say(g.key, n))
    book.false(base, "number", say(g.key, n + 3))
    book.false(base, "negation", say(g.key, n, "redeemed it"))
    other = next(one for one in _by_offer(book.world) if one.user_id == g.user_id and _counts(one)[1] > 0)
    book.false(base, "entity", say(other.key, n), cites=other.rows)


@told_of(_by_user, lambda g: _counts(g)[1] >= 3 and g.n <= MOST_ROWS, 3)
def first_redeemed(book: Book, g: Group) -> None:
    rows = [row for row in g.rows if row.kind == "redemption"]
    if rows[0].day == rows[1].day or rows[0].item not in book.world.offers:
        raise StopIteration

    def say(item: str | None, day: date, end: str = "First") -> Line:
        row = rows[0 if end == "First" else -1]
        return f"{end} offer redeemed: {item}, {iso(day)}.", both(same(item, row.item, "offer"), same(day, row.day, "day"))

    base = book.true(g, say(rows[0].item, rows[0].day))
    book.false(base, "order", say(rows[0].item, rows[0].day, "Last"))
    book.false(base, "date", say(rows[0].item, rows[0].day + timedelta(days=5)))
    book.false(base, "entity", say(next(item for item in sorted(book.world.offers) if item != rows[0].item), rows[0].day))


@told_of(_by_category, lambda g: _counts(g)[1] >= 2 and _counts(g)[0] >= 3 and g.n <= 30, 2)
def category_redemptions(book: Book, g: Group) -> None:
    def say(category: str | None, n: int, day: date, what: str = "redeemed") -> Line:
        taken = (_redeemed if what == "redeemed" else _shown)(book.world, g.user_id, category=category)
        text = f"{goods(category).capitalize()} offers: {what} {often(n)}, the latest time on {iso(day)}."
        return text, both(exact(n, len(taken), what), same(day, taken[-1].day if taken else None, "latest"))

    taken = [row for row in g.rows if row.kind == "redemption"]
    base = book.true(g, say(g.key, len(taken), taken[-1].day))
    book.false(base, "number", say(g.key, len(taken) + 3, taken[-1].day))
    book.false(base, "date", say(g.key, len(taken), taken[0].day - timedelta(days=1)))
    text = f"Not one {goods(g.key)} offer has been redeemed."
    book.false(base, "negation", (text, none(len(taken), "redeemed")))
    _unborne(book, base, g)
