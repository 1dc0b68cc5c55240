"""What began, ended or changed."""

from __future__ import annotations

from datetime import date

from corpus.book import Book, Line
from corpus.verdicts import Verdict, both, earlier, exact, none, same, some
from corpus.words import british, month, name, word
from corpus.world import Group, total, usual_gap

from .book import categories, first_day, goods, in_days, last_day, merchants, next_month, of, of_other, rival, stranger, told_of, unborne

_START, _END = date(2025, 6, 1), date(2026, 5, 31)


def _ended(g: Group) -> bool:
    """Whether the silence since the last purchase is long for this user and merchant."""
    return date(2025, 8, 1) <= g.last <= date(2026, 1, 31) and (_END - g.last).days >= 4 * usual_gap(g.rows)


@told_of(merchants, lambda g: 5 <= g.n <= 30 and _ended(g), 3)
def stopped(book: Book, g: Group) -> None:
    def say(n: int, day: date, what: str = "Stopped", end: str = "last", user: str | None = None) -> Line:
        rows = of(book, g, g.key, user)
        found = (last_day if end == "last" else first_day)(rows) or date(2000, 1, 1)
        text = f"{what} buying at {name(g.key or '')}: the {end} of {word(n)} purchases was in {month(day)}."
        return text, both(exact(n, len(rows), "purchases"), same(month(day), month(found), end))

    base = book.true(g, say(g.n, g.last))
    book.false(base, "date", say(g.n, next_month(next_month(g.last))))
    book.false(base, "number", say(g.n + 4, g.last))
    book.false(base, "direction", say(g.n, g.last, "Started", "first"))
    of_other(book, base, g, lambda user: say(g.n, g.last, user=user))


