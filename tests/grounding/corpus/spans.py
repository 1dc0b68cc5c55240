"""Quarters, halves of a year, parts of a month; and counts that cite a statistic instead of rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from .book import MOST_ROWS, Book, Line, statistic, told_of
from .verdicts import Verdict, about, at_least, at_most, both, exact, more, none, over, same, some
from .words import capital, name, often, word
from .world import LAST_DAY, Group, Row, World, total, within


def _merchants(world: World) -> list[Group]:
    return [group for group in world.merchants if group.n <= MOST_ROWS]


def _frequent(world: World) -> list[Group]:
    return [group for group in [*world.merchants, *world.categories] if group.n >= 32]


def _busy(world: World) -> list[Group]:
    return [group for group in world.spenders if group.n > MOST_ROWS]


def _first_quarter(rows: Sequence[Row]) -> list[Row]:
    return within(rows, date(2026, 1, 1), date(2026, 3, 31))


@told_of(_merchants, lambda v: v.n >= 6 and 3 <= len(_first_quarter(v.rows)) < v.n, 3)
def in_q1(book: Book, v: Group) -> None:
    hits = _first_quarter(v.rows)

    def line(n: int, quarter: str) -> Line:
        found = {"Q1 2026": len(hits), "Q4 2025": len(within(v.rows, date(2025, 10, 1), date(2025, 12, 31)))}[quarter]
        return f"{n} transactions with {name(v.key or '')} in {quarter}.", exact(n, found, f"purchases in {quarter}")

    base = book.true(v, line(len(hits), "Q1 2026"), cites=v.rows)
    book.false(base, "number", line(len(hits) + 3, "Q1 2026"))
    book.false(base, "date", line(len(hits), "Q4 2025"))


@told_of(_merchants, lambda v: v.n >= 6 and v.last <= date(2025, 12, 31) and v.last >= date(2025, 11, 1), 2)
def by_the_end_of_2025(book: Book, v: Group) -> None:
    def line(when: str, day: date) -> Line:
        text = f"By {when} the visits to {name(v.key or '')} had come to an end."
        return text, both(none(sum(row.day > day for row in v.rows), f"purchases after {day}"), some(v.n, "purchases before"))

    base = book.true(v, line("the end of 2025", date(2025, 12, 31)), cites=[*v.rows, statistic(v.dim, v.key)])
    book.false(base, "date", line("the end of August 2025", date(2025, 8, 31)))
    text = f"It was not until the end of 2025 that the visits to {name(v.key or '')} began."
    book.false(base, "direction", (text, Verdict(v.first >= date(2025, 12, 1), f"first day: {v.first}")))


@told_of(_merchants, lambda v: v.n >= 3 and any(row.day.month == 10 and 11 <= row.day.day <= 20 for row in v.rows), 2)
def mid_october(book: Book, v: Group) -> None:
    def line(said: str, start: date, end: date) -> Line:
        return f"A purchase at {name(v.key or '')} was made in {said}.", some(
            len(within(v.rows, start, end)), f"purchases from {start} to {end}"
        )

    others = [("mid-July 2025", date(2025, 7, 8), date(2025, 7, 23)), ("mid-February 2026", date(2026, 2, 8), date(2026, 2, 22)),
              ("late May 2026", date(2026, 5, 15), LAST_DAY), ("mid-December 2025", date(2025, 12, 8), date(2025, 12, 23))]  # fmt: skip
    base = book.true(v, line("mid-October 2025", date(2025, 10, 11), date(2025, 10, 20)))
    book.false(base, "date", line(*next(one for one in others if not within(v.rows, one[1], one[2]))))


@told_of(_merchants, lambda v: v.n in {4, 5, 6}, 3)
def a_handful(book: Book, v: Group) -> None:
    def line(said: str, low: int, high: int) -> Line:
        text = f"{said} of purchases at {name(v.key or '')} since the summer of 2025."
        return text, both(at_least(low, v.n, "purchases"), at_most(high, v.n, "purchases"))

    base = book.true(v, line("A handful", 3, 7))
    book.false(base, "quantity", line("Dozens", 24, 200))
    book.false(base, "quantity", line("Hundreds", 200, 2000))


@told_of(_frequent, lambda _: True, 3)
def count_stands_at(book: Book, v: Group) -> None:
    where = f"at {name(v.key or '')}" if v.dim == "merchant" else f"in {v.key}"

    def line(n: int) -> Line:
        return f"So far the count stands at {n} purchases {where}.", exact(n, v.n, "purchases")

    base = book.true(v, line(v.n), cites=[statistic(v.dim, v.key)])
    book.false(base, "number", line(v.n - 20))
    book.false(base, "number", line(v.n * 2))


@told_of(_frequent, lambda _: True, 3)
def well_over(book: Book, v: Group) -> None:
    where = f"the {name(v.key or '')} till" if v.dim == "merchant" else f"merchants in {v.key}"
    low = (v.n - 1) // 10 * 10

    def line(n: int) -> Line:
        return f"More than {n} payments have gone to {where}.", over(n, v.n, "purchases")

    base = book.true(v, line(low), cites=[statistic(v.dim, v.key)])
    book.false(base, "number", line(low * 3))
    text = f"Fewer than {low // 2} payments have gone to {where}."
    book.false(base, "comparison", (text, Verdict(v.n < low // 2, f"purchases: {v.n}, said fewer than {low // 2}")))


@told_of(_busy, lambda _: True, 3)
def all_transactions(book: Book, v: Group) -> None:
    def line(n: int) -> Line:
        return f"The account shows {n} purchases in total.", exact(n, v.n, "purchases")

    base = book.true(v, line(v.n), cites=[statistic(None, None)])
    book.false(base, "number", line(v.n + 30))
    other = next(w for w in _busy(book.world) if abs(w.n - v.n) >= 20)
    book.told[other.user_id] += 1
    book.false(base, "user", (line(v.n)[0], exact(v.n, other.n, "purchases")), user_id=other.user_id)


@told_of(_busy, lambda v: abs(round(v.n, -1) - v.n) <= 2, 3)
def active_for(book: Book, v: Group) -> None:
    def line(said: str, n: int) -> Line:
        return f"Pays for something {said}.", about(n, v.n, "purchases in the year")

    said = round(v.n, -1)
    base = book.true(v, line(f"around {said} times a year", said), cites=[statistic(None, None)])
    book.false(base, "unit", line(f"around {said} times a month", said * 12))
    book.false(base, "unit", line(f"around {said} times a week", said * 52))


@told_of(_merchants, lambda v: v.n >= 6 and v.last > date(2026, 4, 1) and v.first < date(2025, 10, 1), 2)
def second_half_of_2025(book: Book, v: Group) -> None:
    late = len(within(v.rows, date(2025, 7, 1), date(2025, 12, 31)))

    def line(n: int) -> Line:
        return f"Bought at {name(v.key or '')} {often(n)} in the second half of 2025.", exact(
            n, late, "purchases from July to December 2025"
        )

    base = book.true(v, line(late))
    book.false(base, "number", line(late + 4))


@told_of(_merchants, lambda v: 4 <= v.n <= 30 and total(v.rows) > 10_000, 2)
def two_largest(book: Book, v: Group) -> None:
    high = sorted((row.cents for row in v.rows), reverse=True)

    def line(rank: str, cents: int) -> Line:
        found = {"second-highest": high[1], "lowest": high[-1]}[rank]
        return f"The {rank} amount paid to {name(v.key or '')} is {cents / 100:.2f} EUR.", exact(cents, found, f"{rank} in cents")

    if len({*high[:3], high[-1]}) < 4:
        raise StopIteration
    base = book.true(v, line("second-highest", high[1]))
    book.false(base, "order", line("second-highest", high[0]))
    book.false(base, "aggregation", line("lowest", high[1]))


@told_of(_merchants, lambda v: 4 <= v.n <= 20, 3)
def split_of_halves(book: Book, v: Group) -> None:
    early, late = within(v.rows, date(2025, 6, 1), date(2025, 12, 31)), within(v.rows, date(2026, 1, 1), LAST_DAY)

    def line(first: int, second: int) -> Line:
        text = f"{capital(word(first))} of the purchases at {name(v.key or '')} belong to 2025, the other {word(second)} to 2026."
        return text, both(exact(first, len(early), "purchases in 2025"), exact(second, len(late), "purchases in 2026"))

    if len(early) == len(late) or min(len(early), len(late)) < 2:
        raise StopIteration
    base = book.true(v, line(len(early), len(late)))
    book.false(base, "order", line(len(late), len(early)))
    way = more(len(late), len(early), "purchases in 2026 and 2025")
    if way.truth is False:
        book.false(base, "comparison", (f"Most of the purchases at {name(v.key or '')} belong to 2026 rather than 2025.", way))


@told_of(_merchants, lambda v: v.n >= 5, 2)
def opening_payment(book: Book, v: Group) -> None:
    def line(first: Row) -> Line:
        text = f"The relationship with {name(v.key or '')} opened with a payment of {first.cents} cents on {first.day:%m/%d/%Y}."
        return text, same(first.row_id, v.rows[0].row_id, "first row")

    base = book.true(v, line(v.rows[0]))
    book.false(base, "order", line(v.rows[-1]))
