"""Faults on demand: which request is answered wrongly, and how. Which one depends on its content and number alone, never on chance."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from memlearn.errors import UsageError
from memlearn.testing.script import Request

CHAT = "POST /v1/chat/completions"
EMBEDDINGS = "POST /v1/embeddings"
BATCHES = "POST /v1/batches"
BATCH_LINE = "BATCH /v1/chat/completions"

FaultKind = Literal[
    "400",
    "401",
    "403",
    "404",
    "429",
    "500",
    "502",
    "503",
    "context_length",
    "timeout",
    "reset",
    "reset_body",
    "half_json",
    "bad_arguments",
    "wrong_types",
    "empty",
    "no_choices",
    "refusal",
    "gone",
    "batch_failed",
    "batch_expired",
]
STATUS_KINDS = frozenset({"400", "401", "403", "404", "429", "500", "502", "503", "context_length"})
CONTENT_KINDS = frozenset({"bad_arguments", "wrong_types", "empty", "no_choices", "refusal"})


@dataclass(frozen=True, slots=True)
class Nth:
    """The nth request to the endpoint, counted from 1 since the faults were set."""

    n: int


@dataclass(frozen=True, slots=True)
class Every:
    """Every nth request to the endpoint."""

    n: int


@dataclass(frozen=True, slots=True)
class Chance:
    """This share of the requests, drawn from the request's digest, its attempt and a seed: the same ones in every run."""

    probability: float
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Contains:
    """Requests whose prompt (or raw body, for files and batches) contains a text."""

    text: str


When = Nth | Every | Chance | Contains | Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule: what goes wrong, for which requests.

    Args:
        kind: a status; `context_length` (a 400); `timeout` (never answers), `reset` (closed without an answer), `reset_body` (closed
            amid the body), `half_json`; `bad_arguments` (of tools: no JSON), `wrong_types` (JSON of other types), `empty`, `no_choices`,
            `refusal`; `gone` (stops listening); `batch_failed`, `batch_expired` (the fate of the batch that the request creates).
        when: which requests; None: all.
        times: how often at most; None: no limit.
        endpoint: method and path, as counted; "" any; default: chat completions, or creating a batch for a batch's fate. Lines of
            batches are `BATCH /v1/chat/completions` and can have statuses and wrong content.
        retry_after: seconds for the header `Retry-After` of 429 and 503.
        reset_after: seconds for the `x-ratelimit-*` headers of a 429.
    """

    kind: FaultKind
    when: When | None = None
    times: int | None = None
    endpoint: str | None = None
    retry_after: float | None = None
    reset_after: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise UsageError(f"There is no fault {self.kind!r}; there are {', '.join(get_args(FaultKind))}.")
        if isinstance(self.when, Nth | Every) and self.when.n < 1:
            raise UsageError(f"Requests are counted from 1; {self.when!r} never comes.")
        if isinstance(self.when, Chance) and not 0 <= self.when.probability <= 1:
            raise UsageError(f"A probability lies between 0 and 1; {self.when!r} does not.")

    @property
    def place(self) -> str:
        """The endpoint, with the default filled in."""
        if self.endpoint is not None:
            return self.endpoint
        return BATCHES if self.kind.startswith("batch_") else CHAT


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as rules see it: its attempt counts requests with the same digest, from 1."""

    endpoint: str
    digest: str
    attempt: int
    body: Request
    text: str


class FaultBook:
    """The rules in force, with their counts."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults: list[Fault] = []
        self._arrived: list[int] = []
        self._fired: list[int] = []
        self.set(faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """Replace the rules; counts begin anew."""
        self._faults = list(faults)
        self.restart()

    def restart(self) -> None:
        """Begin counting anew."""
        self._arrived = [0] * len(self._faults)
        self._fired = [0] * len(self._faults)

    def pick(self, arrival: Arrival) -> Fault | None:
        """The first rule that holds for a request; every rule of its endpoint counts it."""
        chosen: int | None = None
        for at, fault in enumerate(self._faults):
            if fault.place not in {"", arrival.endpoint}:
                continue
            self._arrived[at] += 1
            spent = fault.times is not None and self._fired[at] >= fault.times
            if chosen is None and not spent and _holds(fault.when, arrival, self._arrived[at]):
                chosen = at
        if chosen is None:
            return None
        self._fired[chosen] += 1
        return self._faults[chosen]


def _holds(when: When | None, arrival: Arrival, number: int) -> bool:
    match when:
        case None:
            return True
        case Nth(n):
            return number == n
        case Every(n):
            return number % n == 0
        case Chance(probability, seed):
            return share_of(f"{seed}:{arrival.attempt}:{arrival.digest}") < probability
        case Contains(text):
            return text in arrival.text
        case _:
            return when(arrival.body)


def share_of(text: str) -> float:
    """A number from 0 up to 1 that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64


_WHENS: dict[str, Callable[[Mapping[str, Any]], When]] = {
    "nth": lambda value: Nth(int(value["nth"])),
    "every": lambda value: Every(int(value["every"])),
    "chance": lambda value: Chance(float(value["chance"]), int(value.get("seed", 0))),
    "contains": lambda value: Contains(str(value["contains"])),
}
_FIELDS = ("kind", "when", "times", "endpoint", "retry_after", "reset_after")


def fault_from_json(value: Mapping[str, Any]) -> Fault:
    """A rule from JSON: the fields of `Fault`, with `when` one of `{"nth": 3}`, `{"every": 2}`, `{"chance": 0.1, "seed": 1}`,
    `{"contains": "text"}`.

    Raises:
        UsageError: a field or value is unknown.
    """  # noqa: D205
    unknown = sorted(set(value) - set(_FIELDS))
    if unknown or "kind" not in value:
        raise UsageError(f"A fault has the fields {', '.join(_FIELDS)}, `kind` at least; given {sorted(value)!r}.")
    when = value.get("when")
    key = next((name for name in _WHENS if isinstance(when, Mapping) and name in when), None)
    if when is not None and key is None:
        raise UsageError(f"`when` of a fault is an object with one of {', '.join(_WHENS)}; given {when!r}.")
    return Fault(**{**value, "when": _WHENS[key](when) if key is not None and when is not None else None})


def fault_to_json(fault: Fault) -> dict[str, Any]:
    """The JSON of a rule; the opposite of `fault_from_json`.

    Raises:
        UsageError: its `when` is a function, which another process cannot be given.
    """
    match fault.when:
        case None:
            when: dict[str, Any] | None = None
        case Nth(n):
            when = {"nth": n}
        case Every(n):
            when = {"every": n}
        case Chance(probability, seed):
            when = {"chance": probability, "seed": seed}
        case Contains(text):
            when = {"contains": text}
        case _:
            raise UsageError(f"A function cannot be sent to another process: {fault!r}. Use Nth, Every, Chance or Contains.")
    given = {field: getattr(fault, field) for field in _FIELDS if field != "when"}
    return {**{field: value for field, value in given.items() if value is not None}, **({"when": when} if when else {})}
