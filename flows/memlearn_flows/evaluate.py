"""The evaluation flow: one task for each cut and each baseline, one after the other, in one process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from memlearn.wiring import evaluation_run as steps
from memlearn.wiring.load import load_config
from memlearn.wiring.reports_evaluate import EvaluateReport
from memlearn_flows.summary import evaluate_summary
from memlearn_flows.tasks import as_task

prepare_task = as_task(steps.prepare, "read the sources")
cut_task = as_task(steps.rank_cut, "learn and rank")
method_task = as_task(steps.rank_method, "rank a baseline")


@flow(name="memlearn-evaluate", persist_result=False)
def evaluate(
    config: str,
    final: bool = False,  # noqa: FBT001, FBT002 - a flow is called with its parameters by name
    report: str | None = None,
    max_cost: float | None = None,
    remove: bool = False,  # noqa: FBT001, FBT002 - as above
    variables: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Learn as of cuts beside the store, rank, and compare with what came.

    Args:
        config: path of the config file.
        final: look at the test period, and log the look.
        report: folder of the report.
        max_cost: most that the agent may spend at each cut.
        remove: remove what was learned for it afterwards.
        variables: values for `${NAME}` in the config.

    Returns:
        The report as JSON values.
    """
    logger = get_run_logger()
    handle = prepare_task(load_config(config, variables), final=final, max_cost=max_cost)
    try:
        logger.info("the sources are read; cuts: %s", ", ".join(handle.cuts))
        for number, name in enumerate(handle.cuts):
            logger.info("cut %s: ranked from release %s", name, cut_task(handle, number))
        for name in handle.baselines:
            logger.info("%s is ranked", method_task(handle, name))
        found = steps.conclude(handle, report=report, remove=remove)
    finally:
        steps.abandon(handle)
    create_markdown_artifact(evaluate_summary(found), key="memlearn-evaluate", description=found.page)
    logger.info("report: %s, %.1f s", found.page, found.seconds)
    return found.to_json()


def run_evaluate(
    config: str,
    *,
    final: bool = False,
    report: str | None = None,
    max_cost: float | None = None,
    remove: bool = False,
    variables: Mapping[str, str] | None = None,
) -> EvaluateReport:
    """Run the flow in this process, on the configured Prefect server or the embedded one.

    Args:
        config: path of the config file.
        final: look at the test period, and log the look.
        report: folder of the report.
        max_cost: most that the agent may spend at each cut.
        remove: remove what was learned for it afterwards.
        variables: values for `${NAME}` in the config.

    Raises:
        MemlearnError: as `memlearn.evaluate` does.
    """
    found: dict[str, Any] = evaluate(config, final, report, max_cost, remove, dict(variables or {}))
    return EvaluateReport.of_json(found)
