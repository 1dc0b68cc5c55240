"""Money: sums, averages, the largest and the smallest, limits, and what was given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from statistics import median

from .book import Book, Line, told_of, whole
from .verdicts import Verdict, about, at_least, at_most, both, exact, more, none, over, same, some
from .words import american, british, capital, euro, iso, month, name, often, plain_euro, word
from .world import LAST_DAY, Group, Row, World, month_end, total, within


def _merchants(world: World) -> list[Group]:
    return world.merchants


def _categories(world: World) -> list[Group]:
    return world.categories


def _spenders(world: World) -> list[Group]:
    return world.spenders


def _returners(world: World) -> list[Group]:
    """What was given back by users to merchants, each row naming the purchase that it takes back."""
    found = []
    for user in world.users:
        backs: dict[str, list[Row]] = {}
        for row in world.of(user, "refund"):
            if (
                row.merchant
                and row.currency == "EUR"
                and row.category in {"clothing", "shoes", "electronics", "sports", "home", "travel", "books"}
            ):
                backs.setdefault(row.merchant, []).append(row)
        found += [Group(user, "refunds", key, tuple(rows)) for key, rows in sorted(backs.items()) if all(row.refers_to for row in rows)]
    return found


def _mean(rows: Iterable[Row]) -> float:
    cents = [row.cents for row in rows]
    return sum(cents) / len(cents) / 100


def _apart(v: Group) -> bool:
    """Mean and median are told apart."""
    return _mean(v.rows) >= 1.45 * median(row.cents for row in v.rows) / 100


@told_of(_merchants, lambda v: 3 <= v.n <= 12)
def total_exact(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], cents: int) -> Line:
        return f"Total spend at {name(v.key or '')}: {plain_euro(cents)}.", exact(cents, total(rows), "cents in total")

    base = book.true(v, line(v.rows, v.total))
    book.false(base, "number", line(v.rows, v.total + 1250))
    book.false(
        base,
        "aggregation",
        (f"Average spend at {name(v.key or '')}: {plain_euro(v.total)}.", exact(v.total / 100, _mean(v.rows), "mean in euros")),
    )
    book.of_another(base, v, lambda rows: line(rows, v.total))
    book.false(base, "evidence", line(v.rows[:2], v.total), cites=v.rows[:2])


@told_of(_merchants, lambda v: 10 <= v.n <= 40 and abs(round(v.total, -3) / v.total - 1) <= 0.05)
def total_about(book: Book, v: Group) -> None:
    def line(rows: Sequence[Row], euros: int) -> Line:
        return f"All in all, roughly {euros} euros ended up at {name(v.key or '')}.", about(euros, total(rows) / 100, "euros in total")

    said = round(v.total, -3) // 100
    base = book.true(v, line(v.rows, said))
    book.false(base, "number", line(v.rows, said * 3))
    book.false(base, "unit", (f"All in all, roughly {said} cents ended up at {name(v.key or '')}.", about(said, v.total, "cents in total")))
    book.false(base, "evidence", line(v.rows[: v.n // 3], said), cites=v.rows[: v.n // 3])


@told_of(_merchants, lambda v: 8 <= v.n <= 40 and _mean(v.rows) < 30 and abs(round(_mean(v.rows)) / _mean(v.rows) - 1) < 0.04)
def average_basket(book: Book, v: Group) -> None:
    def line(euros: int) -> Line:
        return f"The average basket at {name(v.key or '')} is around €{euros}.", about(euros, _mean(v.rows), "mean in euros")

    said = round(_mean(v.rows))
    base = book.true(v, line(said))
    book.false(base, "number", line(said + max(4, said)))
    book.false(
        base,
        "aggregation",
        (f"The total bill at {name(v.key or '')} over the year is around €{said}.", about(said, v.total / 100, "total in euros")),
    )


@told_of(_categories, lambda v: 7 <= v.n <= 40 and v.n % 2 == 1 and _apart(v))
def median_payment(book: Book, v: Group) -> None:
    middle = int(median(row.cents for row in v.rows))

    def line(what: str, found: float) -> Line:
        return f"The {what} {v.key} payment is {euro(middle)}.", exact(middle / 100, round(found, 2), f"{what} in euros")

    base = book.true(v, line("median", middle / 100))
    book.false(base, "aggregation", line("average", _mean(v.rows)))
    book.false(base, "aggregation", line("largest", max(row.cents for row in v.rows) / 100))


@told_of(_categories, lambda v: 5 <= v.n <= 40 and max(r.cents for r in v.rows) > 1.2 * sorted(r.cents for r in v.rows)[-2])
def largest_payment(book: Book, v: Group) -> None:
    top = max(v.rows, key=lambda row: row.cents)
    low = min(v.rows, key=lambda row: row.cents)

    def line(what: str, row: Row, found: Row) -> Line:
        text = f"The {what} {v.key} bill so far was {euro(row.cents)} at {name(row.merchant or '')} on {british(row.day)}."
        return text, both(same(row.row_id, found.row_id, f"row of the {what} amount"))

    base = book.true(v, line("biggest", top, top))
    book.false(base, "aggregation", line("smallest", top, low))
    book.false(base, "aggregation", line("biggest", low, top))
    book.false(base, "date", (f"The biggest {v.key} bill so far was {euro(top.cents)} at {name(top.merchant or '')} on {british(top.day.replace(day=top.day.day % 27 + 1))}.",
                              same(top.day.replace(day=top.day.day % 27 + 1), top.day, "day of the largest amount")))  # fmt: skip


@told_of(_merchants, lambda v: 5 <= v.n <= 40)
def cheapest_payment(book: Book, v: Group) -> None:
    low, high = min(row.cents for row in v.rows), max(row.cents for row in v.rows)

    def line(low: int, high: int) -> Line:
        found = sorted(row.cents for row in v.rows)
        text = f"Amounts at {name(v.key or '')} range from {euro(low)} to {euro(high)}."
        return text, both(exact(low, found[0], "smallest in cents"), exact(high, found[-1], "largest in cents"))

    base = book.true(v, line(low, high))
    book.false(base, "number", line(low, high + 1500))
    book.false(base, "aggregation", line(low, (low + high) // 2))


@told_of(_merchants, lambda v: 6 <= v.n <= 40 and 700 <= max(r.cents for r in v.rows) <= 2500)
def never_more_than(book: Book, v: Group) -> None:
    top = max(row.cents for row in v.rows)
    limit = top // 500 * 5 + 5

    def line(said: str, euros: int) -> Line:
        verdict = (
            at_most(euros * 100, top, "largest in cents")
            if said == "never"
            else at_least(euros * 100, min(r.cents for r in v.rows), "smallest in cents")
        )
        return f"At {name(v.key or '')} the amount {said} exceeds {euros} euros.", verdict

    base = book.true(v, line("never", limit))
    book.false(base, "number", line("never", top // 300))
    book.false(base, "negation", line("always", limit))
    book.false(base, "unit", (f"At {name(v.key or '')} the amount never exceeds {limit} cents.", at_most(limit, top, "largest in cents")))


@told_of(_categories, lambda v: v.n <= 60 and 100_000 < v.total <= 149_000 and v.total % 100_000 > 8_000, 3)
def over_k(book: Book, v: Group) -> None:
    said = v.total // 10_000 / 10

    def line(kilo: float) -> Line:
        return f"Over {kilo:g}k EUR spent on {v.key}.", over(kilo * 1000, v.total / 100, "euros in total")

    base = book.true(v, line(said))
    book.false(base, "number", line(said + 2))
    book.false(base, "unit", (f"Over {said:g}m EUR spent on {v.key}.", over(said * 1_000_000, v.total / 100, "euros in total")))


@told_of(_categories, lambda v: v.n <= 60 and sum(r.cents > 10_000 for r in v.rows) in {2, 3, 4} and v.n >= 6)
def payments_above(book: Book, v: Group) -> None:
    hits = sum(row.cents > 10_000 for row in v.rows)

    def line(n: int, said: str) -> Line:
        found = hits if said == "above" else v.n - hits
        return f"{capital(word(n))} {v.key} purchases were {said} the 100 euro mark.", exact(n, found, f"purchases {said} 100 euros")

    base = book.true(v, line(hits, "above"))
    book.false(base, "number", line(hits + 3, "above"))
    if hits != v.n - hits:
        book.false(base, "comparison", line(hits, "below"))


@told_of(_merchants, lambda v: 4 <= v.n <= 40)
def single_amount(book: Book, v: Group) -> None:
    row = v.rows[-1]

    def line(amount: str, cents: int, sign: str = "€") -> Line:
        text = f"{name(v.key or '')} charged {amount} on {iso(row.day)}."
        hits = sum(sign == "€" for one in book.world.paid(v.user_id, v.key, row.day) if one == cents)
        return text, some(hits, f"payments of {sign}{cents / 100} on that day, all of them in euros")

    base = book.true(v, line(euro(row.cents), row.cents), cites=[row])
    book.false(base, "number", line(euro(row.cents + 300), row.cents + 300))
    book.false(base, "unit", line(f"${row.cents / 100:.2f}", row.cents, "$"))
    book.false(base, "unit", line(f"{row.cents / 100:.0f} cents", round(row.cents / 100)))


@told_of(_merchants, lambda v: 3 <= v.n <= 40 and any(r.cents < 1000 for r in v.rows))
def in_cents(book: Book, v: Group) -> None:
    row = next(row for row in v.rows if row.cents < 1000)

    def line(number: int, unit: str) -> Line:
        cents = number * {"cents": 1, "euros": 100}[unit]
        text = f"One payment to {name(v.key or '')}, on {american(row.day)}, came to {number} {unit}."
        return text, some(book.world.paid(v.user_id, v.key, row.day).count(cents), f"payments of {cents} cents on that day")

    base = book.true(v, line(row.cents, "cents"), cites=[row])
    book.false(base, "number", line(row.cents + 45, "cents"))
    book.false(base, "unit", line(row.cents, "euros"))


def _halves(v: Group) -> tuple[int, int]:
    return total(within(v.rows, date(2025, 6, 1), date(2025, 11, 30))), total(within(v.rows, date(2025, 12, 1), LAST_DAY))


@told_of(_categories, lambda v: 8 <= v.n <= 60 and min(_halves(v)) > 0 and _halves(v)[1] >= 2 * _halves(v)[0], 3)
def spending_rose(book: Book, v: Group) -> None:
    before, after = (round(part / 100) for part in _halves(v))

    def line(said: str, first: int, second: int) -> Line:
        text = f"Spending on {v.key} {said} from about €{first} in June–November 2025 to about €{second} in the six months after."
        way = (
            more(after, before, "second and first half in euros")
            if said == "went up"
            else more(before, after, "first and second half in euros")
        )
        return text, both(way, about(first, before, "first half in euros"), about(second, after, "second half in euros"))

    base = book.true(v, line("went up", before, after))
    book.false(base, "direction", line("went down", before, after))
    book.false(base, "direction", line("went down", after, before))
    book.false(base, "number", line("went up", before, after * 2))


@told_of(_merchants, lambda v: 8 <= v.n <= 60 and min(_halves(v)) > 0 and _halves(v)[0] >= 2 * _halves(v)[1], 3)
def spending_fell(book: Book, v: Group) -> None:
    before, after = _halves(v)

    def line(said: str) -> Line:
        verdict = more(before, after, "cents before and after") if said == "less" else more(after, before, "cents after and before")
        return f"Since December, {name(v.key or '')} has seen {said} of this customer's money than in the half-year before.", verdict

    base = book.true(v, line("less"))
    book.false(base, "direction", line("more"))


@told_of(_spenders, lambda v: len(within(v.rows, date(2025, 12, 1), date(2025, 12, 31))) >= 4)
def total_of_december(book: Book, v: Group) -> None:
    def line(start: date, cents: int) -> Line:
        rows = within(v.rows, start, month_end(start))
        return f"Purchases in {month(start)} added up to {euro(cents)}.", exact(cents, total(rows), f"cents in {start:%Y-%m}")

    cited = within(v.rows, date(2025, 12, 1), date(2025, 12, 31))
    base = book.true(v, line(date(2025, 12, 1), total(cited)), cites=cited)
    book.false(base, "number", line(date(2025, 12, 1), total(cited) - 2500))
    book.false(base, "date", line(date(2026, 1, 1), total(cited)), cites=[*cited, *within(v.rows, date(2026, 1, 1), date(2026, 1, 31))])
    average = (
        f"The average purchase in December 2025 was {euro(total(cited))}.",
        exact(total(cited), total(cited) / len(cited), "mean in cents"),
    )
    book.false(base, "aggregation", average)


@told_of(_spenders, lambda v: v.n <= 60)
def year_total(book: Book, v: Group) -> None:
    def line(n: int, cents: int) -> Line:
        text = f"{n} purchases, adding up to some {cents / 100_000:.1f}k euros, are on record."
        return text, both(exact(n, v.n, "purchases"), about(round(cents / 100_000, 1), v.total / 100_000, "thousand euros in total"))

    base = book.true(v, line(v.n, v.total))
    book.false(base, "number", line(v.n - 6, v.total))
    book.false(base, "number", line(v.n, v.total * 2))
    book.false(base, "evidence", (base["text"], exact(v.n, len(v.rows[: v.n // 2]), "cited purchases")), cites=v.rows[: v.n // 2])


@told_of(_spenders, lambda v: v.n <= 60 and max(r.cents for r in v.rows) > 1.3 * sorted(r.cents for r in v.rows)[-2])
def largest_of_all(book: Book, v: Group) -> None:
    top = max(v.rows, key=lambda row: row.cents)
    usual = sorted(v.rows, key=lambda row: row.cents)[v.n // 2]

    def line(row: Row) -> Line:
        text = f"No purchase was larger than the one of {euro(row.cents)} in {month(row.day)}."
        return text, at_most(row.cents, top.cents, "largest in cents")

    base = book.true(v, line(top))
    book.false(base, "aggregation", line(usual))
    text = f"No purchase was smaller than the one of {euro(top.cents)} in {month(top.day)}."
    book.false(base, "comparison", (text, at_least(top.cents, min(row.cents for row in v.rows), "smallest in cents")))


@told_of(_returners, lambda v: v.n >= 2, 3)
def sent_back(book: Book, v: Group) -> None:
    bought = {row.key: row for row in book.world.of(v.user_id, "purchase")}
    pairs = [*v.rows, *(bought[row.refers_to] for row in v.rows if row.refers_to in bought)]

    def line(n: int, where: str) -> Line:
        return f"Sent purchases back to {where} {often(n)}.", both(exact(n, v.n, "refunds"), same(where, name(v.key or ""), "merchant"))

    other = next(m for m in book.world.merchants if m.user_id == v.user_id)
    base = book.true(v, line(v.n, name(v.key or "")), cites=pairs)
    book.false(base, "number", line(v.n + 2, name(v.key or "")))
    book.false(base, "entity", line(v.n, name(other.key or "")))
    book.false(base, "negation", (f"Has never sent anything back to {name(v.key or '')}.", none(v.n, "refunds")))


@told_of(_returners, lambda v: v.n >= 1, 3)
def money_back(book: Book, v: Group) -> None:
    row = v.rows[0]

    def line(cents: int, day: date) -> Line:
        text = f"Got {plain_euro(cents)} refunded by {name(v.key or '')} on {british(day)}."
        return text, both(exact(cents, -row.cents, "cents given back"), same(day, row.day, "day"))

    base = book.true(v, line(-row.cents, row.day), cites=[row])
    book.false(base, "number", line(-row.cents + 900, row.day))
    book.false(base, "direction", (f"Paid {plain_euro(-row.cents)} to {name(v.key or '')} on {british(row.day)}.", _paid(book, v, row)))


def _paid(book: Book, v: Group, back: Row) -> Verdict:
    hits = [row for row in book.world.of(v.user_id, "purchase") if (row.merchant, row.day, row.cents) == (v.key, back.day, -back.cents)]
    return Verdict(bool(hits), f"purchases of that amount on that day: {len(hits)}; the row is a refund")


@told_of(_merchants, lambda v: 6 <= v.n <= 60 and v.rows[0].category in {"clothing", "shoes", "electronics"})
def never_sent_back(book: Book, v: Group) -> None:
    backs = sum(row.merchant == v.key for row in book.world.of(v.user_id, "refund", "cancellation"))

    def line(said: str) -> Line:
        verdict = none(backs, "given back") if said == "kept everything" else Verdict(backs > 0, f"given back: {backs}")
        return (
            f"Has {said} bought at {name(v.key or '')}; {'no refunds so far' if backs == 0 and said == 'kept everything' else 'refunds followed'}.",
            verdict,
        )

    base = book.true(v, line("kept everything"), cites=whole(v))
    book.false(base, "negation", line("returned things"))
