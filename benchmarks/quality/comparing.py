"""Ours against the others as demands: what must hold of an evaluation of what users buy, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from memlearn.evaluation.report.words import strongest
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Against, Evaluation, Figure, MethodResult, Missing
from quality.section import OURS, Demand

METRIC = "ndcg@10"
FREQUENCY = ("popularity", "recent_popularity", "p_top_freq", "p_top_freq_oldest", "gp_top_freq", "gp_top_freq_oldest", "decayed_frequency")


def best(evaluation: Evaluation) -> MethodResult:
    """The baseline that is best by the figure that is judged; it may be another one than on validation, which is the harder demand."""
    found = strongest(evaluation, metric=METRIC)
    assert found is not None, "every evaluation here has baselines"
    return found


def figure(evaluation: Evaluation, name: str, metric: str = METRIC, part: str = "all") -> Figure:
    """A method's figure, or why there is none."""
    method = next((one for one in evaluation.methods if one.name == name), None)
    if method is None:
        return Missing(f"{name} was not run")
    figures = method.metrics if part == "all" else method.explore.metrics
    return figures.get(metric, Missing(f"{metric} was not measured"))


def in_percent(against: Against) -> str:
    """By how much ours is more, in percent, with the interval of the paired bootstrap."""
    if isinstance(against.ratio, Missing):
        return f"no ratio: {against.ratio.reason}"
    mean, low, high = (100 * (value - 1) for value in (against.ratio.mean, against.ratio.low, against.ratio.high))
    return f"{mean:+.1f} % [{low:+.1f}, {high:+.1f}]"


def comparisons(evaluation: Evaluation) -> Iterator[str]:
    """One line for each other method, the best first."""
    against = evaluation.compared("all", METRIC)
    for one in sorted(evaluation.methods, key=lambda one: -_mean(one.metrics[METRIC])):
        if one.name in against:
            own = against[one.name]
            effect = "no effect size" if isinstance(own.effect, Missing) else f"d {own.effect:+.2f}"
            yield f"  memlearn over {one.title:32} {in_percent(own):26} {effect}, p {own.p_value:.4f}, after Holm {own.p_holm:.4f}"


def _mean(one: Figure) -> float:
    return one.mean if isinstance(one, Interval) else -1.0


def lift(evaluation: Evaluation, least: float, surely: float) -> Demand:
    """Ours so many percent above the best baseline, and surely above so many."""
    other = best(evaluation)
    what = f"NDCG@10 at least {least:g} % above the best baseline, the interval's low end above {surely:g} %"
    own = evaluation.compared("all", METRIC)[other.name]
    if isinstance(own.ratio, Missing):
        return Demand(what, own.ratio.reason, None)
    holds = own.ratio.mean >= 1 + least / 100 and own.ratio.low > 1 + surely / 100
    return Demand(what, f"{in_percent(own)} over {other.title}", holds)


def reaches(evaluation: Evaluation, least: float, metric: str = METRIC, part: str = "all") -> Demand:
    """An aim: our figure is at least so high."""
    what = f"the aim: {'explore-' if part == 'explore' else ''}{metric} of {least:g}"
    own = figure(evaluation, OURS, metric, part)
    if isinstance(own, Missing):
        return Demand(what, own.reason, None)
    return Demand(what, f"{own.mean:.4f} [{own.low:.4f}, {own.high:.4f}]", own.mean >= least)


def above_all(evaluation: Evaluation) -> Demand:
    """Our point estimate above that of every baseline."""
    other, own = best(evaluation), figure(evaluation, OURS)
    assert isinstance(own, Interval)
    theirs = _mean(other.metrics[METRIC])
    return Demand(
        "NDCG@10 above every baseline by its point estimate",
        f"{own.mean:.4f} against {theirs:.4f} of {other.title}, {in_percent(evaluation.compared('all', METRIC)[other.name])}",
        own.mean > theirs,
    )


def surely_above(evaluation: Evaluation, names: Sequence[str], what: str) -> Demand:
    """Ours above each of some baselines, the intervals of the differences above 0."""
    what = f"NDCG@10 above {what}, the interval of the difference above 0"
    against = evaluation.compared("all", METRIC)
    there = [name for name in names if name in against]
    if not there:
        return Demand(what, "none of them was run", None)
    closest = min(there, key=lambda name: against[name].difference.low)
    own = against[closest]
    found = f"closest is {evaluation.method(closest).title}: {in_percent(own)}"
    return Demand(what, found, all(against[name].difference.low > 0 for name in there))


def not_below(evaluation: Evaluation, names: Sequence[str], percent: float) -> Iterator[Demand]:
    """Ours not below each of some baselines by more than so many percent."""
    against = evaluation.compared("all", METRIC)
    for name in names:
        what = f"NDCG@10 not below {name} by more than {percent:g} %"
        own = against.get(name)
        if own is None:
            yield Demand(what, f"{name} was not run", None)
        elif isinstance(own.ratio, Missing):
            yield Demand(what, own.ratio.reason, None)
        else:
            yield Demand(what, in_percent(own), own.ratio.mean >= 1 - percent / 100)
