"""Amounts."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil, floor

from corpus.book import Book, Line
from corpus.verdicts import Verdict, about, at_most, both, every, exact, none, same, some
from corpus.words import american, british, euro, iso, month, name, often, word
from corpus.world import Group, total

from .book import categories, goods, in_month, merchants, of, of_other, rival, single, stranger, told_of, unborne

_CAP = 40


def _mean(cents: list[int]) -> float:
    return sum(cents) / len(cents) if cents else 0.0


@told_of(merchants, lambda g: 3 <= g.n <= _CAP, 3)
def spent_overall(book: Book, g: Group) -> None:
    def say(key: str | None, cents: int, n: int, unit: str = "EUR", what: str = "overall") -> Line:
        rows = of(book, g, key)
        text = f"Has spent {cents / 100:.2f} {unit} at {name(key or '')} {what}, over {word(n)} purchases."
        found = total(rows) if what == "overall" else _mean([row.cents for row in rows])
        return text, both(exact(cents, found, "cents"), exact(n, len(rows), "purchases"), same(unit, "EUR", "currency"))

    base = book.true(g, say(g.key, g.total, g.n))
    book.false(base, "number", say(g.key, round(g.total * 1.4), g.n))
    book.false(base, "unit", say(g.key, g.total, g.n, "USD"))
    book.false(base, "aggregation", say(g.key, g.total, g.n, what="on average"))
    other = rival(book, g, lambda other: 3 <= other.n <= _CAP)
    book.false(base, "entity", say(other.key, g.total, g.n), cites=other.rows)


@told_of(merchants, lambda g: 5 <= g.n <= _CAP and g.mean >= 600, 3)
def ticket(book: Book, g: Group) -> None:
    def say(key: str | None, euros: int, what: str = "Average ticket", unit: str = "€{}", user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        found = total(rows) if what == "Total" else _mean([row.cents for row in rows])
        verdict = about(euros * (1 if "cents" in unit else 100), found, f"{what} in cents")
        return f"{what} at {name(key or '')}: around {unit.format(euros)}.", verdict

    euros = round(g.mean / 100)
    base = book.true(g, say(g.key, euros))
    book.false(base, "number", say(g.key, ceil(euros * 1.6)))
    book.false(base, "unit", say(g.key, euros, unit="{} cents"))
    book.false(base, "aggregation", say(g.key, euros, "Total"))
    far = rival(book, g, lambda other: 3 <= other.n <= _CAP and about(euros * 100, other.mean, "").truth is False)
    book.false(base, "entity", say(far.key, euros), cites=far.rows)


@told_of(merchants, lambda g: 4 <= g.n <= _CAP and len({row.cents for row in g.rows}) == g.n and single(g), 3)
def priciest(book: Book, g: Group) -> None:
    ordered = sorted(g.rows, key=lambda row: row.cents)

    def say(cents: int, day: date, what: str = "priciest") -> Line:
        found = ordered[-1 if what == "priciest" else 0]
        text = f"Their {what} {name(g.key or '')} purchase cost {euro(cents)}, on {american(day)}."
        return text, both(exact(cents, found.cents, f"{what} in cents"), same(day, found.day, "day"))

    top = ordered[-1]
    base = book.true(g, say(top.cents, top.day))
    book.false(base, "number", say(top.cents + 700, top.day))
    book.false(base, "date", say(top.cents, ordered[0].day))
    book.false(base, "aggregation", say(top.cents, top.day, "cheapest"))
    unborne(book, base, g)


@told_of(merchants, lambda g: 4 <= g.n <= _CAP and g.total > 4000 and min(r.cents for r in g.rows) * 1.5 < max(r.cents for r in g.rows), 3)
def lowest_highest(book: Book, g: Group) -> None:
    def say(key: str | None, least: int, most: int, user: str | None = None) -> Line:
        cents = [row.cents for row in of(book, g, key, user)] or [0]
        text = f"{name(key or '')}: lowest receipt {least / 100:.2f} EUR; highest {most / 100:.2f} EUR."
        return text, both(exact(least, min(cents), "least in cents"), exact(most, max(cents), "most in cents"))

    cents = [row.cents for row in g.rows]
    base = book.true(g, say(g.key, min(cents), max(cents)))
    book.false(base, "order", say(g.key, max(cents), min(cents)))
    book.false(base, "number", say(g.key, min(cents), max(cents) + 1250))
    other = rival(book, g, lambda other: 4 <= other.n <= _CAP)
    book.false(base, "entity", say(other.key, min(cents), max(cents)), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, min(cents), max(cents), user), own=False)


def _cap(g: Group) -> int:
    """A round number of euros that no purchase reaches."""
    most = max(row.cents for row in g.rows) / 100
    return (floor(most / 5) + 1) * 5


@told_of(merchants, lambda g: 5 <= g.n <= _CAP and _cap(g) >= 15, 3)
def never_above(book: Book, g: Group) -> None:
    def say(key: str | None, euros: int, unit: str = "euros") -> Line:
        rows = of(book, g, key)
        text = f"A purchase at {name(key or '')} has never cost more than {euros} {unit}."
        return text, at_most(euros * (100 if unit == "euros" else 1), max((row.cents for row in rows), default=10**9), "most in cents")

    euros = _cap(g)
    base = book.true(g, say(g.key, euros))
    half = floor(max(row.cents for row in g.rows) / 200)
    book.false(base, "number", say(g.key, half))
    book.false(base, "unit", say(g.key, euros, "cents"))
    text = f"A purchase at {name(g.key or '')} has always cost more than {euros} euros."
    book.false(base, "negation", (text, every(sum(row.cents > euros * 100 for row in g.rows), g.n, "dearer ones")))
    other = rival(book, g, lambda other: other.n <= _CAP and max(row.cents for row in other.rows) > euros * 130)
    book.false(base, "entity", say(other.key, euros), cites=other.rows)


@told_of(merchants, lambda g: 2 <= g.n <= _CAP and single(g), 3)
def was_paid(book: Book, g: Group) -> None:
    row = g.rows[g.n // 2]

    def say(key: str | None, cents: int, day: date, unit: str = "EUR") -> Line:
        hits = sum(one.cents == cents and one.day == day and one.currency == unit for one in of(book, g, key))
        return f"{name(key or '')} was paid {unit} {cents / 100:.2f} on {iso(day)}.", some(hits, "such payments")

    base = book.true(g, say(g.key, row.cents, row.day), cites=[row])
    book.false(base, "number", say(g.key, row.cents + 311, row.day))
    book.false(base, "date", say(g.key, row.cents, row.day + timedelta(days=2)))
    book.false(base, "unit", say(g.key, row.cents, row.day, "USD"))
    book.false(base, "entity", say(stranger(book, g), row.cents, row.day))
    backs = book.world.of(g.user_id, "refund", "cancellation")
    hits = sum(one.merchant == g.key for one in backs)
    text = f"{name(g.key or '')} paid EUR {row.cents / 100:.2f} back on {iso(row.day)}."
    book.false(base, "direction", (text, some(hits, "given back by the merchant")))


def _best_month(g: Group) -> date:
    starts = sorted({day.replace(day=1) for day in g.days})
    return max(starts, key=lambda start: len(in_month(g.rows, start)))


@told_of(categories, lambda g: 3 <= len(in_month(g.rows, _best_month(g))) <= 12, 3)
def month_spend(book: Book, g: Group) -> None:
    def say(key: str | None, start: date, cents: int, n: int, user: str | None = None) -> Line:
        rows = in_month(of(book, g, key, user), start)
        text = f"{month(start)}: {euro(cents)} spent on {key}, {n} purchases."
        return text, both(exact(cents, total(rows), "cents"), exact(n, len(rows), "purchases"))

    start = _best_month(g)
    rows = in_month(g.rows, start)
    base = book.true(g, say(g.key, start, total(rows), len(rows)), cites=rows)
    book.false(base, "number", say(g.key, start, round(total(rows) * 0.6), len(rows)))
    book.false(base, "quantity", say(g.key, start, total(rows), len(rows) + 4))
    wrong = next(one for one in (date(2025, 9, 1), date(2026, 2, 1)) if one != start)
    book.false(base, "date", say(g.key, wrong, total(rows), len(rows)))
    book.false(base, "entity", say(rival(book, g, lambda other: other.n >= 2).key, start, total(rows), len(rows)))
    of_other(book, base, g, lambda user: say(g.key, start, total(rows), len(rows), user))


@told_of(merchants, lambda g: 3 <= g.n <= _CAP and single(g) and g.rows[-1].cents >= 1.3 * g.rows[0].cents, 3)
def rose(book: Book, g: Group) -> None:
    def say(last: int, first: int, *, rose: bool = True) -> Line:
        how = "cost more than" if rose else "cost less than"
        text = f"The latest {name(g.key or '')} purchase {how} the first one: {euro(last)} versus {euro(first)}."
        found = both(exact(last, g.rows[-1].cents, "latest in cents"), exact(first, g.rows[0].cents, "first in cents"))
        return text, both(Verdict((g.rows[-1].cents > g.rows[0].cents) is rose, f"said {how}"), found)

    first, last = g.rows[0].cents, g.rows[-1].cents
    base = book.true(g, say(last, first))
    book.false(base, "direction", say(last, first, rose=False))
    book.false(base, "order", say(first, last, rose=False))
    book.false(base, "number", say(last + 900, first))
    unborne(book, base, g)


def _under(g: Group, euros: int) -> int:
    return sum(row.cents < euros * 100 for row in g.rows)


@told_of(merchants, lambda g: 5 <= g.n <= _CAP and 0.6 * g.n <= _under(g, 30) < g.n, 3)
def under_thirty(book: Book, g: Group) -> None:
    def say(key: str | None, hits: int, n: int, how: str = "under", euros: int = 30) -> Line:
        rows = of(book, g, key)
        found = sum((row.cents < euros * 100) is (how == "under") for row in rows)
        return f"{hits} of {n} purchases at {name(key or '')} were {how} €{euros}.", both(
            exact(n, len(rows), "all"), exact(hits, found, how)
        )

    hits = _under(g, 30)
    base = book.true(g, say(g.key, hits, g.n))
    book.false(base, "comparison", say(g.key, hits, g.n, "over"))
    book.false(base, "number", say(g.key, g.n, g.n))
    other = rival(book, g, lambda other: 3 <= other.n <= _CAP and other.n != g.n)
    book.false(base, "entity", say(other.key, hits, g.n), cites=other.rows)


def _of_year(g: Group, year: int) -> int:
    return total(row for row in g.rows if row.at.year == year)


@told_of(categories, lambda g: 5 <= g.n <= _CAP and _of_year(g, 2025) > 6000, 3)
def roughly_in_year(book: Book, g: Group) -> None:
    def say(key: str | None, euros: int, year: int, user: str | None = None) -> Line:
        found = total(row for row in of(book, g, key, user) if row.at.year == year)
        return f"Roughly €{euros} went on {goods(key)} purchases in {year}.", about(euros * 100, found, "cents in the year")

    euros = round(_of_year(g, 2025) / 1000) * 10
    rows = [row for row in g.rows if row.at.year == 2025]
    base = book.true(g, say(g.key, euros, 2025), cites=rows)
    book.false(base, "number", say(g.key, euros * 2, 2025))
    book.false(base, "date", say(g.key, euros, 2026))
    other = rival(book, g, lambda other: other.n <= _CAP and about(euros * 100, _of_year(other, 2025), "").truth is False)
    book.false(base, "entity", say(other.key, euros, 2025), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, euros, 2025, user))


@told_of(merchants, lambda g: 2 <= len(in_month(g.rows, _best_month(g))) <= 6 and g.n >= 4, 2)
def twice_in_month(book: Book, g: Group) -> None:
    start = _best_month(g)

    def say(key: str | None, n: int, cents: int, start: date) -> Line:
        rows = in_month(of(book, g, key), start)
        text = f"The customer went to {name(key or '')} {often(n)} in {month(start)} and paid {cents / 100:.2f} euros altogether."
        return text, both(exact(n, len(rows), "visits"), exact(cents, total(rows), "cents"))

    rows = in_month(g.rows, start)
    if len({row.day for row in rows}) < len(rows):
        raise StopIteration
    base = book.true(g, say(g.key, len(rows), total(rows), start), cites=rows)
    book.false(base, "number", say(g.key, len(rows), total(rows) + 2000, start))
    book.false(base, "quantity", say(g.key, len(rows) + 3, total(rows), start))
    book.false(base, "entity", say(stranger(book, g), len(rows), total(rows), start))
    text = f"The customer did not go to {name(g.key or '')} at all in {month(start)}."
    book.false(base, "negation", (text, none(len(rows), "visits")))


@told_of(merchants, lambda g: g.n == 1 and g.total > 1500, 2)
def one_off(book: Book, g: Group) -> None:
    row = g.rows[0]

    def say(key: str | None, cents: int, day: date) -> Line:
        rows = of(book, g, key)
        text = f"One-off at {name(key or '')}: {cents / 100:.2f}€ ({british(day)}), not repeated."
        found = both(exact(1, len(rows), "purchases"), exact(cents, total(rows), "cents"))
        return text, both(found, same([day], [one.day for one in rows], "day"))

    base = book.true(g, say(g.key, row.cents, row.day))
    book.false(base, "number", say(g.key, row.cents * 2, row.day))
    book.false(base, "date", say(g.key, row.cents, row.day + timedelta(days=10)))
    book.false(base, "entity", say(rival(book, g, lambda other: other.n > 2).key, row.cents, row.day))
