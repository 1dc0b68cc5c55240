"""`memlearn learn`: from data to a published release."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from memlearn.cli import output
from memlearn.cli.options import ConfigPath, Json, Variables, load, split_users
from memlearn.errors import UsageError

if TYPE_CHECKING:
    from memlearn.wiring.load import LoadedConfig
    from memlearn.wiring.reports import LearnReport, PlanReport
    from memlearn.wiring.reports_agent import AgentPlan, AgentReport


def add_commands(app: typer.Typer) -> None:
    """Add `learn`."""
    app.command()(learn)


def learn(
    config: ConfigPath,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="Learn from what was before this instant only, ISO 8601.")
    ] = None,
    users: Annotated[
        list[str] | None,
        typer.Option(
            "--users",
            metavar="U,..",
            help="Learn these users only; everybody else keeps their memory. May be repeated; an id with a comma is quoted as in CSV.",
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Tell what would be done, and do nothing.")] = False,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="AMOUNT", min=0, help="Most that the agent may spend, in the currency of its prices."),
    ] = None,
    retry_skipped: Annotated[bool, typer.Option("--retry-skipped", help="Do the agent's steps again that had no answer.")] = False,
    prefect: Annotated[bool, typer.Option("--prefect", help="Run as a Prefect flow.")] = False,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Learn from the sources and publish a release."""
    loaded = load(config, settings)
    chosen = None if users is None else split_users(users)
    if prefect and plan:
        raise UsageError("--plan does nothing that a flow could run. Leave --prefect away.")
    if prefect:
        report = _run_flow(loaded, as_of, chosen, settings, max_cost=max_cost, retry_skipped=retry_skipped)
    else:
        report = _run_here(loaded, as_of, chosen, plan=plan, max_cost=max_cost, retry_skipped=retry_skipped)
    for warning in report.warnings:
        output.warn(warning)
    if json:
        output.write_json(report.to_json())
    elif report.plan is not None:
        _show_plan(report.plan)
    else:
        _show(report)
    if report.refused is not None:
        raise typer.Exit(1)


def _run_here(
    loaded: LoadedConfig, as_of: str | None, users: list[str] | None, *, plan: bool, max_cost: float | None, retry_skipped: bool
) -> LearnReport:
    from memlearn.wiring import verbs

    with output.progress() as progress:
        report: LearnReport = verbs.learn(
            loaded, as_of=as_of, users=users, plan=plan, max_cost=max_cost, retry_skipped=retry_skipped, progress=progress
        )
    return report


def _run_flow(
    loaded: LoadedConfig,
    as_of: str | None,
    users: list[str] | None,
    settings: list[str] | None,
    *,
    max_cost: float | None,
    retry_skipped: bool,
) -> LearnReport:
    from memlearn.cli.options import parse_settings

    # Prefect writes to standard output in places; ours belongs to the report.
    with contextlib.redirect_stdout(sys.stderr):
        from memlearn_flows.learn import run_learn

        return run_learn(
            str(loaded.path),
            as_of=as_of,
            users=users,
            variables=parse_settings(settings),
            max_cost=max_cost,
            retry_skipped=retry_skipped,
        )


def _show(report: LearnReport) -> None:
    screen = output.console()
    if report.refused is not None:
        screen.print(
            output.plain(f"Release {report.refused_id} is refused and kept aside; {report.release_id} is served as before.", "bold")
        )
        screen.print(output.plain(f"  {report.refused}"))
        screen.print(output.plain(f"  To serve it all the same: memlearn release promote CONFIG {report.refused_id}"))
    else:
        verb = "is published" if report.published else "already says all of it; nothing new to publish"
        screen.print(output.plain(f"Release {report.release_id} {verb}.", "bold"))
    rows = [
        ("users", f"{report.users:,}"),
        ("events", f"{report.events:,}"),
        ("statements", f"{report.statements:,}"),
        ("steps", f"{report.steps_done:,} done, {report.steps_reused:,} reused"),
        ("learned up to", output.moment(report.as_of or "-")),
        ("took", f"{report.seconds:.1f} s"),
    ]
    if report.rejected_rows:
        rows.append(("rejected rows", f"{report.rejected_rows:,}; see {report.rejects_file}"))
    if report.refused_edits:
        rows.append(("no room for", f"{report.refused_edits:,} less telling lines"))
    if report.agent is not None:
        rows += _agent_rows(report.agent)
    for name, value in rows:
        screen.print(output.plain(f"  {name:<14} {value}"))


def _agent_rows(agent: AgentReport) -> list[tuple[str, str]]:
    skipped = f", {agent.steps_skipped:,} skipped" if agent.steps_skipped else ""
    rows = [("agent's steps", f"{agent.steps_done:,} done, {agent.steps_reused:,} reused{skipped}")]
    if agent.refused_edits:
        rows.append(("refused edits", f"{agent.refused_edits:,}; see `memlearn steps CONFIG USER`"))
    if agent.unpublished_lines:
        rows.append(("not published", f"{agent.unpublished_lines:,} accepted lines; see `memlearn steps CONFIG USER`"))
    if float(agent.cost):
        unsure = f", of it {output.money(agent.perhaps)} unconfirmed" if float(agent.perhaps) else ""
        rows.append(("cost", f"{output.money(agent.cost, agent.currency)}{unsure}"))
    if agent.stopped is not None:
        documents = f" and {agent.unfinished_documents:,} documents" if agent.unfinished_documents else ""
        rows.append(("steps left", f"of {agent.unfinished_users:,} users{documents}"))
    return rows


def _show_plan(plan: PlanReport) -> None:
    screen = output.console()
    screen.print(output.plain("Nothing was done. A run now would", "bold"))
    screen.print(
        f"  read    about {output.counted(plan.rows_to_read, 'row')} of {plan.deliveries_to_read:,} new or changed files and queries "
        f"({plan.deliveries_unchanged:,} unchanged)"
    )
    screen.print(f"  do      about {output.counted(plan.steps_to_do, 'step')}")
    screen.print(f"  reuse   about {output.counted(plan.steps_to_reuse, 'step')}")
    if plan.basis:
        screen.print(output.plain(f"  {plan.basis}"))
    if plan.agent is not None:
        _show_agent_plan(plan.agent)


def _show_agent_plan(plan: AgentPlan) -> None:
    screen = output.console()
    screen.print(output.plain("The agent would", "bold"))
    screen.print(f"  do      {output.counted(plan.steps, 'step')}")
    screen.print(f"  read    about {plan.input_tokens:,} tokens, and write about {plan.output_tokens:,}")
    if plan.cost is not None:
        screen.print(output.plain(f"  cost    about {plan.cost} {plan.currency}, at most {plan.cost_most} {plan.currency}"))
    if plan.waves is not None:
        worst = f"at most {plan.waves_most:,}, which the provider may take {plan.hours_most:,} hours for"
        screen.print(output.plain(f"  wait    for {plan.waves:,} waves of batches where nothing is refused; {worst}"))
    screen.print(output.plain(f"  {plan.basis}"))
