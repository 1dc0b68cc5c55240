"""Where."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta

from corpus.book import MOST_ROWS, Book, Line
from corpus.verdicts import Verdict, both, every, exact, most, none, same
from corpus.words import british, iso, listed, name, often, word
from corpus.world import Group, World

from .book import cities, first_day, last_day, merchants, of, of_other, rival, spenders, stranger, told_of

_NEAR = ("Berlin", "Hamburg", "München", "Köln", "Leipzig", "Dresden", "Bremen", "Essen")


def _cities(g: Group) -> Counter[str]:
    return Counter(row.city for row in g.rows if row.city)


def _another(g: Group) -> str:
    return next(city for city in _NEAR if city not in _cities(g))


@told_of(merchants, lambda g: 4 <= g.n <= 40 and len(_cities(g)) == 1 and all(row.city for row in g.rows), 3)
def always_there(book: Book, g: Group) -> None:
    def say(key: str | None, city: str, how: str = "Every", user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        hits = sum(row.city == city for row in rows)
        text = f"{how} {name(key or '')} purchase took place in {city}."
        return text, every(hits, len(rows), city) if how == "Every" else none(hits, city)

    city = next(iter(_cities(g)))
    base = book.true(g, say(g.key, city))
    book.false(base, "entity", say(g.key, _another(g)))
    book.false(base, "negation", say(g.key, city, "No"))
    of_other(book, base, g, lambda user: say(g.key, city, user=user))


@told_of(cities, lambda g: 3 <= g.n <= 40, 3)
def known_city(book: Book, g: Group) -> None:
    def say(city: str | None, n: int, day: date, end: str = "last") -> Line:
        rows = of(book, g, city)
        text = f"{n} purchases made in {city}, the {end} of them on {iso(day)}."
        return text, both(exact(n, len(rows), "purchases"), same(day, (last_day if end == "last" else first_day)(rows), end))

    base = book.true(g, say(g.key, g.n, g.last))
    book.false(base, "number", say(g.key, g.n + 6, g.last))
    book.false(base, "date", say(g.key, g.n, g.last - timedelta(days=17)))
    book.false(base, "order", say(g.key, g.n, g.last, "first"))
    book.false(base, "entity", say(stranger(book, g), g.n, g.last))


@told_of(spenders, lambda g: 2 <= len(_cities(g)) <= 4 and g.n <= MOST_ROWS, 2)
def all_cities(book: Book, g: Group) -> None:
    found = sorted(_cities(g))

    def say(said: list[str]) -> Line:
        return f"Cities found among the purchases: {listed(said)}; no others.", same(sorted(said), found, "cities")

    base = book.true(g, say(found))
    book.false(base, "entity", say([*found[:-1], _another(g)]))
    book.false(base, "number", say(found[:1]))
    book.false(base, "quantity", say([*found, _another(g)]))


@told_of(spenders, lambda g: 3 * max(_cities(g).values()) > 2 * _cities(g).total() and len(_cities(g)) > 1 and g.n <= MOST_ROWS, 3)
def mostly_in(book: Book, g: Group) -> None:
    city = _cities(g).most_common(1)[0][0]

    def say(city: str, how: str = "Most", user: str | None = None) -> Line:
        counts = Counter(row.city for row in book.world.of(user or g.user_id, "purchase") if row.city)
        verdict = most(counts[city], counts.total(), city)
        if how != "Most":
            verdict = none(counts[city], city) if how == "None" else every(counts[city], counts.total(), city)
        return f"{how} of the purchases with a known city were made in {city}.", verdict

    base = book.true(g, say(city))
    book.false(base, "entity", say(_another(g) if len(_cities(g)) < len(_NEAR) else min(_cities(g))))
    book.false(base, "negation", say(city, "None"))
    book.false(base, "quantity", say(city, "All"))
    other = next(
        one
        for one in book.world.spenders
        if one.n <= MOST_ROWS and one.user_id != g.user_id and say(city, user=one.user_id)[1].truth is False
    )
    book.false(base, "user", say(city, user=other.user_id), cites=other.rows, user_id=other.user_id)


def _trips(world: World) -> list[Group]:
    """A user's purchases in a city abroad, all within some days."""
    found = defaultdict(list)
    for user in world.users:
        for row in world.of(user, "purchase"):
            if row.city and row.city not in _NEAR:
                found[user, row.city].append(row)
    return [Group(user, "city", city, tuple(rows)) for (user, city), rows in sorted(found.items()) if len(rows) > 2]


