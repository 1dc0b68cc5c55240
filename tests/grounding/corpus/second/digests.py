"""Several claims in one note."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from corpus.book import MOST_ROWS, Book, Line
from corpus.verdicts import Verdict, about, both, every, exact, more, none, same
from corpus.words import british, capital, euro, iso, month, name, often, word
from corpus.world import Group, total

from .book import (
    categories,
    first_day,
    in_month,
    last_day,
    merchants,
    next_month,
    of,
    of_other,
    rival,
    single,
    stranger,
    told_of,
    unborne,
)  # fmt: skip


def _mean(cents: list[int]) -> float:
    return sum(cents) / len(cents) if cents else 0.0


@told_of(merchants, lambda g: 5 <= g.n <= 40 and single(g) and g.mean > 500, 3)
def visits_so_far(book: Book, g: Group) -> None:
    def say(key: str | None, n: int, first: date, last: date, cents: int, what: str = "avg") -> Line:
        rows = of(book, g, key)
        spread = f"{first:%b %Y}-{last:%b %Y}"
        text = f"{name(key or '')} so far: {n} visits, {spread}, {what} ~{euro(cents)}."
        found = _mean([row.cents for row in rows]) if what == "avg" else max((row.cents for row in rows), default=0) * 1.0
        days = same((month(first), month(last)), tuple(month(d) for d in (first_day(rows), last_day(rows)) if d), "months")
        return text, both(exact(n, len(rows), "visits"), days, about(cents, found, what))

    cents = round(g.mean / 10) * 10
    base = book.true(g, say(g.key, g.n, g.first, g.last, cents))
    book.false(base, "number", say(g.key, g.n, g.first, g.last, round(cents * 1.7)))
    book.false(base, "quantity", say(g.key, g.n + 5, g.first, g.last, cents))
    book.false(base, "date", say(g.key, g.n, next_month(next_month(g.first)), g.last, cents))
    other = rival(book, g, lambda other: 3 <= other.n <= 40 and other.n != g.n)
    book.false(base, "entity", say(other.key, g.n, g.first, g.last, cents), cites=other.rows)


@told_of(categories, lambda g: 4 <= g.n <= 30 and len({row.merchant for row in g.rows}) >= 2, 3)
def telegram(book: Book, g: Group) -> None:
    def say(key: str | None, n: int, shops: int, cents: int, day: date, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        text = f"{capital(key or '')}: {n} purchases; {shops} merchants; total {cents / 100:.2f} EUR; last {iso(day)}"
        found = both(exact(n, len(rows), "purchases"), exact(shops, len({row.merchant for row in rows}), "merchants"))
        return text, both(found, exact(cents, total(rows), "cents"), same(day, last_day(rows), "last"))

    shops = len({row.merchant for row in g.rows})
    base = book.true(g, say(g.key, g.n, shops, g.total, g.last))
    book.false(base, "number", say(g.key, g.n, shops, g.total + 2500, g.last))
    book.false(base, "date", say(g.key, g.n, shops, g.total, g.last - timedelta(days=6)))
    book.false(base, "quantity", say(g.key, g.n, shops + 2, g.total, g.last))
    other = rival(book, g, lambda other: 3 <= other.n <= 30)
    book.false(base, "entity", say(other.key, g.n, shops, g.total, g.last), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, g.n, shops, g.total, g.last, user), own=False)


def _then_none(g: Group) -> list[date]:
    starts = sorted({day.replace(day=1) for day in g.days if day < date(2026, 5, 1)})
    return [start for start in starts if len(in_month(g.rows, start)) >= 2 and not in_month(g.rows, next_month(start))]


@told_of(merchants, lambda g: g.n <= 30 and single(g) and bool(_then_none(g)), 2)
def not_once_after(book: Book, g: Group) -> None:
    start = _then_none(g)[0]

    def say(key: str | None, n: int, cents: int, some_in: date, none_in: date) -> Line:
        rows = of(book, g, key)
        text = (
            f"The customer bought something at {name(key or '')} {often(n)} in {month(some_in)}, "
            f"for {cents / 100:.2f} EUR altogether, and not once in {month(none_in)}."
        )
        found = both(exact(n, len(in_month(rows, some_in)), "purchases"), exact(cents, total(in_month(rows, some_in)), "cents"))
        return text, both(found, none(len(in_month(rows, none_in)), "the month after"))

    rows = in_month(g.rows, start)
    base = book.true(g, say(g.key, len(rows), total(rows), start, next_month(start)))
    book.false(base, "order", say(g.key, len(rows), total(rows), next_month(start), start))
    book.false(base, "number", say(g.key, len(rows), total(rows) * 2, start, next_month(start)))
    book.false(base, "entity", say(stranger(book, g), len(rows), total(rows), start, next_month(start)))


@told_of(merchants, lambda g: 3 <= g.n <= 30 and single(g) and len(g.days) > 2 and g.gaps[-1] >= 4, 2)
def after_the_one_before(book: Book, g: Group) -> None:
    def say(day: date, days: int, before: date, unit: str = "days") -> Line:
        text = f"{name(g.key or '')} was last visited on {british(day)}, {days} {unit} after the visit before ({british(before)})."
        found = both(same(day, g.days[-1], "last"), same(before, g.days[-2], "the one before"))
        return text, both(found, exact(days * (1 if unit == "days" else 7), g.gaps[-1], "days"))

    base = book.true(g, say(g.days[-1], g.gaps[-1], g.days[-2]))
    book.false(base, "number", say(g.days[-1], g.gaps[-1] + 10, g.days[-2]))
    book.false(base, "unit", say(g.days[-1], g.gaps[-1], g.days[-2], "weeks"))
    book.false(base, "order", say(g.days[-2], g.gaps[-1], g.days[-1]))
    unborne(book, base, g)


def _year(g: Group) -> Group:
    return Group(g.user_id, g.dim, g.key, tuple(row for row in g.rows if row.at.year == 2026))


@told_of(merchants, lambda g: 2 <= _year(g).n <= 20 and g.n <= 30, 2)
def dearer_yet_rarer(book: Book, g: Group) -> None:
    other = rival(
        book, g, lambda other: 3 <= _year(other).n <= 20 and _year(other).n >= _year(g).n + 2 and _year(g).total > 1.3 * _year(other).total
    )
    here, there = _year(g), _year(other)

    def say(first: Group, second: Group, one: int, two: int) -> Line:
        text = (
            f"In 2026 more money went to {name(first.key or '')} ({euro(one)}) than to {name(second.key or '')} ({euro(two)}), "
            f"although {name(second.key or '')} was used more often ({second.n} vs {first.n} times)."
        )
        found = both(exact(one, first.total, "first in cents"), exact(two, second.total, "second in cents"))
        return text, both(found, more(first.total, second.total, "cents"), Verdict(second.n > first.n, f"times: {first.n} and {second.n}"))

    base = book.true(g, say(here, there, here.total, there.total), cites=[*here.rows, *there.rows])
    book.false(base, "comparison", say(there, here, there.total, here.total))
    book.false(base, "number", say(here, there, here.total + 4000, there.total))
    book.false(base, "order", say(here, there, there.total, here.total))


def _two_paid(g: Group) -> list[date]:
    return [day for day in g.days if sum(row.day == day for row in g.rows) == 1]


@told_of(merchants, lambda g: g.n <= MOST_ROWS and bool(_two_paid(g)), 2)
def same_day_payments(book: Book, g: Group) -> None:
    day = _two_paid(g)[-1]
    other = rival(book, g, lambda other: sum(row.day == day for row in other.rows) == 1)

    def say(first: str | None, second: str | None, one: int, two: int, day: date) -> Line:
        text = f"{iso(day)}: {name(first or '')} {one / 100:.2f} EUR, {name(second or '')} {two / 100:.2f} EUR."
        here = [row.cents for row in of(book, g, first) if row.day == day]
        there = [row.cents for row in of(book, g, second) if row.day == day]
        return text, both(same([one], here, "first in cents"), same([two], there, "second in cents"))

    rows = [row for row in (*g.rows, *other.rows) if row.day == day]
    base = book.true(g, say(g.key, other.key, rows[0].cents, rows[1].cents, day), cites=rows)
    book.false(base, "order", say(g.key, other.key, rows[1].cents, rows[0].cents, day))
    book.false(base, "date", say(g.key, other.key, rows[0].cents, rows[1].cents, day + timedelta(days=1)))
    book.false(base, "entity", say(g.key, stranger(book, g), rows[0].cents, rows[1].cents, day))
    book.false(base, "number", say(g.key, other.key, rows[0].cents, rows[1].cents + 505, day))


def _pairs(g: Group) -> Counter[str]:
    return Counter(row.city or "" for row in g.rows)


@told_of(merchants, lambda g: 4 <= g.n <= 30 and len(_pairs(g)) == 1 and "" not in _pairs(g), 2)
def city_and_span(book: Book, g: Group) -> None:
    def say(key: str | None, city: str, n: int, last: date, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        text = f"{capital(g.rows[0].category or '')} - {name(key or '')}, {city}: {word(n)} times, last seen {last.day} {last:%b %Y}."
        there = every(sum(row.city == city for row in rows), len(rows), city)
        return text, both(exact(n, len(rows), "purchases"), same(last, last_day(rows), "last"), there)

    city = next(iter(_pairs(g)))
    base = book.true(g, say(g.key, city, g.n, g.last))
    book.false(base, "entity", say(g.key, "Essen" if city != "Essen" else "Bremen", g.n, g.last))
    book.false(base, "number", say(g.key, city, g.n + 2, g.last))
    book.false(base, "date", say(g.key, city, g.n, g.last - timedelta(days=45)))
    of_other(book, base, g, lambda user: say(g.key, city, g.n, g.last, user))
