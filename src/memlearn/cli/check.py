"""`memlearn verify` and `memlearn status`: is what is published true, and is it fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from memlearn.cli import output
from memlearn.cli.options import ConfigPath, Json, Variables, load

if TYPE_CHECKING:
    from rich.console import Console

    from memlearn.wiring.reports import VerifyReport
    from memlearn.wiring.reports_agent import AgentStatus, CostView
    from memlearn.wiring.reports_status import RunSummary, StatusReport, WaitingUsers

_PENDING_SHOWN = 20


def add_commands(app: typer.Typer) -> None:
    """Add `verify` and `status`."""
    app.command()(verify)
    app.command()(status)


def verify(config: ConfigPath, settings: Variables = None, json: Json = False) -> None:
    """Execute every published fact again on the source rows; fails where one is contradicted."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    with output.progress() as progress:
        report = verbs.verify(loaded, progress=progress)
    if json:
        output.write_json(report.to_json())
    else:
        _show_verify(report)
    if report.contradicted:
        raise typer.Exit(1)


def status(config: ConfigPath, settings: Variables = None, json: Json = False) -> None:
    """Show what is learned, what is pending, and the last runs; also while a run is at work."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    report = verbs.status(loaded)
    if json:
        output.write_json(report.to_json())
    else:
        _show_status(report)


def _show_verify(report: VerifyReport) -> None:
    screen = output.console()
    headline = "every fact holds"
    if report.contradicted:
        headline = f"{report.contradicted:,} facts are contradicted"
    elif report.source_gone:
        headline = f"no fact is contradicted, but {report.source_gone:,} cannot be checked: rows that they were learned from are gone"
    screen.print(output.plain(f"Release {report.release_id}: {headline}.", "bold"))
    for name in ("facts", "verified", "contradicted", "hypotheses", "source_gone"):
        screen.print(f"  {name.replace('_', ' '):<14} {getattr(report, name):,}")
    for problem in report.problems:
        screen.print(output.plain(f"  {problem.user_id} · {problem.label}: {problem.text!r}: {problem.reason}"))


def _show_status(report: StatusReport) -> None:
    screen = output.console()
    if report.release_id is None:
        screen.print(output.plain("Nothing is published yet. Run `memlearn learn`.", "bold"))
    else:
        screen.print(
            output.plain(
                f"Release {report.release_id}, published {report.published}, learned up to {output.moment(report.as_of or '')}", "bold"
            )
        )
        screen.print(f"  {report.users:,} users, {report.events:,} events, {report.statements:,} statements")
    screen.print(output.plain(f"  store {report.store}"))
    if report.running is not None:
        screen.print(output.plain(f"At work: {_run(report.running)}", "bold"))
    _show_sources(screen, report)
    if report.runs:
        screen.print(output.plain("Last runs", "bold"))
    currency = report.agent.currency if report.agent is not None else None
    for run in report.runs:
        screen.print(output.plain(f"  {_run(run, currency)}"))
    if report.agent is not None:
        _show_agent(screen, report.agent)


def _show_sources(screen: Console, report: StatusReport) -> None:
    if report.rolled_back:
        screen.print(output.plain("This release is not the one learned last; the next run publishes what the sources say.", "bold"))
    if report.config_changed:
        screen.print(output.plain("The config changed since; the next run learns everybody anew.", "bold"))
    if report.problems:
        screen.print(output.plain("Sources that a run would stop at", "bold"))
    for problem in report.problems:
        screen.print(output.plain(f"  {problem.message}"))
    if report.pending or report.waiting is not None:
        screen.print(output.plain("Pending", "bold"))
    if report.waiting is not None:
        screen.print(output.plain(f"  {_waiting(report.waiting)}"))
    for delivery in report.pending[:_PENDING_SHOWN]:
        since = f" since {delivery.since}" if delivery.since else ""
        screen.print(output.plain(f"  {delivery.source}: {delivery.name} is {delivery.reason}{since}"))
    if len(report.pending) > _PENDING_SHOWN:
        screen.print(f"  and {len(report.pending) - _PENDING_SHOWN:,} more")


def _waiting(found: WaitingUsers) -> str:
    """`3 users wait for a run for everybody, with events from ... on; 1 of them was learned apart`."""
    many = found.users != 1
    since = f", with events from {found.since} on" if found.since else ""
    apart = f"; {found.apart:,} of them {'was' if found.apart == 1 else 'were'} learned apart" if found.apart else ""
    return f"{found.users:,} user{'s' * many} wait{'' if many else 's'} for a run for everybody{since}{apart}"


def _show_agent(screen: Console, agent: AgentStatus) -> None:
    mean = (
        f", {output.money(agent.total.cost_per_statement, agent.currency)} each"
        if agent.total.cost_per_statement and agent.currency
        else ""
    )
    screen.print(output.plain("The agent, over all runs", "bold"))
    screen.print(output.plain(f"  {agent.requests:,} requests, {agent.total.statements:,} accepted statements{mean}"))
    if float(agent.total.cost):
        unsure = f", of it {output.money(agent.total.perhaps)} unconfirmed" if float(agent.total.perhaps) else ""
        screen.print(output.plain(f"  cost {output.money(agent.total.cost, agent.currency)}{unsure}"))
        if float(agent.documents.cost):
            told = f"of it {output.money(agent.documents.cost, agent.currency)} for documents, {agent.documents.statements:,} statements"
            screen.print(output.plain(f"  {told}"))
        for title, costs in (("block", agent.blocks), ("dearest users", agent.users)):
            if not costs:
                continue
            screen.print(
                output.table((title, "cost", "statements", "each"), [_cost(cost) for cost in costs], right=("cost", "statements", "each"))
            )
    for warning in agent.warnings:
        screen.print(output.plain(f"  {warning}", "yellow"))


def _cost(cost: CostView) -> tuple[str, str, str, str]:
    each = output.money(cost.cost_per_statement) if cost.cost_per_statement else "-"
    return (cost.name or "(none)", output.money(cost.cost), f"{cost.statements:,}", each)


def _run(run: RunSummary, currency: str | None = None) -> str:
    ended = f" to {run.ended}" if run.ended else ""
    release = f", release {run.release_id}" if run.release_id else ""
    message = f": {run.message}" if run.message else ""
    cost = f", cost {output.money(run.cost, currency)}" if run.cost and float(run.cost) else ""
    return f"{run.run_id} {run.state}, {run.started}{ended}, {run.steps_done:,} steps{cost}{release}{message}"
