"""Weekdays and times of the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from corpus.book import Book, Line
from corpus.verdicts import Verdict, both, every, exact, hardly, most, none, same
from corpus.words import clock, name
from corpus.world import Group, Row

from .book import merchants, of, of_other, rival, told_of, unborne

_SATURDAY = 5
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _top(g: Group) -> tuple[int, int]:
    """The commonest weekday and how many purchases it has."""
    counts = Counter(row.at.weekday() for row in g.rows)
    return min(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _hits(rows: list[Row] | tuple[Row, ...], fits: Callable[[Row], bool]) -> int:
    return sum(fits(row) for row in rows)


def _weekend(row: Row) -> bool:
    return row.at.weekday() >= _SATURDAY


@told_of(merchants, lambda g: 6 <= g.n <= 40 and 0.55 * g.n <= _top(g)[1] < g.n, 3)
def on_one_weekday(book: Book, g: Group) -> None:
    day, hits = _top(g)

    def say(key: str | None, said: int, total: int, day: int, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        found = _hits(rows, lambda row: row.at.weekday() == day)
        text = f"{said} of {total} {name(key or '')} payments were made on a {_DAYS[day]}."
        return text, both(exact(total, len(rows), "payments"), exact(said, found, _DAYS[day]))

    base = book.true(g, say(g.key, hits, g.n, day))
    book.false(base, "date", say(g.key, hits, g.n, (day + 2) % 7))
    book.false(base, "number", say(g.key, g.n, g.n, day))
    book.false(base, "entity", say(rival(book, g, lambda other: other.n >= 2 and other.n != g.n).key, hits, g.n, day))
    of_other(book, base, g, lambda user: say(g.key, hits, g.n, day, user), own=False)


@told_of(merchants, lambda g: 6 <= g.n <= 40 and not _hits(g.rows, _weekend), 2)
def working_week(book: Book, g: Group) -> None:
    def say(key: str | None, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        return f"Goes to {name(key or '')} Monday to Friday only.", every(len(rows) - _hits(rows, _weekend), len(rows), "Monday to Friday")

    base = book.true(g, say(g.key))
    text = f"Goes to {name(g.key or '')} at weekends only."
    book.false(base, "negation", (text, every(_hits(g.rows, _weekend), g.n, "weekend")))
    other = rival(book, g, lambda other: 4 <= other.n <= 40 and 3 * _hits(other.rows, _weekend) >= other.n)
    book.false(base, "entity", say(other.key), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, user))


@told_of(merchants, lambda g: 4 <= g.n <= 40 and all(0 < row.at.hour < 11 for row in g.rows), 2)
def before_eleven(book: Book, g: Group) -> None:
    def say(key: str | None, hour: int, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        hits = _hits(rows, lambda row: row.at.hour < hour)
        return f"All of their {name(key or '')} payments were made before {hour} am.", every(hits, len(rows), f"before {hour}")

    base = book.true(g, say(g.key, 11))
    book.false(base, "number", say(g.key, 5))
    text = f"All of their {name(g.key or '')} payments were made after 11 am."
    book.false(base, "direction", (text, every(_hits(g.rows, lambda row: row.at.hour >= 11), g.n, "after 11")))
    other = rival(book, g, lambda other: 3 <= other.n <= 40 and any(row.at.hour >= 12 for row in other.rows))
    book.false(base, "entity", say(other.key, 11), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, 11, user))


def _evening(row: Row) -> bool:
    return row.at.hour >= 17


@told_of(merchants, lambda g: 5 <= g.n <= 40 and most(_hits(g.rows, _evening), g.n, "").truth is True, 3)
def usually_after_five(book: Book, g: Group) -> None:
    def say(how: str, when: str, verdict: Verdict) -> Line:
        return f"{how} pays at {name(g.key or '')} {when}.", verdict

    late = _hits(g.rows, _evening)
    base = book.true(g, say("Usually", "after 17:00", most(late, g.n, "after 17:00")))
    book.false(base, "direction", say("Usually", "before 17:00", most(g.n - late, g.n, "before 17:00")))
    book.false(base, "negation", say("Hardly ever", "after 17:00", hardly(late, g.n, "after 17:00")))
    book.false(base, "date", say("Usually", "before noon", most(_hits(g.rows, lambda row: row.at.hour < 12), g.n, "before noon")))
    unborne(book, base, g)


@told_of(merchants, lambda g: 3 <= g.n <= 40 and 8 <= g.rows[-1].at.hour <= 21 and g.rows[-1].day != g.rows[-2].day, 3)
def latest_clock(book: Book, g: Group) -> None:
    def say(key: str | None, at: datetime, end: str = "Most recent") -> Line:
        rows = of(book, g, key)
        found = rows[-1 if end == "Most recent" else 0].at
        text = f"{end} {name(key or '')} payment: {at:%a} {at.day} {at:%b %Y}, {clock(at)}."
        return text, same(f"{at:%Y-%m-%d %H:%M}", f"{found:%Y-%m-%d %H:%M}", end)

    at = g.rows[-1].at
    base = book.true(g, say(g.key, at))
    book.false(base, "number", say(g.key, at - timedelta(hours=5)))
    book.false(base, "date", say(g.key, at - timedelta(days=2)))
    book.false(base, "order", say(g.key, at, "Earliest"))
    other = rival(book, g, lambda other: 3 <= other.n <= 40)
    book.false(base, "entity", say(other.key, at), cites=other.rows)


@told_of(merchants, lambda g: 5 <= g.n <= 40 and 3 * _hits(g.rows, _weekend) >= 2 * g.n > 2 * _hits(g.rows, _weekend), 2)
def mostly_weekend(book: Book, g: Group) -> None:
    def say(what: str, days: str, verdict: Verdict) -> Line:
        return f"{what} {name(g.key or '')} purchases fall on a {days}.", verdict

    hits = _hits(g.rows, _weekend)
    base = book.true(g, say("Most", "Saturday or Sunday", most(hits, g.n, "weekend")))
    book.false(base, "negation", say("No", "Saturday or Sunday", none(hits, "weekend")))
    early = _hits(g.rows, lambda row: row.at.weekday() in {1, 2})
    book.false(base, "date", say("Most", "Tuesday or Wednesday", most(early, g.n, "Tuesday or Wednesday")))
    text = f"All {name(g.key or '')} purchases fall on a Saturday or Sunday."
    book.false(base, "quantity", (text, every(hits, g.n, "weekend")))
