"""Features of candidates, from the facts of memory alone."""

from __future__ import annotations

import numpy as np

from memlearn.ranking.learned.companions import KINDS
from memlearn.ranking.learned.values import Ints, ItemFigures, Reals, UserFacts, Weights

LEVELS = 3
"""So many levels of the catalogue take part, the finest ones."""

# The share of the user's visits on which they bought the item, what is past counting less: fastest first.
_FADED = ("lately", "faded", "slowly_faded")
# The place of an item among the user's, by such a share, and the share against that of the item in the first place.
_PLACED = tuple(f"{name}_{what}" for name in _FADED[:2] for what in ("place", "best"))
_OF_FACT = ("visits", "share", *_FADED, *_PLACED, "age", "age_days", "first_age", "since", "gap", "due")
_OF_ITEM = ("buyers", "bought", "latest", "trend", "repeated", "size")
_OF_USER = ("user_visits", "user_size", "user_repeats", "user_items", "user_last_size", "user_pace", "user_away")
_OF_LEVEL = ("visits", "age")

FEATURES = (
    *_OF_FACT,
    *KINDS,
    *(f"{kind}_best" for kind in KINDS),
    *_OF_ITEM,
    *_OF_USER,
    *(f"level{number}_{name}" for number in range(1, LEVELS + 1) for name in _OF_LEVEL),
)
"""Names of the features, in the order of their columns."""

FACT_FEATURES = _OF_FACT
"""Those that are about what the user did with the item itself."""

STARTS_AT = FEATURES.index("faded")
"""The feature whose logarithm scores start at; what is learned corrects it."""

_NONE_IF_NEVER = frozenset({"visits", "share", *_FADED, *(name for name in _PLACED if name.endswith("_best"))})
_PRIOR = 5.0
# What is added to a share of visits before its logarithm is taken: never bought is as likely as once on so many visits.
_NEVER = 0.01


def make_features(facts: UserFacts, owner: Ints, item: Ints, figures: ItemFigures, near: Weights) -> Weights:
    """The features of candidates.

    Args:
        facts: of a batch of users.
        owner: user of each candidate, ascending.
        item: position of each candidate, ascending within a user.
        figures: of all items.
        near: of `closeness`.

    Returns:
        Shape (candidates, features), columns as in `FEATURES`; NaN where something is not known.
    """
    columns = [*_of_fact(facts, owner, item, len(figures)), *_near(near, owner, item), *_of_item(figures, item)]
    columns += [column[owner] for column in _of_user(facts)]
    for number in range(LEVELS):
        columns += _of_level(facts, owner, item, figures.levels[number]) if number < len(figures.levels) else [_unknown(len(owner))] * 2
    made = np.empty((len(owner), len(FEATURES)), dtype=np.float32)
    for number, column in enumerate(columns):
        made[:, number] = column
    return made


def start_scores(features: Weights) -> Reals:
    """The scores that a model's trees are added to: how likely the user is to buy the item again, by the share of their visits alone.

    Args:
        features: of `make_features`.

    Returns:
        Shape (candidates,).
    """
    scores: Reals = np.log(features[:, STARTS_AT].astype(np.float64) + _NEVER)
    return scores


def _unknown(size: int) -> Reals:
    return np.full(size, np.nan)


def _of_fact(facts: UserFacts, owner: Ints, item: Ints, items: int) -> list[Reals]:
    key, wanted = facts.owner() * items + facts.item, owner * items + item
    place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    known = key[place] == wanted if len(key) else np.zeros(len(wanted), dtype=np.bool_)
    rows, of = place[known], owner[known]
    pace, ages = facts.pace()[of], facts.ages()[rows]
    visits, first, last = facts.visits[rows], facts.first[rows], facts.last[rows]
    faded = facts.faded / facts.visits_weighed()[facts.owner()]
    placed = [part[rows] for column in faded.T[: len(_PLACED) // 2] for part in _placed(column, facts)]
    first_age = (facts.user_last[of] - first) / pace
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where(visits > 1, (last - first) / pace / (visits - 1), np.nan)
        due = (ages + 1) / gap
    values = (
        visits,
        visits / facts.user_visits[of],
        *faded[rows].T,
        *placed,
        ages,
        facts.at[of] - last,
        first_age,
        visits / (first_age + 1),
        gap,
        due,
    )
    columns = []
    for name, value in zip(_OF_FACT, values, strict=True):
        column = np.zeros(len(owner)) if name in _NONE_IF_NEVER else _unknown(len(owner))
        column[known] = value
        columns.append(column)
    return columns


def _placed(share: Reals, facts: UserFacts) -> tuple[Reals, Reals]:
    """The place of each fact among its user's by a share of visits, 0 for the highest one, and its share against that one's."""
    order = np.lexsort((-share, facts.owner()))
    first = np.repeat(facts.starts[:-1], np.diff(facts.starts))
    place = np.empty(len(share))
    place[order] = np.arange(len(share)) - first
    best = share[order][first]
    # Of what was all bought long ago nothing may be left.
    return place, share / np.where(best > 0, best, 1.0)


def _near(near: Weights, owner: Ints, item: Ints) -> list[Reals]:
    highest = near.max(axis=2, initial=0.0)
    plain = [kind[owner, item].astype(np.float64) for kind in near]
    shares = [values / np.where(top > 0, top, 1.0)[owner] for values, top in zip(plain, highest, strict=True)]
    return [*plain, *shares]


def _of_item(figures: ItemFigures, item: Ints) -> list[Reals]:
    users = max(figures.users, 1)
    buyers, visits, latest = figures.buyers[item], figures.visits[item], figures.latest[item]
    return [
        buyers / users,
        visits / users,
        latest / users,
        (latest + 1) / (visits + _PRIOR),
        figures.repeaters[item] / (buyers + _PRIOR),
        figures.size[item],
    ]


def _of_user(facts: UserFacts) -> list[Reals]:
    visits, bought = np.maximum(facts.user_visits, 1), np.maximum(facts.user_bought, 1)
    pace = facts.pace()
    return [
        facts.user_visits,
        facts.user_bought / visits,
        1 - facts.user_items / bought,
        facts.user_items,
        facts.user_last_size,
        np.where(np.isfinite(pace), pace, np.nan),
        facts.at - facts.user_last,
    ]


def _of_level(facts: UserFacts, owner: Ints, item: Ints, level: Ints) -> list[Reals]:
    """How much of what memory holds is of the candidate's key in a level, and how many visits ago the last of it was bought."""
    fact_owner, ages, keys = facts.owner(), facts.ages(), int(level.max(initial=-1)) + 1
    code = level[facts.item]
    known = np.flatnonzero(code >= 0)
    place = fact_owner[known] * keys + code[known]
    visits = np.bincount(place, weights=facts.visits[known], minlength=len(facts) * keys)
    youngest = np.full(len(facts) * keys, np.inf)
    np.minimum.at(youngest, place, ages[known])
    wanted = level[item]
    at = owner * keys + np.maximum(wanted, 0)
    if keys == 0:
        return [_unknown(len(owner)), _unknown(len(owner))]
    share = visits[at] / np.maximum(facts.user_visits[owner], 1)
    age = np.where(np.isfinite(youngest[at]), youngest[at], np.nan)
    return [np.where(wanted >= 0, share, np.nan), np.where(wanted >= 0, age, np.nan)]
