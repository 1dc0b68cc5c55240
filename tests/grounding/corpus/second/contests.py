"""Two things beside each other, and the first among several."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from corpus.book import MOST_ROWS, Book, Line, statistic
from corpus.verdicts import Verdict, about, both, earlier, exact, more, same
from corpus.words import euro, iso, listed, month, name, word
from corpus.world import Group, total

from .book import categories, goods, in_month, merchants, months, next_month, rival, spenders, stranger, told_of, unborne

_YEAR = months(date(2025, 6, 1), date(2026, 5, 1))


@told_of(categories, lambda g: 3 <= g.n <= 25, 3)
def more_money_on(book: Book, g: Group) -> None:
    other = rival(book, g, lambda other: 3 <= other.n <= 25 and g.total > 1.35 * other.total)

    def say(first: Group, second: Group, how: str, one: int, two: int) -> Line:
        verdict = more(total(first.rows), total(second.rows), "cents")
        if how == "Less":
            verdict = more(total(second.rows), total(first.rows), "cents, the other way round")
        found = both(exact(one, first.total, "first in cents"), exact(two, second.total, "second in cents"))
        return f"{how} money goes to {first.key} than to {second.key} ({euro(one)} vs. {euro(two)}).", both(verdict, found)

    base = book.true(g, say(g, other, "More", g.total, other.total), cites=[*g.rows, *other.rows])
    book.false(base, "comparison", say(g, other, "Less", g.total, other.total))
    book.false(base, "order", say(other, g, "More", g.total, other.total))
    book.false(base, "number", say(g, other, "More", g.total * 2, other.total))


@told_of(merchants, lambda g: 6 <= g.n <= 30, 3)
def more_often(book: Book, g: Group) -> None:
    other = rival(book, g, lambda other: 2 <= other.n <= g.n - 4 and other.rows[0].category == g.rows[0].category)

    def say(first: Group, second: Group, one: int, two: int) -> Line:
        text = f"{name(first.key or '')} is visited more often than {name(second.key or '')}: {word(one)} purchases against {word(two)}."
        return text, both(more(first.n, second.n, "purchases"), exact(one, first.n, "first"), exact(two, second.n, "second"))

    base = book.true(g, say(g, other, g.n, other.n), cites=[statistic("merchant", one.key) for one in (g, other)])
    book.false(base, "order", say(other, g, g.n, other.n))
    book.false(base, "comparison", say(other, g, other.n, g.n))
    book.false(base, "number", say(g, other, g.n + 3, other.n))


def _by_month(g: Group) -> list[tuple[int, date]]:
    return sorted(((len(in_month(g.rows, start)), start) for start in _YEAR), reverse=True)


@told_of(merchants, lambda g: 6 <= g.n <= 40 and _by_month(g)[0][0] > _by_month(g)[1][0], 3)
def busiest_month(book: Book, g: Group) -> None:
    most, start = _by_month(g)[0]

    def say(start: date, n: int, what: str = "Busiest") -> Line:
        found = _by_month(g)[0 if what == "Busiest" else -1][0]
        text = f"{what} month at {name(g.key or '')}: {start:%b %Y} with {n} purchases."
        return text, both(exact(n, found, f"{what} month"), exact(n, len(in_month(g.rows, start)), "in the month"))

    base = book.true(g, say(start, most))
    book.false(base, "date", say(_by_month(g)[1][1], most))
    book.false(base, "number", say(start, most + 3))
    book.false(base, "aggregation", say(start, most, "Quietest"))
    unborne(book, base, g)


def _shops(g: Group) -> list[tuple[str, int]]:
    return Counter(row.merchant or "" for row in g.rows).most_common()


@told_of(categories, lambda g: 6 <= g.n <= 40 and len(_shops(g)) >= 2 and _shops(g)[0][1] >= _shops(g)[1][1] + 2, 3)
def favourite(book: Book, g: Group) -> None:
    (first, hits), (second, _) = _shops(g)[:2]

    def say(key: str, hits: int, n: int, rank: str = "Favourite") -> Line:
        right = first if rank == "Favourite" else _shops(g)[-1][0]
        text = f"{rank} place for {g.key}: {name(key)}, {hits} of {n} purchases."
        return text, both(same(key, right, rank), exact(hits, dict(_shops(g)).get(key, 0), "there"), exact(n, g.n, "all"))

    base = book.true(g, say(first, hits, g.n))
    book.false(base, "entity", say(second, hits, g.n))
    book.false(base, "number", say(first, hits, g.n + 5))
    book.false(base, "order", say(first, g.n, hits))
    book.false(base, "aggregation", say(first, hits, g.n, "Least used"))


def _jump(g: Group) -> date:
    found = (
        one for one in _YEAR[:-1] if len(in_month(g.rows, next_month(one))) >= len(in_month(g.rows, one)) + 3 and in_month(g.rows, one)
    )
    return next(found, date(2000, 1, 1))


@told_of(categories, lambda g: _jump(g).year > 2000 and g.n <= 50, 3)
def month_against_month(book: Book, g: Group) -> None:
    before, after = _jump(g), next_month(_jump(g))

    def say(first: date, second: date, one: int, two: int, how: str = "more") -> Line:
        found = len(in_month(g.rows, first)), len(in_month(g.rows, second))
        truth = found[0] > found[1] if how == "more" else found[0] < found[1]
        text = f"There were {how} {goods(g.key)} purchases in {month(first)} ({one}) than in {month(second)} ({two})."
        return text, both(Verdict(truth, f"{found}, said {how}"), exact(one, found[0], "first"), exact(two, found[1], "second"))

    n, m = len(in_month(g.rows, after)), len(in_month(g.rows, before))
    base = book.true(g, say(after, before, n, m), cites=[*in_month(g.rows, before), *in_month(g.rows, after)])
    book.false(base, "comparison", say(after, before, n, m, "fewer"))
    book.false(base, "order", say(before, after, n, m))
    book.false(base, "number", say(after, before, n + 4, m))
    unborne(book, base, g)


def _by_spend(g: Group) -> list[tuple[str, int]]:
    sums: Counter[str] = Counter()
    for row in g.rows:
        sums[row.category or ""] += row.cents
    return sums.most_common()


def _plain(category: str) -> bool:
    return category not in {"", "pharmacy", "health", "drugstore", "gambling", "alcohol"}


@told_of(spenders, lambda g: g.n <= MOST_ROWS and _plain(_by_spend(g)[0][0]) and _by_spend(g)[0][1] >= 1.3 * _by_spend(g)[1][1], 3)
def biggest_category(book: Book, g: Group) -> None:
    top, cents = _by_spend(g)[0]

    def say(key: str, cents: int, what: str = "Biggest") -> Line:
        right = _by_spend(g)[0 if what == "Biggest" else -1][0]
        found = dict(_by_spend(g)).get(key, 0)
        text = f"{what} spending category: {key}, at about {round(cents / 1000) * 10} EUR."
        return text, both(same(key, right, what), about(round(cents / 1000) * 1000, found, "cents"))

    base = book.true(g, say(top, cents))
    other = next(key for key, _ in _by_spend(g)[1:] if _plain(key))
    book.false(base, "entity", say(other, cents))
    book.false(base, "number", say(top, cents * 2))
    book.false(base, "aggregation", say(top, cents, "Smallest"))


@told_of(merchants, lambda g: 3 <= g.n <= 25 and g.mean > 1000, 3)
def dearer_on_average(book: Book, g: Group) -> None:
    other = rival(book, g, lambda other: 3 <= other.n <= 25 and g.mean > 1.4 * other.mean and other.mean > 300)

    def say(first: Group, second: Group, one: float, two: float, how: str = "dearer") -> Line:
        truth = first.mean > second.mean if how == "dearer" else first.mean < second.mean
        text = (
            f"On average, a purchase at {name(first.key or '')} is {how} than one at {name(second.key or '')} "
            f"(about €{round(one / 100)} against about €{round(two / 100)})."
        )
        found = both(about(round(one / 100) * 100, first.mean, "first mean"), about(round(two / 100) * 100, second.mean, "second mean"))
        return text, both(Verdict(truth, f"means, said {how}"), found)

    base = book.true(g, say(g, other, g.mean, other.mean), cites=[*g.rows, *other.rows])
    book.false(base, "comparison", say(g, other, g.mean, other.mean, "cheaper"))
    book.false(base, "order", say(other, g, g.mean, other.mean))
    book.false(base, "number", say(g, other, g.mean * 1.5, other.mean))


@told_of(merchants, lambda g: 2 <= g.n <= 25, 3)
def tried_before(book: Book, g: Group) -> None:
    other = rival(book, g, lambda other: 2 <= other.n <= 25 and (other.first - g.first).days >= 20)

    def say(first: Group, second: Group, one: date, two: date, how: str = "before") -> Line:
        verdict = earlier(first.first, second.first, "firsts") if how == "before" else earlier(second.first, first.first, "firsts, later")
        text = f"Tried {name(first.key or '')} {how} {name(second.key or '')}: {iso(one)} versus {iso(two)}."
        return text, both(verdict, same(one, first.first, "first day"), same(two, second.first, "second day"))

    base = book.true(g, say(g, other, g.first, other.first), cites=[*g.rows, *other.rows])
    book.false(base, "order", say(other, g, g.first, other.first))
    book.false(base, "direction", say(g, other, g.first, other.first, "after"))
    book.false(base, "date", say(g, other, g.first, other.first + timedelta(days=9)))


@told_of(merchants, lambda g: g.n in {6, 8, 10, 12, 14, 16, 18}, 3)
def twice_as_many(book: Book, g: Group) -> None:
    other = rival(book, g, lambda other: other.n * 2 == g.n)

    def say(first: Group, second: Group, how: str, times: float) -> Line:
        text = f"{how} as many purchases at {name(first.key or '')} as at {name(second.key or '')}."
        return text, exact(times * second.n, first.n, f"{how} as many")

    base = book.true(g, say(g, other, "Exactly twice", 2.0), cites=[statistic("merchant", one.key) for one in (g, other)])
    book.false(base, "number", say(g, other, "Exactly three times", 3.0))
    book.false(base, "comparison", say(g, other, "Exactly half", 0.5))
    book.false(base, "order", say(other, g, "Exactly twice", 2.0))


def _ranking(g: Group) -> list[tuple[str, int]]:
    return Counter(row.merchant or "" for row in g.rows).most_common()


def _clear(g: Group) -> bool:
    counts = [n for _, n in _ranking(g)[:4]]
    told = {row.merchant for row in g.rows if _plain(row.category or "") and len(row.merchant or "") <= 25}
    return len(counts) == 4 and len(set(counts)) == 4 and all(key in told for key, _ in _ranking(g)[:3])


@told_of(spenders, lambda g: _clear(g) and g.n <= MOST_ROWS, 2)
def top_three(book: Book, g: Group) -> None:
    def say(keys: list[str], what: str = "purchases") -> Line:
        text = f"Top three merchants by number of {what}: {listed([name(key) for key in keys])}, in that order."
        return text, same(keys, [key for key, _ in _ranking(g)[:3]], "ranking")

    keys = [key for key, _ in _ranking(g)[:3]]
    base = book.true(g, say(keys))
    book.false(base, "order", say([keys[2], keys[1], keys[0]]))
    stray = rival(book, Group(g.user_id, "merchant", keys[0], g.rows), lambda other: other.key not in keys)
    book.false(base, "entity", say([keys[0], stray.key or "", keys[2]]))
    book.false(base, "entity", say([stranger(book, Group(g.user_id, "merchant", None, ())), *keys[1:]]))