@told_of(merchants, lambda g: 3 <= g.n <= 30 and date(2025, 12, 1) <= g.first <= date(2026, 4, 1), 3)
def new_since(book: Book, g: Group) -> None:
    def say(key: str | None, start: date, n: int, what: str = "none before", user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        before, after = [row for row in rows if row.day < start.replace(day=1)], in_days(rows, start.replace(day=1), _END)
        text = f"New since {month(start)}: {name(key or '')} - {n} purchases up to now, {what}."
        wanted = none(len(before), "before") if what == "none before" else some(len(before), "before")
        return text, both(exact(n, len(after), "since then"), same(month(start), month(first_day(rows) or _START), "first"), wanted)

    base = book.true(g, say(g.key, g.first, g.n))
    book.false(base, "number", say(g.key, g.first, g.n + 3))
    book.false(base, "date", say(g.key, next_month(g.first), g.n))
    book.false(base, "negation", say(g.key, g.first, g.n, "several before"))
    book.false(base, "entity", say(rival(book, g, lambda other: other.first < date(2025, 10, 1) and other.n > 2).key, g.first, g.n))
    of_other(book, base, g, lambda user: say(g.key, g.first, g.n, user=user))


@told_of(merchants, lambda g: g.n >= 3 and g.n <= 30 and g.last < date(2026, 3, 1), 2)
def switched(book: Book, g: Group) -> None:
    other = rival(book, g, lambda other: 3 <= other.n <= 30 and other.rows[0].category == g.rows[0].category and other.first > g.last)

    def say(old: Group, new: Group, end: date, start: date) -> Line:
        text = f"Switched from {name(old.key or '')} to {name(new.key or '')}: last purchase at the former on {british(end)}, first at the latter on {british(start)}."
        return text, both(same(end, old.last, "last"), same(start, new.first, "first"), earlier(old.last, new.first, "moves"))

    base = book.true(g, say(g, other, g.last, other.first), cites=[*g.rows, *other.rows])
    book.false(base, "order", say(other, g, g.last, other.first))
    book.false(base, "date", say(g, other, g.days[0], other.first))
    never = stranger(book, g)
    wrong = base["text"].replace(name(other.key or ""), name(never))
    book.false(base, "entity", (wrong, some(len(of(book, g, never)), f"purchases at {never}")))


@told_of(
    merchants, lambda g: 4 <= g.n <= 30 and g.last < date(2026, 4, 1) and bool(in_days(g.rows, date(2025, 10, 1), date(2025, 11, 30))), 3
)
def nothing_this_spring(book: Book, g: Group) -> None:
    def say(key: str | None, text: str, start: date, end: date, user: str | None = None) -> Line:
        return f"Nothing bought at {name(key or '')} {text}.", none(len(in_days(of(book, g, key, user), start, end)), "purchases then")

    spring, autumn = (date(2026, 4, 1), date(2026, 5, 31)), (date(2025, 10, 1), date(2025, 11, 30))
    base = book.true(g, say(g.key, "in April or May 2026", *spring))
    book.false(base, "date", say(g.key, "in October or November 2025", *autumn))
    other = rival(book, g, lambda other: 3 <= other.n <= 40 and len(in_days(other.rows, *spring)) >= 2)
    book.false(base, "entity", say(other.key, "in April or May 2026", *spring), cites=other.rows)
    text = f"Things were still bought at {name(g.key or '')} in April and May 2026."
    book.false(base, "negation", (text, some(len(in_days(g.rows, *spring)), "purchases then")))
    of_other(book, base, g, lambda user: say(g.key, "in April or May 2026", *spring, user=user))


def _halves(g: Group) -> tuple[int, int]:
    return len(in_days(g.rows, date(2025, 10, 1), date(2025, 12, 31))), len(in_days(g.rows, date(2026, 3, 1), date(2026, 5, 31)))


@told_of(merchants, lambda g: g.n <= 50 and _halves(g)[0] >= 2 and _halves(g)[1] >= _halves(g)[0] + 3, 3)
def went_up(book: Book, g: Group) -> None:
    def say(key: str | None, one: int, two: int, how: str = "went up", user: str | None = None) -> Line:
        rows = of(book, g, key, user)
        before, after = len(in_days(rows, date(2025, 10, 1), date(2025, 12, 31))), len(in_days(rows, date(2026, 3, 1), date(2026, 5, 31)))
        text = f"Purchases at {name(key or '')} {how}, from {one} in October-December 2025 to {two} in March-May 2026."
        grown = Verdict(after > before if how == "went up" else after < before, f"{before} then {after}, said {how}")
        return text, both(grown, exact(one, before, "autumn"), exact(two, after, "spring"))

    one, two = _halves(g)
    base = book.true(g, say(g.key, one, two))
    book.false(base, "direction", say(g.key, one, two, "went down"))
    book.false(base, "order", say(g.key, two, one, "went down"))
    book.false(base, "number", say(g.key, one, two + 4))
    of_other(book, base, g, lambda user: say(g.key, one, two, user=user))


@told_of(categories, lambda g: 3 <= g.n <= 30 and g.last <= date(2025, 8, 31) and g.first >= _START, 2)
def summer_only(book: Book, g: Group) -> None:
    def say(key: str | None, n: int, season: str = "summer 2025", tail: str = "none after August") -> Line:
        rows = of(book, g, key)
        days = (date(2025, 6, 1), date(2025, 8, 31)) if season == "summer 2025" else (date(2025, 12, 1), date(2026, 2, 28))
        inside, after = len(in_days(rows, *days)), len(in_days(rows, date(2025, 9, 1), _END))
        text = f"{goods(key).capitalize()} purchases: {n}, {season} only, {tail}."
        return text, both(exact(n, inside, season), none(after, "after August") if tail.startswith("none") else some(after, "after August"))

    base = book.true(g, say(g.key, g.n))
    book.false(base, "number", say(g.key, g.n + 4))
    book.false(base, "date", say(g.key, g.n, "winter 2025/26"))
    book.false(base, "entity", say(rival(book, g, lambda other: other.last > date(2025, 9, 1)).key, g.n))
    unborne(book, base, g)


def _spends(g: Group) -> tuple[int, int]:
    return total(in_days(g.rows, date(2026, 4, 1), date(2026, 4, 30))), total(in_days(g.rows, date(2026, 5, 1), date(2026, 5, 31)))


@told_of(categories, lambda g: g.n <= 50 and _spends(g)[1] > 0 and _spends(g)[0] > 1.4 * _spends(g)[1], 2)
def spending_fell(book: Book, g: Group) -> None:
    def say(one: int, two: int, how: str = "fell") -> Line:
        before, after = _spends(g)
        text = f"{goods(g.key).capitalize()} spending {how} from {one / 100:.2f} EUR in April 2026 to {two / 100:.2f} EUR in May 2026."
        moved = Verdict(after < before if how == "fell" else after > before, f"said {how}")
        return text, both(moved, exact(one, before, "April in cents"), exact(two, after, "May in cents"))

    one, two = _spends(g)
    base = book.true(g, say(one, two), cites=in_days(g.rows, date(2026, 4, 1), date(2026, 5, 31)))
    book.false(base, "direction", say(one, two, "rose"))
    book.false(base, "order", say(two, one, "rose"))
    book.false(base, "number", say(one * 3, two))
