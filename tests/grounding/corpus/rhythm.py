"""How regularly, on which days of the week and at what time of the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from .book import Book, Line, told_of
from .verdicts import Verdict, about, at_most, both, every, exact, most, none, same, some
from .words import british, capital, clock, euro, name, word
from .world import Group, Row, World, gaps, total, usual_gap

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def _merchants(world: World) -> list[Group]:
    return world.merchants


def _categories(world: World) -> list[Group]:
    return world.categories


def _every(low: float, high: float) -> Callable[[Group], bool]:
    """Median and mean of the days between lie there, and nine of ten gaps are not far off."""

    def fits(v: Group) -> bool:
        if not 7 <= v.n <= 60 or len(v.days) < 7:
            return False
        mean = sum(v.gaps) / len(v.gaps)
        return low <= usual_gap(v.rows) <= high and low <= mean <= high

    return fits


def pace(days: float, rows: Iterable[Row]) -> Verdict:
    """That purchases lie so many days apart, by median and mean."""
    found = gaps(rows)
    if not found:
        return Verdict(False, f"one day only, said every {days} days")
    return both(about(days, usual_gap(rows), "median days between"), about(days, sum(found) / len(found), "mean days between"))


@told_of(_merchants, _every(9, 11))
def every_ten_days(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, days: int) -> Line:
        return f"Turns up at {name(v.key or '')} roughly every {said} days.", pace(days, rows)

    base = book.true(v, line(v.rows, "ten", 10))
    book.false(base, "number", line(v.rows, "three", 3))
    book.false(base, "unit", (f"Turns up at {name(v.key or '')} roughly every ten weeks.", pace(70, v.rows)))
    book.of_another(base, v, lambda rows: line(rows, "ten", 10))


@told_of(_merchants, _every(6.4, 7.6), 3)
def weekly_regular(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, days: int) -> Line:
        return f"{said} visitor of {name(v.key or '')}.", pace(days, rows)

    base = book.true(v, line(v.rows, "Weekly", 7))
    book.false(base, "unit", line(v.rows, "Monthly", 30))
    book.false(base, "unit", line(v.rows, "Daily", 1))
    book.of_another(base, v, lambda rows: line(rows, "Weekly", 7), own=False)


@told_of(_merchants, _every(12.8, 15.2), 1)
def fortnightly(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, days: int) -> Line:
        return f"{name(v.key or '')} gets a visit {said}.", pace(days, rows)

    base = book.true(v, line(v.rows, "fortnightly", 14))
    book.false(base, "unit", line(v.rows, "twice a week", 3))
    book.false(base, "unit", line(v.rows, "every other month", 60))


@told_of(_merchants, _every(12.8, 15.2), 1)
def every_other_week(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, days: int) -> Line:
        return f"Pops into {name(v.key or '')} every other {said}, give or take a couple of days.", pace(days, rows)

    base = book.true(v, line(v.rows, "week", 14))
    book.false(base, "unit", line(v.rows, "day", 2))
    book.of_another(base, v, lambda rows: line(rows, "week", 14))


@told_of(_merchants, _every(27.5, 32.5))
def once_a_month(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, days: int) -> Line:
        return f"About once a {said} there is a payment to {name(v.key or '')}.", pace(days, rows)

    base = book.true(v, line(v.rows, "month", 30))
    book.false(base, "unit", line(v.rows, "week", 7))
    book.false(base, "unit", line(v.rows, "year", 365))


@told_of(_merchants, _every(4.6, 5.4), 1)
def typical_gap(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, days: float) -> Line:
        return f"The usual gap between two purchases at {name(v.key or '')} is around {said}.", pace(days, rows)

    base = book.true(v, line(v.rows, "five days", 5))
    book.false(base, "unit", line(v.rows, "five weeks", 35))
    book.false(base, "number", line(v.rows, "nine days", 9))


@told_of(_merchants, lambda v: v.n >= 8 and max(v.gaps) >= 15 and v.n <= 60)
def longest_break(book: Book, v: Group) -> None:
    def line(said: str, days: int) -> Line:
        return f"The longest break between two visits to {name(v.key or '')} lasted {said}.", exact(
            days, max(v.gaps), "longest days between"
        )

    longest = max(v.gaps)
    base = book.true(v, line(f"{longest} days", longest))
    book.false(base, "number", line(f"{longest // 2} days", longest // 2))
    book.false(base, "aggregation", (f"The shortest break between two visits to {name(v.key or '')} lasted {longest} days.", exact(longest, min(v.gaps), "shortest days between")))  # fmt: skip


@told_of(_merchants, lambda v: 8 <= v.n <= 60 and len(v.days) == v.n and max(v.gaps) <= 20 and min(v.gaps) >= 2)
def gaps_at_most(book: Book, v: Group) -> None:
    def line(days: int) -> Line:
        return f"Never lets more than {days} days pass between visits to {name(v.key or '')}.", at_most(
            days, max(v.gaps), "longest days between"
        )

    base = book.true(v, line(max(v.gaps)))
    book.false(base, "number", line(max(v.gaps) - 2))


def _share(v: Group, test: Callable[[Row], bool]) -> float:
    return sum(map(test, v.rows)) / v.n


@told_of(_merchants, lambda v: 6 <= v.n <= 60 and max(Counter(r.at.weekday() for r in v.rows).values()) >= 0.75 * v.n, 3)
def usual_weekday(book: Book, v: Group) -> None:
    days = Counter(row.at.weekday() for row in v.rows)
    usual = days.most_common(1)[0][0]
    other = min(range(7), key=lambda day: (days[day], day))

    def line(rows: Sequence[Row], day: int) -> Line:
        hits = sum(row.at.weekday() == day for row in rows)
        return f"{_DAYS[day]} is usually the day for {name(v.key or '')}.", most(hits, len(rows), f"purchases on {_DAYS[day]}s")

    base = book.true(v, line(v.rows, usual))
    book.false(base, "date", line(v.rows, other))
    share = [row for row in v.rows if row.at.weekday() == usual]
    strict = (
        f"{name(v.key or '')} is visited on {_DAYS[usual]}s without exception.",
        every(len(share), v.n, f"purchases on {_DAYS[usual]}s"),
    )
    if strict[1].truth is False:
        book.false(base, "quantity", strict)


@told_of(_merchants, lambda v: 8 <= v.n <= 60 and _share(v, lambda r: r.at.hour < 12) >= 0.75)
def before_noon(book: Book, v: Group) -> None:
    def line(said: str) -> Line:
        hits = sum((row.at.hour < 12) == (said == "before") for row in v.rows)
        return f"Visits to {name(v.key or '')} mainly happen {said} noon.", most(hits, v.n, f"purchases {said} 12:00")

    base = book.true(v, line("before"))
    book.false(base, "order", line("after"))


@told_of(_merchants, lambda v: 8 <= v.n <= 60 and _share(v, lambda r: 17 <= r.at.hour < 23) >= 0.75)
def in_the_evenings(book: Book, v: Group) -> None:
    def line(said: str, low: int, high: int) -> Line:
        hits = sum(low <= row.at.hour < high for row in v.rows)
        return f"Tends to pay {name(v.key or '')} {said}.", most(hits, v.n, f"purchases from {low} to {high} o'clock")

    base = book.true(v, line("in the evenings", 17, 23))
    book.false(base, "date", line("early in the morning", 5, 9))


@told_of(_categories, lambda v: 8 <= v.n <= 60 and _share(v, lambda r: 16 <= r.at.hour < 21) >= 0.72)
def after_work(book: Book, v: Group) -> None:
    def line(said: str, low: int, high: int) -> Line:
        hits = sum(low <= row.at.hour < high for row in v.rows)
        return f"Most {v.key} purchases come {said}, between {low}:00 and {high}:00.", most(
            hits, v.n, f"purchases from {low} to {high} o'clock"
        )

    base = book.true(v, line("after work", 16, 21))
    book.false(base, "date", line("before breakfast", 5, 9))


@told_of(_categories, lambda v: 8 <= v.n <= 60 and _share(v, lambda r: r.at.weekday() >= 5) >= 0.7)
def at_weekends(book: Book, v: Group) -> None:
    def line(said: str) -> Line:
        weekend = sum(row.at.weekday() >= 5 for row in v.rows)
        return f"{capital(v.key or '')} shopping is mostly a {said} affair.", most(
            weekend if said == "weekend" else v.n - weekend, v.n, f"{said} purchases"
        )

    base = book.true(v, line("weekend"))
    book.false(base, "date", line("weekday"))


@told_of(_categories, lambda v: 12 <= v.n <= 60 and _share(v, lambda r: r.at.weekday() == 6) == 0)
def never_on_sundays(book: Book, v: Group) -> None:
    def line(day: int) -> Line:
        return f"Not one of the {v.key} purchases was made on a {_DAYS[day]}.", none(
            sum(r.at.weekday() == day for r in v.rows), f"purchases on {_DAYS[day]}s"
        )

    usual = Counter(row.at.weekday() for row in v.rows).most_common(1)[0][0]
    base = book.true(v, line(6))
    book.false(base, "date", line(usual))
    book.false(
        base,
        "negation",
        (
            f"{capital(v.key or '')} purchases do happen on Sundays.",
            some(sum(row.at.weekday() == 6 for row in v.rows), "purchases on Sundays"),
        ),
    )


@told_of(_merchants, lambda v: 2 <= v.n <= 20)
def weekday_of_a_day(book: Book, v: Group) -> None:
    row = v.rows[-1]

    def line(day: int, at: str) -> Line:
        text = f"The latest payment to {name(v.key or '')} went through on a {_DAYS[day]} at {at}, for {euro(row.cents)}."
        return text, both(same(_DAYS[day], _DAYS[row.at.weekday()], "day of the week"), same(at, clock(row.at), "clock"))

    base = book.true(v, line(row.at.weekday(), clock(row.at)))
    book.false(base, "date", line((row.at.weekday() + 3) % 7, clock(row.at)))
    book.false(base, "number", line(row.at.weekday(), clock(row.at.replace(hour=(row.at.hour + 5) % 24))))


@told_of(_merchants, lambda v: v.n >= 6 and v.n == len(v.days) and _every(3, 12)(v))
def pace_and_price(book: Book, v: Group) -> None:
    days, mean = round(usual_gap(v.rows)), round(total(v.rows) / v.n / 100)

    def line(rows: Sequence[Row], days: int, price: int) -> Line:
        text = f"Every {word(days)} days or so, around €{price} is left at {name(v.key or '')}, most recently on {british(v.last)}."
        return text, both(
            pace(days, rows),
            about(price, total(rows) / len(rows) / 100, "mean in euros"),
            same(v.last, max(r.day for r in rows), "last day"),
        )

    base = book.true(v, line(v.rows, days, mean))
    book.false(base, "number", line(v.rows, days * 2, mean))
    book.false(base, "number", line(v.rows, days, mean * 2))
