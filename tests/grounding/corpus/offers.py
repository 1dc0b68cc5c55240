"""Offers that were shown, and what came of them."""

from __future__ import annotations

from datetime import date, timedelta

from .book import Book, Line, told_of
from .verdicts import Verdict, both, earlier, every, exact, more, most, none, same, some
from .words import british, capital, iso, often, word
from .world import Group, Row, World


def _answers(world: World) -> list[Group]:
    """All offers shown to, and redeemed by, each user; all of them in the catalogue."""
    found = []
    for user in world.users:
        rows = tuple(world.of(user, "exposure", "redemption"))
        if 6 <= len(rows) <= 60 and all(row.item in world.offers for row in rows):
            found.append(Group(user, "offers", None, rows))
    return found


def _by_category(world: World) -> list[Group]:
    """The same of one category of offers."""
    found = []
    for group in _answers(world):
        kinds = sorted({_kind(world, row) for row in group.rows} - {"alcohol"})
        found += [
            Group(group.user_id, "offer_category", kind, tuple(row for row in group.rows if _kind(world, row) == kind)) for kind in kinds
        ]
    return found


def _kind(world: World, row: Row) -> str:
    return world.offers[row.item or ""]["category"]


def _shown(v: Group) -> list[Row]:
    return [row for row in v.rows if row.kind == "exposure"]


def _taken(v: Group) -> list[Row]:
    return [row for row in v.rows if row.kind == "redemption"]


def _title(world: World, row: Row) -> str:
    return world.offers[row.item or ""]["title"]


@told_of(_answers, lambda v: len(_shown(v)) >= 10 and 3 <= len(_taken(v)) <= len(_shown(v)) - 4, 3)
def took_some(book: Book, v: Group) -> None:
    def line(taken: int, shown: int) -> Line:
        text = f"Out of {shown} offer impressions, {taken} led to a redemption."
        return text, both(exact(taken, len(_taken(v)), "redemptions"), exact(shown, len(_shown(v)), "exposures"))

    base = book.true(v, line(len(_taken(v)), len(_shown(v))))
    book.false(base, "number", line(len(_taken(v)) + 3, len(_shown(v))))
    book.false(base, "number", line(len(_taken(v)), len(_shown(v)) + 8))
    book.false(
        base,
        "quantity",
        (f"Every one of {len(_shown(v))} offer impressions led to a redemption.", every(len(_taken(v)), len(_shown(v)), "redemptions")),
    )


@told_of(_by_category, lambda v: len(_shown(v)) >= 5 and not _taken(v), 3)
def ignores_category(book: Book, v: Group) -> None:
    def line(n: int) -> Line:
        text = f"{capital(v.key or '')} offers were shown {often(n)}, and not one was redeemed."
        return text, both(exact(n, len(_shown(v)), "exposures"), none(len(_taken(v)), "redemptions"))

    base = book.true(v, line(len(_shown(v))))
    book.false(base, "number", line(len(_shown(v)) + 4))
    book.false(base, "negation", (f"Has redeemed {v.key} offers.", some(len(_taken(v)), "redemptions")))
    book.false(
        base, "quantity", (f"Usually redeems the {v.key} offers that are shown.", most(len(_taken(v)), len(_shown(v)), "redemptions"))
    )


@told_of(_by_category, lambda v: len(_taken(v)) >= 4 and len(_taken(v)) >= 0.8 * len(_shown(v)), 3)
def keen_on_category(book: Book, v: Group) -> None:
    def line(kind: str) -> Line:
        text = f"Cashback for {kind} works: {often(len(_taken(v)))} redeemed."
        return text, both(same(kind, v.key, "category"), exact(len(_taken(v)), len(_taken(v)), "redemptions"))

    other = next(kind for kind in ("books", "fuel", "travel", "coffee") if kind != v.key)
    taken = sum(_kind(book.world, row) == other for row in book.world.of(v.user_id, "redemption") if row.item in book.world.offers)
    if taken == len(_taken(v)):
        raise StopIteration
    base = book.true(v, line(v.key or ""))
    book.false(base, "entity", line(other))
    book.false(base, "negation", (f"Does not redeem any cashback for {v.key}.", none(len(_taken(v)), "redemptions")))
    book.false(base, "evidence", (base["text"], exact(len(_taken(v)), len(_taken(v)[:1]), "cited redemptions")), cites=_taken(v)[:1])


