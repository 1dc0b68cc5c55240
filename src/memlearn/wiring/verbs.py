"""The verbs of memlearn: what the command line and `import memlearn` offer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from memlearn.errors import NoReleaseError
from memlearn.learning.job import Job
from memlearn.records.instants import iso_second
from memlearn.store import StoreLayout, refusal
from memlearn.store import diff_releases as compare_releases
from memlearn.store import promote as promote_release
from memlearn.store import rollback as roll_back
from memlearn.store.gc import collect_garbage
from memlearn.store.release import open_release
from memlearn.store.switch import current_release_id, list_releases
from memlearn.wiring.instants import learned_until
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig, load_config
from memlearn.wiring.reports import (
    DiffReport,
    GcReport,
    LearnReport,
    PlanReport,
    Progress,
    ReleaseInfo,
    ReleaseList,
    ReleaseSwitch,
    VerifyReport,
)
from memlearn.wiring.reports_agent import AgentPlan, ReplayReport, StepsReport
from memlearn.wiring.reports_status import StatusReport
from memlearn.wiring.reports_try import TryReport
from memlearn.wiring.verbs_serving import recommend, show

if TYPE_CHECKING:
    from memlearn.learning.agent.estimate import Estimate
    from memlearn.wiring.reports_evaluate import EvaluateReport

__all__ = [
    "diff_releases",
    "evaluate",
    "gc",
    "learn",
    "promote",
    "recommend",
    "releases",
    "replay",
    "rollback",
    "show",
    "status",
    "steps",
    "try_agent",
    "verify",
]

ConfigLike = str | Path | LoadedConfig

# Within so many hours a provider answers a batch, or says that it did not.
_WAVE_HOURS = 24


def learn(
    config: ConfigLike,
    *,
    as_of: str | datetime | None = None,
    users: Sequence[str] | None = None,
    plan: bool = False,
    max_cost: float | None = None,
    retry_skipped: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> LearnReport:
    """Learn what is new in the sources and publish a release.

    Args:
        config: the config file, or one that is loaded already.
        as_of: learn from what was before this instant only (half-open); text is ISO 8601.
        users: learn these users only; everybody else keeps their memory, shared memory stays as it is.
        plan: say what would be done, and do nothing.
        max_cost: most that the agent may spend, in the currency of its prices; the run stops cleanly before it could pass.
        retry_skipped: do the agent's steps again that had no answer.
        progress: called as the run goes on.

    Raises:
        ConfigError: the config is not valid.
        InputError: the sources cannot be used; nothing was changed.
        BusyError: another learn run works on this store.
        StoreError: the store cannot be read or written.
    """
    # What only learning needs takes seconds to import; the other verbs start without it.
    from memlearn.wiring import run as stages

    loaded = load(config)

    def report(stage: str, done: int, total: int, message: str) -> None:
        if progress is not None:
            progress(Progress(stage, done, total, message))

    if plan:
        return _planned(make_job(loaded, as_of=as_of, users=users, report=report))
    handle = stages.prepare(loaded, as_of=as_of, users=users, report=report, max_cost=max_cost, retry_skipped=retry_skipped)
    return stages.run_stages(handle)


def verify(config: ConfigLike, *, progress: Callable[[Progress], None] | None = None) -> VerifyReport:
    """Execute every fact of the current release again on the rows it was learned from.

    Raises:
        NoReleaseError: nothing was published yet.
    """
    from memlearn.wiring.verbs_checking import verify as check

    return check(load(config), progress=progress)


def steps(config: ConfigLike, user_id: str, *, full: bool = False) -> StepsReport:
    """The agent's steps of a user: seen, asked, answered, accepted, refused, cost.

    Args:
        config: the config.
        user_id: the user.
        full: with every request and answer.

    Raises:
        BusyError: a learn run works on this store.
        UnknownUserError: no agent has read this user.
    """
    from memlearn.wiring.verbs_agent import steps as tell

    return tell(load(config), user_id, full=full)


def replay(config: ConfigLike, run_id: str) -> ReplayReport:
    """Rebuild what a run published, from its rows and the journals, without a request.

    Raises:
        BusyError: a learn run works on this store.
        UsageError: there is nothing to replay: the config has no agent, or it is not that of the run.
        UnknownRunError: there is no such run, or it was not finished.
        NoReleaseError: what it published, or what that was built on, is not kept any more.
    """
    from memlearn.wiring.verbs_agent import replay as run_again

    return run_again(load(config), run_id)


def try_agent(
    config: ConfigLike,
    users: Sequence[str],
    *,
    prompts: Sequence[str | Path] = (),
    models: Sequence[str] = (),
    max_cost: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TryReport:
    """Let the agent read some users, and beside it other prompts and models; nothing of the store is changed.

    Args:
        config: the config; it has an agent, whoever its manager is.
        users: the users, read from their first row on.
        prompts: files of system prompts.
        models: models at the same endpoint; each is tried with each of the prompts.
        max_cost: most that all of them may spend together; default: that of the config.
        progress: called as it goes on.

    Raises:
        UsageError: the config has no agent, no user is named, or there is a cap and no price.
        UnknownUserError: a user has no rows.
        BusyError: a learn run works on this store.
    """
    from memlearn.wiring.verbs_try import try_agent as try_out

    return try_out(load(config), users, prompts=prompts, models=models, max_cost=max_cost, progress=progress)


def evaluate(
    config: ConfigLike,
    *,
    final: bool = False,
    report: str | Path | None = None,
    max_cost: float | None = None,
    remove: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> EvaluateReport:
    """Learn as of cuts in time beside the store, rank from what was learned, and compare with what came and with the baselines.

    The configured store and its releases are not touched. What was done is kept in a folder beside the store, and not done again.

    Args:
        config: the config; its section `evaluation` says how.
        final: look at the test period, and note it in the log beside the report; default: the validation period before it.
        report: folder of the report; default: `<store>-evaluation/report` beside the store.
        max_cost: most that the agent may spend at each cut, in the currency of its prices.
        remove: remove what was learned for it afterwards.
        progress: called as it goes on.

    Raises:
        InputError: the sources cannot be used, or there is too little to judge by.
        BusyError: another evaluation is at work, or a learn run.
    """
    from memlearn.wiring.verbs_evaluate import evaluate as judge

    return judge(load(config), final=final, report=report, max_cost=max_cost, remove=remove, progress=progress)


def status(config: ConfigLike) -> StatusReport:
    """What is learned, what is pending and since when; also while a learn runs."""
    from memlearn.wiring.verbs_checking import status as tell

    return tell(load(config))


def load(config: ConfigLike) -> LoadedConfig:
    """The config, loaded if it is not yet."""
    return config if isinstance(config, LoadedConfig) else load_config(config)


def _planned(job: Job) -> LearnReport:
    from memlearn.learning.plan import make_plan

    begun = time.perf_counter()
    found = make_plan(job)
    return LearnReport(
        run_id="",
        release_id=found.release_id,
        users=found.users,
        events=found.events,
        rejected_rows=0,
        steps_done=0,
        steps_reused=0,
        statements=found.statements,
        refused_edits=0,
        seconds=round(time.perf_counter() - begun, 3),
        published=False,
        plan=PlanReport(
            found.steps_to_do,
            found.steps_to_reuse,
            found.rows_to_read,
            found.deliveries_to_read,
            found.deliveries_unchanged,
            found.basis,
            None if found.agent is None else _agent_plan(job, found.agent),
        ),
    )


def _agent_plan(job: Job, found: Estimate) -> AgentPlan:
    from memlearn.learning.agent.money import to_amount

    assert job.agent is not None
    config = job.agent.config
    basis = (
        f"{found.steps:,} steps of {found.events:,} rows, their first requests as they would be sent, with blocks half full; a token is "
        f"taken for four bytes, an answer for some hundred tokens. The most: {config.turns} turns for every step, every byte a token, every answer "
        f"{config.max_tokens:,} tokens long."
    )
    if found.waves:
        basis += " A wave is what every user asks next; a user's steps follow each other, so the longest history sets their number."
    return AgentPlan(
        steps=found.steps,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        cost=None if found.cost is None else f"{to_amount(found.cost):f}",
        cost_most=None if found.cost_most is None else f"{to_amount(found.cost_most):f}",
        currency=None if config.prices is None else config.prices.currency,
        basis=basis,
        waves=found.waves or None,
        waves_most=found.waves_most or None,
        hours_most=found.waves_most * _WAVE_HOURS or None,
    )


def releases(config: ConfigLike) -> ReleaseList:
    """Every release that is kept, newest first."""
    layout = StoreLayout(load(config).config.store)
    entries = list_releases(layout)
    current = next((entry.release_id for entry in entries if entry.current), None)
    infos = [
        ReleaseInfo(
            release_id=entry.release_id,
            published=_published(layout, entry.release_id),
            as_of=learned_until(entry.manifest),
            users=int(entry.manifest.counts.get("users", 0)),
            statements=int(entry.manifest.counts.get("statements", 0)),
            bytes=sum(segment.bytes for segment in entry.manifest.segments),
            current=entry.current,
            refused=entry.refused,
        )
        for entry in entries
        if entry.manifest is not None
    ]
    return ReleaseList(current, tuple(reversed(infos)))


def _published(layout: StoreLayout, release_id: str) -> str:
    return iso_second(layout.manifest(release_id).stat().st_mtime_ns // 1000)


def diff_releases(config: ConfigLike, a: str | None = None, b: str | None = None) -> DiffReport:
    """What changed from release `a` to release `b`, in words.

    Args:
        config: the config.
        a: the older one; default: the one before `b`.
        b: the newer one; default: the current one.

    Raises:
        NoReleaseError: there is nothing to compare with.
    """
    layout = StoreLayout(load(config).config.store)
    newer = b or current_release_id(layout)
    older = a or _before(layout, newer)
    with open_release(layout, older) as before, open_release(layout, newer) as after:
        difference = compare_releases(before, after)
    return DiffReport(older, newer, tuple(difference.describe().splitlines()), difference.to_json())


def _before(layout: StoreLayout, release_id: str) -> str:
    earlier = [entry.release_id for entry in list_releases(layout) if entry.release_id < release_id]
    if not earlier:
        raise NoReleaseError(f"Release {release_id!r} is the first one of {str(layout.root)!r}; there is none before it to compare with.")
    return earlier[-1]


def promote(config: ConfigLike, release_id: str) -> ReleaseSwitch:
    """Make a release current, after checking its files; also one that was refused, which the report says."""
    layout = StoreLayout(load(config).config.store)
    before = _current(layout)
    return ReleaseSwitch(promote_release(layout, release_id).release_id, before, refusal(layout, release_id))


def rollback(config: ConfigLike) -> ReleaseSwitch:
    """Make the release current that was so before."""
    layout = StoreLayout(load(config).config.store)
    before = _current(layout)
    return ReleaseSwitch(roll_back(layout).release_id, before)


def _current(layout: StoreLayout) -> str | None:
    return layout.current.read_text().strip() if layout.current.is_file() else None


def gc(config: ConfigLike, keep: int | None = None) -> GcReport:
    """Remove releases beyond the newest `keep`, and what nothing needs any more; releases in use stay.

    Raises:
        BusyError: a learn run works on this store.
    """
    from memlearn.wiring.cleaning import clean_store

    loaded = load(config)
    layout = StoreLayout(loaded.config.store)
    report = collect_garbage(layout, loaded.config.releases.keep if keep is None else keep)
    freed = clean_store(layout)
    return GcReport(report.removed, report.kept, report.in_use, report.bytes + freed)
