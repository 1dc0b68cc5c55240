"""The flow `learn`: ingest, fold the shards, shared memory, render the shards, publish.

Tasks are given a handle of plain values and shard numbers, never clients or tables: the run lives in this process, which alone
writes the ledger, and tasks work on it in threads. The functions behind the tasks are callable without Prefect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefect import Flow, Task, flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner

from memlearn.wiring import run as steps
from memlearn.wiring.load import load_config
from memlearn.wiring.reports import LearnReport
from memlearn_flows.summary import learn_summary
from memlearn_flows.tasks import as_task, group_shards


def fold_shards(handle: steps.RunHandle, shards: Sequence[int]) -> int:
    """Fold a group of shards; returns how many."""
    for shard in shards:
        steps.fold_shard(handle, shard)
    return len(shards)


def render_shards(handle: steps.RunHandle, shards: Sequence[int]) -> int:
    """Render a group of shards; returns how many."""
    steps.render_shards(handle, shards)
    return len(shards)


ingest_task = as_task(steps.ingest, "ingest")
fold_task = as_task(fold_shards, "fold shards")
agent_task = as_task(steps.learn_by_agent, "agent")
population_task = as_task(steps.population, "shared memory")
render_task = as_task(render_shards, "render shards")
publish_task = as_task(steps.publish, "publish")


@flow(name="memlearn-learn", persist_result=False)
def learn(
    config: str,
    as_of: str | None = None,
    users: list[str] | None = None,
    variables: dict[str, str] | None = None,
    max_cost: float | None = None,
    retry_skipped: bool = False,  # noqa: FBT001, FBT002 - a flow is called with its parameters by name
) -> dict[str, Any]:
    """Learn from the sources of a config and publish a release.

    Args:
        config: path of the config file.
        as_of: learn from what was before this instant only, ISO 8601.
        users: learn these users only.
        variables: values for `${NAME}` in the config.
        max_cost: most that the agent may spend, in the currency of its prices.
        retry_skipped: do the agent's steps again that had no answer.

    Returns:
        The learn report as JSON values.
    """
    logger = get_run_logger()
    handle = steps.prepare(load_config(config, variables), as_of=as_of, users=users, max_cost=max_cost, retry_skipped=retry_skipped)
    try:
        ingest_task(handle)
        groups = group_shards(steps.shard_ids(handle))
        logger.info("%s: the sources are read; folding %d groups of shards", handle.run_id, len(groups))
        _run_all(fold_task, handle, groups, "folded")
        agent_task(handle)
        population_task(handle)
        _run_all(render_task, handle, groups, "rendered")
        report = publish_task(handle)
    except BaseException as error:
        steps.abandon(handle, error)
        raise
    create_markdown_artifact(learn_summary(report), key="memlearn-learn", description=f"Learn run {report.run_id}")
    logger.info("release %s: %d users, %d statements, %.1f s", report.release_id, report.users, report.statements, report.seconds)
    return report.to_json()


def _run_all(work: Task[..., int], handle: steps.RunHandle, groups: Sequence[Sequence[int]], done_word: str) -> None:
    logger = get_run_logger()
    futures = [work.submit(handle, group) for group in groups]
    done = 0
    for future in as_completed(futures):
        done += future.result()
        logger.info("%s %d of %d shards", done_word, done, sum(len(group) for group in groups))


def run_learn(
    config: str,
    *,
    as_of: str | None = None,
    users: list[str] | None = None,
    variables: Mapping[str, str] | None = None,
    max_cost: float | None = None,
    retry_skipped: bool = False,
) -> LearnReport:
    """Run the flow in this process, on the configured Prefect server or the embedded one.

    Args:
        config: path of the config file.
        as_of: learn from what was before this instant only, ISO 8601.
        users: learn these users only.
        variables: values for `${NAME}` in the config.
        max_cost: most that the agent may spend, in the currency of its prices.
        retry_skipped: do the agent's steps again that had no answer.

    Raises:
        MemlearnError: as `memlearn.learn` does.
    """
    workers = load_config(config, variables).config.learning.workers
    runner: Any = ThreadPoolTaskRunner(max_workers=workers)
    sized: Flow[..., dict[str, Any]] = learn.with_options(task_runner=runner)
    return LearnReport.of_json(sized(config, as_of, users, dict(variables or {}), max_cost, retry_skipped))
