"""From ranked lists of several methods to one whole evaluation, every method judged by the same truth and the same draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.aspects import COLD_BASKETS, cold_and_warm, coverage, novelty, repeat_and_explore, repeated_share
from memlearn.evaluation.baselines.tune import Tuned
from memlearn.evaluation.calibration import miscalibration
from memlearn.evaluation.item_sets import Codes, ItemSets
from memlearn.evaluation.metrics import UserScores, measure
from memlearn.evaluation.paired import Comparison, compare_scores, mean_intervals
from memlearn.evaluation.resample import DRAWS, LEVEL, SEED
from memlearn.evaluation.results import (
    Against,
    Comparisons,
    Evaluation,
    Figure,
    MemoryQuality,
    MethodResult,
    Missing,
    OfferResults,
    Part,
    Protocol,
    Subject,
    Tried,
    Tuning,
    Users,
)

KS = (10, 20)
NO_TRUTH = "no purchase in the period that was predicted"
TIES = (
    "The whole catalogue is ranked, nothing is sampled. Of equal scores the item in more baskets before the cut comes first, "
    "then the smaller item code; a method named with a tie rule of its own uses that."
)
IDCG = "ndcg@k divides by the ideal over all of a user's truth, uncut; ndcg_cut@k by the ideal over min(k, size of the truth)."

# The families that are given for parts and compared; the others are given for all users only.
_FAMILIES = ("recall", "ndcg", "ndcg_cut", "phr")


@dataclass(frozen=True, slots=True, eq=False)
class Categories:
    """What users bought before the cut, for the calibration over categories; see `miscalibration`.

    Args:
        row: of each bought pair.
        item: of each bought pair.
        weight: how often.
        category: of each item, negative where it has none; shape (items,).
    """

    row: Codes
    item: Codes
    weight: NDArray[np.float64]
    category: Codes


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What was asked; a row is a user at a cut.

    Args:
        truth: what came, by row.
        bought: what the row's user had bought before, by row.
        baskets: how many baskets each user had before their (first) cut, by the user's code.
        buyers: how many users had bought each item before the first cut; shape (items of the catalogue,).
        shoppers: how many users there were before that cut.
        user: the user of each row; none where every row is a user.
        cut: the number of each row's cut; none where there is one.
        categories: none where items have no categories.
    """

    truth: ItemSets
    bought: ItemSets
    baskets: Codes
    buyers: NDArray[np.number[Any]]
    shoppers: int
    user: Codes | None = None
    cut: Codes | None = None
    categories: Categories | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """One method's lists: codes of items, best first, negative where a place is empty; shape (rows, places)."""

    name: str
    title: str
    ranked: Codes
    tuning: Tuning | None = None
    tiers: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The draws that all figures share: as many users drawn from the same users are the same draw."""

    draws: int = DRAWS
    seed: int = SEED
    level: float = LEVEL


def tuning_of(tuned: Tuned[Any], metric: str) -> Tuning:
    """A baseline's tuning as values of the report.

    Args:
        tuned: what `tune` gave.
        metric: what it compared.
    """
    tries = tuple(Tried(_settings(one.parameters), one.value) for one in tuned.tries)
    return Tuning(metric, _settings(tuned.best), tuned.value, tries)


def _settings(parameters: Any) -> dict[str, Any]:
    return asdict(parameters) if is_dataclass(parameters) and not isinstance(parameters, type) else {"settings": str(parameters)}


def judge(
    subject: Subject,
    question: Question,
    methods: Sequence[Lists],
    ours: str | None = None,
    ks: Sequence[int] = KS,
    main: str | None = None,
    left_out: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
    memory: MemoryQuality | None = None,
    offers: OfferResults | Missing | None = None,
    bootstrap: Bootstrap | None = None,
) -> Evaluation:
    """Judge every method.

    Args:
        subject: what was evaluated.
        question: truth and history.
        methods: their lists for the same rows.
        ours: name of the method to compare with all others.
        ks: lengths of the list that are judged.
        main: the metric that the report speaks of; NDCG at the smallest k (IDCG uncut) unless given.
        left_out: further reasons and numbers of users that have no row at all.
        notes: whatever else must be known to repeat it.
        memory: the memory itself.
        offers: what was found about offers.
        bootstrap: draws, seed and level.

    Raises:
        UsageError: nothing to judge, the main metric is none that is compared, or lists and truth do not fit.
    """
    main = main or f"ndcg@{min(ks, default=0)}"
    metrics = [f"{family}@{k}" for k in ks for family in _FAMILIES]
    if not methods or main not in metrics:
        raise UsageError(f"{len(methods)} methods are judged by {main!r}; give at least one, and one of {', '.join(metrics)}.")
    draws = bootstrap or Bootstrap()
    scored = {one.name: measure(one.ranked, question.truth, ks, question.user) for one in methods}
    parts = {one.name: repeat_and_explore(one.ranked, question.truth, question.bought, ks, question.user) for one in methods}
    by_part = {"all": scored, **{part: {name: own[at] for name, own in parts.items()} for at, part in enumerate(("repeat", "explore"))}}
    first = next(iter(scored.values()))
    return Evaluation(
        subject=subject,
        protocol=_protocol(ks, main, len(question.buyers), notes, draws),
        users=Users(len(first.user), first.rows, {NO_TRUTH: first.without, **(left_out or {})}),
        ours=ours,
        methods=_results(question, methods, by_part, ks, metrics, main, draws),
        comparisons=_comparisons(by_part, ours, metrics, draws),
        memory=memory,
        offers=offers,
    )


def _protocol(ks: Sequence[int], main: str, items: int, notes: Sequence[str], draws: Bootstrap) -> Protocol:
    return Protocol(main, tuple(ks), TIES, IDCG, draws.draws, draws.seed, draws.level, COLD_BASKETS, items, tuple(notes))


def _results(
    question: Question,
    methods: Sequence[Lists],
    by_part: Mapping[str, Mapping[str, UserScores]],
    ks: Sequence[int],
    metrics: Sequence[str],
    main: str,
    draws: Bootstrap,
) -> tuple[MethodResult, ...]:
    whole = by_part["all"]
    split = {name: cold_and_warm(scores, question.baskets) for name, scores in whole.items()}
    every = _parts(whole, None, "no user has any purchase in the period that was predicted", draws)
    repeat = _parts(by_part["repeat"], metrics, "no user bought again what they had bought before", draws)
    explore = _parts(by_part["explore"], metrics, "no user bought anything new to them", draws)
    cold = _parts({name: own[0] for name, own in split.items()}, metrics, "there are no cold users", draws)
    warm = _parts({name: own[1] for name, own in split.items()}, metrics, "there are no warm users", draws)
    cuts = _by_cut(question, methods, ks, main, draws)
    beyond = _beyond(question, methods, ks, draws)
    return tuple(
        MethodResult(
            name=one.name,
            title=one.title,
            metrics=every[one.name].metrics,
            repeat=repeat[one.name],
            explore=explore[one.name],
            cold=cold[one.name],
            warm=warm[one.name],
            cuts=tuple(own[one.name] for own in cuts),
            coverage={f"coverage@{k}": coverage(one.ranked, len(question.buyers), k) for k in ks},
            beyond=beyond[one.name],
            tuning=one.tuning,
            tiers=one.tiers,
        )
        for one in methods
    )


def _parts(scores: Mapping[str, UserScores], metrics: Sequence[str] | None, why: str, draws: Bootstrap) -> dict[str, Part]:
    """Means with intervals; methods measured for the same users share one look at the draws."""
    groups: dict[bytes, list[str]] = {}
    for name, own in scores.items():
        groups.setdefault(own.user.tobytes(), []).append(name)
    found: dict[str, Part] = {}
    for names in groups.values():
        users = len(scores[names[0]].user)
        wanted = {name: list(scores[name].values) if metrics is None else list(metrics) for name in names}
        if not users:
            found |= {name: Part(0, {metric: Missing(why) for metric in wanted[name]}) for name in names}
            continue
        columns = {f"{name}\n{metric}": scores[name].values[metric] for name in names for metric in wanted[name]}
        intervals = mean_intervals(columns, draws.draws, draws.seed, draws.level)
        found |= {name: Part(users, {metric: intervals[f"{name}\n{metric}"] for metric in wanted[name]}) for name in names}
    return found


def _by_cut(question: Question, methods: Sequence[Lists], ks: Sequence[int], main: str, draws: Bootstrap) -> list[dict[str, Part]]:
    if question.cut is None:
        return []
    found = []
    row = question.truth.row
    for number in range(int(question.cut.max(initial=-1)) + 1):
        inside = question.cut == number
        # Rows of other cuts lose their truth and are left out with it.
        truth = question.truth.keep(inside[row])
        scores = {one.name: measure(one.ranked, truth, ks, question.user) for one in methods}
        found.append(_parts(scores, [main], "no user has any purchase in this cut's period", draws))
    return found


def _beyond(question: Question, methods: Sequence[Lists], ks: Sequence[int], draws: Bootstrap) -> dict[str, dict[str, Figure]]:
    held = question.categories
    looks: list[Callable[[Lists], UserScores]] = [
        lambda one: novelty(one.ranked, question.buyers, question.shoppers, ks, question.user),
        lambda one: repeated_share(one.ranked, question.bought, ks, question.user),
    ]
    if held is not None:
        looks.append(lambda one: miscalibration(one.ranked, held.row, held.item, held.weight, held.category, ks, question.user))
    found: dict[str, dict[str, Figure]] = {one.name: {} for one in methods}
    for look in looks:
        for name, part in _parts({one.name: look(one) for one in methods}, None, "no list can be judged by it", draws).items():
            found[name] |= part.metrics
    if held is None:
        for own in found.values():
            own |= {f"miscalibration@{k}": Missing("the items have no categories") for k in ks}
    return found


def _comparisons(
    by_part: Mapping[str, Mapping[str, UserScores]], ours: str | None, metrics: Sequence[str], draws: Bootstrap
) -> tuple[Comparisons, ...]:
    if ours is None:
        return ()
    found = []
    for part, scores in by_part.items():
        others = {name: own for name, own in scores.items() if name != ours}
        if ours not in scores or not others or not len(scores[ours].user):
            continue
        compared = compare_scores(scores[ours], others, metrics, draws.draws, draws.seed, draws.level)
        for metric, against in compared.items():
            found.append(Comparisons(part, metric, {name: _against(own) for name, own in against.items()}))
    return tuple(found)


def _against(own: Comparison) -> Against:
    return Against(
        users=own.users,
        difference=own.difference,
        ratio=Missing("the other method's mean is not above 0, in some draw at least") if own.ratio is None else own.ratio,
        effect=Missing("the users' differences do not vary") if own.effect is None else own.effect,
        p_value=own.p_value,
        p_holm=own.p_holm,
    )