@told_of(_by_category, lambda v: len(_taken(v)) >= 1 and len(_shown(v)) >= 1, 3)
def redeemed_on(book: Book, v: Group) -> None:
    row = _taken(v)[0]

    def line(day: date, title: str) -> Line:
        text = f"The offer “{title}” was redeemed on {british(day)}."
        taken = [one for one in book.world.of(v.user_id, "redemption") if one.item in book.world.offers and one.day == day]
        return text, some(sum(_title(book.world, one) == title for one in taken), f"redemptions of {title!r} on {day}")

    base = book.true(v, line(row.day, _title(book.world, row)), cites=[row])
    book.false(base, "date", line(row.day - timedelta(days=9), _title(book.world, row)))
    other = next(offer["title"] for offer in book.world.offers.values() if offer["category"] != v.key)
    book.false(base, "entity", line(row.day, other))
    shown = next(one for one in _shown(v) if one.item == row.item)
    book.false(base, "evidence", (base["text"], some(sum(one.kind == "redemption" for one in [shown]), "cited redemptions")), cites=[shown])


def _seen_only(v: Group) -> list[Row]:
    taken = {row.item for row in _taken(v)}
    return [row for row in _shown(v) if row.item not in taken]


@told_of(_by_category, lambda v: len(_seen_only(v)) >= 1, 3)
def shown_never_redeemed(book: Book, v: Group) -> None:
    row = _seen_only(v)[0]
    same_item = [one for one in v.rows if one.item == row.item]

    def line(n: int, said: str) -> Line:
        taken = sum(one.kind == "redemption" for one in same_item)
        verdict = none(taken, "redemptions") if said == "left unused" else some(taken, "redemptions")
        text = f"“{_title(book.world, row)}” ({row.item}) was shown {often(n)} and {said}."
        return text, both(exact(n, len(same_item) - taken, "exposures"), verdict)

    base = book.true(v, line(len(same_item), "left unused"), cites=[*same_item, {"statistic": {"dim": "item", "key": row.item}}])
    book.false(base, "number", line(len(same_item) + 2, "left unused"))
    book.false(base, "negation", line(len(same_item), "used each time"))


@told_of(
    _answers,
    lambda v: any(a.kind == "exposure" and b.kind == "redemption" and a.item == b.item for a, b in zip(v.rows, v.rows[1:], strict=False)),
    3,
)
def days_until_redeemed(book: Book, v: Group) -> None:
    shown, taken = next(
        (a, b) for a, b in zip(v.rows, v.rows[1:], strict=False) if a.kind == "exposure" and b.kind == "redemption" and a.item == b.item
    )
    days = (taken.day - shown.day).days

    def line(n: int, unit: str) -> Line:
        text = f"Offer {shown.item}, seen on {iso(shown.day)}, was used {word(n)} {unit if n != 1 else unit[:-1]} later."
        return text, exact(n * {"days": 1, "weeks": 7}[unit], days, "days from exposure to redemption")

    if not 1 <= days <= 20 or sum(row.item == shown.item for row in v.rows) != 2:
        raise StopIteration
    base = book.true(v, line(days, "days"), cites=[shown, taken])
    book.false(base, "number", line(days + 5, "days"))
    book.false(base, "unit", line(days, "weeks"))
    text = f"Offer {shown.item} was used first, and only shown afterwards, on {iso(shown.day)}."
    book.false(base, "order", (text, earlier(taken.at, shown.at, "redeemed and shown")))


def _tally(world: World, v: Group) -> dict[str, int]:
    return {kind: sum(_kind(world, row) == kind for row in _taken(v)) for kind in sorted({_kind(world, row) for row in v.rows})}


