"""`memlearn evaluate`: whether memory recommends better than what there was."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from memlearn.cli import output
from memlearn.cli.options import ConfigPath, Json, Variables, load

if TYPE_CHECKING:
    from memlearn.wiring.load import LoadedConfig
    from memlearn.wiring.reports_evaluate import EvaluateReport


def add_commands(app: typer.Typer) -> None:
    """Add `evaluate`."""
    app.command()(evaluate)


def evaluate(
    config: ConfigPath,
    final: Annotated[
        bool,
        typer.Option("--final", help="Look at the test period, and log the look. Default: the validation period before it."),
    ] = False,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="DIR", help="Folder of the report. Default: beside the store, in NAME-evaluation/report."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost", metavar="AMOUNT", min=0, help="Most that the agent may spend at each cut, in the currency of its prices."
        ),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove what was learned for it afterwards; else the next evaluation goes on from there.")
    ] = False,
    prefect: Annotated[bool, typer.Option("--prefect", help="Run as a Prefect flow.")] = False,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Learn as of cuts in time, rank, and compare with what came; published releases are not touched."""
    loaded = load(config, settings)
    if prefect:
        found = _run_flow(loaded, settings, final=final, report=report, max_cost=max_cost, remove=remove)
    else:
        found = _run_here(loaded, final=final, report=report, max_cost=max_cost, remove=remove)
    if json:
        output.write_json(found.to_json())
    else:
        _show(found)


def _run_here(loaded: LoadedConfig, *, final: bool, report: str | None, max_cost: float | None, remove: bool) -> EvaluateReport:
    from memlearn.wiring import verbs

    with output.progress() as progress:
        found: EvaluateReport = verbs.evaluate(loaded, final=final, report=report, max_cost=max_cost, remove=remove, progress=progress)
    return found


def _run_flow(
    loaded: LoadedConfig, settings: list[str] | None, *, final: bool, report: str | None, max_cost: float | None, remove: bool
) -> EvaluateReport:
    from memlearn.cli.options import parse_settings

    # Prefect writes to standard output in places; ours belongs to the report.
    with contextlib.redirect_stdout(sys.stderr):
        from memlearn_flows.evaluate import run_evaluate

        return run_evaluate(
            str(loaded.path), final=final, report=report, max_cost=max_cost, remove=remove, variables=parse_settings(settings)
        )


def _show(found: EvaluateReport) -> None:
    from memlearn.evaluation.report.figures import figure_main, figure_under, metric_title

    screen = output.console()
    evaluation = found.evaluation
    for sentence in found.said:
        screen.print(output.plain(sentence))
    screen.print()
    k = evaluation.protocol.main.partition("@")[2]
    names = [evaluation.protocol.main, f"recall@{k}", f"phr@{k}"]
    rows = [
        (
            one.title,
            *(f"{figure_main(one.metrics[name])} {figure_under(one.metrics[name])}" for name in names[:1]),
            *(figure_main(one.metrics[name]) for name in names[1:]),
        )
        for one in evaluation.methods
    ]
    screen.print(output.table(("method", *map(metric_title, names)), rows))
    screen.print()
    screen.print(output.plain(f"Report: {found.page}", "bold"))
    if found.log is not None:
        screen.print(output.plain(f"This look is noted in {found.log}"))
