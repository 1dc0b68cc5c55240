"""`memlearn steps` and `memlearn replay`: what the agent did, and the same again without a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memlearn.cli import output
from memlearn.cli.options import ConfigPath, Json, Variables, load

if TYPE_CHECKING:
    from rich.console import Console

    from memlearn.wiring.reports_agent import StepsReport, StepView


def add_commands(app: typer.Typer) -> None:
    """Add `steps` and `replay`."""
    app.command()(steps)
    app.command()(replay)


def steps(
    config: ConfigPath,
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of the user.")],
    full: Annotated[bool, typer.Option("--full", help="With every request and answer, from the journal.")] = False,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Show the agent's steps of a user: seen, asked, answered, accepted, refused, cost."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    report = verbs.steps(loaded, user, full=full)
    if json:
        output.write_json(report.to_json())
    else:
        _show(report)


def replay(
    config: ConfigPath,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run, from `memlearn status`.")],
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Rebuild what a run published from the journals, without a request; fails where it is not the same."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    report = verbs.replay(loaded, run)
    if json:
        output.write_json(report.to_json())
    else:
        screen = output.console()
        headline = "the same content" if report.same else "other content"
        screen.print(output.plain(f"{report.run_id}: {headline} as release {report.release_id}, from {report.answers:,} answers.", "bold"))
        if report.booked:
            told = (
                f"{report.booked:,} steps of an earlier version of the agent cannot be done again; their lines were taken from the ledger."
            )
            screen.print(output.plain(f"  {told}"))
        if report.problem is not None:
            screen.print(output.plain(f"  {report.problem}"))
    if not report.same:
        raise typer.Exit(1)


def _show(report: StepsReport) -> None:
    screen = output.console()
    screen.print(output.plain(f"{report.user_id}: {_count(len(report.steps), 'step')} of the agent", "bold"))
    for step in report.steps:
        _show_step(screen, step)
    if report.unpublished:
        screen.print()
        screen.print(output.plain("accepted, and not published", "bold"))
    for line in report.unpublished:
        screen.print(output.plain(f"  {line.label}: {line.text}"))
        screen.print(output.plain(f"      {line.reason}"))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _show_step(screen: Console, step: StepView) -> None:
    cost = f", cost {step.cost}" if float(step.cost) else ""
    screen.print()
    screen.print(
        output.plain(
            f"chunk {step.chunk}: {_count(step.events, 'row')}, {_count(step.requests, 'request')}{cost} · {step.outcome} · {step.run_id}",
            "bold",
        )
    )
    if step.reason is not None:
        screen.print(output.plain(f"  {step.reason}"))
    for edit in step.accepted:
        screen.print(output.plain(f"  + {edit}"))
    for call in step.refused:
        screen.print(output.plain(f"  ! {call.call}"))
        screen.print(output.plain(f"      {'mended later; ' if call.mended else ''}{call.reason}"))
    if not step.accepted and step.reason is None:
        screen.print("  nothing changed")
    for exchange in step.exchanges:
        for message in exchange.asked:
            screen.print(output.plain(f"  > {message}".replace("\n", "\n    ")))
        screen.print(output.plain(f"  < {exchange.answered}".replace("\n", "\n    ")))
