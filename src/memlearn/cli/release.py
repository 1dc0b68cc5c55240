"""`memlearn release ...`: which releases there are, what changed, and which one is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memlearn.cli import output
from memlearn.cli.options import ConfigPath, Json, Variables, load

if TYPE_CHECKING:
    from memlearn.wiring.reports import GcReport, ReleaseList, ReleaseSwitch

_MEGABYTE = 1_000_000


def build() -> typer.Typer:
    """The group `release` with its commands."""
    app = typer.Typer(help="List, compare, switch and clean up releases.", no_args_is_help=True)
    app.command("list")(list_releases)
    app.command()(diff)
    app.command()(promote)
    app.command()(rollback)
    app.command()(gc)
    return app


def list_releases(config: ConfigPath, settings: Variables = None, json: Json = False) -> None:
    """List the releases that are kept, newest first."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    report = verbs.releases(loaded)
    if json:
        output.write_json(report.to_json())
    else:
        _show_list(report)


def diff(
    config: ConfigPath,
    a: Annotated[str | None, typer.Argument(metavar="[A]", help="The older release; default: the one before B.")] = None,
    b: Annotated[str | None, typer.Argument(metavar="[B]", help="The newer release; default: the current one.")] = None,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Tell in words what changed for whom between two releases."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    report = verbs.diff_releases(loaded, a, b)
    if json:
        output.write_json(report.to_json())
        return
    screen = output.console()
    heading, *lines = report.lines
    screen.print(output.plain(heading, "bold"))
    for line in lines:
        screen.print(output.plain(f"  {line}"))


def promote(
    config: ConfigPath,
    release_id: Annotated[str, typer.Argument(metavar="RELEASE", help="The release to serve.")],
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Serve this release."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    _show_switch(verbs.promote(loaded, release_id), json=json)


def rollback(config: ConfigPath, settings: Variables = None, json: Json = False) -> None:
    """Serve the release that was served before."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    _show_switch(verbs.rollback(loaded), json=json)


def gc(
    config: ConfigPath,
    keep: Annotated[int | None, typer.Option("--keep", min=1, metavar="N", help="Releases to keep; default: `releases.keep`.")] = None,
    settings: Variables = None,
    json: Json = False,
) -> None:
    """Remove old releases; those in use are passed over."""
    loaded = load(config, settings)
    from memlearn.wiring import verbs

    report = verbs.gc(loaded, keep)
    if json:
        output.write_json(report.to_json())
    else:
        _show_gc(report)


def _show_list(report: ReleaseList) -> None:
    screen = output.console()
    if not report.releases:
        screen.print("No release is published yet. Run `memlearn learn`.")
        return
    rows = [
        (
            "*" if release.current else "refused" if release.refused is not None else "",
            release.release_id,
            release.published,
            output.moment(release.as_of),
            f"{release.users:,}",
            f"{release.statements:,}",
            f"{release.bytes / _MEGABYTE:,.1f}",
        )
        for release in report.releases
    ]
    columns = ("", "release", "published", "learned up to", "users", "statements", "MB")
    screen.print(output.table(columns, rows, right=("users", "statements", "MB")))
    for release in report.releases:
        if release.refused is not None:
            screen.print(output.plain(f"{release.release_id} was refused: {release.refused}"))


def _show_switch(report: ReleaseSwitch, *, json: bool) -> None:
    if json:
        output.write_json(report.to_json())
        return
    before = f"; before it was {report.previous_id}" if report.previous_id else ""
    output.console().print(output.plain(f"Release {report.release_id} is served now{before}."))
    if report.refused is not None:
        output.warn(f"This release was refused when it was learned: {report.refused}")


def _show_gc(report: GcReport) -> None:
    screen = output.console()
    screen.print(f"Removed {len(report.removed):,} releases, freed {report.freed_bytes / _MEGABYTE:,.1f} MB; kept {len(report.kept):,}.")
    if report.in_use:
        screen.print(output.plain(f"Passed over, because they are in use: {', '.join(report.in_use)}."))
