"""What a section of the quality benchmark is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from memlearn.evaluation.resample import Interval

Figures = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""Method -> metric -> mean, low, high."""

OURS = "memlearn"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a section is given.

    Args:
        data: folder of the data sets.
        scratch: folder to work in; what is there already is taken up again.
        final: look at test data, and log it; else at validation.
        scale: share of the users, 0 to 1.
        cuts: in time, of each period.
        log: the committed log of looks at test data.
        baselines: names of those to compare with; empty for all.
    """

    data: Path
    scratch: Path
    final: bool
    scale: float
    cuts: int
    log: Path
    baselines: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """For the configs."""
        return {"DATA": str(self.data), "USERS": str(round(1000 * self.scale)), "CUTS": str(self.cuts)}

    def store(self, name: str) -> Path:
        """The store of a data set; another share of the users has another one."""
        return self.scratch / (name if self.scale == 1 else f"{name}-{self.scale:g}")


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that must hold.

    Args:
        what: in words.
        found: what was found, in words.
        holds: whether it does; None where that was not judged, and `found` says why.
    """

    what: str
    found: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a section found.

    Args:
        figures: of every method.
        lines: what is printed above the demands.
        demands: what must hold.
    """

    figures: Figures
    lines: tuple[str, ...]
    demands: tuple[Demand, ...] = field(default=())


def plain(own: Interval) -> dict[str, float | None]:
    """A figure as the JSON object has it."""
    return {"mean": own.mean, "low": own.low, "high": own.high}


def said(own: Mapping[str, float | None]) -> str:
    """A figure for readers."""
    return f"{own['mean']:.4f} [{own['low']:.4f}, {own['high']:.4f}]"


@dataclass(frozen=True, slots=True)
class Section:
    """One section.

    Args:
        name: of the data set in the JSON object, and for `--only`.
        title: for readers.
        run: finds it.
    """

    name: str
    title: str
    run: Callable[[Asked], Found]
