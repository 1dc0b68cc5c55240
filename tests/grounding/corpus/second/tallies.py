"""How many."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from corpus.book import Book, Line, statistic
from corpus.verdicts import Verdict, at_least, at_most, both, every, exact, none, same
from corpus.words import british, capital, iso, month, name, often, word
from corpus.world import Group

from .book import (
    categories,
    first_day,
    goods,
    in_days,
    in_month,
    last_day,
    merchants,
    months,
    next_month,
    of,
    of_other,
    rival,
    single,
    spenders,
    stranger,
    told_of,
    unborne,
)  # fmt: skip

_YEAR = months(date(2025, 6, 1), date(2026, 4, 1))


@told_of(merchants, lambda g: 4 <= g.n <= 20 and single(g), 3)
def payments_on_file(book: Book, g: Group) -> None:
    def say(n: int, first: date, last: date, user: str | None = None) -> Line:
        rows = of(book, g, g.key, user)
        text = f"{g.key}: {n} payments on file, the first on {iso(first)}, the most recent on {iso(last)}."
        return text, both(exact(n, len(rows), "payments"), same(first, first_day(rows), "first"), same(last, last_day(rows), "last"))

    base = book.true(g, say(g.n, g.first, g.last))
    book.false(base, "number", say(g.n + 3, g.first, g.last))
    book.false(base, "date", say(g.n, g.first, g.last - timedelta(days=11)))
    book.false(base, "order", say(g.n, g.last, g.first))
    of_other(book, base, g, lambda user: say(g.n, g.first, g.last, user))


@told_of(merchants, lambda g: 3 <= g.n <= 9 and single(g) and g.first.year == g.last.year, 3)
def all_in_one_year(book: Book, g: Group) -> None:
    def say(key: str | None, n: int, year: int) -> Line:
        rows = of(book, g, key)
        text = f"They have shopped at {name(key or '')} {often(n)} in total, always in {year}."
        return text, both(exact(n, len(rows), "purchases"), every(sum(row.at.year == year for row in rows), len(rows), f"in {year}"))

    base = book.true(g, say(g.key, g.n, g.first.year))
    book.false(base, "number", say(g.key, g.n + 2, g.first.year))
    book.false(base, "date", say(g.key, g.n, 4051 - g.first.year))
    book.false(base, "entity", say(stranger(book, g), g.n, g.first.year))


def _then_none(g: Group) -> list[date]:
    return [start for start in _YEAR if len(in_month(g.rows, start)) >= 2 and not in_month(g.rows, next_month(start))]


@told_of(categories, lambda g: g.n <= 60 and bool(_then_none(g)), 3)
def month_then_none(book: Book, g: Group) -> None:
    start = _then_none(g)[-1]

    def say(key: str | None, n: int, some_in: date, none_in: date) -> Line:
        rows = of(book, g, key)
        text = f"{capital(key or '')}: {word(n)} purchases in {month(some_in)}, none in {month(none_in)}."
        return text, both(exact(n, len(in_month(rows, some_in)), "first month"), none(len(in_month(rows, none_in)), "second month"))

    n = len(in_month(g.rows, start))
    base = book.true(g, say(g.key, n, start, next_month(start)))
    book.false(base, "number", say(g.key, n + 2, start, next_month(start)))
    book.false(base, "order", say(g.key, n, next_month(start), start))
    book.false(base, "entity", say(stranger(book, g), n, start, next_month(start)))


@told_of(merchants, lambda g: g.n == 1, 3)
def only_one(book: Book, g: Group) -> None:
    def say(key: str | None, day: date, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        text = f"Only one purchase at {name(key or '')} so far, on {british(day)}."
        return text, both(exact(1, len(rows), "purchases"), same(day, first_day(rows), "day"))

    base = book.true(g, say(g.key, g.first))
    book.false(base, "date", say(g.key, g.first - timedelta(days=20)))
    book.false(base, "entity", say(stranger(book, g), g.first))
    book.false(base, "negation", (f"Not a single purchase at {name(g.key or '')} so far.", none(g.n, "purchases")))
    of_other(book, base, g, lambda user: say(g.key, g.first, user), own=False)


def _shops(book: Book, g: Group, start: date, user: str | None = None) -> Counter[str | None]:
    return Counter(row.merchant for row in in_month(of(book, g, None, user), start))


def _full_month(g: Group) -> date:
    counts = Counter((row.at.year, row.at.month) for row in g.rows)
    return date(*min(counts, key=lambda key: (-counts[key], key)), 1)


@told_of(spenders, lambda g: all(row.merchant for row in g.rows), 3)
def different_shops(book: Book, g: Group) -> None:
    start = _full_month(g)

    def say(n: int, start: date, user: str | None = None) -> Line:
        text = f"In {month(start)} the customer paid at {word(n)} different merchants."
        return text, exact(n, len(_shops(book, g, start, user)), "merchants in the month")

    found = _shops(book, g, start)
    other = next(one for one in _YEAR if abs(len(_shops(book, g, one)) - len(found)) >= 2)
    base = book.true(g, say(len(found), start), cites=in_month(g.rows, start))
    book.false(base, "number", say(len(found) + 3, start))
    book.false(base, "date", say(len(found), other))
    text = f"In {month(start)} the customer paid at {word(len(found))} different restaurants."
    meals = {
        row.merchant for row in in_month(g.rows, start) if row.category in {"restaurants", "coffee", "bakery", "food delivery", "ice cream"}
    }
    book.false(base, "quantity", (text, exact(len(found), len(meals), "places to eat, read widely")))
    of_other(book, base, g, lambda user: say(len(found), start, user), own=False)


@told_of(categories, lambda g: 6 <= g.n <= 25 and 2 <= len({row.merchant for row in g.rows}) <= 4, 3)
def spread_over_shops(book: Book, g: Group) -> None:
    def say(key: str | None, n: int, shops: int) -> Line:
        rows = of(book, g, key)
        text = f"{n} {goods(key)} purchases, spread over {shops} merchants."
        return text, both(exact(n, len(rows), "purchases"), exact(shops, len({row.merchant for row in rows}), "merchants"))

    shops = len({row.merchant for row in g.rows})
    base = book.true(g, say(g.key, g.n, shops))
    book.false(base, "number", say(g.key, g.n, shops + 2))
    book.false(base, "quantity", say(g.key, shops, g.n))
    book.false(base, "entity", say(rival(book, g, lambda other: other.n != g.n).key, g.n, shops))
    unborne(book, base, g)


@told_of(merchants, lambda g: g.n >= 4 and g.n == len(g.days) + 1 and g.n <= 30, 2)
def twice_on_one_day(book: Book, g: Group) -> None:
    counts = Counter(row.day for row in g.rows)
    day = max(counts, key=lambda one: counts[one])

    def say(days: int, day: date) -> Line:
        text = f"{name(g.key or '')} was visited on {word(days)} separate days, with two payments on {iso(day)}."
        return text, both(exact(days, len(g.days), "days"), exact(2, counts[day], "payments on the day"))

    base = book.true(g, say(len(g.days), day))
    book.false(base, "number", say(len(g.days) + 3, day))
    book.false(base, "date", say(len(g.days), next(one for one in g.days if counts[one] == 1)))
    text = f"{name(g.key or '')} was visited on {word(len(g.days))} separate days, never more than once a day."
    book.false(base, "negation", (text, at_most(1, max(counts.values()), "payments a day")))


def _quarters(g: Group) -> tuple[int, int]:
    return len(in_days(g.rows, date(2025, 10, 1), date(2025, 12, 31))), len(in_days(g.rows, date(2026, 1, 1), date(2026, 3, 31)))


@told_of(categories, lambda g: min(_quarters(g)) >= 2 and abs(_quarters(g)[0] - _quarters(g)[1]) >= 2 and g.n <= 40, 2)
def by_quarter(book: Book, g: Group) -> None:
    def say(key: str | None, before: int, after: int, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        text = f"{capital(key or '')}, by quarter: {before} purchases in Q4 2025; {after} in Q1 2026."
        autumn, winter = in_days(rows, date(2025, 10, 1), date(2025, 12, 31)), in_days(rows, date(2026, 1, 1), date(2026, 3, 31))
        return text, both(exact(before, len(autumn), "Q4 2025"), exact(after, len(winter), "Q1 2026"))

    before, after = _quarters(g)
    base = book.true(g, say(g.key, before, after))
    book.false(base, "order", say(g.key, after, before))
    book.false(base, "number", say(g.key, before, after + 3))
    book.false(base, "entity", say(rival(book, g, lambda other: _quarters(other) != (before, after)).key, before, after))
    of_other(book, base, g, lambda user: say(g.key, before, after, user))


@told_of(merchants, lambda g: 3 <= len(in_days(g.rows, date(2025, 11, 1), date(2025, 12, 31))) <= 9, 2)
def end_of_year(book: Book, g: Group) -> None:
    def say(key: str | None, n: int) -> Line:
        rows = in_days(of(book, g, key), date(2025, 11, 1), date(2025, 12, 31))
        text = f"Between 1 November and 31 December 2025 they paid at {name(key or '')} {often(n)}."
        return text, exact(n, len(rows), "purchases in the two months")

    rows = in_days(g.rows, date(2025, 11, 1), date(2025, 12, 31))
    base = book.true(g, say(g.key, len(rows)), cites=rows)
    book.false(base, "number", say(g.key, len(rows) + 4))
    book.false(base, "entity", say(stranger(book, g), len(rows)))
    text = f"Between 1 November and 31 December 2025 they did not pay at {name(g.key or '')} even once."
    book.false(base, "negation", (text, none(len(rows), "purchases in the two months")))


@told_of(categories, lambda g: 13 <= g.n <= 25, 2)
def at_least_ten(book: Book, g: Group) -> None:
    def say(key: str | None, least: int) -> Line:
        return f"On record are at least {word(least)} {goods(key)} purchases.", at_least(least, len(of(book, g, key)), "purchases")

    base = book.true(g, say(g.key, 10), cites=[statistic("merchant_category", g.key)])
    book.false(base, "number", say(g.key, g.n + 15))
    book.false(base, "entity", say(rival(book, g, lambda other: other.n < 8).key, 10))
    fewer = Verdict(g.n < 10, f"purchases: {g.n}, said fewer than 10")
    book.false(base, "comparison", (f"On record are fewer than ten {goods(g.key)} purchases.", fewer))
