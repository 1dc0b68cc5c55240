"""The verb `evaluate`: whether memory recommends better than what there was, on the user's own data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memlearn.wiring import evaluation_run as stages
from memlearn.wiring.load import LoadedConfig
from memlearn.wiring.reports import Progress
from memlearn.wiring.reports_evaluate import EvaluateReport


def evaluate(
    loaded: LoadedConfig,
    *,
    final: bool = False,
    report: str | Path | None = None,
    max_cost: float | None = None,
    remove: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> EvaluateReport:
    """Evaluate a config; arguments and errors as of `memlearn.evaluate`."""

    def say(stage: str, done: int, total: int, message: str) -> None:
        if progress is not None:
            progress(Progress(stage, done, total, message))

    handle = stages.prepare(loaded, final=final, max_cost=max_cost, report=say)
    return stages.run_stages(handle, report=report, remove=remove, say=say)
