"""How often: purchases at a merchant, of a category, in a span of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from .book import Book, Line, statistic, told_of
from .verdicts import about, at_least, both, every, exact, hardly, most, nearly, none, over, same, some
from .words import american, british, capital, iso, listed, month, name, often, word
from .world import Group, Row, World, month_end, within

_OTHERS = ["Gelato Mio", "Hotel Meridian", "Pixelhaus", "Citybike", "Toy Island"]


def _merchants(world: World) -> list[Group]:
    return world.merchants


def _categories(world: World) -> list[Group]:
    return world.categories


def another(book: Book, group: Group, least: int = 3) -> Group:
    """Another merchant or category of the same user."""
    groups = book.world.merchants if group.dim == "merchant" else book.world.categories
    return next(one for one in groups if one.user_id == group.user_id and one.key != group.key and one.n >= least)


def absent(book: Book, user_id: str) -> str:
    """A merchant where the user never was."""
    known = {name(row.merchant or "") for row in book.world.rows[user_id]}
    return next(one for one in _OTHERS if one not in known)


@told_of(_merchants, lambda v: 8 <= v.n <= 40)
def between_months(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], n: int) -> Line:
        where = name(rows[0].merchant or "")
        return f"Paid at {where} {n} times between {month(v.first)} and {month(v.last)}.", exact(n, len(rows), f"purchases at {where}")

    base = book.true(v, line(v.rows, v.n))
    book.false(base, "number", line(v.rows, v.n + 4))
    book.false(base, "entity", line(another(book, v, 1).rows, v.n))
    book.of_another(base, v, lambda rows: line(rows, v.n), own=False)


@told_of(_merchants, lambda v: 9 <= v.n <= 20)
def number_word_payments(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], n: int) -> Line:
        return f"{capital(word(n))} payments so far have gone to {name(v.key or '')}.", exact(n, len(rows), "purchases")

    base = book.true(v, line(v.rows, v.n))
    book.false(base, "number", line(v.rows, v.n - 2))
    book.false(base, "evidence", line(v.rows[: v.n // 2], v.n), cites=v.rows[: v.n // 2])


@told_of(_merchants, lambda v: v.n in {20, 21, 29, 30, 31, 40})
def about_so_many(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], n: int) -> Line:
        return f"There were about {n} purchases at {name(v.key or '')} during these twelve months.", about(n, len(rows), "purchases")

    base = book.true(v, line(v.rows, round(v.n, -1)))
    book.false(base, "number", line(v.rows, 2 * round(v.n, -1)))
    book.of_another(base, v, lambda rows: line(rows, round(v.n, -1)))
    book.false(base, "evidence", line(v.rows[:8], round(v.n, -1)), cites=v.rows[:8])


@told_of(_merchants, lambda v: 5 <= v.n <= 9)
def shows_up(book: Book, v: Group) -> None:
    def line(n: int, first: date, last: date) -> Line:
        text = f"{name(v.key or '')} shows up {often(n)} on the account, first on {british(first)} and most recently on {british(last)}."
        return text, both(exact(n, v.n, "purchases"), same(first, v.first, "first day"), same(last, v.last, "last day"))

    base = book.true(v, line(v.n, v.first, v.last))
    book.false(base, "number", line(v.n + 2, v.first, v.last))
    book.false(base, "date", line(v.n, v.first, date(2026, 5, 27) if v.last < date(2026, 5, 20) else date(2026, 3, 4)))


@told_of(_merchants, lambda v: v.months["2025-09"] == len({r.day for r in v.rows if f"{r.at:%Y-%m}" == "2025-09"}) == 2 and v.n >= 4)
def went_in_september(book: Book, v: Group) -> None:
    def line(n: int, start: date) -> Line:
        found = len(within(v.rows, start, month_end(start)))
        return f"Went to {name(v.key or '')} {often(n)} in {month(start)}.", exact(n, found, f"purchases in {iso(start)[:7]}")

    base = book.true(v, line(2, date(2025, 9, 1)))
    book.false(base, "number", line(5, date(2025, 9, 1)))
    book.false(
        base, "date", line(2, next(day for day in (date(2026, 2, 1), date(2025, 7, 1), date(2025, 11, 1)) if v.months[f"{day:%Y-%m}"] != 2))
    )


@told_of(_merchants, lambda v: 12 <= v.n <= 16)
def at_least_a_dozen(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], said: str, n: int) -> Line:
        return f"Has paid {name(v.key or '')} at least {said} times.", at_least(n, len(rows), "purchases")

    base = book.true(v, line(v.rows, "a dozen", 12))
    book.false(base, "number", line(v.rows, "thirty", 30))
    book.false(base, "evidence", line(v.rows[-4:], "a dozen", 12), cites=v.rows[-4:])


@told_of(_merchants, lambda v: v.n == 1)
def just_one_visit(book: Book, v: Group) -> None:
    def line(day: date, where: str) -> Line:
        days = [row.day for row in book.world.of(v.user_id, "purchase") if name(row.merchant or "") == where]
        return f"Only a single visit to {where}, on {american(day)}.", both(same([day], days, f"days at {where}"))

    base = book.true(v, line(v.first, name(v.key or "")), cites=[v.rows[0], statistic(v.dim, v.key)])
    book.false(base, "date", line(v.first.replace(day=v.first.day % 28 + 1), name(v.key or "")))
    book.false(base, "entity", line(v.first, absent(book, v.user_id)))


@told_of(_merchants, lambda v: v.n >= 8 and len([r for r in v.rows if "GmbH" in (r.text or "")]) >= 2)
def raw_descriptor(book: Book, v: Group) -> None:
    def line(text: str, n: int) -> Line:
        rows = [row for row in v.rows if row.text == text]
        return f"The descriptor “{text}” appears {often(n)} among the transactions.", exact(n, len(rows), f"rows with the text {text!r}")

    texts = [row.text or "" for row in v.rows if "GmbH" in (row.text or "")]
    n = texts.count(texts[0])
    base = book.true(v, line(texts[0], n))
    book.false(base, "number", line(texts[0], n + 3))


@told_of(_merchants, lambda v: v.n in {19, 28, 29, 37, 38, 39})
def nearly_so_many(book: Book, v: Group) -> None:
    def line(n: int) -> Line:
        return f"Almost {n} payments to {name(v.key or '')} to date.", nearly(n, v.n, "purchases")

    said = -(-v.n // 10) * 10
    base = book.true(v, line(said))
    book.false(base, "number", line(said * 2))


@told_of(_categories, lambda v: 21 <= v.n <= 26, 3)
def over_twenty_of_category(book: Book, v: Group) -> None:
    def line(n: str, number: int) -> Line:
        return f"Made over {n} purchases in {v.key}.", over(number, v.n, f"purchases of {v.key}")

    base = book.true(v, line("twenty", 20))
    book.false(base, "number", line("fifty", 50))
    book.false(base, "number", line("100", 100))


@told_of(_categories, lambda v: v.key in {"coffee", "books", "fuel", "bakery"} and 6 <= v.n <= 30)
def count_of_category_in_half(book: Book, v: Group) -> None:
    later = within(v.rows, date(2026, 1, 1), date(2026, 5, 31))

    def line(n: int) -> Line:
        text = f"In the first five months of 2026 the customer bought from {v.key} merchants {often(n)}."
        return text, exact(n, len(later), "purchases from January to May 2026")

    base = book.true(v, line(len(later)))
    book.false(base, "number", line(len(later) + 3))


@told_of(_merchants, lambda v: v.n >= 10 and v.n == len(v.days) and max(v.months.values()) >= 4)
def busiest_month_count(book: Book, v: Group) -> None:
    key, n = max(v.months.items(), key=lambda pair: (pair[1], pair[0]))
    start = date.fromisoformat(f"{key}-01")

    def line(said: int) -> Line:
        return f"{capital(word(said))} visits to {name(v.key or '')} fell in {start:%m/%Y} alone.", exact(
            said, v.months[key], f"purchases in {key}"
        )

    base = book.true(v, line(n))
    book.false(base, "number", line(n + 3))


@told_of(_merchants, lambda v: 10 <= v.n <= 40 and all(r.at.hour < 22 for r in v.rows), 2)
def never_at_night(book: Book, v: Group) -> None:
    def line(said: str) -> Line:
        late = sum(row.at.hour >= 22 for row in v.rows)
        verdict = none(late, "purchases from 22:00 on") if said == "never" else every(late, v.n, "purchases from 22:00 on")
        return f"Payments at {name(v.key or '')} are {said} made after 10 pm.", verdict

    base = book.true(v, line("never"))
    book.false(base, "negation", line("always"))
    book.false(
        base,
        "quantity",
        (
            f"Payments at {name(v.key or '')} are mostly made after 10 pm.",
            most(sum(row.at.hour >= 22 for row in v.rows), v.n, "purchases from 22:00 on"),
        ),
    )


@told_of(_categories, lambda v: v.n >= 12 and 0 < 20 * len([r for r in v.rows if r.at.weekday() == 6]) <= 2 * v.n, 2)
def hardly_on_sundays(book: Book, v: Group) -> None:
    sundays = sum(row.at.weekday() == 6 for row in v.rows)

    def line(said: str) -> Line:
        text = f"{said} spends on {v.key} on a Sunday."
        return text, hardly(sundays, v.n, "purchases on Sundays") if said == "Hardly ever" else none(sundays, "purchases on Sundays")

    base = book.true(v, line("Hardly ever"))
    book.false(base, "quantity", line("Never once"))
    book.false(base, "quantity", (f"Almost always spends on {v.key} on a Sunday.", every(sundays, v.n, "purchases on Sundays")))


@told_of(_merchants, lambda v: 3 <= v.n <= 30)
def no_numbers_two_shops(book: Book, v: Group) -> None:
    other = another(book, v)

    def line(first: str, second: str) -> Line:
        names = {row.merchant: 1 for row in (*v.rows, *other.rows)}
        found = [some(sum(name(key or "") == said for key in names), f"purchases at {said}") for said in (first, second)]
        return f"Shops at {first} and {second}.", both(*found)

    base = book.true(v, line(name(v.key or ""), name(other.key or "")), cites=[*v.rows[:12], *other.rows[:12]])
    book.false(base, "entity", line(name(v.key or ""), absent(book, v.user_id)))
    book.false(
        base,
        "evidence",
        (base["text"], some(sum(row.merchant == other.key for row in v.rows[:12]), f"cited purchases at {name(other.key or '')}")),
        cites=v.rows[:12],
    )


@told_of(_merchants, lambda v: v.n >= 3)
def several_in_month(book: Book, v: Group) -> None:
    start = v.first.replace(day=1)
    rows = [r for r in within(book.world.of(v.user_id, "purchase"), start, month_end(start)) if len(r.merchant or "") <= 25 and r.category in
            {"coffee", "bakery", "groceries", "books", "fuel", "transport", "travel", "clothing", "restaurants", "shoes", "home", "sports"}]  # fmt: skip
    names = sorted({name(row.merchant or "") for row in rows})[:3]

    def line(said: list[str]) -> Line:
        seen = {name(row.merchant or "") for row in rows}
        return f"Purchases in {month(start)} included {listed(said)}.", both(
            *(some(sum(one == s for one in seen), f"rows of {s}") for s in said)
        )

    cited = [row for row in rows if name(row.merchant or "") in names]
    base = book.true(v, line(names), cites=cited)
    book.false(base, "entity", line([*names[:-1], absent(book, v.user_id)]))
