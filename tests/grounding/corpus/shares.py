"""Parts of a whole: fractions, percentages, most and hardly any."""

from __future__ import annotations

from collections.abc import Sequence

from .book import Book, Line, told_of
from .verdicts import Verdict, about, both, every, exact, most, none
from .words import capital, fraction, name
from .world import Group, Row, World, total


def _spenders(world: World) -> list[Group]:
    return [group for group in world.spenders if group.n <= 60]


def _categories(world: World) -> list[Group]:
    return [group for group in world.categories if group.n <= 60]


def _best(v: Group) -> str:
    counts = [row.category or "" for row in v.rows if row.category not in {"pharmacy", "health", "drugstore", "gambling", "alcohol", None}]
    return max(sorted(set(counts)), key=counts.count)


def _part(v: Group) -> float:
    return sum(row.category == _best(v) for row in v.rows) / v.n


@told_of(_spenders, lambda v: 0.185 <= _part(v) <= 0.215, 3)
def one_in_five(book: Book, v: Group) -> None:
    best = _best(v)

    def line(rows: Sequence[Row], parts: tuple[int, int]) -> Line:
        hits = sum(row.category == best for row in rows)
        return f"{capital(fraction(*parts))} of all purchases is for {best}.", about(
            parts[0] / parts[1], hits / len(rows), f"share of {best}"
        )

    base = book.true(v, line(v.rows, (1, 5)))
    book.false(base, "number", line(v.rows, (1, 2)))
    book.false(base, "number", line(v.rows, (3, 4)))


@told_of(_spenders, lambda v: 0.23 <= _part(v) <= 0.27, 3)
def a_quarter(book: Book, v: Group) -> None:
    best = _best(v)

    def line(said: str, part: float) -> Line:
        hits = sum(row.category == best for row in v.rows)
        return f"{said} of the payments are {best} purchases.", about(part, hits / v.n, f"share of {best}")

    base = book.true(v, line("A quarter", 0.25))
    book.false(base, "number", line("Two thirds", 2 / 3))
    book.false(
        base,
        "quantity",
        (f"All of the payments are {best} purchases.", every(sum(row.category == best for row in v.rows), v.n, f"purchases of {best}")),
    )


def _favourite(v: Group) -> tuple[str, int]:
    counts: dict[str, int] = {}
    for row in v.rows:
        counts[row.merchant or ""] = counts.get(row.merchant or "", 0) + 1
    return max(counts.items(), key=lambda pair: (pair[1], pair[0]))


@told_of(_categories, lambda v: v.n >= 9 and 0.62 <= _favourite(v)[1] / v.n <= 0.71, 2)
def two_thirds_at(book: Book, v: Group) -> None:
    key, n = _favourite(v)

    def line(said: str, part: float) -> Line:
        return f"About {said} of the {v.key} purchases happen at {name(key)}.", about(part, n / v.n, f"share of {key}")

    base = book.true(v, line("two thirds", 2 / 3))
    book.false(base, "number", line("a third", 1 / 3))
    other = next(row.merchant or "" for row in v.rows if row.merchant != key)
    hits = sum(row.merchant == other for row in v.rows)
    book.false(
        base,
        "entity",
        (f"About two thirds of the {v.key} purchases happen at {name(other)}.", about(2 / 3, hits / v.n, f"share of {other}")),
    )


@told_of(_categories, lambda v: v.n >= 9 and 0.47 <= _favourite(v)[1] / v.n <= 0.53, 2)
def half_at(book: Book, v: Group) -> None:
    key, n = _favourite(v)

    def line(said: str, part: float) -> Line:
        return f"{said} of what is bought in the category {v.key} comes from {name(key)}.", about(part, n / v.n, f"share of {key}")

    base = book.true(v, line("Half", 0.5))
    book.false(base, "number", line("A tenth", 0.1))
    book.false(
        base,
        "quantity",
        (f"Everything that is bought in the category {v.key} comes from {name(key)}.", every(n, v.n, f"purchases at {key}")),
    )


