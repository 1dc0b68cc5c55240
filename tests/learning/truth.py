"""Scores the facts of a release against the truth of the samples: precision over all published facts, and recall, by kind.

A fact is right as `parameters.min_support.<kind>.true_at` of the truth says, and must be found where its entry is `expected`.
Nothing here imports memlearn: what is published comes in as plain rows.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

Fact = Mapping[str, Any]
Key = tuple[Any, ...]

# One merchant makes a category where it has so much of its purchases.
MOST = 0.7
BAND_HOURS = {"mornings": (5, 11), "middays": (11, 14), "afternoons": (14, 18), "evenings": (18, 23), "nights": (23, 29)}
# Merchants have categories as offers do; the truth tells them apart by the name of the dimension.
BOUGHT = {"habit", "likes", "season", "moved", "started", "stopped", "returns"}
SLOT_OF_BAND = {
    "weekends": "weekend",
    "weekdays": "weekday",
    "mornings": "morning",
    "middays": "midday",
    "afternoons": "midday",
    "evenings": "evening",
}


@dataclass(slots=True)
class Score:
    """One kind of fact: how much was published and right, how much had to be found and was; and the misses by name."""

    published: int = 0
    right: int = 0
    expected: int = 0
    found: int = 0
    wrong: list[Key] = field(default_factory=list)
    missed: list[Key] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Right among published; 1 where nothing is published."""
        return self.right / self.published if self.published else 1.0

    @property
    def recall(self) -> float:
        """Found among expected; 1 where nothing is expected."""
        return self.found / self.expected if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one sample.

    Args:
        users: what holds for each user, by id.
        population: what holds for all.
        parameters: when a fact is right.
        purchases: for each user (day, currency) of all purchases.
        amounts: for each user (day, currency, minor units) of all events, given back negative.
        counts: purchases by (user, merchant or category).
    """

    users: Mapping[str, Any]
    population: Mapping[str, Any]
    parameters: Mapping[str, Any]
    purchases: Mapping[str, list[tuple[date, str]]]
    amounts: Mapping[str, list[tuple[date, str, int]]]
    counts: Mapping[tuple[str, str], int]


def read_truth(folder: Path) -> Truth:
    """Read `truth.json.gz` and `truth-events.csv.gz`."""
    loaded = json.loads(gzip.decompress((folder / "truth.json.gz").read_bytes()))
    purchases: dict[str, list[tuple[date, str]]] = defaultdict(list)
    amounts: dict[str, list[tuple[date, str, int]]] = defaultdict(list)
    counts: Counter[tuple[str, str]] = Counter()
    with gzip.open(folder / "truth-events.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            day = date.fromisoformat(row["local_time"][:10])
            amounts[row["user_id"]].append((day, row["currency"], int(row["amount_minor"])))
            if row["kind"] == "purchase":
                purchases[row["user_id"]].append((day, row["currency"]))
                counts.update({(row["user_id"], row["merchant"]), (row["user_id"], row["category"])})
    return Truth(loaded["users"], loaded["population"], loaded["parameters"], purchases, amounts, counts)


def score(truth: Truth, published: Iterable[tuple[str, Fact]]) -> dict[str, Score]:
    """Judge every published fact, and look for every expected one.

    Args:
        truth: the sample's truth.
        published: (user, fact) of all facts; a fact holds `kind`, `dim`, `key` and its values.
    """
    scores = {kind: Score() for kind in truth.parameters["min_support"]}
    right: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for user_id, stated in published:
        kind = str(stated["kind"])
        fact = {**stated, "dim": "merchant_category"} if kind in BOUGHT and stated["dim"] == "category" else stated
        of_kind = scores.setdefault(kind, Score())
        of_kind.published += 1
        if _allowed(truth, fact) and kind in JUDGES and user_id in truth.users and JUDGES[kind](truth, user_id, fact):
            of_kind.right += 1
            right[user_id, kind].append(fact)
        else:
            of_kind.wrong.append((user_id, dict(fact)))
    for user_id, user in truth.users.items():
        for kind, entry in _expected(user, truth):
            scores[kind].expected += 1
            if _is_found(kind, entry, user_id, right, truth):
                scores[kind].found += 1
            else:
                scores[kind].missed.append((user_id, dict(entry)))
    return scores


def add_up(parts: Iterable[Mapping[str, Score]]) -> dict[str, Score]:
    """Scores of several samples as one."""
    total: dict[str, Score] = {}
    for part in parts:
        for kind, of in part.items():
            into = total.setdefault(kind, Score())
            into.published, into.right = into.published + of.published, into.right + of.right
            into.expected, into.found = into.expected + of.expected, into.found + of.found
            into.wrong.extend(of.wrong)
            into.missed.extend(of.missed)
    return total


def table(scores: Mapping[str, Score]) -> str:
    """The scores as lines of text."""
    lines = [f"{'kind':<16}{'published':>10}{'right':>8}{'precision':>11}{'expected':>10}{'found':>8}{'recall':>9}"]
    for kind, of in sorted(scores.items()):
        lines.append(f"{kind:<16}{of.published:>10}{of.right:>8}{of.precision:>11.3f}{of.expected:>10}{of.found:>8}{of.recall:>9.3f}")
    return "\n".join(lines)


def _allowed(truth: Truth, fact: Fact) -> bool:
    """Nothing about sensitive categories, their merchants and sensitive attributes."""
    secret = truth.population["sensitive_categories"]
    merchants = truth.population["merchants"]
    named = [fact.get("key"), fact.get("from")]
    if fact["kind"] == "person":
        return fact["key"] not in truth.population["sensitive_attributes"]
    return not any(name in secret or merchants.get(name) in secret for name in named if name)


def _listed(name: str) -> Callable[[Truth, str, Fact], bool]:
    def judge(truth: Truth, user_id: str, fact: Fact) -> bool:
        return any((entry["dim"], entry["key"]) == (fact["dim"], fact["key"]) for entry in truth.users[user_id][name])

    return judge


def _habit(truth: Truth, user_id: str, fact: Fact) -> bool:
    least = truth.parameters["numbers"]["habit_support"]
    for entry in truth.users[user_id]["habits"]:
        if (entry["dim"], entry["key"]) == (fact["dim"], fact["key"]) and entry["count"] >= least:
            planted = entry["interval_days"]
            if abs(fact["every_days"] - planted) <= max(0.25 * planted, 1.5):
                return True
    return False


def _season(truth: Truth, user_id: str, fact: Fact) -> bool:
    first, last = fact["first_month"], fact["last_month"]
    stated = {(first - 1 + step) % 12 + 1 for step in range((last - first) % 12 + 1)}
    for entry in truth.users[user_id]["seasons"]:
        listed = {int(month[5:]) for month in entry["months"]}
        if (entry["dim"], entry["key"]) == (fact["dim"], fact["key"]) and 2 * len(stated & listed) >= len(stated | listed):
            return True
    return False


def _month(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def _change(name: str) -> Callable[[Truth, str, Fact], bool]:
    def judge(truth: Truth, user_id: str, fact: Fact) -> bool:
        return any(
            (entry["dim"], entry["key"]) == (fact["dim"], fact["key"]) and abs(_month(entry["month"]) - _month(fact["month"])) <= 1
            for entry in truth.users[user_id][name]
        )

    return judge


def _moved(truth: Truth, user_id: str, fact: Fact) -> bool:
    return any(
        (entry["dim"], entry["from"], entry["to"]) == (fact["dim"], fact["from"], fact["key"])
        and abs(_month(entry["month"]) - _month(fact["month"])) <= 1
        for entry in truth.users[user_id]["moved"]
    )


def _time_habit(truth: Truth, user_id: str, fact: Fact) -> bool:
    weekday, hour = truth.users[user_id]["time"]["weekday"], truth.users[user_id]["time"]["hour"]
    band = fact["key"]
    if band in BAND_HOURS:
        hours = [at % 24 for at in range(*BAND_HOURS[band])]
        mass, base = (sum(of[at] for at in hours) for of in (hour, truth.population["hour"]))
    else:
        days = range(5, 7) if band == "weekends" else range(5)
        mass, base = sum(weekday[day] for day in days), len(days) / 7
    numbers = truth.parameters["numbers"]
    return bool(mass >= numbers["time_true"] and mass >= numbers["time_lift"] * base)


def _answers(name: str) -> Callable[[Truth, str, Fact], bool]:
    def judge(truth: Truth, user_id: str, fact: Fact) -> bool:
        return any((cell["dim"], cell["key"]) == (fact["dim"], fact["key"]) for cell in truth.users[user_id]["offer_response"][name])

    return judge


def _spending_change(truth: Truth, user_id: str, fact: Fact) -> bool:
    if fact["key"] != "EUR":
        return False
    spent, months = truth.users[user_id]["monthly_spend"], truth.population["months"]
    at = _month(fact["month"]) - _month(months[0])
    before, after = spent[max(at - fact["months_before"], 0) : at], spent[at : at + fact["months_after"]]
    if len(before) != fact["months_before"] or len(after) != fact["months_after"]:
        return False
    ratio = (sum(after) / len(after)) / (sum(before) / len(before))
    stated = fact["after"] / fact["before"]
    least = truth.parameters["numbers"]["spend_true"]
    return bool((ratio >= least and stated > 1) or (ratio <= 1 / least and stated < 1))


def _person(truth: Truth, user_id: str, fact: Fact) -> bool:
    return bool(truth.users[user_id]["person"].get(fact["key"]) == fact["value"])


def _stance(truth: Truth, user_id: str, fact: Fact) -> bool:
    return any(
        (entry["stance"], entry["dim"], entry["key"]) == (fact["stance"], fact["dim"], fact["key"]) and not entry["ended"]
        for entry in truth.users[user_id]["stances"]
    )


def _activity(truth: Truth, user_id: str, fact: Fact) -> bool:
    low, high = date.fromisoformat(fact["first"]), date.fromisoformat(fact["last"])
    days = [day for day, _ in truth.purchases[user_id] if low <= day <= high]
    return (fact["n"], fact["days"], low, high) == (len(days), len(set(days)), min(days), max(days))


def _spending(truth: Truth, user_id: str, fact: Fact) -> bool:
    of = [amount for _, currency, amount in truth.amounts[user_id] if currency == fact["key"]]
    n = sum(currency == fact["key"] for _, currency in truth.purchases[user_id])
    return (fact["n"], fact["amount"]) == (n, sum(of)) and abs(fact["mean"] - sum(of) / max(n, 1)) <= 0.5


JUDGES: dict[str, Callable[[Truth, str, Fact], bool]] = {
    "activity": _activity,
    "habit": _habit,
    "likes": _listed("likes"),
    "moved": _moved,
    "offer_answers": _answers("answers"),
    "offer_ignores": _answers("ignores"),
    "person": _person,
    "returns": _listed("returns"),
    "season": _season,
    "spending": _spending,
    "spending_change": _spending_change,
    "stance": _stance,
    "started": _change("started"),
    "stopped": _change("stopped"),
    "time_habit": _time_habit,
}

_LISTS = {
    "likes": "likes",
    "habit": "habits",
    "season": "seasons",
    "moved": "moved",
    "started": "started",
    "stopped": "stopped",
    "returns": "returns",
    "stance": "stances",
}


def _expected(user: Mapping[str, Any], truth: Truth) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(kind, entry) of everything that must be found of a user."""
    yield "activity", {}
    main = max(user["books"]["money"].items(), key=lambda pair: pair[1]["gross"])[0]
    yield "spending", {"dim": "currency", "key": main}
    yield from (("person", {"dim": "person", "key": name}) for name in user["person"])
    for kind, name in _LISTS.items():
        yield from ((kind, entry) for entry in user[name] if entry["expected"] and not _never_expected(entry, truth))
    yield from (("time_habit", entry) for entry in user["time"]["facts"] if entry["expected"])
    for kind, name in (("offer_answers", "answers"), ("offer_ignores", "ignores")):
        yield from ((kind, entry) for entry in user["offer_response"][name] if entry["expected"])
    if user["spending_change"] and user["spending_change"]["expected"]:
        yield "spending_change", user["spending_change"]


