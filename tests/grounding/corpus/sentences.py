"""Longer sentences: two facts in one, relative clauses, lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from .book import Book, Line, told_of
from .rhythm import pace
from .verdicts import Verdict, about, at_most, both, exact, most, none, same, some
from .words import american, british, capital, euro, iso, month, name, often, word
from .world import LAST_DAY, Group, Row, World, month_end, total, usual_gap, within


def _merchants(world: World) -> list[Group]:
    return [group for group in world.merchants if group.n <= 60]


def _categories(world: World) -> list[Group]:
    return [group for group in world.categories if group.n <= 60]


def _regular(v: Group) -> bool:
    return v.n >= 8 and abs(usual_gap(v.rows) - sum(v.gaps) / len(v.gaps)) <= 0.08 * usual_gap(v.rows) and usual_gap(v.rows) % 1 == 0


@told_of(_merchants, lambda v: _regular(v) and v.first >= date(2025, 9, 1), 3)
def since_and_pace(book: Book, v: Group) -> None:
    days = int(usual_gap(v.rows))

    def line(rows: Sequence[Row], start: date, days: int) -> Line:
        text = (
            f"Since {start:%B} a payment to {name(v.key or '')} has come in about every {word(days)} days, which was not the case before."
        )
        first = min(row.day for row in rows)
        return text, both(same(f"{start:%m}", f"{first:%m}", "month of the first day"), pace(days, rows))

    base = book.true(v, line(v.rows, v.first, days))
    book.false(base, "date", line(v.rows, v.first - timedelta(days=70), days))
    book.false(base, "number", line(v.rows, v.first, days * 2 + 1))
    late = v.rows[-3:]
    book.false(base, "evidence", line(late, v.first, days), cites=late)


@told_of(_merchants, lambda v: v.n >= 6 and v.n == len(v.days), 3)
def regular_who_spends(book: Book, v: Group) -> None:
    mean = v.mean / 100

    def line(n: int, euros: int, where: str) -> Line:
        text = f"A customer of {where} who came {often(n)} and spent about {euros} euros per visit."
        return text, both(exact(n, v.n, "purchases"), about(euros, mean, "mean in euros"), same(where, name(v.key or ""), "merchant"))

    if abs(round(mean) - mean) > 0.05 * mean:
        raise StopIteration
    other = next(w for w in book.world.merchants if w.user_id == v.user_id and w.key != v.key and w.n != v.n)
    base = book.true(v, line(v.n, round(mean), name(v.key or "")))
    book.false(base, "number", line(v.n, round(mean * 2.2), name(v.key or "")))
    book.false(base, "entity", line(v.n, round(mean), name(other.key or "")))
    book.of_another(
        base,
        v,
        lambda rows: (
            base["text"],
            both(exact(v.n, len(rows), "purchases"), about(round(mean), total(rows) / len(rows) / 100, "mean in euros")),
        ),
    )


@told_of(_merchants, lambda v: v.n >= 5 and v.last < date(2026, 4, 1), 3)
def used_to_then_nothing(book: Book, v: Group) -> None:
    def line(n: int, until: date) -> Line:
        text = f"There were {word(n)} purchases at {name(v.key or '')}, but none of them after {american(until)}."
        return text, both(exact(n, v.n, "purchases"), none(sum(row.day > until for row in v.rows), f"purchases after {iso(until)}"))

    base = book.true(v, line(v.n, v.last), cites=[*v.rows, {"statistic": {"dim": "merchant", "key": v.key}}])
    book.false(base, "date", line(v.n, v.days[v.n // 3]))
    book.false(base, "number", line(v.n + 5, v.last))
    text = f"There were {word(v.n)} purchases at {name(v.key or '')}, all of them after {american(v.last)}."
    book.false(base, "order", (text, some(sum(row.day > v.last for row in v.rows), f"purchases after {iso(v.last)}")))


@told_of(_merchants, lambda v: 3 <= v.n <= 9 and len({r.city for r in v.rows}) == 1 and v.rows[0].city, 3)
def always_in_the_same_city(book: Book, v: Group) -> None:
    city = v.rows[0].city or ""

    def line(n: int, place: str) -> Line:
        text = f"{capital(word(n))} times at {name(v.key or '')}, always in {place}."
        return text, both(exact(n, v.n, "purchases"), same(place, city, "city"))

    base = book.true(v, line(v.n, city))
    book.false(base, "entity", line(v.n, "Köln" if city != "Köln" else "Essen"))
    book.false(
        base, "negation", (f"{capital(word(v.n))} times at {name(v.key or '')}, never in {city}.", none(v.n, f"purchases in {city}"))
    )


@told_of(_merchants, lambda v: v.n == 2 and v.rows[0].day != v.rows[1].day, 3)
def twice_with_dates(book: Book, v: Group) -> None:
    one, two = v.rows

    def line(first: date, second: date) -> Line:
        return f"Used {name(v.key or '')} on {british(first)} and again on {british(second)}.", both(
            same((first, second), (one.day, two.day), "days")
        )

    base = book.true(v, line(one.day, two.day))
    book.false(base, "date", line(one.day, two.day + timedelta(days=6)))
    text = f"Used {name(v.key or '')} on {british(one.day)} and never again."
    book.false(base, "negation", (text, none(sum(row.day > one.day for row in v.rows), "purchases after the first one")))
    book.false(base, "evidence", (base["text"], exact(2, len({one.day}), "cited days")), cites=[one])


@told_of(_categories, lambda v: v.n >= 8 and len(v.months) >= 4, 3)
def category_with_list(book: Book, v: Group) -> None:
    names = sorted({row.merchant or "" for row in v.rows})
    if not 2 <= len(names) <= 4:
        raise StopIteration
    top = max(names, key=lambda key: (sum(row.merchant == key for row in v.rows), key))
    others = [key for key in names if key != top]

    def line(first: str, then: str) -> Line:
        n, m = (sum(row.merchant == key for row in v.rows) for key in (first, then))
        text = f"When it comes to {v.key}, {name(first)} is preferred over {name(then)} ({n if first == top else m} versus {m if first == top else n} purchases)."
        return text, Verdict(n > m + 1 and first == top, f"purchases: {n} and {m}")

    base = book.true(v, line(top, others[0]))
    book.false(base, "comparison", line(others[0], top))


@told_of(_merchants, lambda v: v.n >= 5 and v.n == len(v.days) and v.last > date(2026, 5, 15), 3)
def last_visit_ago(book: Book, v: Group) -> None:
    days = (LAST_DAY - v.last).days

    def line(said: str, when: date) -> Line:
        return f"The last of {v.n} {said} to {name(v.key or '')} took place on {when:%d.%m.%Y}.", both(same(when, v.last, "last day"))

    base = book.true(v, line("visits", v.last))
    book.false(
        base,
        "order",
        (f"The first of {v.n} visits to {name(v.key or '')} took place on {v.last:%d.%m.%Y}.", same(v.last, v.first, "first day")),
    )
    book.false(base, "date", line("visits", v.last - timedelta(days=days + 9)))


@told_of(_merchants, lambda v: v.n >= 10 and sum(r.at.weekday() >= 5 for r in v.rows) <= 0.1 * v.n, 2)
def weekdays_with_amounts(book: Book, v: Group) -> None:
    top = max(row.cents for row in v.rows)

    def line(said: str, euros: int) -> Line:
        hits = sum((row.at.weekday() >= 5) == (said == "weekend") for row in v.rows)
        text = f"{name(v.key or '')} is mostly a {said} stop, with bills of up to {euros} euros."
        return text, both(most(hits, v.n, f"{said} purchases"), at_most(euros * 100, top, "largest in cents"))

    base = book.true(v, line("weekday", -(-top // 100)))
    book.false(base, "date", line("weekend", -(-top // 100)))
    book.false(base, "number", line("weekday", max(2, top // 300)))


@told_of(_categories, lambda v: v.n >= 8 and v.months["2025-12"] >= 3 and v.months["2026-01"] >= 2, 2)
def december_against_january(book: Book, v: Group) -> None:
    december, january = (within(v.rows, start, month_end(start)) for start in (date(2025, 12, 1), date(2026, 1, 1)))

    def line(first: int, second: int) -> Line:
        text = f"{capital(v.key or '')}: {first} purchases in December 2025, {second} the following month."
        return text, both(exact(first, len(december), "in December"), exact(second, len(january), "in January"))

    if len(december) == len(january):
        raise StopIteration
    base = book.true(v, line(len(december), len(january)), cites=[*december, *january])
    book.false(base, "order", line(len(january), len(december)))
    book.false(base, "number", line(len(december) + 4, len(january)))


@told_of(_merchants, lambda v: v.n >= 7 and v.n == len(v.days) and max(v.gaps) < 60, 2)
def in_every_month(book: Book, v: Group) -> None:
    known = {"2025-10", "2025-11", "2025-12"}

    def line(months: set[str], said: str) -> Line:
        return f"Not a month went by without {name(v.key or '')} {said}.", Verdict(
            months <= set(v.months), f"months without: {sorted(months - set(v.months))}"
        )

    base = book.true(v, line(known, "between October and December 2025"))
    missing = [key for key in ("2025-06", "2025-07", "2025-08", "2026-03", "2026-04", "2026-05") if key not in v.months]
    spring = set(missing) & {"2026-03", "2026-04", "2026-05"}
    if not missing:
        raise StopIteration
    said = (
        ("between March and May 2026", {"2026-03", "2026-04", "2026-05"})
        if spring
        else ("between June and August 2025", {"2025-06", "2025-07", "2025-08"})
    )
    book.false(base, "date", line(said[1], said[0]))
    book.false(
        base,
        "negation",
        (
            f"No visit to {name(v.key or '')} at all between October and December 2025.",
            none(sum(v.months[key] for key in known), "purchases in these months"),
        ),
    )


@told_of(_merchants, lambda v: v.n >= 4 and v.n <= 12, 3)
def bill_history(book: Book, v: Group) -> None:
    first, last = v.rows[0], v.rows[-1]
    if abs(first.cents - last.cents) < 0.35 * first.cents or first.cents == last.cents:
        raise StopIteration

    def line(said: str, one: int, two: int) -> Line:
        text = f"From the first payment ({euro(one)}) to the latest ({euro(two)}), the bill at {name(v.key or '')} {said}."
        grew = last.cents > first.cents
        return text, both(
            exact(one, first.cents, "first in cents"),
            exact(two, last.cents, "last in cents"),
            Verdict((said == "grew") == grew, f"grew: {grew}, said {said}"),
        )

    way, other = ("grew", "shrank") if last.cents > first.cents else ("shrank", "grew")
    base = book.true(v, line(way, first.cents, last.cents))
    book.false(base, "direction", line(other, first.cents, last.cents))
    book.false(base, "order", line(other, last.cents, first.cents))


@told_of(_merchants, lambda v: 6 <= v.n <= 30 and v.first > date(2025, 7, 10), 2)
def month_named_first(book: Book, v: Group) -> None:
    def line(said: str, when: date) -> Line:
        verdict = (
            same(f"{when:%Y-%m}", f"{v.first:%Y-%m}", "month of the first day")
            if said == "entered"
            else same(f"{when:%Y-%m}", f"{v.last:%Y-%m}", "month of the last day")
        )
        return f"{name(v.key or '')} {said} the picture in {month(when)} with a bill of {euro(v.rows[0].cents)}.", verdict

    base = book.true(v, line("entered", v.first))
    book.false(base, "direction", line("left", v.first))
    book.of_another(
        base, v, lambda rows: (base["text"], same(f"{v.first:%Y-%m}", f"{min(r.day for r in rows):%Y-%m}", "month of the first day"))
    )
