"""Days between, pauses and streaks."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from corpus.book import Book, Line
from corpus.verdicts import Verdict, at_most, both, every, exact, none, same, some
from corpus.words import iso, month, name
from corpus.world import Group, Row, gaps

from .book import in_days, in_month, merchants, months, next_month, of, of_other, rival, told_of, unborne

_RHYTHMS = {"once a week": 7, "every two weeks": 14, "once a month": 30}
_LONG = 45


@told_of(merchants, lambda g: 6 <= g.n <= 40 and median(g.gaps) % 1 == 0 and median(g.gaps) >= 4, 3)
def median_gap(book: Book, g: Group) -> None:
    def say(key: str | None, said: int, unit: str = "days", what: str = "Median") -> Line:
        found = gaps(of(book, g, key)) or [0]
        value = median(found) if what == "Median" else max(found)
        text = f"{what} gap between {name(key or '')} visits: {said} {unit}."
        return text, exact(said * (7 if unit == "weeks" else 1), value, f"{what} gap in days")

    said = int(median(g.gaps))
    base = book.true(g, say(g.key, said))
    book.false(base, "number", say(g.key, said * 2 + 1))
    book.false(base, "unit", say(g.key, said, "weeks"))
    book.false(base, "aggregation", say(g.key, said, what="Longest"))
    other = rival(book, g, lambda other: 4 <= other.n <= 40 and abs(median(other.gaps or [0]) - said) >= 2)
    book.false(base, "entity", say(other.key, said), cites=other.rows)


def _longest(g: Group) -> tuple[date, date]:
    return max(pairwise(g.days), key=lambda pair: pair[1] - pair[0])


@told_of(merchants, lambda g: 4 <= g.n <= 40 and len(g.gaps) > 2 and g.gaps.count(max(g.gaps)) == 1 and max(g.gaps) >= 10, 3)
def longest_pause(book: Book, g: Group) -> None:
    def say(days: int, start: date, end: date, what: str = "Longest") -> Line:
        found = (max if what == "Longest" else min)(g.gaps)
        text = f"{what} pause between two {name(g.key or '')} purchases: {days} days ({iso(start)} to {iso(end)})."
        return text, both(exact(days, found, f"{what} gap"), same((start, end), _longest(g), "days of the longest"))

    start, end = _longest(g)
    base = book.true(g, say((end - start).days, start, end))
    book.false(base, "number", say((end - start).days + 14, start, end))
    book.false(base, "date", say((end - start).days, start - timedelta(days=30), end - timedelta(days=30)))
    book.false(base, "aggregation", say((end - start).days, start, end, "Shortest"))
    unborne(book, base, g)


@told_of(merchants, lambda g: 6 <= g.n <= 50 and len(g.gaps) > 4 and max(g.gaps) <= _LONG, 3)
def never_longer(book: Book, g: Group) -> None:
    def say(key: str | None, days: int, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        text = f"Never let more than {days} days go by between two purchases at {name(key or '')}."
        return text, at_most(days, max(gaps(rows)), "longest gap") if len(rows) > 2 and gaps(rows) else Verdict(None, "too few purchases")

    longest = max(g.gaps)
    base = book.true(g, say(g.key, longest + 1))
    book.false(base, "number", say(g.key, longest // 2))
    text = f"Always let more than {longest + 1} days go by between two purchases at {name(g.key or '')}."
    book.false(base, "negation", (text, every(sum(gap > longest + 1 for gap in g.gaps), len(g.gaps), "longer gaps")))
    other = rival(book, g, lambda other: 3 <= other.n <= 50 and max(other.gaps, default=0) > longest + 20)
    book.false(base, "entity", say(other.key, longest + 1), cites=other.rows)
    of_other(book, base, g, lambda user: say(g.key, longest + 1, user))


def _regular(rows: list[Row] | tuple[Row, ...], days: int) -> Verdict:
    """Whether the usual gap is near a number of days, and two thirds of the gaps are within a third of it."""
    found = gaps(rows)
    near = sum(abs(gap - days) <= days / 3 for gap in found)
    usual = median(found) if found else 0
    truth = (
        True
        if abs(usual - days) <= 0.1 * days and 3 * near >= 2 * len(found)
        else False
        if usual > 1.8 * days or usual < 0.55 * days
        else None
    )
    return Verdict(truth, f"usual gap: {usual}, {near} of {len(found)} near {days}")


@told_of(merchants, lambda g: 6 <= g.n <= 50 and any(_regular(g.rows, days).truth for days in _RHYTHMS.values()), 3)
def comes_back(book: Book, g: Group) -> None:
    right = next(words for words, days in _RHYTHMS.items() if _regular(g.rows, days).truth)

    def say(key: str | None, words: str, days: int) -> Line:
        return f"Comes back to {name(key or '')} about {words}.", _regular(of(book, g, key), days)

    base = book.true(g, say(g.key, right, _RHYTHMS[right]))
    wrong = "every two months" if right == "every two weeks" else "every other day"
    book.false(base, "unit", say(g.key, wrong, 61 if wrong == "every two months" else 2))
    wrong = "once a week" if right != "once a week" else "once a month"
    book.false(base, "number", say(g.key, wrong, _RHYTHMS[wrong]))
    other = rival(book, g, lambda other: 3 <= other.n <= 50 and _regular(other.rows, _RHYTHMS[right]).truth is False)
    book.false(base, "entity", say(other.key, right, _RHYTHMS[right]), cites=other.rows)


def _in_a_row(g: Group) -> list[date]:
    return [one for one, other in pairwise(g.days) if (other - one).days == 1 and one.month == other.month]


@told_of(merchants, lambda g: g.n <= 40 and bool(_in_a_row(g)), 2)
def two_days_in_a_row(book: Book, g: Group) -> None:
    day = _in_a_row(g)[-1]

    def say(key: str | None, day: date) -> Line:
        rows = of(book, g, key)
        text = f"Paid at {name(key or '')} two days in a row, on {day.day} and {day.day + 1} {month(day)}."
        after = day + timedelta(days=1)
        return text, both(some(sum(r.day == day for r in rows), "first day"), some(sum(r.day == after for r in rows), "second day"))

    base = book.true(g, say(g.key, day), cites=in_days(g.rows, day, day + timedelta(days=1)))
    book.false(base, "date", say(g.key, next(one for one in g.days if one.day < 28 and one not in _in_a_row(g))))
    other = rival(book, g, lambda other: 2 <= other.n <= 40 and day not in other.days)
    book.false(base, "entity", say(other.key, day), cites=other.rows)
    text = f"Never paid at {name(g.key or '')} two days in a row."
    book.false(base, "negation", (text, none(sum(gap == 1 for gap in g.gaps), "gaps of one day")))


def _streak(g: Group) -> list[date]:
    """The longest run of months with a purchase; there is a month before it in the record."""
    best: list[date] = []
    run: list[date] = []
    for start in months(date(2025, 6, 1), date(2026, 5, 1)):
        run = [*run, start] if in_month(g.rows, start) else []
        best = run if len(run) > len(best) else best
    return best


@told_of(merchants, lambda g: 4 <= len(_streak(g)) <= 8 and g.n <= 50 and _streak(g)[-1] < date(2026, 5, 1), 3)
def every_month(book: Book, g: Group) -> None:
    def say(key: str | None, start: date, end: date, user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        said = months(start, end)
        text = f"Active at {name(key or '')} in every month from {month(start)} to {month(end)}."
        return text, every(sum(bool(in_month(rows, one)) for one in said), len(said), "months with a purchase")

    run = _streak(g)
    base = book.true(g, say(g.key, run[0], run[-1]))
    book.false(base, "date", say(g.key, run[0], next_month(run[-1])))
    other = rival(book, g, lambda other: 2 <= other.n <= 50 and not all(in_month(other.rows, one) for one in run))
    book.false(base, "entity", say(other.key, run[0], run[-1]), cites=other.rows)
    text = f"Active at {name(g.key or '')} in no month from {month(run[0])} to {month(run[-1])}."
    book.false(base, "negation", (text, none(len(run), "months with a purchase")))
    of_other(book, base, g, lambda user: say(g.key, run[0], run[-1], user))


@told_of(merchants, lambda g: 6 <= g.n <= 40 and max(g.gaps, default=0) >= 60, 2)
def paused_and_returned(book: Book, g: Group) -> None:
    def say(start: date, end: date) -> Line:
        text = f"After {iso(start)} nothing at {name(g.key or '')} until {iso(end)}, when they came back."
        rows = in_days(g.rows, start + timedelta(days=1), end - timedelta(days=1))
        at_ends = sum(row.day == end for row in g.rows)
        return text, both(
            none(len(rows), "purchases between"), some(at_ends, "on the second day"), some(sum(r.day == start for r in g.rows), "first")
        )

    start, end = _longest(g)
    base = book.true(g, say(start, end))
    book.false(base, "date", say(g.days[0], end) if g.days[0] != start else say(start, g.days[-1]))
    book.false(base, "date", say(start, end + timedelta(days=40)))
    text = f"Between {iso(start)} and {iso(end)} they kept paying at {name(g.key or '')}, without a longer break."
    book.false(
        base, "negation", (text, some(len(in_days(g.rows, start + timedelta(days=1), end - timedelta(days=1))), "purchases between"))
    )
    unborne(book, base, g)
