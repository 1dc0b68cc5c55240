"""A figure of an evaluation: its mean with an interval, or the reason why it could not be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from memlearn.evaluation.resample import Interval


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that could not be had; in JSON its mean is null and the reason stands beside it."""

    reason: str
    mean: None = None


Figure = Interval | Missing
Figures = Mapping[str, Figure]
