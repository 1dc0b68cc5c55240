"""The flow `learn`: ingest, fold the shards, shared memory, render the shards, publish.

Only ids and paths cross the border of a task. Each function does one step of `memlearn.learning.run` and is callable
without Prefect; what the steps do is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prefect import Flow, Task, flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner

from memlearn.errors import BusyError, TransientError
from memlearn.learning import run as steps
from memlearn.wiring.load import load_config
from memlearn.wiring.reports import LearnReport

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun

# A task costs Prefect 20 to 70 ms; shards are grouped so that this stays small beside the work.
MAX_TASKS = 64
RETRIES = 3
RETRY_SECONDS = [2.0, 10.0, 30.0]


def is_worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry what may go away by itself: the network, a locked file. Anything else would fail again."""
    try:
        state.result()
    except (TransientError, BusyError):
        return True
    except Exception:  # noqa: BLE001 - whatever else it is, it is not worth another try
        return False
    return False


def _as_task(function: Any, name: str) -> Task[..., Any]:
    return task(
        name=name,
        retries=RETRIES,
        retry_delay_seconds=RETRY_SECONDS,
        retry_condition_fn=is_worth_retrying,
        persist_result=False,
        cache_policy=NO_CACHE,
    )(function)


def fold_shards(handle: steps.RunHandle, shards: Sequence[int]) -> int:
    """Fold a group of shards; returns how many."""
    for shard in shards:
        steps.fold_shard(handle, shard)
    return len(shards)


def render_shards(handle: steps.RunHandle, shards: Sequence[int]) -> int:
    """Render a group of shards; returns how many."""
    for shard in shards:
        steps.render_shard(handle, shard)
    return len(shards)


ingest_task = _as_task(steps.ingest, "ingest")
fold_task = _as_task(fold_shards, "fold shards")
population_task = _as_task(steps.population, "shared memory")
render_task = _as_task(render_shards, "render shards")
publish_task = _as_task(steps.publish, "publish")


def group_shards(shards: Sequence[int], most: int = MAX_TASKS) -> list[list[int]]:
    """Divide shards into at most `most` groups of nearly equal size, in order."""
    count = min(most, len(shards))
    return [list(shards[len(shards) * group // count : len(shards) * (group + 1) // count]) for group in range(count)]


@flow(name="memlearn-learn", persist_result=False)
def learn(
    config: str, as_of: str | None = None, users: list[str] | None = None, variables: dict[str, str] | None = None
) -> dict[str, Any]:
    """Learn from the sources of a config and publish a release.

    Args:
        config: path of the config file.
        as_of: learn from what was before this instant only, ISO 8601.
        users: learn these users only.
        variables: values for `${NAME}` in the config.

    Returns:
        The learn report as JSON values.
    """
    logger = get_run_logger()
    loaded = load_config(config, variables)
    handle = steps.prepare(loaded, as_of=as_of, users=users)
    ingest_task(handle)
    groups = group_shards(steps.shard_ids(handle))
    logger.info("read the sources; folding %d groups of shards", len(groups))
    _run_all(fold_task, handle, groups, "folded")
    population_task(handle)
    _run_all(render_task, handle, groups, "rendered")
    report: LearnReport = publish_task(handle)
    create_markdown_artifact(summary(report), key="memlearn-learn", description=f"Learn run {report.run_id}")
    logger.info("release %s: %d users, %d statements, %.1f s", report.release_id, report.users, report.statements, report.seconds)
    return report.to_json()


def _run_all(work: Task[..., Any], handle: steps.RunHandle, groups: Sequence[Sequence[int]], done_word: str) -> None:
    logger = get_run_logger()
    futures = [work.submit(handle, group) for group in groups]
    done = 0
    for future in as_completed(futures):
        done += future.result()
        logger.info("%s %d of %d shards", done_word, done, sum(len(group) for group in groups))


def run_learn(
    config: str, *, as_of: str | None = None, users: list[str] | None = None, variables: Mapping[str, str] | None = None
) -> LearnReport:
    """Run the flow in this process, on the configured Prefect server or the embedded one.

    Args:
        config: path of the config file.
        as_of: learn from what was before this instant only, ISO 8601.
        users: learn these users only.
        variables: values for `${NAME}` in the config.

    Raises:
        MemlearnError: as `memlearn.learn` does.
    """
    workers = load_config(config, variables).config.learning.workers
    sized: Flow[..., dict[str, Any]] = learn.with_options(task_runner=ThreadPoolTaskRunner(max_workers=workers))
    return LearnReport(**sized(config, as_of, users, dict(variables or {})))


def summary(report: LearnReport) -> str:
    """The run in Markdown, for Prefect's page of artifacts."""
    rows = {
        "release": f"`{report.release_id}`" + ("" if report.published else " (nothing new)"),
        "users": f"{report.users:,}",
        "events": f"{report.events:,}",
        "statements": f"{report.statements:,}",
        "steps done": f"{report.steps_done:,}",
        "steps reused": f"{report.steps_reused:,}",
        "rejected rows": f"{report.rejected_rows:,}",
        "refused edits": f"{report.refused_edits:,}",
        "learned up to": report.as_of or "-",
        "seconds": f"{report.seconds:.1f}",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    warnings = "".join(f"\n- {warning}" for warning in report.warnings)
    return f"# Learn run {report.run_id}\n\n| what | value |\n| --- | --- |\n{table}\n" + (f"\n## Warnings\n{warnings}\n" if warnings else "")
