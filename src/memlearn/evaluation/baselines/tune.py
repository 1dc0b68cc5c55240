"""Choosing a baseline's parameters on a validation cut, with the same number of tries for each method."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from memlearn.errors import UsageError
from memlearn.evaluation.baselines.methods import Method
from memlearn.evaluation.baselines.scorer import Scorer
from memlearn.ranking.history import History

__all__ = ["Try", "Tuned", "tune", "tune_over"]

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Try(Generic[P]):
    """One setting, and how good it was on the validation cut."""

    parameters: P
    value: float


@dataclass(frozen=True, slots=True)
class Tuned(Generic[P]):
    """What tuning found.

    Args:
        method: the method's name.
        best: the parameters with the highest value; of equally good ones those tried first.
        value: their value.
        tries: every try, in order.
    """

    method: str
    best: P
    value: float
    tries: tuple[Try[P], ...]


def tune(method: Method[P], history: History, metric: Callable[[Scorer], float], tries: int = 12) -> Tuned[P]:
    """Fit a method with its first settings and keep the best.

    Every method gets the same budget; one with fewer settings than that tries them all. Which settings are tried depends on the
    method, the budget and whether the history has times, on nothing else.

    Args:
        method: what to tune.
        history: what it may see; it ends where the validation cut begins.
        metric: how good a fitted method is on the validation cut, higher being better.
        tries: how many settings to try at most.

    Returns:
        The best parameters and the table of all tries.

    Raises:
        UsageError: if no try is allowed, the method cannot be run here, or the metric gives no number.
    """
    return tune_over(method, [history], lambda scorers: metric(scorers[0]), tries)


def tune_over(method: Method[P], histories: Sequence[History], metric: Callable[[Sequence[Scorer]], float], tries: int = 12) -> Tuned[P]:
    """`tune` over several cuts: each setting is fitted to the history of every cut.

    Args:
        method: what to tune.
        histories: what it may see at each cut, at least one.
        metric: how good the fitted methods, one for each cut, are together, higher being better.
        tries: how many settings to try at most.

    Raises:
        UsageError: as of `tune`.
    """
    if tries < 1:
        raise UsageError(f"Tuning {method.name!r} is allowed {tries} tries; allow at least 1.")
    missing = method.missing()
    if missing:
        raise UsageError(missing)
    table = tuple(_try(method, histories, metric, setting) for setting in method.settings(histories[-1])[:tries])
    best = max(table, key=lambda one: one.value)
    return Tuned(method.name, best.parameters, best.value, table)


def _try(method: Method[P], histories: Sequence[History], metric: Callable[[Sequence[Scorer]], float], parameters: P) -> Try[P]:
    value = float(metric([method.fit(history, parameters) for history in histories]))
    if math.isnan(value):
        raise UsageError(f"The metric of {method.name!r} with {parameters!r} is not a number; a validation cut needs users with truth.")
    return Try(parameters, value)