@told_of(_categories, lambda v: v.n >= 10 and 0.7 <= _favourite(v)[1] / v.n < 1, 3)
def lions_share(book: Book, v: Group) -> None:
    key, n = _favourite(v)

    def line(said: str) -> Line:
        verdict = {
            "Most": most(n, v.n, f"purchases at {key}"),
            "None": none(n, f"purchases at {key}"),
            "Every one": every(n, v.n, f"purchases at {key}"),
        }[said]
        return f"{said} of the payments for {v.key} went to {name(key)}.", verdict

    base = book.true(v, line("Most"))
    book.false(base, "quantity", line("Every one"))
    book.false(base, "quantity", line("None"))


@told_of(_categories, lambda v: v.n >= 8 and len({r.merchant for r in v.rows}) >= 2, 3)
def percent_of_payments(book: Book, v: Group) -> None:
    key, n = _favourite(v)
    share = int(100 * n / v.n + 0.5)

    def line(said: int) -> Line:
        text = f"{said}% of {v.key} purchases ({n} out of {v.n}) are made at {name(key)}."
        return text, both(exact(said, share, "per cent"), exact(n, sum(row.merchant == key for row in v.rows), f"purchases at {key}"))

    base = book.true(v, line(share))
    book.false(base, "number", line(share - 13 if share > 50 else share + 13))


@told_of(_categories, lambda v: 5 <= v.n <= 30 and len({r.merchant for r in v.rows}) >= 2, 3)
def share_of_money(book: Book, v: Group) -> None:
    sums = {row.merchant or "": total(one for one in v.rows if one.merchant == row.merchant) for row in v.rows}
    top, low = max(sums, key=lambda key: sums[key]), min(sums, key=lambda key: sums[key])

    def line(said: str, key: str) -> Line:
        share = 100 * sums[key] / v.total
        text = f"{name(key)} takes {said} {round(100 * sums[top] / v.total)} percent of the money spent on {v.key}."
        return text, about(round(100 * sums[top] / v.total), share, "per cent of the money")

    base = book.true(v, line("roughly", top))
    book.false(base, "entity", line("roughly", low))
    text = f"{name(top)} takes less than {max(1, round(30 * sums[top] / v.total))} percent of the money spent on {v.key}."
    book.false(
        base,
        "comparison",
        (text, Verdict(sums[top] / v.total < 0.3 * sums[top] / v.total, f"per cent of the money: {100 * sums[top] / v.total:.1f}")),
    )


@told_of(_categories, lambda v: v.n >= 6 and len({r.merchant for r in v.rows}) == 1, 3)
def exclusively(book: Book, v: Group) -> None:
    key, _ = _favourite(v)

    def line(said: str, where: str) -> Line:
        hits = sum(row.merchant == where for row in v.rows)
        verdict = (
            every(hits, v.n, f"purchases at {where}")
            if said == "exclusively"
            else Verdict(hits < v.n, f"purchases at {where}: {hits} of {v.n}")
        )
        return f"Buys {v.key} {said} at {name(where)}.", verdict

    other = next(w.rows[0].merchant or "" for w in book.world.categories if w.key == v.key and w.rows[0].merchant != key)
    base = book.true(v, line("exclusively", key))
    book.false(base, "entity", line("exclusively", other))
    book.false(base, "negation", (f"Never buys {v.key} at {name(key)}.", none(v.n, f"purchases at {key}")))


@told_of(_spenders, lambda v: _part(v) >= 0.3, 2)
def biggest_category(book: Book, v: Group) -> None:
    best = _best(v)
    counts = {kind: sum(row.category == kind for row in v.rows) for kind in sorted({row.category or "" for row in v.rows})}
    top = max(counts, key=lambda kind: counts[kind])
    second = sorted(counts, key=lambda kind: -counts[kind])[1]
    third = sorted(
        (kind for kind in counts if kind not in {"pharmacy", "health", "drugstore", "gambling", "alcohol", ""}),
        key=lambda kind: -counts[kind],
    )[2]

    def line(kind: str) -> Line:
        truth = kind == top and counts[top] > counts[second] + 2
        return f"The category with most purchases is {kind}.", Verdict(
            truth, f"most purchases: {top} {counts[top]}, then {second} {counts[second]}, said {kind}"
        )

    base = book.true(v, line(best))
    book.false(base, "aggregation", line(third))
    book.false(
        base,
        "aggregation",
        (
            f"The category with fewest purchases is {best}.",
            Verdict(counts[best] == min(counts.values()), f"fewest: {min(counts.values())}, {best}: {counts[best]}"),
        ),
    )
