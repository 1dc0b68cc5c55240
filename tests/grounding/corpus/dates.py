"""When: first and last days, starts and ends, seasons, and what has not happened since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from .book import Book, Line, statistic, told_of
from .verdicts import Verdict, both, every, exact, most, none, same, some
from .words import american, british, capital, iso, month, name, ordinal, season, word
from .world import FIRST_DAY, LAST_DAY, Group, Row, World, month_end, months_back, within


def _merchants(world: World) -> list[Group]:
    return world.merchants


def _categories(world: World) -> list[Group]:
    return world.categories


def _all(v: Group) -> list[object]:
    return [*v.rows, statistic(v.dim, v.key)]


@told_of(_merchants, lambda v: 4 <= v.n <= 40 and v.first > date(2025, 6, 20))
def first_bought(book: Book, v: Group) -> None:
    def line(day: date) -> Line:
        return f"First purchase at {name(v.key or '')}: {british(day)}.", same(day, v.first, "first day")

    base = book.true(v, line(v.first))
    book.false(base, "date", line(v.first + timedelta(days=12)))
    book.false(base, "order", (f"Last purchase at {name(v.key or '')}: {british(v.first)}.", same(v.first, v.last, "last day")))
    book.false(base, "evidence", (base["text"], same(v.first, v.rows[3].day, "first cited day")), cites=v.rows[3:])


@told_of(_merchants, lambda v: 4 <= v.n <= 50 and v.last < date(2026, 5, 1))
def last_seen(book: Book, v: Group) -> None:
    def line(day: date, rows: Sequence[Row]) -> Line:
        return f"Was last seen at {name(v.key or '')} on {iso(day)}.", same(day, max(row.day for row in rows), "last day")

    base = book.true(v, line(v.last, v.rows), cites=_all(v))
    book.false(base, "date", line(v.last - timedelta(days=31), v.rows))
    book.of_another(base, v, lambda rows: line(v.last, rows))


@told_of(
    _merchants,
    lambda v: 6 <= v.n <= 50 and v.first >= date(2025, 9, 1) and v.first.day <= 12 and max(v.gaps) < 40 and v.last > date(2026, 5, 1),
    3,
)
def customer_since(book: Book, v: Group) -> None:
    def line(day: date) -> Line:
        return f"Has been a customer of {name(v.key or '')} since {month(day)}.", same(
            f"{day:%Y-%m}", f"{v.first:%Y-%m}", "month of the first day"
        )

    base = book.true(v, line(v.first))
    book.false(base, "date", line(months_back(v.first, 3)))
    book.false(
        base,
        "direction",
        (f"Has not been a customer of {name(v.key or '')} any more since {month(v.first)}.", none(v.n, "purchases since")),
    )
    book.false(base, "negation", (f"Has bought nothing at {name(v.key or '')} since {month(v.first)}.", none(v.n, "purchases since")))


@told_of(_merchants, lambda v: 8 <= v.n <= 50 and v.last < date(2026, 2, 20) and max(v.gaps) < 40, 3)
def stopped_going(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, until: date) -> Line:
        found = [row for row in rows if row.day > until]
        return f"{said} {name(v.key or '')} after {british(until)}.", both(
            none(len(found), f"purchases after {iso(until)}"), same(until, max(r.day for r in rows), "last day")
        )

    base = book.true(v, line(v.rows, "Stopped going to", v.last), cites=_all(v))
    text = f"Started going to {name(v.key or '')} after {british(v.last)}."
    book.false(base, "direction", (text, some(sum(row.day > v.last for row in v.rows), f"purchases after {iso(v.last)}")))
    book.false(base, "date", line(v.rows, "Stopped going to", v.first + timedelta(days=10)))
    book.of_another(base, v, lambda rows: line(rows, "Stopped going to", v.last))


@told_of(_merchants, lambda v: 5 <= v.n <= 50 and date(2025, 9, 15) < v.last < date(2026, 3, 30), 3)
def nothing_more_after(book: Book, v: Group) -> None:
    def line(day: date) -> Line:
        found = [row for row in v.rows if row.day > month_end(day)]
        text = f"Nothing more from {name(v.key or '')} after {day:%m/%Y}, although it was used before."
        return text, both(
            none(len(found), f"purchases after {day:%Y-%m}"), same(f"{day:%Y-%m}", f"{v.last:%Y-%m}", "month of the last day")
        )

    base = book.true(v, line(v.last), cites=_all(v))
    book.false(base, "date", line(v.first))
    text = f"Has kept buying at {name(v.key or '')} since {v.last:%m/%Y}, up to now."
    book.false(base, "negation", (text, some(len([r for r in v.rows if r.day > month_end(v.last)]), "purchases after that month")))


@told_of(_merchants, lambda v: 4 <= v.n <= 50 and date(2025, 9, 15) < v.last < date(2026, 3, 30), 3)
def not_bought_since_day(book: Book, v: Group) -> None:
    def line(day: date) -> Line:
        found = sum(row.day > day for row in v.rows)
        return f"Has not bought anything at {name(v.key or '')} since {british(day)}.", none(found, f"purchases after {iso(day)}")

    base = book.true(v, line(v.last), cites=_all(v))
    book.false(base, "date", line(v.first))
    text = f"Has bought something at {name(v.key or '')} since {british(v.last)}, too."
    book.false(base, "negation", (text, some(sum(row.day > v.last for row in v.rows), f"purchases after {iso(v.last)}")))


@told_of(_merchants, lambda v: 3 <= v.n <= 50 and date(2025, 8, 1) < v.last < date(2026, 2, 1))
def no_longer(book: Book, v: Group) -> None:
    def line(where: str, rows: Sequence[Row]) -> Line:
        return f"No longer shops at {where}; nothing in the past four months.", none(
            sum(row.day >= date(2026, 2, 1) for row in rows), f"purchases at {where} from February 2026 on"
        )

    alive = next(one for one in book.world.merchants if one.user_id == v.user_id and one.last > date(2026, 4, 20) and one.n >= 4)
    base = book.true(v, line(name(v.key or ""), v.rows), cites=_all(v))
    book.false(base, "entity", line(name(alive.key or ""), alive.rows), cites=_all(alive))
    book.false(
        base,
        "negation",
        (
            f"Still shops at {name(v.key or '')}, also in the past four months.",
            some(sum(row.day >= date(2026, 2, 1) for row in v.rows), "purchases from February 2026 on"),
        ),
    )


@told_of(_categories, lambda v: 6 <= v.n <= 40 and v.last - v.first < timedelta(days=92) and season(v.first) == season(v.last))
def all_in_one_season(book: Book, v: Group) -> None:
    def line(said: str) -> Line:
        hits = sum(season(row.day) == said for row in v.rows)
        return f"{capital(v.key or '')} purchases were made in {said} and at no other time.", every(hits, v.n, f"purchases in {said}")

    base = book.true(v, line(season(v.first)), cites=_all(v))
    book.false(base, "date", line(next(one for one in ("winter 2025", "autumn 2025", "spring 2026") if one != season(v.first))))


@told_of(_merchants, lambda v: 5 <= v.n <= 40 and len(within(v.rows, FIRST_DAY, date(2025, 8, 31))) >= 0.7 * v.n)
def last_summer(book: Book, v: Group) -> None:
    def line(said: str, start: date, end: date) -> Line:
        return f"Most of the payments to {name(v.key or '')} date from {said}.", most(
            len(within(v.rows, start, end)), v.n, f"purchases from {iso(start)} to {iso(end)}"
        )

    base = book.true(v, line("last summer", FIRST_DAY, date(2025, 8, 31)))
    book.false(base, "date", line("last winter", date(2025, 12, 1), date(2026, 2, 28)))
    book.false(base, "date", line("this spring", date(2026, 3, 1), LAST_DAY))


@told_of(_merchants, lambda v: 3 <= v.n <= 40 and any(row.day.day <= 7 and row.day.month == 6 for row in v.rows[:1]))
def first_week_of_june(book: Book, v: Group) -> None:
    def line(start: date) -> Line:
        hits = len(within(v.rows, start, start + timedelta(days=6)))
        return f"Bought something at {name(v.key or '')} in the first week of {month(start)}.", some(
            hits, f"purchases in the 7 days from {iso(start)}"
        )

    free = next(day for day in (date(2025, 8, 1), date(2025, 11, 1), date(2026, 1, 1), date(2026, 3, 1)) if not within(v.rows, day - timedelta(days=7), day + timedelta(days=13)))  # fmt: skip
    base = book.true(v, line(date(2025, 6, 1)))
    book.false(base, "date", line(free))
    text = f"Bought nothing at {name(v.key or '')} in the first week of June 2025."
    book.false(base, "negation", (text, none(len(within(v.rows, FIRST_DAY, date(2025, 6, 7))), "purchases of that week")))


@told_of(_merchants, lambda v: 4 <= v.n <= 40 and any(r.day.month == 3 and r.day.day <= 14 for r in v.rows))
def early_spring(book: Book, v: Group) -> None:
    def line(said: str, start: date, end: date) -> Line:
        return f"Was at {name(v.key or '')} in {said}.", some(len(within(v.rows, start, end)), f"purchases from {iso(start)} to {iso(end)}")

    spans = [("the autumn of 2025", date(2025, 9, 1), date(2025, 11, 30)), ("the summer of 2025", FIRST_DAY, date(2025, 8, 31)), ("May 2026", date(2026, 5, 1), LAST_DAY),
             ("January 2026", date(2026, 1, 1), date(2026, 1, 31)), ("October 2025", date(2025, 10, 1), date(2025, 10, 31))]  # fmt: skip
    base = book.true(v, line("early spring 2026", date(2026, 3, 1), date(2026, 4, 10)))
    book.false(base, "date", line(*next(span for span in spans if not within(v.rows, span[1], span[2]))))


@told_of(_merchants, lambda v: 2 <= v.n <= 20)
def on_the_nth(book: Book, v: Group) -> None:
    row = v.rows[0]

    def line(day: date, cents: int) -> Line:
        text = f"On {ordinal(day)}, {cents / 100:.2f} euros went to {name(v.key or '')}."
        return text, some(book.world.paid(v.user_id, v.key, day).count(cents), f"payments of {cents} cents on {iso(day)}")

    base = book.true(v, line(row.day, row.cents), cites=v.rows[:1])
    book.false(base, "number", line(row.day, row.cents + 1000))
    book.false(base, "date", line(row.day + timedelta(days=1), row.cents))
    book.false(base, "evidence", (base["text"], exact(row.cents, v.rows[1].cents, "cents of the cited row")), cites=v.rows[1:2])


@told_of(_merchants, lambda v: 8 <= v.n <= 50 and max(v.gaps) >= 100)
def pause(book: Book, v: Group) -> None:
    at = v.gaps.index(max(v.gaps))
    start, end = v.days[at], v.days[at + 1]

    def line(start: date, end: date) -> Line:
        inside = [row for row in v.rows if start < row.day < end]
        return f"Nothing from {name(v.key or '')} between {american(start)} and {american(end)}.", none(
            len(inside), f"purchases between {iso(start)} and {iso(end)}"
        )

    base = book.true(v, line(start, end), cites=_all(v))
    book.false(base, "date", line(v.first, v.last))


@told_of(_merchants, lambda v: 8 <= v.n <= 40 and max(v.months.values()) >= 1.6 * sorted([*v.months.values(), 0])[-2])
def busiest_month(book: Book, v: Group) -> None:
    best = max(v.months, key=lambda key: v.months[key])
    other = min(v.months, key=lambda key: (v.months[key], key))

    def line(key: str) -> Line:
        return f"{date.fromisoformat(key + '-01'):%B} was the busiest month at {name(v.key or '')}.", same(
            key, best, "month with most purchases"
        )

    base = book.true(v, line(best))
    book.false(base, "date", line(other))
    book.false(base, "aggregation", (f"{date.fromisoformat(best + '-01'):%B} was the quietest of all months with a visit to {name(v.key or '')}.", same(best, other, "month with fewest purchases")))  # fmt: skip


@told_of(_categories, lambda v: v.n >= 10 and v.n <= 50 and v.first >= date(2025, 10, 1))
def nothing_before(book: Book, v: Group) -> None:
    def line(day: date, said: str) -> Line:
        early = sum(row.day < day for row in v.rows)
        verdict = (
            none(early, f"purchases before {iso(day)}") if said == "had bought nothing" else some(early, f"purchases before {iso(day)}")
        )
        return f"Before {british(day)} the customer {said} in the category {v.key}.", verdict

    base = book.true(v, line(v.first, "had bought nothing"), cites=_all(v))
    book.false(base, "negation", line(v.first, "had already made purchases"))
    book.false(
        base,
        "order",
        (f"After {british(v.first)} the customer bought nothing in the category {v.key}.", none(v.n - 1, "purchases after that day")),
    )


@told_of(_merchants, lambda v: 6 <= v.n <= 50 and v.n == len(v.days), 2)
def span_in_days(book: Book, v: Group) -> None:
    days = (v.last - v.first).days

    def line(said: int, unit: str) -> Line:
        factor = {"days": 1, "weeks": 7}[unit]
        return f"Between the first and the final visit to {name(v.key or '')} lie {said} {unit}.", exact(
            said * factor, days, "days from first to last"
        )

    base = book.true(v, line(days, "days"))
    book.false(base, "number", line(days - 17, "days"))
    book.false(base, "unit", line(days, "weeks"))


@told_of(
    _merchants,
    lambda v: 6 <= v.n <= 40 and v.n == len(v.days) and v.last > date(2026, 5, 10) and len(within(v.rows, date(2026, 5, 1), LAST_DAY)) >= 2,
)
def so_many_this_month(book: Book, v: Group) -> None:
    hits = len(within(v.rows, date(2026, 5, 1), LAST_DAY))

    def line(n: int, unit: str) -> Line:
        return f"{capital(word(n))} of the {v.n} visits to {name(v.key or '')} happened in {unit}.", exact(n, hits, "purchases in May 2026")

    base = book.true(v, line(hits, "May 2026"))
    book.false(base, "number", line(hits + 2, "May 2026"))
    if hits < v.n:
        book.false(
            base,
            "quantity",
            (
                f"Every single one of the {v.n} visits to {name(v.key or '')} happened in May 2026.",
                every(hits, v.n, "purchases in May 2026"),
            ),
        )


@told_of(_merchants, lambda v: v.n in range(4, 30) and v.first >= date(2025, 12, 1))
def discovered_this_year(book: Book, v: Group) -> None:
    def line(said: str) -> Line:
        return f"Discovered {name(v.key or '')} in {said}.", Verdict(said == f"{v.first:%B %Y}", f"first day: {iso(v.first)}, said {said}")

    base = book.true(v, line(month(v.first)), cites=_all(v))
    book.false(base, "date", line(month(months_back(v.first, 5))))
    text = f"Gave up {name(v.key or '')} in {month(v.first)}."
    book.false(base, "direction", (text, none(len([r for r in v.rows if r.day > month_end(v.first)]), "purchases after that month")))
