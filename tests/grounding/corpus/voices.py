"""The voice of other writers: `the user`, `they`, relative clauses, rates per month, doubled and halved, the third most."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

from .book import MOST_ROWS, Book, Line, told_of
from .rhythm import pace
from .verdicts import Verdict, about, at_least, both, every, exact, hardly, most, none, same, some
from .words import american, british, capital, clock, euro, iso, month, name, often, word
from .world import LAST_DAY, Group, Row, World, total, within


def _merchants(world: World) -> list[Group]:
    return [group for group in world.merchants if group.n <= MOST_ROWS]


def _categories(world: World) -> list[Group]:
    return [group for group in world.categories if group.n <= MOST_ROWS]


def _spenders(world: World) -> list[Group]:
    return [group for group in world.spenders if group.n <= MOST_ROWS]


def _steady(v: Group) -> bool:
    """In every month of the year, and no month far from the others."""
    return len(v.months) == 12 and max(v.months.values()) <= 5


@told_of(_merchants, _steady, 2)
def times_a_month(book: Book, v: Group) -> None:
    rate = v.n / 12

    def line(said: int, span: str) -> Line:
        text = f"The user pays at {name(v.key or '')} on average {often(said)} a {span}."
        return text, about(said, rate / {"month": 1, "week": 4.35}[span], f"purchases a {span}")

    base = book.true(v, line(round(rate), "month"))
    book.false(base, "unit", line(round(rate), "week"))
    book.false(base, "number", line(round(rate) * 3, "month"))


@told_of(_categories, _steady, 2)
def monthly_budget(book: Book, v: Group) -> None:
    rate = v.total / 1200

    def line(said: int, span: str) -> Line:
        text = f"They spend approximately {said} EUR on {v.key} per {span}."
        return text, about(said, rate / {"month": 1, "day": 30.4}[span], f"euros a {span}")

    base = book.true(v, line(round(rate), "month"))
    book.false(base, "unit", line(round(rate), "day"))
    book.false(base, "number", line(round(rate) * 2, "month"))


def _months(v: Group) -> list[tuple[str, int, str, int]]:
    """Pairs of neighbouring months, with the counts of purchases."""
    keys = sorted(v.months)
    return [(a, v.months[a], b, v.months[b]) for a, b in pairwise(keys)]


def _named(key: str) -> str:
    return month(date.fromisoformat(f"{key}-01"))


@told_of(_merchants, lambda v: any(b == 2 * a and a >= 2 for _, a, _, b in _months(v)), 3)
def doubled(book: Book, v: Group) -> None:
    first, a, second, b = next(pair for pair in _months(v) if pair[3] == 2 * pair[1] and pair[1] >= 2)

    def line(said: str, factor: float) -> Line:
        text = f"The user's purchases at {name(v.key or '')} {said} from {_named(first)} to {_named(second)}."
        return text, about(factor, b / a, f"purchases in {second} over those in {first}")

    base = book.true(v, line("doubled", 2))
    book.false(base, "direction", line("halved", 0.5))
    book.false(base, "direction", line("dropped by a third", 2 / 3))


@told_of(_merchants, lambda v: any(a == 2 * b and b >= 2 for _, a, _, b in _months(v)), 2)
def halved(book: Book, v: Group) -> None:
    first, a, second, b = next(pair for pair in _months(v) if pair[1] == 2 * pair[3] and pair[3] >= 2)

    def line(said: str, factor: float) -> Line:
        text = f"{capital(word(b))} purchases at {name(v.key or '')} in {_named(second)}, {said} as many as in {_named(first)}."
        return text, about(factor, b / a, f"purchases in {second} over those in {first}")

    base = book.true(v, line("half", 0.5))
    book.false(base, "comparison", line("twice", 2))
    book.false(base, "comparison", line("three times", 3))


def _ranks(v: Group) -> list[tuple[str, int]]:
    return Counter(row.category or "" for row in v.rows).most_common(4)


@told_of(
    _spenders,
    lambda v: (
        len({n for _, n in _ranks(v)}) == 4
        and not {kind for kind, _ in _ranks(v)} & {"", "pharmacy", "health", "drugstore", "gambling", "alcohol"}
    ),
)
def third_most(book: Book, v: Group) -> None:
    ranks = [kind for kind, _ in _ranks(v)]

    def line(kind: str, place: str) -> Line:
        found = ranks[{"second": 1, "third": 2}[place]]
        return f"By number of purchases, {kind} is the user's {place} most important category.", same(kind, found, f"{place} category")

    base = book.true(v, line(ranks[2], "third"))
    book.false(base, "order", line(ranks[2], "second"))
    book.false(base, "entity", line(ranks[3], "third"))


@told_of(_merchants, lambda v: 5 <= v.n <= 40 and v.n == len(v.days), 3)
def who_came_first_on(book: Book, v: Group) -> None:
    def line(start: date, n: int) -> Line:
        text = f"The user, who first came to {name(v.key or '')} on {american(start)}, has been back {often(n)} since then."
        return text, both(same(start, v.first, "first day"), exact(n, v.n - 1, "purchases after the first"))

    base = book.true(v, line(v.first, v.n - 1))
    book.false(base, "number", line(v.first, v.n + 4))
    book.false(base, "date", line(v.last, v.n - 1))
    book.false(base, "evidence", (base["text"], exact(v.n - 1, len(v.rows[:3]) - 1, "cited purchases after the first")), cites=v.rows[:3])


@told_of(_merchants, lambda v: 4 <= v.n <= 20 and v.rows[0].category in {"coffee", "bakery", "restaurants", "ice cream"}, 3)
def smallest_bill_at(book: Book, v: Group) -> None:
    low = min(v.rows, key=lambda row: row.cents)
    high = max(v.rows, key=lambda row: row.cents)

    def line(row: Row) -> Line:
        text = f"The smallest bill they ever had at {name(v.key or '')} was {euro(row.cents)}, on {british(row.day)} at {clock(row.at)}."
        return text, exact(row.cents, low.cents, "smallest in cents")

    base = book.true(v, line(low))
    book.false(base, "aggregation", line(high))
    text = f"They paid as much as {euro(low.cents)} at {name(v.key or '')}, and never more."
    book.false(base, "comparison", (text, none(sum(row.cents > low.cents for row in v.rows), "purchases above")))


@told_of(_merchants, lambda v: v.n >= 6 and v.first > date(2025, 11, 15) and v.last > date(2026, 5, 10) and max(v.gaps) < 40, 3)
def recently_picked_up(book: Book, v: Group) -> None:
    early = sum(row.day <= date(2025, 10, 31) for row in v.rows)
    late = sum(row.day >= date(2026, 5, 1) for row in v.rows)
    shop = name(v.key or "")

    def line(said: str, verdict: Verdict) -> Line:
        return f"The user's habit of shopping at {shop} {said}.", verdict

    new = both(none(early, "purchases up to October 2025"), some(late, "purchases in May 2026"))
    base = book.true(v, line("is a new one that did not exist in October 2025", new))
    book.false(base, "direction", line("is a thing of the past", none(late, "purchases in May 2026")))
    book.false(base, "date", line("already existed in October 2025", some(early, "purchases up to October 2025")))


@told_of(_merchants, lambda v: v.n >= 10 and 0 < 10 * sum(r.at.hour < 12 for r in v.rows) <= v.n, 3)
def rarely_before_noon(book: Book, v: Group) -> None:
    early = sum(row.at.hour < 12 for row in v.rows)

    def line(said: str, verdict: Verdict) -> Line:
        return f"The user {said} drops by {name(v.key or '')} before midday.", verdict

    base = book.true(v, line("rarely", hardly(early, v.n, "purchases before 12:00")))
    book.false(base, "quantity", line("mostly", most(early, v.n, "purchases before 12:00")))
    book.false(base, "quantity", line("never", none(early, "purchases before 12:00")))
    book.false(base, "quantity", line("always", every(early, v.n, "purchases before 12:00")))


@told_of(_categories, lambda v: v.n >= 9 and v.n == len(v.days) and 18 <= sum(v.gaps) / max(1, len(v.gaps)) <= 24, 2)
def every_three_weeks(book: Book, v: Group) -> None:
    def line(said: str, days: int) -> Line:
        found = sum(v.gaps) / len(v.gaps)
        return f"On average, {said} pass between one {v.key} purchase and the next.", about(days, found, "mean days between")

    base = book.true(v, line("three weeks", 21))
    book.false(base, "unit", line("three days", 3))
    book.false(base, "unit", line("three months", 91))


@told_of(_merchants, lambda v: v.n >= 8 and v.n == len(v.days) and min(v.gaps) >= 6 and max(v.gaps) <= 16, 2)
def gap_between(book: Book, v: Group) -> None:
    def line(low: int, high: int) -> Line:
        text = f"Between {low} and {high} days go by from one visit to {name(v.key or '')} to the next."
        return text, both(exact(low, min(v.gaps), "shortest days between"), exact(high, max(v.gaps), "longest days between"))

    base = book.true(v, line(min(v.gaps), max(v.gaps)))
    book.false(base, "number", line(min(v.gaps), max(v.gaps) - 3))
    text = f"{name(v.key or '')} is visited every {max(v.gaps) * 2} to {max(v.gaps) * 3} days."
    book.false(base, "number", (text, pace(max(v.gaps) * 2.5, v.rows)))


@told_of(_spenders, lambda v: len(within(v.rows, date(2025, 12, 15), date(2025, 12, 24))) >= 3, 2)
def before_christmas(book: Book, v: Group) -> None:
    rows = within(v.rows, date(2025, 12, 15), date(2025, 12, 24))
    top = max(rows, key=lambda row: row.cents)

    def line(n: int, cents: int) -> Line:
        text = f"In the ten days up to Christmas Eve 2025 the user made {word(n)} purchases worth {euro(cents)} altogether."
        return text, both(exact(n, len(rows), "purchases"), exact(cents, total(rows), "cents in total"))

    base = book.true(v, line(len(rows), total(rows)), cites=rows)
    book.false(base, "number", line(len(rows) + 3, total(rows)))
    book.false(base, "aggregation", line(len(rows), top.cents))


@told_of(_merchants, lambda v: 3 <= v.n <= 30 and len({r.cents for r in v.rows}) == v.n, 3)
def biggest_and_when(book: Book, v: Group) -> None:
    high, low = max(v.rows, key=lambda row: row.cents), min(v.rows, key=lambda row: row.cents)

    def line(row: Row, said: str) -> Line:
        found = {"most": high, "least": low}[said]
        text = f"Of all visits to {name(v.key or '')}, the user paid the {said} on {iso(row.day)}."
        return text, same(row.day, found.day, f"day of the {said}")

    base = book.true(v, line(high, "most"))
    book.false(base, "aggregation", line(low, "most"))
    book.false(base, "comparison", line(high, "least"))


@told_of(_merchants, lambda v: 5 <= v.n <= 30 and v.last < date(2026, 3, 15), 3)
def weeks_since(book: Book, v: Group) -> None:
    weeks = (LAST_DAY - v.last).days // 7

    def line(said: int, unit: str) -> Line:
        found = (LAST_DAY - v.last).days / {"weeks": 7, "days": 1}[unit]
        return f"By the end of May 2026, the user had stayed away from {name(v.key or '')} for at least {said} {unit}.", at_least(
            said, found, unit
        )

    base = book.true(v, line(weeks, "weeks"), cites=[*v.rows, {"statistic": {"dim": v.dim, "key": v.key}}])
    book.false(base, "number", line(weeks * 2, "weeks"))
    text = f"By the end of May 2026, the user had not stayed away from {name(v.key or '')} for more than a week."
    book.false(
        base, "negation", (text, Verdict((LAST_DAY - v.last).days <= 7, f"days since the last purchase: {(LAST_DAY - v.last).days}"))
    )
