"""Why the trained ranker puts an item where it is: the facts that moved its score most, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from memlearn.memory import Statement
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.learned.companions import KINDS
from memlearn.ranking.learned.features import FACT_FEATURES, FEATURES, LEVELS
from memlearn.ranking.learned.ranker import LearnedRanker
from memlearn.ranking.learned.values import Ints, Reals, UserFacts
from memlearn.ranking.levels import ITEM
from memlearn.ranking.memory import UserMemory

_EPOCH = date(1970, 1, 1)
# So many facts are told of an item at most; a third that moved it less than this share of what moved it most is not told.
_TOLD, _ALWAYS, _TELLING = 3, 2, 0.15
# Fewest visits from which an interval is told.
_REGULAR = 3
_BOUGHT = "bought"
_COMPANION_OF = {"with_all": "with", "with_lately": "with", "basket_lately": "basket", "after_last": "after", "after_lately": "after"}


def _groups() -> dict[str, list[int]]:
    """Features that tell of the same fact, by what it is about."""
    groups: dict[str, list[int]] = {
        _BOUGHT: [FEATURES.index(name) for name in FACT_FEATURES],
        "crowd": [FEATURES.index(name) for name in ("buyers", "bought", "latest", "trend")],
        "repeated": [FEATURES.index("repeated")],
    }
    for kind in KINDS:
        groups.setdefault(_COMPANION_OF[kind], []).extend(FEATURES.index(name) for name in (kind, f"{kind}_best"))
    for number in range(1, LEVELS + 1):
        groups[f"level{number}"] = [FEATURES.index(f"level{number}_{name}") for name in ("visits", "age")]
    return groups


GROUPS = _groups()
"""What moved a score, as people tell facts apart: name → features."""
# 1 where a feature belongs to a group; shape (features, groups).
_MEMBERS = np.array([[float(feature in columns) for columns in GROUPS.values()] for feature in range(len(FEATURES))])


@dataclass(frozen=True, slots=True)
class Moved:
    """A fact that moved an item's score.

    Args:
        about: what it is about, a name of `GROUPS`.
        by: by how much it moved the score.
    """

    about: str
    by: float


def what_moved(contributions: Reals) -> list[Moved]:
    """The facts that raised a score, the strongest first.

    Args:
        contributions: of each feature; shape (features,).
    """
    moved = [Moved(name, round(by, 6)) for name, by in zip(GROUPS, (contributions @ _MEMBERS).tolist(), strict=True)]
    return sorted((fact for fact in moved if fact.by > 0), key=lambda fact: (-fact.by, fact.about))


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Tells why one user's items are where they are.

    Args:
        ranker: that ranked them.
        index: the items of the release.
        facts: of the user.
        memory: of the user.
    """

    ranker: LearnedRanker
    index: ItemIndex
    facts: UserFacts
    memory: UserMemory
    _known: dict[str, tuple[Ints, Ints, Reals]] = field(default_factory=dict, init=False)

    def explain(self, item: int, contributions: Reals) -> tuple[str, dict[str, Any]]:
        """The reason for an item, and the evidence behind it.

        Args:
            item: position of the item in the ranker.
            contributions: of each feature to its score; shape (features,).
        """
        moved = what_moved(contributions)
        told: list[str] = []
        facts: list[dict[str, Any]] = []
        quoted: Statement | None = None
        for fact in moved:
            if len(told) == _TOLD or (len(told) >= _ALWAYS and fact.by < _TELLING * moved[0].by):
                break
            statement = self._statement(fact.about, item) if quoted is None else None
            said = (statement.text.rstrip("."), {}) if statement is not None else self._words(fact.about, item)
            if said is None or said[0] in told:
                continue
            quoted = quoted or statement
            told.append(said[0])
            facts.append({"about": fact.about, "by": fact.by, **said[1]})
        if not told:
            said = self._words("crowd", item) or ("May be recommended now", {})
            told, facts = [said[0]], [{"about": "crowd", "by": 0.0, **said[1]}]
        evidence = {} if quoted is None else quoted.evidence.to_json()
        return f"{'. '.join(told)}.", {**evidence, "statistic": evidence.get("statistic") or "ranker", "moved": facts}

    def _statement(self, about: str, item: int) -> Statement | None:
        """A line of the blocks that tells the fact."""
        place = self._key(about, item)
        for statement in self.memory.named.get(place, ()) if place is not None else ():
            said = statement.fact
            if said is not None and said.kind in ("habit", "likes", "season", "started") and statement.status == "verified":
                return statement
        return None

    def _key(self, about: str, item: int) -> tuple[str, str] | None:
        """Dimension and key that a fact is about."""
        if about == _BOUGHT:
            return ITEM, self.ranker.item_ids[item]
        number = int(about.removeprefix("level")) - 1 if about.startswith("level") else -1
        if not 0 <= number < len(self.ranker.levels):
            return None
        dim = self.ranker.levels[number]
        level, position = self.index.levels.get(dim), self.index.position(self.ranker.item_ids[item])
        if level is None or position is None:
            return None
        code = int(level.codes[position])
        return (dim, level.keys[code]) if code >= 0 else None

    def _words(self, about: str, item: int) -> tuple[str, dict[str, Any]] | None:
        words: Mapping[str, Callable[[int], tuple[str, dict[str, Any]] | None]] = {
            _BOUGHT: self._of_bought,
            "crowd": self._of_crowd,
            "repeated": self._of_repeated,
        }
        if about in words:
            return words[about](item)
        return self._of_level(about, item) if about.startswith("level") else self._of_companion(about, item)

    def _of_bought(self, item: int) -> tuple[str, dict[str, Any]] | None:
        at = np.flatnonzero(self.facts.item == item)
        if not len(at):
            return None
        visits, first, last = (int(column[at[0]]) for column in (self.facts.visits, self.facts.first, self.facts.last))
        figures = {"key": self.ranker.item_ids[item], "n": visits, "last": _day(last)}
        if visits == 1:
            return f"Bought once, on {_day(last)}", figures
        times = "twice" if visits == 2 else f"on {visits} days"  # noqa: PLR2004 - a word of its own
        every = (last - first) / (visits - 1)
        usually = f", about every {_days(every)}" if visits >= _REGULAR else ""
        return f"Bought {times}{usually}, the last on {_day(last)}", figures

    def _of_crowd(self, item: int) -> tuple[str, dict[str, Any]] | None:
        buyers, users = int(self.ranker.figures.buyers[item]), self.ranker.figures.users
        return (f"Bought by {buyers} of {users} users", {"users": buyers, "of": users}) if buyers else None

    def _of_repeated(self, item: int) -> tuple[str, dict[str, Any]] | None:
        buyers, again = int(self.ranker.figures.buyers[item]), int(self.ranker.figures.repeaters[item])
        if not again or not len(np.flatnonzero(self.facts.item == item)):
            return None
        return f"{again} of its {buyers} buyers bought it again", {"users": again, "of": buyers}

    def _of_companion(self, kind: str, item: int) -> tuple[str, dict[str, Any]] | None:
        """Through which of the user's items the crowd leads to this one."""
        near, through, weight = self._near(kind)
        found = np.flatnonzero(near == item)
        found = found[weight[found] > 0]
        if not len(found):
            return None
        best = int(through[found[np.argmax(weight[found])]])
        name = self._name(best)
        said = {
            "with": f"Often bought by those who buy {name}",
            "basket": f"Often bought on the same day as {name}",
            "after": f"Often bought next after {name}",
        }
        return said[kind], {"through": self.ranker.item_ids[best]}

    def _near(self, kind: str) -> tuple[Ints, Ints, Reals]:
        """All companions of the user's items: which they are, of which item, and how much they count."""
        if kind not in self._known:
            facts, companions = self.facts, self.ranker.companions[kind]
            begins = companions.starts[facts.item]
            sizes = companions.starts[facts.item + 1] - begins
            fact = np.repeat(np.arange(len(facts.item)), sizes)
            at = np.arange(len(fact)) + np.repeat(begins - (np.cumsum(sizes) - sizes), sizes)
            counts = facts.visits * 0.9 ** facts.ages()
            self._known[kind] = companions.item[at], facts.item[fact], companions.weight[at] * counts[fact]
        return self._known[kind]

    def _of_level(self, about: str, item: int) -> tuple[str, dict[str, Any]] | None:
        place = self._key(about, item)
        number = int(about.removeprefix("level")) - 1
        if place is None:
            return None
        codes = self.ranker.figures.levels[number]
        mine = codes[self.facts.item] == codes[item]
        n = int(self.facts.visits[mine].sum())
        if not n:
            return None
        dim, key = place
        shown = key.lower() if key.isupper() and len(key) > 3 else key  # noqa: PLR2004 - as in statements
        times = {1: "once", 2: "twice"}.get(n, f"{n} times")
        return f"Bought {shown} {times}", {"dim": dim, "key": key, "n": n}

    def _name(self, item: int) -> str:
        item_id = self.ranker.item_ids[item]
        return self.index.all_names.get(item_id, item_id)


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()


def _days(number: float) -> str:
    whole = max(1, round(number))
    return "day" if whole == 1 else f"{whole} days"
