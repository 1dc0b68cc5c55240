"""More and less, before and after, first and second."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from .book import Book, Line, told_of
from .verdicts import Verdict, about, at_least, both, earlier, every, more, none, same, some
from .words import capital, euro, listed, month, name
from .world import LAST_DAY, Group, World, total, within


def _merchants(world: World) -> list[Group]:
    return world.merchants


def _categories(world: World) -> list[Group]:
    return world.categories


def _spenders(world: World) -> list[Group]:
    return world.spenders


def _fewer(book: Book, v: Group) -> Group:
    """Another group of the same user, clearly smaller in number."""
    groups = book.world.merchants if v.dim == "merchant" else book.world.categories
    return next(w for w in groups if w.user_id == v.user_id and w.n * 1.5 <= v.n - 2 and w.n + v.n <= 60)


@told_of(_merchants, lambda v: 15 <= v.n <= 40, 3)
def more_often_than(book: Book, v: Group) -> None:
    w = _fewer(book, v)

    def line(first: Group, second: Group, said: str) -> Line:
        text = f"Goes to {name(first.key or '')} {said} often than to {name(second.key or '')}."
        pair = (first.n, second.n) if said == "more" else (second.n, first.n)
        return text, more(*pair, "purchases")

    base = book.true(v, line(v, w, "more"), cites=[*v.rows, *w.rows])
    book.false(base, "comparison", line(w, v, "more"))
    book.false(base, "comparison", line(v, w, "less"))


@told_of(_categories, lambda v: 14 <= v.n <= 40, 3)
def more_of_category(book: Book, v: Group) -> None:
    w = _fewer(book, v)

    def line(first: Group, second: Group) -> Line:
        return f"Buys less {first.key} than {second.key}.", more(second.n, first.n, "purchases")

    def money(first: Group, second: Group) -> Line:
        return f"{capital(first.key or '')} purchases outnumber {second.key} ones.", more(first.n, second.n, "purchases")

    base = book.true(v, money(v, w), cites=[*v.rows, *w.rows])
    book.false(base, "comparison", money(w, v))
    book.false(base, "comparison", (f"There are just as many {v.key} purchases as {w.key} ones.", same(v.n, w.n, "purchases")))


@told_of(_merchants, lambda v: 3 <= v.n <= 30 and v.total > 20_000, 3)
def spends_more_at(book: Book, v: Group) -> None:
    w = next(w for w in book.world.merchants if w.user_id == v.user_id and 2 <= w.n <= 30 and w.total * 2 < v.total)

    def line(first: Group, second: Group) -> Line:
        return f"Leaves more money at {name(first.key or '')} than at {name(second.key or '')}.", more(
            first.total, second.total, "cents in total"
        )

    base = book.true(v, line(v, w), cites=[*v.rows, *w.rows])
    book.false(base, "comparison", line(w, v))


@told_of(_merchants, lambda v: 3 <= v.n <= 30 and v.first > date(2025, 8, 1))
def started_before(book: Book, v: Group) -> None:
    w = next(w for w in book.world.merchants if w.user_id == v.user_id and 2 <= w.n <= 30 and w.first < v.first - timedelta(days=10))

    def line(first: Group, second: Group) -> Line:
        return f"Was at {name(first.key or '')} before ever going to {name(second.key or '')}.", earlier(
            first.first, second.first, "first days"
        )

    base = book.true(v, line(w, v), cites=[*w.rows, *v.rows])
    book.false(base, "order", line(v, w))
    text = f"Only tried {name(w.key or '')} after {name(v.key or '')}."
    book.false(base, "order", (text, earlier(v.first, w.first, "first days")))


def _switch(world: World) -> list[Group]:
    """The first of two merchants of one category of which the second follows the first."""
    found = []
    for v in world.merchants:
        later = [
            w
            for w in world.merchants
            if w.user_id == v.user_id and w.rows[0].category == v.rows[0].category and w.n >= 5 and v.last < w.first
        ]
        if v.n >= 5 and len(later) == 1 and v.n + later[0].n <= 60:
            found.append(v)
    return found


@told_of(_switch, lambda _: True, 3)
def switched_from(book: Book, v: Group) -> None:
    w = next(
        w
        for w in book.world.merchants
        if w.user_id == v.user_id and w.rows[0].category == v.rows[0].category and w.n >= 5 and v.last < w.first
    )

    def line(first: Group, second: Group, when: date) -> Line:
        text = f"Swapped {name(first.key or '')} for {name(second.key or '')} in {month(when)}."
        return text, both(
            earlier(first.last, second.first, "last day of the one and first of the other"), same(month(when), month(w.first), "month")
        )

    base = book.true(v, line(v, w, w.first), cites=[*v.rows, *w.rows])
    book.false(base, "direction", line(w, v, w.first))
    book.false(
        base,
        "direction",
        (f"Left {name(w.key or '')} behind and now goes to {name(v.key or '')}.", earlier(w.last, v.first, "last day and first day")),
    )
    book.false(
        base,
        "order",
        (f"Went to {name(w.key or '')} first and to {name(v.key or '')} afterwards.", earlier(w.first, v.first, "first days")),
    )


def _ranks(v: Group) -> list[tuple[str, int]]:
    return Counter(row.merchant or "" for row in v.rows).most_common()


@told_of(
    _spenders,
    lambda v: (
        v.n <= 60
        and _ranks(v)[0][1] >= 1.3 * _ranks(v)[1][1] + 1
        and _ranks(v)[1][1] > _ranks(v)[2][1]
        and not any("APOTHEKE" in one or "DROGERIE" in one for one, _ in _ranks(v)[:2])
    ),
    3,
)
def most_visited(book: Book, v: Group) -> None:
    (top, n), (second, m) = _ranks(v)[:2]

    def line(first: str, n: int, then: str, m: int) -> Line:
        found = dict(_ranks(v))
        text = f"No merchant is used as often as {name(first)} ({n} payments); {name(then)} comes next with {m}."
        ranks = [key for key, _ in _ranks(v)[:2]]
        return text, both(same([first, then], ranks, "most used merchants"), same((n, m), (found[ranks[0]], found[ranks[1]]), "purchases"))

    base = book.true(v, line(top, n, second, m))
    book.false(base, "order", line(second, n, top, m))
    book.false(base, "number", line(top, n + 3, second, m + 3))


@told_of(_merchants, lambda v: 12 <= v.n <= 40, 2)
def twice_as_often(book: Book, v: Group) -> None:
    w = next(w for w in book.world.merchants if w.user_id == v.user_id and 1.9 <= v.n / w.n <= 2.1)

    def line(said: str, times: float) -> Line:
        text = f"{name(v.key or '')} is used about {said} as often as {name(w.key or '')}."
        return text, about(times, v.n / w.n, "purchases of the one over those of the other")

    base = book.true(v, line("twice", 2), cites=[*v.rows, *w.rows])
    book.false(base, "number", line("five times", 5))
    book.false(base, "comparison", line("half", 0.5))


def _dear(world: World) -> list[Group]:
    return [v for v in world.categories if v.n >= 4]


@told_of(_dear, lambda v: v.n <= 30 and v.mean > 6000, 3)
def dearer_per_visit(book: Book, v: Group) -> None:
    w = next(w for w in book.world.categories if w.user_id == v.user_id and 4 <= w.n <= 30 and w.mean * 2 < v.mean)

    def line(said: str) -> Line:
        pair = (v.mean, w.mean) if said == "higher" else (w.mean, v.mean)
        text = f"The typical {v.key} bill is much {said} than what is paid for {w.key}."
        return text, more(*pair, "means in cents")

    base = book.true(v, line("higher"), cites=[*v.rows, *w.rows])
    book.false(base, "comparison", line("lower"))


@told_of(
    _categories,
    lambda v: (
        8 <= v.n <= 60
        and len(within(v.rows, date(2025, 6, 1), date(2025, 11, 30))) >= 2 * len(within(v.rows, date(2025, 12, 1), LAST_DAY)) + 3
    ),
)
def fewer_than_before(book: Book, v: Group) -> None:
    before, after = len(within(v.rows, date(2025, 6, 1), date(2025, 11, 30))), len(within(v.rows, date(2025, 12, 1), LAST_DAY))

    def line(said: str) -> Line:
        pair = (before, after) if said == "fewer" else (after, before)
        return f"There have been {said} {v.key} purchases since the beginning of December than in the six months before that.", more(
            *pair, "purchases"
        )

    base = book.true(v, line("fewer"))
    book.false(base, "direction", line("more"))
    book.false(
        base,
        "quantity",
        (f"All {v.key} purchases were made since the beginning of December.", every(after, v.n, "purchases since December")),
    )


@told_of(_spenders, lambda v: v.n <= 60 and v.n >= 40, 2)
def month_against_month(book: Book, v: Group) -> None:
    sums = {key: total(row for row in v.rows if f"{row.at:%Y-%m}" == key) for key in v.months}
    high, low = max(sums, key=lambda key: sums[key]), min(sums, key=lambda key: sums[key])

    def line(first: str, second: str) -> Line:
        a, b = (date.fromisoformat(f"{key}-01") for key in (first, second))
        return f"{month(a)} was a more expensive month than {month(b)}.", more(sums[first], sums[second], "cents in these months")

    base = book.true(v, line(high, low), cites=[row for row in v.rows if f"{row.at:%Y-%m}" in {high, low}])
    book.false(base, "comparison", line(low, high))
    lowest = f"Among all months, {month(date.fromisoformat(high + '-01'))} saw the lowest spending."
    book.false(base, "aggregation", (lowest, same(high, low, "month with the lowest sum")), cites=v.rows)


@told_of(_categories, lambda v: v.n >= 8 and v.n <= 60 and len({r.merchant for r in v.rows}) in {2, 3})
def different_places(book: Book, v: Group) -> None:
    names = sorted({name(row.merchant or "") for row in v.rows})

    def line(said: list[str], n: int) -> Line:
        text = f"Purchases in {v.key} come from {['', 'one merchant', 'two merchants', 'three merchants'][n]} only: {listed(said)}."
        return text, both(same(sorted(said), names, "merchants"), same(n, len(names), "number of merchants"))

    base = book.true(v, line(names, len(names)))
    book.false(base, "number", line(names[:-1], len(names) - 1))
    book.false(base, "entity", line([*names[:-1], "Lantern Square"], len(names)))


@told_of(_merchants, lambda v: 5 <= v.n <= 40 and v.n == len(v.days), 2)
def second_visit(book: Book, v: Group) -> None:
    first, second = v.rows[0], v.rows[1]
    if first.cents == second.cents:
        first, second = v.rows[1], v.rows[2]
    low = first.cents > second.cents

    def line(said: str) -> Line:
        text = f"The {'second' if first is v.rows[0] else 'third'} bill at {name(v.key or '')}, {euro(second.cents)}, was {said} than the one before it."
        return text, Verdict((said == "lower") == low, f"cents: {first.cents}, then {second.cents}, said {said}")

    base = book.true(v, line("lower" if low else "higher"))
    book.false(base, "comparison", line("higher" if low else "lower"))
    book.false(
        base,
        "order",
        (
            f"The very first bill at {name(v.key or '')} was the one of {euro(v.rows[-1].cents)}.",
            same(v.rows[-1].cents, v.rows[0].cents, "first in cents"),
        ),
    )


@told_of(_categories, lambda v: 3 <= v.n <= 25 and v.key in {"travel", "books", "sports", "garden", "toys", "pets", "fitness"}, 2)
def neither_nor(book: Book, v: Group) -> None:
    kinds = ["books", "fuel", "travel", "sports", "pets", "fitness", "toys", "garden", "shoes", "ice cream", "gifts", "home"]
    counts = Counter(row.category for row in book.world.of(v.user_id, "purchase"))
    absent = [kind for kind in kinds if not counts[kind]]
    absent = [*absent, "jewellery", "insurance"][:2]

    def line(first: str, second: str) -> Line:
        found = counts[first] + counts[second]
        return f"Spends on neither {first} nor {second}.", none(found, f"purchases of {first} and {second}")

    every_row = book.world.whole(v.user_id)
    cites = every_row.rows if every_row.n <= 60 else [{"statistic": {"dim": "merchant_category", "key": kind}} for kind in absent]
    base = book.true(v, line(*absent), cites=cites)
    book.false(base, "negation", line(absent[0], v.key or ""), cites=[*v.rows])
    book.false(
        base,
        "entity",
        (f"Spends on {absent[0]} as well as {absent[1]}.", both(some(counts[absent[0]], absent[0]), some(counts[absent[1]], absent[1]))),
    )


@told_of(_merchants, lambda v: 4 <= v.n <= 30, 2)
def at_least_one_above(book: Book, v: Group) -> None:
    top = max(row.cents for row in v.rows)

    def line(said: str, euros: int) -> Line:
        hits = sum(row.cents > euros * 100 for row in v.rows)
        verdict = (
            at_least(1, hits, f"purchases above {euros} euros")
            if said == "at least one"
            else every(hits, v.n, f"purchases above {euros} euros")
        )
        return f"{capital(said)} of the payments to {name(v.key or '')} exceeded {euros} euros.", verdict

    low = (top - 1) // 100
    base = book.true(v, line("at least one", low))
    book.false(base, "number", line("at least one", low * 3))
    if sum(row.cents > low * 100 for row in v.rows) < v.n:
        book.false(base, "quantity", line("each", low))
