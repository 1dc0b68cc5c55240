"""Corrupted statements: a value, a date, a name, a direction, a user, a share of the population or a window is changed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
DATES = ("first", "last", "next")
SHARES = ("share", "rate", "lift")
POPULATION = ("population_share", "population_rate")
OPPOSITE = {"offer_answers": "offer_ignores", "offer_ignores": "offer_answers", "started": "stopped", "stopped": "started",
            "after": "with", "with": "after"}  # fmt: skip
SWAPPED = {"moved": [("from", "key"), ("from_before", "to_after"), ("from_before", "from_after")], "spending_change": [("before", "after")], "stopped": [("before", "after")],
           "started": [("before", "after")], "season": [("first_month", "last_month")], "trend": [("before", "after"), ("after_total", "before_total")],
           "after": [("key", "other"), ("n", "users")], "with": [("key", "other"), ("n", "users")]}  # fmt: skip
OF_ALL = ("trend", "after", "with")
TURNED = [("Often bought next after", "Bought together:"), ("Bought together:", "Often bought next after"), ("Answers ", "Lets "), ("Lets ", "Answers "), ("Spends more", "Spends less"), ("Spends less", "Spends more"), ("Growing", "Shrinking"), ("Shrinking", "Growing"),
          ("Used to pay at", "Pays at"), ("Used to buy", "Buys"), ("New: pays", "No longer pays"), ("Has begun", "Has never begun"), ("Pays at", "Never pays at"),
          ("Likes ", "Does not like "), ("Often ", "Mostly "), ("Often ", "Never "), ("Mostly ", "Rarely "), ("mornings", "evenings"), ("evenings", "mornings"), ("at weekends", "at night"), ("Gives back", "Never gives back")]  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A statement: whose, its text, its fact, the rows it cites, and how it was corrupted."""

    user: str | None
    text: str
    fact: Mapping[str, Any]
    rows: tuple[str, ...]
    passages: tuple[str, ...]
    operator: bool
    how: str = "as published"
    text_only: bool = False


Corruption = Callable[[Said, random.Random, "World"], Said | None]


@dataclass(frozen=True)
class World:
    """Other users, and the keys there are: of each user, and of all."""

    users: Sequence[str]
    own: Mapping[str, Mapping[str, Sequence[str]]]
    keys: Mapping[str, Sequence[str]]


def changed(said: Said, how: str, **values: Any) -> Said:
    return replace(said, fact={**said.fact, **values}, how=how)


def reworded(said: Said, old: object, new: object) -> Said:
    """The text with one figure or name exchanged, so that it goes with the corrupted fact where that is worded so."""
    pattern = rf"(?<![\w.]){re.escape(str(old))}(?![\w])"
    return replace(said, text=re.sub(pattern, lambda _: str(new), said.text, count=1))


def worded_day(text: str) -> list[str]:
    day = date.fromisoformat(text)
    short = f"{day.day} {MONTHS[day.month - 1]}"
    return [f"{short} {day.year}", short, f"{MONTHS[day.month - 1]} {day.year}"]


def a_count(said: Said, luck: random.Random, _: World) -> Said | None:
    names = [name for name, value in said.fact.items() if isinstance(value, int) and not isinstance(value, bool)]
    if not names:
        return None
    name = luck.choice(names)
    value = said.fact[name]
    other = luck.choice([value + 1, max(0, value - 1), value * 2 + 1, value + 7])
    return reworded(changed(said, f"count {name}", **{name: other}), value, other)


def a_date(said: Said, luck: random.Random, _: World) -> Said | None:
    names = [name for name in DATES if name in said.fact]
    if not names:
        return None
    name = luck.choice(names)
    old = said.fact[name]
    new = (date.fromisoformat(old) + timedelta(days=luck.choice([-31, -7, -1, 1, 2, 30]))).isoformat()
    corrupted = changed(said, f"date {name}", **{name: new})
    words = next(((a, b) for a, b in zip(worded_day(old), worded_day(new), strict=True) if a in said.text and a != b), None)
    return replace(corrupted, text=said.text.replace(*words, 1)) if words else corrupted


def a_window(said: Said, luck: random.Random, _: World) -> Said | None:
    if "first_month" in said.fact:
        name = luck.choice(["first_month", "last_month"])
        other = (said.fact[name] + luck.choice([0, 1, 5, 9])) % 12 + 1
        return replace(
            changed(said, f"window {name}", **{name: other}), text=said.text.replace(MONTHS[said.fact[name] - 1], MONTHS[other - 1], 1)
        )
    if "month" not in said.fact:
        return None
    old = said.fact["month"]
    moved = int(old[:4]) * 12 + int(old[5:]) - 1 + luck.choice([-3, -2, -1, 1, 2])
    new = f"{moved // 12}-{moved % 12 + 1:02d}"
    words = [f"{MONTHS[int(month[5:]) - 1]} {month[:4]}" for month in (old, new)]
    return replace(changed(said, "window month", month=new), text=said.text.replace(words[0], words[1]))


def a_share(said: Said, luck: random.Random, _: World) -> Said | None:
    names = [name for name in SHARES if name in said.fact]
    return (
        changed(said, "share", **{names[0]: round(said.fact[names[0]] + luck.choice([-0.2, -0.001, 0.0002, 0.05]), 4)}) if names else None
    )


