"""Cities, currencies and journeys."""

from __future__ import annotations

from datetime import date

from .book import Book, Line, told_of
from .verdicts import Verdict, both, earlier, every, exact, most, none, same, some
from .words import british, capital, month, word
from .world import Group, World, months_back, total

_CITIES = ["Berlin", "Hamburg", "München", "Köln", "Leipzig", "Dresden", "Bremen", "Essen"]


def _cities(world: World) -> list[Group]:
    return world.cities


def _known(world: World) -> list[Group]:
    """The purchases whose city is known, of users who paid in euros and German cities only and of whom these are few enough to cite."""
    found = []
    for user in world.users:
        rows = tuple(row for row in world.of(user, "purchase") if row.city)
        if len(rows) <= 60 and all(row.currency == "EUR" and row.city in _CITIES for row in rows):
            found.append(Group(user, "cities", None, rows))
    return found


def _abroad(world: World) -> list[Group]:
    """Purchases in a foreign currency, in cities that are named."""
    found = []
    for user in world.users:
        rows = [row for row in world.of(user, "purchase") if row.currency not in {"EUR", None}]
        currencies = sorted({row.currency or "" for row in rows})
        found += [Group(user, "currency", one, tuple(row for row in rows if row.currency == one)) for one in currencies]
    return found


@told_of(_known, lambda v: max(sum(r.city == c for r in v.rows) for c in _CITIES) >= 0.7 * v.n, 3)
def mostly_in(book: Book, v: Group) -> None:
    counts = {city: sum(row.city == city for row in v.rows) for city in _CITIES}
    home = max(counts, key=lambda city: counts[city])

    def line(city: str) -> Line:
        return f"Pays mainly in {city}.", most(counts[city], v.n, f"purchases in {city}")

    base = book.true(v, line(home))
    book.false(base, "entity", line(min(counts, key=lambda city: (counts[city], city))))
    book.false(
        base,
        "quantity",
        (f"Hardly ever pays in {home}.", Verdict(10 * counts[home] <= v.n, f"purchases in {home}: {counts[home]} of {v.n}")),
    )


@told_of(_known, lambda v: len({r.city for r in v.rows}) == 2)
def two_cities(book: Book, v: Group) -> None:
    found = sorted({row.city or "" for row in v.rows})
    absent = [city for city in _CITIES if city not in found]

    def line(first: str, second: str) -> Line:
        return f"Wherever the city of a payment is known, it is {first} or {second}.", same(sorted([first, second]), found, "cities")

    base = book.true(v, line(*found))
    book.false(base, "entity", line(found[0], absent[0]))
    book.false(
        base,
        "quantity",
        (
            f"Wherever the city of a payment is known, it is {found[0]}.",
            every(sum(row.city == found[0] for row in v.rows), v.n, f"purchases in {found[0]}"),
        ),
    )


@told_of(_cities, lambda v: 8 <= v.n <= 60)
def n_in_city(book: Book, v: Group) -> None:
    def line(n: int, city: str) -> Line:
        return f"{n} purchases were made in {city}.", exact(
            n, sum(row.city == city for row in book.world.of(v.user_id, "purchase")), f"purchases in {city}"
        )

    base = book.true(v, line(v.n, v.key or ""))
    book.false(base, "number", line(v.n + 11, v.key or ""))
    book.false(base, "entity", line(v.n, _CITIES[(_CITIES.index(v.key or "") + 1) % 8]))


def _moves(world: World) -> list[Group]:
    """All purchases of users who were nearly always in one city until a month, and in another from then on."""
    found = []
    for v in _known(world):
        home, last = _most(v, 0, 15), _most(v, -15, None)
        if home != last and all(_tally(v, home, last, point)[2] <= 2 for point in [_point(v, home, last)]):
            found.append(v)
    return found


def _most(v: Group, start: int, end: int | None) -> str:
    cities = [row.city or "" for row in v.rows[start:end]]
    return max(sorted(set(cities)), key=cities.count)


def _tally(v: Group, home: str, last: str, point: date) -> tuple[int, int, int]:
    """Purchases in the first city before, in the second one from the day on, and those on the wrong side."""
    before = [row.city for row in v.rows if row.day < point]
    after = [row.city for row in v.rows if row.day >= point]
    return before.count(home), after.count(last), before.count(last) + after.count(home)


def _point(v: Group, home: str, last: str) -> date:
    months = [date(2025, month, 1) for month in range(7, 13)] + [date(2026, month, 1) for month in range(1, 6)]
    return min(months, key=lambda month: (_tally(v, home, last, month)[2], month))


