"""Features of users and offers at an instant, from what was sent and answered before it: the same when training and when serving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from memlearn.ranking.offers.applies import AFFINITY
from memlearn.ranking.offers.sends import Flags, Ints, Reals, Sends

LEVELS = 2
"""So many levels, the coarse ones, have features of their own."""

_PERSON = "person:"
# How many attributes are known of the user: an attribute without a name, which is never told.
_KNOWN = _PERSON
_DAY = 1440.0
# Sends by which a user's surplus of answers is drawn towards none.
_OWN_PRIOR, _KEY_PRIOR = 2.0, 1.0
_EPOCH = date(1970, 1, 1)

Values = Reals


@dataclass(frozen=True, slots=True)
class Attribute:
    """A given attribute of persons, and how it becomes a number.

    Args:
        name: of the attribute.
        kind: `number`, `date` (days since 1970-01-01) or `shares` (the share of sends answered by those who have the value).
        shares: value → share, for `shares`.
    """

    name: str
    kind: str
    shares: Mapping[str, float]

    def number(self, value: str | None) -> float:
        """The number of a value; NaN where it says nothing."""
        if value is None:
            return math.nan
        if self.kind == "shares":
            return self.shares.get(value, math.nan)
        try:
            return float((date.fromisoformat(value[:10]) - _EPOCH).days) if self.kind == "date" else float(value)
        except ValueError:
            return math.nan


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which attributes are features, in order."""

    attributes: tuple[Attribute, ...] = ()

    def row(self, persons: Mapping[str, str]) -> Reals:
        """The numbers of one user; shape (attributes,)."""
        return np.array([attribute.number(persons.get(attribute.name)) for attribute in self.attributes], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of queries.

    Args:
        names: of the columns.
        values: shape (queries, features); NaN where unknown.
    """

    names: tuple[str, ...]
    values: Reals

    def take(self, names: Sequence[str]) -> Reals:
        """Some columns, in this order."""
        return self.values[:, [self.names.index(name) for name in names]]


_OWN = ("own_sent", "own_answered", "own_gain", "own_share")
_SAME = ("same_sent", "same_gain")
_TIMES = ("waiting", "waiting_same", "delay", "since_answer", "since_sent", "since_same")


def feature_names(levels: int, encoding: Encoding, *, affinity: bool = False) -> tuple[str, ...]:
    """Names of all features.

    Args:
        levels: how many levels offers have.
        encoding: of the persons' attributes.
        affinity: whether it is known what offers apply to.
    """
    of_levels = [f"level{number + 1}_{name}" for number in range(min(levels, LEVELS)) for name in ("sent", "gain")]
    known = (AFFINITY,) if affinity else ()
    persons = (f"{_PERSON}{attribute.name}" for attribute in encoding.attributes)
    return ("rate", *_OWN, *_SAME, *_TIMES, *of_levels, *known, *((_KNOWN,) if encoding.attributes else ()), *persons)


def raising(name: str, encoding: Encoding) -> bool:
    """Whether a higher value may only raise the chance of an answer."""
    if name.startswith(_PERSON):
        return any(attribute.name == name.removeprefix(_PERSON) and attribute.kind == "shares" for attribute in encoding.attributes)
    return name in ("rate", "own_answered", "own_share", AFFINITY) or name.endswith("_gain")


def make_features(
    sends: Sends,
    user: Ints,
    item: Ints,
    at: Ints,
    rate: Reals,
    overall: Reals,
    send_rate: Reals,
    window: Ints,
    silent: Flags,
    levels: Ints,
    persons: Reals,
    encoding: Encoding,
    affinity: Reals | None = None,
) -> Features:
    """Features of queries: would this user answer this offer if it were sent at this instant?

    Of a send, what is known at the instant counts: that it was answered before, or that its time to be answered had passed.

    Args:
        sends: of the users, what was sent at or after an instant not counting for it.
        user: the user of each query; shape (queries,).
        item: number of the offer.
        at: the instant, minutes.
        rate: the share of sends of the offer that all users answer, as known at the instant; shape (queries,).
        overall: the same of all offers; shape (queries,).
        send_rate: the same of the offer of each send, as known when it was sent; shape (sends,).
        window: minutes in which each offer can be answered; shape (offers,).
        silent: which offers hardly anybody answers; they say nothing of a user.
        levels: code of each offer in each level; shape (levels, offers).
        persons: numbers of the persons' attributes of each user; shape (users, attributes).
        encoding: what they are.
        affinity: how much the user cares for what the offer applies to, NaN where that is not known; shape (queries,). None: of no offer it is.
    """
    query, row = _pairs(sends, user, at)
    telling = ~silent[sends.item[row]]
    seen = _Seen.of(sends, query[telling], row[telling], item, at, send_rate, window)
    columns: dict[str, Reals] = {"rate": rate, **_of_user(seen, overall), **_of_times(sends, seen, at)}
    for number in range(min(len(levels), LEVELS)):
        columns |= _of_level(sends, seen, item, levels[number], f"level{number + 1}")
    columns[_KNOWN] = np.count_nonzero(~np.isnan(persons), axis=1)[user].astype(np.float64)
    for number, attribute in enumerate(encoding.attributes):
        columns[f"{_PERSON}{attribute.name}"] = persons[user, number]
    if affinity is not None:
        columns[AFFINITY] = affinity
    names = feature_names(len(levels), encoding, affinity=affinity is not None)
    return Features(names, np.column_stack([columns[name] for name in names]).reshape(len(user), len(names)))


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Each query with each earlier send to its user, and what was known of the send at the query's instant.

    Args:
        queries: how many there are.
        query, row: of each pair; `row` is that of the send.
        same: whether it was of the query's offer.
        answered: whether it was answered before the instant.
        known: whether it was, or its time to be answered had passed.
        surplus: by how much it was answered more than others answer the offer.
    """

    queries: int
    query: Ints
    row: Ints
    same: Flags
    answered: Flags
    known: Flags
    surplus: Reals

    @staticmethod
    def of(sends: Sends, query: Ints, row: Ints, item: Ints, at: Ints, send_rate: Reals, window: Ints) -> _Seen:
        answered = (sends.answered[row] >= 0) & (sends.answered[row] < at[query])
        over = sends.sent[row] + window[sends.item[row]] <= at[query]
        same = sends.item[row] == item[query]
        return _Seen(len(at), query, row, same, answered, answered | over, answered - send_rate[row])

    def count(self, chosen: Flags, weights: Reals | None = None) -> Reals:
        """How many of the chosen sends each query has, or their weights together."""
        return np.bincount(self.query[chosen], None if weights is None else weights[chosen], self.queries).astype(np.float64)


def _of_user(seen: _Seen, overall: Reals) -> dict[str, Reals]:
    """What the user answered of all offers and of the same one."""
    sent, answered, same = seen.count(seen.known), seen.count(seen.answered), seen.count(seen.known & seen.same)
    waiting = ~seen.known
    return {
        "own_sent": sent,
        "own_answered": answered,
        "own_gain": seen.count(seen.known, seen.surplus) / (sent + _OWN_PRIOR),
        "own_share": (answered + _OWN_PRIOR * overall) / (sent + _OWN_PRIOR),
        "same_sent": same,
        "same_gain": seen.count(seen.known & seen.same, seen.surplus) / (same + _KEY_PRIOR),
        "waiting": seen.count(waiting),
        "waiting_same": seen.count(waiting & seen.same),
    }


def _of_times(sends: Sends, seen: _Seen, at: Ints) -> dict[str, Reals]:
    """How fast the user answers, and how long ago something was sent and answered."""
    query, row, answered, same = seen.query, seen.row, seen.answered, seen.same
    slow = np.log1p(np.maximum(sends.answered[row] - sends.sent[row], 0) / 60.0)
    own = seen.count(answered)
    with np.errstate(invalid="ignore", divide="ignore"):
        delay = np.where(own > 0, seen.count(answered, slow) / own, np.nan)
    return {
        "delay": delay,
        "since_answer": _since(query[answered], sends.answered[row][answered], at),
        "since_sent": _since(query, sends.sent[row], at),
        "since_same": _since(query[same], sends.sent[row][same], at),
    }


def _of_level(sends: Sends, seen: _Seen, item: Ints, code: Ints, name: str) -> dict[str, Reals]:
    """What the user answered of offers of the same key in a level."""
    wanted = code[item[seen.query]]
    alike = (code[sends.item[seen.row]] == wanted) & (wanted >= 0) & seen.known
    sent = seen.count(alike)
    return {f"{name}_sent": sent, f"{name}_gain": seen.count(alike, seen.surplus) / (sent + _KEY_PRIOR)}


def _pairs(sends: Sends, user: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Each query with each send to its user before its instant: positions of both."""
    starts, sizes = sends.starts[user], np.diff(sends.starts)[user]
    query = np.repeat(np.arange(len(user), dtype=np.int64), sizes)
    row = np.arange(int(sizes.sum()), dtype=np.int64) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
    before = sends.sent[row] < at[query]
    return query[before], row[before]


def _since(query: Ints, time: Ints, at: Ints) -> Reals:
    """Days since the latest of some times of each query; NaN where there is none."""
    latest = np.full(len(at), -np.inf)
    np.maximum.at(latest, query, time.astype(np.float64))
    return np.where(np.isfinite(latest), (at - latest) / _DAY, np.nan)
