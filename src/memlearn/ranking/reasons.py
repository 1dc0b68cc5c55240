"""Why an item is recommended: the statement behind it, quoted, or else the plain figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from memlearn.memory import Statement
from memlearn.ranking.config import RankingConfig
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.levels import ITEM, MERCHANT
from memlearn.ranking.memory import UserMemory
from memlearn.ranking.popularity import Popularity
from memlearn.ranking.signals import Signal
from memlearn.ranking.timing import DAY_US, Timing, timing

# Kinds of facts that can stand behind a feature, the most telling first.
_BEHIND = {
    "due": ("habit", "likes", "started"),
    "liked": ("likes", "habit", "started", "moved", "season"),
    "stated": ("stance",),
    "answers": ("offer_answers",),
    "season": ("season",),
}
# A statement is quoted where what it says counts at least this share of what counts most.
_TELLING = 0.25
# What is due now is said first where it counts at least this share.
_USEFUL = 0.5
# Figures stand for an item where they count at least this share of what its popularity counts.
_OUTWEIGHING = 0.5
# A difference in log-odds of one changes a share by about so much.
_LOG_ODDS_SHARE = 0.25

_PREFIX = {Timing.SOON: "Due soon", Timing.DUE: "Due now", Timing.OVERDUE: "Overdue"}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item is recommended.

    Args:
        text: in words.
        evidence: of the statement quoted, as published, or the statistic behind the figures.
        statement: the statement quoted; None where there is none.
    """

    text: str
    evidence: dict[str, Any]
    statement: Statement | None = None


def give_reason(
    index: ItemIndex, item: int, memory: UserMemory, signals: Sequence[Signal], popular: Popularity, at_us: int, config: RankingConfig
) -> Reason:
    """Say why an item is recommended.

    Args:
        index: the items.
        item: position of the item.
        memory: of the user.
        signals: of the user.
        popular: what was taken to be popular.
        at_us: the moment of asking, microseconds UTC.
        config: settings.
    """
    weights = config.weights.model_dump()
    worth = {"answers": weights["answers"] * _LOG_ODDS_SHARE}
    mine = [
        (worth.get(signal.feature, weights[signal.feature]) * signal.value, signal) for signal in signals if _bears_on(index, item, signal)
    ]
    speaking = sorted((entry for entry in mine if entry[0] > 0), key=lambda entry: (-entry[0], entry[1].feature, entry[1].source))
    crowd = weights["popular"] * float(popular.values[item])
    best = max(speaking[0][0] if speaking else 0.0, _TELLING * crowd)
    telling = [(value, signal) for value, signal in speaking if value >= _TELLING * best]
    telling.sort(key=lambda entry: entry[0] < _USEFUL * best or not _is_due(entry[1], at_us))
    for _, signal in telling:
        statement = _statement(memory, signal, at_us)
        if statement is not None:
            return Reason(_prefixed(signal, statement, at_us), statement.evidence.to_json(), statement)
    if speaking and speaking[0][0] >= _OUTWEIGHING * crowd:
        return _figures(index, speaking[0][1])
    return _crowd(index, item, popular, at_us, config)


def _bears_on(index: ItemIndex, item: int, signal: Signal) -> bool:
    return signal.feature not in ("rested", "answered") and int(index.levels[signal.dim].codes[item]) == signal.code


def _statement(memory: UserMemory, signal: Signal, at_us: int) -> Statement | None:
    """The statement to quote; a habit that has lapsed by the moment is none, for it names a day long past as the next."""
    fact = signal.fact
    lapsed = False
    if fact is not None and fact.last_us is not None and fact.every_days is not None:
        lapsed = timing(fact.last_us, fact.every_days, at_us) is Timing.LAPSED
    about = memory.named.get(signal.source, ())
    for kind in _BEHIND.get(signal.feature, ()):
        for statement in about:
            said = statement.fact
            if said is not None and said.kind == kind and said.values.get("stance") != "avoids" and not (lapsed and kind == "habit"):
                return statement
    return None


