"""What is true of users, computed in plain Python row by row: decides whether a corrupted fact still holds.

It shares no code with the package, and works from the definitions in `docs/facts.md` alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

Fact = Mapping[str, Any]
RETURNS = ("refund", "cancellation")
PAIRED_A_DAY = 30


@dataclass(frozen=True)
class Event:
    """One row, with its local time and its keys by dimension."""

    row_id: str
    kind: str
    day: date
    month: int
    hour: int | None
    item: str | None
    amount: int | None
    currency: str | None
    discounted: bool
    keys: Mapping[str, str]


def band(event: Event, name: str) -> bool | None:
    """Does the event lie in a time of the week; None where that is not known."""
    if name in ("weekends", "weekdays"):
        return (event.day.weekday() >= 5) == (name == "weekends")
    if event.hour is None:
        return None
    hours = {
        "mornings": range(5, 11),
        "middays": range(11, 14),
        "afternoons": range(14, 18),
        "evenings": range(18, 23),
        "nights": (23, 0, 1, 2, 3, 4),
    }
    return event.hour in hours.get(name, ())


def half_up(total: int, count: int) -> int:
    """A mean of integers, rounded half up."""
    return (2 * total + count) // (2 * count)


def month_of(text: object) -> int | None:
    """`2026-06` as a count of months."""
    try:
        year, month = map(int, str(text).split("-"))
    except ValueError:
        return None
    return year * 12 + month - 1 if 1 <= month <= 12 else None


def same_share(claimed: object, actual: float | None, digits: int) -> bool:
    """Equal to so many decimals, or both unknown."""
    if claimed is None or actual is None:
        return claimed is None and actual is None
    return abs(float(str(claimed)) - actual) <= 0.5 * 10**-digits + 1e-9


class Oracle:
    """The truth about everybody."""

    def __init__(
        self, events: Mapping[str, list[Event]], given: Mapping[str, Any], *, boundary: int, min_users: int, sampled: Collection[str]
    ) -> None:
        self.events, self.given, self.min_users, self.sampled = events, given, min_users, sampled
        self.visits: dict[str, list[list[set[str]]]] = {}
        past = [(user, event) for user, rows in events.items() for event in rows if event.month < boundary]
        self.bought = [(user, event) for user, event in past if event.kind == "purchase"]
        self.past = past
        self.key_n: Counter[tuple[str, str]] = Counter()
        self.key_users: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.key_month: Counter[tuple[str, str, int]] = Counter()
        self.month_n: Counter[int] = Counter(event.month for _, event in self.bought)
        for user, event in self.bought:
            for pair in event.keys.items():
                self.key_n[pair] += 1
                self.key_users[pair].add(user)
                self.key_month[*pair, event.month] += 1

    def holds(self, user: str | None, fact: Fact) -> bool:
        """True where the fact is true of the user, or of all users where `user` is None."""
        name = f"_{fact['kind']}" if user is not None else f"_shared_{fact['kind']}"
        check: Callable[..., bool] = getattr(self, name)
        try:
            return check(fact) if user is None else check(user, fact)
        except (ZeroDivisionError, ValueError, StopIteration):
            return False

    def _purchases(self, user: str, fact: Fact | None = None, *, key: str | None = None) -> list[Event]:
        rows = [event for event in self.events.get(user, ()) if event.kind == "purchase"]
        return rows if fact is None else [event for event in rows if event.keys.get(fact["dim"]) == (key or fact["key"])]

    @staticmethod
    def _span(rows: Iterable[Event], fact: Fact) -> bool:
        days = sorted(event.day for event in rows)
        return bool(days) and (fact["first"], fact["last"]) == (days[0].isoformat(), days[-1].isoformat())

    def _person(self, user: str, fact: Fact) -> bool:
        return bool(self.given["persons"].get((user, fact["key"])) == fact["value"] and fact["dim"] == "person")

    def _stance(self, user: str, fact: Fact) -> bool:
        return bool(self.given["stances"].get((user, fact["dim"], fact["key"])) == (fact["stance"], fact["until"]))

    def _activity(self, user: str, fact: Fact) -> bool:
        rows = self._purchases(user)
        return fact["n"] == len(rows) and fact["days"] == len({event.day for event in rows}) and self._span(rows, fact)

    def _paid(self, user: str, currency: str) -> list[Event]:
        return [
            event
            for event in self.events.get(user, ())
            if event.kind in ("purchase", *RETURNS) and event.currency == currency and event.amount is not None
        ]

    def _spending(self, user: str, fact: Fact) -> bool:
        rows = self._paid(user, fact["key"])
        n, amount = sum(event.kind == "purchase" for event in rows), sum(event.amount or 0 for event in rows)
        return bool(
            fact["dim"] == "currency" and (fact["n"], fact["amount"], fact["mean"]) == (n, amount, half_up(amount, n)) and amount > 0
        )

    def _spending_change(self, user: str, fact: Fact) -> bool:
        sums: Counter[int] = Counter()
        for event in self._paid(user, fact["key"]):
            sums[event.month] += event.amount or 0
        turn = month_of(fact["month"])
        if turn is None or not sums:
            return False
        before, after = range(min(sums) + 1, turn), range(turn, max(sums))
        means = [half_up(sum(sums[month] for month in part), len(part)) for part in (before, after)]
        claimed = (fact["before"], fact["after"], fact["months_before"], fact["months_after"])
        lasting = min(len(before), len(after)) >= 3 and max(means) + 0.5 >= 1.25 * (min(means) - 0.5)
        return claimed == (*means, len(before), len(after)) and means[0] != means[1] and lasting

    def _likes(self, user: str, fact: Fact) -> bool:
        rows, of = self._purchases(user, fact), sum(fact["dim"] in event.keys for event in self._purchases(user))
        pair = (fact["dim"], fact["key"])
        total = sum(n for (dim, _), n in self.key_n.items() if dim == fact["dim"])
        base = self.key_n[pair] / total if len(self.key_users[pair]) >= self.min_users else None
        counts = (fact["n"], fact["of"]) == (len(rows), of) and self._span(rows, fact)
        return (
            counts
            and same_share(fact["share"], len(rows) / of, 4)
            and same_share(fact["population_share"], base, 6)
            and len(rows) / of > (base or 0)
            and len(rows) / of >= max(0.01, 2 * ((base or 0) - 1e-6))
        )

    def _habit(self, user: str, fact: Fact) -> bool:
        rows = self._purchases(user, fact)
        days = sorted({event.day for event in rows})
        gaps = sorted((later - earlier).days for earlier, later in pairwise(days))
        median = gaps[(len(gaps) - 1) // 2] if gaps else 0
        fitting = [gap for gap in gaps if 6 * median <= 10 * gap <= 14 * median]
        every = half_up(sum(fitting), len(fitting))
        following = (days[-1] + timedelta(days=every)).isoformat()
        silence = (max(event.day for event in self._purchases(user)) - days[-1]).days
        claimed = (fact["n"], fact["gaps"], fact["fitting"], fact["every_days"], fact["next"])
        steady = len(gaps) >= 5 and 2 * len(fitting) > len(gaps) and silence <= max(21, 4 * every)
        return claimed == (len(rows), len(gaps), len(fitting), every, following) and self._span(rows, fact) and steady

    def _time_habit(self, user: str, fact: Fact) -> bool:
        def seen(rows: Iterable[tuple[str, Event]]) -> tuple[int, int, int]:
            known = [(who, band(event, fact["key"])) for who, event in rows]
            inside = [who for who, hit in known if hit]
            return len(inside), sum(hit is not None for _, hit in known), len(set(inside))

        n, of, _ = seen((user, event) for event in self._purchases(user))
        all_n, all_of, users = seen(self.bought)
        base = all_n / all_of if users >= self.min_users else None
        return (
            fact["dim"] == "time_of_week"
            and (fact["n"], fact["of"]) == (n, of)
            and same_share(fact["share"], n / of, 4)
            and same_share(fact["population_share"], base, 6)
            and n / of > max(base or 0, 0.5)
        )

    def _season(self, user: str, fact: Fact) -> bool:
        low, high = fact["first_month"], fact["last_month"]
        if not (1 <= low <= 12 and 1 <= high <= 12):
            return False
        months = {(low - 1 + step) % 12 for step in range((high - low) % 12 + 1)}
        rows, everything = self._purchases(user, fact), self._purchases(user)
        inside, user_inside = (sum(event.month % 12 in months for event in part) for part in (rows, everything))
        ends = {low - 1, high - 1} <= {event.month % 12 for event in rows}
        return (
            ends
            and (fact["n"], fact["of"]) == (inside, len(rows))
            and 2 * inside > len(rows)
            and inside * len(everything) > len(rows) * user_inside
        )

    def _offers(self, user: str, fact: Fact) -> tuple[int, int, bool]:
        shown, answered = Counter[str](), Counter[str]()
        for event in self.events.get(user, ()):
            if event.item is not None and event.keys.get(fact["dim"]) == fact["key"]:
                shown[event.item] += event.kind == "exposure"
                answered[event.item] += event.kind == "redemption"
        seen, hits = sum(shown.values()), sum(min(n, shown[item]) for item, n in answered.items())
        base = self._answer_rate(lambda event: event.keys.get(fact["dim"]) == fact["key"])
        if base is None:
            base = self._answer_rate(lambda _: True) or 0.0
        right = (
            (fact["answered"], fact["shown"]) == (hits, seen)
            and same_share(fact["rate"], hits / seen, 4)
            and same_share(fact["population_rate"], base, 6)
        )
        return right, hits / seen > max(base, 0.5), hits / seen < base and 5 * hits <= seen

    def _answer_rate(self, about: Callable[[Event], bool]) -> float | None:
        rows = [(user, event) for user, event in self.past if event.item is not None and about(event)]
        shown, answered = (Counter((user, event.item) for user, event in rows if event.kind == kind) for kind in ("exposure", "redemption"))
        hits = sum(min(answered[offer], n) for offer, n in shown.items())
        return hits / sum(shown.values()) if len({user for user, _ in shown}) >= self.min_users else None

    def _offer_answers(self, user: str, fact: Fact) -> bool:
        right, more, _ = self._offers(user, fact)
        return bool(right and more)

    def _offer_ignores(self, user: str, fact: Fact) -> bool:
        right, _, less = self._offers(user, fact)
        return bool(right and less)

    def _returns(self, user: str, fact: Fact) -> bool:
        back = sum(event.kind in RETURNS and event.keys.get(fact["dim"]) == fact["key"] for event in self.events.get(user, ()))
        n = len(self._purchases(user, fact))
        base = sum(event.kind in RETURNS for _, event in self.past) / len(self.bought)
        return (
            (fact["returned"], fact["of"]) == (back, n) and same_share(fact["population_rate"], base, 6) and back <= n and back / n > base
        )

    def _sides(self, rows: Iterable[Event], fact: Fact) -> tuple[int, int]:
        turn = month_of(fact["month"])
        if turn is None:
            raise ValueError
        months = [event.month for event in rows]
        return sum(month < turn for month in months), sum(month >= turn for month in months)

    def _moved(self, user: str, fact: Fact) -> bool:
        old = self._sides(self._purchases(user, fact, key=fact["from"]), fact)
        new = self._sides(self._purchases(user, fact), fact)
        claimed = (fact["from_before"], fact["from_after"], fact["to_before"], fact["to_after"])
        return (
            claimed == (*old, *new)
            and sum(old) > 0 < sum(new)
            and old[0] >= 4 * old[1]
            and new[1] >= 4 * new[0]
            and fact["key"] != fact["from"]
        )

    def _changed(self, user: str, fact: Fact) -> tuple[bool, int, int]:
        rows = self._purchases(user, fact)
        before, after = self._sides(rows, fact)
        user_before, user_after = self._sides(self._purchases(user), fact)
        claimed = (fact["n"], fact["before"], fact["after"], fact["user_before"], fact["user_after"])
        right = claimed == (len(rows), before, after, user_before, user_after) and self._span(rows, fact)
        return (
            right and user_before > before * (fact["kind"] == "started") and user_after > after * (fact["kind"] == "stopped"),
            before * user_after,
            after * user_before,
        )

    def _started(self, user: str, fact: Fact) -> bool:
        right, before, after = self._changed(user, fact)
        silence = max(event.day for event in self._purchases(user)) - max(event.day for event in self._purchases(user, fact))
        return right and 5 * before <= after and fact["after"] >= max(6, 6 * fact["before"]) and silence.days <= 62

    def _stopped(self, user: str, fact: Fact) -> bool:
        right, before, after = self._changed(user, fact)
        return right and before >= 5 * after and fact["before"] >= max(6, 6 * fact["after"])

    def _shared_popular(self, fact: Fact) -> bool:
        pair = (fact["dim"], fact["key"])
        total = sum(n for (dim, _), n in self.key_n.items() if dim == fact["dim"])
        return (fact["n"], fact["of"], fact["users"]) == (self.key_n[pair], total, len(self.key_users[pair])) and len(
            self.key_users[pair]
        ) >= self.min_users

    def _shared_trend(self, fact: Fact) -> bool:
        turn, newest = month_of(fact["month"]), max(self.month_n)
        if turn is None:
            return False
        late, early = range(turn, newest + 1), range(2 * turn - newest - 1, turn)
        of_key = [sum(self.key_month[fact["dim"], fact["key"], month] for month in part) for part in (late, early)]
        of_all = [sum(self.month_n[month] for month in part) for part in (late, early)]
        claimed = (fact["after"], fact["after_total"], fact["before"], fact["before_total"])
        return claimed == (of_key[0], of_all[0], of_key[1], of_all[1]) and of_key[0] * of_all[1] != of_key[1] * of_all[0]

    def visits_of(self, dim: str) -> list[list[set[str]]]:
        """Of every sampled user the days with purchases that have a key, in order: the keys that are paired."""
        if dim not in self.visits:
            days: defaultdict[str, defaultdict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
            for user, event in self.bought:
                if user in self.sampled and dim in event.keys:
                    days[user][event.day].add(event.keys[dim])
            self.visits[dim] = [[set(sorted(found[day])[:PAIRED_A_DAY]) for day in sorted(found)] for found in days.values()]
        return self.visits[dim]

    def pair(self, kind: str, dim: str, key: str, other: str) -> tuple[int, int, float]:
        """How often two keys come together, of how many users, and how much more often than by chance."""
        visits = self.visits_of(dim)
        every = [day for user in visits for day in user]
        if kind == "with":
            hits = [sum(key in day and other in day for day in user) for user in visits]
        else:
            hits = [sum(key in day and other in following for day, following in pairwise(user)) for user in visits]
        n, of_key, of_other = sum(hits), sum(key in day for day in every), sum(other in day for day in every)
        return n, sum(hit > 0 for hit in hits), n * len(every) / (of_key * of_other)

    def _paired(self, fact: Fact) -> bool:
        n, users, lift = self.pair(fact["kind"], fact["dim"], fact["key"], fact["other"])
        right = (fact["n"], fact["users"]) == (n, users) and same_share(fact["lift"], lift, 4)
        return right and users >= self.min_users and lift > 1 and fact["key"] != fact["other"]

    def _shared_with(self, fact: Fact) -> bool:
        # Two keys of one day are told once, in the order of their names.
        return bool(fact["key"] < fact["other"]) and self._paired(fact)

    def _shared_after(self, fact: Fact) -> bool:
        return self._paired(fact)

    def _shared_passage(self, fact: Fact) -> bool:
        passage = self.given["passages"].get(fact["key"])
        if passage is None or not fact["quote"]:
            return False
        placed = (fact["document"], fact["headings"]) == (passage["document_id"], passage["headings"])
        return placed and fact["start"] >= 0 and passage["text"][fact["start"] : fact["end"]] == fact["quote"]


def read_events(
    rows: Iterable[Mapping[str, Any]], levels: Mapping[str, Mapping[str, str]], attributes: Iterable[str]
) -> dict[str, list[Event]]:
    """Rows, in time order, as events by user; returns get the keys of the row they name."""
    rows = list(rows)
    named = {(row["user_id"], row["key"]): row for row in rows if row["key"] is not None}
    events: dict[str, list[Event]] = defaultdict(list)
    for row in rows:
        origin = named.get((row["user_id"], row["refers_to"])) if row["kind"] in RETURNS and row["refers_to"] else None
        local = datetime.fromtimestamp(row["time_us"] // 1_000_000 + row["offset_s"], tz=UTC)

        def about(name: str, row: Mapping[str, Any] = row, origin: Mapping[str, Any] | None = origin) -> Any:
            return row[name] if row[name] is not None or origin is None else origin[name]

        item = about("item_id")
        keys = {"item": item, "merchant": about("merchant"), **levels.get(item or "", {})}
        keys["category"] = keys.get("category") or about("merchant_category")
        keys |= {name: about(f"attr_{name}") for name in attributes}
        events[row["user_id"]].append(
            Event(
                row_id=f"{row['row_id']:016x}",
                kind=row["kind"],
                day=local.date(),
                month=local.year * 12 + local.month - 1,
                hour=local.hour if row["has_clock"] else None,
                item=item,
                amount=row["amount"],
                currency=row["currency"],
                discounted=bool(row["discount"]),
                keys={name: key for name, key in keys.items() if key is not None},
            )
        )
    return dict(events)