@told_of(_moves, lambda v: _tally(v, _most(v, 0, 15), _most(v, -15, None), _point(v, _most(v, 0, 15), _most(v, -15, None)))[1] >= 10, 3)
def relocated(book: Book, v: Group) -> None:
    home, last = _most(v, 0, 15), _most(v, -15, None)
    point = _point(v, home, last)

    def line(first: str, second: str, when: date) -> Line:
        n, m, wrong = _tally(v, first, second, when)
        text = f"Everyday payments shifted from {first} to {second} around {month(when)}."
        return text, Verdict(n >= 8 and m >= 8 and wrong <= 2, f"{n} in {first} before, {m} in {second} after, {wrong} the other way round")

    base = book.true(v, line(home, last, point))
    book.false(base, "direction", line(last, home, point))
    book.false(base, "date", line(home, last, months_back(point, 4)))


@told_of(_abroad, lambda v: v.n >= 3 and (v.last - v.first).days <= 14 and v.key == "USD", 3)
def paid_in_dollars(book: Book, v: Group) -> None:
    def line(n: int, currency: str) -> Line:
        text = f"{capital(word(n))} payments in {currency} during {month(v.first)}."
        names = {"USD": "US dollars", "GBP": "British pounds", "JPY": "Japanese yen"}
        found = sum(f"{row.at:%Y-%m}" == f"{v.first:%Y-%m}" for row in v.rows)
        return text, both(exact(n, found, "payments of the month"), same(currency, names[v.key or ""], "currency"))

    n = sum(f"{row.at:%Y-%m}" == f"{v.first:%Y-%m}" for row in v.rows)
    base = book.true(v, line(n, "US dollars"))
    book.false(base, "unit", line(n, "British pounds"))
    book.false(base, "number", line(n + 3, "US dollars"))


@told_of(_abroad, lambda v: v.n >= 2 and v.key in {"USD", "GBP"} and {row.city for row in v.rows} <= {v.rows[0].city} - {None}, 3)
def foreign_total(book: Book, v: Group) -> None:
    sign = {"USD": "$", "GBP": "£"}[v.key or ""]

    def line(said: str, cents: int, unit: str) -> Line:
        return f"Foreign spending of {said}{cents / 100:.2f} in {v.rows[0].city}.", both(
            exact(cents, total(v.rows), "cents"), same(unit, v.key, "currency")
        )

    base = book.true(v, line(sign, v.total, v.key or ""))
    book.false(base, "unit", line("€", v.total, "EUR"))
    book.false(base, "number", line(sign, v.total + 2000, v.key or ""))


@told_of(_abroad, lambda v: v.n >= 3 and v.n == sum(r.city == v.rows[0].city for r in v.rows), 3)
def trip(book: Book, v: Group) -> None:
    city = v.rows[0].city or ""

    def line(place: str, start: date, end: date) -> Line:
        text = f"Was in {place} between {british(start)} and {british(end)}, judging by the payments made there."
        days = [row.day for row in v.rows if row.city == place]
        return text, both(
            some(len(days), f"purchases in {place}"),
            same((start, end), (min(days, default=None), max(days, default=None)), "first and last day there"),
        )

    base = book.true(v, line(city, v.first, v.last))
    book.false(base, "entity", line(next(one for one in ("London", "New York", "Tokyo") if one != city), v.first, v.last))
    book.false(base, "date", line(city, months_back(v.first, 2), months_back(v.last, 1)))


@told_of(lambda world: world.spenders, lambda v: v.n <= 60)
def only_euros(book: Book, v: Group) -> None:
    def line(currency: str) -> Line:
        return f"Every payment on record is in {currency}.", every(
            sum(row.currency == {"euros": "EUR", "Swiss francs": "CHF"}[currency] for row in v.rows), v.n, f"payments in {currency}"
        )

    base = book.true(v, line("euros"))
    book.false(base, "unit", line("Swiss francs"))
    book.false(base, "negation", ("No payment on record is in euros.", none(v.n, "payments in euros")))


@told_of(_known, lambda v: len({r.city for r in v.rows}) >= 3, 2)
def never_in_city(book: Book, v: Group) -> None:
    there = {row.city for row in v.rows}
    absent = next(city for city in _CITIES if city not in there)

    def line(city: str) -> Line:
        return f"No payment is recorded in {city}.", none(sum(row.city == city for row in v.rows), f"purchases in {city}")

    base = book.true(v, line(absent))
    book.false(base, "negation", line(_most(v, 0, None)))
    book.false(
        base,
        "entity",
        (f"Some of the payments are recorded in {absent}.", some(sum(row.city == absent for row in v.rows), f"purchases in {absent}")),
    )


@told_of(_known, lambda v: len({r.city for r in v.rows}) >= 2, 2)
def city_order(book: Book, v: Group) -> None:
    cities = sorted({row.city or "" for row in v.rows}, key=lambda city: next(row.at for row in v.rows if row.city == city))
    first = {city: next(row.day for row in v.rows if row.city == city) for city in cities}

    def line(one: str, two: str) -> Line:
        return f"Payments were made in {one} earlier than in {two}.", earlier(first[one], first[two], "first days")

    base = book.true(v, line(cities[0], cities[-1]), cites=v.rows)
    book.false(base, "order", line(cities[-1], cities[0]))
