"""On which days and in which months."""

from __future__ import annotations

from datetime import date, timedelta

from corpus.book import Book, Line
from corpus.verdicts import both, every, exact, none, same, some
from corpus.words import british, capital, iso, listed, month, name, word
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
    stranger,
    told_of,
    unborne,
)  # fmt: skip

_MONTHS = months(date(2025, 6, 1), date(2026, 4, 1))
_FEW = 2


def short(day: date) -> str:
    """`14 Nov 2025`."""
    return f"{day.day} {day:%b %Y}"


@told_of(merchants, lambda g: 4 <= g.n <= 30 and g.last <= date(2026, 3, 15), 3)
def not_back_since(book: Book, g: Group) -> None:
    def say(key: str | None, day: date, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        text = f"Hasn't been back to {name(key or '')} since {short(day)}."
        after = sum(row.day > day for row in rows)
        return text, both(some(len(in_days(rows, date(2025, 6, 1), day)), "purchases up to the day"), none(after, "purchases after it"))

    base = book.true(g, say(g.key, g.last))
    book.false(base, "date", say(g.key, g.days[-3] + timedelta(days=1)))
    book.false(
        base, "entity", say(rival(book, g, lambda other: other.n >= 3 and other.first < g.last and other.days[-2] > g.last).key, g.last)
    )
    of_other(book, base, g, lambda user: say(g.key, g.last, user))
    unborne(book, base, g)


@told_of(merchants, lambda g: g.n >= 3 and date(2025, 8, 1) <= g.first and g.n <= 40 and (g.last - g.first).days > 70, 3)
def debut(book: Book, g: Group) -> None:
    def say(key: str | None, start: date, end: str, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        found = (first_day(rows) if end == "first" else last_day(rows)) or date(2000, 1, 1)
        return f"{name(key or '')} appears for the {end} time in {month(start)}.", same(month(start), month(found), end)

    base = book.true(g, say(g.key, g.first, "first"))
    book.false(base, "date", say(g.key, next_month(next_month(g.first)), "first"))
    book.false(base, "order", say(g.key, g.first, "last"))
    other = rival(book, g, lambda other: other.n >= _FEW and month(other.first) != month(g.first) and other.n <= 40)
    book.false(base, "entity", say(other.key, g.first, "first"), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, g.first, "first", user), own=False)


@told_of(categories, lambda g: 4 <= g.n <= 40, 3)
def dotted_last(book: Book, g: Group) -> None:
    def say(key: str | None, day: date, end: str) -> Line:
        rows = of(book, g, key)
        return f"{end} {goods(key)} purchase on file: {day:%d.%m.%Y}", same(day, (last_day if end == "Last" else first_day)(rows), end)

    base = book.true(g, say(g.key, g.last, "Last"))
    book.false(base, "date", say(g.key, g.days[-2], "Last"))
    book.false(base, "order", say(g.key, g.last, "First"))
    other = rival(book, g, lambda other: 4 <= other.n <= 40 and other.last != g.last)
    book.false(base, "entity", say(other.key, g.last, "Last"), cites=other.rows)


@told_of(merchants, lambda g: g.n == _FEW and single(g) and 5 <= g.gaps[0] <= 60, 3)
def two_visits(book: Book, g: Group) -> None:
    def say(key: str | None, apart: int, first: date, second: date, unit: str = "days") -> Line:
        rows = of(book, g, key)
        text = f"Just two visits to {name(key or '')} - {iso(first)} and {iso(second)}, {apart} {unit} apart."
        days = apart * (1 if unit == "days" else 7)
        found = [row.day for row in rows]
        return text, both(same([first, second], found, "days"), exact(days, (found[-1] - found[0]).days if found else 0, "days apart"))

    base = book.true(g, say(g.key, g.gaps[0], g.first, g.last))
    book.false(base, "number", say(g.key, g.gaps[0] + 9, g.first, g.last))
    book.false(base, "unit", say(g.key, g.gaps[0], g.first, g.last, "weeks"))
    book.false(base, "date", say(g.key, g.gaps[0], g.first, g.last + timedelta(days=4)))
    book.false(base, "entity", say(stranger(book, g), g.gaps[0], g.first, g.last))


@told_of(merchants, lambda g: g.n >= _FEW, 2)
def two_on_a_day(book: Book, g: Group) -> None:
    other = rival(book, g, lambda other: bool(set(other.days) & set(g.days)))
    day = min(set(other.days) & set(g.days))

    def say(second: str | None, day: date) -> Line:
        text = f"On {british(day)} the customer paid at both {name(g.key or '')} and {name(second or '')}."
        here, there = of(book, g, g.key), of(book, g, second)
        return text, both(some(sum(r.day == day for r in here), "first"), some(sum(r.day == day for r in there), "second"))

    cites = [row for row in (*g.rows, *other.rows) if row.day == day]
    base = book.true(g, say(other.key, day), cites=cites)
    book.false(base, "entity", say(stranger(book, g), day))
    book.false(base, "date", say(other.key, next(one for one in g.days if one not in other.days)))
    text = f"On {british(day)} the customer paid at {name(g.key or '')} but not at {name(other.key or '')}."
    book.false(base, "negation", (text, none(sum(row.day == day for row in other.rows), "second")))


def _after(g: Group) -> list[date]:
    return [start for start in _MONTHS if len(in_month(g.rows, start)) >= 3 and not in_month(g.rows, next_month(start))]


@told_of(categories, lambda g: g.n <= 60 and bool(_after(g)), 2)
def although(book: Book, g: Group) -> None:
    start = _after(g)[0]

    def say(none_in: date, n: int, some_in: date) -> Line:
        text = f"No {goods(g.key)} purchase in {month(none_in)}, although there were {word(n)} in {month(some_in)}."
        return text, both(none(len(in_month(g.rows, none_in)), "none in"), exact(n, len(in_month(g.rows, some_in)), "some in"))

    n = len(in_month(g.rows, start))
    base = book.true(g, say(next_month(start), n, start))
    book.false(base, "order", say(start, n, next_month(start)))
    book.false(base, "number", say(next_month(start), n + 3, start))
    unborne(book, base, g)


@told_of(merchants, lambda g: g.n >= _FEW and single(g), 3)
def weekday_and_day(book: Book, g: Group) -> None:
    day = g.days[len(g.days) // 2]

    def say(key: str | None, weekday: str, day: date) -> Line:
        text = f"A purchase was made at {name(key or '')} on {weekday}, {british(day)}."
        hits = sum(row.day == day for row in of(book, g, key))
        return text, both(some(hits, "purchases on the day"), same(weekday, f"{day:%A}", "weekday"))

    rows = [row for row in g.rows if row.day == day]
    free = next(day + timedelta(days=off) for off in range(3, 30) if day + timedelta(days=off) not in g.days)
    base = book.true(g, say(g.key, f"{day:%A}", day), cites=rows)
    book.false(base, "date", say(g.key, f"{free:%A}", free))
    book.false(base, "date", say(g.key, f"{day + timedelta(days=3):%A}", day))
    book.false(base, "entity", say(stranger(book, g), f"{day:%A}", day))
    text = f"No purchase was made at {name(g.key or '')} on {day:%A}, {british(day)}."
    book.false(base, "negation", (text, none(len(rows), "purchases on the day")))


def _active(g: Group) -> list[date]:
    return sorted({day.replace(day=1) for day in g.days})


@told_of(merchants, lambda g: len(_active(g)) == 3 and g.n <= 15, 2)
def three_months_only(book: Book, g: Group) -> None:
    def say(key: str | None, said: list[date], user: str | None = None) -> Line:
        found = sorted({row.day.replace(day=1) for row in of(book, g, key, user)})
        text = f"{name(key or '')} shows up in {word(len(said))} months only: {listed([month(one) for one in said])}."
        return text, same(said, found, "months")

    said = _active(g)
    free = next(one for one in _MONTHS if one not in said)
    base = book.true(g, say(g.key, said))
    book.false(base, "date", say(g.key, sorted([*said[:2], free])))
    book.false(base, "number", say(g.key, said[:2]))
    book.false(base, "entity", say(stranger(book, g), said))
    of_other(book, base, g, lambda user: say(g.key, said, user))


@told_of(merchants, lambda g: 4 <= g.n <= 30 and g.last.year == 2025, 2)
def nothing_in_2026(book: Book, g: Group) -> None:
    def say(key: str | None, year: int, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        hits = sum(row.at.year == year for row in rows)
        text = f"{capital(name(key or ''))}: all purchases fall in {year}; nothing in {4051 - year}."
        return text, every(hits, len(rows), f"in {year}")

    base = book.true(g, say(g.key, 2025))
    book.false(base, "order", say(g.key, 2026))
    other = rival(book, g, lambda other: 4 <= other.n <= 30 and other.last.year == 2026)
    book.false(base, "entity", say(other.key, 2025), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, 2025, user))
