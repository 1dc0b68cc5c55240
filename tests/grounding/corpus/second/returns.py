"""What was given back."""

from __future__ import annotations

from datetime import date, timedelta

from corpus.book import MOST_ROWS, Book, Line, whole
from corpus.verdicts import Verdict, both, exact, none, same, some
from corpus.words import british, euro, iso, name, word
from corpus.world import Group, Row, World

from .book import spenders, told_of

_UNTOLD = {"pharmacy", "health", "drugstore", "gambling", "alcohol", None}


def _backs(world: World) -> list[Group]:
    """Each row in euros by which something was given back, alone."""
    rows = (row for user in world.users for row in world.of(user, "refund", "cancellation"))
    told = (row for row in rows if row.category not in _UNTOLD and row.currency == "EUR" and len(row.merchant or "") <= 25)
    return [Group(row.user_id, "merchant", row.merchant, (row,)) for row in told]


def _refunds(world: World) -> list[Group]:
    return [group for group in _backs(world) if group.rows[0].kind == "refund"]


def _cancelled(world: World) -> list[Group]:
    return [group for group in _backs(world) if group.rows[0].kind == "cancellation"]


def _bought(book: Book, row: Row) -> Row:
    """The purchase that a refund is about."""
    return next(one for one in book.world.of(row.user_id, "purchase") if one.key == row.refers_to and one.merchant == row.merchant)


def _another(book: Book, g: Group) -> str:
    names = {row.merchant for row in book.world.rows[g.user_id]}
    return next(one.key or "" for one in book.world.merchants if one.key not in names)


@told_of(_refunds, lambda g: g.n == 1, 3)
def money_back(book: Book, g: Group) -> None:
    row = g.rows[0]

    def say(cents: int, key: str | None, day: date, user: str | None = None) -> Line:
        found = book.world.of(user or g.user_id, "refund")
        hits = sum((-one.cents, one.merchant, one.day) == (cents, key, day) for one in found)
        return f"Got {euro(cents)} back from {name(key or '')} on {iso(day)}.", some(hits, "such refunds")

    base = book.true(g, say(-row.cents, row.merchant, row.day))
    book.false(base, "number", say(600 - row.cents, row.merchant, row.day))
    book.false(base, "date", say(-row.cents, row.merchant, row.day + timedelta(days=5)))
    book.false(base, "entity", say(-row.cents, _another(book, g), row.day))
    paid = sum(cents == -row.cents for cents in book.world.paid(g.user_id, row.merchant, row.day))
    book.false(
        base, "direction", (f"Paid {euro(-row.cents)} to {name(row.merchant or '')} on {iso(row.day)}.", some(paid, "such payments"))
    )
    other = next(user for user in book.world.users if user != g.user_id and book.world.of(user, "refund"))
    cites = [one for one in book.world.of(other, "refund") if one.category not in _UNTOLD] or book.world.of(other, "refund")
    book.false(base, "user", say(-row.cents, row.merchant, row.day, other), cites=cites, user_id=other)


@told_of(_refunds, lambda g: g.n == 1, 3)
def refunded_later(book: Book, g: Group) -> None:
    row = g.rows[0]
    purchase = _bought(book, row)
    days = (row.day - purchase.day).days
    if days < 2 or purchase.cents != -row.cents:
        raise StopIteration

    def say(day: date, cents: int, after: int, unit: str = "days") -> Line:
        text = f"The {name(row.merchant or '')} purchase of {british(day)} ({euro(cents)}) was refunded {after} {unit} later."
        found = both(same(day, purchase.day, "day"), exact(cents, purchase.cents, "cents"))
        return text, both(found, exact(after * (1 if unit == "days" else 7), days, "days later"))

    base = book.true(g, say(purchase.day, purchase.cents, days), cites=[purchase, row])
    book.false(base, "number", say(purchase.day, purchase.cents, days + 8))
    book.false(base, "unit", say(purchase.day, purchase.cents, days, "weeks"))
    book.false(base, "date", say(purchase.day - timedelta(days=25), purchase.cents, days))


def _users_with(world: World) -> list[Group]:
    users = (user for user in world.users if not world.of(user, "cancellation"))
    groups = (Group(user, "refunds", None, tuple(world.of(user, "refund"))) for user in users)
    told = {row for group in _backs(world) for row in group.rows}
    return [group for group in groups if 2 <= group.n <= 9 and set(group.rows) <= told]


@told_of(_users_with, lambda _: True, 3)
def refunds_on_record(book: Book, g: Group) -> None:
    def say(n: int, day: date, end: str = "latest", user: str | None = None) -> Line:
        rows = book.world.of(user or g.user_id, "refund")
        found = (rows[-1] if end == "latest" else rows[0]).day
        text = f"{word(n).capitalize()} refunds on record, the {end} on {iso(day)}."
        return text, both(exact(n, len(rows), "refunds"), same(day, found, end))

    base = book.true(g, say(g.n, g.last))
    book.false(base, "number", say(g.n + 2, g.last))
    book.false(base, "date", say(g.n, g.last - timedelta(days=9)))
    if g.first == g.last:
        raise StopIteration
    book.false(base, "order", say(g.n, g.last, "earliest"))
    text = "No refund on record."
    book.false(base, "negation", (text, none(g.n, "refunds")))
    other = next(
        one for one in _users_with(book.world) if one.user_id != g.user_id and say(g.n, g.last, user=one.user_id)[1].truth is False
    )
    book.false(base, "user", say(g.n, g.last, user=other.user_id), cites=other.rows, user_id=other.user_id)


@told_of(spenders, lambda _: True, 2)
def nothing_given_back(book: Book, g: Group) -> None:
    def say(text: str, user: str | None = None) -> Line:
        hits = len(book.world.of(user or g.user_id, "refund", "cancellation"))
        return text, none(hits, "given back") if text.startswith("Has never") else some(hits, "given back")

    text = "Has never had a purchase refunded or cancelled."
    base = book.true(g, say(text), cites=whole(g))
    book.false(base, "negation", say("Has had at least one purchase refunded or cancelled."))
    book.false(base, "quantity", say("Has had every second purchase refunded or cancelled."))
    other = next(user for user in book.world.users if 1 <= len(book.world.of(user, "refund", "cancellation")) <= MOST_ROWS)
    book.false(base, "user", say(text, other), cites=book.world.of(other, "refund", "cancellation"), user_id=other)


@told_of(_cancelled, lambda g: g.n == 1, 3)
def called_off(book: Book, g: Group) -> None:
    row = g.rows[0]
    purchase = _bought(book, row)
    if purchase.day != row.day or purchase.cents != -row.cents:
        raise StopIteration

    def say(cents: int, key: str | None, day: date) -> Line:
        found = book.world.of(g.user_id, "cancellation")
        hits = sum((-one.cents, one.merchant, one.day) == (cents, key, day) for one in found)
        return f"A payment of {cents / 100:.2f} EUR to {name(key or '')} was cancelled on {british(day)}.", some(hits, "such cancellations")

    base = book.true(g, say(-row.cents, row.merchant, row.day), cites=[purchase, row])
    book.false(base, "number", say(-2 * row.cents, row.merchant, row.day))
    book.false(base, "date", say(-row.cents, row.merchant, row.day - timedelta(days=8)))
    book.false(base, "entity", say(-row.cents, _another(book, g), row.day))
    text = f"A payment of {-row.cents / 100:.2f} USD to {name(row.merchant or '')} was cancelled on {british(row.day)}."
    book.false(base, "unit", (text, Verdict(row.currency == "USD", f"currency: {row.currency}, said USD")))
