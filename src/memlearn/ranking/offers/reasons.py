"""Why the ranker of offers puts an offer where it is: the facts that raised its chance most, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from memlearn.ranking.offers.applies import AFFINITY, Bought
from memlearn.ranking.offers.ranker import OfferRanker
from memlearn.ranking.offers.sends import Flags, Reals, Sends

# So many facts are told of an offer at most; one that moved it less than this share of what moved it most is not told.
_TOLD, _TELLING = 3, 0.15
_OWN, _SAME, _CROWD, _PERSON, _LEVEL = "own", "same", "crowd", "person:", "level"
_DAY = 1440


def fact_of(name: str) -> str:
    """What a feature tells of, as people tell facts apart."""
    if name == "rate":
        return _CROWD
    if name.startswith(("same_", "since_same", "waiting_same")):
        return _SAME
    if name.startswith(_LEVEL):
        return name.split("_", 1)[0]
    if name == AFFINITY:
        return name
    return name if name.startswith(_PERSON) else _OWN


@dataclass(frozen=True, eq=False)
class OfferExplainer:
    """Tells why one user's offers are where they are.

    Args:
        ranker: that judged them.
        sends: to the user.
        at: the instant, minutes since 1970-01-01.
        persons: attributes of the user.
        keys: keys of each offer in the ranker's levels; None where it has none.
        bought: what memory holds of the user's purchases.
    """

    ranker: OfferRanker
    sends: Sends
    at: int
    persons: Mapping[str, str]
    keys: tuple[tuple[str | None, ...], ...]
    bought: Bought

    def explain_alone(self, item: int) -> tuple[str, dict[str, Any]]:
        """As `explain`, for an offer that is ranked by what it applies to alone.

        Args:
            item: number of the offer.
        """
        found = self._of_purchases(item) or ("Others buy what it applies to", {})
        return f"{found[0]}.", {"statistic": "offer_ranker", "moved": [{"about": AFFINITY, **found[1]}]}

    def explain(self, item: int, contributions: Reals) -> tuple[str, dict[str, Any]]:
        """The reason for an offer, and the evidence behind it.

        Args:
            item: number of the offer.
            contributions: of each feature of the model to its logit; shape (features,).
        """
        moved: dict[str, float] = {}
        for name, by in zip(self.ranker.model.features, contributions.tolist(), strict=True):
            moved[fact_of(name)] = moved.get(fact_of(name), 0.0) + by
        raised = sorted(((round(by, 6), about) for about, by in moved.items() if by > 0), key=lambda fact: (-fact[0], fact[1]))
        told: list[str] = []
        facts: list[dict[str, Any]] = []
        for by, about in raised:
            said = self._words(about, item) if by >= _TELLING * raised[0][0] and len(told) < _TOLD else None
            if said is not None:
                told.append(said[0])
                facts.append({"about": about, "by": by, **said[1]})
        if not told:
            text, figures = self._of_crowd(item) or ("May be shown now", {})
            told, facts = [text], [{"about": _CROWD, "by": 0.0, **figures}]
        return f"{'. '.join(told)}.", {"statistic": "offer_ranker", "moved": facts}

    def _words(self, about: str, item: int) -> tuple[str, dict[str, Any]] | None:
        if about in (_CROWD, AFFINITY):
            return self._of_crowd(item) if about == _CROWD else self._of_purchases(item)
        if about == _OWN:
            return self._counted(np.ones(len(self.sends), dtype=np.bool_), "the offers sent lately")
        if about == _SAME:
            return self._counted(self.sends.item == item, "the times that this was sent")
        if about.startswith(_LEVEL):
            number = int(about.removeprefix(_LEVEL)) - 1
            codes, key = self.ranker.figures.levels[number], self.keys[item][number]
            return None if key is None else self._counted(codes[self.sends.item] == codes[item], f"the offers sent of {key}")
        name = about.removeprefix(_PERSON)
        if name in self.ranker.sensitive or name not in self.persons:
            return None
        kind = next(attribute.kind for attribute in self.ranker.encoding.attributes if attribute.name == name)
        near = "" if kind == "shares" else "near "
        return f"Users with {name.replace('_', ' ')} {near}{self.persons[name]} answer it more", {"attribute": name}

    def _of_purchases(self, item: int) -> tuple[str, dict[str, Any]] | None:
        """Of what the offer applies to, or what is like it, how much the user bought; no item or key is named, for it may be sensitive."""
        applies, bought = self.ranker.applies, self.bought
        for codes, lists, what in zip(
            (bought.item, *bought.keys),
            (applies.of_items, *applies.of_keys),
            ("what it applies to", *["what is like what it applies to"] * len(applies.levels)),
            strict=True,
        ):
            its = lists.has(item, codes)
            if its.any():
                times = int(bought.visits[its].sum())
                last = str(np.datetime64(int(bought.last[its].max()), "D"))
                said = f"Bought {what} {times} times, the last time" if times > 1 else f"Bought {what} once,"
                return f"{said} on {last}", {"bought": times, "last": last}
        return None

    def _of_crowd(self, item: int) -> tuple[str, dict[str, Any]] | None:
        sent, answered = (int(column[item]) for column in (self.ranker.figures.of_items.sent, self.ranker.figures.of_items.answered))
        if not sent:
            return None
        return f"Answered {answered:,} of the {sent:,} times that it was sent to anybody", {"answered": answered, "sent": sent}

    def _counted(self, among: Flags, what: str) -> tuple[str, dict[str, Any]] | None:
        """What the user answered of some sends whose outcome is known."""
        sends = self.sends
        answered = sends.answered_by(np.full(len(sends), self.at)) & among
        over = (sends.sent + self.ranker.figures.window[sends.item] <= self.at) & among
        known = int(np.count_nonzero((answered | over) & ~self.ranker.silent[sends.item]))
        if not answered.any():
            return None
        figures: dict[str, Any] = {"answered": int(answered.sum()), "sent": known, "last": _day(int(sends.answered[answered].max()))}
        if known == 1:
            return f"Answered {what.replace('offers', 'one offer').replace('times that this was sent', 'last one of this')}", figures
        return f"Answered {figures['answered']} of {what} ({known}), the last time on {figures['last']}", figures


def _day(minute: int) -> str:
    return str(np.datetime64(minute // _DAY, "D"))