@told_of(_trips, lambda g: len(g.days) > 1 and (g.last - g.first).days <= 14, 3)
def trip(book: Book, g: Group) -> None:
    def say(city: str | None, start: date, end: date, n: int) -> Line:
        rows = of(book, g, city)
        text = f"Bought something {often(n)} in {city} between {british(start)} and {british(end)}."
        return text, both(same((start, end), (first_day(rows), last_day(rows)), "days"), exact(n, len(rows), "purchases"))

    base = book.true(g, say(g.key, g.first, g.last, g.n))
    elsewhere = next(city for city in ("London", "Tokyo", "New York") if city != g.key)
    book.false(base, "entity", say(elsewhere, g.first, g.last, g.n))
    book.false(base, "number", say(g.key, g.first, g.last, g.n + 5))
    book.false(base, "date", say(g.key, g.first + timedelta(days=40), g.last + timedelta(days=40), g.n))


@told_of(_trips, lambda g: len({row.currency for row in g.rows}) == 1 and g.rows[0].currency != "EUR", 3)
def foreign_money(book: Book, g: Group) -> None:
    row = next((one for one in g.rows if one.currency in {"USD", "GBP"}), None)
    if row is None:
        raise StopIteration

    def say(cents: int, currency: str | None, city: str | None, day: date) -> Line:
        hits = [one for one in g.rows if (one.cents, one.currency, one.city, one.day) == (cents, currency, city, day)]
        text = f"Paid {cents / 100:.2f} {currency} in {city} on {british(day)}."
        return text, Verdict(
            bool(hits), f"such payments: {len(hits)}; the one meant was {row.cents} {row.currency} in {row.city} on {row.day}"
        )

    base = book.true(g, say(row.cents, row.currency, row.city, row.day), cites=[row])
    book.false(base, "unit", say(row.cents, "EUR", row.city, row.day))
    book.false(base, "number", say(row.cents + 1100, row.currency, row.city, row.day))
    book.false(base, "entity", say(row.cents, row.currency, "London" if row.city != "London" else "New York", row.day))
    book.false(base, "date", say(row.cents, row.currency, row.city, row.day - timedelta(days=20)))


@told_of(spenders, lambda g: 2 <= _cities(g).total() - max(_cities(g).values()) <= 9 and g.n <= MOST_ROWS, 2)
def outside(book: Book, g: Group) -> None:
    home, hits = _cities(g).most_common(1)[0]

    def say(n: int, city: str) -> Line:
        text = f"Only {word(n)} purchases with a known city were made outside {city}."
        return text, exact(n, _cities(g).total() - _cities(g)[city], f"cities but {city}")

    rest = _cities(g).total() - hits
    base = book.true(g, say(rest, home))
    book.false(base, "number", say(rest + 4, home))
    book.false(base, "entity", say(rest, min(city for city in _cities(g) if city != home)))


@told_of(merchants, lambda g: 6 <= g.n <= 40 and len(_cities(g)) >= 2 and min(_cities(g).values()) < 4, 2)
def in_one_of_its_cities(book: Book, g: Group) -> None:
    city, hits = min(_cities(g).items(), key=lambda pair: (pair[1], pair[0]))

    def say(key: str | None, n: int, city: str) -> Line:
        return f"{name(key or '')} in {city}: {word(n)} purchase{'s' * (n > 1)}.", exact(
            n, sum(r.city == city for r in of(book, g, key)), city
        )

    base = book.true(g, say(g.key, hits, city), cites=[row for row in g.rows if row.city == city])
    book.false(base, "number", say(g.key, hits + 4, city))
    top = _cities(g).most_common(1)[0]
    book.false(base, "entity", say(g.key, hits if top[1] != hits else hits + 1, top[0]))
    other = rival(book, g, lambda other: _cities(other)[city] not in {hits, 0})
    book.false(base, "entity", say(other.key, hits, city))
