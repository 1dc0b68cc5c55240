"""The flow `learn`: ingest, fold the shards, shared memory, render the shards, publish.

Tasks are given the run's id and shard numbers, never clients or tables: a run lives in this process, which alone writes the
ledger, and the tasks work on it in threads. Each function below is callable without Prefect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from prefect import Flow, Task, flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner

from memlearn.learning.job import Job
from memlearn.learning.run import LearnRun, open_run
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config
from memlearn.wiring.reports import LearnReport
from memlearn.wiring.verbs import publish_run
from memlearn_flows.summary import learn_summary
from memlearn_flows.tasks import as_task, group_shards

_RUNS: dict[str, LearnRun] = {}
"""The runs at work in this process, by id."""


@contextmanager
def opened(job: Job) -> Iterator[LearnRun]:
    """Open a run and let tasks find it by its id until the block ends."""
    with open_run(job) as run:
        _RUNS[run.run_id] = run
        try:
            yield run
        finally:
            del _RUNS[run.run_id]


def ingest(run_id: str) -> None:
    """Read what is new."""
    _RUNS[run_id].ingest()


def fold_shards(run_id: str, shards: Sequence[int]) -> int:
    """Fold a group of shards; returns how many."""
    for shard in shards:
        _RUNS[run_id].fold_shard(shard)
    return len(shards)


def share(run_id: str) -> None:
    """Learn what is shared over all users."""
    _RUNS[run_id].share()


def render_shards(run_id: str, shards: Sequence[int]) -> int:
    """Render a group of shards; returns how many."""
    for shard in shards:
        _RUNS[run_id].render_shard(shard)
    return len(shards)


def publish(run_id: str) -> dict[str, Any]:
    """Publish the release and close the books; returns the report as JSON values."""
    return publish_run(_RUNS[run_id]).to_json()


ingest_task = as_task(ingest, "ingest")
fold_task = as_task(fold_shards, "fold shards")
share_task = as_task(share, "shared memory")
render_task = as_task(render_shards, "render shards")
publish_task = as_task(publish, "publish")


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
    job = make_job(load_config(config, variables), as_of=as_of, users=users)
    with opened(job) as run:
        ingest_task(run.run_id)
        groups = group_shards(run.shard_ids())
        logger.info("%s: the sources are read; folding %d groups of shards", run.run_id, len(groups))
        _run_all(fold_task, run.run_id, groups, "folded")
        share_task(run.run_id)
        _run_all(render_task, run.run_id, groups, "rendered")
        report = LearnReport(**publish_task(run.run_id))
    create_markdown_artifact(learn_summary(report), key="memlearn-learn", description=f"Learn run {report.run_id}")
    logger.info("release %s: %d users, %d statements, %.1f s", report.release_id, report.users, report.statements, report.seconds)
    return report.to_json()


def _run_all(work: Task[..., int], run_id: str, groups: Sequence[Sequence[int]], done_word: str) -> None:
    logger = get_run_logger()
    futures = [work.submit(run_id, group) for group in groups]
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
    runner: Any = ThreadPoolTaskRunner(max_workers=workers)
    sized: Flow[..., dict[str, Any]] = learn.with_options(task_runner=runner)
    return LearnReport(**sized(config, as_of, users, dict(variables or {})))
