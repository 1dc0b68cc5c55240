"""`memlearn try`: what prompts and models make of some users, side by side, before anything is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from memlearn.cli import output
from memlearn.cli.options import ConfigPath, Json, Variables, load, split_users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from memlearn.wiring.reports_try import TriedBlock, TriedLine, TriedUser, TryReport, Variant

# A column that is narrower breaks most lines in pieces.
_NARROW = 28
_REFUSALS_SHOWN = 5


def add_commands(app: typer.Typer) -> None:
    """Add `try`."""
    app.command("try")(try_agent)


def try_agent(
    config: ConfigPath,
    users: Annotated[list[str], typer.Option("--users", metavar="U,..", help="Whom to read, from their first row on. May be repeated.")],
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", metavar="FILE", help="Another system prompt to try beside the configured one. May be repeated."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="M", help="Another model at the same endpoint, with each of the prompts. May be repeated."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="AMOUNT", min=0, help="Most that all of it may cost, in the currency of the prices."),
    ] = None,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Show what the agent would make of some users, beside other prompts and models; changes nothing."""
    loaded = load(config, settings)
    chosen = split_users(users)
    from memlearn.wiring import verbs

    with output.progress() as progress:
        report = verbs.try_agent(loaded, chosen, prompts=prompt or (), models=model or (), max_cost=max_cost, progress=progress)
    for warning in report.warnings:
        output.warn(warning)
    if json:
        output.write_json(report.to_json())
    else:
        _show(report)


def _show(report: TryReport) -> None:
    screen = output.console()
    before = f"release {report.release_id}" if report.release_id else "nothing published"
    screen.print(output.plain(f"Tried on {len(report.users):,} users; the store is as it was ({before}).", "bold"))
    screen.print(_figures(report.variants))
    heads = ["before", *(variant.name for variant in report.variants)]
    for user in report.users:
        _show_user(screen, user, heads)
    for variant in report.variants:
        _show_refusals(screen, variant)
    screen.print()
    screen.print("+ written by the agent, ? by it and not verified, - counted by the embedded manager")


def _figures(variants: Sequence[Variant]) -> Table:
    columns = ("variant", "steps", "requests", "reused", "tokens in", "out", "cost", "paid now", "lines", "refused")
    rows = [
        (
            variant.name,
            f"{variant.steps:,}",
            f"{variant.requests:,}",
            f"{variant.reused_answers:,}",
            f"{variant.input_tokens:,}",
            f"{variant.output_tokens:,}",
            "-" if variant.cost is None else output.money(variant.cost, variant.currency),
            "-" if variant.cost is None else output.money(variant.paid, variant.currency),
            f"{variant.statements:,}",
            f"{variant.refused_edits:,}",
        )
        for variant in variants
    ]
    return output.table(columns, rows, right=columns[1:])


def _show_user(screen: Console, user: TriedUser, heads: Sequence[str]) -> None:
    screen.print()
    screen.print(output.plain(f"User {user.user_id}", "bold"))
    columns = [user.before, *user.after]
    labels = list(dict.fromkeys(block.label for column in columns for block in column if block.lines))
    if not labels:
        screen.print(output.plain("  nothing learned", "dim"))
    wide = screen.width // len(heads) >= _NARROW
    for label in labels:
        found = [next(block for block in column if block.label == label) if column else None for column in columns]
        screen.print()
        screen.print(output.plain(label, "bold cyan"))
        if wide:
            screen.print(_beside(heads, found))
        else:
            for head, block in zip(heads, found, strict=True):
                screen.print(output.plain(f"  {head}: {_filled(block)}", "bold"))
                screen.print(_lines(block, "    "))


def _beside(heads: Sequence[str], blocks: Sequence[TriedBlock | None]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    for head, block in zip(heads, blocks, strict=True):
        table.add_column(output.plain(f"{head}: {_filled(block)}"), ratio=1, overflow="fold")
    table.add_row(*(_lines(block) for block in blocks))
    return table


def _filled(block: TriedBlock | None) -> str:
    lines = () if block is None else block.lines
    used = len("\n".join(line.text for line in lines))
    return f"{used:,} of {block.limit:,} characters" if block is not None and lines else "empty"


def _lines(block: TriedBlock | None, indent: str = "") -> Text:
    lines = () if block is None else block.lines
    return Text("\n").join(output.plain(f"{indent}{_mark(line)} {line.text}", "" if line.written else "dim") for line in lines)


def _mark(line: TriedLine) -> str:
    if not line.written:
        return "-"
    return "+" if line.status == "verified" else "?"


def _show_refusals(screen: Console, variant: Variant) -> None:
    refused = [refusal for refusal in variant.refusals if not refusal.mended]
    if not refused:
        return
    sorts: dict[str, int] = {}
    for refusal in refused:
        sorts[refusal.code] = sorts.get(refusal.code, 0) + 1
    told = ", ".join(f"{number:,} {code}" for code, number in sorted(sorts.items(), key=lambda sort: (-sort[1], sort[0])))
    screen.print()
    screen.print(output.plain(f"Refused, {variant.name}: {told}", "bold"))
    for refusal in refused[:_REFUSALS_SHOWN]:
        screen.print(output.plain(f"  {refusal.user_id}, chunk {refusal.chunk}: {refusal.call}"))
        screen.print(output.plain(f"      {refusal.reason}"))
    if len(refused) > _REFUSALS_SHOWN:
        screen.print(f"  and {len(refused) - _REFUSALS_SHOWN:,} more; --json has them all")
