"""`memlearn show` and `memlearn recommend`: what is known about a user, and what they should see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memlearn.cli import output
from memlearn.cli.options import ConfigPath, Json, Variables, load

if TYPE_CHECKING:
    from rich.console import Console

    from memlearn.wiring.reports import BlockView, CitedRow, Recommendation, UserView

User = Annotated[str, typer.Argument(metavar="USER", help="Id of the user.")]


def add_commands(app: typer.Typer) -> None:
    """Add `show` and `recommend`."""
    app.command()(show)
    app.command()(recommend)


def show(
    config: ConfigPath,
    user: User,
    history: Annotated[bool, typer.Option("--history", help="What each kept release changed.")] = False,
    evidence: Annotated[bool, typer.Option("--evidence", help="The rows that each line cites.")] = False,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Show what is known about a user."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    view = verbs.show(loaded, user, history=history, evidence=evidence)
    if json:
        output.write_json(view.to_json())
    else:
        _show_user(view)


def recommend(
    config: ConfigPath,
    user: User,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, metavar="N", help="How many items.")] = 10,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="The moment to recommend for, ISO 8601, not before where learning ended; default: there."),
    ] = None,
    release: Annotated[
        str | None, typer.Option("--release", metavar="RELEASE", help="The release to ask; default: the current one.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Only what the user has not bought, as far as memory knows.")] = False,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Recommend items to a user, with reasons."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    answer = verbs.recommend(loaded, user, k=k, at=at, release=release, only_new=new)
    if json:
        output.write_json(answer.to_json())
    else:
        _show_recommendation(answer)


def _show_user(view: UserView) -> None:
    screen = output.console()
    learned = f", learned up to {output.moment(view.as_of)}" if view.as_of else ""
    screen.print(output.plain(f"User {view.user_id}: {view.events:,} events{learned} (release {view.release_id})", "bold"))
    for block in view.blocks:
        _show_block(screen, block)
    for entry in view.history:
        screen.print()
        screen.print(output.plain(f"{entry.release_id} (up to {output.moment(entry.as_of)})", "bold"))
        changes = [f"  + {line}" for line in entry.added] + [f"  - {line}" for line in entry.removed]
        for change in changes or ["  no change"]:
            screen.print(output.plain(change))


def _show_block(screen: Console, block: BlockView) -> None:
    screen.print()
    kind = " · shared" if block.shared else ""
    screen.print(output.plain(block.label, "bold cyan"), output.plain(f"{len(block.value):,} of {block.limit:,} characters{kind}", "dim"))
    if not block.statements:
        screen.print(output.plain("  nothing learned yet", "dim"))
    for statement in block.statements:
        mark = "?" if statement.status == "hypothesis" else "-"
        screen.print(output.plain(f"  {mark} {statement.text}"))
        for row in statement.rows:
            screen.print(output.plain(f"      {_row(row)}", "dim"))
        if statement.rows and statement.cited > len(statement.rows):
            screen.print(output.plain(f"      and {statement.cited - len(statement.rows):,} rows between them", "dim"))


def _row(row: CitedRow) -> str:
    quantity = f"{row.quantity:g} x" if row.quantity not in (None, 1) else ""
    money = f"{row.amount} {row.currency or ''}".strip() if row.amount is not None else ""
    return "  ".join(part for part in (row.time, row.kind, quantity, row.label, money, f"[{row.row_id}]") if part)


def _show_recommendation(answer: Recommendation) -> None:
    screen = output.console()
    moment = f" at {output.moment(answer.at)}" if answer.at else ""
    screen.print(output.plain(f"For user {answer.user_id}{moment} ({answer.tier}, release {answer.release_id})", "bold"))
    if answer.note:
        screen.print(output.plain(answer.note, "yellow"))
    if not answer.items:
        why = "no source gives items that may be recommended, none is valid at this moment, or all are avoided"
        screen.print(output.plain(f"  nothing may be recommended: {why}"))
        return
    rows = [(str(rank), item.name or item.item_id, f"{item.score:.3f}", item.reason) for rank, item in enumerate(answer.items, 1)]
    screen.print(output.table(("#", "item", "score", "why"), rows, right=("#", "score")))