def _is_due(signal: Signal, at_us: int) -> bool:
    """What is due now is the most useful thing to say."""
    fact = signal.fact
    if signal.feature != "due" or not signal.regular or fact is None or fact.last_us is None or fact.every_days is None:
        return False
    return timing(fact.last_us, fact.every_days, at_us) in (Timing.DUE, Timing.OVERDUE)


def _prefixed(signal: Signal, statement: Statement, at_us: int) -> str:
    """The statement's text, and before a habit where the user stands in it at the moment."""
    habit = signal.feature == "due" or (statement.fact is not None and statement.fact.kind == "habit")
    fact = signal.fact
    if not habit or not signal.regular or fact is None or fact.last_us is None or fact.every_days is None:
        return statement.text
    prefix = _PREFIX.get(timing(fact.last_us, fact.every_days, at_us))
    return f"{prefix}: {statement.text}" if prefix else statement.text


def _figures(index: ItemIndex, signal: Signal) -> Reason:
    """A reason from the figures of an item fact or a pair."""
    dim, key = signal.source
    fact = signal.fact
    if fact is None:
        return Reason("Stated by an operator.", {"operator": True})
    if signal.feature == "goes":
        text = f"Goes with {_shown(index, dim, key)}: bought together or next {signal.lift:.1f} times as often as by chance."
        return Reason(text, {"statistic": "pairs", "dim": dim, "key": key, "lift": signal.lift})
    if signal.feature == "answers":
        what = "" if signal.dim == ITEM else f" offers of {_shown(index, dim, key)}"
        text = f"Answered {fact.answered} of {fact.shown}{what or ' times it was shown'}."
        return Reason(text, {"statistic": "item_facts", "dim": dim, "key": key, "shown": fact.shown, "answered": fact.answered})
    times = {1: "once", 2: "twice"}.get(fact.n, f"{fact.n} times")
    of_level = f"{fact.n} purchase{'' if fact.n == 1 else 's'} of the {dim.replace('_', ' ')} {_shown(index, dim, key)}"
    what = {ITEM: f"Bought {times}", MERCHANT: f"Paid at {key} {times}"}.get(signal.dim, of_level)
    every = f", about every {fact.every_days:.0f} days" if signal.feature == "due" and fact.every_days else ""
    evidence = {"statistic": "item_facts", "dim": dim, "key": key, "n": fact.n}
    return Reason(f"{what}{every}.", evidence)


def _crowd(index: ItemIndex, item: int, popular: Popularity, at_us: int, config: RankingConfig) -> Reason:
    """A reason from what is popular, or new, where nothing known of the user speaks for the item."""
    best = popular.best_key(index.levels, item)
    if best is None:
        begins = int(index.valid_from[item])
        if begins > at_us - config.new_days * DAY_US:
            return Reason(f"New since {datetime.fromtimestamp(begins / 1_000_000, UTC):%Y-%m-%d}.", {"statistic": "items"})
        if index.answers.above[item] > 0:
            key = index.levels[ITEM].keys[int(index.levels[ITEM].codes[item])]
            return Reason("All users answer it more often than most offers.", {"statistic": "popularity", "dim": ITEM, "key": key})
        return Reason("May be recommended now; nothing that is known speaks for it.", {"statistic": "items"})
    dim, key, users = best
    among = f" {popular.among}" if popular.among else ""
    people = "user" if users == 1 else "users"
    said = {ITEM: f"bought by {users} {people}", MERCHANT: f"{users} {people} pay at {key}"}
    text = f"Popular{among}: {said.get(dim, f'{users} {people} buy {_shown(index, dim, key)}')}."
    return Reason(text, {"statistic": "popularity", "dim": dim, "key": key, "users": users})


def _shown(index: ItemIndex, dim: str, key: str) -> str:
    """A key as people read it: an item's name, a shouted category in small letters."""
    if dim == ITEM:
        return index.all_names.get(key, key)
    return key.lower() if dim != MERCHANT and key.isupper() and len(key) > 3 else key  # noqa: PLR2004 - as in statements
