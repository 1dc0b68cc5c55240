"""Is one method better than another, for the same users? Paired bootstrap over users, with the size of the effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.holm import holm
from memlearn.evaluation.metrics import UserScores
from memlearn.evaluation.resample import DRAWS, LEVEL, SEED, Interval, percentiles, resampled_sums, sign_p_value

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One method against another, over the same users.

    Args:
        users: how many users were compared.
        ours: mean of the one.
        theirs: mean of the other.
        difference: ours - theirs, with its interval.
        ratio: ours / theirs, with its interval (1.08 is 8 % more); none where the other's mean is not above 0, in a draw either.
        effect: Cohen's d of the users' differences: their mean over their standard deviation; none where they do not vary.
        p_value: two-sided, by the sign of the drawn differences.
        p_holm: the same after Holm's adjustment over all methods compared at once.
    """

    users: int
    ours: float
    theirs: float
    difference: Interval
    ratio: Interval | None
    effect: float | None
    p_value: float
    p_holm: float


def mean_intervals(values: Mapping[str, Reals], draws: int = DRAWS, seed: int = SEED, level: float = LEVEL) -> dict[str, Interval]:
    """The mean of each metric over users, with its percentile interval.

    Args:
        values: name → the metric of each user; all of one length.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: of the intervals.

    Raises:
        UsageError: there are no users, or a value is not finite.
    """
    if not values:
        return {}
    columns = np.column_stack(list(values.values()))
    drawn = resampled_sums(columns, draws, seed) / len(columns)
    return {name: Interval(float(np.mean(columns[:, i])), *percentiles(drawn[:, i], level)) for i, name in enumerate(values)}


def compare(ours: Reals, others: Mapping[str, Reals], draws: int = DRAWS, seed: int = SEED, level: float = LEVEL) -> dict[str, Comparison]:
    """One method against each of several others, over the same users and the same draws; p-values adjusted over all of them.

    Args:
        ours: one metric of each user; shape (users,).
        others: name of another method → the same metric of the same users in the same order.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: of the intervals; these are not adjusted for the number of methods.

    Raises:
        UsageError: there are no users, a value is not finite, or the methods have different numbers of users.
    """
    wrong = {name: len(values) for name, values in others.items() if len(values) != len(ours)}
    if wrong:
        raise UsageError(f"Methods are compared over the same users: ours has {len(ours)}, others have {wrong}.")
    return _compare_all({"": ours}, {name: {"": values} for name, values in others.items()}, draws, seed, level)[""]


def _compare_all(
    ours: Mapping[str, Reals], others: Mapping[str, Mapping[str, Reals]], draws: int, seed: int, level: float
) -> dict[str, dict[str, Comparison]]:
    """For each metric of ours each other method; all see the same draws, which are made once."""
    if not ours or not others:
        return {metric: {} for metric in ours}
    columns = np.column_stack([method[metric] for metric in ours for method in (ours, *others.values())])
    sums = resampled_sums(columns, draws, seed)
    result: dict[str, dict[str, Comparison]] = {}
    for number, metric in enumerate(ours):
        base = number * (len(others) + 1)
        found = {
            name: _compared(columns[:, base], columns[:, at], sums[:, base], sums[:, at], level)
            for at, name in enumerate(others, start=base + 1)
        }
        adjusted = holm({name: comparison.p_value for name, comparison in found.items()})
        result[metric] = {name: replace(comparison, p_holm=adjusted[name]) for name, comparison in found.items()}
    return result


def _compared(ours: Reals, theirs: Reals, our_sums: Reals, their_sums: Reals, level: float) -> Comparison:
    users = len(ours)
    drawn = (our_sums - their_sums) / users
    gaps = ours - theirs
    spread = float(np.std(gaps, ddof=1)) if users > 1 else 0.0
    our_mean, their_mean = float(np.mean(ours)), float(np.mean(theirs))
    ratio = None
    if their_mean > 0 and (their_sums > 0).all():
        ratio = Interval(our_mean / their_mean, *percentiles(our_sums / their_sums, level))
    p_value = sign_p_value(drawn)
    return Comparison(
        users=users,
        ours=our_mean,
        theirs=their_mean,
        difference=Interval(float(np.mean(gaps)), *percentiles(drawn, level)),
        ratio=ratio,
        effect=float(np.mean(gaps)) / spread if spread > 0 else None,
        p_value=p_value,
        p_holm=p_value,
    )


def compare_scores(
    ours: UserScores,
    others: Mapping[str, UserScores],
    metrics: Sequence[str],
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> dict[str, dict[str, Comparison]]:
    """`compare` for several metrics of measured methods, over the same draws; p-values adjusted within each metric.

    Args:
        ours: measured.
        others: name of another method → measured on the same truth.
        metrics: names of metrics, `ndcg@10` for example.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: of the intervals.

    Returns:
        Name of a metric → name of another method → ours against it.

    Raises:
        UsageError: a metric is unknown, or the methods were not measured for the same users.
    """
    for name, scores in {"ours": ours, **others}.items():
        missing = [metric for metric in metrics if metric not in scores.values]
        if missing:
            raise UsageError(f"{name!r} was not measured by {missing}; there are {', '.join(scores.values)}.")
        if not np.array_equal(scores.user, ours.user):
            raise UsageError(
                f"{name!r} was measured for {len(scores.user)} users that are not the {len(ours.user)} of ours. Use one truth."
            )
    chosen = {name: {metric: scores.values[metric] for metric in metrics} for name, scores in others.items()}
    return _compare_all({metric: ours.values[metric] for metric in metrics}, chosen, draws, seed, level)
