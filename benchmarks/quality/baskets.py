"""What users buy next: Ta-Feng, Coop100 and Complete Journey, and the last two again with what was bought before taken out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import memlearn
from memlearn.evaluation.results import Evaluation, Missing
from memlearn.wiring.reports import Progress
from memlearn.wiring.verbs_evaluate import evaluate
from quality import comparing, looks
from quality.section import OURS, Asked, Demand, Found, Section

# So many cuts in time are asked for.
MOST_CUTS = 8
# Where what was bought before is taken out, these are the ones that can find anything.
_NEW = ("popularity", "recent_popularity", "up_cf", "tifu_knn", "item_knn", "ease", "ials")
_TABLE = ("ndcg@10", "ndcg_cut@10", "recall@10", "phr@10", "ndcg@20", "recall@20")

Demands = Callable[[Evaluation], Iterator[Demand]]


@dataclass(frozen=True, slots=True)
class Baskets:
    """One data set, evaluated.

    Args:
        config: name of the config.
        demands: what must hold.
        repeats: False takes out what was bought before.
        cuts: False: the data has no times, and the last visit is held out.
    """

    config: str
    demands: Demands
    repeats: bool = True
    cuts: bool = True


def run(of: Baskets, asked: Asked) -> Found:
    """Evaluate through the product, and hold what was found against what must hold."""
    name = of.config if of.repeats else f"{of.config}_new"
    variables = {**asked.variables, "STORE": str(asked.store(of.config)), "REPEATS": str(of.repeats).lower()}
    loaded = memlearn.load_config(Path(__file__).with_name(f"{of.config}.yaml"), variables)
    if asked.baselines or not of.repeats:
        names = [name for name in _NEW if not asked.baselines or name in asked.baselines] if not of.repeats else list(asked.baselines)
        judged = loaded.config.evaluation.model_copy(update={"baselines": names})
        loaded = replace(loaded, config=loaded.config.model_copy(update={"evaluation": judged}))
    folder = asked.scratch / "reports" / f"{asked.store(name).name}-{'final' if asked.final else 'validation'}"
    if asked.final:
        looks.bring(asked.log, folder, name)
    found = evaluate(loaded, final=asked.final, report=folder, progress=_say)
    if asked.final:
        looks.take(asked.log, folder, name, asked.scale)
    evaluation = found.evaluation
    less = "; ".join(_less(of, asked, evaluation))
    demands = tuple(replace(one, found=f"{less}; {one.found}", holds=None) if less else one for one in of.demands(evaluation))
    return Found(_figures(evaluation), tuple(_lines(evaluation, found.said, found.page, found.seconds)), demands)


def _less(of: Baskets, asked: Asked, evaluation: Evaluation) -> Iterator[str]:
    """What was asked for less than the demands are about."""
    if asked.scale < 1:
        yield f"{asked.scale:g} of the users"
    if of.cuts and len(evaluation.subject.cuts) < MOST_CUTS:
        yield f"{len(evaluation.subject.cuts)} cuts of {MOST_CUTS}"
    if asked.baselines:
        yield "some baselines"


def _say(progress: Progress) -> None:
    print(f"    {progress.stage} {progress.done}/{progress.total} {progress.message}", file=sys.stderr, flush=True)


def _lines(evaluation: Evaluation, said: Sequence[str], page: str, seconds: float) -> Iterator[str]:
    users, cuts = evaluation.users, evaluation.subject.cuts
    when = cuts[0].name if len(cuts) == 1 else f"{len(cuts)} cuts, {cuts[0].name} to {cuts[-1].name}"
    yield f"{users.judged:,} users ({when}), {users.rows:,} rankings of {evaluation.protocol.catalogue:,} items"
    yield f"  {'':32}" + "".join(f"{metric:>13}" for metric in _TABLE) + f"{'explore r@10':>14}{'repeat r@10':>13}"
    for one in sorted(evaluation.methods, key=lambda one: one.name != OURS):
        figures = [one.metrics[metric] for metric in _TABLE]
        parts = [one.explore.metrics["recall@10"], one.repeat.metrics["recall@10"]]
        shown = ["-" if isinstance(figure, Missing) else f"{figure.mean:.4f}" for figure in (*figures, *parts)]
        yield f"  {one.title:32}" + "".join(f"{value:>13}" for value in shown)
    yield from comparing.comparisons(evaluation)
    yield from (f"  {sentence}" for sentence in said)
    yield f"  {page}, {seconds:,.0f} s with baselines"


def _figures(evaluation: Evaluation) -> dict[str, dict[str, dict[str, float | None]]]:
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for one in evaluation.methods:
        parts = {"": one.metrics, "explore_": one.explore.metrics, "repeat_": one.repeat.metrics}
        found[one.name] = {
            f"{part}{metric}": {"mean": None, "low": None, "high": None}
            if isinstance(figure, Missing)
            else {"mean": round(figure.mean, 6), "low": round(figure.low, 6), "high": round(figure.high, 6)}
            for part, figures in parts.items()
            for metric, figure in figures.items()
        }
    for name, own in evaluation.compared("all", comparing.METRIC).items():
        if not isinstance(own.ratio, Missing):
            ends = {end: round(100 * (getattr(own.ratio, end) - 1), 4) for end in ("mean", "low", "high")}
            found[OURS][f"{comparing.METRIC}_percent_over_{name}"] = dict(ends)
    return found


def _tafeng(evaluation: Evaluation) -> Iterator[Demand]:
    yield comparing.lift(evaluation, least=8, surely=5)
    yield comparing.reaches(evaluation, 0.149)
    yield comparing.reaches(evaluation, 0.055, "recall@10", "explore")
    yield comparing.surely_above(evaluation, ["rag"], "RAG")


def _rolling(evaluation: Evaluation) -> Iterator[Demand]:
    yield comparing.above_all(evaluation)
    yield comparing.surely_above(evaluation, comparing.FREQUENCY, "popularity and frequency")
    yield comparing.surely_above(evaluation, ["rag"], "RAG")


def _new(evaluation: Evaluation) -> Iterator[Demand]:
    yield from comparing.not_below(evaluation, ["ease", "ials", "item_knn"], 1)
    yield comparing.surely_above(evaluation, ["popularity"], "popularity")


SECTIONS = (
    Section("tafeng", "Ta-Feng, each user's last basket", partial(run, Baskets("tafeng", _tafeng, cuts=False))),
    Section("coop100", "Coop100, the next basket after rolling cuts", partial(run, Baskets("coop100", _rolling))),
    Section("completejourney", "Complete Journey, the next basket after rolling cuts", partial(run, Baskets("completejourney", _rolling))),
    Section("coop100_new", "Coop100, only what is new to the user", partial(run, Baskets("coop100", _new, repeats=False))),
    Section(
        "completejourney_new",
        "Complete Journey, only what is new to the user",
        partial(run, Baskets("completejourney", _new, repeats=False)),
    ),
)