@told_of(_answers, lambda v: len(_taken(v)) >= 6, 3)
def more_offers_of(book: Book, v: Group) -> None:
    tally = {kind: n for kind, n in _tally(book.world, v).items() if kind != "alcohol"}
    high, low = max(tally, key=lambda kind: tally[kind]), min(tally, key=lambda kind: tally[kind])

    def line(first: str, second: str) -> Line:
        return f"Redeems more {first} offers than {second} offers.", more(tally[first], tally[second], "redemptions")

    base = book.true(v, line(high, low))
    book.false(base, "comparison", line(low, high))
    book.false(base, "comparison", (f"Has redeemed fewer {high} than {low} offers.", more(tally[low], tally[high], "redemptions")))


@told_of(_answers, lambda v: len(_taken(v)) >= 3, 2)
def last_redemption(book: Book, v: Group) -> None:
    first, last = _taken(v)[0], _taken(v)[-1]

    def line(said: str, day: date) -> Line:
        return f"The {said} redemption of an offer dates from {british(day)}.", same(
            day, {"most recent": last.day, "earliest": first.day}[said], f"{said} redemption"
        )

    base = book.true(v, line("most recent", last.day), cites=_taken(v))
    book.false(base, "order", line("earliest", last.day))
    book.false(base, "date", line("most recent", first.day))


@told_of(_answers, lambda v: len(_shown(v)) >= 8 and not _taken(v), 2)
def never_redeems(book: Book, v: Group) -> None:
    def line(said: str) -> Line:
        verdict = none(len(_taken(v)), "redemptions") if said == "never" else some(len(_taken(v)), "redemptions")
        return f"Sees offers but has {said} redeemed {'a single one' if said == 'never' else 'some of them'}.", verdict

    base = book.true(v, line("never"))
    book.false(base, "negation", line("already"))
    book.false(base, "quantity", ("Redeems nearly every offer that comes along.", most(len(_taken(v)), len(_shown(v)), "redemptions")))


def _bands(world: World, v: Group, band: str) -> tuple[int, int]:
    rows = [row for row in v.rows if world.offers[row.item or ""]["value_band"] == band]
    return sum(row.kind == "redemption" for row in rows), sum(row.kind == "exposure" for row in rows)


@told_of(_answers, lambda v: len(_taken(v)) >= 4, 3)
def only_high_band(book: Book, v: Group) -> None:
    high, low, mid = (_bands(book.world, v, band) for band in ("high", "low", "mid"))
    if not (low[0] == 0 and mid[0] == 0 and low[1] >= 4 and high[0] >= 4):
        raise StopIteration

    def line(said: str) -> Line:
        hits = {"high": high, "low": low}[said][0]
        return f"Only offers from the {said} value band get redeemed.", every(hits, len(_taken(v)), f"redemptions in the band {said}")

    base = book.true(v, line("high"))
    book.false(base, "entity", line("low"))
    book.false(
        base,
        "comparison",
        ("Low-value offers are redeemed more often than high-value ones.", more(low[0], high[0], "redemptions, low and high")),
    )


@told_of(_answers, lambda v: len(_shown(v)) >= 4, 2)
def first_offer(book: Book, v: Group) -> None:
    row = _shown(v)[0]

    def line(item: str, day: date) -> Line:
        text = f"The first offer to be displayed was {item} in {day:%B %Y}."
        return text, both(same(item, row.item, "first offer shown"), same(f"{day:%Y-%m}", f"{row.at:%Y-%m}", "month"))

    last = _shown(v)[-1]
    base = book.true(v, line(row.item or "", row.day), cites=_shown(v))
    book.false(base, "order", line(last.item or "", last.day))
    text = f"The first offer to be displayed was {row.item} in {row.day:%B %Y}, and it was redeemed on the spot."
    taken = sum(one.item == row.item for one in _taken(v))
    book.false(base, "negation", (text, Verdict(taken > 0, f"redemptions of {row.item}: {taken}")), cites=v.rows)
