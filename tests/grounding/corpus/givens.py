"""What is given about a person, what operators noted, and messages to support."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from .book import Book, Line, told_of
from .verdicts import Verdict, exact, none, same, some
from .words import british, iso, often
from .world import Group, World

_LANGUAGES = {
    "de": "German",
    "en": "English",
    "tr": "Turkish",
    "it": "Italian",
    "pl": "Polish",
    "fr": "French",
    "uk": "Ukrainian",
    "ru": "Russian",
    "ar": "Arabic",
}
_STATES = ["Bayern", "Hamburg", "Sachsen", "Berlin", "Bremen", "Nordrhein-Westfalen"]


def _persons(attribute: str) -> Callable[[World], list[Group]]:
    """Users of whom an attribute is given; the value is the key."""

    def groups(world: World) -> list[Group]:
        known = [user for user in world.users if world.persons.get(user, {}).get(attribute)]
        return [Group(user, attribute, world.persons[user][attribute], ()) for user in known]

    return groups


def _given(attribute: str) -> list[dict[str, str]]:
    return [{"person": attribute}]


def _writers(world: World) -> list[Group]:
    found = [Group(user, "messages", None, tuple(world.of(user, "message"))) for user in world.users]
    return [group for group in found if group.n]


@told_of(_persons("age_band"), lambda _: True, 3)
def age_group(book: Book, v: Group) -> None:
    age = book.world.persons[v.user_id]["age_band"]

    def line(said: str) -> Line:
        words = f"over {int(said[:-1]) - 1}" if said.endswith("+") else f"between {said[:2]} and {said[3:]} years old"
        return f"The customer is {words}.", same(said, age, "age band")

    base = book.true(v, line(age), cites=_given("age_band"))
    book.false(base, "number", line("16-17" if age not in {"16-17", "18-24"} else "50-64"))


@told_of(_persons("federal_state"), lambda _: True, 3)
def home_state(book: Book, v: Group) -> None:
    state = book.world.persons[v.user_id]["federal_state"]

    def line(said: str) -> Line:
        return f"Registered in the federal state of {said}.", same(said, state, "federal state")

    base = book.true(v, line(state), cites=_given("federal_state"))
    book.false(base, "entity", line(next(one for one in _STATES if one != state)))
    book.false(
        base,
        "negation",
        (
            f"Is not registered in {state}.",
            Verdict(book.world.persons[v.user_id]["federal_state"] != state, f"federal state: {state}, said not {state}"),
        ),
    )


@told_of(_persons("language"), lambda _: True, 2)
def app_language(book: Book, v: Group) -> None:
    language = _LANGUAGES[book.world.persons[v.user_id]["language"]]

    def line(said: str) -> Line:
        return f"{said} is the language set in the app.", same(said, language, "language")

    base = book.true(v, line(language), cites=_given("language"))
    book.false(base, "entity", line("Spanish"))


@told_of(_persons("app_tier"), lambda _: True, 3)
def subscription(book: Book, v: Group) -> None:
    tier = book.world.persons[v.user_id]["app_tier"]

    def line(said: str) -> Line:
        return f"On the {said} tier of the app.", same(said, tier, "tier")

    base = book.true(v, line(tier), cites=_given("app_tier"))
    book.false(base, "entity", line(next(one for one in ("basic", "plus", "premium") if one != tier)))
    other = next(w for w in _persons("app_tier")(book.world) if w.key != tier and book.told[w.user_id] < 2)
    book.told[other.user_id] += 1
    text = f"On the {tier} tier of the app."
    book.false(base, "user", (text, same(tier, book.world.persons[other.user_id]["app_tier"], "tier")), user_id=other.user_id)


@told_of(_writers, lambda v: v.n == 1, 3)
def wrote_to_support(book: Book, v: Group) -> None:
    def line(day: date) -> Line:
        return f"Contacted support on {british(day)}.", same(day, v.first, "day of the message")

    base = book.true(v, line(v.first))
    book.false(base, "date", line(v.first + timedelta(days=40)))
    book.false(base, "negation", ("Has never contacted support.", none(v.n, "messages")))


@told_of(_writers, lambda v: v.n in {2, 3}, 2)
def number_of_messages(book: Book, v: Group) -> None:
    def line(n: int) -> Line:
        return f"Wrote to support {often(n)}, the last time on {iso(v.last)}.", exact(n, v.n, "messages")

    base = book.true(v, line(v.n))
    book.false(base, "number", line(v.n + 3))
    book.false(base, "evidence", (base["text"], exact(v.n, len(v.rows[:1]), "cited messages")), cites=v.rows[:1])


@told_of(_writers, lambda v: any("refund from the shop" in (r.text or "") for r in v.rows), 2)
def asked_about(book: Book, v: Group) -> None:
    row = next(row for row in v.rows if "refund from the shop" in (row.text or ""))

    def line(topic: str, words: str) -> Line:
        return f"Told support that {topic}.", some(sum(words in (one.text or "") for one in v.rows), f"messages with {words!r}")

    base = book.true(v, line("a refund from a shop was missing", "refund"), cites=[row])
    book.false(base, "entity", line("the card had been stolen", "stolen"))
    book.false(
        base,
        "direction",
        ("Told support that a refund from a shop had arrived.", Verdict("is missing" not in (row.text or ""), f"message: {row.text!r}")),
    )
