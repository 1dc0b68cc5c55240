"""The beginning of an evaluation: the sources are read beside the store, the cuts are laid, and what is asked at each is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.errors import InputError
from memlearn.evaluation.aligned import DAY_US, make_aligned
from memlearn.evaluation.asked import Asked, ask
from memlearn.evaluation.config import EvaluationConfig
from memlearn.evaluation.cuts import TimeCut, choose_cuts
from memlearn.evaluation.learned import Ground, read_sources
from memlearn.evaluation.rivals import choose_methods, tuning_cuts
from memlearn.evaluation.scratch import Scratch, ready
from memlearn.evaluation.sends import Sends, read_sends
from memlearn.evaluation.visits import Visits, align, is_order, read_visits
from memlearn.learning.job import Job, digest

_FALLBACKS = (("purchase",), ("redemption",))
_WORDS = {"purchase": "purchases", "redemption": "redemptions", "click": "clicks", "view": "views"}


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """An evaluation under way.

    Args:
        job: its layout is the scratch store.
        config: settings.
        scratch: the folder.
        final: whether the test period is looked at.
        spacing: how the cuts lie, in words.
        ground: what all cuts share.
        visits: who had what when.
        kinds: kinds of events that count.
        judged: what is asked at the cuts that are judged, in order of time.
        tuning: what is asked at those that baselines are tuned on.
        sends: of offers; None where there are none.
    """

    job: Job
    config: EvaluationConfig
    scratch: Scratch
    final: bool
    spacing: str
    ground: Ground
    visits: Visits
    kinds: tuple[str, ...]
    judged: tuple[Asked, ...]
    tuning: tuple[Asked, ...]
    sends: Sends | None

    @property
    def k(self) -> int:
        """Places to rank."""
        return max(self.config.ks)

    @property
    def main(self) -> str:
        """The metric that is spoken of."""
        return f"ndcg@{self.config.ks[0]}"


def open_session(job: Job, config: EvaluationConfig, scratch: Scratch, zone: str, *, final: bool) -> Session:
    """Read the sources into the scratch store, and lay the cuts.

    Args:
        job: of the config, its layout the configured store, which is only read.
        config: settings.
        scratch: the evaluation's folder, held by the caller.
        zone: IANA name of the zone whose midnights are cuts.
        final: whether to look at the test period.

    Raises:
        InputError: there is too little to judge by.
        BusyError: a learn run works on the configured store.
    """
    choose_methods(config.baselines)
    ready(job, scratch)
    learning = replace(job, layout=scratch.layout, users=None, as_of_us=None)
    ground = read_sources(learning)
    visits, kinds = _visits(learning, ground, config)
    if config.protocol == "last_visit" or (config.protocol == "auto" and is_order(visits)):
        found = _hold_last_visits(learning, config, scratch, ground, visits, final=final)
    else:
        found = _lay_cuts(learning, config, ground, visits, zone, final=final)
    questions = found.judged
    if not any(one.truth.sizes.any() for one in questions):
        raise InputError(
            f"None of the users that were known at the cuts ({', '.join(one.cut.name for one in questions)}) has any of the {words_of(kinds)} that could be foreseen. "
            "Evaluate with more data, or set `evaluation.every` or `evaluation.kinds`."
        )
    tuning, sends = tuple(tuning_cuts(found.tuning)), _read_sends(found, config)
    return Session(found.job, config, scratch, final, found.spacing, found.ground, found.visits, kinds, questions, tuning, sends)


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """Where to learn, and what is asked."""

    job: Job
    ground: Ground
    visits: Visits
    judged: tuple[Asked, ...]
    tuning: tuple[Asked, ...]
    spacing: str


def _read_sends(laid: _Laid, config: EvaluationConfig) -> Sends | None:
    found = read_sends(laid.job.layout.rows, laid.ground.files, laid.visits.items, config.offers.answer_days)
    return found if len(found) else None


def _lay_cuts(job: Job, config: EvaluationConfig, ground: Ground, visits: Visits, zone: str, *, final: bool) -> _Laid:
    """Cuts in time, the same for all users."""
    periods = choose_cuts(int(visits.day.min()), int(visits.day.max()), zone, config)
    judged, before = (periods.test, periods.validation) if final else (periods.validation, periods.tuning)
    spacing = (
        f"Cuts are the first moments of {periods.unit}s in the zone {zone}. Everything a method is given lies before the cut: for memory by "
        "learning as of it on the production path, for the baselines by cutting the same rows."
    )
    asked = [tuple(_ask(visits, cut, ground, config, timed=True) for cut in period) for period in (judged, before)]
    return _Laid(job, ground, visits, asked[0], asked[1], spacing)


def _hold_last_visits(job: Job, config: EvaluationConfig, scratch: Scratch, ground: Ground, visits: Visits, *, final: bool) -> _Laid:
    """The last visit of each user for a final look, the one before it for validation, and one further back to tune on."""
    number = 1 if final else 2
    held, moved, day = align(visits, number)
    earlier, _, _ = align(visits, number + 1)
    layout = scratch.aligned(number)
    learned = replace(job, layout=layout)
    files = make_aligned(job.layout, layout, dict(zip(visits.users, moved.tolist(), strict=True)), ground)
    which = ("last visit", "last visit but one", "last visit but two")
    cuts = [TimeCut(f"before each user's {name}", day * DAY_US, (day + 1) * DAY_US) for name in which[number - 1 : number + 1]]
    spacing = (
        f"The times of this data are only an order, so each user is cut {cuts[0].name}. To learn as of that on the production path, each user's days were moved "
        "so that these visits lie on one day; users are not compared by date."
    )
    # A truth within days would be the next visits, which belong to other periods.
    config = config.model_copy(update={"truth": "next_visit"})
    ours = Ground(files, ground.items, digest(ground.state, "aligned", number))
    judged = _ask(held, cuts[0], ground, config, timed=False)
    return _Laid(learned, ours, held, (judged,), (_ask(earlier, cuts[1], ground, config, timed=False),), spacing)


def _ask(visits: Visits, cut: TimeCut, ground: Ground, config: EvaluationConfig, *, timed: bool) -> Asked:
    catalogue = ground.catalogue
    shown = _valid(catalogue, cut.as_of_us)
    return ask(visits, cut, shown, next_visit=config.truth == "next_visit", repeats=config.repeats, timed=timed, most=config.max_users)


def _visits(job: Job, ground: Ground, config: EvaluationConfig) -> tuple[Visits, tuple[str, ...]]:
    items = ground.catalogue["item_id"].to_list()
    if not items:
        raise InputError(
            "No item may be recommended, so there is nothing to rank. Add a source with `role: items`, or `recommend: true` to one that there is."
        )
    choices = [tuple(config.kinds)] if config.kinds else _FALLBACKS
    for kinds in choices:
        found = read_visits(job.layout.rows, ground.files, items, kinds=kinds, weak=job.weak)
        if len(found):
            return found, tuple(kinds)
    said = " or ".join(words_of(kinds) for kinds in choices)
    raise InputError(f"No user has any {said} of an item that may be recommended, so there is nothing to foresee. Set `evaluation.kinds`.")


def words_of(kinds: Sequence[str]) -> str:
    """Kinds of events in words."""
    return ", ".join(_WORDS[kind] for kind in kinds)


def _valid(catalogue: pl.DataFrame, at_us: int) -> NDArray[np.bool_]:
    """Which items may be shown at an instant; shape (items,)."""
    begun = pl.col("valid_from_us").is_null() | (pl.col("valid_from_us") <= at_us)
    lasting = pl.col("valid_until_us").is_null() | (pl.col("valid_until_us") > at_us)
    return catalogue.select(begun & lasting).to_series().to_numpy()
