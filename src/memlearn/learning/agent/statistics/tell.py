"""The statistics of each user, in order, as many as are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from memlearn.learning.agent.statistics.changes import tell_changes, tell_moves
from memlearn.learning.agent.statistics.counts import tell_keys, tell_spending, tell_whole
from memlearn.learning.agent.statistics.hidden import items_of_one_name
from memlearn.learning.agent.statistics.layout import Telling
from memlearn.learning.agent.statistics.offers import tell_discounts, tell_offers, tell_returns
from memlearn.learning.agent.statistics.times import tell_months, tell_rhythms, tell_seasons, tell_times_of_day, tell_weekdays
from memlearn.learning.agent.step import Statistic
from memlearn.learning.embedded.candidates import find_by_month
from memlearn.learning.embedded.habits import find_habits, find_steady
from memlearn.learning.embedded.state import State
from memlearn.memory import Fact

STATISTICS = 2
"""Version of what is told of the same rows; part of the agent's version."""


def tell_statistics(state: State, telling: Telling, hidden: pl.DataFrame | None = None) -> dict[int, tuple[Statistic, ...]]:
    """The statistics of each user: of the user as a whole, of offers, of rhythms, seasons and changes, of what was given back, and of keys.

    The order is the same whatever the figures are; within a kind those with the highest figures come first. Where there are more than
    are wanted, each kind (and each dimension of it) keeps its first ones.

    Args:
        state: joined statistics of the users' rows so far.
        telling: names, levels and limits.
        hidden: u, dim, label of keys that must not be told; None: there are none.

    Returns:
        User index → statistics; users with nothing to tell are left out.
    """
    told: dict[int, list[Statistic]] = {}
    apart = [keys.select("u", "dim", "label") for keys in (hidden, items_of_one_name(state, telling)) if keys is not None]
    hidden = pl.concat(apart) if apart else None
    for part in _parts(state, telling, hidden):
        for u, text, kind, dim, key, values in part.iter_rows():
            fact = Fact(kind, dim, key, {name: value for name, value in values.items() if value is not None})
            told.setdefault(u, []).append(Statistic(text, fact))
    return {u: tuple(_first_of_each(statistics, telling.most)) for u, statistics in sorted(told.items())}


def _parts(state: State, telling: Telling, hidden: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    places = [number for name in telling.attributes if (number := state.keys.index(name)) is not None]
    steady = find_steady(state, places)
    by_month = find_by_month(state, steady, telling.parents, places)
    keys = tell_keys(state, telling, hidden)
    yield tell_whole(state)
    yield tell_spending(state)
    yield tell_weekdays(state)
    yield tell_times_of_day(state)
    yield tell_months(state)
    yield tell_discounts(state)
    if len(state.tables.offers):
        yield tell_offers(state, telling, hidden)
    habits = find_habits(state, steady)
    # Most users have none of these, and queries of nothing take their time too.
    if len(habits):
        yield tell_rhythms(state, telling, habits, hidden)
    if len(by_month["seasons"]):
        yield tell_seasons(state, telling, by_month["seasons"], hidden)
    for kind in ("started", "stopped"):
        if len(by_month[kind]):
            yield tell_changes(state, telling, kind, by_month[kind], hidden)
    if len(by_month["moves"]):
        yield tell_moves(state, telling, by_month["moves"], hidden)
    if (state.counts["returned"] > 0).any():
        yield tell_returns(state, telling, keys.select("u", "dim", "key"), hidden)
    yield keys


def _first_of_each(statistics: Sequence[Statistic], most: int) -> list[Statistic]:
    """So many of them, in the order there is: of each kind and dimension the first one, then the second ones, and so on."""
    if len(statistics) <= most:
        return list(statistics)
    seen: Counter[tuple[str, str | None]] = Counter()
    ranks = []
    for at, one in enumerate(statistics):
        ranks.append((seen[one.fact.kind, one.fact.dim], at))
        seen[one.fact.kind, one.fact.dim] += 1
    return [statistics[at] for at in sorted(at for _, at in sorted(ranks)[:most])]
