"""One whole evaluation as frozen values: what was evaluated, how, and every figure; to JSON and back.

`judge` fills them from ranked lists, the report renders them. A figure that could not be had is `Missing`, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from memlearn.errors import InputError, UsageError
from memlearn.evaluation.figure import Figure, Figures, Missing
from memlearn.evaluation.offer_results import OfferModel, OfferPolicy, OfferResults
from memlearn.evaluation.resample import Interval

__all__ = [
    "FORM",
    "Against",
    "BlockUse",
    "Changes",
    "Comparisons",
    "Cut",
    "Evaluation",
    "Facts",
    "Figure",
    "Figures",
    "MemoryQuality",
    "MethodResult",
    "Missing",
    "OfferModel",
    "OfferPolicy",
    "OfferResults",
    "Part",
    "Protocol",
    "Setting",
    "Staleness",
    "Subject",
    "Tried",
    "Tuning",
    "Users",
    "of_json",
]

FORM = 1
"""The form of the JSON; a reader refuses any other."""

Setting = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Cut:
    """One point in time that memory was learned up to.

    Args:
        name: what the report calls it.
        as_of: the first instant that was not seen, ISO 8601; or in words where there is only an order.
        until: the first instant that is no longer truth, likewise.
        release: the release learned for it, where one was published.
    """

    name: str
    as_of: str
    until: str
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What was evaluated.

    Args:
        data: name of the data set.
        config: the config's path or digest, as given.
        version: of memlearn.
        date: of the evaluation, as given by the caller.
        final: whether this was a look at the test period; else it is validation.
        cuts: in order of time.
    """

    data: str
    config: str
    version: str
    date: str
    final: bool
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Protocol:
    """How it was judged.

    Args:
        main: the metric that the report's sentences are about.
        ks: lengths of the list.
        ties: the tie rule in words.
        idcg: the forms of the ideal DCG in words.
        draws: of the bootstrap over users.
        seed: of the bootstrap.
        level: of every interval.
        cold_baskets: most baskets of a cold user.
        catalogue: how many items could be ranked.
        notes: whatever else must be known to repeat it.
    """

    main: str
    ks: tuple[int, ...]
    ties: str
    idcg: str
    draws: int
    seed: int
    level: float
    cold_baskets: int
    catalogue: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Users:
    """Who was judged.

    Args:
        judged: users that went into the means.
        rows: users at cuts; several of one user are averaged within the user.
        left_out: a reason → how many users were left out for it.
    """

    judged: int
    rows: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The metrics over some users or some truth only, and over how many users."""

    users: int
    metrics: Figures


@dataclass(frozen=True, slots=True)
class Tried:
    """One setting, and its value on validation."""

    settings: Mapping[str, Setting]
    value: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a method's settings were chosen.

    Args:
        metric: what was compared on validation.
        settings: those chosen.
        value: theirs.
        tries: every try in order, the chosen one among them.
    """

    metric: str
    settings: Mapping[str, Setting]
    value: float
    tries: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method, judged.

    Args:
        name: for programs.
        title: for readers.
        metrics: over all users judged.
        repeat: over what the user had bought before.
        explore: over what the user had not.
        cold: over users with few baskets.
        warm: over the others.
        cuts: by cut, in the order of the subject's.
        coverage: `coverage@k`, share of the catalogue that is shown to anybody.
        beyond: `novelty@k` in bits, `repeats@k` the share of places with what was bought before, `miscalibration@k` in nats.
        tuning: how its settings were chosen; none where there was nothing to choose.
        tiers: a way of ranking → how many lists came from it.
    """

    name: str
    title: str
    metrics: Figures
    repeat: Part
    explore: Part
    cold: Part
    warm: Part
    cuts: tuple[Part, ...]
    coverage: Mapping[str, float]
    beyond: Figures
    tuning: Tuning | None = None
    tiers: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """Ours against one other method; see `paired.Comparison`.

    Args:
        users: compared.
        difference: ours - theirs.
        ratio: ours / theirs.
        effect: Cohen's d of the users' differences.
        p_value: two-sided.
        p_holm: after Holm's adjustment over all methods of this comparison.
    """

    users: int
    difference: Interval
    ratio: Figure
    effect: float | Missing
    p_value: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Ours against every other method by one metric.

    Args:
        part: `all`, `repeat` or `explore`.
        metric: by which.
        against: name of the other method → ours against it.
    """

    part: str
    metric: str
    against: Mapping[str, Against]


