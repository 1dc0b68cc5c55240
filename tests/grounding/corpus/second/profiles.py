"""What is given about persons."""

from __future__ import annotations

from collections.abc import Callable

from corpus.book import Book, Line
from corpus.verdicts import both, same
from corpus.world import Group, World

from .book import told_of

_LANGUAGES = {"de": "German", "en": "English", "tr": "Turkish", "it": "Italian"}
_BANDS = ["18-24", "25-34", "35-49", "50-64", "65+"]
_STATES = ["Bayern", "Berlin", "Bremen", "Hamburg", "Nordrhein-Westfalen", "Sachsen"]
_TIERS = ["basic", "plus", "premium"]


def _persons(world: World) -> list[Group]:
    known = (user for user in world.users if user in world.persons)
    fields = ("age_band", "federal_state", "app_tier", "language")
    whole = [user for user in known if all(world.persons[user][one] for one in fields) and world.persons[user]["age_band"] in _BANDS]
    return [Group(user, "person", None, ()) for user in whole]


def _given(*attributes: str) -> list[dict[str, str]]:
    return [{"person": attribute} for attribute in attributes]


def _other_than(value: str, values: list[str]) -> str:
    return values[(values.index(value) + 1) % len(values)]


def _of_other(book: Book, base: dict[str, object], g: Group, line: Callable[[str], Line]) -> None:
    wrong = [one.user_id for one in _persons(book.world) if one.user_id != g.user_id and line(one.user_id)[1].truth is False]
    other = min(wrong, key=lambda user: (book.told[user], user))
    book.false(base, "user", line(other), user_id=other)


@told_of(_persons, lambda _: True, 3)
def state_and_age(book: Book, g: Group) -> None:
    def say(state: str, band: str, user: str | None = None) -> Line:
        person = book.world.persons[user or g.user_id]
        text = f"Federal state: {state}; age band {band}."
        return text, both(same(state, person["federal_state"], "state"), same(band, person["age_band"], "age"))

    person = book.world.persons[g.user_id]
    state, band = person["federal_state"], person["age_band"]
    base = book.true(g, say(state, band), cites=_given("federal_state", "age_band"))
    book.false(base, "entity", say(_other_than(state, _STATES), band))
    book.false(base, "number", say(state, _other_than(band, _BANDS)))
    _of_other(book, base, g, lambda user: say(state, band, user))


@told_of(_persons, lambda _: True, 3)
def tier_and_language(book: Book, g: Group) -> None:
    def say(tier: str, language: str, user: str | None = None) -> Line:
        person = book.world.persons[user or g.user_id]
        text = f"The customer is on the {tier} tier of the app and uses it in {language}."
        return text, both(same(tier, person["app_tier"], "tier"), same(language, _LANGUAGES.get(person["language"]), "language"))

    person = book.world.persons[g.user_id]
    tier, language = person["app_tier"], _LANGUAGES[person["language"]]
    base = book.true(g, say(tier, language), cites=_given("app_tier", "language"))
    book.false(base, "entity", say(_other_than(tier, _TIERS), language))
    book.false(base, "entity", say(tier, _other_than(language, list(_LANGUAGES.values()))))
    _of_other(book, base, g, lambda user: say(tier, language, user))


@told_of(_persons, lambda _: True, 3)
def tier_customer_from(book: Book, g: Group) -> None:
    def say(tier: str, state: str, how: str = "A", user: str | None = None) -> Line:
        person = book.world.persons[user or g.user_id]
        verdict = both(same(tier, person["app_tier"], "tier"), same(state, person["federal_state"], "state"))
        return f"{how} {tier}-tier customer from {state}.", verdict

    person = book.world.persons[g.user_id]
    tier, state = person["app_tier"], person["federal_state"]
    base = book.true(g, say(tier, state), cites=_given("app_tier", "federal_state"))
    book.false(base, "entity", say(tier, _other_than(state, _STATES)))
    book.false(base, "entity", say(_other_than(tier, _TIERS), state))
    book.false(base, "negation", (f"Not a {tier}-tier customer.", same(f"not {tier}", person["app_tier"], "tier")))
    _of_other(book, base, g, lambda user: say(tier, state, user=user))


@told_of(_persons, lambda _: True, 2)
def aged(book: Book, g: Group) -> None:
    def say(band: str, user: str | None = None) -> Line:
        text = f"Aged {band.replace('-', ' to ')}." if "-" in band else "Aged 65 or over."
        return text, same(band, book.world.persons[user or g.user_id]["age_band"], "age")

    band = book.world.persons[g.user_id]["age_band"]
    base = book.true(g, say(band), cites=_given("age_band"))
    book.false(base, "number", say(_other_than(band, _BANDS)))
    _of_other(book, base, g, lambda user: say(band, user))
