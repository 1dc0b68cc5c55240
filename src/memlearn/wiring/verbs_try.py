"""The verb `try`: what prompts and models make of some users, with nothing of the store changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from memlearn.errors import NoReleaseError, UsageError
from memlearn.learning.agent.stage import Agent
from memlearn.store.release import open_release
from memlearn.wiring.agent_outcome import amount
from memlearn.wiring.agents import cap_of, make_agent
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig
from memlearn.wiring.reports import Progress
from memlearn.wiring.reports_try import TriedBlock, TriedLine, TriedRefusal, TriedUser, TryReport, Variant

if TYPE_CHECKING:
    from memlearn.learning.agent.trial import Trial
    from memlearn.learning.agent.trial import TriedLine as PublishedLine
    from memlearn.learning.job import Job
    from memlearn.memory import BlockSpec

CONFIGURED = "as configured"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One variant to try: how its column is headed, the file of its prompt, its agent."""

    name: str
    prompt: str | None
    agent: Agent


def try_agent(
    loaded: LoadedConfig,
    users: Sequence[str],
    *,
    prompts: Sequence[str | Path] = (),
    models: Sequence[str] = (),
    max_cost: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TryReport:
    """Let the configured agent read some users from their first row on, and beside it each other prompt with each other model.

    Args:
        loaded: the config.
        users: the users.
        prompts: files of system prompts.
        models: models at the same endpoint.
        max_cost: most that all variants may spend together; default: that of the config.
        progress: called as it goes on.

    Raises:
        UsageError: the config has no agent, no user is named, or there is a cap and no price.
        UnknownUserError: a user has no rows.
        BusyError: a learn run works on the store.
    """
    # What only learning needs takes seconds to import.
    from memlearn.learning.agent.trial import try_agents

    begun = time.perf_counter()
    if loaded.config.learning.agent is None:
        raise UsageError("There is no agent to try: set `learning.agent` in the config; `learning.manager` may still be `embedded`.")
    cap = cap_of(loaded, max_cost)
    wanted = list(_wanted(loaded, prompts, models, capped=cap is not None))
    at = [0]

    def report(stage: str, done: int, total: int, message: str) -> None:
        if progress is not None:
            progress(Progress(f"{stage} {at[0] + 1}" if stage == "agent" else stage, done, total, message))

    def tell(number: int) -> None:
        at[0] = number

    job = make_job(loaded, users=users, report=report)
    release_id, before = _published(job)
    written, trials = try_agents(job, [one.agent for one in wanted], cap, tell)
    specs = tuple(spec for spec in job.blocks if not spec.shared)
    told = tuple(
        TriedUser(
            user,
            _blocks(
                specs, [(label, TriedLine(text, status, text in written.get(user, ()))) for label, text, status in before.get(user, ())]
            ),
            tuple(_blocks(specs, map(_line, trial.lines[user])) for trial in trials),
        )
        for user in job.users or ()
    )
    variants = tuple(_variant(one, trial) for one, trial in zip(wanted, trials, strict=True))
    return TryReport(release_id, variants, told, round(time.perf_counter() - begun, 3), (*_warnings(variants), *_unpublished(variants, trials)))


def _wanted(loaded: LoadedConfig, prompts: Sequence[str | Path], models: Sequence[str], *, capped: bool) -> Iterator[_Wanted]:
    """The configured agent, then each other prompt with each other model; none of them twice."""
    seen: set[tuple[str, str]] = set()
    others: tuple[Sequence[str | Path | None], Sequence[str | None]] = (prompts or [None], models or [None])
    for prompt, model in [(None, None), *product(*others)]:
        agent = make_agent(loaded, model=model, prompt=None if prompt is None else Path(prompt), priced=capped)
        key = (agent.prompts.system, agent.config.model)
        if key not in seen:
            seen.add(key)
            named = [part for part in (None if prompt is None else str(prompt), model) if part is not None]
            # Who tries waits for the answers; batches take hours.
            direct = replace(agent, batches=None, config=agent.config.model_copy(update={"mode": "direct"}))
            yield _Wanted(", ".join(named) or CONFIGURED, None if prompt is None else str(prompt), direct)


def _published(job: Job) -> tuple[str | None, Mapping[str, list[tuple[str, str, str]]]]:
    """The current release, and user → label, text, status of what it says."""
    with suppress(NoReleaseError), open_release(job.layout) as release:
        lines: dict[str, list[tuple[str, str, str]]] = {}
        for user in job.users or ():
            blocks = release.blocks(user) if release.has_user(user) else ()
            lines[user] = [(block.label, line.text, line.status) for block in blocks for line in block.statements]
        return release.release_id, lines
    return None, {}


def _line(line: PublishedLine) -> tuple[str, TriedLine]:
    return line.label, TriedLine(line.text, line.status, line.written)


def _blocks(specs: Sequence[BlockSpec], lines: Iterator[tuple[str, TriedLine]] | Sequence[tuple[str, TriedLine]]) -> tuple[TriedBlock, ...]:
    held: dict[str, list[TriedLine]] = {spec.label: [] for spec in specs}
    for label, line in lines:
        held.setdefault(label, []).append(line)
    limits = {spec.label: spec.limit for spec in specs}
    return tuple(TriedBlock(label, limits.get(label, 0), tuple(of)) for label, of in held.items())


def _variant(wanted: _Wanted, trial: Trial) -> Variant:
    config = wanted.agent.config
    tally = trial.totals.tally
    return Variant(
        name=wanted.name,
        model=config.model,
        prompt=wanted.prompt,
        steps=sum(number for outcome, number in tally.steps.items() if outcome != "skipped"),
        steps_skipped=tally.steps.get("skipped", 0),
        statements=trial.statements,
        refused_edits=trial.totals.refused,
        refusals=tuple(TriedRefusal(one.user_id, one.chunk, one.call, one.reason, one.code, one.mended) for one in trial.refusals),
        requests=trial.requests,
        reused_answers=trial.reused,
        input_tokens=trial.input_tokens,
        cached_tokens=trial.cached_tokens,
        output_tokens=trial.output_tokens,
        cost=None if trial.cost is None else amount(trial.cost),
        paid=amount(trial.totals.cost),
        currency=None if config.prices is None else config.prices.currency,
        stopped=tally.stopped,
        unpublished_lines=len(trial.unpublished),
    )


def _unpublished(variants: Sequence[Variant], trials: Sequence[Trial]) -> Iterator[str]:
    for variant, trial in zip(variants, trials, strict=True):
        if trial.unpublished:
            first = trial.unpublished[0]
            yield (
                f"{variant.name}: {len(trial.unpublished):,} accepted lines would not be published, the first in block {first.label!r} of user "
                f"{first.user_id!r}, {first.text!r}: {first.reason}."
            )


def _warnings(variants: Sequence[Variant]) -> Iterator[str]:
    for variant in variants:
        if variant.stopped is not None:
            yield f"{variant.name}: stopped before everything was read: {variant.stopped}"
        if variant.steps_skipped:
            yield f"{variant.name}: {variant.steps_skipped:,} steps got no answer and were left out."
    if variants and not any(variant.steps or variant.steps_skipped or variant.stopped for variant in variants):
        yield "There was nothing to read: no chunk of these users is closed. With `learning.agent.open_chunk: always` the last one is read too."
