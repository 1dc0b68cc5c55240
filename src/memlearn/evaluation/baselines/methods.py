"""Every baseline by name, with the settings that tuning tries.

The settings of a method stand in one fixed order, the published ones first; so the first n of them are the same in every run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from memlearn.evaluation.baselines.ease import EaseParameters, fit_ease
from memlearn.evaluation.baselines.frequency import (
    DecayedFrequencyParameters,
    TopFreqParameters,
    fit_decayed_frequency,
    fit_top_freq,
)
from memlearn.evaluation.baselines.ials import IalsParameters, fit_ials, ials_missing
from memlearn.evaluation.baselines.item_knn import ItemKnnParameters, fit_item_knn
from memlearn.evaluation.baselines.popularity import (
    PopularityParameters,
    RecentPopularityParameters,
    fit_popularity,
    fit_recent_popularity,
)
from memlearn.evaluation.baselines.scorer import Scorer
from memlearn.evaluation.baselines.tifu_knn import TifuKnnParameters, fit_tifu_knn
from memlearn.evaluation.baselines.trex import TrexParameters, fit_trex
from memlearn.evaluation.baselines.up_cf import UpCfParameters, fit_up_cf
from memlearn.ranking.history import History

__all__ = ["METHODS", "Method", "spread"]

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Method(Generic[P]):
    """A baseline that can be fitted and tuned.

    Args:
        name: what reports call it.
        title: the same for a reader, with the tie rule where it is the method's own.
        fit: fits it to a history.
        settings: what to try on a history, in order; the first are the published ones.
        missing: why it cannot be run here, or None.
    """

    name: str
    title: str
    fit: Callable[[History, P], Scorer]
    settings: Callable[[History], tuple[P, ...]]
    missing: Callable[[], str | None] = lambda: None


def spread(published: Sequence[P], values: Mapping[str, Sequence[Any]]) -> tuple[P, ...]:
    """Settings in an order that covers a grid evenly from the start: the published ones, then the grid along a Halton sequence.

    Args:
        published: parameters that are tried first; the first of them also gives whatever the grid leaves open.
        values: for each field its values, in order; at most six fields.

    Returns:
        The published settings and every other of the grid, each once.
    """
    primes = (2, 3, 5, 7, 11, 13)[: len(values)]
    wanted = math.prod(map(len, values.values()))
    found = dict.fromkeys(published)
    seen: set[tuple[int, ...]] = set()
    number = 0
    while len(seen) < wanted:
        number += 1
        place = tuple(int(_halton(number, prime) * len(own)) for prime, own in zip(primes, values.values(), strict=True))
        if place not in seen:
            seen.add(place)
            chosen = {name: own[at] for at, (name, own) in zip(place, values.items(), strict=True)}
            found.setdefault(replace(published[0], **chosen))  # type: ignore[type-var]
    return tuple(found)


def _halton(number: int, base: int) -> float:
    """The digits of a number, mirrored at the point."""
    result, weight = 0.0, 1.0
    while number:
        number, digit = divmod(number, base)
        weight /= base
        result += digit * weight
    return result


def _recent_popularity(history: History) -> tuple[RecentPopularityParameters, ...]:
    shares = tuple(RecentPopularityParameters(share) for share in (0.1, 0.05, 0.2, 0.5, 0.02, 0.3, 0.01, 0.7))
    if not history.timed:
        return shares
    days = (RecentPopularityParameters(days=days) for days in (7.0, 30.0, 14.0, 90.0, 1.0, 180.0, 3.0, 60.0))
    return tuple(setting for pair in zip(shares, days, strict=True) for setting in pair)


def _decayed_frequency(history: History) -> tuple[DecayedFrequencyParameters, ...]:
    baskets = tuple(DecayedFrequencyParameters(decay) for decay in (0.9, 1.0, 0.95, 0.8, 0.98, 0.7, 0.99, 0.6))
    if not history.timed:
        return baskets
    days = (DecayedFrequencyParameters(decay, "days") for decay in (0.98, 0.99, 0.95, 0.995, 0.97, 0.9, 0.999, 0.8))
    return tuple(setting for pair in zip(baskets, days, strict=True) for setting in pair)


def _trex(history: History) -> tuple[TrexParameters, ...]:
    del history
    published = [TrexParameters(0.1, 0.9), TrexParameters(0.3, 0.8), TrexParameters(0.7, 0.9)]
    return spread(published, {"alpha": (0.0, 0.1, 0.3, 0.5, 0.7, 1.0), "beta": (0.7, 0.8, 0.9, 0.95, 1.0)})


def _up_cf(history: History) -> tuple[UpCfParameters, ...]:
    del history
    published = [
        UpCfParameters(10, 0.75, 5.0),
        UpCfParameters(76, 0.75, 10.0),
        UpCfParameters(25, 0.75, 5.0),
        # Better than the published ones on Ta-Feng.
        UpCfParameters(10, 0.75, 2.0),
    ]
    return spread(published, {"recent": (2, 5, 10, 25, 76), "asymmetry": (0.25, 0.5, 0.75), "locality": (1.0, 2.0, 3.0, 5.0, 10.0)})


def _tifu_knn(history: History) -> tuple[TifuKnnParameters, ...]:
    del history
    published = [
        TifuKnnParameters(300, 0.9, 0.7, 0.7, 7),
        TifuKnnParameters(900, 0.9, 0.6, 0.2, 3),
        TifuKnnParameters(900, 0.9, 0.7, 0.9, 3),
        # Better than the published ones on Ta-Feng.
        TifuKnnParameters(300, 0.9, 1.0, 0.1, 17),
    ]
    grid = {
        "neighbours": (100, 300, 900),
        "basket_decay": (0.9, 0.95, 1.0),
        "group_decay": (0.6, 0.8, 0.9, 1.0),
        "own_share": (0.1, 0.3, 0.5, 0.7, 0.9),
        "groups": (3, 7, 17),
    }
    return spread(published, grid)


def _item_knn(history: History) -> tuple[ItemKnnParameters, ...]:
    del history
    grid = {"neighbours": (20, 50, 100, 300, 1000), "shrinkage": (0.0, 10.0, 50.0, 200.0), "decay": (0.8, 0.9, 0.95, 1.0)}
    return spread([ItemKnnParameters()], grid)


def _ease(history: History) -> tuple[EaseParameters, ...]:
    del history
    return spread([EaseParameters()], {"regularization": (20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 3000.0, 10_000.0), "decay": (1.0, 0.9)})


def _ials(history: History) -> tuple[IalsParameters, ...]:
    del history
    grid = {"factors": (32, 64, 128), "regularization": (0.01, 0.1, 1.0, 10.0), "confidence": (1.0, 3.0, 10.0, 40.0)}
    return spread([IalsParameters()], grid)


def _one(setting: P) -> Callable[[History], tuple[P, ...]]:
    return lambda _: (setting,)


METHODS: tuple[Method[Any], ...] = (
    Method("popularity", "Popularity (G-TopFreq)", fit_popularity, _one(PopularityParameters())),
    Method("recent_popularity", "Recent popularity", fit_recent_popularity, _recent_popularity),
    Method("p_top_freq", "P-TopFreq (ties by popularity)", fit_top_freq, _one(TopFreqParameters(back_off=False))),
    Method("p_top_freq_oldest", "P-TopFreq (ties oldest first)", fit_top_freq, _one(TopFreqParameters(back_off=False, ties="oldest"))),
    Method("gp_top_freq", "GP-TopFreq (ties by popularity)", fit_top_freq, _one(TopFreqParameters())),
    Method("gp_top_freq_oldest", "GP-TopFreq (ties oldest first)", fit_top_freq, _one(TopFreqParameters(ties="oldest"))),
    Method("decayed_frequency", "Decayed frequency", fit_decayed_frequency, _decayed_frequency),
    Method("trex", "TREx repetition", fit_trex, _trex),
    Method("up_cf", "UP-CF@r", fit_up_cf, _up_cf),
    Method("tifu_knn", "TIFU-KNN", fit_tifu_knn, _tifu_knn),
    Method("item_knn", "Item-kNN", fit_item_knn, _item_knn),
    Method("ease", "EASE", fit_ease, _ease),
    Method("ials", "iALS", fit_ials, _ials, ials_missing),
)
"""Every baseline, the simple ones first."""