def _never_expected(entry: Mapping[str, Any], truth: Truth) -> bool:
    """Of some categories a fact may be stated and need not be; the truth marks moves between their merchants all the same."""
    categories = [truth.population["merchants"].get(entry.get(name), entry.get(name)) for name in ("key", "from", "to")]
    return any(category in truth.population["never_expected_categories"] for category in categories)


def _same_key(entry: Mapping[str, Any]) -> Callable[[Fact], bool]:
    return lambda fact: bool((fact["dim"], fact["key"]) == (entry["dim"], entry["key"]))


def _is_found(kind: str, entry: Mapping[str, Any], user_id: str, right: Mapping[tuple[str, str], list[Fact]], truth: Truth) -> bool:
    facts = right.get((user_id, kind), [])
    others: dict[str, Callable[[Fact], bool]] = {
        "activity": lambda _fact: True,
        "spending_change": lambda _fact: True,
        "time_habit": lambda fact: SLOT_OF_BAND.get(fact["key"]) == entry["slot"],
        "moved": lambda fact: (fact["dim"], fact["from"], fact["key"]) == (entry["dim"], entry["from"], entry["to"]),
    }
    same: Callable[[Fact], bool] = others[kind] if kind in others else _same_key(entry)
    if any(same(fact) for fact in facts):
        return True
    if entry.get("covered_by_all"):
        return any(fact["dim"] is None for fact in facts)
    if kind == "likes" and entry["covered_by_habit"]:
        merchants = truth.population["merchants"]
        habits = right.get((user_id, "habit"), [])
        if any(entry["key"] in (fact["key"], merchants.get(fact["key"])) for fact in habits):
            return True
    return kind in ("likes", "season") and _is_told_of_a_merchant(entry, user_id, facts, truth)


def _is_told_of_a_merchant(entry: Mapping[str, Any], user_id: str, facts: Iterable[Fact], truth: Truth) -> bool:
    """What holds of a category is told once: of the one merchant that makes most of it."""
    most = MOST * truth.counts[user_id, entry["key"]]
    merchants = truth.population["merchants"]
    return any(
        merchants.get(fact["key"]) == entry["key"] and fact.get("of" if fact["kind"] == "season" else "n", 0) >= most for fact in facts
    )
