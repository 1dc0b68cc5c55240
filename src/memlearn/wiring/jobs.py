"""From a config and what was asked for to the job of a learn run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from memlearn.errors import UsageError
from memlearn.learning.job import Job, Report
from memlearn.sources.config import EventSource
from memlearn.sources.context import SourceContext
from memlearn.store.layout import StoreLayout
from memlearn.wiring.load import LoadedConfig

if TYPE_CHECKING:
    from memlearn.store.vectors import Embedder

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def make_job(
    loaded: LoadedConfig,
    *,
    as_of: str | datetime | None = None,
    users: Sequence[str] | None = None,
    report: Report | None = None,
    max_cost: float | None = None,
    retry_skipped: bool = False,
) -> Job:
    """Put together what a learn run is given.

    Args:
        loaded: the config.
        as_of: learn what was before this instant only.
        users: learn these users only.
        report: told stage, done, total and a word.
        max_cost: most that the agent may spend.
        retry_skipped: do the agent's skipped steps again.

    Raises:
        UsageError: `as_of` is no instant, `users` is empty, or there is no agent to spend or to do steps again.
    """
    if users is not None and not users:
        raise UsageError("No user is named. Name at least one, or leave `users` away to learn everybody.")
    config = loaded.config
    if config.learning.manager != "agent" and (max_cost is not None or retry_skipped):
        raise UsageError("--max-cost and --retry-skipped are for `learning.manager: agent`; this config has no agent.")
    job = Job(
        layout=StoreLayout(config.store),
        sources=config.sources,
        context=source_context(loaded),
        blocks=config.block_specs,
        shared=config.shared,
        chunks=config.chunks,
        learning=config.learning,
        sensitive=config.sensitive,
        config_digest=loaded.digest,
        kept_config=loaded.kept,
        embedder=lambda: _make_embedder(loaded),
        as_of_us=None if as_of is None else instant_us(as_of, config.timezone, "as_of"),
        users=None if users is None else tuple(dict.fromkeys(users)),
    )
    if config.learning.manager == "agent":
        from memlearn.wiring.agents import make_agent

        job = replace(job, agent=make_agent(loaded, max_cost=max_cost, retry_skipped=retry_skipped))
    return job if report is None else replace(job, report=report)


def _make_embedder(loaded: LoadedConfig) -> Embedder:
    # Vector stores and clients take seconds to import; only a run that embeds pays for them.
    from memlearn.wiring.embedders import make_embedder

    return make_embedder(loaded.config.embeddings, loaded.variables)


def source_context(loaded: LoadedConfig) -> SourceContext:
    """What every reader of a source is told."""
    config = loaded.config
    attributes = {name for source in config.sources.values() if isinstance(source, EventSource) for name in source.attributes}
    return SourceContext(
        base=loaded.base,
        timezone=config.timezone,
        currency=config.currency,
        merchants=config.merchants,
        money=config.money,
        attributes=tuple(sorted(attributes)),
        variables=loaded.variables,
        max_rejects=config.max_rejects,
    )


def instant_us(moment: str | datetime, zone: str, name: str) -> int:
    """An instant as microseconds since 1970-01-01T00:00Z.

    Args:
        moment: ISO 8601; a date alone is its first moment; without an offset it is in `zone`.
        zone: IANA name.
        name: of the argument, for the message.

    Raises:
        UsageError: it is not ISO 8601.
    """
    if isinstance(moment, str):
        try:
            parsed = datetime.fromisoformat(moment) if len(moment.strip()) > len("2026-01-31") else datetime.combine(date.fromisoformat(moment.strip()), time())
        except ValueError:
            raise UsageError(f"{name} {moment!r} is not an instant. Write it like 2026-05-31 or 2026-05-31T18:00:00+02:00.") from None
    else:
        parsed = moment
    return (parsed.replace(tzinfo=parsed.tzinfo or ZoneInfo(zone)) - _EPOCH) // _MICROSECOND
