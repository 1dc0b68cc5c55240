"""The baselines in the same run: tuned with the same budget on earlier cuts, then ranked at the cuts that memory is judged by.

What a method ranked is kept, named by a digest of everything it came of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memlearn.errors import UsageError
from memlearn.evaluation.asked import Asked
from memlearn.evaluation.baselines import METHODS, NEVER, Method, Scorer, make_rag, tune_over
from memlearn.evaluation.item_sets import ItemSets
from memlearn.evaluation.judge import Lists, tuning_of
from memlearn.evaluation.metrics import average_by_user, row_metrics
from memlearn.evaluation.results import Tried, Tuning
from memlearn.evaluation.top_k import rank_users

# So many rows with truth are enough to tell settings apart; the newest cuts that have them together are tuned on.
TUNING_ROWS = 2_000

_RAG = "rag"


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """What all baselines are given.

    Args:
        tuning: the cuts to tune on, in order of time.
        judged: the cuts to rank at.
        texts: of each item, for RAG; its id where it has none.
        budgets: bytes of each user's memory, for RAG; shape (users,).
        tries: settings tried for each.
        k: places.
        main: name of the metric that settings are chosen by.
        repeats: False: what a user had before is not ranked.
    """

    tuning: Sequence[Asked]
    judged: Sequence[Asked]
    texts: Sequence[str]
    budgets: NDArray[np.int64]
    tries: int
    k: int
    main: str
    repeats: bool


def choose_methods(names: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """The baselines to run, and of those that cannot be run here why.

    Args:
        names: those asked for; None for all.

    Raises:
        UsageError: a name is unknown, or one that was asked for cannot be run.
    """
    known = {method.name: method.missing() for method in METHODS} | {_RAG: None}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise UsageError(f"There is no baseline {unknown[0]!r} (`evaluation.baselines`); there are {', '.join(known)}.")
    asked = list(dict.fromkeys(names)) if names is not None else list(known)
    missing = {name: reason for name in asked if (reason := known[name]) is not None}
    if names is not None and missing:
        raise UsageError(next(iter(missing.values())))
    return [name for name in asked if name not in missing], missing


def tuning_cuts(cuts: Sequence[Asked]) -> list[Asked]:
    """The newest of the cuts that together have rows enough with truth, at least one, in order of time; none where no row has any."""
    chosen: list[Asked] = []
    rows = 0
    for one in reversed([one for one in cuts if one.truth.sizes.any()]):
        if rows < TUNING_ROWS:
            chosen.append(one)
            rows += int((one.truth.sizes > 0).sum())
    return chosen[::-1]


def run_method(name: str, rivals: Rivals, kept: Path, key: str) -> Lists:
    """One baseline's lists for all judged cuts, kept from an earlier run or made.

    Args:
        name: of the baseline.
        rivals: what all are given.
        kept: folder of what is kept.
        key: digest of everything that the lists come of.
    """
    method = _method(name, rivals)
    lists, said = kept / f"{name}-{key}.npy", kept / f"{name}-{key}.json"
    if not (said.is_file() and lists.is_file()):
        tuning, ranked = _run(method, rivals)
        kept.mkdir(parents=True, exist_ok=True)
        np.save(lists, ranked)
        # Its tuning is written last, so that a method is there as a whole or not at all.
        aside = said.with_suffix(".tmp")
        aside.write_text(json.dumps(None if tuning is None else asdict(tuning)), encoding="utf-8")
        aside.rename(said)
    return Lists(method.name, method.title, np.load(lists), _tuning(json.loads(said.read_text(encoding="utf-8"))))


def _tuning(value: Mapping[str, Any] | None) -> Tuning | None:
    if value is None:
        return None
    tries = tuple(Tried(one["settings"], one["value"]) for one in value["tries"])
    return Tuning(value["metric"], value["settings"], value["value"], tries)


def _method(name: str, rivals: Rivals) -> Method[Any]:
    if name == _RAG:
        return make_rag(rivals.texts, rivals.budgets)
    return next(method for method in METHODS if method.name == name)


def _run(method: Method[Any], rivals: Rivals) -> tuple[Tuning | None, NDArray[np.int32]]:
    settings = method.settings(rivals.judged[-1].history)
    if rivals.tuning and len(settings) > 1:
        tuned = tune_over(method, [one.history for one in rivals.tuning], lambda scorers: _value(scorers, rivals), rivals.tries)
        tuning, best = tuning_of(tuned, rivals.main), tuned.best
    else:
        tuning, best = None, settings[0]
    ranked = [_rank(method.fit(one.history, best), one, one.user, rivals) for one in rivals.judged]
    return tuning, np.concatenate(ranked)


def _value(scorers: Sequence[Scorer], rivals: Rivals) -> float:
    """The main metric over all rows with truth of the tuning cuts, averaged within users."""
    values, users = [], []
    for scorer, one in zip(scorers, rivals.tuning, strict=True):
        rows = np.flatnonzero(one.truth.sizes > 0)
        truth = _chosen(one.truth, rows)
        ranked = _rank(scorer, one, one.user[rows], rivals, _chosen(one.bought, rows))
        values.append(row_metrics(ranked, truth, [rivals.k, int(rivals.main.partition("@")[2])])[rivals.main])
        users.append(one.user[rows])
    value = np.concatenate(values)
    return average_by_user({rivals.main: value}, np.concatenate(users), np.isfinite(value)).means()[rivals.main]


def _rank(scorer: Scorer, asked: Asked, users: NDArray[np.int32], rivals: Rivals, bought: ItemSets | None = None) -> NDArray[np.int32]:
    return rank_users(
        _shown(scorer, asked), users, rivals.k, asked.history.baskets_by_item(), None if rivals.repeats else bought or asked.bought
    )


def _shown(scorer: Scorer, asked: Asked) -> Callable[[NDArray[np.int32]], NDArray[np.float32]]:
    if asked.shown.all():
        return scorer.scores

    def score(users: NDArray[np.int32]) -> NDArray[np.float32]:
        return np.where(asked.shown, scorer.scores(users), NEVER)

    return score


def _chosen(sets: ItemSets, rows: NDArray[np.int64]) -> ItemSets:
    """Some of the rows."""
    sizes = sets.sizes[rows]
    starts = np.concatenate(([0], np.cumsum(sizes)))
    place = np.arange(int(starts[-1])) - np.repeat(starts[:-1], sizes) + np.repeat(sets.starts[rows], sizes)
    return ItemSets(sets.items[place], starts.astype(np.int64))