def a_population_share(said: Said, luck: random.Random, _: World) -> Said | None:
    names = [name for name in POPULATION if name in said.fact]
    if not names:
        return None
    old = said.fact[names[0]]
    new = (
        luck.choice([0.01, 0.2])
        if old is None
        else luck.choice([None, round(old + 0.000003, 6), round(old * 2, 6), round(old + 0.1, 6), 0.0])
    )
    return changed(said, "population share", **{names[0]: new})


def an_entity(said: Said, luck: random.Random, world: World) -> Said | None:
    name = luck.choice([name for name in ("key", "from", "other") if name in said.fact])
    dim, old = said.fact["dim"], said.fact[name]
    own = world.own.get(said.user or "", {}).get(dim, []) if luck.random() < 0.5 else []
    others = [key for key in (own or world.keys.get(dim, [])) if key != old]
    if not others or old is None:
        return None
    new = luck.choice(others)
    return replace(
        changed(said, f"entity {name}", **{name: new}), text=re.sub(re.escape(old), lambda _: new, said.text, count=1, flags=re.IGNORECASE)
    )


def a_user(said: Said, luck: random.Random, world: World) -> Said | None:
    if said.user is None:
        return None
    return replace(
        said, user=luck.choice([user for user in world.users if user != said.user]), how="user", rows=luck.choice([(), said.rows])
    )


def a_direction(said: Said, luck: random.Random, _: World) -> Said | None:
    kind = said.fact["kind"]
    if kind in OPPOSITE and luck.random() < 0.5:
        words = next(((a, b) for a, b in TURNED if said.text.startswith(a)), None)
        return replace(changed(said, "opposite kind", kind=OPPOSITE[kind]), text=said.text.replace(*words, 1) if words else said.text)
    if kind in SWAPPED and (said.user is None) == (kind in OF_ALL):
        a, b = luck.choice(SWAPPED[kind])
        return changed(said, f"swapped {a} and {b}", **{a: said.fact[b], b: said.fact[a]})
    return None


def a_word(said: Said, luck: random.Random, _: World) -> Said | None:
    fitting = [(a, b) for a, b in TURNED if a in said.text]
    if said.fact["kind"] in ("stance", "passage", "person") or not fitting:
        return None
    return replace(said, text=said.text.replace(*luck.choice(fitting), 1), how="word in the text", text_only=True)


def a_figure(said: Said, luck: random.Random, _: World) -> Said | None:
    """One number of the text only, outside its names."""
    if said.fact["kind"] in ("stance", "passage"):
        return None
    names = [str(said.fact.get(name)) for name in ("key", "from", "other") if said.fact.get(name)]
    hidden = re.compile("|".join(map(re.escape, names)), re.IGNORECASE) if names else None
    safe = [
        found
        for found in re.finditer(r"\d+", said.text)
        if not (hidden and any(a.start() <= found.start() < a.end() for a in hidden.finditer(said.text)))
    ]
    if not safe:
        return None
    found = luck.choice(safe)
    other = str(int(found.group()) + luck.choice([1, 2, 10]))
    return replace(said, text=said.text[: found.start()] + other + said.text[found.end() :], how="figure in the text", text_only=True)


def a_given_value(said: Said, luck: random.Random, _: World) -> Said | None:
    kind = said.fact["kind"]
    if kind == "person":
        return replace(changed(said, "person", value="something else"), text=said.text.replace(said.fact["value"], "something else"))
    if kind == "stance":
        return changed(
            said,
            "stance",
            **luck.choice([{"stance": "avoids" if said.fact["stance"] != "avoids" else "likes"}, {"until": "2030-01-01T00:00:00Z"}]),
        )
    if kind == "passage":
        quote = said.fact["quote"]
        turned = [quote[:-1] + " today.", quote.replace(" must ", " need not ", 1), quote.replace(" not ", " ", 1)]
        other = luck.choice([words for words in turned if words != quote])
        spoken = replace(changed(said, "quotation", quote=other), text=said.text.replace(quote, other))
        return luck.choice([spoken, changed(said, "place of the quotation", start=said.fact["start"] + 1)])
    return None


CORRUPTIONS: tuple[Corruption, ...] = (
    a_count, a_date, a_window, a_share, a_population_share, an_entity, a_user, a_direction, a_word, a_figure, a_given_value,
)  # fmt: skip


def corrupt(said: Sequence[Said], world: World, luck: random.Random, per_kind: int) -> Iterator[Said]:
    """For every kind of fact and every corruption up to `per_kind` corrupted statements that differ from the published one."""
    kinds: dict[tuple[bool, str], list[Said]] = {}
    for one in said:
        kinds.setdefault((one.user is None, one.fact["kind"]), []).append(one)
    for _, chosen in sorted(kinds.items()):
        for corruption in CORRUPTIONS:
            for one in luck.choices(chosen, k=per_kind):
                without_rows = replace(one, rows=one.rows if luck.random() < 0.3 else ())
                corrupted = corruption(without_rows, luck, world)
                if corrupted is not None and (corrupted.fact, corrupted.text, corrupted.user) != (one.fact, one.text, one.user):
                    yield corrupted
