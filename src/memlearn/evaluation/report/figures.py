"""Figures as readers see them. Tables, plots and sentences all use these, so that they cannot disagree."""

from __future__ import annotations

from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Figure, Missing

NO_FIGURE = "–"
# Their figures are bits and nats, not shares.
_COARSE = ("novelty@",)
# A line does not break between a figure and its unit.
_SPACE = "\N{NO-BREAK SPACE}"
_NAMES = {
    "recall": "Recall",
    "ndcg": "NDCG",
    "ndcg_cut": "NDCG, cut ideal,",
    "phr": "Hit rate",
    "precision": "Precision",
    "map": "MAP",
    "mrr": "MRR",
    "coverage": "Coverage",
    "novelty": "Novelty (bits)",
    "repeats": "Repeated places",
    "miscalibration": "Miscalibration (nats)",
}


def metric_title(metric: str) -> str:
    """A metric's name for readers: `ndcg@10` is NDCG@10."""
    family, _, k = metric.partition("@")
    name = _NAMES.get(family, family)
    return f"{name}@{k}" if name.isupper() or family == "recall" else f"{name} @{k}"


def number(value: float, metric: str = "") -> str:
    """A figure of a metric: four decimals, novelty two."""
    return _signed(f"{value:.2f}" if metric.startswith(_COARSE) else f"{value:.4f}")


def signed(value: float) -> str:
    """A difference, with its sign; four decimals."""
    return _signed(f"{value:+.4f}")


def effect(value: float) -> str:
    """An effect size; three decimals."""
    return _signed(f"{value:+.3f}")


def percent(value: float) -> str:
    """A share as percent."""
    return _signed(f"{100 * value:.1f}{_SPACE}%")


def change(ratio: float) -> str:
    """A ratio as the percent that it is more or less."""
    return _signed(f"{100 * (ratio - 1):+.1f}{_SPACE}%")


def level_name(level: float) -> str:
    """The level of intervals, `95 %`."""
    return f"{100 * level:g}{_SPACE}%"


def p_value(value: float) -> str:
    """A p-value; small ones as a limit."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004 the smallest that three decimals show


def figure_main(figure: Figure, metric: str = "") -> str:
    """The mean of a figure."""
    return NO_FIGURE if isinstance(figure, Missing) else number(figure.mean, metric)


def figure_under(figure: Figure, metric: str = "") -> str:
    """The interval of a figure, or why there is none."""
    return figure.reason if isinstance(figure, Missing) else f"[{number(figure.low, metric)}, {number(figure.high, metric)}]"


def changes(figure: Interval) -> str:
    """The interval of a ratio in percent, `+9.7 % to +12.5 %`."""
    return f"{change(figure.low)} to {change(figure.high)}"


def _signed(value: str) -> str:
    """With a minus that is one, and no sign where nothing but zeros is left."""
    if not any(sign in "123456789" for sign in value):
        return value.lstrip("+-")
    return value.replace("-", "\N{MINUS SIGN}")