@dataclass(frozen=True, slots=True)
class Facts:
    """Statements by what checking them gave."""

    verified: int
    contradicted: int
    hypotheses: int


@dataclass(frozen=True, slots=True)
class Staleness:
    """How old what memory says is: days since the newest evidence of a statement, and the share older than the limit."""

    median_days: float
    limit_days: float
    stale_share: float


@dataclass(frozen=True, slots=True)
class BlockUse:
    """One block over all users: the share that has anything in it, and how full it is where there is something."""

    label: str
    users_share: float
    filled_share: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since an earlier release, in statements and in users touched."""

    since: str
    added: int
    removed: int
    users: int


@dataclass(frozen=True, slots=True)
class MemoryQuality:
    """The memory itself; each part may be missing, with the reason.

    Args:
        facts: what checking gave.
        staleness: how old it is.
        contradictions: pairs of statements of one user that cannot both hold.
        future: by what is looked at, `items` for example, the share of the user's future that their blocks hold.
        blocks: use of each block.
        changes: since the last release.
    """

    facts: Facts | Missing
    staleness: Staleness | Missing
    contradictions: int | Missing
    future: Figures
    blocks: tuple[BlockUse, ...]
    changes: Changes | Missing


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One whole evaluation.

    Args:
        subject: what was evaluated.
        protocol: how.
        users: who was judged.
        ours: name of the method that is compared with every other; none where there is no such.
        methods: every method, in the order to show.
        comparisons: of ours with the others.
        memory: the memory itself, where it was looked at.
        offers: what was found about offers, or why nothing; none where the data has no sends.
        form: of the JSON.
    """

    subject: Subject
    protocol: Protocol
    users: Users
    ours: str | None
    methods: tuple[MethodResult, ...]
    comparisons: tuple[Comparisons, ...]
    memory: MemoryQuality | None = None
    offers: OfferResults | Missing | None = None
    form: int = FORM

    def __post_init__(self) -> None:
        names = [one.name for one in self.methods]
        if len(set(names)) < len(names) or (self.ours is not None and self.ours not in names):
            raise UsageError(f"Methods are {names}, ours is {self.ours!r}: names must differ, and ours must be one of them.")

    def method(self, name: str) -> MethodResult:
        """The method of a name.

        Raises:
            UsageError: there is none.
        """
        for one in self.methods:
            if one.name == name:
                return one
        raise UsageError(f"There is no method {name!r}; there are {', '.join(one.name for one in self.methods)}.")

    def compared(self, part: str, metric: str) -> Mapping[str, Against]:
        """Ours against the others; empty where that was not compared."""
        return next((one.against for one in self.comparisons if (one.part, one.metric) == (part, metric)), {})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, tuples being lists.

        Raises:
            UsageError: a figure is not finite; say `Missing` and why instead.
        """
        plain: dict[str, Any] = _plain(asdict(self), "evaluation")
        return plain


def of_json(value: Any) -> Evaluation:
    """The evaluation that `Evaluation.to_json` wrote.

    Raises:
        InputError: it is none, or one of another form.
    """
    form = value.get("form") if isinstance(value, dict) else None
    if form != FORM:
        raise InputError(f"This is no evaluation of form {FORM}; its form is {form!r}. Evaluate again with this version.")
    try:
        found: Evaluation = TypeAdapter(Evaluation).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"The evaluation has {error.error_count()} wrong values, the first at {where!r}: {first['msg']}.") from error
    _plain(asdict(found), "evaluation")
    return found


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"The figure {where} is {value!r}. Say that it is missing, and why.")
    if isinstance(value, Mapping):
        return {str(name): _plain(own, f"{where}.{name}") for name, own in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(own, f"{where}.{number}") for number, own in enumerate(value)]
    return value
