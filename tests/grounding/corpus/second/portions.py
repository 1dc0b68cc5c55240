"""Shares."""

from __future__ import annotations

from collections import Counter

from corpus.book import MOST_ROWS, Book, Line
from corpus.verdicts import Verdict, about, both, exact, none
from corpus.words import name
from corpus.world import Group, total

from .book import bought, categories, of_other, spenders, told_of, unborne

_UNTOLD = {"pharmacy", "health", "drugstore", "gambling", "alcohol", None, ""}


def _category(g: Group) -> tuple[str, int]:
    counts = Counter(row.category or "" for row in g.rows if row.category not in _UNTOLD)
    return counts.most_common(1)[0]


def _second(g: Group) -> str:
    counts = Counter(row.category or "" for row in g.rows if row.category not in _UNTOLD)
    return counts.most_common(2)[1][0]


@told_of(spenders, lambda g: g.n <= MOST_ROWS and 0.2 < _category(g)[1] / g.n < 0.9, 3)
def percent_of_purchases(book: Book, g: Group) -> None:
    top, hits = _category(g)

    def say(key: str, said: int, n: int, total: int, user: str | None = None) -> Line:
        rows = bought(book, user or g.user_id, None, None)
        found = sum(row.category == key for row in rows)
        text = f"{said} % of all purchases are for {key} ({n} of {total})."
        share = Verdict(said == round(100 * found / len(rows)), f"{found} of {len(rows)}, said {said} %")
        return text, both(share, exact(n, found, key), exact(total, len(rows), "all"))

    share = round(100 * hits / g.n)
    base = book.true(g, say(top, share, hits, g.n))
    book.false(base, "number", say(top, share + 20, hits, g.n))
    book.false(base, "entity", say(_second(g), share, hits, g.n))
    book.false(base, "order", say(top, share, g.n, hits))
    of_other(book, base, g, lambda user: say(top, share, hits, g.n, user))


def _top(g: Group) -> tuple[str, int]:
    return Counter(row.merchant or "" for row in g.rows).most_common(1)[0]


def _at(g: Group, key: str) -> int:
    return sum(row.merchant == key for row in g.rows)


def _other(g: Group) -> str:
    return Counter(row.merchant or "" for row in g.rows).most_common(2)[1][0]


@told_of(categories, lambda g: 6 <= g.n <= 40 and 0.4 * g.n <= _top(g)[1] < 0.95 * g.n and _at(g, _other(g)) < _top(g)[1], 3)
def so_many_of(book: Book, g: Group) -> None:
    top, hits = _top(g)

    def say(key: str, n: int, whole: int, what: str = "were") -> Line:
        found = _at(g, key) if what == "were" else g.n - _at(g, key)
        text = f"Out of {whole} purchases in {g.key}, {n} {what} at {name(key)}."
        return text, both(exact(whole, g.n, "all"), exact(n, found, what))

    base = book.true(g, say(top, hits, g.n))
    book.false(base, "entity", say(_other(g), hits, g.n))
    book.false(base, "number", say(top, hits, g.n + 7))
    book.false(base, "order", say(top, g.n, hits))
    unborne(book, base, g)


def _spent(g: Group, key: str) -> float:
    return total(row for row in g.rows if row.merchant == key) / g.total


@told_of(categories, lambda g: 5 <= g.n <= 40 and 0.3 <= _spent(g, _top(g)[0]) <= 0.65, 3)
def part_of_the_money(book: Book, g: Group) -> None:
    top = _top(g)[0]

    def say(key: str, percent: int) -> Line:
        text = f"About {percent}% of what they spend on {g.key} goes to {name(key)}."
        return text, about(percent, 100 * _spent(g, key), f"percent at {key}")

    percent = round(100 * _spent(g, top) / 5) * 5
    base = book.true(g, say(top, percent))
    book.false(base, "number", say(top, percent + 30))
    book.false(base, "entity", say(_other(g), percent))
    unborne(book, base, g)


@told_of(categories, lambda g: 6 <= g.n <= 40 and 0.55 * g.n <= _top(g)[1] < 0.85 * g.n, 3)
def over_half(book: Book, g: Group) -> None:
    top, hits = _top(g)

    def say(key: str, what: str, low: float) -> Line:
        return f"{what} of their purchases in {g.key} are made at {name(key)}.", Verdict(_at(g, key) > low * g.n, f"{_at(g, key)} of {g.n}")

    base = book.true(g, say(top, "Over half", 0.5))
    book.false(base, "number", say(top, "Over nine tenths", 0.9))
    book.false(base, "entity", say(_other(g), "Over half", 0.5))
    less = Verdict(_at(g, top) < 0.5 * g.n, f"{_at(g, top)} of {g.n}, said less than half")
    book.false(base, "comparison", (f"Less than half of their purchases in {g.key} are made at {name(top)}.", less))
    book.false(base, "negation", (f"None of their purchases in {g.key} are made at {name(top)}.", none(hits, "there")))


_PARTS = {"a quarter": 0.25, "a third": 1 / 3, "two fifths": 0.4, "half": 0.5, "three quarters": 0.75}


def _part(g: Group) -> str | None:
    share = _category(g)[1] / g.n
    return next((words for words, part in _PARTS.items() if abs(share - part) <= 0.07 * part), None)


@told_of(spenders, lambda g: g.n <= MOST_ROWS and _part(g) is not None, 3)
def a_fraction(book: Book, g: Group) -> None:
    top = _category(g)[0]
    words = _part(g) or ""

    def say(key: str, words: str) -> Line:
        hits = sum(row.category == key for row in g.rows)
        return f"Roughly {words} of the customer's purchases belong to the category {key}.", about(
            _PARTS[words], hits / g.n, f"{hits} of {g.n}"
        )

    base = book.true(g, say(top, words))
    wrong = "three quarters" if _PARTS[words] < 0.5 else "a quarter"
    book.false(base, "number", say(top, wrong))
    absent = next(
        key for key in ("garden", "toys", "books", "shoes", "travel", "pets") if sum(r.category == key for r in g.rows) * 10 < g.n
    )
    book.false(base, "entity", say(absent, words))
