"""How the server behaves: what it can do, its limits, its pace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from memlearn.testing.faults import Fault
from memlearn.testing.script import Request

Latency = float | Callable[[Request], float]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests and tokens a minute, as token buckets that are full at the start.

    Args:
        requests_per_minute: None: no limit.
        tokens_per_minute: of prompts and the most tokens they ask for; None: no limit.
        burst_seconds: a full bucket holds what this many seconds allow.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    burst_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class BatchRules:
    """How long batches take, and how large they may be.

    Args:
        polls: a batch is done when it was asked for this often.
        seconds: a batch is done after this time; then `polls` does not count.
        max_requests: lines of one batch.
        max_bytes: size of one input file.
        max_enqueued_tokens: of the prompts of all batches that are not done; None: no limit.
        expire_share: share of the lines that a batch with the fate `batch_expired` still does.
    """

    polls: int = 2
    seconds: float | None = None
    max_requests: int = 50_000
    max_bytes: int = 200_000_000
    max_enqueued_tokens: int | None = None
    expire_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, but for the script.

    Args:
        latency: seconds from a chat request to its answer, or a function of the request.
        tools: False: a request with tools is refused.
        json_schema: False: `response_format` of this type is refused.
        json_object: False: `response_format` of this type is refused.
        parallel_tool_calls: False: a request that names the option is refused, and a reply has one call at most.
        stream: False: a request to stream is refused.
        usage: False: replies have no `usage`.
        context_chars: a longer prompt is refused with `context_length_exceeded`.
        embedding_dimensions: length of vectors unless the request says.
        models: what `/v1/models` lists; any other model is served as well.
        api_key: another key is refused; None: any will do.
        rate_limit: requests and tokens a minute.
        batches: how batches behave.
        faults: what goes wrong.
        log: how many of the last requests are kept in the log.
        log_bodies: keep their bodies too.
    """

    latency: Latency = 0.0
    tools: bool = True
    json_schema: bool = True
    json_object: bool = True
    parallel_tool_calls: bool = True
    stream: bool = True
    usage: bool = True
    context_chars: int | None = None
    embedding_dimensions: int = 256
    models: tuple[str, ...] = ("scripted",)
    api_key: str | None = None
    rate_limit: RateLimit = field(default_factory=RateLimit)
    batches: BatchRules = field(default_factory=BatchRules)
    faults: tuple[Fault, ...] = ()
    log: int = 10_000
    log_bodies: bool = False

    def __post_init__(self) -> None:
        """Keep what was given as a list."""
        for name in ("models", "faults"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
